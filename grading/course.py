"""nbgrader's own Python interface, with the course's settings, over a course folder of one's choice."""

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import nbgrader.api
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory
from nbgrader.plugins import CsvExportPlugin
from nbgrader.utils import temp_attrs
from traitlets.config import Config, PyFileConfigLoader

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "nbgrader_config.py"


class StepFailed(RuntimeError):
    """A step of nbgrader's loop failed; the message holds its log."""


def settings(folder: Path, exchange: Path | None = None) -> Config:
    """The settings of ``nbgrader_config.py``, for the course in ``folder``."""
    config = PyFileConfigLoader(str(CONFIG)).load_config()
    config.CourseDirectory.root = str(folder)
    if exchange is not None:
        config.Exchange.root = str(exchange)
    return config


@contextlib.contextmanager
def one_engine() -> Iterator[None]:
    """Let all gradebooks that are opened meanwhile share an engine: nbgrader opens one some ten times a submission, and
    most of the time that each takes is for statements that the engine before it had compiled."""
    made, plain = {}, nbgrader.api.create_engine

    def create_engine(url, **options):
        if url not in made:
            made[url] = plain(url, **options)
        return made[url]

    nbgrader.api.create_engine = create_engine
    try:
        yield
    finally:
        nbgrader.api.create_engine = plain


class Course:
    """A course folder and its exchange. Each step of the loop is a method; one that fails raises :class:`StepFailed`.

    Args:
        folder: holds ``solutions/``; nbgrader adds ``exercises/``, ``submitted/``, ``autograded/``, ``feedback/`` and,
            unless ``COURSE_GRADEBOOK`` names a database, ``gradebook.db``.
        exchange: the folder through which assignments travel; ``None`` is the one of the settings.
    """

    def __init__(self, folder: Path, exchange: Path | None = None):
        self.folder = Path(folder).resolve()
        if exchange is not None:
            Path(exchange).mkdir(parents=True, exist_ok=True)
        self.config = settings(self.folder, exchange)
        self.config.NbGraderAPI.log_level = logging.ERROR  # a failed step raises, with its whole log
        self.api = NbGraderAPI(coursedir=CourseDirectory(config=self.config), config=self.config)

    def generate(self, stem: str) -> Path:
        """Make the students' notebook of an assignment; returns its folder."""
        self._done("generate_assignment", self.api.generate_assignment(stem))
        return self.folder / "exercises" / stem

    def release(self, stem: str) -> None:
        """Put an assignment where students can fetch it."""
        self._done("release_assignment", self.api.release_assignment(stem))

    def collect(self, stem: str) -> None:
        """Take in what students have submitted."""
        self._done("collect", self.api.collect(stem))

    def autograde(self, stem: str, student: str) -> None:
        """Run a student's notebook and keep the marks of its checks."""
        self._done(f"autograde {student}", self.api.autograde(stem, student))

    def mark(self, stem: str, student: str, cell: str, points: float, comment: str) -> None:
        """Give points and a comment for a cell that a person reads, as the formgrader does."""
        with self.api.gradebook as gradebook:
            grade = gradebook.find_grade(cell, stem, stem, student)
            grade.manual_score, grade.needs_manual_grade = points, False
            gradebook.find_comment(cell, stem, stem, student).manual_comment = comment
            gradebook.db.commit()

    def feedback(self, stem: str, student: str) -> Path:
        """Write a student's feedback page and release it; returns it."""
        self._done(f"generate_feedback {student}", self.api.generate_feedback(stem, student))
        self._done(f"release_feedback {student}", self.api.release_feedback(stem, student))
        return self.folder / "feedback" / student / stem / f"{stem}.html"

    def export(self, to: Path) -> None:
        """Write the marks of all assignments and students to a CSV file."""
        with self.api.gradebook as gradebook:
            CsvExportPlugin(parent=self.api, to=str(to)).export(gradebook)

    def marks(self, stem: str) -> dict[str, dict[str, float]]:
        """The points of every graded cell, by its name, for every student who submitted."""
        with self.api.gradebook as gradebook:
            return {
                submission.student.id: {
                    grade.name: grade.score for notebook in submission.notebooks for grade in notebook.grades
                }
                for submission in gradebook.assignment_submissions(stem)
            }

    def _done(self, step: str, result: dict) -> None:
        if not result["success"]:
            raise StepFailed(f"{step} failed\n{result.get('log', '')}\n{result.get('error', '')}")


class Student:
    """A student's side of the exchange, played by whoever runs the sample class.

    Args:
        name: the student's id.
        folder: the student's own folder.
        course: the course whose exchange is used.
    """

    def __init__(self, name: str, folder: Path, course: Course):
        self.name, self.folder = name, Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.course = course

    def fetch(self, stem: str) -> Path:
        """Get a released assignment; returns its notebook."""
        self._run(stem, "FetchAssignment")
        return self.folder / stem / f"{stem}.ipynb"

    def submit(self, stem: str) -> None:
        """Hand the assignment's folder in."""
        self._run(stem, "Submit")

    def fetch_feedback(self, stem: str) -> list[Path]:
        """Get the released feedback; returns its pages."""
        self._run(stem, "FetchFeedback")
        return sorted((self.folder / stem / "feedback").rglob("*.html"))

    def _run(self, stem: str, action: str) -> None:
        api = self.course.api
        with _name_of(api, stem, self.name):
            step = getattr(ExchangeFactory(config=self.course.config), action)(
                coursedir=api.coursedir, authenticator=api.authenticator, parent=api
            )
            step.assignment_dir, step.cache = str(self.folder), str(self.folder / ".cache")
            step.start()


@contextlib.contextmanager
def _name_of(api: NbGraderAPI, stem: str, student: str) -> Iterator[None]:
    here = os.getcwd()
    with temp_attrs(api.coursedir, assignment_id=stem, student_id=student):
        try:
            yield
        finally:
            os.chdir(here)
