"""A function never returns: the check that called it is lost when its time is up, and the next one likewise."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    while True:
        pass


def count_chain(n, memory):
    while True:
        pass
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
SECONDS = 5
