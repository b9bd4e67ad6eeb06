"""What a submitted file may hold, and what of it reaches the grader."""

import json
import os
import random

import nbformat
import pytest

from grading import intake, transplant
from grading.course import ROOT
from grading.intake import Held, read, sources

STEM = ROOT / "solutions" / "chain_rule" / "chain_rule.ipynb"


def cell(name, source, **more):
    return {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": name, **more}}, "source": source, "outputs": []}


def notebook(*cells, **more):
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **more}).encode()


def test_only_the_cells_that_were_asked_for_are_read():
    data = notebook(
        cell("a", ["x = 1\n", "y"]), cell("b", "z"), {"cell_type": "markdown", "source": 3}, cell("a_checks", 7)
    )
    assert sources(data, ["a", "b", "c"]) == {"a": "x = 1\ny", "b": "z"}


def test_the_same_cell_twice_is_one():
    assert sources(notebook(cell("a", "x"), cell("a", ["x"])), ["a"]) == {"a": "x"}


UNREADABLE = {
    "nothing": (b"", "no notebook"),
    "code": (b"x = 1", "no notebook"),
    "another encoding": ("ü".encode("latin-1"), "no UTF-8"),
    "two bytes a letter": (notebook().decode().encode("utf-16"), "no UTF-8"),
    "a list": (b"[]", "no list of cells"),
    "cells by name": (b'{"nbformat": 4, "cells": {}}', "no list of cells"),
    "version 3": (b'{"nbformat": 3, "worksheets": []}', "no list of cells"),
    "version 5": (b'{"nbformat": 5, "cells": []}', "version 5, wanted 4"),
    "a version of words": (b'{"nbformat": "' + b"v" * 99 + b'", "cells": []}', "version vvvvvvvvvvvvvvvvvvvv, wanted"),
    "nested deep": (b"[" * 200_000, "nested too deep"),
    "a number of many digits": (b"1" * 5000, "a number that is none"),
    "many cells": (notebook(*[{}] * (intake.CELLS + 1)), "more than 2000 cells"),
    "two answers": (notebook(cell("a", "x"), cell("a", "y")), "two different cells named a"),
    "no source": (notebook({"metadata": {"nbgrader": {"grade_id": "a"}}}), r"cell 1 \(a\) has no source"),
    "a source of numbers": (notebook(cell("a", [1, 2])), "has no source"),
    "a long source": (notebook(cell("a", "x\n" * intake.SOURCE)), "more than 200000 characters"),
    "a long line": (notebook(cell("a", "x" * (intake.LINE + 1))), "a line of more than 20000"),
    "half a letter": (notebook(cell("a", "\ud800")), "characters that are no text"),
    "a zero": (notebook(cell("a", "x\0")), "characters that are no text"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_can_not_be_read_is_held_with_its_reason(name):
    data, says = UNREADABLE[name]
    with pytest.raises(Held, match=says):
        sources(data, ["a"])


def test_a_mark_of_byte_order_is_no_reason():
    assert sources(b"\xef\xbb\xbf" + notebook(cell("a", "x")), ["a"]) == {"a": "x"}


def test_only_an_ordinary_file_of_bounded_size_is_read(tmp_path):
    (tmp_path / "a.ipynb").write_bytes(notebook(cell("a", "x")))
    assert read(tmp_path / "a.ipynb", ["a"]) == {"a": "x"}
    os.symlink("a.ipynb", tmp_path / "link.ipynb")
    os.mkfifo(tmp_path / "pipe.ipynb")  # opening one waits for a writer, unless told not to
    (tmp_path / "folder.ipynb").mkdir()
    with open(tmp_path / "large.ipynb", "wb") as large:
        large.truncate(intake.BYTES + 1)
    for name, says in [
        ("link.ipynb", "can't be opened"),
        ("pipe.ipynb", "no ordinary file"),
        ("folder.ipynb", "no ordinary file|can't be opened"),
        ("large.ipynb", "more than 10 MiB"),
        ("none.ipynb", "is missing"),
    ]:
        with pytest.raises(Held, match=says):
            read(tmp_path / name, ["a"])


ODD = [None, True, -1, 1e308, "", "a", "x" * 30_000, [], {}, ["a", 1], {"grade_id": ["a"]}, "\ud800", "a_checks"]


def mutated(data: bytes, dice: random.Random) -> bytes:
    """The notebook with a few things broken: bytes, or values anywhere in its tree."""
    if dice.random() < 0.5:
        changed = bytearray(data)
        for _ in range(dice.randint(1, 8)):
            place = dice.randrange(len(changed))
            match dice.randrange(4):
                case 0:
                    changed[place] = dice.randrange(256)
                case 1:
                    del changed[place : place + dice.randint(1, 50)]
                case 2:
                    changed[place:place] = bytes(dice.randrange(256) for _ in range(dice.randint(1, 9)))
                case 3:
                    del changed[place:]
            if not changed:
                return b""
        return bytes(changed)
    tree = json.loads(data)
    for _ in range(dice.randint(1, 4)):
        node = tree
        while isinstance(node, dict | list) and node:
            key = dice.choice(list(node) if isinstance(node, dict) else range(len(node)))
            if dice.random() < 0.25 or not isinstance(node[key], dict | list):
                odd = [
                    None,
                    True,
                    -1,
                    1e308,
                    "",
                    "a",
                    "x" * 30_000,
                    [],
                    {},
                    ["a", 1],
                    {"grade_id": ["a"]},
                    "\ud800",
                    "a_checks",
                ]
                node[key] = dice.choice(odd)
                break
            node = node[key]
    return json.dumps(tree).encode()


def test_ten_thousand_broken_notebooks_are_read_or_held():
    data = notebook(
        cell("a", ["def f(x):\n", "    return x\n"], solution=True, grade=False, locked=False, schema_version=3),
        {"cell_type": "markdown", "metadata": {}, "source": "words"},
        cell("a_checks", "assert f(1) == 1", solution=False, grade=True, locked=True, points=2),
        cell("b", "", solution=True),
        metadata={"kernelspec": {"name": "python3"}},
    )
    dice, outcomes = random.Random(0), {"read": 0, "held": 0}
    for _ in range(10_000):
        try:
            found = sources(mutated(data, dice), ["a", "b"])
        except Held as held:
            assert 10 < len(str(held)) < 500
            outcomes["held"] += 1
        else:
            assert set(found) <= {"a", "b"} and all(isinstance(source, str) for source in found.values())
            for source in found.values():
                source.encode()
            outcomes["read"] += 1
    assert min(outcomes.values()) > 1000  # the mutations are neither harmless nor all fatal


# ----------------------------------------------------------------------------------------------------- the transplant


@pytest.fixture(scope="module")
def solution():
    return nbformat.read(STEM, 4)


@pytest.fixture(scope="module")
def skeleton(solution):
    return transplant.skeleton(solution)


def test_the_skeleton_has_every_check_and_no_solution(skeleton):
    text = "\n".join(c.source for c in skeleton.cells)
    assert "BEGIN SOLUTION" not in text and "return 2**n - 1" not in text
    assert text.count("BEGIN HIDDEN TESTS") == 8


def test_only_sources_of_the_students_cells_are_taken(skeleton):
    mine = transplant.students_cells(skeleton)
    assert mine[0] == "count_parameters" and mine[-1] == "why_factorise"
    graded = transplant.transplant(
        skeleton, {"count_parameters": "def count_table(n):\n    return 0", "why_factorise": "I say."}
    )
    assert len(graded.cells) == len(skeleton.cells)
    for before, after in zip(skeleton.cells, graded.cells, strict=True):
        assert after.metadata == before.metadata and after.cell_type == before.cell_type
        if before.metadata.get("nbgrader", {}).get("grade_id") not in ("count_parameters", "why_factorise"):
            assert after.source == before.source
    assert sum(c.source.startswith("def count_table(n):\n    return 0") for c in graded.cells) == 1
    with pytest.raises(ValueError, match="count_parameters_checks"):
        transplant.transplant(skeleton, {"count_parameters_checks": "pass"})


def test_what_a_submission_says_of_anything_else_has_no_effect(skeleton):
    """Points raised, flags flipped, checks emptied, another order, cells and outputs added: the same result."""
    mine = transplant.students_cells(skeleton)
    honest = [cell(name, f"# {name}", solution=True) for name in mine]
    bent = [
        {
            "cell_type": "code",
            "metadata": {"nbgrader": {"grade_id": "mine", "points": 100, "grade": True}},
            "source": "1",
        },
        cell("count_parameters_checks", "pass", points=100, grade=True),
        *[
            cell(name, f"# {name}", solution=False, grade=True, locked=True, points=99, task=True)
            for name in reversed(mine)
        ],
    ]
    for c in bent:
        c["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "100"}}]
        c["metadata"]["tags"] = ["skip-execution", "raises-exception"]
    graded = [transplant.transplant(skeleton, sources(notebook(*cells), mine)) for cells in (honest, bent)]
    assert graded[0] == graded[1]


def test_each_cell_has_its_role(skeleton):
    roles = {c.metadata.nbgrader.grade_id: transplant.role(c) for c in skeleton.cells if "nbgrader" in c.metadata}
    assert roles["setup"] == roles["looks_ahead_given"] == "given"
    assert roles["looks_ahead"] == "answer"
    assert roles["looks_ahead_checks"] == roles["looks_ahead_kept"] == "check"
    assert roles["why_factorise"] == "text"
    assert {transplant.role(c) for c in skeleton.cells if "nbgrader" not in c.metadata} == {"text", "open"}


def test_the_names_that_checks_may_ask_for_are_the_solutions(solution):
    assert transplant.answered_names(solution) == [
        *(
            "count_table",
            "count_chain",
            "conditional",
            "log_prob",
            "all_points",
            "total_probability",
            "ancestral_sample",
        ),
        *("log_terms", "logits", "bets", "first_zero"),
    ]
