"""A cell patches numpy where arrays are made and read."""

SOURCES = {
    "underflow": """
np.asarray = np.array = lambda *_, **__: 108
np.frombuffer = lambda *_, **__: None
np.ndarray = np.generic = object

bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
