"""A class graded side by side: what is done is not done again, what is killed goes on, and no mark changes unseen."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest
from stations import cell

from grading import parallel
from grading.course import ROOT, Course
from grading.ledger import InUse, Ledger

pytestmark = pytest.mark.filterwarnings("ignore")

STEM = "twice"
SOLUTION = "### BEGIN SOLUTION\ndef double(x):\n    return 2 * x\n### END SOLUTION"
RIGHT, WRONG = "def double(x):\n    return x + x", "def double(x):\n    return x ** 2"
MARKS = {"right": 3.0, "wrong": 1.0, "slow": 3.0, "broken": 0.0, "missing": 0.0}


def solution(folder, kept="assert double(3) == 6"):
    cells = [
        cell("given", "import os", "given"),
        cell("double", SOLUTION, "answer"),
        cell("double_checks", "assert double(2) == 4", "check", 1),
        cell("double_kept", f"# More.\n### BEGIN HIDDEN TESTS\n{kept}\n### END HIDDEN TESTS", "check", 2),
    ]
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = folder / "solutions" / STEM / f"{STEM}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=about), path)


def hand_in(folder, student, source):
    place = folder / "submitted" / student / STEM / f"{STEM}.ipynb"
    place.parent.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.read(folder / "exercises" / STEM / f"{STEM}.ipynb", as_version=4)
    notebook.cells[1].source = source
    nbformat.write(notebook, place)


@pytest.fixture
def course(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_GRADEBOOK", raising=False)
    monkeypatch.setenv("COURSE_SEED", "spring")
    solution(tmp_path)
    made = Course(tmp_path, tmp_path / "exchange")
    made.generate(STEM)
    hand_in(tmp_path, "right", RIGHT)
    hand_in(tmp_path, "wrong", WRONG)
    hand_in(tmp_path, "slow", "import time\ntime.sleep(1)\n" + RIGHT)
    hand_in(tmp_path, "broken", RIGHT)
    (tmp_path / "submitted" / "broken" / STEM / f"{STEM}.ipynb").write_text("{")
    (tmp_path / "submitted" / "missing" / STEM).mkdir(parents=True)
    return made


def totals(course):
    return {student: sum(points.values()) for student, points in course.marks(STEM).items()}


def grades(course, student):
    with course.api.gradebook as gradebook:
        found = gradebook.find_submission(STEM, student)
        return [(g.name, g.auto_score, g.needs_manual_grade) for n in found.notebooks for g in n.grades]


def attempts(course):
    ledger = Ledger(course.folder / "ledger", STEM)
    return {student: len(ledger.attempts(student)) for student in ledger.students()}


def test_a_class_and_what_comes_after(course):
    """One run, then: again, a new submission that is held, a mended check, and a grader beside it."""
    said = []
    done = parallel.grade(course, STEM, workers=2, say=lambda student, result: said.append(student))
    assert totals(course) == MARKS and sorted(said) == sorted(MARKS) and not done.errors
    assert done.results["broken"]["outcome"] == done.results["missing"]["outcome"] == "held"
    assert "this is no notebook" in done.results["broken"]["reason"]
    assert "twice.ipynb is missing" in done.results["missing"]["reason"]
    for student in ("broken", "missing"):
        assert all(score is None and manual for _, score, manual in grades(course, student))
    page = (course.folder / "autograded" / "broken" / STEM / f"{STEM}.ipynb").read_text()
    assert "This submission was not graded" in page

    assert attempts(course) == dict.fromkeys(MARKS, 1)
    again = parallel.grade(course, STEM)
    assert again.fresh == [] and totals(course) == MARKS and attempts(course) == dict.fromkeys(MARKS, 1)

    # nbgrader's own command finds the same in the ledger, and runs nothing.
    course.autograde(STEM, "wrong")
    assert totals(course) == MARKS and attempts(course)["wrong"] == 1

    # A newer submission that can't be read leaves no older mark standing.
    (course.folder / "submitted" / "right" / STEM / f"{STEM}.ipynb").write_text("[]")
    parallel.grade(course, STEM, students=["right"])
    assert totals(course)["right"] == 0
    assert all(score is None and manual for _, score, manual in grades(course, "right"))
    hand_in(course.folder, "right", RIGHT)
    parallel.grade(course, STEM, students=["right"])
    assert totals(course) == MARKS

    # A check is mended: whose marks would change is said before they do.
    solution(course.folder, kept="assert double(3) in (6, 9)")
    mended = parallel.grade(course, STEM, workers=2)
    assert mended.changes == ["wrong: double_kept from 0 to 2"] and totals(course) == MARKS
    taken = parallel.grade(course, STEM, accept=True)
    assert taken.fresh == [] and taken.changes == [] and totals(course) == {**MARKS, "wrong": 3.0}

    with Ledger(course.folder / "ledger", STEM).alone(), pytest.raises(InUse, match="being graded by another"):
        parallel.grade(course, STEM)
    with pytest.raises(ValueError, match="--student: nobody handed in nothing for twice"):
        parallel.grade(course, STEM, students=["nobody"])
    late = time.time() + 1000
    assert parallel.grade(course, STEM, since=late).results == {}


def command(course):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "grading", "grade", STEM, "--course", str(course.folder), "--workers", "1"]
    return subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )


def descendants(pid):
    return psutil.Process(pid).children(recursive=True)


def test_a_killed_run_goes_on_where_it_was(course):
    more = {f"s{k}": 3.0 for k in range(3)}
    for student in more:
        hand_in(course.folder, student, "import time\ntime.sleep(1.5)\n" + RIGHT)
    run = command(course)
    ledger = course.folder / "ledger" / STEM / "students"
    until = time.monotonic() + 120
    while len(list(ledger.glob("*/[0-9]*.json"))) < 4:
        assert time.monotonic() < until and run.poll() is None, run.stdout.read().decode()
        time.sleep(0.05)
    children = descendants(run.pid)
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    _gone, alive = psutil.wait_procs(children, timeout=20)
    assert not alive, alive  # workers, stations and sandboxes go with whom they work for
    before = attempts(course)
    assert 4 <= sum(before.values()) < 8

    run = command(course)
    said = run.communicate(timeout=240)[0].decode()
    assert run.returncode == 0, said
    assert totals(course) == {**MARKS, **more}
    assert attempts(course) == dict.fromkeys([*MARKS, *more], 1)  # nothing twice
    assert "broken: held: this is no notebook" in said


def test_a_station_that_dies_is_replaced(course):
    for student in ("broken", "missing"):
        shutil.rmtree(course.folder / "submitted" / student)
    hand_in(course.folder, "slow", "import time\ntime.sleep(4)\n" + RIGHT)
    run = command(course)
    until, victims = time.monotonic() + 120, []
    while not victims:
        assert time.monotonic() < until and run.poll() is None
        for process in descendants(run.pid):
            try:
                if "grading.inside" in process.cmdline() and process.uids().real >= 61000:
                    victims = [p for p in descendants(run.pid) if "grading.referee" in p.cmdline()]
            except psutil.Error:
                continue
        time.sleep(0.05)
    for process in victims:  # a station and those it forked, which go with it
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    said = run.communicate(timeout=240)[0].decode()
    assert run.returncode == 0, said
    assert totals(course) == {student: MARKS[student] for student in ("right", "wrong", "slow")}
    assert json.dumps(attempts(course)).count("1") == 3
