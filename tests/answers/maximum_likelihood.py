"""Right and wrong answers to ``maximum_likelihood``; see ``grading/answers.py`` for what this file defines."""

from grading.answers import Marked, Wrong

RIGHT, WRONG = {}, {}


def _both(cell):
    return (f"{cell}_checks", f"{cell}_kept")


def _def(head):
    """What makes a function of this head from its body."""
    return lambda body: f"def {head}:\n    {body}\n"


# ------------------------------------------------------------------------------------------------------- whole data set
_f, _L = _def("log_likelihood(probs)"), _both("log_likelihood_of_a_dataset")
RIGHT["log_likelihood_of_a_dataset"] = {
    "sum of logs": _f("return torch.log(probs).sum()"),
    "Python's floats": _f("return sum(-math.inf if p == 0 else math.log(p) for p in probs.tolist())"),
    "numpy": _f("with np.errstate(divide='ignore'):\n        return np.log(np.asarray(probs)).sum()"),
    "mean times N": _f("return len(probs) * probs.log().mean()"),
    "in base 2 and back": _f("return probs.log2().sum() * math.log(2)"),
}
WRONG["log_likelihood_of_a_dataset"] = {
    "log_of_the_product": Wrong(_f("return probs.prod().log()"), _L),
    "mean": Wrong(_f("return probs.log().mean()"), _L),
    "log_of_the_mean": Wrong(_f("return probs.mean().log()"), _L),
    "log_of_the_sum": Wrong(_f("return probs.sum().log()"), _L),
    "no_logarithm": Wrong(_f("return probs.prod()"), _L),
    "negative": Wrong(_f("return -probs.log().sum()"), _L),
    "bits": Wrong(_f("return probs.log2().sum()"), _L),
    "floor_under_zero": Wrong(_f("return (probs + 1e-10).log().sum()"), _L[1:]),
    "each_example": Wrong(_f("return probs.log()"), _L),
}

# ----------------------------------------------------------------------------------------------------------------- coin
_f, _C = _def("fit_coin(throws)"), _both("coin_in_closed_form")
RIGHT["coin_in_closed_form"] = {
    "mean": _f("return throws.float().mean()"),
    "count over N": _f("return int(throws.sum()) / len(throws)"),
    "numpy": _f("return np.mean(throws.numpy())"),
    "one by one": _f("return sum(1 for t in throws if t == 1) / len(throws)"),
    "bincount": _f("return torch.bincount(throws, minlength=2)[1] / throws.numel()"),
}
WRONG["coin_in_closed_form"] = {
    "smoothed": Wrong(_f("return (throws.sum() + 1) / (len(throws) + 2)"), _C),
    "share_of_zeros": Wrong(_f("return 1 - throws.float().mean()"), _C),
    "count": Wrong(_f("return throws.sum()"), _C),
    "odds": Wrong(_f("return throws.sum() / (1 - throws).sum()"), _C),
    "n_minus_one": Wrong(_f("return throws.sum() / max(1, len(throws) - 1)"), _C),
    "always_fair": Wrong(_f("return 0.5"), _C),
    "kept_off_the_ends": Wrong(_f("return throws.float().mean().clamp(0.01, 0.99)"), _C),
    "median": Wrong(_f("return throws.median()"), _C),
}

# ---------------------------------------------------------------------------------------------------------- categorical
_f, _T = _def("fit_categorical(x, values)"), _both("categorical_in_closed_form")
RIGHT["categorical_in_closed_form"] = {
    "bincount": _f("return torch.bincount(x, minlength=values) / len(x)"),
    "one value after the other": _f("return [float((x == v).float().mean()) for v in range(values)]"),
    "one hot": _f("return torch.nn.functional.one_hot(x, values).double().mean(0)"),
    "numpy": _f("return np.bincount(x.numpy(), minlength=values) / x.numel()"),
    "scatter": _f(
        "p = torch.zeros(values, dtype=torch.float64)\n"
        "    p.index_add_(0, x, torch.full(x.shape, 1 / len(x), dtype=torch.float64))\n    return p"
    ),
}
WRONG["categorical_in_closed_form"] = {
    "counts": Wrong(_f("return torch.bincount(x, minlength=values)"), _T),
    "smoothed": Wrong(_f("n = torch.bincount(x, minlength=values) + 1.0\n    return n / n.sum()"), _T),
    "only_what_came": Wrong(_f("return x.unique(return_counts=True)[1] / len(x)"), _T),
    "shorter_table": Wrong(_f("return torch.bincount(x) / len(x)"), _T[1:] + _T[:1]),
    "uniform": Wrong(_f("return torch.full((values,), 1 / values)"), _T),
    "softmax_of_counts": Wrong(_f("return torch.bincount(x, minlength=values).double().softmax(0)"), _T),
    "divided_by_values": Wrong(_f("return torch.bincount(x, minlength=values) / values"), _T[1:]),
    "most_common_takes_all": Wrong(
        _f("p = torch.zeros(values)\n    p[torch.bincount(x, minlength=values).argmax()] = 1\n    return p"), _T
    ),
}

# ------------------------------------------------------------------------------------------------------------- gaussian
_f, _G = _def("fit_gaussian(x)"), _both("gaussian_in_closed_form")
RIGHT["gaussian_in_closed_form"] = {
    "two means": _f("return x.mean(), x.var(correction=0)"),
    "mean of squares less square of the mean": _f("m = x.mean()\n    return m, (x * x).mean() - m * m"),
    "numpy": _f("return np.mean(x.numpy()), np.var(x.numpy())"),
    "Python's floats": _f(
        "v = x.tolist()\n    m = sum(v) / len(v)\n    return [m, sum((a - m) ** 2 for a in v) / len(v)]"
    ),
    "one tensor": _f("return torch.stack([x.mean(), ((x - x.mean()) ** 2).sum() / len(x)])"),
}
WRONG["gaussian_in_closed_form"] = {
    "n_minus_one": Wrong(_f("return x.mean(), x.var()"), _G),
    "scale": Wrong(_f("return x.mean(), x.std(correction=0)"), _G[1:]),
    "scale_with_n_minus_one": Wrong(_f("return x.mean(), x.std()"), _G),
    "not_centred": Wrong(_f("return x.mean(), (x**2).mean()"), _G),
    "sum": Wrong(_f("return x.mean(), ((x - x.mean()) ** 2).sum()"), _G),
    "median": Wrong(_f("m = x.median()\n    return m, ((x - m) ** 2).mean()"), _G),
    "absolute_deviation": Wrong(_f("return x.mean(), (x - x.mean()).abs().mean()"), _G[1:]),
    "variance_first": Wrong(_f("return x.var(correction=0), x.mean()"), _G),
    "mean_alone": Wrong(_f("return x.mean()"), _G),
}

# ------------------------------------------------------------------------------------------------- two sums, one number
_N = _both("cross_entropy_equals_nll")
_H = "def cross_entropy(p, q):\n    return -torch.special.xlogy(p, q).sum()\n\n\n"
_f, _h = _def("nll(x, q)"), _def("cross_entropy(p, q)")
RIGHT["cross_entropy_equals_nll"] = {
    "xlogy, lookup": _H + _f("return -q[x].log().mean()"),
    "torch's cross_entropy": _h("some = p > 0\n    return -p[some] @ q[some].log()")
    + "\n\n"
    + _f("return torch.nn.functional.nll_loss(q.log().expand(len(x), len(q)), x)"),
    "Python's floats": """
def cross_entropy(p, q):
    return -sum(a * math.log(b) for a, b in zip(p.tolist(), q.tolist()) if a > 0)


def nll(x, q):
    costs = [math.inf if float(q[v]) == 0 else -math.log(float(q[v])) for v in x.tolist()]
    return sum(costs) / len(costs)
""",
    "one from the other": _H
    + _f("shares = torch.bincount(x, minlength=len(q)) / len(x)\n    return cross_entropy(shares.to(q.dtype), q)"),
    "numpy": """
def cross_entropy(p, q):
    p, q = np.asarray(p), np.asarray(q)
    return -(p[p > 0] * np.log(q[p > 0])).sum()


def nll(x, q):
    with np.errstate(divide="ignore"):
        return -np.mean(np.log(np.asarray(q))[np.asarray(x)])
""",
    "torch's Categorical": _h("return torch.where(p > 0, -p * q.log(), torch.zeros_like(p)).sum()")
    + "\n\n"
    + _f("return -torch.gather(q.log(), 0, x).sum() / x.numel()"),
}
_OK = "\n\n" + _f("return -q[x].log().mean()")
WRONG["cross_entropy_equals_nll"] = {
    "log_of_the_mean": Wrong(_H + _f("return -q[x].mean().log()"), _N),
    "sum": Wrong(_H + _f("return -q[x].log().sum()"), _N),
    "no_sign": Wrong(_H + _f("return q[x].log().mean()"), _N),
    "no_lookup": Wrong(_H + _f("return -q.log().mean()"), _N),
    "bits": Wrong(_H + _f("return -q[x].log2().mean()"), _N),
    "floor": Wrong(_H + _f("return -(q[x] + 1e-9).log().mean()"), _N[1:]),
    "divided_by_values": Wrong(_H + _f("return -q[x].log().sum() / len(q)"), _N[1:]),
    "exchanged": Wrong(_h("return -torch.special.xlogy(q, p).sum()") + _OK, _N),
    "not_a_number": Wrong(_h("return -(p * q.log()).sum()") + _OK, _N[1:]),
    "entropy": Wrong(_h("return -torch.special.xlogy(p, p).sum()") + _OK, _N),
    "divergence": Wrong(_h("return (torch.special.xlogy(p, p) - torch.special.xlogy(p, q)).sum()") + _OK, _N),
    "mean_over_values": Wrong(_h("return -torch.special.xlogy(p, q).mean()") + _OK, _N),
}

# --------------------------------------------------------------------------------------------------- what remains of KL
_K = _both("kl_to_mle")
_c, _m = _def("constant(p)"), _def("to_maximise(p, q)")
_C1, _M1 = _c("return torch.special.xlogy(p, p).sum()"), "\n\n" + _m("return torch.special.xlogy(p, q).sum()")
RIGHT["kl_to_mle"] = {
    "xlogy": _C1 + _M1,
    "what can come": _c("p = p[p > 0]\n    return (p * p.log()).sum()")
    + "\n\n"
    + _m("some = p > 0\n    return (p[some] * q[some].log()).sum()"),
    "with cross_entropy": _c("return -cross_entropy(p, p)") + "\n\n" + _m("return -cross_entropy(p, q)"),
    "Python's floats": _c("return sum(a * math.log(a) for a in p.tolist() if a)")
    + "\n\n"
    + _m("return sum(a * math.log(b) for a, b in zip(p.tolist(), q.tolist()) if a)"),
    "entr": _c("return -torch.special.entr(p).sum()")
    + "\n\n"
    + _m("return torch.where(p > 0, p * q.log(), torch.zeros_like(p)).sum()"),
}
WRONG["kl_to_mle"] = {
    "entropy_with_its_sign": Wrong(_c("return torch.special.entr(p).sum()") + _M1, _K),
    "no_constant": Wrong(_c("return 0.0") + _M1, _K),
    "not_a_number": Wrong(_c("return (p * p.log()).sum()") + _M1, _K),
    "bits": Wrong(_c("return torch.special.xlogy(p, p).sum() / math.log(2)") + _M1, _K),
    "loss_for_gain": Wrong(_C1 + "\n\n" + _m("return -torch.special.xlogy(p, q).sum()"), _K),
    "averaged_under_the_model": Wrong(_C1 + "\n\n" + _m("return torch.special.xlogy(q, q).sum()"), _K),
    "exchanged": Wrong(_C1 + "\n\n" + _m("return torch.special.xlogy(q, p).sum()"), _K),
    "whole_divergence": Wrong(
        _C1 + "\n\n" + _m("return (torch.special.xlogy(p, p) - torch.special.xlogy(p, q)).sum()"), _K
    ),
    "mean_over_values": Wrong(_C1 + "\n\n" + _m("return torch.special.xlogy(p, q).mean()"), _K),
}

# ------------------------------------------------------------------------------------------------------- standard error
_f, _S = _def("standard_error(log_probs)"), _both("standard_error")
RIGHT["standard_error"] = {
    "std over root": _f("return log_probs.std() / len(log_probs) ** 0.5"),
    "root of the variance over N": _f("return (log_probs.var(correction=1) / log_probs.numel()).sqrt()"),
    "numpy": _f("return np.std(np.asarray(log_probs), ddof=1) / np.sqrt(len(log_probs))"),
    "Python's floats": _f(
        "v = log_probs.tolist()\n    m = sum(v) / len(v)\n"
        "    return math.sqrt(sum((a - m) ** 2 for a in v) / (len(v) - 1) / len(v))"
    ),
}
WRONG["standard_error"] = {
    "standard_deviation": Wrong(_f("return log_probs.std()"), _S),
    "without_the_root": Wrong(_f("return log_probs.std() / len(log_probs)"), _S),
    "n_below": Wrong(_f("return log_probs.std(correction=0) / math.sqrt(len(log_probs))"), _S),
    "variance": Wrong(_f("return log_probs.var() / math.sqrt(len(log_probs))"), _S),
    "times_two": Wrong(_f("return 1.96 * log_probs.std() / math.sqrt(len(log_probs))"), _S),
    "root_of_n_minus_one_twice": Wrong(_f("return log_probs.std() / math.sqrt(len(log_probs) - 1)"), _S),
    "not_centred": Wrong(_f("return (log_probs**2).mean().sqrt() / math.sqrt(len(log_probs))"), _S),
    "range": Wrong(_f("return (log_probs.max() - log_probs.min()) / 2"), _S[1:]),
}

# ---------------------------------------------------------------------------------------------------------- mean or sum
_f, _M = _def("nats_per_image(log_probs)"), _both("mean_or_sum")
RIGHT["mean_or_sum"] = {
    "sum within, mean between": _f("return -log_probs.flatten(1).sum(1).mean()"),
    "sum over all over B": _f("return -log_probs.sum() / len(log_probs)"),
    "image by image": _f("costs = [-image.sum() for image in log_probs]\n    return sum(costs) / len(costs)"),
    "numpy": _f("a = log_probs.numpy()\n    return -a.reshape(a.shape[0], -1).sum(axis=1).mean()"),
    "mean times pixels": _f("return -log_probs.mean() * log_probs[0].numel()"),
}
WRONG["mean_or_sum"] = {
    "unchanged": Wrong(_f("return their_nll(log_probs)"), _M),
    "sum_of_all": Wrong(_f("return -log_probs.sum()"), _M),
    "last_dimension_alone": Wrong(_f("return -log_probs.sum(-1).mean()"), _M),
    "times_64": Wrong(_f("return -64 * log_probs.mean()"), (_M[0], _M[1])),
    "no_sign": Wrong(_f("return log_probs.flatten(1).sum(1).mean()"), _M),
    "each_image": Wrong(_f("return -log_probs.flatten(1).sum(1)"), _M),
    "mean_within_sum_between": Wrong(_f("return -log_probs.flatten(1).mean(1).sum()"), _M),
    "always_four_dimensions": Wrong(_f("return -log_probs.sum((1, 2, 3)).mean()"), _M),
}

# ------------------------------------------------------------------------------------------------------------ more data
_g = _def("rms_error(theta, n, repeats, seed)")
_D, _START = _both("more_data"), 'guess = "half"\n\n\n'
_R = (
    "generator = torch.Generator().manual_seed(seed)\n    t = torch.rand(repeats, n, generator=generator) < theta\n    "
)
RIGHT["more_data"] = {
    "all at once": _START + _g(_R + "return (t.double().mean(1) - theta).pow(2).mean().sqrt()"),
    "bernoulli": 'guess = "quarter"\n\n\n'
    + _g(
        "p = torch.full((repeats, n), theta, dtype=torch.float64)\n"
        "    t = torch.bernoulli(p, generator=torch.Generator().manual_seed(seed))\n"
        "    return float(((t.sum(1) / n - theta) ** 2).mean()) ** 0.5"
    ),
    "numpy's own generator": 'guess = "sixteenth"\n\n\n'
    + _g(
        "shares = np.random.default_rng(seed).binomial(n, theta, size=repeats) / n\n"
        "    return np.sqrt(np.mean((shares - theta) ** 2))"
    ),
    "one experiment after the other": _START
    + _g(
        "g = torch.Generator().manual_seed(seed)\n    total = 0.0\n    for _ in range(repeats):\n"
        "        share = (torch.rand(n, generator=g) < theta).double().mean()\n"
        "        total += float(share - theta) ** 2\n    return math.sqrt(total / repeats)"
    ),
}
WRONG["more_data"] = {
    "no_guess": Wrong(_g(_R + "return (t.double().mean(1) - theta).pow(2).mean().sqrt()"), _D[:1]),
    "guess_as_a_number": Wrong(
        "guess = 0.5\n\n\n" + _g(_R + "return (t.double().mean(1) - theta).pow(2).mean().sqrt()"), _D[:1]
    ),
    "errors_cancel": Wrong(_START + _g(_R + "return (t.double().mean(1) - theta).mean()"), _D),
    "no_root": Wrong(_START + _g(_R + "return (t.double().mean(1) - theta).pow(2).mean()"), _D),
    "absolute_error": Wrong(_START + _g(_R + "return (t.double().mean(1) - theta).abs().mean()"), _D[1:]),
    "around_their_own_mean": Wrong(_START + _g(_R + "return t.double().mean(1).std()"), _D),
    "error_of_a_throw": Wrong(_START + _g(_R + "return (t.double() - theta).pow(2).mean().sqrt()"), _D[1:]),
    "error_of_all_throws": Wrong(_START + _g(_R + "return (t.double().mean() - theta).abs()"), _D),
    "shown_the_formula": Wrong(_START + _g("return math.sqrt(theta * (1 - theta) / n)"), _D[1:]),
    "forgets_the_seed": Wrong(
        _START + _g("t = torch.rand(repeats, n) < theta\n    return (t.double().mean(1) - theta).pow(2).mean().sqrt()"),
        _D[1:],
    ),
    "repeats_and_throws_exchanged": Wrong(
        _START + _g(_R + "return (t.double().mean(0) - theta).pow(2).mean().sqrt()"), _D
    ),
}

# --------------------------------------------------------------------------------------------------------- explanations
EXPLANATIONS = {
    "what_is_assumed": {
        "all four": Marked(
            "The product assumes that the records are independent and from one source; several records of one patient "
            "are not, and then the standard error (0.014 nats for my held-out names) is too small. If no parameter is "
            "right, maximum likelihood still goes to the model with the smallest KL from the source. The standard "
            "error does not say how far that is, nor what happens with another hospital's patients.",
            4,
            "Independence, the nearest model, what the error leaves out, and a number.",
        ),
        "half of it": Marked(
            "It is assumed that the data are independent. With enough data the model becomes the true one, and the "
            "standard error goes to zero.",
            1.5,
            "Independence is right; from one source as well. If the family does not contain the source, no amount of "
            "data makes the model right. A number from your notebook is missing.",
        ),
    }
}

# ------------------------------------------------------------------------------------------------------------ survivors
SURVIVORS = {
    "standard_error: return log_probs.std(correction=1) / math.sqrt(len(log_probs)) -> "
    "return log_probs.std() / math.sqrt(len(log_probs))": "equivalent: 1 is torch's default",
    "more_data: throws = torch.rand(repeats, n, generator=generator) < theta -> "
    "throws = torch.rand(repeats, n, generator=generator) <= theta": "equivalent: equality has probability 2**-24",
}

# --------------------------------------------------------------------------------------------------------- sample class
_ALL_RIGHT = {cell: next(iter(answers)) for cell, answers in RIGHT.items()}
SAMPLE_CLASS = {
    "all_right": {**_ALL_RIGHT, "what_is_assumed": "all four"},
    "another_way": {cell: list(answers)[1] for cell, answers in RIGHT.items()} | {"what_is_assumed": "half of it"},
    "untouched": {},
    "half_done": {cell: _ALL_RIGHT[cell] for cell in list(RIGHT)[:4]},
    "unbiased": {**_ALL_RIGHT, "gaussian_in_closed_form": "n_minus_one", "standard_error": "n_below"},
    "underflow": {**_ALL_RIGHT, "log_likelihood_of_a_dataset": "log_of_the_product", "what_is_assumed": "half of it"},
    "record_holder": {**_ALL_RIGHT, "mean_or_sum": "unchanged"},
    "several_mistakes": {
        **_ALL_RIGHT,
        "categorical_in_closed_form": "smoothed",
        "cross_entropy_equals_nll": "log_of_the_mean",
        "kl_to_mle": "entropy_with_its_sign",
        "more_data": "errors_cancel",
    },
}
