"""A function raises KeyboardInterrupt, as if somebody had stopped the check by hand."""

SOURCES = {
    "any_order_is_exact": """
def log_terms(p, order, x):
    raise KeyboardInterrupt
"""
}
OUTCOME = "graded"
LOSES = ("any_order_is_exact_checks", "any_order_is_exact_kept")
