"""The notebook has 5,000 cells more than it needs."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "more than 2000 cells"


def damage(notebook):
    """The notebook as it is handed in."""
    notebook["cells"] += [
        {"cell_type": "code", "metadata": {}, "source": f"x = {i}", "outputs": []} for i in range(5000)
    ]
    return notebook
