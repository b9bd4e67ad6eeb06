"""Marks on their way out: a table of one's own, Moodle's grading worksheet, Canvas's gradebook.

Only a graded submission has a mark. Held, failed, not yet read: the cell is empty, never 0, and what was left empty is
said.
"""

import csv
import html
import io
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

STATUSES = ("graded", "held", "failed", "missing", "needs reading")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # what a spreadsheet may take for a formula
# The columns of Moodle's worksheet that matter here; the first three must be there.
MOODLE = ("Identifier", "Grade", "Maximum Grade", "Grade can be changed", "Feedback comments")


class Marks(NamedTuple):
    """What is known of one student: the points of each graded cell (``None``: none yet), their sum, what being late
    cost, what is left, the most that there is, one of ``STATUSES``, and the reason where there is no mark."""

    points: Mapping[str, float | None]
    raw: float | None
    penalty: float
    total: float | None
    most: float
    status: str
    reason: str = ""


class Export(NamedTuple):
    """How many marks were written, and a line for everything that a person should look at."""

    written: int
    lines: list[str]


def mark(student: str, marks: Marks) -> float | None:
    """The mark that may leave the course, or nothing.

    Raises:
        ValueError: if the status is none of those that there are, or a graded submission has no number of points.

    Example:
        >>> mark("ada", Marks({"a": 2.0}, 2.0, 0.5, 1.5, 4.0, "graded"))
        1.5
        >>> mark("bob", Marks({"a": 2.0, "b": None}, 2.0, 0.0, 2.0, 4.0, "needs reading")) is None
        True
    """
    if marks.status not in STATUSES:
        raise ValueError(f"{student}: got the status {marks.status!r}, wanted one of {', '.join(STATUSES)}")
    if marks.status != "graded":
        return None
    if marks.total is None or not math.isfinite(marks.total) or marks.total < 0:
        raise ValueError(f"{student}: got {marks.total!r} points for a graded submission, wanted a number from 0")
    return marks.total


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula: such a cell gets an apostrophe in front. Numbers and a lone dash
    stay.

    Example:
        >>> harmless("=1+1"), harmless("@SUM(A1)"), harmless("-2.5"), harmless("-"), harmless("Ada")
        ("'=1+1", "'@SUM(A1)", '-2.5', '-', 'Ada')
    """
    if not text.startswith(FORMULA) or text == "-" or re.fullmatch(r"[+-]?\d+([.,]\d+)?%?", text):
        return text
    return f"'{text}"


def number(value: float | None) -> str:
    """A number as tables have it, or nothing.

    Example:
        >>> number(7.0), number(2 / 3), number(None), number(-0.0)
        ('7', '0.6667', '', '0')
    """
    text = "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


# ----------------------------------------------------------------------------------------------- a table of one's own


def marks_csv(marks: Mapping[str, Marks], to: Path) -> None:
    """Write a row a student: id, status, the points of each cell, their sum, what being late cost, the mark, the most,
    and the reason where there is no mark.

    Raises:
        ValueError: as :func:`mark`.
    """
    cells = list(dict.fromkeys(cell for known in marks.values() for cell in known.points))
    table = [["student", "status", *map(harmless, cells), "raw", "late penalty", "total", "most", "reason"]]
    for student, known in sorted(marks.items()):
        total = mark(student, known)
        sums = [None] * 3 if total is None else [known.raw, known.penalty, total]
        points = [number(known.points.get(cell)) for cell in cells]
        reason = harmless(" ".join(known.reason.split()))
        table.append([harmless(student), known.status, *points, *map(number, sums), number(known.most), reason])
    _write(Path(to), table, Dialect(",", "\r\n", ""))


# ------------------------------------------------------------------------------------------------------------ Moodle


def moodle_csv(
    marks: Mapping[str, Marks],
    worksheet: Path,
    to: Path,
    roster: Mapping[str, str] | None = None,
    scale: bool = False,
    names: Mapping[str, str] | None = None,
) -> Export:
    """Fill in the grading worksheet that Moodle gave out, for its 'Upload grading worksheet'.

    Moodle reads the columns Identifier, Grade, Last modified (grade) and Feedback comments, and passes over a row whose
    grade is empty: an older grade stays there, which is said. The time in Last modified (grade) is left as it was, as
    Moodle compares it. The reason why a submission was held goes into an empty comment.

    Args:
        marks: by student.
        worksheet: what Moodle gave out ('Download grading worksheet').
        to: the file to write; may be the same.
        roster: student by Moodle's number; without, the numbers are the students.
        scale: reckon marks into Moodle's maximum grade where that differs.
        names: the headings of a worksheet that is not in English, by the English ones.

    Raises:
        ValueError: if it is no such worksheet, or its maximum grade is not the assignment's.
    """
    table, dialect = _read(Path(worksheet))
    called = {name: (names or {}).get(name, name) for name in MOODLE}
    place = {name: table[0].index(word) for name, word in called.items() if word in table[0]}
    if missing := [called[name] for name in MOODLE[:3] if name not in place]:
        raise ValueError(f"{worksheet}: no column {', '.join(map(repr, missing))}; it has {', '.join(table[0])}")
    sheet = _Sheet(marks, roster, scale, str(worksheet))
    for line, row in enumerate(table[1:], start=2):
        if len(row) != len(table[0]):
            sheet.lines.append(f"line {line} has {len(row)} cells, its heading {len(table[0])}: left as it was")
            continue
        found = re.search(r"(\d+)\s*$", row[place["Identifier"]])
        student = sheet.student(found and found[1], f"line {line} ({row[place['Identifier']]})")
        row[:] = [cell if at == place["Identifier"] else harmless(cell) for at, cell in enumerate(row)]
        if student is None:
            continue
        if "Grade can be changed" in place and row[place["Grade can be changed"]].casefold() == "no":
            sheet.lines.append(f"{student}: Moodle says that this grade can't be changed: left as it was")
            continue
        before = row[place["Grade"]]
        grade = sheet.grade(student, row[place["Maximum Grade"]])
        if grade is None:
            continue
        row[place["Grade"]] = grade
        if not grade:
            if before not in ("", "-"):
                sheet.lines.append(f"{student}: the grade {before} stays in Moodle, which passes over empty cells")
            why, said = marks[student].reason, place.get("Feedback comments")
            if marks[student].status == "held" and why and said is not None and not row[said]:
                row[said] = "Not graded: " + html.escape(" ".join(why.split()))
    return sheet.done(Path(to), table, dialect)


# ------------------------------------------------------------------------------------------------------------ Canvas


def canvas_csv(
    marks: Mapping[str, Marks],
    exported: Path,
    column: str,
    to: Path,
    roster: Mapping[str, str] | None = None,
    scale: bool = False,
) -> Export:
    """Fill in an assignment's column of the gradebook that Canvas exported, for its 'Import'.

    The columns that say who a student is and the assignment's are written, and the row 'Points Possible'; the other
    assignments are not, so that importing changes nothing that was marked there meanwhile. 'EX' (excused) stays.

    Args:
        marks: by student.
        exported: what Canvas gave out.
        column: the heading, such as ``Chain rule (12345)``; its title or its number will do.
        to: the file to write; may be the same.
        roster: student by Canvas's ID; without, the IDs are the students.
        scale: reckon marks into Canvas's points possible where those differ.

    Raises:
        ValueError: if it is no such table, has no such column, or other points possible than the assignment.
    """
    table, dialect = _read(Path(exported))
    head = table[0]
    if "ID" not in head or "Section" not in head:
        raise ValueError(f"{exported}: this is no gradebook of Canvas: no columns 'ID' and 'Section'")
    who = head.index("Section") + 1
    fits = [at for at in range(who, len(head)) if _is_column(head[at], column)]
    if len(fits) != 1:
        found = ", ".join(head[at] for at in (fits or range(who, len(head))))
        raise ValueError(f"column: got {column!r}, which is {len(fits)} columns of {exported}; wanted one of {found}")
    at, ident = fits[0], head.index("ID")
    possible = [row[at].strip() for row in table[1:] if len(row) == len(head) and _is_possible(row, ident)]
    if len(possible) != 1 or "read only" in possible[0]:
        raise ValueError(f"{exported}: {head[at]!r} takes no marks: its points possible are {possible or 'not there'}")
    sheet, rows = _Sheet(marks, roster, scale, str(exported)), [[*head[:who], head[at]]]
    for line, row in enumerate(table[1:], start=2):
        if len(row) != len(head):
            if any(cell.strip() for cell in row):
                sheet.lines.append(f"line {line} has {len(row)} cells, its heading {len(head)}: left out")
            continue
        kept = [*row[:who], row[at]]
        rows.append(kept)
        if _is_possible(row, ident) or all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", c) for c in row):
            continue
        number_ = row[ident].strip()
        student = sheet.student(number_ if number_.isdecimal() else None, f"line {line} ({row[0]})")
        kept[:] = [cell if place == ident else harmless(cell) for place, cell in enumerate(kept)]
        if student is None:
            continue
        if row[at].strip().upper() == "EX":
            sheet.lines.append(f"{student}: excused in Canvas: left as it was")
            continue
        grade = sheet.grade(student, possible[0])
        if grade is not None:
            kept[-1] = grade
    return sheet.done(Path(to), rows, dialect)


def _is_possible(row: list[str], ident: int) -> bool:
    return "Points Possible" in row[0] and not row[ident].strip()


def _is_column(heading: str, wanted: str) -> bool:
    parts = re.fullmatch(r"(.*) \((\d+)\)", heading.strip())
    return wanted.strip() in (heading.strip(), *(parts.groups() if parts else ()))


# ------------------------------------------------------------------------------------------------------ the gradebook


def newest(ledger) -> dict[str, dict[str, str]]:
    """How the newest attempt of every student ended, for :func:`from_gradebook`.

    One that was graded but is not what stands in the gradebook counts as failed.

    Args:
        ledger: the assignment's, :class:`grading.ledger.Ledger`.
    """
    found = {}
    for student in ledger.students():
        if not (attempts := ledger.attempts(student)):
            continue
        outcome, reason, posted = attempts[-1]["outcome"], attempts[-1]["reason"], ledger.posted(student)
        if outcome == "graded" and (posted is None or posted["submission"] != attempts[-1]["submission"]):
            outcome, reason = "failed", "it was graded, but the gradebook is not up to date: run the grader again"
        found[student] = {"outcome": outcome, "reason": reason}
    return found


def from_gradebook(gradebook, stem: str, outcomes: Mapping[str, Mapping]) -> dict[str, Marks]:
    """The marks of an assignment as nbgrader keeps them, by student.

    How the newest attempt ended has the last word: a held one has no mark, whatever the gradebook says. Marks that no
    attempt stands for are not given out.

    Args:
        gradebook: nbgrader's, open.
        stem: the assignment.
        outcomes: what :func:`newest` gives.
    """
    from nbgrader import api

    database, assignment = gradebook.db, gradebook.find_assignment(stem)
    cells = sorted({c.name for notebook in assignment.notebooks for c in (*notebook.grade_cells, *notebook.task_cells)})
    scores, unread, late, most = {}, set(), {}, float(assignment.max_score or 0)
    query = (
        database.query(api.SubmittedAssignment.student_id, api.BaseCell.name, api.Grade)
        .select_from(api.Grade)
        .join(api.SubmittedNotebook, api.Grade.notebook_id == api.SubmittedNotebook.id)
        .join(api.SubmittedAssignment, api.SubmittedNotebook.assignment_id == api.SubmittedAssignment.id)
        .join(api.BaseCell, api.Grade.cell_id == api.BaseCell.id)
        .filter(api.SubmittedAssignment.assignment_id == assignment.id)
    )
    for student, cell, grade in query:
        known = grade.auto_score is not None or grade.manual_score is not None
        scores.setdefault(student, {})[cell] = float(grade.score) if known else None
        if grade.needs_manual_grade or not known:
            unread.add(student)
    query = (
        database.query(api.SubmittedAssignment.student_id, api.SubmittedNotebook.late_submission_penalty)
        .select_from(api.SubmittedNotebook)
        .join(api.SubmittedAssignment, api.SubmittedNotebook.assignment_id == api.SubmittedAssignment.id)
        .filter(api.SubmittedAssignment.assignment_id == assignment.id)
    )
    for student, penalty in query:
        late[student] = late.get(student, 0.0) + (penalty or 0.0)
    marks = {}
    for student in sorted({known.id for known in gradebook.students} | set(outcomes) | set(late)):
        points = {cell: scores.get(student, {}).get(cell) for cell in cells}
        newest = outcomes.get(student)
        if newest is None and student not in late:
            marks[student] = Marks(points, None, 0.0, None, most, "missing", "nothing was handed in")
            continue
        status, reason = "graded", ""
        if newest is None:
            status, reason = "failed", "the gradebook has points, but no attempt stands for them: grade it again"
        elif newest["outcome"] != "graded":
            status, reason = newest["outcome"], newest.get("reason", "")
        elif student not in scores:
            status, reason = "failed", "it was graded, but is not in the gradebook: grade it again"
        elif student in unread:
            status, reason = "needs reading", "a person has to read " + _unread(points)
        if status != "graded":
            points = dict.fromkeys(points) if status in ("held", "failed") else points
            marks[student] = Marks(points, None, 0.0, None, most, status, reason)
            continue
        raw = sum(points.values())
        marks[student] = Marks(points, raw, late[student], max(0.0, raw - late[student]), most, status)
    return marks


def _unread(points: Mapping[str, float | None]) -> str:
    return ", ".join(cell for cell, value in points.items() if value is None) or "what a person marked before"


# ------------------------------------------------------------------------------------------------------------- tables


class Dialect(NamedTuple):
    """How a table was written, so that it can go back in the same way."""

    delimiter: str
    newline: str
    mark: str  # of the order of bytes


class _Sheet:
    """Rows of a table from elsewhere, whose students are looked up in marks."""

    def __init__(self, marks: Mapping[str, Marks], roster: Mapping[str, str] | None, scale: bool, name: str):
        self.marks, self.roster, self.scale, self.name = marks, roster, scale, name
        self.seen, self.lines, self.written = set(), [], 0

    def student(self, number_: str | None, where: str) -> str | None:
        """The student of a row, or nothing and a line that says why."""
        if number_ is None:
            self.lines.append(f"{where}: no student's number: left as it was")
            return None
        student = number_ if self.roster is None else self.roster.get(number_)
        if student is None or student not in self.marks:
            why = "not in the roster" if student is None else "no such student here"
            self.lines.append(f"{where}: {why}: left as it was")
            return None
        if student in self.seen:
            self.lines.append(f"{where}: {student} for the second time: left as it was")
            return None
        self.seen.add(student)
        return student

    def grade(self, student: str, highest: str) -> str | None:
        """What goes into a student's cell; nothing if it is to stay as it is."""
        known = self.marks[student]
        if known.status == "missing":
            self.lines.append(f"{student}: {known.reason or 'nothing was handed in'}: left as it was")
            return None
        value = mark(student, known)
        if value is None:
            self.lines.append(f"{student}: {known.status}: {known.reason or 'no mark'}: empty")
            return ""
        try:
            limit = float(highest.replace(",", "."))
        except ValueError:
            raise ValueError(f"{self.name}: got {highest!r} for the highest grade, wanted a number") from None
        if limit != known.most:
            if not self.scale:
                raise ValueError(
                    f"{self.name}: its highest grade is {number(limit)}, the assignment's {number(known.most)}: "
                    "change it there, or ask for marks to be scaled"
                )
            if not (math.isfinite(limit) and limit > 0 and known.most > 0):
                raise ValueError(f"{self.name}: can't scale {number(known.most)} points to {highest}")
            value = value / known.most * limit
        if value > limit:
            self.lines.append(f"{student}: {number(value)} is more than the highest grade {number(limit)}")
        self.written += 1
        return number(value)

    def done(self, to: Path, table: list[list[str]], dialect: Dialect) -> Export:
        """Write the table; add a line for every student who is not in it."""
        absent = sorted(set(self.marks) - self.seen)
        self.lines += [f"{student}: {self.marks[student].status}, but not in {self.name}" for student in absent]
        _write(to, table, dialect)
        return Export(self.written, [_plain(line) for line in self.lines])


def _plain(line: str) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in line)[:300]


def _read(path: Path) -> tuple[list[list[str]], Dialect]:
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: its bytes are no UTF-8: save it as CSV (UTF-8)") from None
    mark_, text = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise ValueError(f"{path}: this is no CSV ({error})") from None
    if not table or not table[0]:
        raise ValueError(f"{path}: it is empty")
    table[0] = [cell.strip() for cell in table[0]]
    return table, Dialect(delimiter, "\r\n" if first.endswith("\r") else "\n", mark_)


def _write(path: Path, table: list[list[str]], dialect: Dialect) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(beside, "w", encoding="utf-8", newline="") as file:
            file.write(dialect.mark)
            csv.writer(file, delimiter=dialect.delimiter, lineterminator=dialect.newline).writerows(table)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
