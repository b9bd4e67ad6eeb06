"""A function's error, its class and its object are scripts: they reach the feedback as plain text."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 0


def count_chain(n, memory):
    return 0


script = "</pre></div><script>document.title = 'hostile'</script>"


def count_table(n):
    return type(script, (), {"__module__": script})()


def count_chain(n, memory):
    raise type(script, (ValueError,), {})(script)
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
