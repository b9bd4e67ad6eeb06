"""A function returns an object that answers every function of torch in its own way."""

SOURCES = {
    "any_order_is_exact": """
class Tensorlike:
    @classmethod
    def __torch_function__(cls, function, types, arguments=(), options=None):
        return cls() if function is not torch.equal else True

    def __array__(self, *_, **__):
        raise SystemExit


def log_terms(p, order, x):
    return Tensorlike()
""",
}
OUTCOME = "graded"
LOSES = ("any_order_is_exact_checks", "any_order_is_exact_kept")
