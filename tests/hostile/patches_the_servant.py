"""A cell patches what answers for its process, so that every call gives 108."""

SOURCES = {
    "underflow": """
from grading.servant import Servant

Servant.do_call = Servant.do_attribute = Servant.do_item = lambda self, **question: 108

bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
