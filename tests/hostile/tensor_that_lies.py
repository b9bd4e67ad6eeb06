"""A function returns a subclass of a tensor whose methods lie about its shape, its values and its equality."""

SOURCES = {
    "any_order_is_exact": """
class Lying(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, arguments=(), options=None):
        if function in (torch.Tensor.__eq__, torch.equal, torch.allclose):
            return True
        with torch._C.DisableTorchFunctionSubclass():
            return function(*arguments, **(options or {}))


def log_terms(p, order, x):
    return torch.zeros(x.shape, dtype=torch.float64).as_subclass(Lying)
""",
}
OUTCOME = "graded"
LOSES = ("any_order_is_exact_checks", "any_order_is_exact_kept")
