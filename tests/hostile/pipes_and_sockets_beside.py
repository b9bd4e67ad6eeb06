"""A pipe and a socket lie beside the notebook, at which a copy would wait for ever."""

import os
import stat

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def files(folder):
    """What lies beside the notebook."""
    os.mkfifo(folder / "data.csv")
    os.mknod(folder / "data.sock", stat.S_IFSOCK | 0o600)
