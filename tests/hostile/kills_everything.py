"""A cell signals every process that it can see or guess: there is nobody else in its namespace."""

SOURCES = {
    "count_parameters": """
import os
import signal

others = 0
if os.getppid() == 1:  # as it is in a namespace of its own
    for pid in range(2, 70_000):
        if pid != os.getpid():
            try:
                os.kill(pid, signal.SIGKILL)
                others += 1
            except OSError:
                pass
    try:
        os.kill(-1, signal.SIGKILL)
        os.killpg(1, signal.SIGKILL)
    except OSError:
        pass
worked = others > 0


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
