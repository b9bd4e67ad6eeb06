"""A student writes down the answers to the published checks: the kept-back ones ask something else."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return {1: 1, 3: 7}.get(n, 0)


def count_chain(n, memory):
    return {(3, 1): 5, (3, 0): 3, (4, 9): 15}.get((n, memory), 0)
""",
    "underflow": """
bets = [784, 2000, 784]


def first_zero(prob, precision):
    return {"float64": 108, "float32": 15}[precision]
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_kept", "underflow_kept")
