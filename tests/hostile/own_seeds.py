"""A cell patches the seeding of generators, by which a call of its own may only be made to fail."""

SOURCES = {
    "underflow": """
import random


def refuse(*_):
    raise SystemExit


torch.manual_seed = np.random.seed = random.seed = refuse

bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
