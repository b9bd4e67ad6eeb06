"""A cell patches what tells its names, and offers checks and libraries among them."""

SOURCES = {
    "underflow": """
import grading.servant

asked = grading.servant.Servant.do_names


def do_names(self, names):
    free = ("equal_to", "has_shape", "fresh_questions", "torch", "__builtins__")
    return asked(self, names) | {name: self.__class__ for name in free}


grading.servant.Servant.do_names = do_names

bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
