"""A function returns pickles, as bytes and as an object that runs code where it is unpickled; nobody does."""

SOURCES = {
    "any_order_is_exact": """
import pickle


class Bomb:
    def __reduce__(self):
        import os

        return os._exit, (0,)


def log_terms(p, order, x):
    return pickle.dumps(Bomb()) if len(x) == 1 else Bomb()
""",
}
OUTCOME = "graded"
LOSES = ("any_order_is_exact_checks", "any_order_is_exact_kept")
