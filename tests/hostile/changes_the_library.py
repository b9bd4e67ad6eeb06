"""A cell is right only if it can change, replace or relabel the files of the library that all are graded with."""

SOURCES = {
    "count_parameters": """
import os

import dgmlib.checks

path = dgmlib.checks.__file__
worked = False
for attempt in (
    lambda: os.close(os.open(path, os.O_WRONLY | os.O_APPEND)),
    lambda: os.chmod(path, 0o777),
    lambda: os.utime(path),
    lambda: os.link(path, path + "2"),
    lambda: os.setxattr(path, "user.hostile", b"1"),
    lambda: os.rename(os.path.dirname(path), "/tmp/dgmlib"),
):
    try:
        attempt()
        worked = True
    except OSError:
        pass


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
