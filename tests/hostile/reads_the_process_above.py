"""A cell is right only if it can read the memory, the environment or the descriptors of the process above its own."""

SOURCES = {
    "count_parameters": """
import os

worked = False
for name in ("mem", "environ", "fd", "maps", "root", "cwd", "exe"):
    path = f"/proc/{os.getppid()}/{name}"
    try:
        if name == "fd":
            os.listdir(path)
        elif name in ("root", "cwd", "exe"):
            os.readlink(path)
        else:
            os.open(path, os.O_RDONLY)
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
