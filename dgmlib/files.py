"""Files that appear whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file so that whoever looks, now or after a crash, finds the old one or the new one, never a part.

    It is written beside its place, flushed to the disk, and then put there by a rename, which POSIX makes atomic.

    Args:
        path: where; what stands there is replaced.
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
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise OSError(error.errno, f"can't be written: {error.strerror}", str(path)) from error
    finally:
        with suppress(OSError):  # it is gone after the rename, and was never there where it could not be made
            part.unlink()
