"""A function raises an error with a message of 20 million letters; a few hundred of them cross."""

SOURCES = {
    "underflow": """
bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108


def first_zero(prob, precision):
    raise ValueError("x" * 20_000_000)
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
