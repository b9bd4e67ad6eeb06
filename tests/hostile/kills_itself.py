"""A cell kills its own process by a signal that nothing can catch."""

SOURCES = {
    "count_parameters": """
import os
import signal


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


os.kill(os.getpid(), signal.SIGKILL)
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
