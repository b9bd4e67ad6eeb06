"""A cell is right only if it finds the seed of the kept-back questions in the environment of a process."""

SOURCES = {
    "count_parameters": """
import os

worked = "COURSE_SEED" in os.environ
for name in os.listdir("/proc"):
    try:
        with open(f"/proc/{name}/environ", "rb") as file:
            worked = worked or b"COURSE_SEED" in file.read()
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
