"""Right and wrong answers to ``regularization``; see ``grading/answers.py`` for what this file defines."""

from grading.answers import Marked, Wrong

RIGHT, WRONG = {}, {}


def _both(cell):
    return (f"{cell}_checks", f"{cell}_kept")


def _def(head):
    """What makes a function of this head from its body."""
    return lambda body: f"def {head}:\n    {body}\n"


# ------------------------------------------------------------------------------------------------------------- by heart
_f, _H = _def("by_heart(train, x)"), _both("memorise")
RIGHT["memorise"] = {
    "all against all": _f("return (x[:, None] == train[None]).all(-1).float().mean(1)"),
    "counted rows": _f(
        "counts = collections.Counter(map(tuple, train.tolist()))\n"
        "    return [counts[tuple(row)] / len(train) for row in x.tolist()]"
    ),
    "row after row": _f("return torch.stack([(train == row).all(1).double().mean() for row in x])"),
    "numpy": _f("a, b = train.numpy(), x.numpy()\n    return np.array([(a == row).all(axis=1).mean() for row in b])"),
}
WRONG["memorise"] = {
    "any_entry": Wrong(_f("return (x[:, None] == train).any(2).double().mean(1)"), _H),
    "number_of_rows": Wrong(_f("return (x[:, None] == train).all(2).sum(1)"), _H),
    "share_of_entries": Wrong(_f("return (x[:, None] == train).double().mean((1, 2))"), _H),
    "share_of_x": Wrong(_f("return (x[:, None] == train).all(2).double().sum(1) / len(x)"), _H),
    "seen_or_not": Wrong(_f("return (x[:, None] == train).all(2).any(1).double()"), _H),
    "smoothed": Wrong(_f("return ((x[:, None] == train).all(2).double().sum(1) + 1) / (len(train) + 1)"), _H),
    "pixels_apart": Wrong(_f("return (x[:, None] == train).double().mean(1).prod(1)"), _H),
    "logarithm": Wrong(_f("return (x[:, None] == train).all(2).double().mean(1).log()"), _H),
}

# ------------------------------------------------------------------------------------------------------- overfit tables
_f, _T = _def("table_costs(train, test, order, values, alpha)"), _both("overfit_on_purpose")
_CONTEXT = "tuple(name[max(0, i - order) : i])"
_COUNT = f"""counts = {{}}
    for name in train:
        for i, s in enumerate(name):
            counts.setdefault({_CONTEXT}, [0] * values)[s] += 1
    out = []
    for part in (train, test):
        costs = []
        for name in part:
            for i, s in enumerate(name):
                row = counts.get({_CONTEXT}, [0] * values)
                costs.append(-math.log((row[s] + alpha) / (sum(row) + alpha * values)))
        out.append(sum(costs) / len(costs))
    return out"""
RIGHT["overfit_on_purpose"] = {
    "dictionary of lists": _f(_COUNT),
    "two counters": _f(
        f"pairs = lambda part: [({_CONTEXT}, name[i]) for name in part for i in range(len(name))]\n"
        "    both = collections.Counter(pairs(train))\n    seen = collections.Counter(c for c, _ in pairs(train))\n"
        "    cost = lambda p: -math.log((both[p] + alpha) / (seen[p[0]] + alpha * values))\n"
        "    return tuple(np.mean([cost(p) for p in pairs(part)]) for part in (train, test))"
    ),
    "tensors": _f(
        "counts = collections.defaultdict(lambda: torch.zeros(values, dtype=torch.float64))\n"
        f"    for name in train:\n        for i in range(len(name)):\n            counts[{_CONTEXT}][name[i]] += 1\n"
        "    def cost(part):\n        each = []\n        for name in part:\n            for i in range(len(name)):\n"
        f"                row = counts[{_CONTEXT}] + alpha\n"
        "                each.append(-(row[name[i]] / row.sum()).log())\n        return torch.stack(each).mean()\n"
        "    return cost(train), cost(test)"
    ),
    "a class": """
class Letters:
    def __init__(self, order, values, alpha):
        self.order, self.values, self.alpha, self.seen = order, values, alpha, {}

    def context(self, name, i):
        return ",".join(map(str, name[max(0, i - self.order) : i]))

    def count(self, names):
        for name in names:
            for i, s in enumerate(name):
                key = self.context(name, i)
                self.seen[key, s] = self.seen.get((key, s), 0) + 1
                self.seen[key] = self.seen.get(key, 0) + 1

    def cost(self, names):
        bill = [
            math.log(self.seen.get(self.context(n, i), 0) + self.alpha * self.values)
            - math.log(self.seen.get((self.context(n, i), n[i]), 0) + self.alpha)
            for n in names
            for i in range(len(n))
        ]
        return sum(bill) / len(bill)


def table_costs(train, test, order, values, alpha):
    letters = Letters(order, values, alpha)
    letters.count(train)
    return letters.cost(train), letters.cost(test)
""",
}
WRONG["overfit_on_purpose"] = {
    "test_counted_too": Wrong(_f(_COUNT.replace("for name in train:", "for name in train + test:", 1)), _T),
    "alpha_once": Wrong(_f(_COUNT.replace("alpha * values", "alpha")), _T),
    "mean_over_names": Wrong(_f(_COUNT.replace("sum(costs) / len(costs)", "sum(costs) / len(part)")), _T),
    "bits": Wrong(_f(_COUNT.replace("math.log(", "math.log2(")), _T),
    "order_ignored": Wrong(_f(_COUNT.replace(_CONTEXT, "()")), _T),
    "one_letter_too_many": Wrong(_f(_COUNT.replace("i - order)", "i - order - 1)")), _T),
    "sees_the_letter": Wrong(_f(_COUNT.replace("order) : i])", "order) : i + 1])")), _T),
    "context_from_the_start": Wrong(_f(_COUNT.replace("max(0, i - order)", "0")), _T),
    "negative_cost": Wrong(_f(_COUNT.replace("costs.append(-", "costs.append(")), _T),
    "test_before_training": Wrong(_f(_COUNT.replace("(train, test):", "(test, train):")), _T),
    "alpha_one_always": Wrong(_f(_COUNT.replace("alpha", "1")), _T),
}

# --------------------------------------------------------------------------------------------------------- weight decay
_f, _W = _def("decayed_step(theta, g, rate, decay)"), _both("weight_decay_gradient")
RIGHT["weight_decay_gradient"] = {
    "gradient with decay": _f("return theta - rate * (g + decay * theta)"),
    "shrink, then step": _f("return (1 - rate * decay) * theta - rate * g"),
    "autograd": _f(
        "w = theta.clone().requires_grad_()\n    ((g * w).sum() + decay / 2 * w.pow(2).sum()).backward()\n"
        "    return theta - rate * w.grad"
    ),
    "numpy": _f("t = theta.numpy()\n    return t - rate * g.numpy() - rate * decay * t"),
}
WRONG["weight_decay_gradient"] = {
    "weights_grow": Wrong(_f("return theta - rate * (g - decay * theta)"), _W),
    "no_decay": Wrong(_f("return theta - rate * g"), _W),
    "twice_the_decay": Wrong(_f("return theta - rate * (g + 2 * decay * theta)"), _W),
    "sign_of_the_weights": Wrong(_f("return theta - rate * (g + decay * theta.sign())"), _W[1:] + _W[:1]),
    "decay_without_the_rate": Wrong(_f("return (1 - decay) * theta - rate * g"), _W),
    "upwards": Wrong(_f("return theta + rate * (g + decay * theta)"), _W),
    "in_place": Wrong(_f("theta -= rate * (g + decay * theta)\n    return theta"), _W),
    "decay_of_the_gradient": Wrong(_f("return theta - rate * (1 + decay) * g"), _W),
}

# -------------------------------------------------------------------------------------------------------------- dropout
_f, _D = _def("drop(h, rate, seed)"), _both("dropout_scales")
_KEEP = "keep = torch.rand(h.shape, generator=torch.Generator().manual_seed(seed)) >= rate\n    "
RIGHT["dropout_scales"] = {
    "rand": _f(_KEEP + "return h * keep / (1 - rate)"),
    "bernoulli": _f(
        "p = torch.full(h.shape, 1 - rate)\n    g = torch.Generator().manual_seed(seed)\n"
        "    return torch.bernoulli(p, generator=g) * h / (1 - rate)"
    ),
    "where": _f(_KEEP + "return torch.where(keep, h / (1 - rate), torch.zeros_like(h))"),
    "numpy": _f("keep = np.random.default_rng(seed).random(h.shape) >= rate\n    return h.numpy() * keep / (1 - rate)"),
    "torch's dropout, its state put back": _f(
        "with torch.random.fork_rng(devices=[]):\n        torch.manual_seed(seed)\n"
        "        return F.dropout(h, rate, training=True)"
    ),
}
WRONG["dropout_scales"] = {
    "no_rescaling": Wrong(_f(_KEEP + "return h * keep"), _D),
    "divided_by_the_rate": Wrong(_f(_KEEP + "return h * keep / max(rate, 1e-9)"), _D),
    "kept_with_the_rate": Wrong(_f(_KEEP.replace(">=", "<") + "return h * keep / (1 - rate)"), _D),
    "times_what_is_kept": Wrong(_f(_KEEP + "return h * keep * (1 - rate)"), _D),
    "whole_rows": Wrong(
        _f(
            "keep = torch.rand(len(h), generator=torch.Generator().manual_seed(seed)) >= rate\n"
            "    return h * keep.view(-1, *[1] * (h.dim() - 1)) / (1 - rate)"
        ),
        _D[1:],
    ),
    "whole_columns": Wrong(
        _f(
            "keep = torch.rand(h.shape[-1], generator=torch.Generator().manual_seed(seed)) >= rate\n"
            "    return h * keep / (1 - rate)"
        ),
        _D[1:],
    ),
    "forgets_the_seed": Wrong(_f("return F.dropout(h, rate, training=True)"), _D[1:]),
    "every_seed_alike": Wrong(
        _f(_KEEP.replace("manual_seed(seed)", "manual_seed(0)") + "return h * keep / (1 - rate)"), _D[1:]
    ),
    "switched_off": Wrong(_f("return F.dropout(h, rate, training=False)"), _D),
    "half_always": Wrong(_f(_KEEP.replace(">= rate", ">= rate * 0.5") + "return h * keep / (1 - rate)"), _D[1:]),
}

# ------------------------------------------------------------------------------------------------------- early stopping
_f, _E = _def("stop_early(valid_costs, patience)"), _both("early_stopping")
RIGHT["early_stopping"] = {
    "distance from the best": _f(
        "best = 0\n    for epoch, cost in enumerate(valid_costs):\n        if cost < valid_costs[best]:\n"
        "            best = epoch\n        elif epoch - best >= patience:\n            break\n    return best, epoch"
    ),
    "a counter": _f(
        "lowest, best, waited = math.inf, 0, 0\n    for epoch, cost in enumerate(valid_costs):\n"
        "        if cost < lowest:\n            lowest, best, waited = cost, epoch, 0\n        else:\n"
        "            waited += 1\n            if waited == patience:\n                return best, epoch\n"
        "    return best, len(valid_costs) - 1"
    ),
    "prefix after prefix": _f(
        "for last in range(len(valid_costs)):\n        best = int(np.argmin(valid_costs[: last + 1]))\n"
        "        if last - best == patience:\n            break\n    return [best, last]"
    ),
    "tensors": _f(
        "costs = torch.tensor(valid_costs)\n"
        "    best = torch.stack([costs[: i + 1].argmin() for i in range(len(costs))])\n"
        "    late = ((torch.arange(len(costs)) - best) >= patience).nonzero()\n"
        "    last = int(late[0]) if len(late) else len(costs) - 1\n    return best[last], torch.tensor(last)"
    ),
}
_LOOP = """best = 0
    for epoch, cost in enumerate(valid_costs):
        if {0}:
            best = epoch
        if {1}:
            break
    return {2}"""
_BETTER, _LATE = "cost < valid_costs[best]", "epoch - best == patience"
WRONG["early_stopping"] = {
    "keeps_the_last": Wrong(_f(_LOOP.format(_BETTER, _LATE, "epoch, epoch")), _E),
    "compared_with_the_one_before": Wrong(
        _f(_LOOP.format("epoch == 0 or cost < valid_costs[epoch - 1]", _LATE, "best, epoch")), _E
    ),
    "equal_counts_as_new": Wrong(_f(_LOOP.format("cost <= valid_costs[best]", _LATE, "best, epoch")), _E[1:]),
    "one_epoch_late": Wrong(_f(_LOOP.format(_BETTER, "epoch - best > patience", "best, epoch")), _E),
    "one_epoch_early": Wrong(_f(_LOOP.format(_BETTER, "epoch - best >= max(1, patience - 1)", "best, epoch")), _E),
    "never_stops": Wrong(_f(_LOOP.format(_BETTER, "False", "best, epoch")), _E),
    "best_of_all": Wrong(_f(_LOOP.format(_BETTER, _LATE, "valid_costs.index(min(valid_costs)), epoch")), _E),
    "highest": Wrong(_f(_LOOP.format("cost > valid_costs[best]", _LATE, "best, epoch")), _E),
    "costs_for_epochs": Wrong(_f(_LOOP.format(_BETTER, _LATE, "valid_costs[best], epoch")), _E),
    "order_exchanged": Wrong(_f(_LOOP.format(_BETTER, _LATE, "epoch, best")), _E),
}

# --------------------------------------------------------------------------------------------------------- augmentation
_A = _both("augmentation_that_hurts")
_s, _m = _def("shifted(x, steps)"), "\n\n" + _def("mirrored(x)")("return x.flip(-1)")
_PAD = _s("w = x.shape[-1]\n    wide = F.pad(x, (w, w))\n    return wide[..., w - steps : 2 * w - steps]")
RIGHT["augmentation_that_hurts"] = {
    "padded and cut": _PAD + _m,
    "rolled and wiped": _s(
        "y = x.roll(steps, 3)\n    if steps > 0:\n        y[..., :steps] = 0\n    if steps < 0:\n"
        "        y[..., steps:] = 0\n    return y"
    )
    + "\n\n"
    + _def("mirrored(x)")("return torch.flip(x, dims=[3])"),
    "column after column": _s(
        "y = torch.zeros_like(x)\n    for j in range(x.shape[3]):\n        if 0 <= j - steps < x.shape[3]:\n"
        "            y[..., j] = x[..., j - steps]\n    return y"
    )
    + "\n\n"
    + _def("mirrored(x)")("return x[..., torch.arange(x.shape[3] - 1, -1, -1)]"),
    "numpy": _s(
        "y = np.zeros(x.shape, dtype=np.int64)\n    w = x.shape[3]\n    a, b = max(steps, 0), max(-steps, 0)\n"
        "    y[..., a : w - b] = x.numpy()[..., b : w - a]\n    return y"
    )
    + "\n\n"
    + _def("mirrored(x)")("return x.numpy()[..., ::-1].copy()"),
}
WRONG["augmentation_that_hurts"] = {
    "rolled": Wrong(_s("return x.roll(steps, 3)") + _m, _A),
    "to_the_left": Wrong(_PAD.replace("w - steps : 2 * w - steps", "w + steps : 2 * w + steps") + _m, _A),
    "downwards": Wrong(
        _s("y = torch.zeros_like(x)\n    y[:, :, steps:] = x[:, :, : x.shape[2] - steps]\n    return y") + _m, _A
    ),
    "edge_repeated": Wrong(
        _s("w = x.shape[-1]\n    i = (torch.arange(w) - steps).clamp(0, w - 1)\n    return x[..., i]") + _m, _A
    ),
    "right_alone": Wrong(
        _s("if steps <= 0:\n        return x\n    return F.pad(x, (steps, 0))[..., : x.shape[3]]") + _m, _A[1:]
    ),
    "grows": Wrong(_s("return F.pad(x, (steps, 0))") + _m, _A),
    "upside_down": Wrong(_PAD + "\n\n" + _def("mirrored(x)")("return x.flip(2)"), _A),
    "transposed": Wrong(_PAD + "\n\n" + _def("mirrored(x)")("return x.transpose(2, 3)"), _A),
    "turned_round": Wrong(_PAD + "\n\n" + _def("mirrored(x)")("return x.flip(2).flip(3)"), _A),
    "inverted": Wrong(_PAD + "\n\n" + _def("mirrored(x)")("return x.max() - x"), _A),
}

# ------------------------------------------------------------------------------------------------------ dropout left on
_f, _O = _def("test_cost(x, y, weights)"), _both("dropout_at_test_time")
_CE = "F.binary_cross_entropy_with_logits"
RIGHT["dropout_at_test_time"] = {
    "without training": _f(f"return {_CE}(predict(x, weights, False), y)"),
    "softplus": _f("a = predict(x, weights, training=False)\n    return (F.softplus(a) - a * y).mean()"),
    "by hand": _f(f"return {_CE}(torch.relu(x @ weights[0]) @ weights[1], y)"),
    "logsigmoid": _f(
        "a = predict(x, weights, False)\n    return -(y * F.logsigmoid(a) + (1 - y) * F.logsigmoid(-a)).mean()"
    ),
    "example by example": _f(
        "costs = []\n    for a, t in zip(predict(x, weights, False).tolist(), y.tolist()):\n"
        "        s = a if t else -a\n        costs.append(math.log1p(math.exp(-abs(s))) + max(-s, 0))\n"
        "    return sum(costs) / len(costs)"
    ),
}
WRONG["dropout_at_test_time"] = {
    "unchanged": Wrong(_f("return their_cost(x, y, weights)"), _O),
    "averaged_costs": Wrong(_f("return sum(their_cost(x, y, weights) for _ in range(50)) / 50"), _O),
    "averaged_logits": Wrong(
        _f(f"a = sum(predict(x, weights, True) for _ in range(50)) / 50\n    return {_CE}(a, y)"), _O
    ),
    "seed_fixed": Wrong(_f("_state['calls'] = 0\n    return their_cost(x, y, weights)"), _O),
    "rescaled_again": Wrong(_f(f"return {_CE}(0.5 * predict(x, weights, False), y)"), _O),
    "sum": Wrong(_f(f"return {_CE}(predict(x, weights, False), y, reduction='sum')"), _O),
    "labels_flipped": Wrong(_f(f"return {_CE}(predict(x, weights, False), 1 - y)"), _O),
    "underflow": Wrong(
        _f("p = torch.sigmoid(predict(x, weights, False))\n    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()"),
        _O[1:],
    ),
    "squared_error": Wrong(_f("return ((torch.sigmoid(predict(x, weights, False)) - y) ** 2).mean()"), _O),
    "linear": Wrong(_f(f"return {_CE}(x @ weights[0] @ weights[1], y)"), _O),
}

# ------------------------------------------------------------------------------------------------------------- how much
_f, _B = _def("best_decay(costs)"), _both("smaller_model")
_G = "guesses = [0.1, 0.01, 0]\n\n\n"
_OK = _f(
    "good = {d: c for d, c in costs.items() if c == c}\n    low = min(good.values())\n"
    "    return max(d for d in good if good[d] == low)"
)
RIGHT["smaller_model"] = {
    "lowest, then largest": _G + _OK,
    "sorted": "guesses = (1, 0.1, 0.01)\n\n\n"
    + _f("return sorted((c, -d) for d, c in costs.items() if not math.isnan(c))[0][1] * -1"),
    "numpy": "guesses = [0.0, 0.0, 0.0]\n\n\n"
    + _f("d = np.array(sorted(costs, reverse=True))\n    return d[np.nanargmin([costs[float(x)] for x in d])]"),
    "a loop": "guesses = [1, 1.0, 0]\n\n\n"
    + _f(
        "best = None\n    for d in sorted(costs):\n        c = costs[d]\n        if math.isnan(c):\n"
        "            continue\n"
        "        if best is None or c <= costs[best]:\n            best = d\n    return best"
    ),
}
WRONG["smaller_model"] = {
    "no_guesses": Wrong(_OK, _B[:1]),
    "two_guesses": Wrong("guesses = [1, 0]\n\n\n" + _OK, _B[:1]),
    "a_decay_that_was_not_offered": Wrong("guesses = [0.5, 0.5, 0]\n\n\n" + _OK, _B[:1]),
    "lowest_cost_itself": Wrong(_G + _f("return min(c for c in costs.values() if c == c)"), _B),
    "first_of_equals": Wrong(_G + _f("return min((d for d in costs if costs[d] == costs[d]), key=costs.get)"), _B[1:]),
    "nan_not_looked_at": Wrong(_G + _f("return min(sorted(costs, reverse=True), key=lambda d: costs[d])"), _B[1:]),
    "highest": Wrong(_G + _f("return max((d for d in costs if costs[d] == costs[d]), key=costs.get)"), _B),
    "smallest_decay": Wrong(_G + _f("return min(costs)"), _B),
    "largest_decay": Wrong(_G + _f("return max(costs)"), _B),
    "middle": Wrong(_G + _f("return sorted(costs)[len(costs) // 2]"), _B[1:]),
}

# --------------------------------------------------------------------------------------------------------- explanations
EXPLANATIONS = {
    "which_prior": {
        "all four": Marked(
            "Weight decay believes that weights are small; alpha believes that every letter has been seen a little "
            "after every context. Both are fixed while the likelihood grows with n: the best decay was 0.1 with 20 "
            "digits and 0 with 1200. A false belief hurts once the data know better: mirrored copies helped ten "
            "digits and cost a nat beside 1,200.",
            4,
            "Two beliefs, data that take over, a remedy that hurts, numbers.",
        ),
        "half of it": Marked(
            "Regularisation makes the model simpler, so it does not overfit. More regularisation is safer.",
            1,
            "Simpler in which sense? Say what each believes. More is not safer: look at your costs with decay 1. A "
            "number from your notebook is missing.",
        ),
    }
}

# ----------------------------------------------------------------------------------------------------------- survivors
_WHY_0 = "equivalent: the larger of two numbers"
_WHY_1 = "equivalent: equal counts for all give what no counts give"
_WHY_2 = "equivalent: equality has probability 2**-24, or is asked for with rate 0, where 1 in 2**24 is dropped"
_WHY_3 = "no mistake: guesses are not marked as right or wrong"
SURVIVORS = {
    "overfit_on_purpose: counts[tuple(name[max(0, i - order):i])][symbol] += 1 -> "
    "counts[tuple(name[max(i - order, 0):i])][symbol] += 1": _WHY_0,
    "overfit_on_purpose: row = counts.get(tuple(name[max(0, i - order):i]), [0] * values) -> "
    "row = counts.get(tuple(name[max(i - order, 0):i]), [0] * values)": _WHY_0,
    "overfit_on_purpose: row = counts.get(tuple(name[max(0, i - order):i]), [0] * values) -> "
    "row = counts.get(tuple(name[max(0, i - order):i]), [1] * values)": _WHY_1,
    "dropout_scales: torch.rand(h.shape, generator=torch.Generator().manual_seed(seed)) >= rate -> "
    "torch.rand(h.shape, generator=torch.Generator().manual_seed(seed)) > rate": _WHY_2,
    "smaller_model: guesses = [0.1, 0.01, 0] -> guesses = [0.1, 0.01, 1]": _WHY_3,
}

# -------------------------------------------------------------------------------------------------------- sample class
_ALL_RIGHT = {cell: next(iter(answers)) for cell, answers in RIGHT.items()}
SAMPLE_CLASS = {
    "all_right": {**_ALL_RIGHT, "which_prior": "all four"},
    "another_way": {cell: list(answers)[1] for cell, answers in RIGHT.items()} | {"which_prior": "half of it"},
    "untouched": {},
    "half_done": {cell: _ALL_RIGHT[cell] for cell in list(RIGHT)[:4]},
    "weights_grow": {**_ALL_RIGHT, "weight_decay_gradient": "weights_grow", "which_prior": "half of it"},
    "peeks": {**_ALL_RIGHT, "overfit_on_purpose": "test_counted_too"},
    "dropout_on": {**_ALL_RIGHT, "dropout_at_test_time": "unchanged"},
    "several_mistakes": {
        **_ALL_RIGHT,
        "memorise": "any_entry",
        "dropout_scales": "no_rescaling",
        "early_stopping": "keeps_the_last",
        "augmentation_that_hurts": "rolled",
    },
}
