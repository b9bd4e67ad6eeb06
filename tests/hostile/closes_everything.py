"""A cell closes every descriptor that it has."""

SOURCES = {
    "count_parameters": """
import os


def count_table(n):
    return 0


def count_chain(n, memory):
    return 0


os.closerange(0, 1 << 16)
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
