"""A right answer stops its clocks, so that it tells of cells that took no time, or of no number of seconds."""

SOURCES = {
    "count_parameters": """
import time

time.monotonic = time.perf_counter = time.time = lambda: math.nan


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))
""",
}
OUTCOME = "graded"
LOSES = ()
