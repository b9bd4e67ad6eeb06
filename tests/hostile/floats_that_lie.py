"""A function returns floats of a class whose comparison, difference and conversion all lie."""

SOURCES = {
    "any_order_is_exact": """
class Lying(float):
    def __eq__(self, other):
        return True

    def __float__(self):
        return 0.0

    def __sub__(self, other):
        return 0.0

    __hash__ = float.__hash__
    __rsub__ = __abs__ = lambda self, *_: 0.0


def log_terms(p, order, x):
    return [[Lying(1.0) for _ in row] for row in x]
""",
}
OUTCOME = "graded"
LOSES = ("any_order_is_exact_checks", "any_order_is_exact_kept")
