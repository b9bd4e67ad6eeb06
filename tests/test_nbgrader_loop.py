"""nbgrader's whole loop for real, from release to export, with the gradebook in SQLite and in PostgreSQL."""

import csv
import glob
import html
import io
import json
import logging
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import nbformat
import psycopg
import pytest
from nbgrader.validator import Validator

from grading import answers, execute, loop
from grading.__main__ import main
from grading.course import ROOT, Course, StepFailed, settings
from grading.feedback import HideKeptBack
from grading.settings import database, with_tools

# nbgrader 0.9.6 leaves files open and calls newer libraries in older ways.
pytestmark = pytest.mark.filterwarnings("ignore")

STEM = "chain_rule"
CLASS = ["all_right", "untouched", "log_of_a_product"]  # PostgreSQL gets several_mistakes
ANSWERS = answers.load(STEM)
SOLUTION = ROOT / "solutions" / STEM / f"{STEM}.ipynb"
RELEASE = ROOT / "exercises" / STEM / f"{STEM}.ipynb"
MOST = loop.most_points(SOLUTION)


def expected(student):
    """The marks that a student of the sample class must get, from what is known of the answers."""
    chosen = ANSWERS.SAMPLE_CLASS[student]
    if not chosen:
        return dict.fromkeys(MOST, 0)
    wrong = [ANSWERS.WRONG[cell][name] for cell, name in chosen.items() if name in ANSWERS.WRONG.get(cell, {})]
    lost = {check for answer in wrong for check in answer.loses}
    marks = {cell: 0 if cell in lost else points for cell, points in MOST.items()}
    for cell, texts in ANSWERS.EXPLANATIONS.items():
        marks[cell] = texts[chosen[cell]].points if cell in chosen else 0
    return marks


@pytest.fixture(autouse=True, scope="module")
def environment():
    """What nbgrader_config.py sets for kernels is not left behind for other tests."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The loop, run once with the gradebook in SQLite."""
    os.environ.pop("COURSE_GRADEBOOK", None)
    return loop.run(STEM, tmp_path_factory.mktemp("course"), CLASS)


def read_csv(path):
    with open(path, newline="") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def test_every_cell_gets_the_points_that_it_must(course):
    marks = course.marks(STEM)
    assert sorted(marks) == sorted(CLASS)
    for student in CLASS:
        assert marks[student] == expected(student), student
    assert sum(marks["all_right"].values()) == sum(MOST.values()) == 40
    assert sum(marks["untouched"].values()) == 0


def test_the_marks_are_exported(course):
    rows = read_csv(course.folder / "grades.csv")
    assert sorted(rows) == sorted(CLASS)
    for student, row in rows.items():
        assert row["assignment"] == STEM
        assert float(row["score"]) == float(row["raw_score"]) == sum(expected(student).values())
        assert float(row["max_score"]) == 40


def test_students_get_the_exercise_that_is_in_the_repository(course):
    assert (course.folder / "exercises" / STEM / f"{STEM}.ipynb").read_bytes() == RELEASE.read_bytes()
    assert (course.folder / "exchange" / course.api.course_id / "outbound" / STEM / f"{STEM}.ipynb").read_bytes() == (
        RELEASE.read_bytes()
    )


def page_text(page):
    """What stands on a page, without the tags that colour its code."""
    return html.unescape(re.sub(r"<[^>]*>", "", page))


def hidden_lines():
    cells = json.loads(SOLUTION.read_text(encoding="utf-8"))["cells"]
    regions = re.findall(
        r"BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN", "\n".join("".join(c["source"]) for c in cells), re.DOTALL
    )
    public = RELEASE.read_text(encoding="utf-8")
    lines = {line.strip() for region in regions for line in region.splitlines()}
    return {line for line in lines if len(line) > 25 and json.dumps(line)[1:-1] not in public}


@pytest.mark.parametrize("student", CLASS)
def test_feedback_says_what_came_and_where_to_look_and_hides_what_was_kept_back(course, student):
    page = (course.folder / "feedback" / student / STEM / f"{STEM}.html").read_text(encoding="utf-8")
    text = page_text(page)
    fetched = list((course.folder / "homes" / student / STEM / "feedback").rglob("*.html"))
    assert [p.read_text(encoding="utf-8") for p in fetched] == [page]
    secret = hidden_lines()
    assert len(secret) > 30
    assert [line for line in secret if line in text] == []
    assert "BEGIN HIDDEN" not in text
    # They are there to be hidden: the graded notebook has them.
    graded = nbformat.read(course.folder / "autograded" / student / STEM / f"{STEM}.ipynb", as_version=4)
    everything = "\n".join(cell.source for cell in graded.cells)
    assert all(line in everything for line in secret)
    if student == "log_of_a_product":
        assert "log_prob of a point too rare for a product" in text  # a kept-back check speaks, too
        assert 'look in the book: chapter chain_rule, section "Evaluating one point"' in text
        assert ANSWERS.EXPLANATIONS["why_factorise"]["half of it"].comment in text


def test_a_failed_step_raises_with_its_log(tmp_path):
    with pytest.raises(StepFailed, match="generate_assignment failed"):
        Course(tmp_path, tmp_path / "exchange").generate("alchemy")


# ------------------------------------------------------------------------------------------------ nbgrader validate
def validate(notebook, folder):
    """What ``nbgrader validate`` prints of a notebook."""
    copy = shutil.copy(notebook, folder)
    validator = Validator(config=settings(folder))
    validator.stream = io.StringIO()
    validator.validate_and_print(str(copy))
    return " ".join(validator.stream.getvalue().split())


def test_validate_praises_the_solution(tmp_path):
    assert validate(SOLUTION, tmp_path) == "Success! Your notebook passes all the tests."


def test_validate_says_what_is_missing_from_an_untouched_release(tmp_path):
    said = validate(RELEASE, tmp_path)
    seen = [cell for cell in MOST if not cell.endswith("_kept")]
    assert f"VALIDATION FAILED ON {len(seen)} CELL(S)!" in said
    assert said.count("The following cell failed:") == len(seen)
    assert said.count("came None, which is what a function gives back") >= 7


# ---------------------------------------------------------------------------------------------- what students see
def test_running_student_code_is_announced_once(caplog):
    execute.warn_once.cache_clear()
    with caplog.at_level(logging.WARNING, logger="grading"):
        execute.warn_once()
        execute.warn_once()
    assert len(caplog.records) == 1
    assert "NO SANDBOX: student code runs as you" in caplog.text


def test_hidden_tests_leave_tracebacks_but_students_own_lines_stay():
    cell = nbformat.v4.new_code_cell(
        "a = 1\n### BEGIN HIDDEN TESTS\nassert answer(7) == 8\n### END HIDDEN TESTS", execution_count=5
    )
    frames = [
        "-----\nValueError    Traceback (most recent call last)",
        "\x1b[36mCell\x1b[39m \x1b[32mIn[5]\x1b[39m, line 3\n----> 3 assert answer(7) == 8",
        "\x1b[36mCell\x1b[39m \x1b[32mIn[4]\x1b[39m, line 2, in answer(x)\n----> 2 raise ValueError(x)",
        "File /course/dgmlib/checks.py:9\n assert",
        "ValueError: 7",
    ]
    cell.outputs = [nbformat.v4.new_output("error", ename="ValueError", evalue="7", traceback=frames)]
    shown, _ = HideKeptBack().preprocess_cell(cell, {}, 0)
    assert shown.source == "a = 1\n# The checks that were kept back ran here."
    assert shown.outputs[0].traceback == [frames[2], frames[4]]
    open_cell = nbformat.v4.new_code_cell("assert answer(7) == 8")
    assert HideKeptBack().preprocess_cell(open_cell, {}, 0)[0].source == "assert answer(7) == 8"


def test_the_table_of_marks():
    shown = loop.table({"a": {"x": 1.0, "y": 0.0}, "bernoulli": {"x": 0.5, "y": 2.0}}, {"x": 1, "y": 2})
    assert shown.splitlines() == [
        "          of      a  bernoulli",
        "x          1      1        0.5",
        "y          2      0          2",
        "------------------------------",
        "total      3      1        2.5",
    ]


def test_the_loop_wants_an_empty_folder(tmp_path, capsys):
    (tmp_path / "gradebook.db").write_text("last year")
    assert main(["sample", "--folder", str(tmp_path)]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert (tmp_path / "gradebook.db").read_text() == "last year"


# -------------------------------------------------------------------------------------------------------- settings
def test_the_gradebook_is_one_setting(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_GRADEBOOK", raising=False)
    assert Course(tmp_path, tmp_path / "exchange").api.coursedir.db_url == f"sqlite:///{tmp_path}/gradebook.db"
    monkeypatch.setenv("COURSE_GRADEBOOK", "postgresql://grader@/gradebook?host=/tmp")
    url = Course(tmp_path, tmp_path / "exchange").api.coursedir.db_url
    assert url == "postgresql+psycopg://grader@/gradebook?host=/tmp"


@pytest.mark.parametrize("wrong", ["gradebook.db", "mysql://localhost/gradebook", "postgresql:"])
def test_an_unknown_gradebook_is_refused(wrong):
    with pytest.raises(ValueError, match=r"COURSE_GRADEBOOK: got '.*', wanted postgresql://"):
        database(wrong)


def test_tools_come_first_and_once(tmp_path):
    environment = {"PATH": "/usr/bin"}
    with_tools(environment, tmp_path)
    with_tools(environment, tmp_path)
    assert environment["PATH"].endswith(":/usr/bin") and environment["PATH"].count(":") == 1
    assert environment["PYTHONPATH"] == str(tmp_path)


# ------------------------------------------------------------------------------------------------------ PostgreSQL
def postgres_programs():
    """The folder of a PostgreSQL server's programs, or None."""
    found = shutil.which("initdb")
    places = glob.glob("/usr/lib/postgresql/*/bin/initdb") + glob.glob("/opt/homebrew/opt/postgresql*/bin/initdb")
    return Path(found or max(places)).parent if found or places else None


def ordinary_user():
    """Arguments that make a subprocess run as somebody other than root, whom PostgreSQL refuses."""
    if os.geteuid() != 0:
        return {}, None
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}, account
    raise RuntimeError("no user 'postgres' or 'nobody' to run PostgreSQL as")


@pytest.fixture(scope="module")
def postgres():
    """The address of a throw-away PostgreSQL server, on a socket of its own."""
    programs = postgres_programs()
    if programs is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no PostgreSQL server found: install postgresql")
    who, account = ordinary_user()
    folder = Path(tempfile.mkdtemp(prefix="gradebook-", dir="/tmp"))  # a socket's path must be short
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
    data, calm = folder / "data", {"cwd": folder, "stdout": subprocess.DEVNULL, **who}
    initdb = [programs / "initdb", "-D", data, "-U", "grader", "-A", "trust", "--locale=C", "-E", "UTF8", "--no-sync"]
    subprocess.run(initdb, check=True, stderr=subprocess.PIPE, **calm)
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-F"], stderr=log, **calm
        )
    try:
        for _ in range(300):
            try:
                with psycopg.connect(f"postgresql://grader@/postgres?host={folder}", autocommit=True) as connection:
                    connection.execute("CREATE DATABASE gradebook")
                break
            except psycopg.OperationalError:
                assert server.poll() is None, (folder / "log").read_text()
                time.sleep(0.1)
        else:
            pytest.fail("PostgreSQL did not answer within 30 s: " + (folder / "log").read_text())
        yield f"postgresql://grader@/gradebook?host={folder}"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)
        shutil.rmtree(folder)


def test_the_loop_with_the_gradebook_in_postgresql(postgres, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_GRADEBOOK", postgres)
    students = ["several_mistakes"]
    course = loop.run(STEM, tmp_path, students)
    assert course.marks(STEM) == {student: expected(student) for student in students}
    rows = read_csv(tmp_path / "grades.csv")
    assert {s: float(row["score"]) for s, row in rows.items()} == {s: sum(expected(s).values()) for s in students}
    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT id FROM student ORDER BY id").fetchall() == [(s,) for s in students]
    assert not (tmp_path / "gradebook.db").exists()
    with pytest.raises(StepFailed, match="got a gradebook that is in use"):
        loop.run(STEM, tmp_path / "again", students)
