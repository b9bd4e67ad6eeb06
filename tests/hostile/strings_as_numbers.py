"""Functions return the right numbers as strings."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 0


def count_chain(n, memory):
    return 0


def count_table(n):
    return str(2**n - 1)


def count_chain(n, memory):
    return np.str_(sum(2 ** min(i, memory) for i in range(n)))
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
