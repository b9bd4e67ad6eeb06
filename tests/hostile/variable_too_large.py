"""A variable that a check reads is a list of a million numbers, nested deep."""

SOURCES = {
    "underflow": """
bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108


for _ in range(1000):
    bets = [bets, list(range(1000))]
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
