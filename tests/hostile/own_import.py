"""A cell puts a finder first that loops at every further import."""

SOURCES = {
    "underflow": """
import sys


class Finder:
    def find_spec(self, name, path=None, target=None):
        while True:
            pass

bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108


sys.meta_path.insert(0, Finder())
sys.modules.pop("random", None)


def first_zero(prob, precision):
    import random

    return 108
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
SECONDS = 5
