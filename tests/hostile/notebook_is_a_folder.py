"""The notebook is a folder."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "no ordinary file"


def files(folder):
    """A folder in the notebook's place."""
    (folder / "chain_rule.ipynb").unlink(missing_ok=True)
    (folder / "chain_rule.ipynb").mkdir()
    (folder / "chain_rule.ipynb" / "chain_rule.ipynb").write_text("{}")
