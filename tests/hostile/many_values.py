"""A function returns a million small values in lists."""

SOURCES = {
    "any_order_is_exact": """
def log_terms(p, order, x):
    return [[0.0] * 1000] * 1000
""",
}
OUTCOME = "graded"
LOSES = ("any_order_is_exact_checks", "any_order_is_exact_kept")
