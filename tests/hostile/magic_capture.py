"""A right answer runs under a magic that captures what a cell prints, and others that time it."""

SOURCES = {
    "count_parameters": """
%%capture captured


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


print("unseen")
""",
    "looks_ahead": """
%%time
def logits(weights, bias, x):
    n = len(bias)
    allowed = torch.tril(torch.ones(n, n, dtype=weights.dtype), diagonal=-1)
    return bias + x.to(weights.dtype) @ (allowed * weights).T
""",
}
OUTCOME = "graded"
LOSES = ()
