"""A cell ends its own process after right definitions: they go with it, and the other cells are played without it."""

SOURCES = {
    "count_parameters": """
import os


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


os._exit(0)
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
