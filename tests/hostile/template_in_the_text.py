"""The explanation and an output speak the language of the templates that make the feedback."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


print("{{ 7 * 7 }} {% for x in range(10**9) %}x{% endfor %} {{ self.__init__.__globals__ }}")
""",
    "why_factorise": """
{{ 7 * 7 }} {% for x in range(10**9) %}x{% endfor %} {{ cycler.__init__.__globals__.os.environ }}
{% include '/etc/passwd' %} ${7*7} #{7*7}
""",
}
OUTCOME = "graded"
LOSES = ()
