"""Marks on their way out, and what must never be among them."""

import csv
import math
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook

from grading.export import (
    STATUSES,
    Marks,
    canvas_csv,
    from_gradebook,
    harmless,
    mark,
    marks_csv,
    moodle_csv,
    newest,
    number,
)
from grading.ledger import Ledger

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's, for a newer SQLAlchemy

MARKS = {
    "101": Marks({"check": 8.0, "text": 2.0}, 10.0, 1.0, 9.0, 16.0, "graded"),
    "102": Marks({"check": None, "text": None}, None, 0.0, None, 16.0, "held", "=1 is <b>no</b> notebook"),
    "103": Marks({"check": None, "text": None}, None, 0.0, None, 16.0, "failed", "the station is gone"),
    "104": Marks({"check": None, "text": None}, None, 0.0, None, 16.0, "missing"),
    "105": Marks({"check": 3.0, "text": None}, None, 0.0, None, 16.0, "needs reading", "a person has to read text"),
    "106": Marks({"check": 0.0, "text": 0.0}, 0.0, 0.0, 0.0, 16.0, "graded"),
}
NO_MARK = ("102", "103", "105")


def rows(path, delimiter=","):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


# ----------------------------------------------------------------------------------------------- a table of one's own


def test_a_row_a_student(tmp_path):
    marks_csv(MARKS, tmp_path / "marks.csv")
    with open(tmp_path / "marks.csv", newline="") as file:
        table = {row["student"]: row for row in csv.DictReader(file)}
    assert table["101"] == {
        "student": "101", "status": "graded", "check": "8", "text": "2", "raw": "10", "late penalty": "1",
        "total": "9", "most": "16", "reason": "",
    }  # fmt: skip
    assert table["106"]["total"] == "0"  # an earned 0 is one
    for student in (*NO_MARK, "104"):
        assert [table[student][name] for name in ("raw", "late penalty", "total")] == ["", "", ""]
    assert (table["105"]["check"], table["105"]["text"]) == ("3", "")
    assert table["102"]["reason"] == "'=1 is <b>no</b> notebook"


@pytest.mark.parametrize("status", [s for s in STATUSES if s != "graded"])
def test_no_status_but_one_has_a_mark(status):
    assert mark("ada", Marks({}, 5.0, 0.0, 5.0, 5.0, status)) is None


@pytest.mark.parametrize("total", [None, math.nan, math.inf, -1.0])
def test_what_was_graded_has_points(total):
    with pytest.raises(ValueError, match=f"ada: got {total} points for a graded submission"):
        mark("ada", Marks({}, 5.0, 0.0, total, 5.0, "graded"))


def test_a_status_of_ones_own():
    with pytest.raises(ValueError, match="ada: got the status 'fine', wanted one of graded, held"):
        mark("ada", Marks({}, 5.0, 0.0, 5.0, 5.0, "fine"))


HOSTILE = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("http://x","y")', "-2+3|cmd", "＝1"]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_is_a_formula(tmp_path, text):
    assert harmless(text) == "'" + text
    marks = {text: Marks({text: 1.0}, 1.0, 0.0, 1.0, 1.0, "graded"), "x": MARKS["102"]._replace(reason=text)}
    marks_csv(marks, tmp_path / "marks.csv")
    for row in rows(tmp_path / "marks.csv"):
        assert all(cell == "" or cell[0] not in "=+-@\t\r\n＝" for cell in row)


@given(st.text())
def test_harmless_text_begins_with_nothing_dangerous_and_loses_nothing(text):
    safe = harmless(text)
    assert safe.endswith(text)
    assert not safe.startswith(("=", "@", "\t", "\r", "\n"))
    assert not safe.startswith(("+", "-")) or re.fullmatch(r"-|[+-]?\d+([.,]\d+)?%?", safe)


@given(st.floats(0, 1e6))
def test_numbers_are_read_back(value):
    assert float(number(value)) == pytest.approx(value, abs=5.1e-5)
    assert "e" not in number(value)


# ------------------------------------------------------------------------------------------------------------ Moodle

HEAD = [
    "Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Grade can be changed",
    "Last modified (submission)", "Last modified (grade)", "Feedback comments",
]  # fmt: skip
TIME = "Monday, 1 March 2027, 5:02 PM"


def moodle_row(ident, name="A B", grade="", highest="16.00", can="Yes", comment=""):
    return [ident, name, "a@b.c", "Submitted for grading", grade, highest, can, TIME, "-", comment]


def sheet(path, *body, head=HEAD, delimiter=",", start="\ufeff"):
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(start)
        csv.writer(file, delimiter=delimiter).writerows([head, *body])
    return path


@pytest.fixture
def worksheet(tmp_path):
    body = [
        moodle_row(f"Participant {number_}", grade="12.00" if number_ == 102 else "") for number_ in range(101, 107)
    ]
    return sheet(tmp_path / "worksheet.csv", *body)


def test_moodles_worksheet_is_filled_in(worksheet, tmp_path):
    before = rows(worksheet)
    done = moodle_csv(MARKS, worksheet, tmp_path / "out.csv")
    after = rows(tmp_path / "out.csv")
    assert [row[4] for row in after] == ["Grade", "9", "", "", "", "", "0"] and done.written == 2
    assert after[2][9] == "Not graded: =1 is &lt;b&gt;no&lt;/b&gt; notebook"
    for old, new in zip(before, after, strict=True):  # nothing else, the times that Moodle compares least of all
        assert [c for at, c in enumerate(old) if at not in (4, 9)] == [
            c for at, c in enumerate(new) if at not in (4, 9)
        ]
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_what_moodle_would_keep_is_said(worksheet, tmp_path):
    lines = " ".join(moodle_csv(MARKS, worksheet, tmp_path / "out.csv").lines)
    assert "102: the grade 12.00 stays in Moodle" in lines
    assert all(f"{student}: " in lines for student in (*NO_MARK, "104"))


def test_the_same_file_may_be_written(worksheet):
    moodle_csv(MARKS, worksheet, worksheet)
    assert rows(worksheet)[1][4] == "9"


def test_rows_without_students_and_students_without_rows(tmp_path):
    path = sheet(
        tmp_path / "w.csv", moodle_row("Participant 999", grade="7"), moodle_row("Participant"),
        moodle_row("Participant 101"), moodle_row("Participant 101"), ["Participant 106", "too short"],
        moodle_row("Participant 103", grade="3.00", can="No"),
    )  # fmt: skip
    done = moodle_csv(MARKS, path, tmp_path / "out.csv")
    after, lines = rows(tmp_path / "out.csv"), "\n".join(done.lines)
    assert [row[4] for row in after[1:5]] == ["7", "", "9", ""] and after[6][4] == "3.00" and done.written == 1
    for text in (
        "line 2 (Participant 999): no such student here", "line 3 (Participant): no student's number",
        "line 5 (Participant 101): 101 for the second time", "line 6 has 2 cells",
        "103: Moodle says that this grade can't be changed", "106: graded, but not in",
    ):  # fmt: skip
        assert text in lines


def test_a_roster_leads_from_moodle_to_students(tmp_path):
    path = sheet(tmp_path / "w.csv", moodle_row("Teilnehmer/in7"), moodle_row("Participant 8"))
    done = moodle_csv({"ada": MARKS["101"]}, path, tmp_path / "out.csv", roster={"7": "ada"})
    assert [row[4] for row in rows(tmp_path / "out.csv")[1:]] == ["9", ""]
    assert done.lines == ["line 3 (Participant 8): not in the roster: left as it was"]


def test_another_highest_grade(tmp_path):
    path = sheet(tmp_path / "w.csv", moodle_row("Participant 101", highest="100.00"))
    with pytest.raises(ValueError, match="its highest grade is 100, the assignment's 16: change it there, or ask"):
        moodle_csv(MARKS, path, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
    moodle_csv(MARKS, path, tmp_path / "out.csv", scale=True)
    assert rows(tmp_path / "out.csv")[1][4] == "56.25"  # 9 of 16 are 56.25 of 100


def test_more_than_the_highest_grade_is_said(tmp_path):
    path = sheet(tmp_path / "w.csv", moodle_row("Participant 101"))
    done = moodle_csv({"101": MARKS["101"]._replace(total=17.0)}, path, tmp_path / "out.csv")
    assert done.lines == ["101: 17 is more than the highest grade 16"]


def test_a_name_that_is_a_formula(tmp_path):
    path = sheet(tmp_path / "w.csv", moodle_row("Participant 101", name="=1+1"), moodle_row("Participant 5", name="@x"))
    moodle_csv(MARKS, path, tmp_path / "out.csv")
    after = rows(tmp_path / "out.csv")
    assert [row[1] for row in after[1:]] == ["'=1+1", "'@x"] and after[1][8] == "-"


def test_a_worksheet_in_another_language(tmp_path):
    german = {"Identifier": "ID", "Grade": "Bewertung", "Maximum Grade": "Bestwertung"}
    head = [german.get(name, name) for name in HEAD]
    path = sheet(
        tmp_path / "w.csv", moodle_row("Teilnehmer/in101", highest="16,00"), head=head, delimiter=";", start=""
    )
    with pytest.raises(ValueError, match="no column 'Identifier', 'Grade', 'Maximum Grade'; it has ID, Full name"):
        moodle_csv(MARKS, path, tmp_path / "out.csv")
    moodle_csv(MARKS, path, tmp_path / "out.csv", names=german)
    assert rows(tmp_path / "out.csv", ";")[1][4] == "9"


@pytest.mark.parametrize(
    ("data", "message"), [(b"", "it is empty"), (b"\xff\xfe", "no UTF-8"), (b'a,"b', "no CSV"), (b"a,b", "no column")]
)
def test_no_worksheet(tmp_path, data, message):
    (tmp_path / "w.csv").write_bytes(data)
    with pytest.raises(ValueError, match=message):
        moodle_csv(MARKS, tmp_path / "w.csv", tmp_path / "out.csv")


# ------------------------------------------------------------------------------------------------------------ Canvas

CANVAS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Quiz (7)", "Chain rule (12345)", "Final Score"]


def canvas_row(ident, name="B, A", grade=""):
    return [name, ident, f"s{ident}", f"login{ident}", "One", "3.00", grade, "40"]


def gradebook_of_canvas(path, *body, **more):
    top = [
        ["", "", "", "", "", "", "Manual Posting", ""],
        ["    Points Possible", *[""] * 4, "5.00", "16.00", "(read only)"],
    ]
    return sheet(path, *top, *body, head=CANVAS, **more)


@pytest.mark.parametrize("column", ["Chain rule (12345)", "Chain rule", "12345"])
def test_canvas_gradebook_is_filled_in(tmp_path, column):
    body = [canvas_row(str(ident), grade="5" if ident == 102 else "") for ident in range(101, 107)]
    path = gradebook_of_canvas(tmp_path / "c.csv", *body, canvas_row("999", "Student, Test", "4"))
    done = canvas_csv(MARKS, path, column, tmp_path / "out.csv")
    after = rows(tmp_path / "out.csv")
    assert after[0] == [*CANVAS[:5], "Chain rule (12345)"]
    assert after[1:3] == [["", "", "", "", "", "Manual Posting"], ["    Points Possible", "", "", "", "", "16.00"]]
    assert [row[-1] for row in after[3:]] == ["9", "", "", "", "", "0", "4"]
    assert [row[:5] for row in after[3:]] == [row[:5] for row in rows(path)[3:]] and done.written == 2
    assert "line 10 (Student, Test): no such student here: left as it was" in done.lines


def test_canvas_semicolons_excuses_and_oddities(tmp_path):
    path = gradebook_of_canvas(
        tmp_path / "c.csv", canvas_row("101", "=cmd()"), canvas_row("106", grade="ex"), canvas_row(""), ["x", "y"],
        canvas_row("103", "Points Possible"), delimiter=";",
    )  # fmt: skip
    done = canvas_csv(MARKS, path, "Chain rule", tmp_path / "out.csv")
    after, lines = rows(tmp_path / "out.csv", ";"), "\n".join(done.lines)
    assert [row[-1] for row in after[3:]] == ["9", "ex", "", ""] and after[3][0] == "'=cmd()"
    for text in ("106: excused in Canvas", "line 6 (B, A): no student's number", "line 7 has 2 cells", "103: failed"):
        assert text in lines


def test_canvas_with_another_number_of_points(tmp_path):
    path = gradebook_of_canvas(tmp_path / "c.csv", canvas_row("101"))
    marks = {"101": MARKS["101"]._replace(most=18.0)}
    with pytest.raises(ValueError, match="its highest grade is 16, the assignment's 18"):
        canvas_csv(marks, path, "Chain rule", tmp_path / "out.csv")
    canvas_csv(marks, path, "Chain rule", tmp_path / "out.csv", scale=True)
    assert rows(tmp_path / "out.csv")[3][-1] == "8"


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("Chain", "got 'Chain', which is 0 columns"),
        ("Final Score", "takes no marks"),
        ("Student", "which is 0 columns"),
    ],
)
def test_no_column_of_canvas(tmp_path, column, message):
    with pytest.raises(ValueError, match=message):
        canvas_csv(MARKS, gradebook_of_canvas(tmp_path / "c.csv"), column, tmp_path / "out.csv")


def test_no_gradebook_of_canvas(worksheet, tmp_path):
    with pytest.raises(ValueError, match="this is no gradebook of Canvas"):
        canvas_csv(MARKS, worksheet, "Grade", tmp_path / "out.csv")


def test_two_assignments_of_one_title(tmp_path):
    top = ["    Points Possible", "", "", "16", "16"]
    head = ["Student", "ID", "Section", "Chain rule (1)", "Chain rule (2)"]
    path = sheet(tmp_path / "c.csv", top, ["B, A", "101", "One", "", ""], head=head)
    with pytest.raises(ValueError, match=r"which is 2 columns .* wanted one of Chain rule \(1\), Chain rule \(2\)"):
        canvas_csv(MARKS, path, "Chain rule", tmp_path / "out.csv")
    canvas_csv(MARKS, path, "2", tmp_path / "out.csv")
    assert rows(tmp_path / "out.csv")[0][-1] == "Chain rule (2)"


# ------------------------------------------------------------------------------------------------------ the gradebook


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Students by what became of them, in a gradebook in which all but one have full marks."""
    place = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        gradebook = Gradebook(f"sqlite:///{place}")
    with gradebook:
        for stem in ("chain_rule", "other"):
            gradebook.add_assignment(stem)
            gradebook.add_notebook(stem, stem)
            gradebook.add_grade_cell("check", stem, stem, max_score=4, cell_type="code")
            gradebook.add_grade_cell("text", stem, stem, max_score=2, cell_type="markdown")
            gradebook.add_task_cell("task", stem, stem, max_score=1, cell_type="markdown")
        for student in ("full", "held", "failed", "unread", "again", "late", "alone"):
            gradebook.add_student(student)
            for stem in ("chain_rule", "other"):
                gradebook.add_submission(stem, student)
                for cell, most in (("check", 4), ("text", 2), ("task", 1)):
                    grade = gradebook.find_grade(cell, stem, stem, student)
                    grade.needs_manual_grade = False
                    setattr(grade, "auto_score" if cell == "check" else "manual_score", most)
        for student in ("absent", "gone"):
            gradebook.add_student(student)
        unread = gradebook.find_grade("text", "chain_rule", "chain_rule", "unread")
        unread.manual_score, unread.needs_manual_grade = None, True
        gradebook.find_grade("check", "chain_rule", "chain_rule", "again").needs_manual_grade = True
        gradebook.find_grade("check", "chain_rule", "chain_rule", "late").extra_credit = 0.5
        gradebook.find_submission_notebook("chain_rule", "chain_rule", "late").late_submission_penalty = 2.5
        gradebook.db.commit()
        yield gradebook


OUTCOMES = {
    **{student: {"outcome": "graded", "reason": ""} for student in ("full", "unread", "again", "late", "gone")},
    "held": {"outcome": "held", "reason": "no notebook"},
    "failed": {"outcome": "failed", "reason": "the station is gone"},
    "stranger": {"outcome": "held", "reason": "no notebook"},
}


def test_marks_from_the_gradebook(book):
    marks = from_gradebook(book, "chain_rule", OUTCOMES)
    full = {"check": 4, "task": 1, "text": 2}
    assert marks["full"] == Marks(full, 7, 0, 7, 7, "graded")
    assert marks["late"] == Marks({**full, "check": 4.5}, 7.5, 2.5, 5, 7, "graded")
    assert {student: known.status for student, known in marks.items() if known.status != "graded"} == {
        "held": "held", "failed": "failed", "unread": "needs reading", "again": "needs reading", "alone": "failed",
        "absent": "missing", "gone": "failed", "stranger": "held",
    }  # fmt: skip
    for student in ("held", "failed", "alone", "absent", "gone", "stranger"):
        assert set(marks[student].points.values()) == {None} and marks[student].total is None
    assert marks["unread"].points == {"check": 4, "task": 1, "text": None}
    assert marks["unread"].reason == "a person has to read text" and marks["held"].reason == "no notebook"


def test_a_held_submission_takes_no_older_mark_along(book, tmp_path):
    marks_csv(from_gradebook(book, "chain_rule", OUTCOMES), tmp_path / "marks.csv")
    table = {row[0]: row for row in rows(tmp_path / "marks.csv")}
    assert table["held"][1:9] == ["held", "", "", "", "", "", "", "7"] and table["full"][7] == "7"


def test_how_the_newest_attempts_ended(tmp_path):
    ledger = Ledger(tmp_path, "chain_rule")

    def attempt(student, submission, outcome, second):
        when, key = f"2027-01-01T00:00:0{second}.000000+00:00", submission * 16
        return {"student": student, "submission": submission, "outcome": outcome, "reason": "why", "key": key,
                "when": when, "cells": {}}  # fmt: skip

    for student, first, second in (("ada", "graded", "held"), ("bob", "held", "graded"), ("cyd", "graded", "graded")):
        ledger.record(attempt(student, "a", first, 1))
        ledger.post(attempt(student, "a", first, 1))
        ledger.record(attempt(student, "b" if student != "cyd" else "a", second, 2))
    found = newest(ledger)
    assert {student: end["outcome"] for student, end in found.items()} == {
        "ada": "held",
        "bob": "failed",
        "cyd": "graded",
    }
    assert "the gradebook is not up to date" in found["bob"]["reason"]
    shutil.rmtree(tmp_path / "chain_rule")
    assert newest(ledger) == {}
