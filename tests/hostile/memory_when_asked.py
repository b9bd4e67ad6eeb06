"""A function takes memory at every call and keeps it: the check during which it gets too much is lost, and the next."""

SOURCES = {
    "underflow": """
bets, hoard = [784, 2000, 784], []


def first_zero(prob, precision):
    for _ in range(80):
        hoard.append(torch.ones(8 << 20, dtype=torch.float64))
    return 108
"""
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
