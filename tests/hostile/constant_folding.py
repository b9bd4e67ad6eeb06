"""A cell's source makes its compiler compute a constant that it would have to keep."""

SOURCES = {
    "count_parameters": """
huge = ((2 ** 64) ** 64) ** 64 ** 2 ** 9
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
SECONDS = 5
