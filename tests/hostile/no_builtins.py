"""A cell empties the table of builtins, and so loses the process that would have answered."""

SOURCES = {
    "underflow": """
bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108


import builtins

builtins.__dict__.clear()
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
