"""A function returns a list that is nested 100,000 deep, and one that holds itself."""

SOURCES = {
    "any_order_is_exact": """
def log_terms(p, order, x):
    nest = []
    if len(x) == 1:
        nest.append(nest)
    for _ in range(100_000):
        nest = [nest]
    return nest
""",
}
OUTCOME = "graded"
LOSES = ("any_order_is_exact_checks", "any_order_is_exact_kept")
