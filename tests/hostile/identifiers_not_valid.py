"""All cells have the same identifier, which is none."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def damage(notebook):
    """The notebook as it is handed in."""
    for cell in notebook["cells"]:
        cell["id"] = "../<same for all>" * 20
    return notebook
