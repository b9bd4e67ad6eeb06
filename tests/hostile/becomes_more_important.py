"""A cell asks for a better place in the queue for processors, and is right only if it gets one."""

SOURCES = {
    "count_parameters": """
import os

worked = False
for attempt in (
    lambda: os.nice(-10),
    lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)),
    lambda: os.write(os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"-1000"),
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
