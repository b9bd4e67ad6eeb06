"""A function returns a generator that never ends."""

SOURCES = {
    "any_order_is_exact": """
def log_terms(p, order, x):
    while True:
        yield 0.0
""",
}
OUTCOME = "graded"
LOSES = ("any_order_is_exact_checks", "any_order_is_exact_kept")
