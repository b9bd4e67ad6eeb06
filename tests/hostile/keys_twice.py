"""The notebook's text names its cells twice, first none and then its own."""

import json

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def damage(notebook):
    """The notebook as it is handed in."""
    return ('{"cells": [], "nbformat": 3, ' + json.dumps(notebook)[1:]).encode()
