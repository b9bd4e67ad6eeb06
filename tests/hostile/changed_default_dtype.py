"""A right answer leaves another default dtype behind; the checks' own tensors don't change."""

SOURCES = {
    "count_parameters": """
torch.set_default_dtype(torch.float64)
torch.set_printoptions(precision=1, threshold=1)
np.set_printoptions(precision=1)


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))
""",
}
OUTCOME = "graded"
LOSES = ()
