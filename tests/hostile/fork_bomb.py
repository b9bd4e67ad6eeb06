"""A cell forks as often as it can, and so does each child: their number is limited, and all end with their cell."""

SOURCES = {
    "count_parameters": """
import os
import time

while os.getpid() < 10_000:  # it is no longer alone in a namespace of its own if its number is higher
    try:
        os.fork()
    except OSError:
        time.sleep(0.1)
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
SECONDS = 5
