"""All checks are emptied, or made to pass by themselves."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 0


def count_chain(n, memory):
    return 0
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")


def damage(notebook):
    """The notebook as it is handed in."""
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id", "").endswith(("_checks", "_kept")):
            cell["source"] = "1"
    return notebook
