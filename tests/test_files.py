"""A file appears whole or not at all, whatever goes wrong."""

import errno
import os
import resource
import subprocess
import sys
from contextlib import contextmanager

import pytest

from dgmlib.files import write_whole

KILLED_WHILE_WRITING = """
import os, signal, sys
from dgmlib.files import write_whole
flush = os.fsync
os.{call} = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
write_whole(sys.argv[1], b"new" * 1000)
"""


@contextmanager
def largest_file(size: int):
    """As on a disk with so many bytes left: what is written beyond them is an error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_stood_there_stays_when_the_disk_is_full(tmp_path):
    path = tmp_path / "weights"
    write_whole(path, b"old")
    with largest_file(1000), pytest.raises(OSError, match=r"can't be written: File too large: '.*/weights'") as raised:
        write_whole(path, b"new" * 1000)
    assert raised.value.errno == errno.EFBIG
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["weights"]


@pytest.mark.parametrize("place", ["nowhere/weights", "file/weights"])
def test_a_folder_that_can_not_be_written_to_is_named(place, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=f"can't be written: there is no folder .*{place}"):
        write_whole(tmp_path / place, b"new")


@pytest.mark.parametrize("call", ["fsync", "rename", "replace"])
def test_what_stood_there_stays_when_the_writer_is_killed(call, tmp_path):
    """Killed before the flush, and before the rename (pathlib calls os.replace)."""
    path = tmp_path / "weights"
    write_whole(path, b"old")
    done = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING.format(call=call), path])
    if call == "rename":  # not what the library calls: the file is new, and so the other two cases say something
        assert done.returncode == 0 and path.read_bytes() == b"new" * 1000
    else:
        assert done.returncode == -9 and path.read_bytes() == b"old"


def test_a_link_is_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "file")
    for content in (b"first", b"second"):
        write_whole(tmp_path / "link", content)
        assert (tmp_path / "link").is_symlink() and (tmp_path / "elsewhere" / "file").read_bytes() == content


def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_whole(tmp_path / "pipe", b"whole")
    assert os.read(reader, 100) == b"whole" and (tmp_path / "pipe").is_fifo()
    os.close(reader)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(OSError, match=f"can't be written: Is a directory: '{tmp_path}'"):
        write_whole(tmp_path, b"whole")
