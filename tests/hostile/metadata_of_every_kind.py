"""The notebook's metadata are a list, and its cells' are words, numbers and nothing where they may be."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def damage(notebook):
    """The notebook as it is handed in."""
    notebook["metadata"] = ["kernelspec", {"language_info": 7}]
    for cell in notebook["cells"]:
        if "nbgrader" not in cell["metadata"]:
            cell["metadata"] = cell["attachments"] = cell["outputs"] = None
    return notebook
