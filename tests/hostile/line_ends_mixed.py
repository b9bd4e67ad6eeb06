"""The notebook's sources end their lines in two ways."""

import itertools

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def damage(notebook):
    """The notebook as it is handed in."""
    ends = itertools.cycle(["\r\n", "\n"])
    for cell in notebook["cells"]:
        cell["source"] = "".join(line + next(ends) for line in "".join(cell["source"]).split("\n"))
    return notebook
