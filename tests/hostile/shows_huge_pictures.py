"""A right answer shows large pictures over and over; those beyond the limit are left out."""

SOURCES = {
    "count_parameters": r"""
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


from IPython.display import Image, display

picture = b"\x89PNG\r\n\x1a\n" + bytes(3_000_000)
for _ in range(20):
    display(Image(picture, format="png"))
""",
}
OUTCOME = "graded"
LOSES = ()
