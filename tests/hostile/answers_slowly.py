"""A function is right but takes its time over each question, so that the check as a whole takes too long."""

SOURCES = {
    "count_parameters": """
import time


def count_table(n):
    time.sleep(3)
    return 2**n - 1


def count_chain(n, memory):
    time.sleep(3)
    return sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
SECONDS = 5
