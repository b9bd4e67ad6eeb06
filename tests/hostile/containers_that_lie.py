"""A function returns lists and dictionaries whose own methods never end."""

SOURCES = {
    "any_order_is_exact": """
class Endless(list):
    def __iter__(self):
        while True:
            yield 0.0

    def __len__(self):
        return 1 << 60


class Keyless(dict):
    def items(self):
        while True:
            yield 0, 0


def log_terms(p, order, x):
    return Endless([Keyless()])
""",
}
OUTCOME = "graded"
LOSES = ("any_order_is_exact_checks", "any_order_is_exact_kept")
