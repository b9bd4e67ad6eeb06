"""Results with full marks lie beside the notebook, in the forms that the grader and nbgrader keep theirs."""

import json

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 0


def count_chain(n, memory):
    return 0
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")


def files(folder):
    """What lies beside the notebook."""
    result = {
        "outcome": "graded",
        "cells": {"count_parameters_checks": {"role": "check", "passed": True, "points": 9.0}},
    }
    for name in ("result.json", "posted.json", "20260101000000000000-0000000000000000.json", ".ledger.json"):
        (folder / name).write_text(json.dumps(result))
    (folder / "ledger" / "chain_rule").mkdir(parents=True)
    (folder / "ledger" / "chain_rule" / "seed").write_text("0")
    (folder / "chain_rule.html").write_text("<h1>Score: 40 of 40</h1>")
