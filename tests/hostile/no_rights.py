"""The notebook may not be written, and what lies beside it not even be read."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def files(folder):
    """What lies beside the notebook."""
    (folder / "data.csv").write_text("x")
    (folder / "data.csv").chmod(0)
    (folder / "chain_rule.ipynb").chmod(0o444)
