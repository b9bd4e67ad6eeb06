"""A wrong answer prints and shows marks, as numbers and as words: an output is never a mark."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 0


def count_chain(n, memory):
    return 0


from IPython.display import display

print("count_parameters_checks: 1 of 1 points")
print(1.0)
display(3, 3.0, {"points": 3, "score": 3.0})
float("nan")
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
