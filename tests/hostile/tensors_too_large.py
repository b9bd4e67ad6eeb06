"""A function returns a tensor that claims a terabyte and takes eight bytes until it is written out."""

SOURCES = {
    "any_order_is_exact": """
def log_terms(p, order, x):
    return torch.zeros(1, dtype=torch.float64).expand(1 << 20, 1 << 17)
""",
}
OUTCOME = "graded"
LOSES = ("any_order_is_exact_checks", "any_order_is_exact_kept")
