"""A whole class graded: executed side by side on Dask, recorded in the ledger, then passed to nbgrader one by one.

Killed at any moment and started again, it goes on where it was: what the ledger knows is not run again, and what stands
in the gradebook is not written again.
"""

import datetime
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from grading import ledger as ledgers
from grading.case import Assignment, Case, environment
from grading.course import Course, StepFailed, one_engine
from grading.execute import kind
from grading.referee import Station

FEW = 2  # submissions for which starting a cluster is not worth it
TRIES = 2


class Graded(NamedTuple):
    """What a run did: the newest attempt of each student (:func:`grading.ledger.brief`), whose attempts are new, whose
    marks would change, and what was not posted and why."""

    results: dict[str, dict]
    fresh: list[str]
    changes: list[str]
    errors: dict[str, str]


# ------------------------------------------------------------------------------------------------------------ a worker

_stations: dict[tuple, Station] = {}


def work(job: dict, hidden: list[str], sandbox: str, expected: str) -> dict:
    """Grade a job on this process's station, which is started for the first.

    Args:
        job: what :meth:`grading.case.Case.job` makes.
        hidden: modules of dgmlib that are not in sight.
        sandbox: its kind.
        expected: the hash of the environment of whoever asks.
    """
    if environment() != expected:
        return {"error": "this worker has other versions of the course, or of what it stands on, than the grader"}
    which = (tuple(hidden), sandbox)
    if which not in _stations:
        # By process, so that no two at work on a machine share a user.
        _stations[which] = Station(hidden, number=os.getpid() % 4000, kind=sandbox)
    answer = _stations[which].grade(job)
    if answer.get("error") == "the station is gone":
        _stations.pop(which).close()
    return answer


def outcomes(
    jobs: Iterable[tuple[str, dict]], hidden: list[str], sandbox: str, scheduler: str | None, workers: int | None
) -> Iterator[tuple[str, dict]]:
    """The answers to jobs, each with its name, in the order in which they come.

    Args:
        jobs: names and jobs; taken as workers become free, so that a large class is never in memory.
        hidden: modules of dgmlib that are not in sight.
        sandbox: its kind.
        scheduler: the address of a Dask scheduler; a cluster on this machine without.
        workers: how many there are to be on this machine; 0 works in this process.
    """
    if workers == 0:
        for name, job in jobs:
            yield name, work(job, hidden, sandbox, environment())
        return
    import dask
    from distributed import Client, LocalCluster, as_completed

    folder = tempfile.mkdtemp(prefix="grading-dask-")
    # A student's cell may take minutes, in which a worker is busy and well.
    with dask.config.set({
        "distributed.scheduler.allowed-failures": 2, "distributed.worker.daemon": False,
        "distributed.admin.tick.limit": "1h", "logging.distributed": "error", "temporary-directory": folder,
    }):  # fmt: skip
        cluster = None
        if scheduler is None:
            cluster = LocalCluster(
                n_workers=workers or os.cpu_count() or 1, threads_per_worker=1, dashboard_address=None,
                processes=True, memory_limit=0, silence_logs=50,
            )  # fmt: skip
        try:
            with Client(cluster or scheduler) as client:
                slots = max(sum(client.nthreads().values()), 1)
                waiting, queue = {}, as_completed()
                jobs = iter(jobs)

                def more():
                    while len(waiting) < 2 * slots and (next_ := next(jobs, None)) is not None:
                        name, job = next_
                        future = client.submit(work, job, hidden, sandbox, environment(), pure=False)
                        waiting[future.key] = name
                        queue.add(future)

                more()
                while waiting:
                    future = next(queue)
                    name = waiting.pop(future.key)
                    error = future.exception()
                    yield name, {"error": f"{type(error).__name__}: {error}"} if error else future.result()
                    future.release()
                    more()
        finally:
            if cluster is not None:
                cluster.close()
            shutil.rmtree(folder, ignore_errors=True)


# ------------------------------------------------------------------------------------------------------------- a class


def submissions(course: Course, stem: str) -> dict[str, Path]:
    """The notebooks that were handed in, or should have been where only a folder was, by student."""
    pattern = _submitted(course, "*", stem).parent
    place = pattern.parts.index("*")
    folders = sorted(Path(*pattern.parts[:place]).glob(str(Path(*pattern.parts[place:]))))
    return {folder.parts[place]: folder / f"{stem}.ipynb" for folder in folders if folder.is_dir()}


def handed_in(path: Path) -> float:
    """When a submission came, in seconds since 1970: as its timestamp says, else when its file was written."""
    try:
        words = path.with_name("timestamp.txt").read_text("utf-8").strip()
        words = words.removesuffix("UTC").strip()
        moment = datetime.datetime.fromisoformat(words)
        return moment.replace(tzinfo=moment.tzinfo or datetime.UTC).timestamp()
    except (OSError, ValueError):
        return path.parent.stat().st_mtime


def grade(
    course: Course,
    stem: str,
    students: list[str] | None = None,
    force: bool = False,
    since: float | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    accept: bool = False,
    say=lambda student, result: None,
) -> Graded:
    """Grade what was handed in and is not graded yet.

    Args:
        course: the course folder.
        stem: the assignment.
        students: only these.
        force: run again what the ledger knows.
        since: only what was handed in after this moment, in seconds since 1970.
        scheduler: the address of a Dask scheduler; a cluster on this machine without.
        workers: how many on this machine; as many as it has cores without.
        accept: write marks into the gradebook that change although the submission did not.
        say: called with each student and result as it comes.

    Raises:
        InUse: if another grader is at work on the assignment.
        NoSandbox: if student code can't be run safely here.
        ValueError: for a student who handed nothing in.
    """
    ledger = ledgers.Ledger(course.folder / "ledger", stem)
    source = course.api.coursedir.format_path(course.api.coursedir.source_directory, ".", stem)
    assignment = Assignment(course.folder / source / f"{stem}.ipynb", course.config)
    found = submissions(course, stem)
    if strange := sorted(set(students or []) - set(found)):
        raise ValueError(f"--student: {', '.join(strange)} handed in nothing for {stem}")
    chosen = [
        s for s in found if (students is None or s in students) and (since is None or handed_in(found[s]) > since)
    ]
    with ledger.alone(), one_engine():
        seed, sandbox, known, results, fresh, errors, changes = ledger.seed(), kind(), environment(), {}, [], {}, []

        def case_of(student):
            return Case(assignment, student, found[student], seed, sandbox, known)

        def finish(student, result):
            results[student] = ledgers.brief(result)
            say(student, result)
            try:
                changes.extend(post(course, ledger, assignment, result, accept))
            except StepFailed as failure:
                errors[student] = str(failure)

        todo = []
        for student in chosen:
            case = case_of(student)
            result = None if force else ledger.find(student, case.key)
            if result is None and case.reason:
                result = case.result()
                ledger.record(result)
                fresh.append(student)
            if result is None:
                todo.append(student)
            else:
                finish(student, result)
        for attempt in range(TRIES):
            if not todo:
                break
            few = len(todo) <= FEW and scheduler is None
            jobs = ((student, case_of(student).job()) for student in todo)
            again = []
            if few and workers is None:
                answers = outcomes(jobs, assignment.hidden, sandbox, None, 0)
            else:
                answers = outcomes(jobs, assignment.hidden, sandbox, scheduler, workers)
            for student, answer in answers:
                result = case_of(student).result(answer)
                if result["outcome"] == "failed" and attempt + 1 < TRIES:
                    again.append(student)
                    continue
                ledger.record(result)
                fresh.append(student)
                finish(student, result)
            todo = again
            time.sleep(0)
    return Graded(results, fresh, changes, errors)


def post(course: Course, ledger, assignment: Assignment, result: dict, accept: bool) -> list[str]:
    """Bring the gradebook up to date with an attempt; returns what it would change and may not.

    Raises:
        StepFailed: if nbgrader can't.
    """
    student, before = result["student"], ledger.posted(result["student"])
    if result["outcome"] == "failed" or (before and before["key"] == result["key"]):
        return []
    if before and before["submission"] == result["submission"] and not accept:
        after = ledgers.points(result)
        if lines := [
            f"{student}: {cell} from {before['points'].get(cell, 0):g} to {after.get(cell, 0):g}"
            for cell in assignment.most
            if before["points"].get(cell) != after.get(cell)
        ]:
            return lines
    if not _submitted(course, student, assignment.stem).exists():
        hold(course, assignment, student)
        ledger.post(result)
    else:
        course.autograde(assignment.stem, student)
    return []


def _submitted(course: Course, student: str, stem: str) -> Path:
    directory = course.api.coursedir.submitted_directory
    return Path(course.folder, course.api.coursedir.format_path(directory, student, stem), f"{stem}.ipynb")


def hold(course: Course, assignment: Assignment, student: str) -> None:
    """Leave no mark standing for a submission without a notebook, for which nbgrader has no step."""
    stem = assignment.stem
    with course.api.gradebook as gradebook:
        gradebook.update_or_create_student(student)
        submission = gradebook.update_or_create_submission(stem, student)
        for notebook in submission.notebooks:
            for given in notebook.grades:
                given.auto_score, given.needs_manual_grade = None, True
        gradebook.db.commit()
