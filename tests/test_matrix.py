"""What is published of the checks is what is declared and tested of them."""

import json
import re

import pytest

from grading import answers, matrix, mutants
from grading.generate import stems
from grading.transplant import role

STEMS = stems()


def tables(page):
    """The tables of a page, by their headings: the entries of each row."""
    found, heading = {}, None
    for line in page.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("|"):
            entries = [e.replace("\\|", "|") for e in re.split(r" (?<!\\)\| ", f" {line[2:-1]}| ")[:-1]]
            found.setdefault(heading, []).append([e.strip() for e in entries])
    return found


@pytest.mark.parametrize("stem", STEMS)
def test_every_answer_stands_against_every_check(stem):
    given, rows = answers.load(stem), matrix.matrix(stem)
    checks = [cell.metadata.nbgrader.grade_id for cell in mutants.read(stem).cells if role(cell) == "check"]
    wanted = [(cell, name) for cell in given.RIGHT for name in (*given.RIGHT[cell], *given.WRONG[cell])]
    assert [(row.cell, row.name) for row in rows] == wanted
    for row in rows:
        assert list(row.passes) == checks
        lost = {check for check, ok in row.passes.items() if not ok}
        assert row.right == (row.name in given.RIGHT[row.cell]) == (not lost)
        assert row.right or lost == set(given.WRONG[row.cell][row.name].loses)


@pytest.mark.parametrize("stem", STEMS)
def test_the_page_says_what_the_matrix_says(stem):
    found, rows = tables(matrix.page(stem)), matrix.matrix(stem)
    for cell in answers.load(stem).RIGHT:
        head, rule, *body = found.pop(f"`{cell}`")
        assert len(head) == len(rule)
        assert {len(entries) for entries in body} == {len(head)}
        own = [row for row in rows if row.cell == cell]
        assert [(b[0] == "right", b[1]) for b in body] == [(row.right, row.name.replace("_", " ")) for row in own]
        for entries, row in zip(body, own, strict=True):
            others = {f"`{c}`" for c, ok in row.passes.items() if not ok and not c.startswith(cell)}
            assert entries[2:4] == ["passes" if row.passes[cell + end] else "loses" for end in ("_checks", "_kept")]
            assert set(", ".join(entries[4:]).split(", ")) - {""} == others
    (survivors,) = found.values()
    by = json.loads(mutants.path(stem).read_text(encoding="utf-8"))
    reasons = answers.load(stem).SURVIVORS
    assert [(f"{cell[1:-1]}: {change[1:-1]}", why) for cell, change, why in survivors[2:]] == [
        (name, reasons[name]) for name, check in by.items() if check is None
    ]


@pytest.mark.parametrize("stem", STEMS)
def test_every_mutant_is_counted_once(stem):
    page = matrix.page(stem)
    counts = [tuple(map(int, re.findall(r"\b\d+\b", line))) for line in page.splitlines() if line.startswith("Mutants")]
    assert all(total == sum(parts) for total, *parts in counts)
    by = json.loads(mutants.path(stem).read_text(encoding="utf-8"))
    assert sum(total for total, *_ in counts) == len(by)
    survivors = sum(check is None for check in by.values())
    assert f"Of {len(by)} mutants of the solution, which have one small mistake each, the checks find " in page
    assert f"find {len(by) - survivors};" in page


@pytest.mark.parametrize("stem", STEMS)
def test_without_survivors_it_shows_no_line_of_the_solution(stem):
    page = matrix.page(stem, survivors=False)
    assert matrix.page(stem).startswith(page)
    for mutant in mutants.of_assignment(mutants.read(stem)):
        for side in re.fullmatch(r"line \d+: `(.*)` -> `(.*)`", mutant.about, re.DOTALL).groups():
            word = side.isidentifier() or side.isdigit()  # any page may have a word in common with a solution
            assert word or side not in page


@pytest.fixture
def small(tmp_path, monkeypatch):
    """An assignment of one's own: whatever is written here is what the page is made of."""
    (tmp_path / "small.py").write_text(
        "from grading.answers import Wrong\n"
        "RIGHT = {'a': {'by | hand': '1'}}\n"
        "WRONG = {'a': {'shift_by_one': Wrong('2', ('a_kept', 'b_checks')), 'sign': Wrong('3', ('a_checks',))}}\n"
        "SURVIVORS = {'a: x | y -> x | `z`': 'equivalent: z is y'}\n"
    )
    by = {"a: 1 -> 2": "b_checks", "a: 1 -> 3": "a_kept", "a: x | y -> x | `z`": None}
    (tmp_path / "small.mutants.json").write_text(mutants.text(by), encoding="utf-8")
    load = answers.load
    monkeypatch.setattr(answers, "load", lambda stem: load(stem, tmp_path))
    monkeypatch.setattr(mutants, "FOLDER", tmp_path)
    monkeypatch.setattr(matrix, "_checks", lambda stem: ["a_checks", "a_kept", "b_checks"])
    return tmp_path


def test_a_small_page(small):
    page = matrix.page("small")
    assert page.startswith("1 right answers of different build lose nothing. 2 wrong ones, ")
    assert (
        page.partition("## `a`\n")[2]
        == r"""
| answer | what it does | checks that are shown | checks that are kept back | also loses |
| --- | --- | --- | --- | --- |
| right | by \| hand | passes | passes |  |
| wrong | shift by one | passes | loses | `b_checks` |
| wrong | sign | loses | passes |  |

Mutants: 3, found: 1 by those that are kept back alone, 1 by `b_checks`, 1 by none.

## Mutants that no check finds

| cell | what was changed | why that is no matter |
| --- | --- | --- |
| `a` | `` x \| y -> x \| `z` `` | equivalent: z is y |
"""
    )


def test_no_survivors_need_no_table(small):
    (small / "small.mutants.json").write_text('{"a: 1 -> 2": "a_checks"}')
    assert matrix.page("small").endswith("\nMutants: 1, found: 1 by the checks that are shown.\n")
    (small / "small.mutants.json").write_text("{}")
    assert matrix.page("small").endswith("\nMutants: none.\n")


def test_a_check_that_does_not_exist_is_named(small, monkeypatch):
    monkeypatch.setattr(matrix, "_checks", lambda stem: ["a_checks", "a_kept"])
    with pytest.raises(
        ValueError, match=r"shift_by_one: loses \['b_checks'\], wanted some of \['a_checks', 'a_kept'\]"
    ):
        matrix.matrix("small")


def test_a_survivor_without_a_reason_is_not_published(small):
    (small / "small.mutants.json").write_text('{"a: 1 -> 2": null}')
    with pytest.raises(KeyError, match="a: 1 -> 2"):
        matrix.page("small")


def test_an_assignment_without_answers():
    with pytest.raises(FileNotFoundError, match=r"no answers to 'alchemy'"):
        matrix.page("alchemy")


def test_the_command(capsys):
    matrix.main("chain_rule")
    assert capsys.readouterr().out == matrix.page("chain_rule")
