"""The cells are in the reverse order."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def damage(notebook):
    """The notebook as it is handed in."""
    notebook["cells"].reverse()
    return notebook
