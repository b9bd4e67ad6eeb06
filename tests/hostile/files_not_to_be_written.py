"""The notebook may not be written, nor may what lies beside it."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def files(folder):
    """What lies beside the notebook."""
    (folder / "data.csv").write_text("x")
    (folder / "data.csv").chmod(0o444)
    (folder / "chain_rule.ipynb").chmod(0o444)
