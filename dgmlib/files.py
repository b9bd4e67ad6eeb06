"""Files that appear whole or not at all."""

import glob
import os
from contextlib import suppress
from pathlib import Path


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file so that whoever looks, now or after a crash, finds the old one or the new one, never a part.

    It is written beside its place, flushed to the disk, and then put there by a rename, which POSIX makes atomic.

    Args:
        path: where; what stands there is replaced. A link is followed; what is no file, such as ``/dev/stdout``, is
            written to as it is.
        content: the whole file.

    Raises:
        OSError: if it can't be written, as on a full disk; it names ``path``, where all is as it was.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "note")
        ...     write_whole(path, b"first"), write_whole(path, b"second")
        ...     path.read_bytes(), len(list(path.parent.iterdir()))
        (None, None)
        (b'second', 1)
    """
    named, path = path, Path(os.path.realpath(path))
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_bytes(content)
            return
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        why = error.strerror if path.parent.is_dir() else f"there is no folder {path.parent}"
        raise OSError(error.errno, f"can't be written: {why}", str(named)) from error
    finally:
        with suppress(OSError):  # it is gone after the rename, and was never there where it could not be made
            part.unlink()


def remove_parts(path: str | Path) -> None:
    """Remove what writers of a file left beside it when they were killed; nobody may be writing it now.

    Args:
        path: the file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "note")
        ...     write_whole(path, b"whole"), path.with_name(".note.123.part").touch()
        ...     remove_parts(path)
        ...     [p.name for p in path.parent.iterdir()]
        (None, None)
        ['note']
    """
    path = Path(os.path.realpath(path))
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        part.unlink(missing_ok=True)
