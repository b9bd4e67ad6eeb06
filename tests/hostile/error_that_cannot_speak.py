"""A function raises an error that raises another when it is asked what it says."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 0


def count_chain(n, memory):
    return 0


class Rude(Exception):
    def __str__(self):
        raise self

    __repr__ = __str__


def count_table(n):
    raise Rude


def count_chain(n, memory):
    raise Rude
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
