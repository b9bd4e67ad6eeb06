"""Cells are of types that there are not."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def damage(notebook):
    """The notebook as it is handed in."""
    for number, cell in enumerate(notebook["cells"]):
        cell["cell_type"] = ("raw", "heading", "", None, 7, ["code"])[number % 6]
    return notebook
