"""The notebook asks, in the instructor's words, for more time and for modules that are hidden."""

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
    notebook["metadata"]["grading"] = {"hidden": [], "cell_seconds": 10**9, "notebook_seconds": float("inf")}
    notebook["metadata"]["celltoolbar"] = "Create Assignment"
    return notebook
