"""The notebook's cells are a table in place of a list."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "it has no list of cells"


def damage(notebook):
    """The notebook as it is handed in."""
    notebook["cells"] = {str(number): cell for number, cell in enumerate(notebook["cells"])}
    return notebook
