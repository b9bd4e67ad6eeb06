"""A function ends its process whenever a check calls it, with the code of success: each check that calls it is lost."""

SOURCES = {
    "count_parameters": """
import os


def count_table(n):
    os._exit(0)


def count_chain(n, memory):
    os._exit(0)
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
