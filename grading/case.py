"""An assignment as the grader knows it, and a submission to it as a case: what is run, under which key."""

import hashlib
import importlib.metadata
import json
import platform
import re
from functools import cache, cached_property
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import compute_checksum, is_grade, is_solution
from traitlets.config import Config

from grading import intake
from grading.ledger import now
from grading.sandbox import ROOT
from grading.transplant import answered_names, role, skeleton, students_cells, transplant

PACKAGES = ("torch", "numpy", "scikit-learn", "matplotlib", "ipython", "nbgrader")
JUDGES = ("case", "inside", "intake", "referee", "sandbox", "servant", "shell", "standin", "transplant", "wire")
SETTINGS = {"examines": list, "hidden": list, "cell_seconds": (int, float), "notebook_seconds": (int, float)}


@cache
def environment() -> str:
    """A hash of what a mark depends on beside the assignment: the code that runs, and the versions of what it uses."""
    digest = hashlib.sha256(platform.python_version().encode())
    for name in PACKAGES:
        digest.update(f"{name} {importlib.metadata.version(name)}".encode())
    for path in [*sorted((ROOT / "dgmlib").rglob("*.py")), *(ROOT / "grading" / f"{name}.py" for name in JUDGES)]:
        digest.update(f"{path.relative_to(ROOT)} {hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return digest.hexdigest()


class Assignment:
    """An instructor's notebook, read for grading.

    Its metadata may say under ``grading``: ``hidden``, a list of modules of dgmlib with its answers; ``cell_seconds``
    and ``notebook_seconds``, limits; ``examines``, the lines of the lecture (the first column of ``book/lecture.md``).

    Args:
        solution: the notebook with solutions.
        config: nbgrader's settings.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if its metadata says something else.
    """

    def __init__(self, solution: Path, config: Config | None = None):
        if not Path(solution).is_file():
            raise FileNotFoundError(f"no such assignment: wanted {solution}")
        data = Path(solution).read_bytes()
        self.stem, self.solution = Path(solution).stem, nbformat.reads(data.decode("utf-8"), as_version=4)
        self.hash = hashlib.sha256(data).hexdigest()
        self.skeleton = skeleton(self.solution, config)
        for cell in self.skeleton.cells:
            if is_solution(cell):  # by which nbgrader knows a cell that was left untouched
                cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
        self.names = answered_names(self.solution)
        self.mine = students_cells(self.skeleton)
        self.settings = dict(self.solution.metadata.get("grading", {}))
        for name, value in self.settings.items():
            if not isinstance(value, SETTINGS.get(name, ())):
                wanted = ", ".join(SETTINGS)
                raise ValueError(f"{self.stem}: its metadata says grading.{name} = {value!r}; wanted {wanted}")
        self.hidden, self.examines = (list(self.settings.pop(name, [])) for name in ("hidden", "examines"))

    @cached_property
    def most(self) -> dict[str, float]:
        """The points of every graded cell, in order."""
        graded = [cell.metadata.nbgrader for cell in self.skeleton.cells if is_grade(cell)]
        return {about.grade_id: float(about.points) for about in graded}

    def job(self, notebook: NotebookNode, seed: str) -> dict:
        """What a station needs to grade a notebook."""
        cells = [
            {"key": key_of(cell, place), "role": role(cell), "source": cell.source}
            for place, cell in enumerate(notebook.cells)
            if role(cell) in ("given", "answer", "check")
        ]
        return {"cells": cells, "names": self.names, "seed": seed, **self.settings}


def key_of(cell: NotebookNode, place: int) -> str:
    """What a cell is called in a result: its name, or its place."""
    return cell.metadata.get("nbgrader", {}).get("grade_id") or f"cell {place}"


class Case:
    """One student's submission to an assignment.

    Args:
        assignment: what it is to.
        student: whose it is.
        path: the submitted notebook.
        seed: what questions are drawn from.
        kind: of the sandbox.
        environment_hash: what :func:`environment` says, where it is known.
    """

    def __init__(
        self,
        assignment: Assignment,
        student: str,
        path: Path,
        seed: str,
        kind: str,
        environment_hash: str | None = None,
    ):
        self.assignment, self.student, self.path = assignment, student, Path(path)
        self.seed, self.kind, self.environment = seed, kind, environment_hash or environment()
        self.reason, self.sources, data = "", {}, b""
        try:
            data = intake.content(self.path)
            self.sources = intake.sources(data, assignment.mine)
        except intake.Held as held:
            self.reason = str(held)
        self.submission = hashlib.sha256(data or self.reason.encode()).hexdigest()
        parts = [self.submission, assignment.hash, self.environment, seed, kind]
        self.key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def notebook(self) -> NotebookNode:
        """The notebook that is graded; of a held submission, the one that was given out, with the reason on top."""
        notebook = transplant(self.assignment.skeleton, self.sources)
        for cell in notebook.cells:
            if cell.cell_type == "markdown" and is_solution(cell):
                cell.source = inert(cell.source)
        if self.reason:
            words = f"**This submission was not graded.** Reason: {inert(self.reason)}."
            notebook.cells.insert(0, nbformat.v4.new_markdown_cell(words, id="held"))
        elif self.kind == "none":
            notebook.cells.insert(0, nbformat.v4.new_markdown_cell("**Graded without a sandbox.**", id="no-sandbox"))
        return notebook

    def job(self) -> dict:
        """What a station needs."""
        return self.assignment.job(transplant(self.assignment.skeleton, self.sources), self.seed)

    def result(self, answer: dict | None = None) -> dict:
        """The attempt, for the ledger.

        Args:
            answer: what the station said; none for a held submission.
        """
        about = {
            "student": self.student, "assignment": self.assignment.stem, "submission": self.submission,
            "assignment_hash": self.assignment.hash, "environment": self.environment, "seed": self.seed,
            "key": self.key, "sandbox": self.kind, "when": now(), "cells": {}, "seconds": 0.0, "reason": "",
        }  # fmt: skip
        if self.reason:
            return {**about, "outcome": "held", "reason": self.reason}
        if answer is None or "error" in answer:
            return {**about, "outcome": "failed", "reason": (answer or {}).get("error", "it was not run")}
        cells = answer["cells"]
        for name, most in self.assignment.most.items():
            if name in cells and cells[name]["role"] == "check":
                cells[name] |= {"points": most if cells[name]["passed"] else 0.0, "most": most}
        return {**about, "outcome": "graded", "cells": cells, "seconds": answer["seconds"]}


def inert(text: str) -> str:
    """Markdown that shows what was written and does nothing: no HTML, no commands by which formulas link or load.

    Example:
        >>> inert("a < b, <script>alert(1)</script> $\\\\href{javascript:x}{y}$")
        'a < b, &lt;script>alert(1)&lt;/script> $\\\\text{href}{javascript：x}{y}$'
    """
    text = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)
    text = re.sub(r"\\(href|require|style|class|cssId|html\w*|unicode|url)\b", r"\\text{\1}", text)
    # A colon that could end the scheme of an address: only those of http and https stay. Readers of Markdown differ on
    # what an address is, and its letters may be written as entities.
    text = re.sub(r"(?i)&(#0*58|#x0*3a|colon);?", ":", text)
    return re.sub(r"(?<!http)(?<!https):(?!\s|$)|:(?!\s|$|//)", "\N{FULLWIDTH COLON}", text)
