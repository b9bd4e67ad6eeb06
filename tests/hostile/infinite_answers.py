"""Functions return infinity, NaN and complex numbers in place of whole ones."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 0


def count_chain(n, memory):
    return 0


def count_table(n):
    return math.inf


def count_chain(n, memory):
    return complex(math.nan, math.inf) if n % 2 else math.nan
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
