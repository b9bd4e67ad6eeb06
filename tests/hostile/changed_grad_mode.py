"""A right answer switches gradients off for good, and asks for deterministic algorithms."""

SOURCES = {
    "count_parameters": """
torch.set_grad_enabled(False)
torch.use_deterministic_algorithms(True)
torch.autograd.set_detect_anomaly(True)


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))
""",
}
OUTCOME = "graded"
LOSES = ()
