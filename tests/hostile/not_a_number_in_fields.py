"""Fields that are to hold numbers hold NaN and infinity: NaN points once were full marks."""

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
    notebook["nbformat_minor"] = float("inf")
    notebook["metadata"]["score"] = float("nan")
    for cell in notebook["cells"]:
        cell["execution_count"] = float("nan")
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["points"] = float("nan")
    return notebook
