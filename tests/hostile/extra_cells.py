"""Cells between the others patch the checks, leave the process and hold the right answer."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 0


def count_chain(n, memory):
    return 0
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")


def damage(notebook):
    """The notebook as it is handed in."""
    extra = [
        "import os; os._exit(0)",
        "equal_to = close_to = lambda *_, **__: None",
        "def count_table(n):\n    return 2**n - 1",
        "def count_chain(n, memory):\n    return sum(2 ** min(i, memory) for i in range(n))",
    ]
    cells = []
    for cell in notebook["cells"]:
        cells.append(cell)
        cells += [{"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in extra]
    notebook["cells"] = cells
    return notebook
