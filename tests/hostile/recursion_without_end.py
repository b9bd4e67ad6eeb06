"""A function with the recursion limit lifted calls itself through C code until the stack is used up."""

SOURCES = {
    "count_parameters": """
import sys

sys.setrecursionlimit(10**9)


def count_table(n):
    return max(map(count_table, [n]))


def count_chain(n, memory):
    return count_table(n)
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
SECONDS = 10
