"""A cell is right only if it can become another user."""

SOURCES = {
    "count_parameters": """
import os

worked = os.geteuid() == 0
for attempt in (
    lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgroups([0]),
    lambda: os.setuid(1000), lambda: os.setresuid(-1, 61001, -1),
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
