"""Right and wrong answers to ``cross_validation``; see ``grading/answers.py`` for what this file defines."""

from grading.answers import Marked, Wrong

RIGHT, WRONG = {}, {}

# --------------------------------------------------------------------------------------------------- kfold_indices
_ORDER = """
def kfold(n, k, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
"""
RIGHT["kfold_indices"] = {
    "every k-th": _ORDER + "    return [order[m::k] for m in range(k)]\n",
    "tensor_split": _ORDER + "    return list(order.tensor_split(k))\n",
    "numpy's array_split": _ORDER
    + "    return [torch.from_numpy(part) for part in np.array_split(order.numpy(), k)]\n",
    "sizes first": _ORDER + "    return list(order.split([n // k + (m < n % k) for m in range(k)]))\n",
    "dealt like cards": _ORDER
    + """    folds = [[] for _ in range(k)]
    for place, i in enumerate(order.tolist()):
        folds[place % k].append(i)
    return [torch.tensor(fold) for fold in folds]
""",
    "a label for each": """
def kfold(n, k, seed):
    label = torch.empty(n, dtype=torch.long)
    label[torch.randperm(n, generator=torch.Generator().manual_seed(seed))] = torch.arange(n) % k
    return [(label == m).nonzero()[:, 0] for m in range(k)]
""",
}
_K, _K_KEPT = ("kfold_indices_checks", "kfold_indices_kept"), ("kfold_indices_kept",)
_TWINS = ("leaky_preprocessing_checks", "leaky_preprocessing_kept")
_FAMILIES = ("grouped_folds_checks", "grouped_folds_kept")
WRONG["kfold_indices"] = {
    "the_rest_is_dropped": Wrong(
        _ORDER + "    return [order[m * (n // k) : (m + 1) * (n // k)] for m in range(k)]\n",
        (*_K, "grouped_folds_kept", "leaky_preprocessing_kept"),
    ),
    "the_rest_to_the_last": Wrong(
        _ORDER
        + "    size = n // k\n    folds = [order[m * size : (m + 1) * size] for m in range(k - 1)]\n"
        + "    return [*folds, order[(k - 1) * size :]]\n",
        ("kfold_indices_kept",),
    ),
    "not_shuffled": Wrong(
        "def kfold(n, k, seed):\n    return list(torch.arange(n).tensor_split(k))\n", (*_K_KEPT, "grouped_folds_kept")
    ),
    "every_kth_not_shuffled": Wrong(
        "def kfold(n, k, seed):\n    return [torch.arange(m, n, k) for m in range(k)]\n",
        (*_K_KEPT, "grouped_folds_kept"),
    ),
    "with_replacement": Wrong(
        """
def kfold(n, k, seed):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(n, (n // k + (m < n % k),), generator=generator) for m in range(k)]
""",
        (*_K_KEPT, *_FAMILIES, "leaky_preprocessing_kept"),
    ),
    "a_shuffle_for_each_fold": Wrong(
        """
def kfold(n, k, seed):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randperm(n, generator=generator)[m::k] for m in range(k)]
""",
        (*_K_KEPT, "grouped_folds_kept", "leaky_preprocessing_kept"),
    ),
    "the_others": Wrong(
        _ORDER + "    return [torch.cat([order[j::k] for j in range(k) if j != m]) for m in range(k)]\n",
        (*_K, *_FAMILIES, "leaky_preprocessing_kept"),
    ),
    "overlapping": Wrong(
        _ORDER + "    s = -(-n // k)\n    return [order[m * (n - s) // max(k - 1, 1) :][:s] for m in range(k)]\n",
        (*_K, "grouped_folds_kept", "leaky_preprocessing_kept"),
    ),
    "seed_ignored": Wrong(
        "def kfold(n, k, seed):\n    return list(torch.randperm(n).tensor_split(k))\n",
        _K_KEPT,
    ),
}

# --------------------------------------------------------------------------------------------------------- no_leak
RIGHT["no_leak"] = {
    "torch": """
def standardise(train, held_out):
    mean = train.mean(dim=0, keepdim=True)
    std = train.std(dim=0, correction=0, keepdim=True)
    std[std == 0] = 1
    return (train - mean) / std, (held_out - mean) / std
""",
    "by hand": """
def standardise(train, held_out):
    mean = train.sum(0) / len(train)
    std = ((train - mean) ** 2).mean(0).sqrt()
    std = std + (std == 0)
    return [(part - mean) / std for part in (train, held_out)]
""",
    "numpy": """
def standardise(train, held_out):
    train, held_out = train.numpy(), held_out.numpy()
    mean, std = train.mean(0), train.std(0)
    std = np.where(std > 0, std, 1.0)
    return (train - mean) / std, (held_out - mean) / std
""",
    "column by column": """
def standardise(train, held_out):
    a, b = train.clone(), held_out.clone()
    for j in range(train.shape[1]):
        m, s = train[:, j].mean(), train[:, j].std(unbiased=False).item()
        a[:, j] = (a[:, j] - m) / (s or 1)
        b[:, j] = (b[:, j] - m) / (s or 1)
    return a, b
""",
    "float32": """
def standardise(train, held_out):
    train, held_out = train.float(), held_out.float()
    mean, variance = train.mean(0), train.var(0, correction=0)
    scale = torch.where(variance > 1e-10, variance.sqrt(), torch.ones_like(variance))
    return (train - mean) / scale, (held_out - mean) / scale
""",
}
_N = ("no_leak_checks", "no_leak_kept")


def _standard(body, loses=_N):
    return Wrong(f"def standardise(train, held_out):\n{body}", loses)


_SAFE = "    std = torch.where(std == 0, 1.0, std)\n    return (train - mean) / std, (held_out - mean) / std\n"
WRONG["no_leak"] = {
    "statistics_of_all": _standard(
        "    all_ = torch.cat([train, held_out])\n    mean, std = all_.mean(0), all_.std(0, correction=0)\n" + _SAFE
    ),
    "each_for_itself": _standard(
        "    def one(t):\n        std = t.std(0, correction=0)\n"
        "        return (t - t.mean(0)) / torch.where(std == 0, 1.0, std)\n"
        "    return one(train), one(held_out)\n"
    ),
    "all_columns_at_once": _standard("    mean, std = train.mean(), train.std(correction=0)\n" + _SAFE),
    "one_less_below": _standard("    mean, std = train.mean(0), train.std(0)\n" + _SAFE),
    "divided_by_zero": _standard(
        "    mean, std = train.mean(0), train.std(0, correction=0)\n"
        "    return (train - mean) / std, (held_out - mean) / std\n"
    ),
    "a_small_number_below": _standard(
        "    mean, std = train.mean(0), train.std(0, correction=0) + 0.01\n"
        "    return (train - mean) / std, (held_out - mean) / std\n"
    ),
    "mean_not_subtracted_from_the_held_out": _standard(
        "    mean, std = train.mean(0), train.std(0, correction=0)\n"
        "    std = torch.where(std == 0, 1.0, std)\n    return (train - mean) / std, held_out / std\n"
    ),
    "statistics_of_the_held_out": _standard(
        "    mean, std = held_out.mean(0), held_out.std(0, correction=0)\n" + _SAFE
    ),
    "variance_for_deviation": _standard("    mean, std = train.mean(0), train.var(0, correction=0)\n" + _SAFE),
}

# --------------------------------------------------------------------------------------------------- grouped_folds
RIGHT["grouped_folds"] = {
    "deal out the groups": """
def grouped_kfold(groups, k, seed):
    known = groups.unique()
    order = known[torch.randperm(len(known), generator=torch.Generator().manual_seed(seed))]
    return [torch.cat([(groups == g).nonzero()[:, 0] for g in order[m::k]]) for m in range(k)]
""",
    "by kfold": """
def grouped_kfold(groups, k, seed):
    names, which = groups.unique(return_inverse=True)
    label = torch.empty(len(names), dtype=torch.long)
    for m, fold in enumerate(kfold(len(names), k, seed)):
        label[fold] = m
    return [torch.where(label[which] == m)[0] for m in range(k)]
""",
    "numpy": """
def grouped_kfold(groups, k, seed):
    groups = groups.numpy()
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    return [torch.from_numpy(np.flatnonzero(np.isin(groups, part))) for part in np.array_split(names, k)]
""",
    "sets": """
def grouped_kfold(groups, k, seed):
    import random

    names = sorted(set(groups.tolist()))
    random.Random(seed).shuffle(names)
    folds = [[] for _ in range(k)]
    for i, g in enumerate(groups.tolist()):
        folds[names.index(g) % k].append(i)
    return [torch.tensor(fold) for fold in folds]
""",
    "masks": """
def grouped_kfold(groups, k, seed):
    names = groups.unique()
    parts = names[torch.randperm(names.numel(), generator=torch.Generator().manual_seed(seed))].tensor_split(k)
    return [(groups[:, None] == part).any(1).nonzero().flatten() for part in parts]
""",
}
WRONG["grouped_folds"] = {
    "examples_dealt_out": Wrong(
        "def grouped_kfold(groups, k, seed):\n    return kfold(len(groups), k, seed)\n", _FAMILIES
    ),
    "groups_in_their_order": Wrong(
        """
def grouped_kfold(groups, k, seed):
    return [torch.isin(groups, part).nonzero()[:, 0] for part in groups.unique().tensor_split(k)]
""",
        _FAMILIES[1:],
    ),
    "remainder_of_the_number": Wrong(
        "def grouped_kfold(groups, k, seed):\n    return [(groups % k == m).nonzero()[:, 0] for m in range(k)]\n",
        _FAMILIES,
    ),
    "numbers_of_the_groups": Wrong(
        "def grouped_kfold(groups, k, seed):\n    known = groups.unique()\n"
        "    return [known[fold] for fold in kfold(len(known), k, seed)]\n",
        _FAMILIES,
    ),
    "groups_without_gaps": Wrong(
        """
def grouped_kfold(groups, k, seed):
    count = int(groups.max()) + 1
    return [torch.isin(groups, fold).nonzero()[:, 0] for fold in kfold(count, k, seed)]
""",
        _FAMILIES,
    ),
    "cut_where_the_file_says": Wrong(
        "def grouped_kfold(groups, k, seed):\n    return list(groups.argsort(stable=True).tensor_split(k))\n", _FAMILIES
    ),
    "the_others": Wrong(
        """
def grouped_kfold(groups, k, seed):
    known = groups.unique()
    return [(~torch.isin(groups, known[fold])).nonzero()[:, 0] for fold in kfold(len(known), k, seed)]
""",
        _FAMILIES,
    ),
    "all_but_one_in_the_first": Wrong(
        """
def grouped_kfold(groups, k, seed):
    known = groups.unique()
    known = known[torch.randperm(len(known), generator=torch.Generator().manual_seed(seed))]
    parts = [known[: len(known) - k + 1], *known[len(known) - k + 1 :].split(1)]
    return [torch.isin(groups, part).nonzero()[:, 0] for part in parts]
""",
        _FAMILIES[1:],
    ),
}

# ------------------------------------------------------------------------------------------- cross_validated_nll
RIGHT["cross_validated_nll"] = {
    "fold by fold": """
def held_out_nats(d, folds, flip):
    nats = torch.zeros(len(d))
    for fold in folds:
        others = torch.tensor([i for i in range(len(d)) if i not in set(fold.tolist())])
        nats[fold] = parrot(d, others, fold, flip).float()
    return nats
""",
    "a mask of who is held out": """
def held_out_nats(d, folds, flip):
    nats = torch.empty(len(d), dtype=torch.float64)
    for fold in folds:
        seen = torch.ones(len(d), dtype=torch.bool)
        seen[fold] = False
        nats[fold] = parrot(d, seen.nonzero()[:, 0], fold, flip).double()
    return nats
""",
    "sorted back": """
def held_out_nats(d, folds, flip):
    found = []
    for m in range(len(folds)):
        others = torch.cat([*folds[:m], *folds[m + 1 :]])
        found.append(parrot(d, others, folds[m], flip))
    return torch.cat(found)[torch.cat(list(folds)).argsort()]
""",
    "one table with holes": """
def held_out_nats(d, folds, flip):
    label = torch.empty(len(d), dtype=torch.long)
    for m, fold in enumerate(folds):
        label[fold] = m
    seen = label[:, None] != label
    log_p = d * math.log(flip) + (64 - d) * math.log(1 - flip)
    log_p = torch.where(seen, log_p, torch.tensor(-math.inf, dtype=d.dtype))
    return seen.sum(1).log() - log_p.logsumexp(1)
""",
    "example by example": """
def held_out_nats(d, folds, flip):
    where = {i: m for m, fold in enumerate(folds) for i in fold.tolist()}
    nats = []
    for i in range(len(d)):
        others = torch.tensor([j for j in range(len(d)) if where[j] != where[i]])
        nats.append(parrot(d, others, torch.tensor([i]), flip).item())
    return nats
""",
}
_C, _C_KEPT = ("cross_validated_nll_checks", "cross_validated_nll_kept"), ("cross_validated_nll_kept",)


def _cross(body, loses=_C):
    return Wrong(
        f"def held_out_nats(d, folds, flip):\n    nats = torch.zeros(len(d), dtype=torch.float64)\n{body}", loses
    )


WRONG["cross_validated_nll"] = {
    "learns_from_all": _cross(
        "    for fold in folds:\n        nats[fold] = parrot(d, torch.arange(len(d)), fold, flip)\n    return nats\n"
    ),
    "learns_from_the_fold": _cross(
        "    for fold in folds:\n        nats[fold] = parrot(d, fold, fold, flip)\n    return nats\n"
    ),
    "roles_exchanged": _cross(
        """    for m, fold in enumerate(folds):
        others = torch.cat([o for j, o in enumerate(folds) if j != m])
        nats[others] = parrot(d, fold, others, flip)
    return nats
"""
    ),
    "in_the_order_of_the_folds": _cross(
        """    found = []
    for m, fold in enumerate(folds):
        others = torch.cat([o for j, o in enumerate(folds) if j != m])
        found.append(parrot(d, others, fold, flip))
    return torch.cat(found)
"""
    ),
    "an_average_for_each_fold": _cross(
        """    for m, fold in enumerate(folds):
        others = torch.cat([o for j, o in enumerate(folds) if j != m])
        nats[fold] = parrot(d, others, fold, flip).mean()
    return nats
""",
        _C_KEPT,
    ),
    "one_number_for_each_fold": _cross(
        """    found = []
    for m, fold in enumerate(folds):
        others = torch.cat([o for j, o in enumerate(folds) if j != m])
        found.append(parrot(d, others, fold, flip).mean())
    return torch.stack(found).mean()
"""
    ),
    "earlier_folds_alone": _cross(
        """    for m, fold in enumerate(folds):
        others = torch.cat(folds[:m] or folds[1:])
        nats[fold] = parrot(d, others, fold, flip)
    return nats
"""
    ),
    "leaves_itself_out_but_not_its_fold": _cross(
        """    for i in range(len(d)):
        others = torch.tensor([j for j in range(len(d)) if j != i])
        nats[i] = parrot(d, others, torch.tensor([i]), flip)[0]
    return nats
""",
        _C_KEPT,
    ),
    "perplexities": _cross(
        """    for m, fold in enumerate(folds):
        others = torch.cat([o for j, o in enumerate(folds) if j != m])
        nats[fold] = parrot(d, others, fold, flip).exp()
    return nats
"""
    ),
    "bits": _cross(
        """    for m, fold in enumerate(folds):
        others = torch.cat([o for j, o in enumerate(folds) if j != m])
        nats[fold] = parrot(d, others, fold, flip) / math.log(2)
    return nats
"""
    ),
}

# ----------------------------------------------------------------------------------------- one_standard_error_rule
RIGHT["one_standard_error_rule"] = {
    "nonzero": """
def one_standard_error(scores):
    mean, error = scores.mean(1), scores.std(1, correction=1) / scores.shape[1] ** 0.5
    limit = mean.min() + error[mean.argmin()]
    return int(torch.nonzero(mean <= limit)[0, 0])
""",
    "loop": """
def one_standard_error(scores):
    k = scores.shape[1]
    means = [sum(row) / k for row in scores.tolist()]
    best = means.index(min(means))
    error = math.sqrt(sum((v - means[best]) ** 2 for v in scores[best].tolist()) / (k - 1) / k)
    for s, mean in enumerate(means):
        if mean <= means[best] + error:
            return s
""",
    "numpy": """
def one_standard_error(scores):
    scores = scores.numpy()
    mean, best = scores.mean(1), scores.mean(1).argmin()
    error = scores[best].std(ddof=1) / np.sqrt(scores.shape[1])
    return int(np.argmax(mean <= mean[best] + error))
""",
    "first true": """
def one_standard_error(scores):
    mean = scores.mean(-1)
    best = scores[mean.argmin()]
    within = mean - mean.min() <= best.std() / math.sqrt(best.numel())
    return within.tolist().index(True)
""",
    "a tensor of one number": """
def one_standard_error(scores):
    var, mean = torch.var_mean(scores, 1)
    best = mean.argmin()
    return (mean <= mean[best] + (var[best] / scores.size(1)).sqrt()).int().argmax()
""",
}
_O, _O_KEPT = ("one_standard_error_rule_checks", "one_standard_error_rule_kept"), ("one_standard_error_rule_kept",)


def _one(body, loses=_O):
    return Wrong(f"def one_standard_error(scores):\n    mean, k = scores.mean(1), scores.shape[1]\n{body}", loses)


_PICK = "    return (mean <= mean[best] + error).nonzero()[0].item()\n"
WRONG["one_standard_error_rule"] = {
    "the_best": _one("    return mean.argmin().item()\n"),
    "deviation_for_error": _one("    best = mean.argmin()\n    error = scores[best].std()\n" + _PICK, _O_KEPT),
    "k_below": _one(
        "    best = mean.argmin()\n    error = scores[best].std(correction=0) / math.sqrt(k)\n" + _PICK, _O_KEPT
    ),
    "divided_by_k": _one("    best = mean.argmin()\n    error = scores[best].std() / k\n" + _PICK, _O_KEPT),
    "error_of_each": _one("    best = mean.argmin()\n    error = scores.std(1) / math.sqrt(k)\n" + _PICK, _O_KEPT),
    "the_last_within": _one(
        "    best = mean.argmin()\n    error = scores[best].std() / math.sqrt(k)\n"
        "    return (mean <= mean[best] + error).nonzero()[-1].item()\n"
    ),
    "greatest_is_best": _one(
        "    best = mean.argmax()\n    error = scores[best].std() / math.sqrt(k)\n"
        "    return (mean >= mean[best] - error).nonzero()[0].item()\n"
    ),
    "over_the_settings": _one("    best = mean.argmin()\n    error = mean.std() / math.sqrt(len(mean))\n" + _PICK, _O),
    "two_errors": _one(
        "    best = mean.argmin()\n    error = 2 * scores[best].std() / math.sqrt(k)\n" + _PICK, _O_KEPT
    ),
}

# ------------------------------------------------------------------------------------------------------------ nested
RIGHT["nested"] = {
    "a loop in a loop": """
def nested_nats(d, folds, flips):
    nats = torch.zeros(len(d), dtype=d.dtype)
    for m in range(len(folds)):
        rest = [folds[j] for j in range(len(folds)) if j != m]
        best, lowest = None, math.inf
        for flip in flips:
            total = 0.0
            for i in range(len(rest)):
                learn = torch.cat([rest[j] for j in range(len(rest)) if j != i])
                total += parrot(d, learn, rest[i], flip).sum().item()
            if total < lowest:
                best, lowest = flip, total
        nats[folds[m]] = parrot(d, torch.cat(rest), folds[m], best)
    return nats
""",
    "the smaller table": """
def nested_nats(d, folds, flips):
    nats = torch.zeros(len(d), dtype=torch.float64)
    for m, fold in enumerate(folds):
        rest = [f for j, f in enumerate(folds) if j != m]
        inside = torch.cat(rest)
        place = {i: p for p, i in enumerate(inside.tolist())}
        inner = [torch.tensor([place[i] for i in f.tolist()]) for f in rest]
        small = d[inside][:, inside]
        costs = torch.stack([torch.as_tensor(held_out_nats(small, inner, flip)).double().mean() for flip in flips])
        nats[fold] = parrot(d, inside, fold, flips[costs.argmin()]).double()
    return nats
""",
    "all candidates at once": """
def nested_nats(d, folds, flips):
    k = len(folds)
    nats = torch.zeros(len(d), dtype=torch.float64)
    for m in range(k):
        inner = torch.stack([
            torch.stack([
                parrot(d, torch.cat([folds[j] for j in range(k) if j not in (m, i)]), folds[i], flip).sum()
                for i in range(k) if i != m
            ]).sum()
            for flip in flips
        ])
        others = torch.cat([folds[j] for j in range(k) if j != m])
        nats[folds[m]] = parrot(d, others, folds[m], flips[int(inner.argmin())]).double()
    return nats
""",
    "float32 and a list": """
def nested_nats(d, folds, flips):
    d = d.float()
    nats = [0.0] * len(d)
    for m, fold in enumerate(folds):
        rest = folds[:m] + folds[m + 1 :]

        def cost(flip):
            each = [parrot(d, torch.cat(rest[:i] + rest[i + 1 :]), rest[i], flip) for i in range(len(rest))]
            return float(torch.cat(each).double().mean())

        best = min(flips, key=cost)
        for i, value in zip(fold.tolist(), parrot(d, torch.cat(rest), fold, best).tolist()):
            nats[i] = value
    return nats
""",
}
_NEST_KEPT = ("nested_kept",)
_OTHERS = "        others = torch.cat([o for j, o in enumerate(folds) if j != m])\n"


def _nest(body, loses=_NEST_KEPT):
    start = "def nested_nats(d, folds, flips):\n    nats = torch.zeros(len(d), dtype=torch.float64)\n"
    return Wrong(f"{start}{body}    return nats\n", loses)


WRONG["nested"] = {
    "chosen_with_all_folds": _nest(
        """    costs = torch.stack([torch.as_tensor(held_out_nats(d, folds, flip)).mean() for flip in flips])
    nats = torch.as_tensor(held_out_nats(d, folds, flips[costs.argmin()]))
"""
    ),
    "chosen_by_the_outer_fold": _nest(
        "    for m, fold in enumerate(folds):\n"
        + _OTHERS
        + "        costs = [parrot(d, others, fold, flip).mean().item() for flip in flips]\n"
        + "        nats[fold] = parrot(d, others, fold, flips[costs.index(min(costs))])\n"
    ),
    "chosen_by_what_is_remembered": _nest(
        "    for m, fold in enumerate(folds):\n"
        + _OTHERS
        + "        costs = [parrot(d, others, others, flip).mean().item() for flip in flips]\n"
        + "        nats[fold] = parrot(d, others, fold, flips[costs.index(min(costs))])\n"
    ),
    "the_best_for_each_example": _nest(
        "    for m, fold in enumerate(folds):\n"
        + _OTHERS
        + "        nats[fold] = torch.stack([parrot(d, others, fold, flip) for flip in flips]).min(0).values\n"
    ),
    "the_first_candidate": _nest(
        "    for m, fold in enumerate(folds):\n" + _OTHERS + "        nats[fold] = parrot(d, others, fold, flips[0])\n"
    ),
    "averaged_over_candidates": _nest(
        "    for m, fold in enumerate(folds):\n"
        + _OTHERS
        + "        nats[fold] = torch.stack([parrot(d, others, fold, flip) for flip in flips]).mean(0)\n"
    ),
    "the_worst_candidate": _nest(
        """    for m, fold in enumerate(folds):
        rest = [o for j, o in enumerate(folds) if j != m]
        costs = []
        for flip in flips:
            each = [parrot(d, torch.cat(rest[:i] + rest[i + 1 :]), rest[i], flip) for i in range(len(rest))]
            costs.append(torch.cat(each).mean().item())
        nats[fold] = parrot(d, torch.cat(rest), fold, flips[costs.index(max(costs))])
"""
    ),
    "one_inner_fold_is_never_learnt_from": _nest(
        """    for m, fold in enumerate(folds):
        rest = [o for j, o in enumerate(folds) if j != m]
        costs = []
        for flip in flips:
            each = [parrot(d, torch.cat(rest[:i] + rest[i + 1 :]), rest[i], flip) for i in range(len(rest))]
            costs.append(torch.cat(each).mean().item())
        nats[fold] = parrot(d, torch.cat(rest[1:]), fold, flips[costs.index(min(costs))])
""",
        ("nested_checks", "nested_kept"),
    ),
    "judged_by_a_parrot_that_remembers_all": _nest(
        """    for m, fold in enumerate(folds):
        rest = [o for j, o in enumerate(folds) if j != m]
        costs = []
        for flip in flips:
            each = [parrot(d, torch.cat(rest[:i] + rest[i + 1 :]), rest[i], flip) for i in range(len(rest))]
            costs.append(torch.cat(each).mean().item())
        nats[fold] = parrot(d, torch.arange(len(d)), fold, flips[costs.index(min(costs))])
""",
        ("nested_checks", "nested_kept"),
    ),
}

# ---------------------------------------------------------------------------------------------- leaky_preprocessing
RIGHT["leaky_preprocessing"] = {
    "rows of the others": """
def split_then_augment(n, copies, k, seed):
    folds = kfold(n, k, seed)
    pairs = []
    for m in range(k):
        others = torch.cat([folds[j] for j in range(k) if j != m])
        learn = torch.cat([copies * others + v for v in range(copies)])
        pairs.append((learn, copies * folds[m]))
    return pairs
""",
    "all rows but the digit's": """
def split_then_augment(n, copies, k, seed):
    rows = torch.arange(n * copies)
    digit = rows // copies
    return [(rows[~torch.isin(digit, fold)], copies * fold) for fold in kfold(n, k, seed)]
""",
    "lists": """
def split_then_augment(n, copies, k, seed):
    pairs = []
    for fold in kfold(n, k, seed):
        held = set(fold.tolist())
        learn = [copies * i + v for i in range(n) if i not in held for v in range(copies)]
        pairs.append((torch.tensor(learn), torch.tensor([copies * i for i in held])))
    return pairs
""",
    "a mask": """
def split_then_augment(n, copies, k, seed):
    found = []
    for fold in kfold(n, k, seed):
        judge = torch.zeros(n, copies, dtype=torch.bool)
        judge[fold] = True
        first = judge.clone()
        first[:, 1:] = False
        found.append(((~judge).flatten().nonzero()[:, 0], first.flatten().nonzero()[:, 0]))
    return found
""",
    "grouped folds": """
def split_then_augment(n, copies, k, seed):
    digit = torch.arange(n).repeat_interleave(copies)
    folds = [torch.as_tensor(fold) for fold in grouped_kfold(digit, k, seed)]
    pairs = []
    for m, fold in enumerate(folds):
        learn = torch.cat([other for j, other in enumerate(folds) if j != m])
        pairs.append((learn, fold[fold % copies == 0]))
    return pairs
""",
}
_SPLIT = "def split_then_augment(n, copies, k, seed):\n"
WRONG["leaky_preprocessing"] = {
    "unchanged": Wrong(_SPLIT + "    return their_split(n, copies, k, seed)\n", _TWINS),
    "copies_judged_as_well": Wrong(
        _SPLIT
        + "    rows = torch.arange(n * copies)\n"
        + "    found = [torch.isin(rows // copies, fold) for fold in kfold(n, k, seed)]\n"
        + "    return [(rows[~judge], rows[judge]) for judge in found]\n",
        _TWINS,
    ),
    "copies_of_the_judged_are_learnt_from": Wrong(
        _SPLIT
        + "    rows = torch.arange(n * copies)\n"
        + "    return [(rows[~torch.isin(rows, copies * fold)], copies * fold) for fold in kfold(n, k, seed)]\n",
        _TWINS,
    ),
    "no_copies_at_all": Wrong(
        _SPLIT
        + "    folds = kfold(n, k, seed)\n"
        + "    return [(copies * torch.cat(folds[:m] + folds[m + 1 :]), copies * folds[m]) for m in range(k)]\n",
        _TWINS,
    ),
    "the_wrong_rows": Wrong(
        _SPLIT
        + "    rows = torch.arange(n * copies)\n"
        + "    return [(rows[~torch.isin(rows % n, fold)], fold) for fold in kfold(n, k, seed)]\n",
        ("leaky_preprocessing_kept",),
    ),
    "roles_exchanged": Wrong(
        _SPLIT
        + "    rows = torch.arange(n * copies)\n"
        + "    return [(copies * fold, rows[~torch.isin(rows // copies, fold)]) for fold in kfold(n, k, seed)]\n",
        _TWINS,
    ),
    "numbers_of_digits": Wrong(
        _SPLIT
        + "    folds = kfold(n, k, seed)\n"
        + "    return [(torch.cat(folds[:m] + folds[m + 1 :]), folds[m]) for m in range(k)]\n",
        _TWINS,
    ),
    "a_copy_is_judged": Wrong(
        _SPLIT
        + "    rows = torch.arange(n * copies)\n"
        + "    return [(rows[~torch.isin(rows // copies, f)], copies * f + copies - 1) for f in kfold(n, k, seed)]\n",
        ("leaky_preprocessing_kept",),
    ),
}

# ---------------------------------------------------------------------------------------------- shuffled_or_grouped
RIGHT["shuffled_or_grouped"] = {
    "stack of means": """
bet = 0.2


def flattery(shuffled, grouped, groups):
    means = torch.stack([(grouped - shuffled)[groups == g].mean() for g in torch.unique(groups)])
    return means.mean(), means.std() / len(means) ** 0.5
""",
    "numpy": """
bet = 1


def flattery(shuffled, grouped, groups):
    gap, groups = (grouped - shuffled).numpy(), groups.numpy()
    means = np.array([gap[groups == g].mean() for g in np.unique(groups)])
    return float(means.mean()), float(means.std(ddof=1) / np.sqrt(len(means)))
""",
    "counts": """
bet = torch.tensor(2.5)


def flattery(shuffled, grouped, groups):
    _, which, count = groups.unique(return_inverse=True, return_counts=True)
    total = torch.zeros(len(count), dtype=torch.float64).index_add_(0, which, (grouped - shuffled).double())
    variance, mean = torch.var_mean(total / count)
    return mean.item(), math.sqrt(variance.item() / len(count))
""",
    "dictionary": """
bet = -0.1


def flattery(shuffled, grouped, groups):
    of = {}
    for a, b, g in zip(shuffled.tolist(), grouped.tolist(), groups.tolist()):
        of.setdefault(g, []).append(b - a)
    means = [sum(v) / len(v) for v in of.values()]
    mean = sum(means) / len(means)
    error = (sum((m - mean) ** 2 for m in means) / (len(means) - 1) / len(means)) ** 0.5
    return [mean, error]
""",
}
_S = ("shuffled_or_grouped_checks", "shuffled_or_grouped_kept")


def _flat(body, bet="bet = 0.3\n", loses=_S):
    start = "    gap = grouped - shuffled\n    by = torch.stack([gap[groups == g].mean() for g in groups.unique()])\n"
    return Wrong(f"{bet}\n\ndef flattery(shuffled, grouped, groups):\n{start}{body}", loses)


_RETURN = "    return by.mean().item(), by.std().item() / math.sqrt(len(by))\n"
WRONG["shuffled_or_grouped"] = {
    "no_bet": _flat(_RETURN, "bet = None\n", _S[:1]),
    "a_bet_in_words": _flat(_RETURN, 'bet = "a little"\n', _S[:1]),
    "error_over_examples": _flat("    return by.mean().item(), gap.std().item() / math.sqrt(len(gap))\n"),
    "mean_over_examples": _flat("    return gap.mean().item(), by.std().item() / math.sqrt(len(by))\n"),
    "deviation_for_error": _flat("    return by.mean().item(), by.std().item()\n"),
    "g_below": _flat("    return by.mean().item(), by.std(correction=0).item() / math.sqrt(len(by))\n"),
    "the_other_way_round": _flat("    return -by.mean().item(), by.std().item() / math.sqrt(len(by))\n"),
    "variance_for_deviation": _flat("    return by.mean().item(), by.var().item() / math.sqrt(len(by))\n"),
    "errors_of_both_added": Wrong(
        """
bet = 0.3


def flattery(shuffled, grouped, groups):
    both = [torch.stack([t[groups == g].mean() for g in groups.unique()]) for t in (shuffled, grouped)]
    error = sum(t.var().item() / len(t) for t in both) ** 0.5 + both[0].std().item()
    return (both[1] - both[0]).mean().item(), error + 1e-3
""",
        _S,
    ),
}

# ------------------------------------------------------------------------------------------------ how_sure_are_you
EXPLANATIONS = {
    "how_sure_are_you": {
        "all four": Marked(
            "Quote 20.67 ± 0.28 nats for a digit, the nested score with whole forms held out. It is an estimate of "
            "what the procedure (choose the flip by cross-validation, remember everything) costs on a form that it "
            "has not seen, learnt from six sevenths of our digits. The error is taken over 14 forms, since digits of "
            "one form are alike; over 1,797 digits it would be far too small. I neither report the score by which "
            "the flip was chosen, nor do I shuffle, which flatters by 1.35 nats here, nor enlarge the set before "
            "splitting.",
            4,
            "What, how sure, and what was avoided. Well done.",
        ),
        "half of it": Marked(
            "The best cross-validated score is 20.68 nats at a flip of 0.06. The error is small because there are "
            "1,797 digits. I did not enlarge the set before splitting, and I held out whole forms.",
            2,
            "Good that you kept forms together. But that score was chosen for being the lowest, and digits of one "
            "form are no independent witnesses.",
        ),
    }
}

# ---------------------------------------------------------------------------------------------------------- survivors
_BET = "a bet is not marked as right or wrong: any number passes, and the text says so"
SURVIVORS = {
    "grouped_folds: torch.isin(groups, known[fold]).nonzero()[:, 0] -> "
    "torch.isin(groups, known[fold - 1]).nonzero()[:, 0]": "equivalent: the groups are dealt out all the same, each "
    "to the fold of the one after it, and the first to that of the last",
    "grouped_folds: torch.isin(groups, known[fold]).nonzero()[:, 0] -> "
    "torch.isin(groups, known[fold]).nonzero()[:, -1]": "equivalent: nonzero of a vector has one column",
    "nested: costs.append(torch.cat(inner).mean().item()) -> "
    "costs.append(torch.cat(inner).sum().item())": "equivalent: all candidates are judged on as many examples",
    "shuffled_or_grouped: bet = 0.5 -> bet = 1.5": _BET,
    "shuffled_or_grouped: bet = 0.5 -> bet = -0.5": _BET,
}

# ------------------------------------------------------------------------------------------------------- sample class
_ALL_RIGHT = {cell: next(iter(answers)) for cell, answers in RIGHT.items()}
SAMPLE_CLASS = {
    "all_right": {**_ALL_RIGHT, "how_sure_are_you": "all four"},
    "another_way": {cell: list(answers)[1] for cell, answers in RIGHT.items()} | {"how_sure_are_you": "half of it"},
    "untouched": {},
    "half_done": {cell: _ALL_RIGHT[cell] for cell in list(RIGHT)[:4]},
    "peeks": {**_ALL_RIGHT, "no_leak": "statistics_of_all", "how_sure_are_you": "half of it"},
    "still_twins": {**_ALL_RIGHT, "leaky_preprocessing": "unchanged"},
    "chooses_and_judges": {**_ALL_RIGHT, "nested": "chosen_with_all_folds"},
    "several_mistakes": {
        **_ALL_RIGHT,
        "no_leak": "each_for_itself",
        "cross_validated_nll": "learns_from_all",
        "shuffled_or_grouped": "error_over_examples",
    },
}
