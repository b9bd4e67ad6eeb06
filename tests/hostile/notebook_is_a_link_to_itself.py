"""The notebook is a link to itself."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "can't be opened"


def files(folder):
    """A link in the notebook's place."""
    (folder / "chain_rule.ipynb").unlink(missing_ok=True)
    (folder / "chain_rule.ipynb").symlink_to("chain_rule.ipynb")
