"""Submissions from files: a folder of notebooks, or what Moodle and Canvas give out for 'download all submissions'.

Moodle writes ``Full Name_NUMBER_assignsubmission_file/name``, or all in one folder with ``_name`` for ``/name``; Canvas
writes ``name_NUMBER_FILE_name`` and ``name_LATE_NUMBER_FILE_name``. Of each student the notebook is taken, to
``submitted/<student>/<stem>/<stem>.ipynb``. No name from outside becomes a path but a student's, which is checked; what
is not taken is said.
"""

import csv
import datetime
import io
import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from nbgrader.utils import parse_utc

from grading import intake

ENTRIES = 100_000  # files of all students
INNER = 1000  # files of a student's own archive
ARCHIVE = 20 << 20  # bytes of a student's own archive
ARCHIVES = 3  # that are opened of one student

STUDENT = re.compile(r"\w[\w.@+ -]{0,126}\w|\w")  # a student's name as a folder's: no separator, no pattern of globs
NUMBER = re.compile(r"[0-9]{1,20}")
MOODLE = re.compile(r"[^_]*_(?P<number>[0-9]{1,20})_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<rest>.*))?", re.DOTALL)
TYPED = re.compile(r".+_(\d+|anon_\w+)_(text|link)\.html", re.DOTALL)
ANONYMOUS = re.compile(r"(?:LATE_)?(?P<number>anon_[A-Za-z0-9]+)_(?P<file>[0-9]{1,20})_(?P<rest>.+)", re.DOTALL)
COPY = re.compile(
    r"(-[0-9]{1,4}| ?\([0-9]{1,4}\)){1,3}"
)  # what browsers, Canvas and people append to a name that is there already


class Unpacked(NamedTuple):
    """The students whose notebooks were written, those whose were there already, and a line for everything else."""

    written: list[str]
    same: list[str]
    lines: list[str]


class Entry(NamedTuple):
    """A file from outside: the parts of its path, when it was written (seconds since 1970), how to read it, and what
    Canvas says of it: its number, which grows, and whether it was late."""

    parts: tuple[str, ...]
    time: float | None
    read: Callable[[int], bytes]  # up to so many bytes and one more; raises Left
    order: int = 0
    late: bool = False


class Left(Exception):
    """A file that is not taken, and why."""


def unpack(
    source: Path,
    submitted: Path,
    stem: str,
    roster: Mapping[str, str] | None = None,
    times: Mapping[str, datetime.datetime] | None = None,
    zip_times: bool = False,
    force: bool = False,
) -> Unpacked:
    """Place the submissions of a folder or of an archive.

    A folder may hold a notebook, an archive or a folder for each student, named like the student; or what an archive
    of Moodle or Canvas unpacks to. A student's own archive is looked into, once. Of several notebooks the one named
    like the assignment is taken; where that does not decide, none is.

    Args:
        source: the folder, or the archive.
        submitted: the course's ``submitted/``.
        stem: the assignment.
        roster: student by the number of Moodle or Canvas, as :func:`read_roster` gives it; students who are not in it
            are not placed. Without, the number is the student.
        times: when each student handed in, by the same number, as :func:`handed_in` gives it, for ``timestamp.txt``.
        zip_times: take that from the archive, in this machine's time zone. Moodle and Canvas write the moment of the
            download there, by which everyone would be late.
        force: replace a submission by an older one.

    Raises:
        ValueError: if the source is neither a folder nor an archive, or has too many files.
    """
    source = Path(source)
    if source.is_dir():
        return _place(list(_walk(source)), (0,), Path(submitted), stem, roster, times, False, force)
    try:
        archive = zipfile.ZipFile(source)
    except FileNotFoundError:
        raise ValueError(f"source: there is no {source}") from None
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise ValueError(f"source: {source} is no archive that can be read ({error})") from None
    with archive:
        entries = list(_members(archive))
        around = len({entry.parts[0] for entry in entries} - {"__MACOSX"}) == 1  # one folder around all
        skips = (0, 1) if around else (0,)
        return _place(entries, skips, Path(submitted), stem, roster, times, zip_times, force)


# ----------------------------------------------------------------------------------------------------- what is there


def _walk(folder: Path) -> Iterator[Entry]:
    count = 0
    for place, folders, files in os.walk(folder):
        parts = Path(place).relative_to(folder).parts
        if parts and not files and not folders:
            yield Entry((*parts, "(nothing)"), None, _nothing)
        for name in sorted(files) + [name for name in folders if Path(place, name).is_symlink()]:
            if (count := count + 1) > ENTRIES:
                raise ValueError(f"source: {folder} has more than {ENTRIES} files")
            about = os.lstat(Path(place, name))
            yield Entry((*parts, name), about.st_mtime, lambda most, at=Path(place, name): _content(at, most))
        folders.sort()


def _nothing(most: int) -> bytes:
    raise Left("it is empty")


def _content(path: Path, most: int) -> bytes:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Left(f"it can't be opened ({error.strerror})") from None
    with open(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise Left("it is no ordinary file")
        return _limited(opened.read(most + 1), most)


def _limited(data: bytes, most: int) -> bytes:
    if len(data) > most:
        raise Left(f"it has more than {most >> 20} MiB")
    return data


def _members(archive: zipfile.ZipFile, above: tuple[str, ...] = (), time: float | None = None) -> Iterator[Entry]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > ENTRIES:
        raise ValueError(f"source: {archive.filename} has more than {ENTRIES} files")
    for member in members:
        parts = tuple(part for part in member.filename.replace("\\", "/").split("/") if part not in ("", "."))
        if ".." in parts or member.filename.startswith(("/", "\\")) or not parts:
            parts = ("..", *(part for part in parts if part != ".."))  # a student of no name, who is listed
        when = _moment(member) if not above else time
        yield Entry((*above, *parts), when, lambda most, member=member: _inflate(archive, member, most))


def _moment(member: zipfile.ZipInfo) -> float | None:
    extra = member.extra
    while len(extra) >= 4:  # the time as seconds since 1970, where there is one
        kind, size = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        if kind == 0x5455 and size >= 5 and len(extra) >= 9 and extra[4] & 1:
            return float(int.from_bytes(extra[5:9], "little"))
        extra = extra[4 + size :]
    try:
        moment = datetime.datetime(*member.date_time).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return moment if member.date_time > (1980, 1, 2) else None


def _inflate(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        raise Left("it is a link or no ordinary file")
    if member.flag_bits & 1:
        raise Left("it has a password")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others can't be read in small steps
        raise Left("it is compressed in a way other than deflate")
    try:
        with archive.open(member) as opened:
            return _limited(opened.read(most + 1), most)
    except Left:
        raise
    except Exception as error:  # zipfile meets bytes of a stranger with errors of many kinds
        raise Left(f"it is damaged ({error})") from None


# -------------------------------------------------------------------------------------------------- whose it is


def _place(entries, skips, submitted, stem, roster, times, zip_times, force) -> Unpacked:
    strangers, lines, written, same = [], [], [], []
    students, plain = _by_student(entries, skips, strangers)
    for number, files in sorted(students.items()):
        student = _student(number, roster, plain)
        if student is None or student in written + same:
            why = (
                f"{student} for the second time"
                if student
                else "this is no name"
                if roster is None
                else "not in the roster"
            )
            lines += [f"{number}/{'/'.join(entry.parts)}: {why}" for entry in files]
            continue
        entry, said = _notebook(files, stem)
        lines += [f"{student}: {line}" for line in said]
        if entry is None:
            continue
        came = (times or {}).get(number)
        if came is None and zip_times and entry.time is not None:
            came = datetime.datetime.fromtimestamp(entry.time, datetime.UTC)
        if entry.late:
            lines.append(f"{student}: late, as Canvas says" + ("" if came else ", but not by how much"))
        try:
            data = entry.read(intake.BYTES)
            done = _write(submitted, student, stem, data, entry.time, came, force)
        except Left as left:
            lines.append(f"{student}: {'/'.join(entry.parts)}: {left}")
        else:
            (written if done else same).append(student)
    lines += [f"{'/'.join(parts)}: {why}" for parts, why in strangers]
    return Unpacked(written, same, [_plain(line) for line in lines])


def _student(number: str, roster: Mapping[str, str] | None, plain: bool) -> str | None:
    student = number
    if roster is not None:
        student = roster.get(number, number if plain and number in roster.values() else "")
    return student if STUDENT.fullmatch(student) else None


def _by_student(entries: list[Entry], skips: tuple, strangers: list) -> tuple[dict[str, list[Entry]], bool]:
    """The files of each student, by number or name, in the first layout that at least half of the files have; whether
    that is the plain one."""
    for skip in skips:
        for layout in (_moodle, _canvas):
            found = [(entry, layout(entry.parts[skip:])) for entry in entries]
            fits = [fit for _, fit in found if fit is not None]
            if 2 * len(fits) >= len(found) and any(isinstance(fit, tuple) for fit in fits):
                return _grouped(found, strangers), False
    return _grouped([(entry, _named(entry.parts)) for entry in entries], strangers), True


def _grouped(found: list[tuple[Entry, tuple | str | None]], strangers: list) -> dict[str, list[Entry]]:
    students = {}
    for entry, fit in found:
        if isinstance(fit, tuple):
            number, parts, order, late = fit
            students.setdefault(number, []).append(entry._replace(parts=parts, order=order, late=late))
        else:
            strangers.append((entry.parts, fit or "its name says no student"))
    return students


def _moodle(parts: tuple[str, ...]) -> tuple | str | None:
    found = MOODLE.fullmatch(parts[0]) if parts else None
    if not found or not (found["rest"] or parts[1:]):
        return None
    if found["plugin"] != "file":
        return f"it is what Moodle calls {found['plugin']}, no file"
    return found["number"], (*([found["rest"]] if found["rest"] else []), *parts[1:]), 0, False


def _canvas(parts: tuple[str, ...]) -> tuple | str | None:
    """Names may hold underscores, and end in one and a number; a file with two readings is no one's."""
    if len(parts) != 1:
        return None
    words, fits = parts[0].split("_"), []
    for at in range(1, len(words) - 2):
        name = "_".join(words[:at]).removesuffix("_LATE")
        numbers = NUMBER.fullmatch(words[at]) and NUMBER.fullmatch(words[at + 1])
        if numbers and not re.search(r"_[0-9]+_", name):  # which Canvas takes out of names
            rest = "_".join(words[at + 2 :])
            fits.append((words[at], (rest,), int(words[at + 1]), words[at - 1] == "LATE"))
    if found := ANONYMOUS.fullmatch(parts[0]):
        fits.append((found["number"], (found["rest"],), int(found["file"]), parts[0].startswith("LATE_")))
    if len(fits) > 1:
        return f"its name fits {' and '.join(fit[0] for fit in fits)}: place it by hand"
    if not fits and TYPED.fullmatch(parts[0]):
        return "it was typed into Canvas, and is no file"
    return fits[0] if fits else None


def _named(parts: tuple[str, ...]) -> tuple | None:
    name, inner = unicodedata.normalize("NFC", parts[0]), parts[1:]
    if name.startswith((".", "__MACOSX")):
        return None
    if not inner:
        name, ending = os.path.splitext(name)
        return (name, parts, 0, False) if ending.lower() in (".ipynb", ".zip") else None
    return name, inner, 0, False


# ---------------------------------------------------------------------------------------------- which file it is


def _notebook(files: list[Entry], stem: str) -> tuple[Entry | None, list[str]]:
    """The notebook among a student's files, if there is one and no doubt which, and what else is to be said."""
    said, found = [], [entry for entry in files if _rank(entry, stem) is not None]
    others = [entry for entry in files if _rank(entry, stem) is None]
    if not any(_rank(entry, stem) < 2 for entry in found):
        for entry in [entry for entry in others if entry.parts[-1].lower().endswith(".zip")][:ARCHIVES]:
            others.remove(entry)
            try:
                inner = _open(entry)
            except Left as left:
                said.append(f"{'/'.join(entry.parts)}: {left}")
                continue
            found += [member for member in inner if _rank(member, stem) is not None]
            others += [member for member in inner if _rank(member, stem) is None]
    best = min((_order(entry, stem) for entry in found), default=None)
    chosen = [entry for entry in found if _order(entry, stem) == best]
    said += [f"{'/'.join(e.parts)}: left out" for e in (*others, *found) if len(chosen) != 1 or e is not chosen[0]]
    if len(chosen) != 1:
        why = f"{len(chosen)} notebooks, and no telling which" if chosen else "no notebook among what was handed in"
        return None, [why, *said]
    if chosen[0].parts[-1] != f"{stem}.ipynb":
        said.insert(0, f"{'/'.join(chosen[0].parts)}: taken for {stem}.ipynb")
    return chosen[0], said


def _rank(entry: Entry, stem: str) -> int | None:
    """0 for the assignment's own name, 1 for a copy of it, 2 for another notebook; nothing for what is none."""
    name, ending = os.path.splitext(entry.parts[-1])
    if ending.lower() != ".ipynb" or any(part.startswith((".", "__MACOSX")) for part in entry.parts):
        return None
    if name == stem:
        return 0
    return 1 if name.startswith(stem) and COPY.fullmatch(name[len(stem) :]) else 2


def _order(entry: Entry, stem: str) -> tuple:
    rank = _rank(entry, stem)
    if entry.order and rank < 2:  # Canvas: the newest file of the name, whatever was appended
        return (1, len(entry.parts), (-entry.order,))
    if rank == 2:
        return (rank, len(entry.parts), ())
    copies = tuple(-int(number) for number in re.findall(r"\d+", entry.parts[-1][len(stem) :])) if rank == 1 else ()
    return (rank, len(entry.parts), copies)


def _open(entry: Entry) -> list[Entry]:
    """The files of a student's own archive."""
    data = entry.read(ARCHIVE)
    if data.count(b"PK\x01\x02") > INNER:  # each file has one: counted before a list of them is made
        raise Left(f"it has more than {INNER} files")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        return list(_members(archive, entry.parts, entry.time))
    except Exception as error:  # as in _inflate
        raise Left(f"it is no archive that can be read ({error})") from None


# ------------------------------------------------------------------------------------------------- where it goes


def _write(
    submitted: Path,
    student: str,
    stem: str,
    data: bytes,
    time: float | None,
    came: datetime.datetime | None,
    force: bool,
) -> bool:
    """Write a submission, unless it is there or a newer one is; whether it was written."""
    folder = submitted / student / stem
    for place in (submitted / student, folder):
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise Left(f"{place} is no folder: nothing was written")
    path, stamp = folder / f"{stem}.ipynb", folder / "timestamp.txt"
    words = "" if came is None else came.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    try:
        there = intake.content(path)
    except intake.Held:
        there = None
    if there == data:
        if words and not stamp.exists():
            _replace(stamp, words.encode(), None)
        return False
    if there is not None and not force:
        before, now = _time_of(stamp), came and came.timestamp()
        if before is None or now is None:
            before, now = path.lstat().st_mtime, time
        if now is None or now <= before:
            raise Left("another submission is there that is not older: kept")
    folder.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)  # it was that of the submission before
    _replace(path, data, time)
    if words:
        _replace(stamp, words.encode(), None)
    return True


def _time_of(stamp: Path) -> float | None:
    try:
        return parse_utc(intake.content(stamp)[:100].decode().strip()).replace(tzinfo=datetime.UTC).timestamp()
    except (intake.Held, ValueError, OverflowError, AttributeError):
        return None


def _replace(path: Path, data: bytes, time: float | None) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        if time is not None:
            os.utime(beside, (time, time))
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _plain(line: str) -> str:
    """A line without what could move a terminal's cursor: names in it are students'."""
    return "".join(letter if letter.isprintable() else "�" for letter in line)[:500]


# ---------------------------------------------------------------------------------------------- who is who


def read_roster(path: Path, column: str | None = None) -> dict[str, str]:
    """Students by the number that Moodle or Canvas knows them by, from a table that it gave out.

    Of Moodle that is the grading worksheet (its column Identifier), of Canvas the exported gradebook (its column ID).

    Args:
        path: the table.
        column: the heading of the students' names in this course; without, the first there is of Username, ID number,
            SIS Login ID, SIS User ID, Email address.

    Raises:
        ValueError: if it is no such table, or a name comes twice, has no number, or can't be a folder's.
    """
    head, rows = _table(path)
    key = next((name for name in ("Identifier", "ID") if name in head), None)
    if key is None:
        raise ValueError(f"{path}: no column Identifier (Moodle) or ID (Canvas); it has {', '.join(head)}")
    wanted = [column] if column else ["Username", "ID number", "SIS Login ID", "SIS User ID", "Email address"]
    named = next((name for name in wanted if name in head), None)
    if named is None:
        raise ValueError(f"{path}: no column {' or '.join(wanted)}; it has {', '.join(head)}")
    found = {}
    for line, row in rows:
        number = re.search(r"(\d+)\s*$", row[head.index(key)])
        student = row[head.index(named)].strip()
        if not student:
            continue  # Canvas's rows above the students, and its test student
        if number is None or not STUDENT.fullmatch(student):
            raise ValueError(
                f"{path}, line {line}: got {row[head.index(key)]!r} and {student!r}, wanted number and name"
            )
        if number[1] in found or student in found.values():
            raise ValueError(f"{path}, line {line}: {number[1]} or {student} for the second time")
        found[number[1]] = student
    return found


def handed_in(
    path: Path, zone: datetime.tzinfo, column: str = "Last modified (submission)"
) -> dict[str, datetime.datetime]:
    """When each student handed in, by number, from Moodle's grading worksheet; archives do not say it.

    Args:
        path: the worksheet, in English.
        zone: of the account that downloaded it.
        column: its heading.

    Raises:
        ValueError: if it is no such table, or a time can't be read.
    """
    from dateutil import parser

    head, rows = _table(path)
    for name in ("Identifier", column):
        if name not in head:
            raise ValueError(f"{path}: no column {name}; it has {', '.join(head)}")
    found = {}
    for line, row in rows:
        number, words = re.search(r"(\d+)\s*$", row[head.index("Identifier")]), row[head.index(column)].strip()
        if number is None or words in ("", "-"):
            continue
        try:
            found[number[1]] = parser.parse(words).replace(tzinfo=zone)
        except (ValueError, OverflowError):
            raise ValueError(
                f"{path}, line {line}: got {words!r}, wanted a time such as 1 March 2027, 5:02 PM"
            ) from None
    return found


def _table(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
        delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: this is no table in CSV (UTF-8): {error}") from None
    if not rows:
        raise ValueError(f"{path}: it is empty")
    head = [name.strip() for name in rows[0]]
    for line, row in enumerate(rows[1:], start=2):
        if row and len(row) != len(head):
            raise ValueError(f"{path}, line {line}: {len(row)} cells, its heading has {len(head)}")
    return head, [(line, row) for line, row in enumerate(rows[1:], start=2) if row]
