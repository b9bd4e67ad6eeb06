"""The checks of every assignment tell its right answers from its wrong ones, cell by cell.

The notebook's cells are run in one process: those that the instructor locked, the solution's with one answer in place
of one cell, and all checks, the kept-back ones included. ``test_nbgrader_loop.py`` does a few of them for real.
"""

import functools
import json
import os
import warnings
from pathlib import Path

import pytest
import torch

from dgmlib import checks, data
from grading import answers
from grading.generate import stems

ROOT = Path(__file__).resolve().parent.parent
SEEDS = ("0", "spring")  # of the kept-back questions


def code_cells(path):
    """The cells that nbgrader knows, by name: source, and whether it is a check. Demonstrations are left out."""
    cells = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        about = cell["metadata"].get("nbgrader")
        if cell["cell_type"] == "code" and about:
            cells[about["grade_id"]] = ("".join(cell["source"]), about["grade"])
    return cells


SOLUTIONS = {stem: code_cells(ROOT / "solutions" / stem / f"{stem}.ipynb") for stem in stems()}
RELEASES = {stem: code_cells(ROOT / "exercises" / stem / f"{stem}.ipynb") for stem in stems()}
ANSWERS = {stem: answers.load(stem) for stem in stems()}


def lost(cells, seed, replaced=None):
    """The checks that fail, with their messages, when some cells are replaced."""
    namespace, failed = {"__name__": "__main__"}, {}
    before = os.environ.get(checks.SEED)
    os.environ[checks.SEED] = seed
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a right answer may warn
            for name, (source, is_check) in cells.items():
                code = compile((replaced or {}).get(name, source), name, "exec")
                if not is_check:
                    exec(code, namespace)
                    continue
                try:
                    exec(code, namespace)
                except Exception as error:
                    failed[name] = f"{type(error).__name__}: {error}"
    finally:
        os.environ.pop(checks.SEED) if before is None else os.environ.update({checks.SEED: before})
    return failed


LOAD = functools.cache(data.load)


@pytest.fixture(autouse=True)
def as_in_a_notebook(exact, monkeypatch):
    """Torch's default is float32; and what the notebook loads is loaded once for all answers."""
    torch.set_default_dtype(torch.float32)
    monkeypatch.setattr(data, "load", LOAD)


def cases(kind):
    return [
        pytest.param(stem, cell, name, id=f"{stem}-{cell}-{name}")
        for stem in SOLUTIONS
        for cell, named in getattr(ANSWERS[stem], kind).items()
        for name in named
    ]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("stem", SOLUTIONS)
def test_the_solution_loses_nothing(stem, seed):
    assert lost(SOLUTIONS[stem], seed) == {}


@pytest.mark.parametrize(("stem", "cell", "name"), cases("RIGHT"))
def test_a_right_answer_loses_nothing(stem, cell, name):
    replaced = {cell: answers.source_of(ANSWERS[stem], cell, name)}
    for seed in SEEDS:
        assert lost(SOLUTIONS[stem], seed, replaced) == {}


@pytest.mark.parametrize(("stem", "cell", "name"), cases("WRONG"))
def test_a_wrong_answer_loses_the_cells_that_it_touches(stem, cell, name):
    wrong = ANSWERS[stem].WRONG[cell][name]
    for seed in SEEDS:
        failed = lost(SOLUTIONS[stem], seed, {cell: wrong.source})
        assert set(failed) == set(wrong.loses), failed


@pytest.mark.parametrize("stem", SOLUTIONS)
def test_an_untouched_release_loses_everything_and_is_told_why(stem):
    names = [name for name, (_, is_check) in SOLUTIONS[stem].items() if is_check]
    starter = {name: source for name, (source, is_check) in RELEASES[stem].items() if not is_check}
    failed = lost(SOLUTIONS[stem], SEEDS[0], starter)
    assert list(failed) == names
    for name, message in failed.items():
        if not name.endswith("_kept"):  # what students see first
            assert message.startswith("AssertionError: "), (name, message)
            assert "None" in message or "write your" in message, (name, message)


@pytest.mark.parametrize("stem", SOLUTIONS)
def test_every_graded_cell_has_enough_answers(stem):
    given = ANSWERS[stem]
    written = [
        name
        for name, (_, is_check) in SOLUTIONS[stem].items()
        if not is_check and "YOUR CODE" in RELEASES[stem][name][0]
    ]
    assert list(given.RIGHT) == list(given.WRONG) == written
    for cell in written:
        assert len(given.RIGHT[cell]) >= 4, cell
        assert len(given.WRONG[cell]) >= 6, cell
        assert len(set(given.RIGHT[cell].values())) == len(given.RIGHT[cell])
        for name, wrong in given.WRONG[cell].items():
            assert {f"{cell}_checks", f"{cell}_kept"} & set(wrong.loses), name


@pytest.mark.parametrize("stem", SOLUTIONS)
def test_the_sample_class_gives_answers_that_exist(stem):
    for chosen in ANSWERS[stem].SAMPLE_CLASS.values():
        for cell, name in chosen.items():
            assert answers.source_of(ANSWERS[stem], cell, name)


def test_unknown_answers_are_named():
    with pytest.raises(FileNotFoundError, match=r"no answers to 'alchemy'.*alchemy\.py"):
        answers.load("alchemy")
