"""A cell leaves a file for the next student where it could be found, and is right only if an earlier one left it."""

SOURCES = {
    "count_parameters": """
import os

places = ["/tmp/answers", "/dev/shm/answers", "/tmp/home/answers", "/var/tmp/answers", "/tmp/home/.ipython/answers"]
worked = any(os.path.exists(place) for place in places)
for place in places:
    try:
        with open(place, "w") as file:
            file.write("2**n - 1")
    except OSError:
        pass


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
