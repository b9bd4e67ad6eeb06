"""A right answer shows a script, broken base64 and objects as if they were pictures; they are not kept."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


from IPython.display import display

for picture in (b"<script>alert(1)</script>", "PHNjcmlwdD4=", "no base64 at all!", 7, ["x"], {"a": 1}):
    try:
        display({"image/png": picture, "text/plain": "a picture"}, raw=True)
    except Exception as error:
        print(type(error))
""",
}
OUTCOME = "graded"
LOSES = ()
