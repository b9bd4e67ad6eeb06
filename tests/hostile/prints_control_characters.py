"""A right answer prints what confuses a terminal or a reader: escapes, half letters, text from right to left."""

SOURCES = {
    "count_parameters": r"""
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


print("\x1b[2J\x1b]0;title\x07\x1b[31mred", "\0" * 100, "\ud800\udfff", "\u202e points 3/3", "\ufffe\uffff")
get_ipython().display_formatter.format("\ud800")
"\ud800"
""",
}
OUTCOME = "graded"
LOSES = ()
