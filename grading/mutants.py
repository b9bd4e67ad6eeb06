"""Mutants of an assignment's solution: each has one small mistake, and the checks must find it.

``python -m grading.mutants chain_rule`` runs them all and writes down, in ``tests/answers/chain_rule.mutants.json``,
which check finds which. One that none finds, a survivor, is argued away in ``tests/answers/chain_rule.py``, or a check
has to be added.
"""

import ast
import contextlib
import copy
import json
import os
import resource
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
import torch
from nbformat import NotebookNode

from dgmlib import checks
from grading.answers import FOLDER
from grading.course import ROOT
from grading.transplant import role

SEEDS = ("0", "spring")  # of the kept-back questions
SECONDS = 3.0  # of processor time, for one cell: a mutant that takes longer loops
MEMORY = 2**30  # bytes that a mutant may take beside what it starts with
LONGEST = 72  # characters of a description's either side

OPERATORS = {
    ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div, ast.Add], ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Mult, ast.Mod], ast.Mod: [ast.FloorDiv], ast.Pow: [ast.Mult], ast.MatMult: [ast.Mult],
    ast.BitAnd: [ast.BitOr], ast.BitOr: [ast.BitAnd], ast.LShift: [ast.RShift], ast.RShift: [ast.LShift],
    ast.Lt: [ast.LtE, ast.Gt], ast.LtE: [ast.Lt, ast.GtE], ast.Gt: [ast.GtE, ast.Lt], ast.GtE: [ast.Gt, ast.LtE],
    ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.Is: [ast.IsNot], ast.IsNot: [ast.Is], ast.In: [ast.NotIn],
    ast.NotIn: [ast.In], ast.And: [ast.Or], ast.Or: [ast.And],
}  # fmt: skip
FUNCTIONS = {
    "sum": "mean", "mean": "sum", "log": "log2", "log2": "log", "exp": "exp2", "min": "max", "max": "min",
    "argmin": "argmax", "argmax": "argmin", "any": "all", "all": "any", "zeros": "ones", "ones": "zeros",
    "zeros_like": "ones_like", "ones_like": "zeros_like", "tril": "triu", "triu": "tril", "cumsum": "cumprod",
    "cumprod": "cumsum", "softmax": "log_softmax", "log_softmax": "softmax", "logsumexp": "sum", "floor": "ceil",
    "ceil": "floor", "product": "permutations", "permutations": "product", "stack": "cat", "cat": "stack",
}  # fmt: skip


class Mutant(NamedTuple):
    """A solution cell with one mistake: its name, the cell, the source, and what was changed where."""

    name: str
    cell: str
    source: str
    about: str


def mutants(cell: str, source: str) -> list[Mutant]:
    """All mutants of a solution cell, in the order of their places, no two of them the same.

    Args:
        cell: its name.
        source: of the instructor's solution.

    Example:
        >>> for mutant in mutants("half", "def half(n):\\n    return n / 2"):
        ...     print(mutant.name, "|", mutant.about)
        half: return n / 2 -> return None | line 2: `return n / 2` -> `return None`
        half: return n / 2 -> return n * 2 | line 2: `return n / 2` -> `return n * 2`
        half: return n / 2 -> return n / 3 | line 2: `return n / 2` -> `return n / 3`
        half: return n / 2 -> return n / 1 | line 2: `return n / 2` -> `return n / 1`
    """
    tree = ast.parse(source)
    made, seen, names = [], {ast.unparse(tree)}, {}
    for above, put, node in list(_places(tree)):
        for other in _others(node):
            shown = next((a for a in above if len(ast.unparse(a)) <= LONGEST), node)
            before = ast.unparse(_head(shown))
            put(other)
            text = ast.unparse(tree)
            after = ast.unparse(_head(other if shown is node else shown))
            put(node)
            if text in seen:
                continue
            seen.add(text)
            name = f"{cell}: {before} -> {after}"
            names[name] = names.get(name, 0) + 1
            name += f" ({names[name]})" if names[name] > 1 else ""
            made.append(Mutant(name, cell, text, f"line {_head(node).lineno}: `{before}` -> `{after}`"))
    return made


def of_assignment(solution: NotebookNode) -> list[Mutant]:
    """The mutants of all solution cells of an assignment."""
    cells = [cell for cell in solution.cells if role(cell) == "answer" and cell.cell_type == "code"]
    return [mutant for cell in cells for mutant in mutants(cell.metadata.nbgrader.grade_id, cell.source)]


def read(stem: str, root: Path = ROOT) -> NotebookNode:
    """The instructor's notebook of an assignment."""
    return nbformat.read(root / "solutions" / stem / f"{stem}.ipynb", as_version=4)


def found(solution: NotebookNode, seeds: tuple[str, ...] = SEEDS) -> dict[str, str | None]:
    """The check that finds each mutant, by the mutant's name: the first that fails, or ``None`` for a survivor.

    What comes before a mutant's cell is run once. Each mutant then has a process of its own, with little time and
    memory; one that takes more is found by the check that it was in.
    """
    cells = [
        (cell.metadata.nbgrader.grade_id, role(cell), cell.source)
        for cell in solution.cells
        if role(cell) in ("given", "answer", "check") and "nbgrader" in cell.metadata
    ]
    of_cell = {}
    for mutant in of_assignment(solution):
        of_cell.setdefault(mutant.cell, []).append(mutant)
    namespace, by = {"__name__": "__main__"}, {}
    for place, (name, kind, source) in enumerate(cells):
        for mutant in of_cell.get(name, []):
            by[mutant.name] = _in_its_own_process(mutant, cells[place:], namespace, seeds)
        if kind != "check":
            exec(compile(source, name, "exec"), namespace)
    return by


def unargued(by: dict[str, str | None], reasons: dict[str, str]) -> list[str]:
    """What stands between an assignment's survivors and the reasons that are given for them.

    Example:
        >>> unargued({"a -> b": None, "a -> c": "a_checks"}, {"a -> c": "it computes the same"})
        ['a -> b: no check finds it and no reason is given', 'a -> c: a reason is given, and a_checks finds it']
    """
    lines = [
        f"{name}: no check finds it and no reason is given"
        for name, check in by.items()
        if check is None and not reasons.get(name, "").strip()
    ]
    for name in reasons:
        if name not in by:
            lines.append(f"{name}: a reason is given, and there is no such mutant")
        elif by[name] is not None:
            lines.append(f"{name}: a reason is given, and {by[name]} finds it")
    return lines


def path(stem: str) -> Path:
    """Where it is written down which check finds which mutant."""
    return FOLDER / f"{stem}.mutants.json"


def text(by: dict[str, str | None]) -> str:
    """What is written there."""
    return json.dumps(by, indent=1, ensure_ascii=False) + "\n"


def _places(node: ast.AST, above: tuple[ast.AST, ...] = ()) -> Iterator[tuple]:
    """Every place where a node stands, in the order of the source.

    The nodes above that can be shown, outermost first; a function that puts another node there; the node.
    """
    for field, value in ast.iter_fields(node):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and field in ("args", "returns"):
            continue
        for i, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _is_docstring(child):
                continue
            put = (lambda new, at=node, f=field: setattr(at, f, new)) if i is None else _setter(value, i)
            simple = isinstance(child, ast.expr | ast.stmt) and not hasattr(child, "body")
            whole = (*above, child) if simple or isinstance(child, ast.IfExp | ast.Lambda) else above
            if isinstance(child, ast.expr | ast.stmt | ast.comprehension):
                yield whole, put, child
            if not _is_negative(child):
                yield from _places(child, whole)


def _head(node: ast.AST) -> ast.AST:
    """What is shown of a loop or a condition: not what it holds."""
    if isinstance(node, ast.For | ast.comprehension):
        return node.iter
    return node.test if isinstance(node, ast.If | ast.While) else node


def _setter(items: list, i: int):
    def put(new):
        items[i] = new

    return put


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_negative(node: ast.AST) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant)


def _others(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in a node's place by mistake."""
    if isinstance(node, ast.BinOp):
        yield from (_like(node, op=new()) for new in OPERATORS.get(type(node.op), []))
    if isinstance(node, ast.AugAssign):
        yield from (_like(node, op=new()) for new in OPERATORS.get(type(node.op), []))
        yield ast.copy_location(ast.Assign([node.target], node.value), node)
    if isinstance(node, ast.BoolOp):
        yield from (_like(node, op=new()) for new in OPERATORS[type(node.op)])
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            for new in OPERATORS[type(op)]:
                yield _like(node, ops=[*node.ops[:i], new(), *node.ops[i + 1 :]])
    if isinstance(node, ast.UnaryOp):
        if _is_negative(node):
            yield from (_number(-node.operand.value + step) for step in (1, -1))
        if isinstance(node.op, ast.Not | ast.USub):
            yield node.operand
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield _like(node, value=not node.value)
        elif isinstance(node.value, int | float):
            yield from (_number(node.value + step) for step in (1, -1))
    if isinstance(node, ast.Return) and node.value is not None:
        yield _like(node, value=ast.Constant(None))
    if isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse)
    if isinstance(node, ast.If):
        yield from (_like(node, test=ast.Constant(value)) for value in (True, False))
    if isinstance(node, ast.Subscript):
        yield from (_like(node, slice=index) for index in _moved(node.slice))
    if isinstance(node, ast.For | ast.comprehension):
        for shorter in _shorter(node.iter):
            yield _like(node, iter=shorter)
    if isinstance(node, ast.comprehension):
        for i in range(len(node.ifs)):
            yield _like(node, ifs=[*node.ifs[:i], *node.ifs[i + 1 :]])
    if isinstance(node, ast.Call):
        for i in range(len(node.keywords)):
            yield _like(node, keywords=[*node.keywords[:i], *node.keywords[i + 1 :]])
        for i in range(len(node.args) - 1):
            yield _like(node, args=[*node.args[:i], node.args[i + 1], node.args[i], *node.args[i + 2 :]])
        if isinstance(node.func, ast.Attribute) and node.func.attr in FUNCTIONS:
            yield _like(node, func=_like(node.func, attr=FUNCTIONS[node.func.attr]))
        if isinstance(node.func, ast.Name) and node.func.id in ("min", "max", "any", "all"):
            yield _like(node, func=_like(node.func, id=FUNCTIONS[node.func.id]))
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield node.value


def _like(node: ast.AST, **changes) -> ast.AST:
    new = copy.copy(node)
    for field, value in changes.items():
        setattr(new, field, value)
    return new


def _number(value: int | float) -> ast.expr:
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def _step(node: ast.expr, step: int) -> ast.expr:
    """An expression and one, as short as it can be written."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return _number(node.value + step)
    return ast.BinOp(node, ast.Add() if step > 0 else ast.Sub(), ast.Constant(1))


def _moved(index: ast.expr) -> Iterator[ast.expr]:
    """The index, or a bound of the slice, moved by one; of several indices, one."""
    if isinstance(index, ast.Tuple):
        for i, one in enumerate(index.elts):
            for moved in _moved(one):
                yield _like(index, elts=[*index.elts[:i], moved, *index.elts[i + 1 :]])
    elif isinstance(index, ast.Slice):
        if index.lower is None:
            yield _like(index, lower=ast.Constant(1))
        if index.upper is None:
            yield _like(index, upper=_number(-1))
        for bound in ("lower", "upper"):
            old = getattr(index, bound)
            if isinstance(old, ast.Name | ast.Call):  # a constant in a bound is moved where it stands
                yield from (_like(index, **{bound: _step(old, step)}) for step in (1, -1))
    elif isinstance(index, ast.Name):
        yield from (_step(index, step) for step in (1, -1))


def _shorter(items: ast.expr) -> Iterator[ast.expr]:
    """What a loop goes over, without the last of it, and without the first."""
    if isinstance(items, ast.Call) and isinstance(items.func, ast.Name) and items.func.id == "range":
        args = items.args if len(items.args) > 1 else [ast.Constant(0), *items.args]
        yield _like(items, args=[*args[:1], _step(args[1], -1), *args[2:]] if len(items.args) > 1 else
                    [_step(args[1], -1)])  # fmt: skip
        yield _like(items, args=[_step(args[0], 1), *args[1:]])
        return
    for lower, upper in ((None, _number(-1)), (ast.Constant(1), None)):
        whole = ast.Call(ast.Name("list", ast.Load()), [items], [])
        yield ast.Subscript(whole, ast.Slice(lower, upper), ast.Load())


def _in_its_own_process(mutant: Mutant, cells: list, namespace: dict, seeds: tuple[str, ...]) -> str | None:
    """The check that finds the mutant: the process says which it begins, and at last that it has passed them all."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads that don't follow: the tensors here need none
        child = os.fork()
    if child == 0:
        try:
            _limit()
            os.close(reading)
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            warnings.simplefilter("ignore")
            torch.manual_seed(0)  # of those that draw without a generator
            passed = all(_passes(mutant, cells, namespace, seed, writing) for seed in seeds)
            os.write(writing, b"\n" if passed else b"")
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as lines:
        last = lines.read().split("\n")[:-1]
    os.waitpid(child, 0)
    if not last:  # the cell itself ended the process
        return next((name for name, kind, _ in cells if kind == "check"), None)
    return last[-1] or None


def _limit() -> None:
    for number in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)  # which ends the process, wherever it is
    signal.alarm(100)  # of those that wait
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    statm = Path("/proc/self/statm")
    if statm.exists():
        most = int(statm.read_text().split()[0]) * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _passes(mutant: Mutant, cells: list, namespace: dict, seed: str, writing: int) -> bool:
    os.environ[checks.SEED] = seed
    for name, kind, source in cells:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        code = compile(mutant.source if name == mutant.cell else source, name, "exec")
        if kind != "check":
            with contextlib.suppress(Exception):  # the checks that follow miss what the cell should have defined
                exec(code, namespace)
            continue
        os.write(writing, f"{name}\n".encode())
        try:
            exec(code, namespace)
        except BaseException:
            return False
    return True


def main(stem: str) -> None:
    """Run all mutants of an assignment, write down what finds them, and say which survive."""
    by = found(read(stem))
    path(stem).write_text(text(by), encoding="utf-8")
    survivors = [name for name, check in by.items() if check is None]
    print(f"{len(by)} mutants, of which {len(survivors)} survive", *survivors, sep="\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*sys.argv[1:])
