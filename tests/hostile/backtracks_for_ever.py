"""A function matches a regular expression that tries 2^60 ways, within the lock that other threads would need."""

SOURCES = {
    "underflow": """
import re

bets = [784, 2000, 784]


def first_zero(prob, precision):
    return len(re.match("(a+)+b", "a" * 60).group())
"""
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
SECONDS = 5
