"""The notebook is a link to a file elsewhere, whose text would show in the feedback."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "can't be opened"


def files(folder):
    """A link in the notebook's place."""
    (folder / "chain_rule.ipynb").unlink(missing_ok=True)
    (folder / "chain_rule.ipynb").symlink_to("/etc/passwd")
