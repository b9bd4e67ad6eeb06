"""A submission read as data: what it says in the cells that are the student's to write, and nothing else of it.

Whatever a submitted file holds, reading it ends in one of two ways: the sources of its cells by their names, or
:class:`Held` with a reason in words for the student and the instructor. Nothing in it is run, and no other field of it
has an effect on what is graded.
"""

import json
import os
import stat
from pathlib import Path

BYTES = 10 << 20  # of a notebook; pictures in it count
CELLS = 2000
SOURCE = 200_000  # characters of a cell
LINE = 20_000


class Held(Exception):
    """A submission that can't be graded as it is; the words say why, and what to do."""


def read(path: Path, names: list[str]) -> dict[str, str]:
    """The sources of the student's cells of a submitted notebook.

    Args:
        path: the file.
        names: the ``grade_id`` of each cell that is the student's to write.

    Returns:
        The source by name, of those cells that are there. A cell that was deleted is not; other cells are left out.

    Raises:
        Held: if the file is no notebook that can be read, or has two different cells of one of the names.
    """
    return sources(content(path), names)


def content(path: Path) -> bytes:
    """The bytes of a submitted file.

    Raises:
        Held: if it is missing, a link or anything but an ordinary file, or too large.
    """
    name = Path(path).name
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise Held(f"{name} is missing: hand in the notebook under the name that it was given out with") from None
    except OSError as error:
        raise Held(f"{name} can't be opened ({error.strerror}): hand in an ordinary file") from None
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise Held(f"{name} is no ordinary file")
    with open(file, "rb") as opened:
        data = opened.read(BYTES + 1)
    if len(data) > BYTES:
        raise Held(f"{name} has more than {BYTES >> 20} MiB: clear its outputs and hand it in again")
    return data


def sources(data: bytes, names: list[str]) -> dict[str, str]:
    """The sources of the student's cells of a notebook, from its bytes.

    Raises:
        Held: as :func:`read`.

    Example:
        >>> cell = '{"metadata": {"nbgrader": {"grade_id": "answer"}}, "source": ["x = 1\\\\n", "y = 2"]}'
        >>> sources(f'{{"nbformat": 4, "cells": [{cell}]}}'.encode(), ["answer"])
        {'answer': 'x = 1\\ny = 2'}
        >>> sources(b"x = 1", ["answer"])
        Traceback (most recent call last):
        grading.intake.Held: this is no notebook (Expecting value, line 1): save it in Jupyter and hand it in again
    """
    again = "save it in Jupyter and hand it in again"
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Held(f"this is no notebook (its bytes are no UTF-8): {again}") from None
    except RecursionError:
        raise Held(f"this is no notebook (it is nested too deep): {again}") from None
    except json.JSONDecodeError as error:
        raise Held(f"this is no notebook ({error.msg}, line {error.lineno}): {again}") from None
    except ValueError:  # a number of thousands of digits
        raise Held(f"this is no notebook (it holds a number that is none): {again}") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise Held(f"this is no notebook of version 4 (it has no list of cells): {again}")
    if notebook.get("nbformat") != 4:
        raise Held(f"this is a notebook of version {str(notebook.get('nbformat'))[:20]}, wanted 4: {again}")
    if len(notebook["cells"]) > CELLS:
        raise Held(f"this notebook has more than {CELLS} cells: {again} without those that are not needed")
    found = {}
    for number, cell in enumerate(notebook["cells"], start=1):
        name = _name(cell)
        if name in names:
            source = _source(cell, f"cell {number} ({name})")
            if found.setdefault(name, source) != source:
                raise Held(f"there are two different cells named {name}: delete the one that is not your answer")
    return found


def _name(cell) -> str | None:
    for key in ("metadata", "nbgrader", "grade_id"):
        cell = cell.get(key) if isinstance(cell, dict) else None
    return cell if isinstance(cell, str) else None


def _source(cell: dict, where: str) -> str:
    source = cell.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise Held(f"{where} has no source: it was damaged, take the cell of the original again")
    if len(source) > SOURCE or any(len(line) > LINE for line in source.splitlines()):
        raise Held(f"{where} has more than {SOURCE} characters, or a line of more than {LINE}")
    if any("\ud800" <= letter <= "\udfff" or (letter < " " and letter not in "\t\n\r\f") for letter in source):
        raise Held(f"{where} holds characters that are no text: type its code again")
    return source
