"""A cell's source is short and its compilation is not: brackets and sums that a parser nests."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
SOURCES["count_parameters"] = (
    "x = " + "(" * 190 + "1" + ")" * 190 + "\n" + "-" * 15000 + "1\n" + "\n".join(["x = [" + "1+" * 9000 + "1]"] * 8)
)
