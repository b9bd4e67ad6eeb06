"""A cell defines what is to be called as a number, a class and a module."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 0


def count_chain(n, memory):
    return 0


count_table = 7
count_chain = torch
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
