"""A transformer of inputs skips every cell that checks; but no check is run where it is."""

SOURCES = {
    "count_parameters": r"""
def skip(lines):
    return ["pass\n"] if any("equal_to(" in line or "close_to(" in line for line in lines) else lines


get_ipython().input_transformers_cleanup.append(skip)
get_ipython().input_transformers_post.append(skip)


def count_table(n):
    return 0


def count_chain(n, memory):
    return 0
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
