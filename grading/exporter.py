"""``nbgrader export`` for this course: who was held has no score, where nbgrader would write 0."""

import csv
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import ExportPlugin
from traitlets.config import Config

from grading.export import from_gradebook, harmless, newest
from grading.ledger import Ledger

HEAD = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
    "late_submission_penalty", "score", "max_score", "status",
)  # fmt: skip


class CsvExport(ExportPlugin):
    """nbgrader's columns, and one more: graded, held, failed, missing or needs reading.

    Who handed nothing in has 0, as with nbgrader. Who was held or failed here has an empty score, and so has whoever's
    notebook waits for a person.
    """

    def export(self, gradebook: Gradebook) -> None:
        """Write the table to ``--to``, ``grades.csv`` without it."""
        course: Config = self.config.CourseDirectory
        with open(self.to or "grades.csv", "w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(HEAD)
            for assignment in gradebook.assignments:
                if self.assignment and assignment.name not in self.assignment:
                    continue
                ledger = Ledger(Path(str(course.root) or ".", "ledger"), assignment.name)
                marks = from_gradebook(gradebook, assignment.name, newest(ledger))
                for student in gradebook.students:
                    if not self.student or student.id in map(str, self.student):
                        table.writerow(map(_cell, self._row(gradebook, assignment, student, marks[student.id])))

    def _row(self, gradebook, assignment, student, known) -> list:
        try:
            when = gradebook.find_submission(assignment.name, student.id).timestamp
        except MissingEntry:
            when = None
        scores = [known.raw, known.penalty, known.total]
        if known.status == "missing":
            scores = [0.0, 0.0, 0.0]
        elif known.status != "graded":
            scores = [None, None, None]
        person = [student.id, student.last_name, student.first_name, student.email]
        return [assignment.name, assignment.duedate, when, *person, *scores, assignment.max_score, known.status]


def _cell(value) -> str:
    return "" if value is None else harmless(value) if isinstance(value, str) else str(value)
