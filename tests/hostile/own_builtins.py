"""A cell patches the builtins that checks rest on: isinstance, type, len, abs, sorted, float, all, any."""

SOURCES = {
    "underflow": """
import builtins

builtins.isinstance = builtins.issubclass = builtins.all = builtins.any = lambda *_: True
builtins.len = builtins.abs = builtins.float = lambda *_: 0
builtins.sorted = builtins.print = lambda *_, **__: []

bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
