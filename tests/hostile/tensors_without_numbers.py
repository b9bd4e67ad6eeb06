"""A function returns tensors that hold no numbers or hold them elsewhere: meta, sparse, quantised."""

SOURCES = {
    "any_order_is_exact": """
turn = 0


def log_terms(p, order, x):
    global turn
    turn += 1
    return (
        torch.empty(x.shape, device="meta", dtype=torch.float64),
        torch.zeros(x.shape, dtype=torch.float64).to_sparse(),
        torch.quantize_per_tensor(torch.zeros(x.shape), 0.1, 0, torch.qint8),
        torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)]),
    )[turn % 4]
""",
}
OUTCOME = "graded"
LOSES = ("any_order_is_exact_checks", "any_order_is_exact_kept")
