"""The cells that are given define the checks anew and patch what they rest on."""

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
        if cell["metadata"].get("nbgrader", {}).get("grade_id", "") in ("setup", "looks_ahead_given", "digits_given"):
            cell["source"] = "equal_to = close_to = has_shape = fresh_questions = lambda *_, **__: None"
    return notebook
