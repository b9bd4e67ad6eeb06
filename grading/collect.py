"""Submissions from nbgrader's exchange, where students write folders: ordinary files alone come in.

nbgrader copies with the instructor's rights and follows links, so that a link named like the notebook would hand in the
solutions. Here a link is left out, and so is whatever else is no ordinary file or is too large; each is logged.
"""

import datetime
import os
import stat
from pathlib import Path

from nbgrader.exchange.default.collect import ExchangeCollect

from grading import intake

FILES = 200
BYTES = 50 << 20  # of all files of a submission
EARLY = datetime.timedelta(minutes=10)  # that a timestamp may be before its folder was made


class Collect(ExchangeCollect):
    """``nbgrader collect`` that follows no link and believes no timestamp from before its folder was there."""

    def do_copy(self, src, dest, log=None):
        """Copy the ordinary files of a submission.

        Args:
            src: the folder in the exchange.
            dest: the folder in ``submitted/``.
            log: unused; nbgrader's own.
        """
        for line in take(Path(src), Path(dest)):
            self.log.warning("%s: %s", dest, line)


def take(source: Path, target: Path) -> list[str]:
    """Copy the ordinary files of a folder, through no link; returns what was left out or changed, a line each.

    Args:
        source: a folder that a stranger filled.
        target: where to; made if it is not there.
    """
    left, total, count = [], 0, 0
    target.mkdir(parents=True, exist_ok=True)
    try:
        top = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        return [f"{source.name} is no folder ({error.strerror}): nothing was taken"]
    try:
        made = os.fstat(top).st_ctime
        for place, folders, files, handle in os.fwalk(".", dir_fd=top, follow_symlinks=False):
            for name in folders:
                if stat.S_ISLNK(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode):
                    left.append(f"{Path(place, name)} is a link: left out")
            for name in files:
                count += 1
                where = Path(place, name)
                if count > FILES or total > BYTES:
                    return [*left, f"{where} and what comes after it: more than {FILES} files or {BYTES >> 20} MiB"]
                try:
                    data = _content(name, handle)
                except intake.Held as held:
                    left.append(f"{where}: {held}: left out")
                    continue
                total += len(data)
                (target / where).parent.mkdir(parents=True, exist_ok=True)
                (target / where).write_bytes(data)
    finally:
        os.close(top)
    return left + _true_time(target / "timestamp.txt", made)


def _content(name: str, folder: int) -> bytes:
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError as error:
        raise intake.Held(f"it can't be opened ({error.strerror})") from None
    with open(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise intake.Held("it is no ordinary file")
        data = opened.read(intake.BYTES + 1)
    if len(data) > intake.BYTES:
        raise intake.Held(f"it has more than {intake.BYTES >> 20} MiB")
    return data


def _true_time(stamp: Path, made: float) -> list[str]:
    """Replace a timestamp from before the folder was made, which its student can't have handed in by then."""
    from nbgrader.utils import parse_utc

    came = datetime.datetime.fromtimestamp(made, datetime.UTC)
    try:
        told = parse_utc(stamp.read_text("utf-8").strip()).replace(tzinfo=datetime.UTC)
    except (OSError, ValueError, OverflowError):
        told = None
    if told is not None and told >= came - EARLY:
        return []
    stamp.write_text(came.strftime("%Y-%m-%d %H:%M:%S.%f UTC"))
    said = told or "nothing"
    return [f"its timestamp said {said}; the folder was last written to at {came:%Y-%m-%d %H:%M} UTC, and that counts"]
