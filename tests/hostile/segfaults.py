"""A function reads memory that is not there, and the process dies of it while a check asks."""

SOURCES = {
    "looks_ahead": """
import ctypes


def logits(weights, bias, x):
    return ctypes.string_at(0)
"""
}
OUTCOME = "graded"
LOSES = ("looks_ahead_checks", "looks_ahead_kept")
