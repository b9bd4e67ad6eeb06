"""A handler for errors turns each into silence, also those of assertions."""

SOURCES = {
    "count_parameters": """
get_ipython().set_custom_exc((BaseException,), lambda *_: None)


def count_table(n):
    return 0


def count_chain(n, memory):
    return 0
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
