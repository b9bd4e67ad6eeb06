"""The notebook is a socket."""

import os
import stat

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "can't be opened"


def files(folder):
    """A socket in the notebook's place."""
    (folder / "chain_rule.ipynb").unlink(missing_ok=True)
    os.mknod(folder / "chain_rule.ipynb", stat.S_IFSOCK | 0o600)
