"""A cell forks, and both processes go on to answer over the one connection: what arrives answers other questions."""

SOURCES = {
    "underflow": """
import os

bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108


os.fork()
"""
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
SECONDS = 10
