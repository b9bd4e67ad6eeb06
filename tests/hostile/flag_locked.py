"""Every cell's flag that says whether it is locked is turned over."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def damage(notebook):
    """The notebook as it is handed in."""
    for cell in notebook["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["locked"] = not cell["metadata"]["nbgrader"].get("locked", False)
    return notebook
