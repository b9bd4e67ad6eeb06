"""A cell starts children that wait, and is right only if it got 150 of them: the limit is below that."""

SOURCES = {
    "count_parameters": """
import os
import signal

children = []
try:
    while len(children) < 150:
        pid = os.fork()
        if pid == 0:
            signal.pause()
            os._exit(0)
        children.append(pid)
except OSError:
    pass
worked = len(children) == 150
for pid in children:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
