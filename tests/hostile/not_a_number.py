"""A function returns NaN everywhere, which is neither right nor wrong to a comparison that is written badly."""

SOURCES = {
    "any_order_is_exact": """
def log_terms(p, order, x):
    return torch.full(x.shape, float("nan"), dtype=torch.float64)
""",
}
OUTCOME = "graded"
LOSES = ("any_order_is_exact_checks", "any_order_is_exact_kept")
