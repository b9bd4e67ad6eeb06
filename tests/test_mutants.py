"""No small mistake in a solution passes all checks, unless it is argued away as no mistake."""

import ast

import nbformat
import pytest
import torch

from dgmlib import checks
from grading import answers, mutants
from grading.generate import stems


@pytest.fixture(autouse=True)
def as_in_a_notebook(exact):
    torch.set_default_dtype(torch.float32)


def notebook(answer, check, given=""):
    """A small assignment of one given cell, one solution and one cell of checks."""
    cells = []
    for name, source, about in [
        ("given", given, {"grade": False, "locked": True, "solution": False}),
        ("answer", answer, {"grade": False, "locked": False, "solution": True}),
        ("answer_checks", check, {"grade": True, "locked": True, "solution": False, "points": 1}),
    ]:
        cell = nbformat.v4.new_code_cell(source)
        cell.metadata["nbgrader"] = {"grade_id": name, "schema_version": 3, "task": False, **about}
        cells.append(cell)
    return nbformat.v4.new_notebook(cells=cells)


def after(source):
    """What mutants make of an expression that a function returns."""
    whole = f"def f():\n    return {source}"
    made = [ast.parse(m.source).body[0].body[0].value for m in mutants.mutants("f", whole)]
    return [ast.unparse(value) for value in made]


@pytest.mark.parametrize("stem", stems())
def test_every_survivor_is_argued_away_and_what_is_published_is_so(stem):
    by = mutants.found(mutants.read(stem))
    assert mutants.unargued(by, answers.load(stem).SURVIVORS) == []
    assert mutants.path(stem).read_text(encoding="utf-8") == mutants.text(by), f"run python -m grading.mutants {stem}"


@pytest.mark.parametrize("stem", stems())
def test_mutants_are_the_same_each_time_and_no_two_are_alike(stem):
    solution = mutants.read(stem)
    made = mutants.of_assignment(solution)
    assert made == mutants.of_assignment(solution)
    assert len({m.name for m in made}) == len({(m.cell, m.source) for m in made}) == len(made)
    originals = {c.metadata.nbgrader.grade_id: c.source for c in solution.cells if "nbgrader" in c.metadata}
    for mutant in made:
        assert mutant.source == ast.unparse(ast.parse(mutant.source)) != ast.unparse(ast.parse(originals[mutant.cell]))
    assert {m.cell for m in made} == set(answers.load(stem).RIGHT)  # every cell that asks for code has some


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("a + b", ["a - b"]),
        ("a * b", ["a / b", "a + b"]),
        ("a % b", ["a // b"]),
        ("a < b", ["a <= b", "a > b"]),
        ("a and b", ["a or b"]),
        ("not a", ["a"]),
        ("-a", ["a"]),
        ("f(0)", ["f(1)", "f(-1)"]),
        ("f(axis=-1)", ["f()", "f(axis=0)", "f(axis=-2)", "f(axis=1)"]),
        ("f(a, b=True)", ["f(a)", "f(a, b=False)"]),
        ("f(a, b)", ["f(b, a)"]),
        ("a[i]", ["a[i + 1]", "a[i - 1]"]),
        ("a[0]", ["a[1]", "a[-1]"]),
        ("a[:i]", ["a[1:i]", "a[:i + 1]", "a[:i - 1]"]),
        ("a[1:]", ["a[1:-1]", "a[2:]", "a[0:]"]),
        ("a[:, i]", ["a[1:, i]", "a[:-1, i]", "a[:, i + 1]", "a[:, i - 1]"]),
        ("a.sum()", ["a.mean()"]),
        ("min(a)", ["max(a)"]),
        ("a.T", ["a"]),
        ("a if b else c", ["a", "c"]),
        ("[a for a in b]", ["[a for a in list(b)[:-1]]", "[a for a in list(b)[1:]]"]),
        ("[a for a in b if c]", ["[a for a in list(b)[:-1] if c]", "[a for a in list(b)[1:] if c]", "[a for a in b]"]),
        ("[a for a in range(n)]", ["[a for a in range(n - 1)]", "[a for a in range(1, n)]"]),
    ],
)
def test_kinds_of_mistakes(source, wanted):
    found = after(source)
    assert found[0] == "None"
    assert found[1:] == wanted


def test_statements_too():
    source = "def f(n):\n    'not 1'\n    if n < 1:\n        n += 2\n    for i in range(n):\n        pass\n    return n"
    names = [m.name.removeprefix("f: ") for m in mutants.mutants("f", source)]
    assert {"n += 2 -> n = 2", "n += 2 -> n -= 2", "n < 1 -> True", "range(n) -> range(n - 1)"} <= set(names)
    assert all("not 1" in m.source for m in mutants.mutants("f", source))  # a docstring is left alone


def test_two_places_that_look_alike_have_two_names():
    names = [m.name for m in mutants.mutants("f", "a = b + c\nd = e\na = b + c")]
    assert names == ["f: a = b + c -> a = b - c", "f: a = b + c -> a = b - c (2)"]


def test_a_weak_check_lets_mutants_survive():
    answer = "def double(n):\n    return 2 * n"
    weak = mutants.found(notebook(answer, "assert double(2) == 4"))
    assert [name for name, check in weak.items() if check is None] == ["answer: return 2 * n -> return 2 + n"]
    assert len(mutants.unargued(weak, {})) == 1
    strong = mutants.found(notebook(answer, "assert double(2) == 4 and double(3) == 6"))
    assert set(strong.values()) == {"answer_checks"}
    assert mutants.unargued(strong, {}) == []
    reasons = {"answer: return 2 * n -> return 2 + n": "equivalent: it is not"}
    assert mutants.unargued(weak, reasons) == []
    assert len(mutants.unargued(strong, reasons)) == 1
    assert len(mutants.unargued(weak, {"answer: return 2 * n -> return 2 + n": " "})) == 1  # that is no reason
    assert len(mutants.unargued(weak, {**reasons, "answer: of long ago": "equivalent: once"})) == 1


def test_both_seeds_ask():
    check = "import os\nassert os.environ['COURSE_SEED'] == '0' or f() == 1"
    by = mutants.found(notebook("def f():\n    return 1", check))
    assert set(by.values()) == {"answer_checks"}
    assert set(mutants.found(notebook("def f():\n    return 1", check), seeds=("0",)).values()) == {None}


def test_the_one_that_is_found_first_is_named():
    solution = notebook("def f(n):\n    return n + 1", "assert f(0) == 1")
    second = notebook("", "assert f(1) == 2").cells[2]
    second.metadata.nbgrader.grade_id = "answer_kept"
    solution.cells.append(second)
    by = mutants.found(solution)
    assert by.pop("answer: return n + 1 -> return None") == "answer_checks"
    solution.cells[2].source = "assert f(0) is not None"
    by = mutants.found(solution)
    assert by.pop("answer: return n + 1 -> return None") == "answer_checks"
    assert set(by.values()) == {"answer_kept"}


@pytest.mark.parametrize(
    "does",
    [
        "while True: pass",
        "import os; os._exit(0)",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "return bytearray(1 << 34)",
        "import sys; sys.exit(0)",
        "f = lambda: f(); f()",
    ],
)
def test_a_mutant_that_does_harm_is_found(does, monkeypatch):
    monkeypatch.setattr(mutants, "SECONDS", 0.2)
    given = f"def harm():\n    {does}\n"
    answer = "def f(n):\n    return harm() if n < 0 else n"
    by = mutants.found(notebook(answer, "assert f(1) == 1", given))
    was = "answer: return harm() if n < 0 else n -> return harm() if n"
    assert by[f"{was} > 0 else n"] == "answer_checks"
    assert by[f"{was} <= 0 else n"] is None  # the others still run


def test_a_cell_that_a_mutant_breaks_is_found_by_its_checks():
    by = mutants.found(notebook("n = 1\nm = 1 / n", "assert m == 1"))
    assert by["answer: n = 1 -> n = 0"] == "answer_checks"


def test_a_cell_that_loops_by_itself_is_found_by_the_next_check(monkeypatch):
    monkeypatch.setattr(mutants, "SECONDS", 0.2)
    by = mutants.found(notebook("n = 0\nwhile n != 1:\n    n += 1", "assert n == 1"))
    assert by["answer: n += 1 -> n += 2"] == "answer_checks"


def test_a_cell_without_a_check_has_survivors():
    solution = notebook("n = 1", "assert n == 1")
    del solution.cells[2]
    assert set(mutants.found(solution).values()) == {None}


def test_the_environment_is_left_as_it_was(monkeypatch):
    monkeypatch.setenv(checks.SEED, "mine")
    mutants.found(notebook("n = 1", "assert n == 1"))
    assert mutants.os.environ[checks.SEED] == "mine"


def test_the_command_writes_down_what_it_found(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(mutants, "FOLDER", tmp_path)
    monkeypatch.setattr(mutants, "read", lambda stem: notebook("n = 1", "assert n > 0"))
    mutants.main("small")
    assert (
        mutants.path("small").read_text()
        == '{\n "answer: n = 1 -> n = 2": null,\n "answer: n = 1 -> n = 0": "answer_checks"\n}\n'
    )
    assert capsys.readouterr().out == "2 mutants, of which 1 survive\nanswer: n = 1 -> n = 2\n"
