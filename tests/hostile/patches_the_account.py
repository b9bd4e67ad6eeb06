"""A cell patches what tells of its outputs: kinds that there are not, sizes beyond all limits, scripts as numbers."""

SOURCES = {
    "underflow": """
from grading.servant import Servant

ACCOUNT = [[["html", "<script>alert(1)</script>"], ["error", 1, 2, 3], ["text", 7]] * 9, "passed", "<b>1</b>", math.nan]
Servant.do_run = lambda self, source: ACCOUNT

bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
