"""The explanation nests quotes, lists, brackets and stars by the thousand, on which converters choke."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()
SOURCES["why_factorise"] = "\n\n".join(
    [">" * 3000 + " x", "- " * 3000 + "x", "[" * 3000, "*a_" * 3000, "`" * 3000, "<" * 3000]
)
