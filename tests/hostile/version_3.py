"""The notebook is written in version 3 of the format, whose cells lie in worksheets."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "it has no list of cells"


def damage(notebook):
    """The notebook as it is handed in."""
    cells = [{**cell, "input": cell["source"]} for cell in notebook["cells"]]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}
