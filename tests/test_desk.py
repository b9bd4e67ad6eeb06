"""What an instructor does with a graded class: a report, tables of marks, a bundle for an appeal; as commands."""

import csv
import datetime
import html
import io
import json
import re
import zipfile

import nbformat
import pytest
from test_parallel import RIGHT, STEM, WRONG, solution
from test_told import result

import grading.course
from grading import parallel, report
from grading.__main__ import main
from grading.bundle import reproduce
from grading.case import Assignment
from grading.course import ROOT, Course
from grading.unpack import unpack

pytestmark = pytest.mark.filterwarnings("ignore")

WORKSHEET = (
    'Identifier,"Full name",Username,"Last modified (submission)",Grade,"Maximum Grade"\n'
    'Participant 101,"Ada L",ada,"Monday, 1 March 2027, 5:02 PM",,3.00\n'
    'Participant 102,"Bob M",bob,-,,3.00\nParticipant 103,"Eve N",eve,-,1.00,3.00\n'
)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course whose submissions came from Moodle: one right, one wrong, one that can't be read."""
    folder = tmp_path_factory.mktemp("course")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COURSE_GRADEBOOK", raising=False)
        patch.setenv("COURSE_SEED", "spring")
        solution(folder)
        course = Course(folder, folder / "exchange")
        course.generate(STEM)
        (folder / "worksheet.csv").write_text(WORKSHEET)
        notebook = nbformat.read(folder / "exercises" / STEM / f"{STEM}.ipynb", as_version=4)
        with zipfile.ZipFile(folder / "moodle.zip", "w") as archive:
            for number, source in {101: RIGHT, 102: WRONG}.items():
                notebook.cells[1].source = source
                name = f"N_{number}_assignsubmission_file/{STEM}.ipynb"
                archive.writestr(name, nbformat.writes(notebook))
            archive.writestr(f"N_103_assignsubmission_file/{STEM}.ipynb", "{")
        status = main(["unpack", STEM, str(folder / "moodle.zip"), "--roster", str(folder / "worksheet.csv"),
                       "--zone", "Europe/Berlin", "--course", str(folder)])  # fmt: skip
        assert status == 0
        done = parallel.grade(course, STEM, workers=0)
        assert done.errors == {} and {s: r["outcome"] for s, r in done.results.items()} == {
            "ada": "graded", "bob": "graded", "eve": "held",
        }  # fmt: skip
        yield course


def test_moodles_archive_brings_notebooks_and_times(course):
    stamp = course.folder / "submitted" / "ada" / STEM / "timestamp.txt"
    assert stamp.read_text() == "2027-03-01 16:02:00.000000 UTC"  # 17:02 in Berlin
    assert not (course.folder / "submitted" / "bob" / STEM / "timestamp.txt").exists()
    assert unpack(course.folder / "moodle.zip", course.folder / "submitted", STEM, {"101": "ada"}).same == ["ada"]


def test_a_table_of_marks_leaves_the_held_one_empty(course, tmp_path, capsys):
    assert main(["marks", STEM, "--course", str(course.folder), "--to", str(tmp_path / "m.csv")]) == 0
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO((tmp_path / "m.csv").read_text()))}
    assert [rows[s]["total"] for s in ("ada", "bob", "eve")] == ["3", "1", ""]
    assert rows["eve"]["status"] == "held" and "notebook" in rows["eve"]["reason"]
    said = capsys.readouterr().out
    assert "2 marks of 3 students" in said and "eve: held: " in said


def test_the_worksheet_goes_back_to_moodle(course, tmp_path):
    sheet = str(course.folder / "worksheet.csv")
    to = tmp_path / "back.csv"
    assert main(["marks", STEM, "--course", str(course.folder), "--moodle", sheet, "--to", str(to)]) == 0
    rows = list(csv.DictReader(io.StringIO(to.read_text("utf-8-sig"))))
    assert [row["Grade"] for row in rows] == ["3", "1", ""]


def test_nbgraders_export_writes_no_zero_for_who_was_held(course, tmp_path, monkeypatch):
    from grading.exporter import CsvExport

    monkeypatch.chdir(course.folder)
    with course.api.gradebook as gradebook:
        plugin = CsvExport(config=course.config)
        plugin.to = str(tmp_path / "grades.csv")
        gradebook.update_or_create_student("mia", last_name="=1+1, or so")
        plugin.export(gradebook)
    rows = {row["student_id"]: row for row in csv.DictReader(io.StringIO((tmp_path / "grades.csv").read_text()))}
    assert [rows[s]["score"] for s in ("ada", "bob", "eve", "mia")] == ["3.0", "1.0", "", "0.0"]
    assert [rows[s]["status"] for s in ("ada", "eve", "mia")] == ["graded", "held", "missing"]
    assert rows["mia"]["last_name"] == "'=1+1, or so"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["marks", STEM, "--moodle", "W", "--canvas", "W"], "wanted one of them"),
        (["marks", STEM, "--canvas", "W"], "wanted --heading too"),
        (["unpack", STEM, "W", "--zone", "Europe/Berlin"], "wanted with --roster"),
        (["unpack", STEM, "W", "--roster", "W", "--zone", "Mars/Base"], "wanted a time zone"),
        (["unpack", STEM, "W"], "is no archive that can be read"),
        (["reproduce", "W"], "is no bundle"),
        (["bundle", STEM, "mia", "--course", "C"], "no attempt of mia"),
        (["report", STEM, "--class", "--course", "C"], "wanted 5 or more"),
    ],
)
def test_what_cannot_be_done_is_said(course, capsys, words, said):
    places = {"W": str(course.folder / "worksheet.csv"), "C": str(course.folder)}
    assert main([places.get(word, word) for word in words]) != 0
    assert said in capsys.readouterr().err


def test_late_penalties_are_reckoned_anew(course, capsys, monkeypatch):
    call = ["late", STEM, "--course", str(course.folder)]
    assert main(call) != 0 and "no late policy" in capsys.readouterr().err
    settings = grading.course.settings

    def strict(*given):
        config = settings(*given)
        config.AssignLatePenalties.plugin_class = "grading.late.LatePolicy"
        config.LatePolicy.per_day = 0.5
        return config

    monkeypatch.setattr(grading.course, "settings", strict)
    with course.api.gradebook as gradebook:  # ada's came at 16:02
        gradebook.update_or_create_assignment(STEM, duedate=datetime.datetime(2027, 3, 1, 12))
    assert main(call) == 0
    assert capsys.readouterr().out == "ada: 0 points before, 1.5 now\n1 penalties changed\n"
    with course.api.gradebook as gradebook:
        gradebook.update_or_create_assignment(STEM, duedate=None)
    assert main(call) == 0
    assert capsys.readouterr().out == "ada: 1.5 points before, 0 now\n1 penalties changed\n"


# -------------------------------------------------------------------------------------------------------- an appeal


@pytest.fixture
def archive(course, tmp_path):
    to = tmp_path / "bob.zip"
    assert main(["bundle", STEM, "bob", "--course", str(course.folder), "--to", str(to)]) == 0
    return to


def altered(archive, **changes):
    """The same bundle with other contents of some entries."""
    with zipfile.ZipFile(archive) as before:
        content = {name: before.read(name) for name in before.namelist()}
    other = archive.with_name("altered.zip")
    with zipfile.ZipFile(other, "w") as after:
        for name, data in content.items():
            stem = name.partition(".")[0]
            after.writestr(name, changes[stem](data) if stem in changes else data)
    return other


def test_a_bundle_reproduces_the_mark_and_is_not_written_over(archive, course, capsys):
    assert main(["reproduce", str(archive)]) == 0
    assert capsys.readouterr().out.endswith(f"bob, {STEM}: 1 points by checks, reproduced\n")
    assert main(["bundle", STEM, "bob", "--course", str(course.folder), "--to", str(archive)]) != 0
    assert "is there already" in capsys.readouterr().err


def test_a_bundle_of_a_held_submission_shows_that_it_is_held(course, tmp_path, capsys):
    to = str(tmp_path / "eve.zip")
    assert main(["bundle", STEM, "eve", "--course", str(course.folder), "--to", to]) == 0
    assert main(["reproduce", to]) == 0
    assert capsys.readouterr().out.endswith(f"eve, {STEM}: held, reproduced\n")


def test_a_mark_that_was_written_otherwise_does_not_come_out_again(archive, capsys):
    def better(data):
        attempts = json.loads(data)
        attempts[-1]["cells"]["double_kept"] |= {"points": 2.0, "passed": True}
        return json.dumps(attempts)

    forged = altered(archive, attempts=better)
    assert main(["reproduce", str(forged)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "double_kept: 2 points then, 0.0 now",
        f"bob, {STEM}: 3 points by checks, not reproduced",
    ]


def test_another_submission_in_a_bundle_is_found(archive):
    right = altered(archive, submission=lambda data: data.replace(b"x ** 2", b"x + x"))
    with pytest.raises(ValueError, match="its submission is not the one of the attempt"):
        reproduce(right)


def test_other_versions_are_named_and_change_nothing(archive, capsys):
    def older(data):
        attempts = json.loads(data)
        attempts[-1]["environment"] = "e" * 64
        return json.dumps(attempts)

    old = altered(archive, attempts=older, about=lambda data: data.replace(b'"torch": "', b'"torch": "1.'))
    assert main(["reproduce", str(old)]) == 0
    assert re.match(r"versions differ: torch 1\.\S+ then, \S+ now\n", capsys.readouterr().out)


# --------------------------------------------------------------------------------------------------------- the pages


def texts(page):
    page = re.sub(r"<(style|svg).*?</\1>|<[^>]*>", " ", page.replace("<wbr>", ""), flags=re.DOTALL)
    return html.unescape(page).replace("\u00a0", " ")


def test_the_command_writes_the_instructors_page(course, tmp_path):
    to = tmp_path / "report.html"
    assert main(["report", STEM, "--course", str(course.folder), "--to", str(to)]) == 0
    said = texts(to.read_text())
    assert "2 graded, 1 held (no mark)" in said and "eve" in said and "double_kept" in said


def test_a_page_tells_the_class_nothing_of_persons():
    assignment = Assignment(ROOT / "solutions" / "chain_rule" / "chain_rule.ipynb")
    class_ = [result(f"student{k}", (True, k % 2 == 0)) for k in range(6)]
    own, shown = report.page(assignment, class_), report.page(assignment, class_, for_class=True)
    for k in range(6):
        assert f"student{k}" in own and f"student{k}" not in shown
    assert "is off" in own and "is off" not in shown  # the words of a failed check
    assert "50 %" in texts(own) and "50 %" in texts(shown)
    assert "Half of the class has 2 or more of 3 points, the middle half 1 to 3." in texts(shown)
    for page in (own, shown):
        assert not re.findall(r'(?:src|href)="(?!#)', page)
        assert "http-equiv" in page and "script" not in page


def test_what_students_wrote_is_text_alone():
    assignment = Assignment(ROOT / "solutions" / "chain_rule" / "chain_rule.ipynb")
    bad = result("<script>alert(1)</script>", (False, False))
    held = {**result("mia", (True, True)), "outcome": "held", "cells": {}, "reason": "<img src=x onerror=alert(1)>"}
    page = report.page(assignment, [bad, held])
    assert "<script" not in page and "<img" not in page
    assert "<script>alert(1)</script> is off" in texts(page.replace("&lt;", "\0")).replace("\0", "<")


def test_a_report_on_nobody():
    assignment = Assignment(ROOT / "solutions" / "chain_rule" / "chain_rule.ipynb")
    assert "Nothing was handed in." in report.page(assignment, [])
