"""Functions return a whole number of ten million bits."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 0


def count_chain(n, memory):
    return 0


def count_table(n):
    return 1 << 10_000_000


def count_chain(n, memory):
    return -1 << 10_000_000
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
