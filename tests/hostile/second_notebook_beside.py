"""Further notebooks lie beside the right one, of which one says that it is the solution."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def files(folder):
    """What lies beside the notebook."""
    for name in ("chain_rule-Copy1.ipynb", "Chain_Rule.ipynb", "chain_rule.ipynb.bak", "solution.ipynb"):
        (folder / name).write_text("{}")
