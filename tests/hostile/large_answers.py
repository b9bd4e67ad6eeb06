"""A function returns as much as may cross at every call: tensors of 60 MiB, which have the wrong shape."""

SOURCES = {
    "any_order_is_exact": """
def log_terms(p, order, x):
    return torch.zeros(60 << 17, dtype=torch.float64)
""",
}
OUTCOME = "graded"
LOSES = ("any_order_is_exact_checks", "any_order_is_exact_kept")
