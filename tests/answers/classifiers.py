"""Right and wrong answers to ``classifiers``; see ``grading/answers.py`` for what this file defines."""

from grading.answers import Marked, Wrong

RIGHT, WRONG = {}, {}


def _both(cell):
    return (f"{cell}_checks", f"{cell}_kept")


def _def(head):
    """What makes a function of this head from its body."""
    return lambda body: f"def {head}:\n    {body}\n"


# ------------------------------------------------------------------------------------------------- logistic regressions
_f, _L = _def("fvsbn_log_prob(x, weight, bias)"), _both("fvsbn_log_prob")
_A = "a = x @ torch.tril(weight, -1).T + bias\n    "
RIGHT["fvsbn_log_prob"] = {
    "logsigmoid": _f(_A + "return (x * F.logsigmoid(a) + (1 - x) * F.logsigmoid(-a)).sum(1)"),
    "softplus": _f(_A + "return (x * a - F.softplus(a)).sum(-1)"),
    "torch's loss": _f(_A + "return -F.binary_cross_entropy_with_logits(a, x, reduction='none').sum(1)"),
    "variable after variable": _f(
        "total = torch.zeros(len(x))\n    for i in range(x.shape[1]):\n"
        "        a = bias[i] + x[:, :i] @ weight[i, :i]\n"
        "        total = total + torch.where(x[:, i] > 0, F.logsigmoid(a), F.logsigmoid(-a))\n    return total"
    ),
    "torch's Bernoulli": _f(_A + "return torch.distributions.Bernoulli(logits=a).log_prob(x).sum(1)"),
    "signs": _f(_A + "return F.logsigmoid((2 * x - 1) * a).sum(1)"),
}
WRONG["fvsbn_log_prob"] = {
    "sees_itself": Wrong(_f(_A.replace(", -1", "") + "return (x * a - F.softplus(a)).sum(1)"), _L),
    "no_mask": Wrong(_f("a = x @ weight.T + bias\n    return (x * a - F.softplus(a)).sum(1)"), _L),
    "looks_forward": Wrong(_f("a = x @ weight.triu(1).T + bias\n    return (x * a - F.softplus(a)).sum(1)"), _L),
    "not_transposed": Wrong(_f("a = x @ weight.tril(-1) + bias\n    return (x * a - F.softplus(a)).sum(1)"), _L),
    "mean_over_variables": Wrong(_f(_A + "return (x * a - F.softplus(a)).mean(1)"), _L),
    "zeros_not_paid": Wrong(_f(_A + "return (x * F.logsigmoid(a)).sum(1)"), _L),
    "log_of_a_sigmoid": Wrong(
        _f(_A + "p = torch.sigmoid(a)\n    return (x * p.log() + (1 - x) * (1 - p).log()).sum(1)"), _L[1:]
    ),
    "cost_for_log_prob": Wrong(_f(_A + "return F.binary_cross_entropy_with_logits(a, x, reduction='none').sum(1)"), _L),
    "no_bias": Wrong(_f("a = x @ weight.tril(-1).T\n    return (x * a - F.softplus(a)).sum(1)"), _L[1:]),
    "sigmoid_twice": Wrong(_f(_A + "a = torch.sigmoid(a)\n    return (x * a - F.softplus(a)).sum(1)"), _L),
}

# --------------------------------------------------------------------------------------------------------- running sums
_f, _N = _def("running_sums(x, weight, c)"), _both("nade_recursion")
RIGHT["nade_recursion"] = {
    "cumulative sum": _f("t = x.unsqueeze(2) * weight\n    return t.cumsum(1) - t + c"),
    "step after step": _f(
        "s, out = c.expand(len(x), -1), []\n    for i in range(x.shape[1]):\n        out.append(s)\n"
        "        s = s + x[:, i, None] * weight[i]\n    return torch.stack(out, 1)"
    ),
    "triangular matrix": _f(
        "earlier = torch.ones(x.shape[1], x.shape[1]).tril(-1)\n"
        "    return torch.einsum('ij,bj,jh->bih', earlier, x, weight) + c"
    ),
    "from the beginning each time": _f("return torch.stack([x[:, :i] @ weight[:i] + c for i in range(x.shape[1])], 1)"),
    "numpy": _f(
        "t = x.numpy()[:, :, None] * weight.numpy()\n    before = np.zeros_like(t)\n"
        "    before[:, 1:] = np.cumsum(t, axis=1)[:, :-1]\n    return before + c.numpy()"
    ),
}
WRONG["nade_recursion"] = {
    "itself_included": Wrong(_f("return (x[:, :, None] * weight).cumsum(1) + c"), _N),
    "c_left_out": Wrong(_f("t = x[:, :, None] * weight\n    return t.cumsum(1) - t"), _N),
    "c_added_each_time": Wrong(_f("t = x[:, :, None] * weight + c\n    return t.cumsum(1)"), _N),
    "backwards": Wrong(_f("t = x[:, :, None] * weight\n    return t.flip(1).cumsum(1).flip(1) - t + c"), _N),
    "everything": Wrong(_f("return (x @ weight + c)[:, None].expand(-1, x.shape[1], -1)"), _N),
    "values_forgotten": Wrong(_f("t = weight.expand(len(x), *weight.shape)\n    return t.cumsum(1) - t + c"), _N),
    "sigmoid_already": Wrong(_f("t = x[:, :, None] * weight\n    return torch.sigmoid(t.cumsum(1) - t + c)"), _N),
    "last_term_alone": Wrong(_f("t = x[:, :, None] * weight\n    return F.pad(t, (0, 0, 1, 0))[:, :-1] + c"), _N),
    "two_back": Wrong(_f("t = x[:, :, None] * weight\n    return F.pad(t.cumsum(1), (0, 0, 2, 0))[:, :-2] + c"), _N),
}

# ---------------------------------------------------------------------------------------------------------------- masks
_f, _M = _def("made_masks(dims, degrees)"), _both("made_masks")
RIGHT["made_masks"] = {
    "compared": _f("d = torch.arange(1, dims + 1)\n    return degrees[:, None] >= d, d[:, None] > degrees"),
    "lists": _f(
        "m = degrees.tolist()\n    return ([[j <= h for j in range(1, dims + 1)] for h in m],\n"
        "            [[i > h for h in m] for i in range(1, dims + 1)])"
    ),
    "numpy": _f(
        "d, m = np.arange(1, dims + 1), degrees.numpy()\n    return np.less_equal.outer(d, m).T, np.greater.outer(d, m)"
    ),
    "one from the other": _f(
        "first = torch.stack([torch.arange(dims) < m for m in degrees])\n    return first, ~first.T"
    ),
}
WRONG["made_masks"] = {
    "at_most_in_both": Wrong(
        _f("d = torch.arange(1, dims + 1)\n    return degrees[:, None] >= d, d[:, None] >= degrees"), _M
    ),
    "below_in_both": Wrong(
        _f("d = torch.arange(1, dims + 1)\n    return degrees[:, None] > d, d[:, None] > degrees"), _M
    ),
    "exchanged": Wrong(_f("d = torch.arange(1, dims + 1)\n    return degrees[:, None] > d, d[:, None] >= degrees"), _M),
    "counted_from_zero": Wrong(
        _f("d = torch.arange(dims)\n    return degrees[:, None] >= d, d[:, None] > degrees"), _M
    ),
    "looks_forward": Wrong(
        _f("d = torch.arange(1, dims + 1)\n    return degrees[:, None] <= d, d[:, None] < degrees"), _M
    ),
    "transposed": Wrong(
        _f("d = torch.arange(1, dims + 1)\n    return d[:, None] <= degrees, degrees[:, None] < d"), _M
    ),
    "degrees_ignored": Wrong(
        _f(
            "d = torch.arange(1, dims + 1)\n    m = torch.arange(1, len(degrees) + 1)\n"
            "    return m[:, None] >= d, d[:, None] > m"
        ),
        _M[1:],
    ),
    "nothing_masked": Wrong(_f("on = torch.ones(len(degrees), dims).bool()\n    return on, on.T"), _M),
}

# --------------------------------------------------------------------------------------------------------- mask product
_R = _both("mask_product")
_r, _p = _def("reaches(first, second)"), _def("nobody_peeks(first, second)")
_R1, _P1 = (
    _r("return second.float() @ first.float() > 0"),
    "\n\n" + _p("return bool((reaches(first, second).triu() == 0).all())"),
)
RIGHT["mask_product"] = {
    "product": _R1 + _P1,
    "any": _r("return (second[:, :, None] & first[None]).any(1)")
    + "\n\n"
    + _p("w = reaches(first, second)\n    return torch.equal(w, w.tril(-1))"),
    "loops": """
def reaches(first, second):
    H, D = first.shape
    return [[any(bool(second[i, h]) and bool(first[h, j]) for h in range(H)) for j in range(D)] for i in range(D)]


def nobody_peeks(first, second):
    way = reaches(first, second)
    return not any(way[i][j] for i in range(len(way)) for j in range(i, len(way)))
""",
    "numpy": _r("return second.numpy().astype(int).dot(first.numpy().astype(int)) > 0")
    + "\n\n"
    + _p("return not np.triu(reaches(first, second)).any()"),
}
WRONG["mask_product"] = {
    "other_order": Wrong(
        _r("return first.float() @ second.float() > 0")
        + "\n\n"
        + _p("return not bool((second.float() @ first.float()).triu().any())"),
        _R[1:],
    ),
    "diagonal_allowed": Wrong(_R1 + "\n\n" + _p("return not bool(reaches(first, second).triu(1).any())"), _R[1:]),
    "lower_triangle": Wrong(_R1 + "\n\n" + _p("return not bool(reaches(first, second).tril().any())"), _R),
    "diagonal_alone": Wrong(_R1 + "\n\n" + _p("return not bool(torch.diagonal(reaches(first, second)).any())"), _R[1:]),
    "always_true": Wrong(_R1 + "\n\n" + _p("return True"), _R),
    "never_true": Wrong(_R1 + "\n\n" + _p("return False"), _R),
    "number_of_ways": Wrong(_r("return second.long() @ first.long()") + _P1, _R[1:]),
    "all_ways": Wrong(
        _r("return (second[:, :, None] & first[None]).all(1)")
        + "\n\n"
        + _p("return not bool((second.float() @ first.float()).triu().any())"),
        _R,
    ),
    "transposed": Wrong(
        _r("return (second.float() @ first.float() > 0).T")
        + "\n\n"
        + _p("return not bool(reaches(first, second).tril().any())"),
        _R,
    ),
}

# ----------------------------------------------------------------------------------------------------------------- MADE
_f, _D = _def("made_log_prob(x, w1, b1, w2, b2, first, second)"), _both("made_log_prob")
_H = "h = F.relu(F.linear(x, w1 * first, b1))\n    "
_O = "a = F.linear(h, w2 * second, b2)\n    "
_S = "return (x * a - F.softplus(a)).sum(1)"
RIGHT["made_log_prob"] = {
    "linear and relu": _f(_H + _O + _S),
    "matrices": _f(
        "h = (x @ (w1 * first).T + b1).clamp(min=0)\n    a = h @ torch.where(second, w2, torch.zeros(())).T + b2\n"
        "    return -F.binary_cross_entropy_with_logits(a, x, reduction='none').sum(1)"
    ),
    "einsum": _f(
        "h = torch.relu(torch.einsum('bd,hd,hd->bh', x, w1, first.float()) + b1)\n"
        "    a = torch.einsum('bh,dh,dh->bd', h, w2, second.float()) + b2\n"
        "    return F.logsigmoid(torch.where(x > 0.5, a, -a)).sum(1)"
    ),
    "point after point": _f(
        "rows = []\n    for one in x:\n        h = torch.relu((w1 * first) @ one + b1)\n"
        "        a = (w2 * second) @ h + b2\n"
        "        rows.append(torch.distributions.Bernoulli(logits=a).log_prob(one).sum())\n"
        "    return torch.stack(rows)"
    ),
}
WRONG["made_log_prob"] = {
    "second_mask_forgotten": Wrong(_f(_H + _O.replace("w2 * second", "w2") + _S), _D),
    "first_mask_forgotten": Wrong(_f(_H.replace("w1 * first", "w1") + _O + _S), _D),
    "no_relu": Wrong(
        _f(_H.replace("F.relu(F.linear(x, w1 * first, b1))", "F.linear(x, w1 * first, b1)") + _O + _S), _D[1:]
    ),
    "no_first_bias": Wrong(_f(_H.replace(", b1", "") + _O + _S), _D[1:]),
    "no_second_bias": Wrong(_f(_H + _O.replace(", b2", "") + _S), _D[1:]),
    "mean": Wrong(_f(_H + _O + _S.replace("sum", "mean")), _D),
    "sign": Wrong(_f(_H + _O + "return -(x * a - F.softplus(a)).sum(1)"), _D),
    "sigmoid_twice": Wrong(_f(_H + _O + "a = torch.sigmoid(a)\n    " + _S), _D),
    "masks_the_other_way": Wrong(_f(_H.replace("* first", "* ~first") + _O.replace("* second", "* ~second") + _S), _D),
    "sum_over_points": Wrong(_f(_H + _O + _S.replace("sum(1)", "sum(0)")), _D),
}

# ----------------------------------------------------------------------------------------------------------- completing
_f, _C = _def("complete(prefix, weight, bias, seed)"), _both("complete_the_digit")
_START = (
    "g = torch.Generator().manual_seed(seed)\n    x = torch.zeros(len(prefix), len(bias))\n"
    "    x[:, : prefix.shape[1]] = prefix\n    for i in range(prefix.shape[1], len(bias)):\n        "
)
_CHANCE = "p = torch.sigmoid(bias[i] + x[:, :i] @ weight[i, :i])\n        "
_TOSS = "x[:, i] = (torch.rand(len(x), generator=g) < p).float()\n    return x"
RIGHT["complete_the_digit"] = {
    "rand": _f(_START + _CHANCE + _TOSS),
    "bernoulli": _f(_START + _CHANCE + "x[:, i] = torch.bernoulli(p, generator=g)\n    return x"),
    "columns joined": _f(
        "g = torch.Generator().manual_seed(seed)\n    x = prefix.float()\n    while x.shape[1] < len(bias):\n"
        "        i = x.shape[1]\n        p = torch.sigmoid(x @ weight[i, :i] + bias[i])\n"
        "        x = torch.cat([x, torch.bernoulli(p, generator=g)[:, None]], 1)\n    return x"
    ),
    "numpy": _f(
        "rng, w, b = np.random.default_rng(seed), weight.numpy(), bias.numpy()\n"
        "    x = np.zeros((len(prefix), len(b)), dtype=np.float32)\n    k = prefix.shape[1]\n"
        "    x[:, :k] = prefix.numpy()\n"
        "    for i in range(k, len(b)):\n        p = 1 / (1 + np.exp(-(x[:, :i] @ w[i, :i] + b[i])))\n"
        "        x[:, i] = rng.random(len(x)) < p\n    return x"
    ),
    "logits against noise": _f(
        _START + "u = torch.rand(len(x), generator=g)\n        a = bias[i] + x[:, :i] @ weight[i, :i]\n"
        "        x[:, i] = (a > torch.logit(u)).float()\n    return x"
    ),
}
WRONG["complete_the_digit"] = {
    "rounded": Wrong(_f(_START + _CHANCE + "x[:, i] = (p > 0.5).float()\n    return x"), _C[1:]),
    "chances_left_in": Wrong(_f(_START + _CHANCE + "x[:, i] = p\n    return x"), _C[1:]),
    "prefix_not_kept": Wrong(
        _f(_START.replace("range(prefix.shape[1], len(bias))", "range(len(bias))") + _CHANCE + _TOSS), _C
    ),
    "without_the_past": Wrong(_f(_START + "p = torch.sigmoid(bias[i]).expand(len(x))\n        " + _TOSS), _C),
    "one_coin_for_all": Wrong(
        _f(_START + _CHANCE + _TOSS.replace("torch.rand(len(x), generator=g)", "torch.rand(1, generator=g)")), _C[1:]
    ),
    "upside_down": Wrong(_f(_START + _CHANCE + _TOSS.replace("< p", "> p")), _C),
    "seed_ignored": Wrong(_f(_START + _CHANCE + _TOSS.replace(", generator=g", "")), _C[1:]),
    "all_at_once": Wrong(
        _f(
            "g = torch.Generator().manual_seed(seed)\n    x = torch.zeros(len(prefix), len(bias))\n"
            "    k = prefix.shape[1]\n    x[:, :k] = prefix\n    p = torch.sigmoid(x @ weight.tril(-1).T + bias)\n"
            "    x[:, k:] = (torch.rand(x.shape, generator=g) < p).float()[:, k:]\n    return x"
        ),
        _C,
    ),
    "rest_alone": Wrong(_f(_START + _CHANCE + _TOSS.replace("return x", "return x[:, prefix.shape[1] :]")), _C),
    "no_bias": Wrong(_f(_START + _CHANCE.replace("bias[i] + ", "") + _TOSS), _C),
}

# ------------------------------------------------------------------------------------------------------------- ensemble
_f, _E = _def("ensemble(log_probs)"), _both("order_ensemble")
RIGHT["order_ensemble"] = {
    "logsumexp": _f("return log_probs.logsumexp(0) - math.log(log_probs.shape[0])"),
    "weights": _f("return torch.logsumexp(log_probs - math.log(len(log_probs)), dim=0)"),
    "largest taken out": _f("top = log_probs.max(0).values\n    return top + (log_probs - top).exp().mean(0).log()"),
    "numpy": _f("return np.logaddexp.reduce(log_probs.numpy(), axis=0) - np.log(len(log_probs))"),
}
WRONG["order_ensemble"] = {
    "mean_of_logs": Wrong(_f("return log_probs.mean(0)"), _E),
    "exp_first": Wrong(_f("return log_probs.exp().mean(0).log()"), _E[1:]),
    "sum_of_probabilities": Wrong(_f("return log_probs.logsumexp(0)"), _E),
    "best_model": Wrong(_f("return log_probs.max(0).values"), _E),
    "over_points": Wrong(_f("return log_probs.logsumexp(1) - math.log(log_probs.shape[1])"), _E),
    "product": Wrong(_f("return log_probs.sum(0)"), _E),
    "probability": Wrong(_f("return log_probs.exp().mean(0)"), _E),
    "divided_by_points": Wrong(_f("return log_probs.logsumexp(0) - math.log(log_probs.shape[1])"), _E[1:]),
}

# ---------------------------------------------------------------------------------------------------------- one sigmoid
_f, _B = _def("log_prob_of_logits(logits, x)"), _both("double_sigmoid")
_BCE = "F.binary_cross_entropy_with_logits"
RIGHT["double_sigmoid"] = {
    "torch's loss": _f(f"return -{_BCE}(logits, x, reduction='none').sum(1)"),
    "softplus": _f("return (x * logits - F.softplus(logits)).sum(-1)"),
    "logsigmoid": _f("return F.logsigmoid(torch.where(x == 1, logits, -logits)).sum(1)"),
    "numpy": _f("a = logits.numpy()\n    return -np.logaddexp(0, np.where(x.numpy() > 0, -a, a)).sum(axis=1)"),
}
WRONG["double_sigmoid"] = {
    "unchanged": Wrong(_f("return their_log_prob(logits, x)"), _B),
    "log_of_a_sigmoid": Wrong(
        _f("p = torch.sigmoid(logits)\n    return (x * p.log() + (1 - x) * (1 - p).log()).sum(1)"), _B
    ),
    "clamped": Wrong(_f("return -F.binary_cross_entropy(torch.sigmoid(logits), x, reduction='none').sum(1)"), _B[1:]),
    "mean": Wrong(_f(f"return -{_BCE}(logits, x, reduction='none').mean(1)"), _B),
    "one_number": Wrong(_f(f"return -{_BCE}(logits, x, reduction='sum')"), _B),
    "sign": Wrong(_f(f"return {_BCE}(logits, x, reduction='none').sum(1)"), _B),
    "no_sigmoid": Wrong(_f("return (x * logits + (1 - x) * (1 - logits)).sum(1)"), _B),
    "flipped": Wrong(_f(f"return -{_BCE}(-logits, x, reduction='none').sum(1)"), _B),
    "softmax": Wrong(_f("return (x * logits.log_softmax(1)).sum(1)"), _B),
}

# ---------------------------------------------------------------------------------------------------------- which order
_f, _U = _def("undo(order)"), _both("which_order")
_G = 'guess = "rows"\n\n\n'
RIGHT["which_order"] = {
    "argsort": _G + _f("return torch.argsort(order)"),
    "written into place": 'guess = "equal"\n\n\n'
    + _f("back = torch.empty_like(order)\n    back[order] = torch.arange(len(order))\n    return back"),
    "lists": 'guess = "random"\n\n\n'
    + _f("places = order.tolist()\n    return [places.index(i) for i in range(len(places))]"),
    "numpy": 'guess = "backwards"\n\n\n' + _f("return np.argsort(np.asarray(order))"),
    "dictionary": _G
    + _f("at = {int(v): i for i, v in enumerate(order)}\n    return torch.tensor([at[i] for i in range(len(at))])"),
}
WRONG["which_order"] = {
    "no_guess": Wrong(_f("return order.argsort()"), _U[:1]),
    "another_word": Wrong('guess = "row by row"\n\n\n' + _f("return order.argsort()"), _U[:1]),
    "the_order_itself": Wrong(_G + _f("return order"), _U),
    "reversed": Wrong(_G + _f("return order.flip(0)"), _U),
    "from_the_other_end": Wrong(_G + _f("return len(order) - 1 - order"), _U),
    "sorted": Wrong(_G + _f("return order.sort().values"), _U),
    "descending": Wrong(_G + _f("return order.argsort(descending=True)"), _U),
    "applied_twice": Wrong(_G + _f("return order[order]"), _U[1:]),
}

# --------------------------------------------------------------------------------------------------------- explanations
EXPLANATIONS = {
    "classifiers_in_a_row": {
        "all four": Marked(
            "Each classifier predicts one pixel from those before it, so the image is its own label. By the chain rule "
            "the log-probability of an image is minus the sum of the 64 losses. Sharing the first layer makes H D "
            "weights out of H D (D - 1) / 2, as long as no way leads from a pixel to its own output. My row pays about "
            "20 nats an image, where coins would cost 44.",
            4,
            "All four, with a number and its comparison.",
        ),
        "half of it": Marked(
            "There is one classifier for each pixel, and the product of their outputs is the probability, because the "
            "pixels are independent.",
            1,
            "One classifier a pixel is right; but each sees the pixels before it: they are not independent. What may "
            "not be shared? A number from your notebook is missing.",
        ),
    }
}

# ------------------------------------------------------------------------------------------------------------ survivors
_WHY_0 = "equivalent: only variables that are written already are read"
_WHY_1 = "equivalent: equality has probability 2**-24"
SURVIVORS = {
    "complete_the_digit: x = torch.zeros(len(prefix), len(bias)) -> x = torch.ones(len(prefix), len(bias))": _WHY_0,
    "complete_the_digit: x[:, i] = (torch.rand(len(x), generator=generator) < chance).float() -> "
    "x[:, i] = (torch.rand(len(x), generator=generator) <= chance).float()": _WHY_1,
}

# --------------------------------------------------------------------------------------------------------- sample class
_ALL_RIGHT = {cell: next(iter(answers)) for cell, answers in RIGHT.items()}
SAMPLE_CLASS = {
    "all_right": {**_ALL_RIGHT, "classifiers_in_a_row": "all four"},
    "another_way": {cell: list(answers)[1] for cell, answers in RIGHT.items()} | {"classifiers_in_a_row": "half of it"},
    "untouched": {},
    "half_done": {cell: _ALL_RIGHT[cell] for cell in list(RIGHT)[:4]},
    "sees_itself": {**_ALL_RIGHT, "fvsbn_log_prob": "sees_itself", "classifiers_in_a_row": "half of it"},
    "wrong_inequality": {**_ALL_RIGHT, "made_masks": "at_most_in_both", "mask_product": "diagonal_allowed"},
    "two_sigmoids": {**_ALL_RIGHT, "double_sigmoid": "unchanged"},
    "several_mistakes": {
        **_ALL_RIGHT,
        "nade_recursion": "itself_included",
        "made_log_prob": "second_mask_forgotten",
        "complete_the_digit": "rounded",
        "order_ensemble": "mean_of_logs",
    },
}
