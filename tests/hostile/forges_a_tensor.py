"""A cell writes tensors whose buffers don't fit: negative lengths, products that overflow, one buffer used twice."""

SOURCES = {
    "underflow": """
import grading.wire

TENSOR = [
    "list",
    ["tensor", 0, "float64", [1 << 32, 1 << 32], False],
    ["tensor", 0, "bool", [-8], True],
    ["array", 0, "O", [1]],
]


def write(self, value, depth=0):
    if not self.buffers:
        self.buffers.append(bytes(8))
    return ["dict", ["value", TENSOR]]


grading.wire._Writer.write = write

bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
