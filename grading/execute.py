"""The grader as nbgrader sees it: an exporter that trusts no file, and preprocessors that take marks from the ledger.

``nbgrader autograde``, the formgrader's button and ``python -m grading`` all come through here.
"""

import atexit
import datetime
import logging
import os
import shutil
import stat
import time
from functools import cache
from pathlib import Path

from nbconvert.exporters import NotebookExporter
from nbformat import v4
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import Execute as PlainExecute
from nbgrader.preprocessors import NbGraderPreprocessor

from grading.case import Assignment, Case, environment, key_of
from grading.ledger import Ledger
from grading.referee import Station

WARNING = """
********************************************************************************************************
* NO SANDBOX: student code runs as you, with your files, your gradebook and your network in its reach. *
* Grade only what you wrote yourself. Each result says that it was made this way.                      *
********************************************************************************************************"""


NBGRADERS = ("timestamp.txt", "submission_secret.txt")  # what nbgrader itself puts beside a submission


class FailedHere(RuntimeError):
    """A submission could not be graded for a reason that is ours, not the student's; it is tried again next time."""


@cache
def warn_once() -> None:
    """Say loudly, once a process, that student code runs unprotected."""
    logging.getLogger("grading").warning(WARNING)


def kind() -> str:
    """How student code is kept apart."""
    found = os.environ.get("COURSE_SANDBOX") or "bubblewrap"
    if found == "none":
        warn_once()
    return found


@cache
def station(hidden: tuple[str, ...], found: str) -> Station:
    """This process's station for assignments that hide the same modules."""
    made = Station(list(hidden), kind=found)
    atexit.register(made.close)
    return made


_assignments: dict[tuple[Path, float], Assignment] = {}  # by file and time of change


def case_of(coursedir, resources: dict) -> tuple[Case, Ledger]:
    """The case that nbgrader is at, and the ledger that it belongs to."""
    about = resources["nbgrader"]
    stem, student, notebook = about["assignment"], about["student"], about["notebook"]
    root = Path(coursedir.root)
    solution = root / coursedir.format_path(coursedir.source_directory, ".", stem) / f"{notebook}.ipynb"
    submitted = root / coursedir.format_path(coursedir.submitted_directory, student, stem) / f"{notebook}.ipynb"
    ledger = Ledger(root / "ledger", stem)
    which = (solution, solution.stat().st_mtime)
    if which not in _assignments:
        _assignments[which] = Assignment(solution, coursedir.config)
    return Case(_assignments[which], student, submitted, ledger.seed(), kind(), environment()), ledger


def is_note(path: Path) -> bool:
    """Whether a file beside a submission is an ordinary, short one."""
    about = os.lstat(path)
    return stat.S_ISREG(about.st_mode) and about.st_nlink == 1 and about.st_size < 1000


def set_aside(assignment: str, student: str, notebooks: list[str]) -> None:
    """Take what is no ordinary file from beside submissions, so that nbgrader, which copies all, follows no link.

    It is moved, not lost: to ``ledger/<assignment>/aside/<student>``. A timestamp that is none is replaced by the time
    at which the notebook came here.
    """
    for folder in {Path(notebook).parent for notebook in notebooks}:
        stamp = folder / "timestamp.txt"
        for place, folders, files in os.walk(folder):
            for name in [*folders, *files]:
                entry = Path(place, name)
                mode = entry.lstat().st_mode
                if stat.S_ISDIR(mode) or stat.S_ISREG(mode) or entry in map(Path, notebooks):
                    continue
                _move(entry, folder)
                folders[:] = [kept for kept in folders if kept != name]
        if stamp.exists() and not is_time(stamp):
            came = datetime.datetime.fromtimestamp(folder.stat().st_ctime, datetime.UTC)
            _move(stamp, folder)
            stamp.write_text(came.strftime("%Y-%m-%d %H:%M:%S.%f UTC"))


def is_time(stamp: Path) -> bool:
    """Whether a submission's timestamp is one that nbgrader can read."""
    try:
        words = stamp.read_text("utf-8")
        return len(words) < 100 and utils.parse_utc(words.strip()) is not None
    except (OSError, ValueError, OverflowError):
        return False


def _move(entry: Path, folder: Path) -> None:
    aside = folder.parents[2] / "ledger" / folder.name / "aside" / folder.parent.name
    aside.mkdir(parents=True, exist_ok=True)
    logging.getLogger("grading").warning("%s is no file that a submission may have: moved to %s", entry, aside)
    os.rename(entry, aside / f"{time.time_ns()}-{entry.name}")


class AnyFile(NotebookExporter):
    """Opens no submission: :class:`Transplant` reads it, as data."""

    def from_filename(self, filename, resources=None, **options):
        """A submission's place in the course, and an empty notebook; what was graded, as it is."""
        if not self.parent._sanitizing:
            return super().from_filename(filename, resources=resources, **options)
        resources = self._init_resources(resources)
        resources["metadata"]["name"] = Path(filename).stem
        return self.from_notebook_node(v4.new_notebook(), resources=resources)


class Transplant(NbGraderPreprocessor):
    """Sets the student's sources into the instructor's notebook. Files beside a submission have no place in it."""

    def preprocess(self, nb, resources):
        """The notebook that is graded."""
        coursedir = self.parent.parent.coursedir
        case, ledger = case_of(coursedir, resources)
        if not case.reason and ledger.find(case.student, case.key) is None:
            station(tuple(case.assignment.hidden), case.kind)  # before anything is written: is there a sandbox?
        about = resources["nbgrader"]
        graded = coursedir.format_path(coursedir.autograded_directory, about["student"], about["assignment"])
        for entry in Path(coursedir.root, graded).glob("*"):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name not in NBGRADERS or not is_note(case.path.with_name(entry.name)):
                entry.unlink()
        return case.notebook(), resources


class Execute(PlainExecute):
    """Has the submission judged, unless the ledger knows how that ends, and shows what came."""

    def preprocess(self, nb, resources=None, km=None):
        """The notebook with what its cells put out."""
        case, ledger = case_of(self.parent.parent.coursedir, resources)
        result = ledger.find(case.student, case.key)
        if result is None:
            answer = None
            if not case.reason:
                answer = station(tuple(case.assignment.hidden), case.kind).grade(case.job())
            result = case.result(answer)
            ledger.record(result)
            if result["outcome"] == "failed":
                raise FailedHere(f"{case.student}, {case.assignment.stem}: {result['reason']}")
        resources["grading"] = result
        place = 0
        for cell in nb.cells:
            if cell.get("id") in ("held", "no-sandbox"):
                continue
            if cell.cell_type == "code":
                done = result["cells"].get(key_of(cell, place), {"outputs": [], "number": None})
                cell.outputs = [v4.output_from_msg(message_of(o)) for o in done["outputs"]]
                cell.execution_count = done["number"]
            place += 1
        return nb, resources


def message_of(output: dict) -> dict:
    """A notebook's output as the message that it came from."""
    content = {name: value for name, value in output.items() if name != "output_type"}
    return {"header": {"msg_type": output["output_type"]}, "content": content}


class SaveMarks(NbGraderPreprocessor):
    """Takes a check's points from the result, never from what it put out. A held submission has none, and waits for a
    person. All marks of a submission change at once, or none does."""

    def preprocess(self, nb, resources):
        """Write the marks of all cells into the gradebook."""
        about, result = resources["nbgrader"], resources["grading"]
        with Gradebook(about["db_url"]) as gradebook:
            submitted = gradebook.find_submission_notebook(about["notebook"], about["assignment"], about["student"])
            cells = [*submitted.notebook.grade_cells, *submitted.notebook.solution_cells]
            names = {cell.id: cell.name for cell in cells}
            grades = {names[grade.cell_id]: grade for grade in submitted.grades}
            comments = {names[comment.cell_id]: comment for comment in submitted.comments}
            for cell in nb.cells:
                name = cell.metadata.get("nbgrader", {}).get("grade_id")
                if utils.is_grade(cell):
                    grade = grades[name]
                    if result["outcome"] == "held":
                        grade.auto_score = None
                    elif utils.is_solution(cell):
                        grade.auto_score, _ = utils.determine_grade(cell, self.log)
                    else:
                        grade.auto_score = result["cells"][name]["points"]
                    grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
                if utils.is_solution(cell):
                    untouched = cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell)
                    comments[name].auto_comment = "No response." if untouched else None
            gradebook.db.commit()
        Ledger(Path(self.parent.parent.coursedir.root, "ledger"), about["assignment"]).post(result)
        return nb, resources
