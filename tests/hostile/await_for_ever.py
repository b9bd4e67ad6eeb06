"""A cell awaits what never comes, in a loop of events of its own."""

SOURCES = {
    "count_parameters": """
import asyncio

await asyncio.Event().wait()
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
SECONDS = 5
