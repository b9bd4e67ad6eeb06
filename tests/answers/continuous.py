"""Right and wrong answers to ``continuous``; see ``grading/answers.py`` for what this file defines."""

from grading.answers import Marked, Wrong

RIGHT, WRONG = {}, {}

# ------------------------------------------------------------------------------------------------ change_of_units
RIGHT["change_of_units"] = {
    "logarithm of the size": """
def change_units(log_density, a, dims):
    return log_density - dims * math.log(abs(a))
""",
    "one dimension after the other": """
def change_units(log_density, a, dims):
    for _ in range(dims):
        log_density = log_density + math.log(1 / abs(a))
    return log_density
""",
    "half the logarithm of the square": """
def change_units(log_density, a, dims):
    return log_density - 0.5 * dims * np.log(a**2)
""",
    "the determinant": """
def change_units(log_density, a, dims):
    jacobian = a * torch.eye(dims, dtype=torch.float64)
    return log_density - torch.linalg.slogdet(jacobian).logabsdet
""",
    "numpy": """
def change_units(log_density, a, dims):
    return log_density.numpy() - dims * np.log(np.abs(a))
""",
    "a list": """
def change_units(log_density, a, dims):
    return [float(value) - dims * math.log(abs(a)) for value in log_density]
""",
}
_UNITS = ("change_of_units_checks", "change_of_units_kept")
WRONG["change_of_units"] = {
    "plus_for_minus": Wrong(
        "def change_units(log_density, a, dims):\n    return log_density + dims * math.log(abs(a))\n", _UNITS
    ),
    "once_for_all_dimensions": Wrong(
        "def change_units(log_density, a, dims):\n    return log_density - math.log(abs(a))\n", _UNITS
    ),
    "nothing_changes": Wrong("def change_units(log_density, a, dims):\n    return log_density\n", _UNITS),
    "logarithm_of_a_negative_number": Wrong(
        "def change_units(log_density, a, dims):\n    return log_density - dims * math.log(a)\n", _UNITS
    ),
    "bits": Wrong(
        "def change_units(log_density, a, dims):\n    return log_density - dims * math.log2(abs(a))\n", _UNITS
    ),
    "divided_as_if_no_logarithm": Wrong(
        "def change_units(log_density, a, dims):\n    return log_density / abs(a) ** dims\n", _UNITS
    ),
    "averaged_over_dimensions": Wrong(
        "def change_units(log_density, a, dims):\n    return log_density / dims - math.log(abs(a))\n", _UNITS
    ),
    "summed_over_examples": Wrong(
        "def change_units(log_density, a, dims):\n    return log_density.sum() - dims * math.log(abs(a))\n", _UNITS
    ),
    "negative_sizes_pass_unseen": Wrong(
        "def change_units(log_density, a, dims):\n    return log_density - dims * math.log(max(a, 1e-9))\n", _UNITS
    ),
}

# ------------------------------------------------------------------------------------- gaussian_mixture_log_prob
RIGHT["gaussian_mixture_log_prob"] = {
    "formula and logsumexp": """
def mixture_log_prob(x, log_weights, means, log_scales):
    z = (x.unsqueeze(1) - means) / torch.exp(log_scales)
    return (log_weights - log_scales - z.pow(2) / 2 - math.log(2 * math.pi) / 2).logsumexp(1)
""",
    "torch's Normal": """
def mixture_log_prob(x, log_weights, means, log_scales):
    hills = torch.distributions.Normal(means, log_scales.exp())
    return torch.logsumexp(hills.log_prob(x[:, None]) + log_weights, dim=1)
""",
    "torch's mixture": """
def mixture_log_prob(x, log_weights, means, log_scales):
    from torch.distributions import Categorical, MixtureSameFamily, Normal

    return MixtureSameFamily(Categorical(logits=log_weights), Normal(means, log_scales.exp())).log_prob(x)
""",
    "hill after hill": """
def mixture_log_prob(x, log_weights, means, log_scales):
    total = torch.full_like(x, -math.inf)
    for w, m, s in zip(log_weights, means, log_scales):
        total = torch.logaddexp(total, w - s - 0.5 * ((x - m) / s.exp()) ** 2 - 0.5 * math.log(2 * math.pi))
    return total
""",
    "the greatest taken out by hand": """
def mixture_log_prob(x, log_weights, means, log_scales):
    each = log_weights - 0.5 * (x[:, None] - means) ** 2 * (-2 * log_scales).exp() - log_scales
    each = each - 0.9189385332046727
    top = each.max(1, keepdim=True).values
    return (top + (each - top).exp().sum(1, keepdim=True).log())[:, 0]
""",
    "numpy": """
def mixture_log_prob(x, log_weights, means, log_scales):
    x, w, m, s = (np.asarray(t) for t in (x, log_weights, means, log_scales))
    each = w - s - 0.5 * ((x[:, None] - m) / np.exp(s)) ** 2 - 0.5 * np.log(2 * np.pi)
    return np.logaddexp.reduce(each, axis=1)
""",
}
_MIX = ("gaussian_mixture_log_prob_checks", "gaussian_mixture_log_prob_kept")


def _mixture(body, loses=_MIX):
    return Wrong(f"def mixture_log_prob(x, log_weights, means, log_scales):\n{body}", loses)


_Z = """    z = (x[:, None] - means) / log_scales.exp()
    each = -0.5 * z**2 - log_scales - 0.5 * math.log(2 * math.pi)
"""
WRONG["gaussian_mixture_log_prob"] = {
    "log_of_a_sum_that_underflows": _mixture(_Z + "    return (log_weights + each).exp().sum(1).log()\n"),
    "sum_of_logs": _mixture(_Z + "    return (log_weights + each).sum(1)\n"),
    "no_jacobian_of_the_scale": _mixture(
        "    z = (x[:, None] - means) / log_scales.exp()\n"
        "    return (log_weights - 0.5 * z**2 - 0.5 * math.log(2 * math.pi)).logsumexp(1)\n"
    ),
    "logarithm_taken_for_the_scale": _mixture(
        "    z = (x[:, None] - means) / log_scales\n"
        "    return (log_weights - 0.5 * z**2 - log_scales - 0.5 * math.log(2 * math.pi)).logsumexp(1)\n"
    ),
    "weights_as_they_are": _mixture(_Z + "    return (log_weights.exp() + each).logsumexp(1)\n"),
    "weights_left_out": _mixture(_Z + "    return each.logsumexp(1)\n"),
    "no_two_pi": _mixture(
        "    z = (x[:, None] - means) / log_scales.exp()\n"
        "    return (log_weights - 0.5 * z**2 - log_scales).logsumexp(1)\n"
    ),
    "variance_for_scale": _mixture(
        "    each = torch.distributions.Normal(means, (2 * log_scales).exp()).log_prob(x[:, None])\n"
        "    return (log_weights + each).logsumexp(1)\n",
        _MIX[1:],  # its area is one all the same
    ),
    "floor_against_underflow": _mixture(_Z + "    return ((log_weights + each).exp().sum(1) + 1e-300).log()\n"),
    "the_density_itself": _mixture(_Z + "    return (log_weights + each).logsumexp(1).exp()\n"),
    "over_the_points": _mixture(_Z + "    return (log_weights + each).logsumexp(0)\n"),
}

# --------------------------------------------------------------------------------------------- discretised_logistic
RIGHT["discretised_logistic"] = {
    "edges": """
def inner_bins(values, mean, scale):
    edges = torch.arange(values + 1) - 0.5
    return torch.sigmoid((edges - mean) / scale).diff()
""",
    "both sides": """
def inner_bins(values, mean, scale):
    v = torch.arange(values)
    return torch.sigmoid((v + 0.5 - mean) / scale) - torch.sigmoid((v - 0.5 - mean) / scale)
""",
    "hyperbolic tangent": """
def inner_bins(values, mean, scale):
    v = np.arange(values)
    return (np.tanh((v + 0.5 - mean) / (2 * scale)) - np.tanh((v - 0.5 - mean) / (2 * scale))) / 2
""",
    "Python's floats": """
def inner_bins(values, mean, scale):
    def below(x):
        return 1 / (1 + math.exp(-(x - mean) / scale))

    return [below(v + 0.5) - below(v - 0.5) for v in range(values)]
""",
    "from above": """
def inner_bins(values, mean, scale):
    above = torch.sigmoid((mean + 0.5 - torch.arange(values + 1.0)) / scale)
    return above[:-1] - above[1:]
""",
}
_INNER = ("discretised_logistic_checks", "discretised_logistic_kept")


def _inner(body):
    return Wrong(f"def inner_bins(values, mean, scale):\n    v = torch.arange(values)\n{body}", _INNER)


WRONG["discretised_logistic"] = {
    "density_for_area": _inner(
        "    return torch.sigmoid((v - mean) / scale) * torch.sigmoid((mean - v) / scale) / scale\n"
    ),
    "bins_begin_at_the_level": _inner(
        "    return torch.sigmoid((v + 1 - mean) / scale) - torch.sigmoid((v - mean) / scale)\n"
    ),
    "upside_down": _inner(
        "    return torch.sigmoid((v - 0.5 - mean) / scale) - torch.sigmoid((v + 0.5 - mean) / scale)\n"
    ),
    "scale_multiplied": _inner(
        "    return torch.sigmoid((v + 0.5 - mean) * scale) - torch.sigmoid((v - 0.5 - mean) * scale)\n"
    ),
    "bins_two_wide": _inner(
        "    return torch.sigmoid((v + 1 - mean) / scale) - torch.sigmoid((v - 1 - mean) / scale)\n"
    ),
    "area_below": _inner("    return torch.sigmoid((v + 0.5 - mean) / scale)\n"),
    "half_scaled_with_the_mean_left_out": _inner(
        "    return torch.sigmoid((v - mean) / scale + 0.5) - torch.sigmoid((v - mean) / scale - 0.5)\n"
    ),
    "normalised": _inner(
        "    p = torch.sigmoid((v + 0.5 - mean) / scale) - torch.sigmoid((v - 0.5 - mean) / scale)\n"
        "    return p / p.sum()\n"
    ),
    "normal_for_logistic": _inner(
        "    cdf = torch.distributions.Normal(float(mean), float(scale)).cdf\n    return cdf(v + 0.5) - cdf(v - 0.5)\n"
    ),
}

# --------------------------------------------------------------------------------------------------------- edge_bins
RIGHT["edge_bins"] = {
    "infinite edges": """
def level_probs(values, weights, means, scales):
    edges = torch.arange(values + 1, dtype=torch.float64) - 0.5
    edges[0], edges[-1] = -math.inf, math.inf
    below = torch.sigmoid((edges[:, None] - means) / scales)
    return (weights * (below[1:] - below[:-1])).sum(1)
""",
    "level by level": """
def level_probs(values, weights, means, scales):
    probs = []
    for v in range(values):
        high = torch.ones_like(means) if v == values - 1 else torch.sigmoid((v + 0.5 - means) / scales)
        low = torch.zeros_like(means) if v == 0 else torch.sigmoid((v - 0.5 - means) / scales)
        probs.append(((high - low) * weights).sum())
    return torch.stack(probs)
""",
    "mixed before the difference": """
def level_probs(values, weights, means, scales):
    x = torch.arange(values - 1)[:, None] + 0.5
    below = torch.sigmoid((x - means) / scales).matmul(weights)
    return torch.diff(below, prepend=torch.zeros_like(weights[:1]), append=torch.ones_like(weights[:1]))
""",
    "numpy, hill by hill": """
def level_probs(values, weights, means, scales):
    total = np.zeros(values)
    for w, m, s in zip(*(np.asarray(torch.as_tensor(t).detach()) for t in (weights, means, scales))):
        below = 0.5 + 0.5 * np.tanh((np.arange(values - 1) + 0.5 - m) / (2 * s))
        total += w * np.diff(np.concatenate([[0.0], below, [1.0]]))
    return total
""",
    "tails added to the inner bins": """
def level_probs(values, weights, means, scales):
    v = torch.arange(values)[:, None]
    p = torch.sigmoid((v + 0.5 - means) / scales) - torch.sigmoid((v - 0.5 - means) / scales)
    p[0] += torch.sigmoid((-0.5 - means) / scales)
    p[-1] += torch.sigmoid((means - values + 0.5) / scales)
    return (p * weights).sum(1)
""",
}
_EDGE = ("edge_bins_checks", "edge_bins_kept", "density_is_not_probability_checks", "density_is_not_probability_kept")


def _levels(body, loses=_EDGE):
    start = "def level_probs(values, weights, means, scales):\n    v = torch.arange(values)[:, None]\n"
    high, low = "torch.sigmoid((v + 0.5 - means) / scales)", "torch.sigmoid((v - 0.5 - means) / scales)"
    return Wrong(f"{start}    high, low = {high}, {low}\n{body}", loses)


WRONG["edge_bins"] = {
    "edge_bins_as_inner_bins": _levels("    return (high - low) @ weights\n"),
    "inner_bins_normalised": _levels("    p = (high - low) @ weights\n    return p / p.sum()\n"),
    "lower_tail_forgotten": _levels("    high[-1] = 1\n    return (high - low) @ weights\n"),
    "upper_tail_forgotten": _levels("    low[0] = 0\n    return (high - low) @ weights\n"),
    "weights_left_out": _levels(
        "    high[-1], low[0] = 1, 0\n    return (high - low).mean(1)\n",
        ("edge_bins_kept", "density_is_not_probability_kept"),
    ),
    "sum_of_components": _levels("    high[-1], low[0] = 1, 0\n    return (high - low).sum(1)\n"),
    "tails_at_the_wrong_ends": _levels("    high[0], low[-1] = 1, 0\n    return (high - low) @ weights\n"),
    "scales_multiplied": Wrong(
        """
def level_probs(values, weights, means, scales):
    edges = torch.arange(1, values)[:, None] - 0.5
    below = torch.cat([torch.zeros(1, len(means)), torch.sigmoid((edges - means) * scales), torch.ones(1, len(means))])
    return (below[1:] - below[:-1]).double() @ weights
""",
        _EDGE,
    ),
    "the_rest_to_the_last_level": _levels(
        "    p = (high - low) @ weights\n    p[-1] = 1 - p[:-1].sum()\n    return p\n"
    ),
    "half_of_the_rest_to_each_end": _levels(
        "    p = (high - low) @ weights\n    rest = (1 - p.sum()) / 2\n"
        "    p[0] += rest\n    p[-1] += rest\n    return p\n",
        ("edge_bins_kept", "density_is_not_probability_kept"),
    ),
    "edges_shifted_by_half": Wrong(
        """
def level_probs(values, weights, means, scales):
    edges = torch.arange(1, values)[:, None]
    below = torch.sigmoid((edges - means) / scales)
    below = torch.cat([torch.zeros_like(means)[None], below, torch.ones_like(means)[None]])
    return (below[1:] - below[:-1]) @ weights
""",
        _EDGE,
    ),
}

# --------------------------------------------------------------------------------------------------------- dequantise
_TIGHT = "\n\ndef tighter_bound(log_f):\n    return torch.logsumexp(log_f, 0) - math.log(len(log_f))\n"
_NOISE = """
def dequantise(x, seed):
    return x + torch.rand(x.shape, generator=torch.Generator().manual_seed(seed))
"""
RIGHT["dequantise"] = {
    "rand and logsumexp": _NOISE + _TIGHT,
    "uniform_ in float64": """
def dequantise(x, seed):
    generator = torch.Generator().manual_seed(seed)
    return x + torch.empty(x.shape, dtype=torch.float64).uniform_(generator=generator)


def tighter_bound(log_f):
    copies = log_f.shape[0]
    return torch.logsumexp(log_f - math.log(copies), dim=0)
""",
    "the greatest taken out by hand": """
def dequantise(x, seed):
    generator = torch.Generator()
    generator.manual_seed(seed)
    noise = torch.rand(x.numel(), generator=generator).reshape(x.shape)
    return x.double() + noise


def tighter_bound(log_f):
    top = log_f.max(0).values
    return top + (log_f - top).exp().mean(0).log()
""",
    "copy after copy": """
def dequantise(x, seed):
    g = torch.Generator().manual_seed(seed)
    return x + (torch.randint(2**20, x.shape, generator=g) + 0.5) / 2**20


def tighter_bound(log_f):
    total = log_f[0]
    for row in log_f[1:]:
        total = torch.logaddexp(total, row)
    return total - math.log(log_f.size(0))
""",
    "numpy's logaddexp": _NOISE
    + """

def tighter_bound(log_f):
    return np.logaddexp.reduce(log_f.numpy(), axis=0) - np.log(len(log_f))
""",
}
_DEQ, _DEQ_KEPT = ("dequantise_checks", "dequantise_kept"), ("dequantise_kept",)
WRONG["dequantise"] = {
    "noise_around_the_level": Wrong(_NOISE.replace("return x +", "return x - 0.5 +") + _TIGHT, _DEQ),
    "noise_of_half_the_width": Wrong(_NOISE.replace("return x +", "return x + 0.5 *") + _TIGHT, _DEQ_KEPT),
    "one_draw_for_all": Wrong(_NOISE.replace("x.shape", "1") + _TIGHT, _DEQ_KEPT),
    "one_draw_a_row": Wrong(_NOISE.replace("x.shape", "len(x), 1") + _TIGHT, _DEQ_KEPT),
    "normal_noise": Wrong(_NOISE.replace("torch.rand(", "torch.randn(") + _TIGHT, _DEQ),
    "seed_ignored": Wrong("def dequantise(x, seed):\n    return x + torch.rand(x.shape)\n" + _TIGHT, _DEQ_KEPT),
    "always_the_same_noise": Wrong(_NOISE.replace("manual_seed(seed)", "manual_seed(0)") + _TIGHT, _DEQ_KEPT),
    "no_noise": Wrong("def dequantise(x, seed):\n    return x + 0.5\n" + _TIGHT, _DEQ_KEPT),
    "mean_of_the_logarithms": Wrong(_NOISE + "\n\ndef tighter_bound(log_f):\n    return log_f.mean(0)\n", _DEQ),
    "not_divided_by_the_copies": Wrong(
        _NOISE + "\n\ndef tighter_bound(log_f):\n    return torch.logsumexp(log_f, 0)\n", _DEQ
    ),
    "exp_first": Wrong(_NOISE + "\n\ndef tighter_bound(log_f):\n    return log_f.exp().mean(0).log()\n", _DEQ),
    "over_the_examples": Wrong(
        _NOISE + "\n\ndef tighter_bound(log_f):\n    return torch.logsumexp(log_f, 1) - math.log(log_f.shape[1])\n",
        _DEQ,
    ),
    "divided_by_the_examples": Wrong(
        _NOISE + "\n\ndef tighter_bound(log_f):\n    return torch.logsumexp(log_f, 0) - math.log(log_f.shape[1])\n",
        _DEQ_KEPT,
    ),
}

# ------------------------------------------------------------------------------------------------------- bits_per_dim
RIGHT["bits_per_dim"] = {
    "all at once": """
def bits_per_dim(log_density, levels_per_unit, dims):
    return (dims * math.log(levels_per_unit) - log_density) / (dims * math.log(2))
""",
    "bits from the start": """
def bits_per_dim(log_density, levels_per_unit, dims):
    return math.log2(levels_per_unit) - log_density / math.log(2) / dims
""",
    "by change_units": """
def bits_per_dim(log_density, levels_per_unit, dims):
    return -change_units(log_density, levels_per_unit, dims) / dims / math.log(2)
""",
    "numpy": """
def bits_per_dim(log_density, levels_per_unit, dims):
    per_dim = np.asarray(log_density) / dims - np.log(levels_per_unit)
    return -per_dim * np.log2(np.e)
""",
    "a list": """
def bits_per_dim(log_density, levels_per_unit, dims):
    return [math.log2(levels_per_unit) - v.item() / (dims * math.log(2)) for v in log_density]
""",
}
_BITS = ("bits_per_dim_checks", "bits_per_dim_kept")


def _bits(expression, loses=_BITS):
    return Wrong(f"def bits_per_dim(log_density, levels_per_unit, dims):\n    return {expression}\n", loses)


WRONG["bits_per_dim"] = {
    "no_jacobian": _bits("-log_density / (dims * math.log(2))"),
    "jacobian_of_the_wrong_sign": _bits("-(log_density + dims * math.log(levels_per_unit)) / (dims * math.log(2))"),
    "jacobian_once_for_all_dimensions": _bits("-(log_density - math.log(levels_per_unit)) / (dims * math.log(2))"),
    "times_ln_2": _bits("-(log_density - dims * math.log(levels_per_unit)) * math.log(2) / dims"),
    "not_divided_by_the_dimensions": _bits("-(log_density - dims * math.log(levels_per_unit)) / math.log(2)"),
    "nats_called_bits": _bits("-(log_density - dims * math.log(levels_per_unit)) / dims"),
    "a_gain_for_a_cost": _bits("(log_density - dims * math.log(levels_per_unit)) / (dims * math.log(2))"),
    "always_eight_bits": _bits("8 - log_density / (dims * math.log(2))"),
    "averaged_over_the_batch": _bits(
        "(-(log_density - dims * math.log(levels_per_unit)) / (dims * math.log(2))).mean()"
    ),
    "jacobian_in_nats_cost_in_bits": _bits("-log_density / (dims * math.log(2)) + math.log(levels_per_unit)"),
}

# ------------------------------------------------------------------------------------------ density_is_not_probability
RIGHT["density_is_not_probability"] = {
    "look up and average": """
def honest_cost(x, weights, means, scales, values):
    p = torch.as_tensor(level_probs(values, weights, means, scales))
    return -p[x].log().mean()
""",
    "from counts": """
def honest_cost(x, weights, means, scales, values):
    p = torch.as_tensor(level_probs(values, weights, means, scales))
    share = torch.bincount(x, minlength=values).double() / len(x)
    seen = share > 0
    return -(share[seen] * p.double()[seen].log()).sum()
""",
    "its own bins": """
def honest_cost(x, weights, means, scales, values):
    x = x[:, None]
    high = torch.sigmoid((x + 0.5 - means) / scales).where(x < values - 1, torch.ones(()).double())
    low = torch.sigmoid((x - 0.5 - means) / scales).where(x > 0, torch.zeros(()).double())
    return -((high - low) * weights).sum(1).log().mean()
""",
    "level after level": """
def honest_cost(x, weights, means, scales, values):
    p = [float(v) for v in level_probs(values, weights, means, scales)]
    costs = [-math.log(p[v]) if p[v] > 0 else math.inf for v in x.tolist()]
    return sum(costs) / len(costs)
""",
    "torch's categorical": """
def honest_cost(x, weights, means, scales, values):
    p = torch.as_tensor(level_probs(values, weights, means, scales))
    return torch.nn.functional.nll_loss(p.log().expand(len(x), -1), x)
""",
}
_HONEST = ("density_is_not_probability_checks", "density_is_not_probability_kept")


def _cost(body, loses=_HONEST):
    return Wrong(f"def honest_cost(x, weights, means, scales, values):\n{body}", loses)


_P = "    p = level_probs(values, weights, means, scales)\n"
WRONG["density_is_not_probability"] = {
    "unchanged": _cost("    return their_cost(x, weights, means, scales, values)\n"),
    "scales_with_a_floor": _cost("    return their_cost(x, weights, means, scales.clamp(min=0.3), values)\n"),
    "density_of_logistics": _cost(
        "    z = (x[:, None] - means) / scales\n"
        "    return -((torch.sigmoid(z) * torch.sigmoid(-z) / scales) @ weights).log().mean()\n"
    ),
    "sum_for_mean": _cost(_P + "    return -p.log()[x].sum()\n"),
    "log_of_the_mean": _cost(
        _P + "    return -p[x].mean().log()\n", ("density_is_not_probability_checks", "density_is_not_probability_kept")
    ),
    "a_gain_for_a_cost": _cost(_P + "    return p.log()[x].mean()\n"),
    "bits": _cost(_P + "    return -p.log2()[x].mean()\n"),
    "entropy_of_the_model": _cost(_P + "    return -(p * (p + 1e-300).log()).sum()\n"),
    "cut_at_zero": _cost("    return their_cost(x, weights, means, scales, values).clamp(min=0)\n"),
    "a_floor_under_the_probabilities": _cost(_P + "    return -(p + 0.01).log()[x].mean()\n"),
}

# -------------------------------------------------------------------------------------------------- mixture_or_softmax
_GUESS = 'guesses = ["softmax", "mixture", "softmax"]\n'
RIGHT["mixture_or_softmax"] = {
    "counts": _GUESS
    + """

def softmax_cost(train, held_out, values):
    p = (torch.bincount(train, minlength=values) + 1) / (len(train) + values)
    return -p[held_out].log().mean()
""",
    "one-hot": """
guesses = ("mixture", "mixture", "mixture")


def softmax_cost(train, held_out, values):
    counts = torch.nn.functional.one_hot(train, values).sum(0).double() + 1
    return -(counts / counts.sum()).log().index_select(0, held_out).mean()
""",
    "comparisons": _GUESS
    + """

def softmax_cost(train, held_out, values):
    cost = 0.0
    for v in held_out.tolist():
        cost -= math.log((int((train == v).sum()) + 1) / (train.numel() + values))
    return cost / held_out.numel()
""",
    "numpy": _GUESS
    + """

def softmax_cost(train, held_out, values):
    counts = np.bincount(train.numpy(), minlength=values)
    log_p = np.log(counts + 1) - np.log(len(train) + values)
    return -log_p[held_out.numpy()].mean()
""",
    "every level appended once": _GUESS
    + """

def softmax_cost(train, held_out, values):
    counts = torch.cat([train, torch.arange(values)]).bincount()
    return torch.nn.functional.cross_entropy(counts.double().log().expand(len(held_out), -1), held_out)
""",
}
_SOFT = ("mixture_or_softmax_checks", "mixture_or_softmax_kept")


def _soft(body, guesses=_GUESS, loses=_SOFT):
    return Wrong(
        f"{guesses}\n\ndef softmax_cost(train, held_out, values):\n"
        f"    counts = torch.bincount(train, minlength=values).double()\n{body}",
        loses,
    )


_SUM = "    return -((counts + 1) / (len(train) + values)).log()[held_out].mean()\n"
WRONG["mixture_or_softmax"] = {
    "no_guesses": _soft(_SUM, "guesses = None\n", ("mixture_or_softmax_checks",)),
    "guesses_of_another_kind": _soft(_SUM, "guesses = [1, 2, 3]\n", ("mixture_or_softmax_checks",)),
    "two_guesses": _soft(_SUM, 'guesses = ["mixture", "softmax"]\n', ("mixture_or_softmax_checks",)),
    "no_room_for_the_unseen": _soft("    return -(counts / len(train)).log()[held_out].mean()\n"),
    "one_for_all_levels_together": _soft("    return -((counts + 1) / (len(train) + 1)).log()[held_out].mean()\n"),
    "divided_by_the_count_alone": _soft("    return -((counts + 1) / len(train)).log()[held_out].mean()\n"),
    "counts_of_the_held_out": _soft(
        "    counts = torch.bincount(held_out, minlength=values).double()\n"
        "    return -((counts + 1) / (len(held_out) + values)).log()[held_out].mean()\n"
    ),
    "softmax_of_counts": _soft("    return -counts.log_softmax(0)[held_out].mean()\n"),
    "sum_for_mean": _soft("    return -((counts + 1) / (len(train) + values)).log()[held_out].sum()\n"),
    "a_gain_for_a_cost": _soft("    return ((counts + 1) / (len(train) + values)).log()[held_out].mean()\n"),
    "a_half_for_one": _soft("    return -((counts + 0.5) / (len(train) + values / 2)).log()[held_out].mean()\n"),
}

# ------------------------------------------------------------------------------------------------ infinite_likelihood
EXPLANATIONS = {
    "infinite_likelihood": {
        "all four": Marked(
            "Your data are integers, so they sit on 17 points of the line. A hill whose scale goes to zero puts its "
            "whole area onto one point and its density there grows without limit, so each halving of the scales takes "
            "ln 2 = 0.69 nats off every pixel. That says that the levels are integers, and nothing about digits: a "
            "mixture with one hill on each level, fitted to nothing, already cost -2.86 nats a pixel at scale 0.003. "
            "A distribution over levels can't do this: each probability is at most 1 and the average cost can't be "
            "below the entropy of the data, about 2.03 nats here, which is what the same narrow hills cost with bins. "
            "So use bins; the price is differences of sigmoids, which lose digits far from the mean.",
            4,
            "Found, explained and cured, with numbers.",
        ),
        "half of it": Marked(
            "The scales shrink to zero and the density at the data becomes infinite. This is overfitting: with more "
            "data it would stop. A minimum scale of 0.1 solves it.",
            1,
            "What happens is right. More data would not help, since they are integers too; and whoever sets the "
            "minimum sets the number that is reported.",
        ),
    }
}

# ---------------------------------------------------------------------------------------------------------- survivors
_FLOAT32 = "no mistake: every check leaves room for float32, which is torch's usual precision"
SURVIVORS = {
    "gaussian_mixture_log_prob: return torch.logsumexp(log_weights + each, -1) -> "
    "return torch.logsumexp(log_weights + each, 1)": "equivalent: the terms have shape (B, K), whose last dimension is "
    "dimension 1",
    "discretised_logistic: edges = torch.arange(values + 1, dtype=torch.float64) - 0.5 -> "
    "edges = torch.arange(values + 1) - 0.5": _FLOAT32,
    "edge_bins: edges = torch.arange(1, values, dtype=torch.float64) - 0.5 -> "
    "edges = torch.arange(1, values) - 0.5": "equivalent: halves are exact in float32, and the means are float64",
    "edge_bins: torch.zeros(1, len(means), dtype=torch.float64) -> torch.zeros(1, len(means))": "equivalent: torch.cat "
    "makes float64 of float32 and float64",
    "edge_bins: torch.ones(1, len(means), dtype=torch.float64) -> torch.ones(1, len(means))": "equivalent: torch.cat "
    "makes float64 of float32 and float64",
}

# ------------------------------------------------------------------------------------------------------- sample class
_ALL_RIGHT = {cell: next(iter(answers)) for cell, answers in RIGHT.items()}
SAMPLE_CLASS = {
    "all_right": {**_ALL_RIGHT, "infinite_likelihood": "all four"},
    "another_way": {cell: list(answers)[1] for cell, answers in RIGHT.items()} | {"infinite_likelihood": "half of it"},
    "untouched": {},
    "half_done": {cell: _ALL_RIGHT[cell] for cell in list(RIGHT)[:4]},
    "no_edges": {**_ALL_RIGHT, "edge_bins": "edge_bins_as_inner_bins", "infinite_likelihood": "half of it"},
    "bits_and_nats": {**_ALL_RIGHT, "bits_per_dim": "nats_called_bits"},
    "still_a_density": {**_ALL_RIGHT, "density_is_not_probability": "unchanged"},
    "several_mistakes": {
        **_ALL_RIGHT,
        "change_of_units": "plus_for_minus",
        "gaussian_mixture_log_prob": "sum_of_logs",
        "dequantise": "one_draw_for_all",
    },
}
