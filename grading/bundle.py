"""What an appeal needs: a bundle of one student's mark, and a rerun that shows whether it comes out again.

A bundle holds the assignment with its solutions and kept-back checks, and the seed of the questions: it is for whoever
decides, not for the student.
"""

import hashlib
import importlib.metadata
import json
import platform
import tempfile
import zipfile
from pathlib import Path

from grading import intake
from grading.case import PACKAGES, Assignment, Case, environment
from grading.course import Course
from grading.execute import kind
from grading.ledger import Ledger
from grading.parallel import submissions
from grading.referee import Station

ENTRIES = {"about.json", "attempts.json", "submission.ipynb", "assignment.ipynb", "posted.json"}
MOST = 64 << 20  # bytes of an entry


def bundle(course: Course, stem: str, student: str, to: Path) -> Path:
    """Write what a student's mark rests on into one archive.

    It holds the submission as it lies there, the assignment, all attempts, what stands in the gradebook, and versions.

    Raises:
        ValueError: if no attempt that was graded or held is of the submission and the assignment as they are now.
        FileExistsError: if there is such a file already.
    """
    ledger = Ledger(course.folder / "ledger", stem)
    attempts, path = ledger.attempts(student), submissions(course, stem).get(student)
    if not attempts or path is None:
        raise ValueError(f"there is no attempt of {student} at {stem}, or the submission is gone")
    try:
        data = intake.content(path)
    except intake.Held as held:
        raise ValueError(f"{student}: the submission can't be put into an archive: {held}") from None
    source = course.api.coursedir.format_path(course.api.coursedir.source_directory, ".", stem)
    assignment = (course.folder / source / f"{stem}.ipynb").read_bytes()
    found = [hashlib.sha256(text).hexdigest() for text in (data, assignment)]
    fits = [a for a in attempts if a["outcome"] != "failed" and [a["submission"], a["assignment_hash"]] == found]
    if not fits:
        raise ValueError(
            f"{student}: no attempt is of the submission and the assignment as they are now: grade {stem} again"
        )
    about = {
        "student": student, "assignment": stem, "attempt": fits[-1]["key"], "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES}, "environment": environment(),
    }  # fmt: skip
    with open(to, "xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {
            "about.json": json.dumps(about, indent=1),
            "attempts.json": json.dumps(attempts, indent=1),
            "posted.json": json.dumps(ledger.posted(student), indent=1),
            "submission.ipynb": data,
            "assignment.ipynb": assignment,
        }.items():
            archive.writestr(name, content)
    return Path(to)


def reproduce(path: Path) -> tuple[dict, list[str]]:
    """Grade a bundle's submission once more, in the sandbox, with the same seed.

    Args:
        path: what :func:`bundle` wrote.

    Returns:
        The attempt that the mark rests on, and a line for everything that came out otherwise: none if it reproduces.
        Lines on versions come first; they alone change no mark.

    Raises:
        ValueError: if it is no such archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if {info.filename for info in archive.infolist()} != ENTRIES:
                raise ValueError(f"its files are not {', '.join(sorted(ENTRIES))}")
            if any(info.file_size > MOST for info in archive.infolist()):
                raise ValueError("a file in it is too large")
            content = {name: archive.read(name) for name in ENTRIES}
        about, attempts = json.loads(content["about.json"]), json.loads(content["attempts.json"])
        before = next(attempt for attempt in attempts if attempt["key"] == about["attempt"])
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, StopIteration, TypeError) as error:
        raise ValueError(f"{path} is no bundle: {error}") from None
    with tempfile.TemporaryDirectory() as folder:
        places = {name: Path(folder, name, f"{about['assignment']}.ipynb") for name in ("assignment", "submission")}
        for name, place in places.items():
            place.parent.mkdir()
            place.write_bytes(content[f"{name}.ipynb"])
        assignment = Assignment(places["assignment"])
        case = Case(assignment, before["student"], places["submission"], before["seed"], kind())
        station = Station(assignment.hidden, kind=case.kind)
        try:
            after = case.result(None if case.reason else station.grade(case.job()))
        finally:
            station.close()
    lines = []
    for name in ("submission", "assignment_hash"):
        if before[name] != after[name]:
            raise ValueError(f"{path} is no bundle: its {name.partition('_')[0]} is not the one of the attempt")
    if before["environment"] != after["environment"]:
        then = {"python": about["python"], **about["packages"]}
        today = {"python": platform.python_version()} | {n: importlib.metadata.version(n) for n in PACKAGES}
        told = ", ".join(f"{n} {then.get(n)} then, {today[n]} now" for n in today if then.get(n) != today[n])
        lines.append(f"versions differ: {told or 'of dgmlib or of the grader'}")
    if before["outcome"] != after["outcome"]:
        return before, [*lines, f"{before['outcome']} then, {after['outcome']} now: {after['reason']}"]
    for name, cell in before["cells"].items():
        now = after["cells"].get(name)
        if cell["role"] == "check" and (now is None or cell["points"] != now["points"]):
            lines.append(f"{name}: {cell['points']:g} points then, {'none' if now is None else now['points']} now")
    return before, lines
