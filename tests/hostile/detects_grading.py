"""A student's code finds out that it is being graded, and only then returns what equals everything."""

SOURCES = {
    "count_parameters": """
import os
import sys


class Everything:
    def __eq__(self, other):
        return True


graded = "NBGRADER_EXECUTION" in os.environ or "grading.servant" in sys.modules or os.path.isdir("/course")


def count_table(n):
    return Everything() if graded else 2**n - 1


def count_chain(n, memory):
    return Everything() if graded else sum(2 ** min(i, memory) for i in range(n))
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
