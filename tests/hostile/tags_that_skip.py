"""Every check is tagged to be skipped, to be allowed to fail, or to be taken out."""

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
    tags = [
        "skip-execution",
        "raises-exception",
        "nbval-skip",
        "remove-cell",
        "remove_output",
        "hide-cell",
        "parameters",
    ]
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = tags
    return notebook
