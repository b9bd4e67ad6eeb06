"""An answer's cell is deleted: it counts as never written."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")


def damage(notebook):
    """The notebook as it is handed in."""
    notebook["cells"] = [
        c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") != "underflow"
    ]
    return notebook
