"""A cell interrupts the process above its own, as Ctrl-C would: at most, it ends with it."""

SOURCES = {
    "count_parameters": """
import os
import signal

if os.getppid() == 1:  # as it is in a namespace of its own
    os.kill(1, signal.SIGINT)


def count_table(n):
    return 0


def count_chain(n, memory):
    return 0
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
