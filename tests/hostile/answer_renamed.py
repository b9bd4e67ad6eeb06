"""An answer is given the name of its check: it is in no place where an answer is looked for."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")


def damage(notebook):
    """The notebook as it is handed in."""
    for cell in notebook["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if about.get("grade_id") == "underflow":
            about["grade_id"] = "underflow_checks"
    return notebook
