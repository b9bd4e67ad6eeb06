"""All checks and given cells are deleted from the notebook; they come from the instructor's."""

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


def damage(notebook):
    """The notebook as it is handed in."""
    keep = (
        "count_parameters",
        "conditional_from_joint",
        "log_prob_by_chain_rule",
        "normalises",
        "ancestral_sample",
        "any_order_is_exact",
        "looks_ahead",
        "underflow",
        "why_factorise",
    )
    notebook["cells"] = [c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") in keep]
    return notebook
