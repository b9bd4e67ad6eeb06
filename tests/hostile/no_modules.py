"""A cell empties the table of modules and puts its own in their place."""

SOURCES = {
    "underflow": """
bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108


import sys
import types

sys.modules.clear()
for name in ("torch", "numpy", "json", "struct", "grading", "grading.wire", "grading.servant"):
    sys.modules[name] = types.ModuleType(name)
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
