"""A cell is right only if it sees the command line of a process other than its own and the one above it."""

SOURCES = {
    "count_parameters": """
import os

seen = []
for name in os.listdir("/proc"):
    if name.isdigit() and int(name) not in (1, os.getpid()):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                seen.append(file.read())
        except OSError:
            pass
worked = len(seen) > 0


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
