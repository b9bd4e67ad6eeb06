"""Every cell says that its metadata are of version 99, which once stopped the whole run."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def damage(notebook):
    """The notebook as it is handed in."""
    for cell in notebook["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["schema_version"] = 99
    return notebook
