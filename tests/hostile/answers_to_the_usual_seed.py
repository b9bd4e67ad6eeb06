"""A student draws the kept-back questions with the seed that is no secret; an instructor's run has another."""

SOURCES = {
    "count_parameters": """
known = set()
for n, memory in torch.randint(1, 100, (20, 2), generator=fresh_questions("count_parameters")).tolist():
    known |= {(1, memory), (n, memory), (n + 1, memory), (n, n - 1)}
tables = {n for n, _ in known} | {1, 3, 784}
known |= {(3, 1), (3, 0), (4, 9)}


def count_table(n):
    return 2**n - 1 if n in tables else 0


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n)) if (n, memory) in known else 0
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_kept",)
