"""Every cell's flag that says whether it is a solution is turned over."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def damage(notebook):
    """The notebook as it is handed in."""
    for cell in notebook["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["solution"] = not cell["metadata"]["nbgrader"].get("solution", False)
    return notebook
