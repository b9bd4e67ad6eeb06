"""A cell ends in an error whose words, class and notes leave the process when they are asked for."""

SOURCES = {
    "underflow": """
bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108


import os


class Rude(BaseException):
    def __str__(self):
        os._exit(0)

    __repr__ = __str__


def first_zero(prob, precision):
    raise Rude


raise Rude
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
