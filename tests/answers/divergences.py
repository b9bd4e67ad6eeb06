"""Right and wrong answers to ``divergences``; see ``grading/answers.py`` for what this file defines."""

from grading.answers import Marked, Wrong

RIGHT, WRONG = {}, {}


def _both(cell):
    return (f"{cell}_checks", f"{cell}_kept")


def _def(head):
    """What makes a function of this head from its body."""
    return lambda body: f"def {head}:\n    {body}\n"


# ------------------------------------------------------------------------------------------------------ total variation
_V = _both("total_variation")
_t, _b = _def("total_variation(p, q)"), _def("best_guess(p, q)")
_T1, _B1 = _t("return (p - q).abs().sum() / 2"), "\n\n" + _b("return (1 + total_variation(p, q)) / 2")
RIGHT["total_variation"] = {
    "half the differences": _T1 + _B1,
    "what is missing": _t("return (p - q).clamp(min=0).sum()") + "\n\n" + _b("return torch.maximum(p, q).sum() / 2"),
    "Python's floats": _t("return sum(abs(a - b) for a, b in zip(p.tolist(), q.tolist())) / 2")
    + "\n\n"
    + _b("return sum(max(a, b) for a, b in zip(p.tolist(), q.tolist())) / 2"),
    "what is shared": _t("return 1 - torch.minimum(p, q).sum()")
    + "\n\n"
    + _b("return 1 - torch.minimum(p, q).sum() / 2"),
    "numpy": _t("return 0.5 * np.linalg.norm(p.numpy() - q.numpy(), ord=1)")
    + "\n\n"
    + _b("return 0.5 * np.maximum(p.numpy(), q.numpy()).sum()"),
}
WRONG["total_variation"] = {
    "half_forgotten": Wrong(_t("return (p - q).abs().sum()") + "\n\n" + _b("return torch.maximum(p, q).sum() / 2"), _V),
    "largest_difference": Wrong(
        _t("return (p - q).abs().max()") + "\n\n" + _b("return torch.maximum(p, q).sum() / 2"), _V[1:]
    ),
    "squares": Wrong(_t("return ((p - q) ** 2).sum() / 2") + "\n\n" + _b("return torch.maximum(p, q).sum() / 2"), _V),
    "mean": Wrong(_t("return (p - q).abs().mean() / 2") + "\n\n" + _b("return torch.maximum(p, q).sum() / 2"), _V),
    "differences_cancel": Wrong(
        _t("return (p - q).sum().abs() / 2") + "\n\n" + _b("return torch.maximum(p, q).sum() / 2"), _V
    ),
    "guess_is_the_distance": Wrong(_T1 + "\n\n" + _b("return total_variation(p, q)"), _V),
    "guess_above_one": Wrong(_T1 + "\n\n" + _b("return 0.5 + total_variation(p, q)"), _V),
    "guess_without_even_chances": Wrong(_T1 + "\n\n" + _b("return torch.maximum(p, q).sum()"), _V),
    "guess_of_the_worst": Wrong(_T1 + "\n\n" + _b("return torch.minimum(p, q).sum() / 2"), _V),
}

# ------------------------------------------------------------------------------------------------------- Jensen-Shannon
_f, _J = _def("jensen_shannon(p, q)"), _both("jensen_shannon")
RIGHT["jensen_shannon"] = {
    "two divergences": _f(
        "m = (p + q) / 2\n    return sum((a[a > 0] * (a[a > 0] / m[a > 0]).log()).sum() for a in (p, q)) / 2"
    ),
    "entropies": _f("H = lambda d: torch.special.entr(d).sum()\n    return H((p + q) / 2) - H(p) / 2 - H(q) / 2"),
    "xlogy": _f(
        "m = 0.5 * p + 0.5 * q\n    terms = torch.special.xlogy(p, p) + torch.special.xlogy(q, q)\n"
        "    return 0.5 * (terms - torch.special.xlogy(p, m) - torch.special.xlogy(q, m)).sum()"
    ),
    "Python's floats": _f(
        "total = 0.0\n    for a, b in zip(p.tolist(), q.tolist()):\n        m = (a + b) / 2\n"
        "        total += (a * math.log(a / m) if a else 0) + (b * math.log(b / m) if b else 0)\n    return total / 2"
    ),
    "numpy": _f(
        "p, q = p.numpy(), q.numpy()\n    m = (p + q) / 2\n"
        "    part = lambda a: (a[a > 0] * np.log(a[a > 0] / m[a > 0])).sum()\n    return (part(p) + part(q)) / 2"
    ),
}
_K = "k = lambda a, m: torch.where(a > 0, a * (a / m).log(), torch.zeros_like(a)).sum()\n    "
WRONG["jensen_shannon"] = {
    "sum_for_the_middle": Wrong(_f(_K + "return (k(p, p + q) + k(q, p + q)) / 2"), _J),
    "not_halved": Wrong(_f(_K + "m = (p + q) / 2\n    return k(p, m) + k(q, m)"), _J),
    "one_side": Wrong(_f(_K + "return k(p, (p + q) / 2)"), _J),
    "middle_first": Wrong(_f(_K + "m = (p + q) / 2\n    return (k(m, p) + k(m, q)) / 2"), _J),
    "not_a_number": Wrong(
        _f("m = (p + q) / 2\n    return ((p * (p / m).log()).sum() + (q * (q / m).log()).sum()) / 2"), _J
    ),
    "bits": Wrong(_f(_K + "m = (p + q) / 2\n    return (k(p, m) + k(q, m)) / 2 / math.log(2)"), _J),
    "symmetrised_kl": Wrong(_f(_K + "return (k(p, q) + k(q, p)) / 2"), _J),
    "root": Wrong(_f(_K + "m = (p + q) / 2\n    return ((k(p, m) + k(q, m)) / 2).sqrt()"), _J),
    "a_third_of_the_way": Wrong(_f(_K + "m = (2 * p + q) / 3\n    return (k(p, m) + k(q, m)) / 2"), _J),
}

# --------------------------------------------------------------------------------------------------------- f-divergence
_f, _D = _def("f_divergence(p, q, name)"), _both("f_divergence_from_generator")
RIGHT["f_divergence_from_generator"] = {
    "average under q": _f("return (q * generator(p / q, name)).sum()"),
    "inner product": _f("return q @ generator(p / q, name)"),
    "value after value": _f("return sum(q[i] * generator(p[i] / q[i], name) for i in range(len(p)))"),
    "shares": _f("return (generator(p / q, name) * q / q.sum()).sum()"),
    "numpy": _f("t = generator(p / q, name).numpy()\n    return np.dot(q.numpy(), t)"),
}
WRONG["f_divergence_from_generator"] = {
    "ratio_upside_down": Wrong(_f("return (q * generator(q / p, name)).sum()"), _D),
    "average_under_p": Wrong(_f("return (p * generator(p / q, name)).sum()"), _D),
    "no_average": Wrong(_f("return generator(p / q, name).sum()"), _D),
    "mean_over_values": Wrong(_f("return generator(p / q, name).mean()"), _D),
    "exchanged": Wrong(_f("return (p * generator(q / p, name)).sum()"), _D),
    "differences": Wrong(_f("return (q * generator((p - q).abs() + 1, name)).sum()"), _D),
    "ratio_of_sums": Wrong(_f("return generator(p.sum() / q.sum(), name)"), _D),
    "average_inside": Wrong(_f("return generator((q * (p / q)).sum(), name)"), _D),
    "always_kl": Wrong(_f("return (q * generator(p / q, 'kl')).sum()"), _D),
}

# ---------------------------------------------------------------------------------------------------------- Wasserstein
_f, _W = _def("wasserstein_1d(x, y)"), _both("wasserstein_1d")
RIGHT["wasserstein_1d"] = {
    "both sorted": _f("return (torch.sort(x)[0] - torch.sort(y)[0]).abs().mean()"),
    "Python's sorted": _f("return sum(abs(a - b) for a, b in zip(sorted(x.tolist()), sorted(y.tolist()))) / len(x)"),
    "numpy": _f("return np.abs(np.sort(x.numpy()) - np.sort(y.numpy())).mean()"),
    "area between the steps": _f(
        "both = torch.cat([x, y]).sort().values\n    mid = (both[1:] + both[:-1]) / 2\n"
        "    F = lambda s: (s[None] <= mid[:, None]).double().mean(1)\n"
        "    return ((F(x) - F(y)).abs() * both.diff().double()).sum()"
    ),
}
WRONG["wasserstein_1d"] = {
    "unsorted": Wrong(_f("return (x - y).abs().mean()"), _W),
    "one_sorted": Wrong(_f("return (x.sort().values - y).abs().mean()"), _W),
    "means": Wrong(_f("return (x.mean() - y.mean()).abs()"), _W),
    "sum": Wrong(_f("return (x.sort().values - y.sort().values).abs().sum()"), _W),
    "squares": Wrong(_f("return ((x.sort().values - y.sort().values) ** 2).mean()"), _W[1:]),
    "opposite_ends": Wrong(_f("return (x.sort().values - y.sort(descending=True).values).abs().mean()"), _W),
    "nearest_neighbour": Wrong(_f("return (x[:, None] - y).abs().min(1).values.mean()"), _W[1:]),
    "all_pairs": Wrong(_f("return (x[:, None] - y).abs().mean()"), _W),
    "no_absolute_value": Wrong(_f("return (x.sort().values - y.sort().values).mean()"), _W),
}

# -------------------------------------------------------------------------------------------------------------- forward
_f, _F = _def("forward_fit(p)"), _both("forward_kl_fit")
RIGHT["forward_kl_fit"] = {
    "moments": _f("m = (p * LINE).sum()\n    return m, ((LINE - m) ** 2 * p).sum().sqrt()"),
    "squares less square": _f("m = p @ LINE\n    return m, (p @ LINE**2 - m * m) ** 0.5"),
    "numpy": _f(
        "x, w = LINE.numpy(), p.numpy()\n    m = np.average(x, weights=w)\n"
        "    return m, np.sqrt(np.average((x - m) ** 2, weights=w))"
    ),
    "Python's floats": _f(
        "pairs = list(zip(p.tolist(), LINE.tolist()))\n    m = sum(w * x for w, x in pairs)\n"
        "    return [m, math.sqrt(sum(w * (x - m) ** 2 for w, x in pairs))]"
    ),
}
WRONG["forward_kl_fit"] = {
    "mean_of_the_line": Wrong(_f("return LINE.mean(), LINE.std()"), _F),
    "variance_for_scale": Wrong(_f("m = p @ LINE\n    return m, p @ (LINE - m) ** 2"), _F),
    "highest_place": Wrong(_f("m = LINE[p.argmax()]\n    return m, (p @ (LINE - m) ** 2).sqrt()"), _F[1:]),
    "not_centred": Wrong(_f("return p @ LINE, (p @ LINE**2).sqrt()"), _F),
    "absolute_deviation": Wrong(_f("m = p @ LINE\n    return m, p @ (LINE - m).abs()"), _F),
    "median": Wrong(_f("m = LINE[(p.cumsum(0) < 0.5).sum()]\n    return m, (p @ (LINE - m) ** 2).sqrt()"), _F[1:]),
    "unweighted_spread": Wrong(_f("m = p @ LINE\n    return m, (LINE - m).pow(2).mean().sqrt()"), _F),
    "squared_weights": Wrong(
        _f("w = p**2 / (p**2).sum()\n    m = w @ LINE\n    return m, (w @ (LINE - m) ** 2).sqrt()"), _F
    ),
    "scale_first": Wrong(_f("m = p @ LINE\n    return (p @ (LINE - m) ** 2).sqrt(), m"), _F),
}

# -------------------------------------------------------------------------------------------------------------- reverse
_f, _R = _def("reverse_fit(p, means, scales)"), _both("reverse_kl_fit")
_LOOP = """best, lowest = None, math.inf
    for m in means:
        for s in scales:
            q = bell(m, s)
            price = {0}
            if price < lowest:
                best, lowest = (m, s), price
    return best"""
_PRICE = "float((torch.special.xlogy(q, q) - torch.special.xlogy(q, p)).sum())"
RIGHT["reverse_kl_fit"] = {
    "all pairs": _f(_LOOP.format(_PRICE)),
    "places with people": _f(_LOOP.format("(q[q > 0] * (q[q > 0] / p[q > 0]).log()).sum().item()")),
    "min": _f(
        "def price(pair):\n        q = bell(*pair)\n"
        "        return float(torch.nan_to_num(q * (q.log() - p.log())).sum())\n"
        "    return list(min([(m, s) for m in means for s in scales], key=price))"
    ),
    "a table": _f(
        "table = torch.tensor([[float(torch.special.xlogy(bell(m, s), bell(m, s) / p).sum()) for s in scales] "
        "for m in means])\n"
        "    i, j = divmod(int(table.argmin()), len(scales))\n    return torch.tensor([means[i], scales[j]])"
    ),
    "numpy": _f(
        "t = p.numpy()\n    def price(pair):\n        q = bell(*pair).numpy()\n        s = q > 0\n"
        "        return (q[s] * np.log(q[s] / t[s])).sum()\n"
        "    return min(((m, s) for m in means for s in scales), key=price)"
    ),
}
WRONG["reverse_kl_fit"] = {
    "the_other_direction": Wrong(_f(_LOOP.format("float((p * (p.log() - q.clamp(min=1e-300).log())).sum())")), _R),
    "moments": Wrong(_f("m = float(p @ LINE)\n    return m, float((p @ (LINE - m) ** 2).sqrt())"), _R),
    "largest": Wrong(_f(_LOOP.format("-" + _PRICE)), _R),
    "likelihood_alone": Wrong(_f(_LOOP.format("-float(torch.special.xlogy(q, p).sum())")), _R),
    "entropy_alone": Wrong(_f(_LOOP.format("float(torch.special.xlogy(q, q).sum())")), _R),
    "means_alone": Wrong(_f("scales = scales[:1]\n    " + _LOOP.format(_PRICE)), _R),
    "highest_place": Wrong(
        _f("top = float(LINE[p.argmax()])\n    return min(means, key=lambda m: abs(m - top)), scales[0]"), _R
    ),
    "total_variation": Wrong(_f(_LOOP.format("float((p - q).abs().sum())")), _R[1:]),
    "exchanged": Wrong(_f(_LOOP.format(_PRICE) + "[::-1]"), _R),
}

# ---------------------------------------------------------------------------------------------------------- Monte Carlo
_f, _M = _def("monte_carlo_kl(p, q, n, seed)"), _both("monte_carlo_kl")
_X = "x = torch.multinomial(p, n, replacement=True, generator=torch.Generator().manual_seed(seed))\n    "
RIGHT["monte_carlo_kl"] = {
    "samples of p": _f(_X + "return (p[x].log() - q[x].log()).mean()"),
    "ratio, Python's mean": _f(_X + "logs = (p / q).log()[x].tolist()\n    return sum(logs) / len(logs)"),
    "numpy": _f(
        "a, b = p.numpy(), q.numpy()\n    x = np.random.default_rng(seed).choice(len(a), size=n, p=a / a.sum())\n"
        "    with np.errstate(divide='ignore'):\n        return np.mean(np.log(a[x]) - np.log(b[x]))"
    ),
    "by the cumulative sum": _f(
        "u = torch.rand(n, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))\n"
        "    x = torch.searchsorted(p.cumsum(0), u, right=True).clamp(max=len(p) - 1)\n"
        "    return (p[x] / q[x]).log().mean()"
    ),
    "counts": _f(
        _X + "n_x = torch.bincount(x, minlength=len(p))\n    some = n_x > 0\n"
        "    return (n_x[some] * (p[some] / q[some]).log()).sum() / n"
    ),
}
WRONG["monte_carlo_kl"] = {
    "unchanged": Wrong(_f("return their_kl(p, q, n, seed)"), _M),
    "absolute_value_of_theirs": Wrong(_f("return abs(their_kl(p, q, n, seed))"), _M[1:] + _M[:1]),
    "minus_theirs": Wrong(_f("return -their_kl(p, q, n, seed)"), _M),
    "absolute_terms": Wrong(_f(_X + "return (p[x].log() - q[x].log()).abs().mean()"), _M[1:]),
    "sum": Wrong(_f(_X + "return (p[x].log() - q[x].log()).sum()"), _M),
    "weighted_twice": Wrong(_f(_X + "return (p[x] * (p[x].log() - q[x].log())).mean()"), _M[1:]),
    "exact": Wrong(_f("some = p > 0\n    return (p[some] * (p[some] / q[some]).log()).sum()"), _M[1:]),
    "seed_ignored": Wrong(
        _f(
            _X.replace(", generator=torch.Generator().manual_seed(seed)", "")
            + "return (p[x].log() - q[x].log()).mean()"
        ),
        _M[1:],
    ),
    "cross_entropy": Wrong(_f(_X + "return -q[x].log().mean()"), _M[1:]),
    "uniform_samples": Wrong(
        _f(
            "x = torch.randint(len(p), (n,), generator=torch.Generator().manual_seed(seed))\n"
            "    return (p[x].log() - q[x].log()).mean()"
        ),
        _M,
    ),
}

# ----------------------------------------------------------------------------------------------------------- two points
_f, _P = _def("of_two_points(d)"), _both("disjoint_supports")
_G = 'guess = ["w1"]\n\n\n'
RIGHT["disjoint_supports"] = {
    "two cases": _G + _f("if d == 0:\n        return [0, 0, 0]\n    return [1, math.log(2), abs(d)]"),
    "a tensor": "guess = []\n\n\n"
    + _f("apart = float(d != 0)\n    return torch.tensor([apart, apart * math.log(2), abs(d)])"),
    "with the functions above": 'guess = ("tv", "js", "w1")\n\n\n'
    + _f(
        "one, other = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0] if d else [1.0, 0.0])\n"
        "    x, y = torch.zeros(1), torch.full((1,), float(d))\n"
        "    return total_variation(one, other), jensen_shannon(one, other), wasserstein_1d(x, y)"
    ),
    "numpy": 'guess = ["js"]\n\n\n' + _f("s = np.sign(abs(d))\n    return np.array([s, s * np.log(2), np.abs(d)])"),
}
_OK = _f("return (0.0, 0.0, 0.0) if d == 0 else (1.0, math.log(2), abs(d))")
WRONG["disjoint_supports"] = {
    "no_guess": Wrong(_OK, _P[:1]),
    "another_name": Wrong('guess = ["kl"]\n\n\n' + _OK, _P[:1]),
    "sign_of_the_distance": Wrong(_G + _f("return (0.0, 0.0, 0.0) if d == 0 else (1.0, math.log(2), d)"), _P[1:]),
    "never_meets": Wrong(_G + _f("return 1.0, math.log(2), abs(d)"), _P[:1]),
    "fades": Wrong(_G + _f("a = 1 - math.exp(-abs(d))\n    return a, a * math.log(2), abs(d)"), _P),
    "tv_without_the_half": Wrong(_G + _f("return (0.0, 0.0, 0.0) if d == 0 else (2.0, math.log(2), abs(d))"), _P),
    "js_in_bits": Wrong(_G + _f("return (0.0, 0.0, 0.0) if d == 0 else (1.0, 1.0, abs(d))"), _P),
    "infinite": Wrong(_G + _f("return (0.0, 0.0, 0.0) if d == 0 else (1.0, math.inf, abs(d))"), _P),
    "squared_distance": Wrong(_G + _f("return (0.0, 0.0, 0.0) if d == 0 else (1.0, math.log(2), d * d)"), _P),
    "hair_taken_for_nothing": Wrong(
        _G + _f("return (0.0, 0.0, 0.0) if abs(d) < 1e-3 else (1.0, math.log(2), abs(d))"), _P[1:]
    ),
}

# --------------------------------------------------------------------------------------------------------- explanations
EXPLANATIONS = {
    "which_for_what": {
        "all four": Marked(
            "The hospital needs KL(p||q): it charges for rare cases that are missed, and it is what maximum likelihood "
            "minimises, whose average is over data. The studio needs KL(q||p): each face is plausible, kinds may be "
            "missing, like the smaller town. With the other direction the studio gets faces from the fields between. "
            "If the two do not meet, TV stays 1 and JS 0.693; only W1 says that 3 became 2.",
            4,
            "Whom which suits, why likelihood is the first, what W1 can do, numbers.",
        ),
        "half of it": Marked(
            "KL is not symmetric. The studio should use maximum likelihood, since it chooses one mode.",
            1,
            "Asymmetric, yes. Maximum likelihood averages over the data: it covers, and does not choose. What can "
            "neither direction do? A number from your notebook is missing.",
        ),
    }
}

# ------------------------------------------------------------------------------------------------------------ survivors
_WHY_0 = "equivalent: the larger of two"
_WHY_1 = "equivalent: a mean over the places has its lowest point where the sum has it"
SURVIVORS = {
    "total_variation: return 0.5 * torch.maximum(p, q).sum() -> return 0.5 * torch.maximum(q, p).sum()": _WHY_0,
    "reverse_kl_fit: return float((torch.special.xlogy(q, q) - q * p.log()).sum()) -> "
    "return float((torch.special.xlogy(q, q) - q * p.log()).mean())": _WHY_1,
}

# --------------------------------------------------------------------------------------------------------- sample class
_ALL_RIGHT = {cell: next(iter(answers)) for cell, answers in RIGHT.items()}
SAMPLE_CLASS = {
    "all_right": {**_ALL_RIGHT, "which_for_what": "all four"},
    "another_way": {cell: list(answers)[1] for cell, answers in RIGHT.items()} | {"which_for_what": "half of it"},
    "untouched": {},
    "half_done": {cell: _ALL_RIGHT[cell] for cell in list(RIGHT)[:4]},
    "no_half": {**_ALL_RIGHT, "total_variation": "half_forgotten", "jensen_shannon": "not_halved"},
    "wrong_way_round": {**_ALL_RIGHT, "reverse_kl_fit": "the_other_direction", "which_for_what": "half of it"},
    "below_zero": {**_ALL_RIGHT, "monte_carlo_kl": "unchanged"},
    "several_mistakes": {
        **_ALL_RIGHT,
        "f_divergence_from_generator": "ratio_upside_down",
        "wasserstein_1d": "unsorted",
        "forward_kl_fit": "variance_for_scale",
        "disjoint_supports": "never_meets",
    },
}
