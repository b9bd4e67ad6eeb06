"""What became of every submission, kept as files: one an attempt, written whole or not at all, never changed.

``ledger/<assignment>/<student>/`` holds an attempt a file, named by its time and key; ``posted.json`` beside them says
which of them stands in the gradebook. ``ledger/<assignment>/seed`` is the secret that questions are drawn from.
"""

import contextlib
import datetime
import fcntl
import json
import os
import secrets
from pathlib import Path

OUTCOMES = ("graded", "held", "failed")


class InUse(RuntimeError):
    """Another grader is at work on the same assignment."""


def now() -> str:
    """This moment, in UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")


def write(path: Path, content: dict) -> None:
    """Write a file so that whoever reads it, even after a crash, finds all of it or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(beside, "w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


class Ledger:
    """The attempts of one assignment.

    Args:
        folder: the course's ``ledger/``.
        stem: the assignment.
    """

    def __init__(self, folder: Path, stem: str):
        self.stem, self.folder = stem, Path(folder) / stem

    def seed(self) -> str:
        """What the questions of this assignment's checks are drawn from: ``COURSE_SEED``, else a secret made once."""
        if given := os.environ.get("COURSE_SEED"):
            return given
        place = self.folder / "seed"
        with contextlib.suppress(FileExistsError):
            self.folder.mkdir(parents=True, exist_ok=True)
            beside = self.folder / f".seed.{os.getpid()}"
            beside.touch(0o600)
            beside.write_text(secrets.token_hex(16))
            try:
                os.link(beside, place)  # fails if there is one, so that two who come at once agree
            finally:
                beside.unlink()
        return place.read_text()

    def record(self, result: dict) -> Path:
        """Keep an attempt.

        Raises:
            ValueError: if it ended in none of the ways that there are.
        """
        if result.get("outcome") not in OUTCOMES:
            raise ValueError(f"outcome: got {result.get('outcome')!r}, wanted one of {', '.join(OUTCOMES)}")
        moment = "".join(c for c in result["when"] if c.isdigit())[:20]
        place = self.folder / "students" / result["student"] / f"{moment}-{result['key'][:16]}.json"
        write(place, result)
        return place

    def attempts(self, student: str) -> list[dict]:
        """All attempts at a student's submissions, the oldest first."""
        files = sorted((self.folder / "students" / student).glob("[0-9]*.json"))
        return [json.loads(file.read_text("utf-8")) for file in files]

    def newest(self, student: str) -> dict | None:
        """The newest attempt at a student's submissions, :func:`brief`, or nothing."""
        files = sorted((self.folder / "students" / student).glob("[0-9]*.json"))
        return brief(json.loads(files[-1].read_text("utf-8"))) if files else None

    def find(self, student: str, key: str) -> dict | None:
        """The attempt of this key that was graded or held, or nothing."""
        for file in sorted((self.folder / "students" / student).glob(f"[0-9]*-{key[:16]}.json"), reverse=True):
            attempt = json.loads(file.read_text("utf-8"))
            if attempt["key"] == key and attempt["outcome"] != "failed":
                return attempt
        return None

    def students(self) -> list[str]:
        """All students that there are attempts of."""
        return sorted(place.name for place in (self.folder / "students").glob("*") if place.is_dir())

    def posted(self, student: str) -> dict | None:
        """What stands in the gradebook: the key of its attempt, and points by check."""
        place = self.folder / "students" / student / "posted.json"
        return json.loads(place.read_text("utf-8")) if place.is_file() else None

    def post(self, result: dict) -> None:
        """Say that an attempt stands in the gradebook now."""
        place = self.folder / "students" / result["student"] / "posted.json"
        kept = {name: result[name] for name in ("key", "submission", "outcome", "reason")}
        write(place, {**kept, "points": points(result), "when": now()})

    @contextlib.contextmanager
    def alone(self):
        """Hold the assignment against other graders.

        Raises:
            InUse: if another has it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "lock", "a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.seek(0)
                raise InUse(f"{self.stem} is being graded by another process ({file.read().strip()})") from None
            file.truncate(0)
            file.write(f"process {os.getpid()} since {now()}")
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)


def brief(result: dict) -> dict:
    """An attempt without what its cells put out, but for errors' first words: what a whole class can be held in memory
    as."""
    cells = {}
    for name, cell in result["cells"].items():
        errors = [output for output in cell["outputs"] if output["output_type"] == "error"][:3]
        short = [{"output_type": "error", "evalue": error["evalue"][:300]} for error in errors]
        cells[name] = {**cell, "outputs": short}
    return {**result, "cells": cells}


def points(result: dict) -> dict[str, float]:
    """The points of each check of a graded attempt; none of a held one."""
    checks = {name: cell for name, cell in result["cells"].items() if cell["role"] == "check"}
    return {name: cell["points"] for name, cell in checks.items() if "points" in cell}
