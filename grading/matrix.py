"""Which answers pass which checks: the proof of an assignment's checks, as a page that can be published.

What it says is declared in ``tests/answers/<stem>.py`` and ``tests/answers/<stem>.mutants.json``; ``test_answers.py``
and ``test_mutants.py`` hold both to what the checks do. ``python -m grading.matrix chain_rule`` prints the page.
"""

import json
import sys
from collections import Counter
from typing import NamedTuple

from grading import answers, mutants
from grading.transplant import role

KEPT, SHOWN = "_kept", "_checks"


class Row(NamedTuple):
    """An answer: the cell that it is to, its name, whether it is right, and whether each check lets it pass."""

    cell: str
    name: str
    right: bool
    passes: dict[str, bool]


def matrix(stem: str) -> list[Row]:
    """Every answer to an assignment against every check: the right ones to a cell, then the wrong ones.

    Raises:
        FileNotFoundError: if there are no answers to it.
        ValueError: if an answer loses a check that the assignment does not have.

    Example:
        >>> row = next(row for row in matrix("chain_rule") if row.name == "two_to_the_n")
        >>> row.right, row.passes["count_parameters_kept"], row.passes["looks_ahead_kept"]
        (False, False, True)
    """
    given, checks = answers.load(stem), _checks(stem)
    rows = []
    for cell in given.RIGHT:
        rows += [Row(cell, name, True, dict.fromkeys(checks, True)) for name in given.RIGHT[cell]]
        for name, wrong in given.WRONG[cell].items():
            if strange := set(wrong.loses) - set(checks):
                raise ValueError(f"{name}: loses {sorted(strange)}, wanted some of {checks}")
            rows.append(Row(cell, name, False, {check: check not in wrong.loses for check in checks}))
    return rows


def page(stem: str, survivors: bool = True) -> str:
    """The matrix, and what became of the mutants, in Markdown, with no heading of the first level.

    Args:
        stem: of the assignment.
        survivors: whether to show the mutants that no check finds, which are lines of the solution.
    """
    rows, by = matrix(stem), json.loads(mutants.path(stem).read_text(encoding="utf-8"))
    reasons = answers.load(stem).SURVIVORS
    right, wrong = sum(row.right for row in rows), sum(not row.right for row in rows)
    lines = [
        f"{right} right answers of different build lose nothing. {wrong} wrong ones, each named after the "
        "misunderstanding that it stands for, lose the checks of the cells that it touches, and no other. Of "
        f"{len(by)} mutants of the solution, which have one small mistake each, the checks find "
        f"{sum(check is not None for check in by.values())}; the others compute the same, or what is no "
        "mistake, each for a reason that is written down.",
    ]
    for cell in dict.fromkeys(row.cell for row in rows):
        lines += ["", f"## `{cell}`", "", *_answers(cell, [row for row in rows if row.cell == cell])]
        lines += ["", _mutants(cell, {name: check for name, check in by.items() if _cell(name) == cell})]
    unfound = [name for name, check in by.items() if check is None]
    if not survivors or not unfound:
        return "\n".join([*lines, ""])
    lines += ["", "## Mutants that no check finds", ""]
    table = [(_code(_cell(name)), _code(_change(name)), reasons[name]) for name in unfound]
    return "\n".join([*lines, *_table(("cell", "what was changed", "why that is no matter"), table), ""])


def _checks(stem: str) -> list[str]:
    return [cell.metadata.nbgrader.grade_id for cell in mutants.read(stem).cells if role(cell) == "check"]


def _answers(cell: str, rows: list[Row]) -> list[str]:
    own = [check for check in (cell + SHOWN, cell + KEPT) if check in rows[0].passes]
    heads = {cell + SHOWN: "checks that are shown", cell + KEPT: "checks that are kept back"}
    elsewhere = any(not ok for row in rows for check, ok in row.passes.items() if check not in own)
    table = []
    for row in rows:
        others = [check for check, ok in row.passes.items() if not ok and check not in own]
        name = row.name.replace("_", " ")
        words = ["passes" if row.passes[check] else "loses" for check in own]
        table.append(("right" if row.right else "wrong", name, *words, *([", ".join(map(_code, others))] * elsewhere)))
    return _table(("answer", "what it does", *(heads[c] for c in own), *(["also loses"] * elsewhere)), table)


def _mutants(cell: str, by: dict[str, str | None]) -> str:
    """How many mutants of a cell there are, and what finds them first."""
    count = Counter(by.values())
    words = {cell + SHOWN: "by the checks that are shown", cell + KEPT: "by those that are kept back alone"}
    checks = [*words, *sorted(count.keys() - words.keys() - {None})]
    parts = [f"{count[check]} {words.get(check, f'by {_code(check)}')}" for check in checks if count[check]]
    parts += [f"{count[None]} by none"] if count[None] else []
    return f"Mutants: {len(by)}, found: {', '.join(parts)}." if by else "Mutants: none."


def _cell(name: str) -> str:
    return name.partition(": ")[0]


def _change(name: str) -> str:
    return name.partition(": ")[2]


def _code(text: str) -> str:
    """As code, on one line, whatever backticks it holds."""
    text = " ".join(text.split())
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    lines = [head, tuple("---" for _ in head), *rows]
    return ["| " + " | ".join(entry.replace("|", "\\|") for entry in line) + " |" for line in lines]


def main(stem: str) -> None:
    """Print the page of an assignment."""
    print(page(stem), end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
