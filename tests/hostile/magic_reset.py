"""A cell wipes the notebook's names, and with them its own answer and all that was imported."""

SOURCES = {
    "underflow": """
bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108


%reset -f
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
