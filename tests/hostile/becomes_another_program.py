"""A cell replaces its process by another program, which keeps the connection and says nothing on it."""

SOURCES = {
    "count_parameters": """
import os


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


os.execv("/bin/sleep", ["sleep", "3000"])
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
SECONDS = 5
