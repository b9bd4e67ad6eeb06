"""A cell loops and swallows every error that is to stop it: the process is ended from outside."""

SOURCES = {
    "count_parameters": """
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
SECONDS = 5
