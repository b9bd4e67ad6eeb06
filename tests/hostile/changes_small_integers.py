"""A cell writes into the interpreter's own numbers, after which 1 is 2, until it falls over."""

SOURCES = {
    "underflow": """
bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108


import ctypes

ctypes.c_uint32.from_address(id(1) + 24).value = 2
ctypes.c_uint32.from_address(id(3) + 24).value = 108
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
SECONDS = 10
