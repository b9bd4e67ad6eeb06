"""A right answer seeds every global generator; what checks draw comes from elsewhere."""

SOURCES = {
    "count_parameters": """
import random

torch.manual_seed(0)
np.random.seed(0)
random.seed(0)
torch.default_generator.set_state(torch.Generator().manual_seed(7).get_state())


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))
""",
}
OUTCOME = "graded"
LOSES = ()
