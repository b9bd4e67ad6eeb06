"""A cell kills the process above its own, the first of its namespace, which signals from within don't reach."""

SOURCES = {
    "count_parameters": """
import os
import signal

if os.getppid() == 1:  # as it is in a namespace of its own
    for number in (signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
        os.kill(1, number)


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ()
