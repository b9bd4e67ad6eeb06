"""A right answer puts scripts into every kind of output: none of them may run in a reader's browser."""

SOURCES = {
    "count_parameters": r"""
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


from IPython.display import HTML, SVG, Javascript, Latex, Markdown, display

script = "<script>document.title = 'hostile'</script><img src=x onerror='document.title = 1'>"
print(script)
display(HTML(script), Markdown(script), Javascript("document.title = 'hostile'"))
display(Latex(r"$\href{javascript:alert(1)}{x}$"))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>"))
display({"text/plain": script, "text/html": script, "application/javascript": "alert(1)", script: script}, raw=True)
""",
}
OUTCOME = "graded"
LOSES = ()
