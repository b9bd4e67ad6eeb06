"""A cell patches what tells of errors: classes that there are not, words of megabytes, an answer beside them."""

SOURCES = {
    "underflow": """
import grading.servant

LIE = {"value": 108, "error": ["AssertionError"] * 1000, "text": "x" * 500_000, "at": 7}
grading.servant.told = lambda error: LIE

bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108


def first_zero(prob, precision):
    raise ValueError
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
