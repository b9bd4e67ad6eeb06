"""The notebook says that its wrong answer is worth a thousand points, and that a check takes points away."""

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
        about = cell["metadata"].get("nbgrader", {})
        if "points" in about:
            about["points"] = 1000 if about["grade_id"].startswith("count") else -5
    return notebook
