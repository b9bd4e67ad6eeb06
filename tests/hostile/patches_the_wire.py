"""A cell patches how values are written down, and writes kinds that there are not and buffers that are not there."""

SOURCES = {
    "underflow": """
import grading.wire

KINDS = ["object", "__class__", "pickle", "tensor", "reference", "integer", "dtype"]
grading.wire._Writer.write = lambda *_: ["list", *([kind, 10**15, "float64", [2**40]] for kind in KINDS)]

bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
