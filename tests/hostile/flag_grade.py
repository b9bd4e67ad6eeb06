"""Every cell's flag that says whether it is graded is turned over."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def damage(notebook):
    """The notebook as it is handed in."""
    for cell in notebook["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["grade"] = not cell["metadata"]["nbgrader"].get("grade", False)
    return notebook
