"""The flags of cells hold lists, words and nothing."""

import itertools

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def damage(notebook):
    """The notebook as it is handed in."""
    odd = itertools.cycle([None, [], {}, "true", 1e308, -1])
    for cell in notebook["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"] |= {
                key: next(odd) for key in ("grade", "locked", "solution", "task", "points")
            }
    return notebook
