"""The notebook brings outputs of its own: scores, full marks, scripts."""

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
    script = "<script>document.title = 'hostile'</script>"
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["execution_count"] = 1
            cell["outputs"] = [
                {"output_type": "execute_result", "data": {"text/plain": "3.0"}, "metadata": {}, "execution_count": 1},
                {"output_type": "display_data", "data": {"text/html": script, "text/plain": script}, "metadata": {}},
                {"output_type": "stream", "name": "stdout", "text": "3.0"},
            ]
    return notebook
