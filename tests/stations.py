"""Notebooks in a few words, and stations that tests of a file share."""

from nbformat import v4

FLAGS = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}


def cell(name: str, source: str, role: str, points: float = 1):
    """A cell of an assignment: ``given``, ``answer``, ``check`` or ``open``."""
    if role == "open":
        return v4.new_code_cell(source)
    about = {**FLAGS, "grade_id": name, "solution": role == "answer", "locked": role in ("given", "check")}
    if role == "check":
        about |= {"grade": True, "points": points}
    return v4.new_code_cell(source, metadata={"nbgrader": about})


def job(*cells: tuple[str, str, str], names: str = "", seed: str = "0", **limits) -> dict:
    """A station's job: cells as name, role and source; names that checks ask for."""
    keys = ("key", "role", "source")
    return {"cells": [dict(zip(keys, c, strict=True)) for c in cells], "names": names.split(), "seed": seed, **limits}
