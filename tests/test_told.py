"""What a run says in a terminal, on results that are made up."""

import pytest
from click.testing import CliRunner

from grading import told
from grading.__main__ import cli, main
from grading.case import Assignment
from grading.course import ROOT
from grading.ledger import Ledger


@pytest.fixture(scope="module")
def assignment():
    return Assignment(ROOT / "solutions" / "chain_rule" / "chain_rule.ipynb")


def result(student, passes, outcome="graded", seconds=1.0, **more):
    error = [
        {"output_type": "error", "ename": "AssertionError", "evalue": f"{student} is off\nsecond line", "traceback": []}
    ]
    names = ("count_parameters_checks", "count_parameters_kept")
    cells = {
        name: {"role": "check", "passed": well, "points": k * well, "most": k, "outputs": [] if well else error}
        for k, (name, well) in enumerate(zip(names, passes, strict=True), start=1)
    }
    about = {"environment": "e" * 64, "seed": "spring", "sandbox": "bubblewrap", "submission": "s" * 64,
             "assignment_hash": "a" * 64, "reason": "", "when": "2027-01-02T03:04:05.000006+00:00"}  # fmt: skip
    return {
        "student": student,
        "outcome": outcome,
        "cells": cells,
        "seconds": seconds,
        "key": student * 20,
        **about,
        **more,
    }


def test_a_summary_counts_what_failed(assignment):
    results = [result("ada", (True, True)), result("bob", (True, False), seconds=3.0), result("eve", (False, False))]
    results.append({**result("mia", (True, True)), "outcome": "held", "cells": {}, "reason": "no notebook"})
    lines = told.summary(assignment, results).splitlines()
    assert lines[0] == "3 graded, 1 held (no mark)"
    assert lines[1] == "points by checks, of 3: lowest 0, quartiles 0.5, 1, 2, highest 3"
    assert lines[2] == "  count_parameters_checks: 2 of 3 passed; most often (1): eve is off"
    assert lines[3].startswith("  count_parameters_kept: 1 of 3 passed")
    assert lines[4] == "slowest: bob 3.0 s, ada 1.0 s, eve 1.0 s"
    assert told.summary(assignment, results[3:]) == "1 held (no mark)"
    assert told.summary(assignment, []) == "nothing"


def test_how_far_an_assignment_is(tmp_path):
    ledger = Ledger(tmp_path, "chain_rule")
    for attempt in (result("ada", (True, True)), result("bob", (True, False), outcome="failed")):
        ledger.record(attempt)
    ledger.post(result("ada", (True, True)))
    assert told.status(ledger, ["ada", "bob", "eve"]) == (
        "3 handed in: 1 graded, 1 failed here, 1 not run yet; 1 stand in the gradebook as they are here"
    )
    assert told.status(ledger, []) == "0 handed in: none; 0 stand in the gradebook as they are here"


def test_the_history_of_a_mark(tmp_path):
    ledger = Ledger(tmp_path, "chain_rule")
    held = {**result("ada", (True, True)), "outcome": "held", "cells": {}, "reason": "it is empty", "key": "h" * 64}
    ledger.record({**held, "when": "2027-01-01T03:04:05.000006+00:00"})
    ledger.record(result("ada", (True, False)))
    ledger.post(result("ada", (True, False)))
    story = told.why(ledger, "ada")
    assert story.index("reason: it is empty") < story.index("graded  (stands in the gradebook)")
    assert "environment eeeeeeeeeeee (another than today's), seed spring" in story
    assert "count_parameters_checks: 1 of 1\n" in story and "count_parameters_kept: 0 of 2  ada is off" in story
    with pytest.raises(ValueError, match="no attempt of bob at chain_rule; known: ada"):
        told.why(ledger, "bob")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["chain_rule", "--since", "yesterday"], 2, "got 'yesterday', wanted a time such as 2027-03-01"),
        (["chain_rule", "--workers", "-1"], 2, "-1 is not in the range x>=0"),
        (["alchemy"], 2, "No such command 'alchemy'"),
        (["chain_rule", "--course", "/nowhere"], 2, "Directory '/nowhere' does not exist"),
        (["why", "chain_rule", "bob", "--course", "COURSE"], 1, "no attempt of bob at chain_rule; known: none"),
        (["chain_rule", "--course", "COURSE"], 1, "nothing was handed in for chain_rule"),
    ],
)
def test_bad_words_get_a_clear_error(words, status, said, tmp_path, capsys):
    assert main([str(tmp_path) if word == "COURSE" else word for word in words]) == status
    assert said in capsys.readouterr().err


def test_help_names_every_verb():
    shown = CliRunner().invoke(cli, ["--help"]).output
    assert all(verb in shown for verb in ("generate", "grade", "sample", "status", "why"))
    shown = CliRunner().invoke(cli, ["grade", "--help"]).output
    assert all(option in shown for option in ("--student", "--force", "--since", "--resume", "--scheduler", "--accept"))
