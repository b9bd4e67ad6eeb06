"""A cell is a script for another interpreter, which defines nothing here."""

SOURCES = {
    "count_parameters": """
%%bash
count_table() { echo $((2**$1 - 1)); }
count_table 3
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
