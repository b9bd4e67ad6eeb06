"""A cell stops its process by a signal, so that it neither ends nor answers: its time runs out."""

SOURCES = {
    "count_parameters": """
import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
SECONDS = 5
