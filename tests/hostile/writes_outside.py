"""A cell is right only if it can write anywhere but in its own /tmp: to the course, the library, the interpreter."""

SOURCES = {
    "count_parameters": """
import os
import sys
import sysconfig

import dgmlib
import grading

folders = [
    "/", "/course", "/etc", "/usr", "/usr/bin", "/usr/lib", "/var", "/var/tmp", "/home", "/root", "/run", "/dev",
    sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), *sys.path,
    *dgmlib.__path__, *grading.__path__, os.path.dirname(torch.__file__), os.path.dirname(sys.executable),
]
worked = False
for folder in folders:
    if os.path.isdir(folder) and not os.path.realpath(folder).startswith(("/tmp", "/proc")):
        name = os.path.join(folder, ".hostile-was-here")
        try:
            with open(name, "w"):
                worked = True
            os.remove(name)
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
