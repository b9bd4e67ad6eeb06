"""The file is a pickle that runs code where it is read as one."""

import pickle

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "this is no notebook"


def damage(notebook):
    """The notebook as it is handed in."""

    class Bomb:
        def __reduce__(self):
            return print, ("hostile",)

    return pickle.dumps(Bomb())
