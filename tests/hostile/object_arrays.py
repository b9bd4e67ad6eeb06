"""A function returns an array of objects, each of which would run code where it is unpickled."""

SOURCES = {
    "any_order_is_exact": """
class Bomb:
    def __reduce__(self):
        import os

        return os._exit, (0,)


def log_terms(p, order, x):
    return np.array([[Bomb()] * x.shape[1]] * len(x), dtype=object)
""",
}
OUTCOME = "graded"
LOSES = ("any_order_is_exact_checks", "any_order_is_exact_kept")
