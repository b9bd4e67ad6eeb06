"""The book's pages about the assignments: a table of them all, and for each the proof of its checks.

They are made with ``python -m grading generate``, like ``exercises/``, and lie in ``book/``.
"""

import json
import re
from pathlib import Path

from grading import answers, mutants
from grading.case import Assignment
from grading.course import ROOT
from grading.generate import stems
from grading.matrix import matrix
from grading.matrix import page as matrix_page

OVERVIEW = """# The assignments

Each row is made from the assignment itself: its notebook, and the answers that prove its checks. *Lines* are those of
{doc}`the lecture <lecture>` that it examines. Answers are given by hand: *right* ones of different build lose nothing,
*wrong* ones, each named after a misunderstanding, lose exactly their points. *Mutants* are one-line changes of the
solution, of which the checks find so many. The name leads to the proof, cell by cell.

"""
PROOF = """# The checks of {stem}

{{doc}}`The chapter </{stem}>`, {points} points in all, about {minutes} minutes.

| cell | what is to be written | points | right answers | wrong answers |
| --- | --- | --- | --- | --- |
{rows}

"""


def pages() -> dict[str, bytes]:
    """The pages, by their path in ``book/``."""
    found = {f"proofs/{stem}.md": proof(stem).encode() for stem in stems()}
    return {"assignments.md": overview().encode(), **found}


def overview() -> str:
    """The table of all assignments, in Markdown."""
    head = ("assignment", "lines", "minutes", "points", "cells", "right", "wrong", "mutants")
    rows = []
    for stem in stems():
        assignment, given = _read(stem), matrix(stem)
        by = json.loads(mutants.path(stem).read_text(encoding="utf-8"))
        found = f"{sum(check is not None for check in by.values())}/{len(by)}"
        right = sum(row.right for row in given)
        cells = len({row.cell for row in given}) + len(answers.load(stem).EXPLANATIONS)
        numbers = (minutes(assignment), sum(assignment.most.values()), cells, right, len(given) - right)
        lines = ", ".join(assignment.examines)
        rows.append((f"{{doc}}`{stem} <proofs/{stem}>`", lines, *(f"{n:g}" for n in numbers), found))
    return OVERVIEW + "\n".join(_line(row) for row in (head, ["---"] * len(head), *rows)) + "\n"


def proof(stem: str) -> str:
    """The page of an assignment, in Markdown."""
    assignment, given = _read(stem), matrix(stem)
    rows = []
    for cell in dict.fromkeys(row.cell for row in given):
        own = [row.right for row in given if row.cell == cell]
        most = sum(points for name, points in assignment.most.items() if name in (f"{cell}_checks", f"{cell}_kept"))
        rows.append((f"`{cell}`", _written(assignment, cell), f"{most:g}", str(sum(own)), str(len(own) - sum(own))))
    for cell in answers.load(stem).EXPLANATIONS:
        rows.append((f"`{cell}`", "an explanation", f"{assignment.most[cell]:g}", "read by a person", ""))
    head = PROOF.format(
        stem=stem,
        points=f"{sum(assignment.most.values()):g}",
        minutes=minutes(assignment),
        rows="\n".join(_line(row) for row in rows),
    )
    return head + matrix_page(stem, survivors=False)


def minutes(assignment: Assignment) -> int:
    """How long an assignment takes, by the table of parts on its first page.

    Raises:
        ValueError: if there is no such table.
    """
    rows = re.findall(r"^\|.*\|\s*(\d+)\s*\|\s*$", assignment.solution.cells[0].source, re.MULTILINE)
    if not rows:
        raise ValueError(f"{assignment.stem}: its first cell has no table of parts that ends in minutes")
    return sum(map(int, rows))


def _written(assignment: Assignment, cell: str) -> str:
    (source,) = (c.source for c in assignment.solution.cells if c.get("id") == cell)
    names = re.findall(r"^(?:def |class )?(\w+)(?:\(|:| =)", source.partition("\nif ")[0], re.MULTILINE)
    return ", ".join(f"`{name}`" for name in dict.fromkeys(names))


def _read(stem: str) -> Assignment:
    return Assignment(ROOT / "solutions" / stem / f"{stem}.ipynb")


def _line(entries) -> str:
    return "| " + " | ".join(entries) + " |"


def write(check: bool = False, book: Path = ROOT / "book") -> list[str]:
    """Write the pages into the book, or with ``check`` only say which are not as they should be."""
    wanted = pages()
    there = {path.relative_to(book).as_posix() for path in (book / "proofs").glob("*.md")} | {"assignments.md"}
    lines = [f"book/{name}: is no assignment's" for name in sorted(there - set(wanted))]
    for name, content in wanted.items():
        path = book / name
        if not path.is_file() or path.read_bytes() != content:
            lines.append(f"book/{name}: not as the assignment makes it")
            if not check:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
    return lines
