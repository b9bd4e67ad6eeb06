"""The ledger: whole files or none, one grader at a time, a secret that is made once."""

import json
import multiprocessing
import threading

import pytest

from grading import ledger as ledgers
from grading.ledger import InUse, Ledger, points, write


def attempt(student="ada", key="k" * 64, outcome="graded", when="2027-01-02T03:04:05.000006+00:00", **more):
    cells = {"a": {"role": "answer"}, "c": {"role": "check", "points": 2.0, "most": 2.0, "passed": True}}
    return {"student": student, "key": key, "outcome": outcome, "when": when, "cells": cells, "submission": "s",
            "reason": "", **more}  # fmt: skip


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger", "chain_rule")


def test_what_is_recorded_is_found(ledger):
    ledger.record(attempt())
    ledger.record(attempt(key="m" * 64, when="2027-01-03T03:04:05.000006+00:00", outcome="held", reason="no notebook"))
    assert [a["outcome"] for a in ledger.attempts("ada")] == ["graded", "held"]
    assert ledger.find("ada", "k" * 64)["outcome"] == "graded"
    assert ledger.find("ada", "m" * 64)["reason"] == "no notebook"
    assert ledger.find("ada", "k" * 16 + "x" * 48) is None and ledger.find("bob", "k" * 64) is None
    assert ledger.students() == ["ada"]


def test_a_failure_of_ours_is_kept_and_tried_again(ledger):
    ledger.record(attempt(outcome="failed"))
    assert ledger.find("ada", "k" * 64) is None
    assert len(ledger.attempts("ada")) == 1


def test_only_known_outcomes(ledger):
    with pytest.raises(ValueError, match="outcome: got 'lost', wanted one of graded, held, failed"):
        ledger.record(attempt(outcome="lost"))


def test_what_stands_in_the_gradebook(ledger):
    assert ledger.posted("ada") is None
    ledger.post(attempt())
    assert ledger.posted("ada")["points"] == {"c": 2.0}
    ledger.post(attempt(outcome="held", cells={}))
    assert ledger.posted("ada")["points"] == {}
    assert points(attempt()) == {"c": 2.0}


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    place = tmp_path / "x" / "a.json"
    write(place, {"a": 1})
    with pytest.raises(TypeError):
        write(place, {"a": object()})
    assert json.loads(place.read_text()) == {"a": 1}
    assert [entry.name for entry in place.parent.iterdir()] == ["a.json"]


def test_a_killed_writer_leaves_nothing_half(tmp_path):
    place = tmp_path / "a.json"
    context = multiprocessing.get_context("spawn")
    writer = context.Process(target=_write_for_ever, args=(place,))
    writer.start()
    while not place.is_file():
        assert writer.is_alive()
    for _ in range(50):
        assert len(json.loads(place.read_text())["long"]) == 100_000
    writer.kill()
    writer.join()
    assert len(json.loads(place.read_text())["long"]) == 100_000


def _write_for_ever(place):
    while True:
        write(place, {"long": "x" * 100_000})


def test_one_grader_at_a_time(ledger):
    with ledger.alone():
        with pytest.raises(InUse, match=r"chain_rule is being graded by another process .process"), ledger.alone():
            pass
        with Ledger(ledger.folder.parent, "rnn").alone():  # another assignment is free
            pass
    with ledger.alone():
        pass


def test_the_secret_is_made_once_and_read_by_its_owner_alone(ledger, monkeypatch):
    monkeypatch.delenv("COURSE_SEED", raising=False)
    found = []
    threads = [threading.Thread(target=lambda: found.append(ledger.seed())) for _ in range(1)]
    for thread in threads:
        thread.start()
        thread.join()
    assert found == [ledger.seed()] and len(found[0]) == 32
    assert (ledger.folder / "seed").stat().st_mode & 0o777 == 0o600
    assert Ledger(ledger.folder.parent, "rnn").seed() != ledger.seed()
    monkeypatch.setenv("COURSE_SEED", "spring")
    assert ledger.seed() == "spring"


def test_times_are_of_one_kind():
    assert ledgers.now().endswith("+00:00") and len(ledgers.now()) == 32
