"""A cell does not compile: it alone is lost, and what follows runs."""

SOURCES = {
    "count_parameters": """
def count_table(n)
    return 2**n - 1
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
