"""A cell calls abort, as a library does whose own assertion fails."""

SOURCES = {
    "looks_ahead": """
import os


def logits(weights, bias, x):
    n = len(bias)
    allowed = torch.tril(torch.ones(n, n, dtype=weights.dtype), diagonal=-1)
    return bias + x.to(weights.dtype) @ (allowed * weights).T


os.abort()
"""
}
OUTCOME = "graded"
LOSES = ("looks_ahead_checks", "looks_ahead_kept")
