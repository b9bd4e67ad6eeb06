"""The notebook that is graded: the instructor's own, with a student's sources in the cells that are theirs to write.

Points, flags, order, checks and everything else come from the instructor's notebook, so whatever a submission says of
them has no effect. Only three kinds of cells are run: those that are locked and given, the student's, and the checks.
What an instructor left open to play with is kept for the reader and not run, and cells that a student added are left
out: an answer must stand in its cell.
"""

import ast
from copy import deepcopy

from nbformat import NotebookNode
from nbgrader.preprocessors import ClearSolutions
from nbgrader.utils import is_grade, is_locked, is_solution
from traitlets.config import Config


def skeleton(solution: NotebookNode, config: Config | None = None) -> NotebookNode:
    """The instructor's notebook with its solutions taken out and all of its checks, kept-back ones too, left in."""
    skeleton, _ = ClearSolutions(config=config).preprocess(deepcopy(solution), {})
    return skeleton


def students_cells(skeleton: NotebookNode) -> list[str]:
    """The names of the cells that are the student's to write, in order: solutions, and texts that a person reads."""
    return [cell.metadata.nbgrader.grade_id for cell in skeleton.cells if is_solution(cell)]


def transplant(skeleton: NotebookNode, sources: dict[str, str]) -> NotebookNode:
    """The notebook that is graded.

    Args:
        skeleton: what :func:`skeleton` made.
        sources: what :func:`grading.intake.read` found. A cell that is missing is left as it was given out.

    Raises:
        ValueError: if there is a source for what is no cell of the student's.
    """
    mine = students_cells(skeleton)
    if strange := sorted(set(sources) - set(mine)):
        raise ValueError(f"sources: got cells {strange}, wanted some of {mine}")
    notebook = deepcopy(skeleton)
    for cell in notebook.cells:
        if is_solution(cell) and cell.metadata.nbgrader.grade_id in sources:
            cell.source = sources[cell.metadata.nbgrader.grade_id]
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def role(cell: NotebookNode) -> str:
    """What a cell is to the grader.

    ``"text"`` and ``"open"`` are not run; ``"given"`` runs on both sides, ``"answer"`` on the student's, ``"check"``
    on the referee's.
    """
    if cell.cell_type != "code":
        return "text"
    if is_solution(cell):
        return "answer"
    if is_grade(cell):
        return "check"
    return "given" if is_locked(cell) else "open"


def names(source: str) -> list[str]:
    """The names that a cell defines at its top level, in order: functions, classes, variables.

    Example:
        >>> names("b = 0\\ndef f(x):\\n    y = x\\n    return y\\nfor i in []:\\n    a, *c = 1, 2\\nclass C: pass")
        ['b', 'f', 'i', 'a', 'c', 'C']
    """
    found = {}
    todo = list(reversed(ast.parse(source).body))
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = True
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found[node.id] = True
        elif isinstance(node, ast.alias):
            found[(node.asname or node.name).split(".")[0]] = True
        elif not isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            todo += reversed(list(ast.iter_child_nodes(node)))
    return list(found)


def answered_names(solution: NotebookNode) -> list[str]:
    """The names that the instructor's own answers define: those that checks may ask a student's code for."""
    cells = [cell.source for cell in solution.cells if role(cell) == "answer" and cell.cell_type == "code"]
    return list(dict.fromkeys(name for source in cells for name in names(source)))
