"""A right answer ends in an object that can't be shown: what its methods raise is an output like others."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


class Rude:
    def __repr__(self, *_, **__):
        raise SystemExit("no representation")

    _repr_png_ = _repr_html_ = _repr_mimebundle_ = __repr__


Rude()
""",
}
OUTCOME = "graded"
LOSES = ()
