"""A cell prints in an endless loop: what is kept is bounded, and so is its time."""

SOURCES = {
    "count_parameters": """
while True:
    print("count_parameters_checks: 1 of 1 points " * 100)
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
SECONDS = 5
