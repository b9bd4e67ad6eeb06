"""The notebook is a pipe, which keeps whoever opens it waiting for somebody to write."""

import os

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "no ordinary file"


def files(folder):
    """A pipe in the notebook's place."""
    (folder / "chain_rule.ipynb").unlink(missing_ok=True)
    os.mkfifo(folder / "chain_rule.ipynb")
