"""Right and wrong answers to ``kl_compression``; see ``grading/answers.py`` for what this file defines."""

from grading.answers import Marked, Wrong

RIGHT, WRONG = {}, {}


def _both(cell):
    return (f"{cell}_checks", f"{cell}_kept")


# ---------------------------------------------------------------------------------------------------------- surprise
def _surprise(body):
    return f"def surprise(probs):\n    {body}\n"


RIGHT["surprise"] = {
    "log2": _surprise("return -probs.log2()"),
    "natural logarithm over ln 2": _surprise("return -torch.log(probs) / math.log(2)"),
    "numpy": _surprise("with np.errstate(divide='ignore'):\n        return -np.log2(probs.numpy())"),
    "of the inverse": _surprise("return torch.log2(1 / probs)"),
    "entry by entry": """
def surprise(probs):
    flat = [math.inf if p == 0 else -math.log2(p) for p in probs.flatten().tolist()]
    return torch.tensor(flat, dtype=torch.float64).reshape(probs.shape)
""",
}
_S = _both("surprise")
WRONG["surprise"] = {
    "nats": Wrong(_surprise("return -torch.log(probs)"), _S),
    "no_sign": Wrong(_surprise("return torch.log2(probs)"), _S),
    "decimal": Wrong(_surprise("return -torch.log10(probs)"), _S),
    "floor_under_zero": Wrong(_surprise("return -torch.log2(probs + 1e-12)"), _S),
    "clamped": Wrong(_surprise("return -torch.log2(probs.clamp(min=1e-10))"), _S),
    "inverse": Wrong(_surprise("return 1 / probs"), _S),
    "weighted": Wrong(_surprise("return -probs * torch.log2(probs)"), _S),
    "zero_is_no_surprise": Wrong(_surprise("return -torch.where(probs > 0, probs, torch.ones_like(probs)).log2()"), _S),
    "summed": Wrong(_surprise("return -torch.log2(probs).sum()"), _S),
}


# ----------------------------------------------------------------------------------------------------------- entropy
def _entropy(body):
    return f"def entropy(p):\n    {body}\n"


RIGHT["entropy"] = {
    "what can happen": _entropy("p = p[p > 0]\n    return -(p * p.log2()).sum()"),
    "xlogy": _entropy("return -torch.special.xlogy(p, p).sum() / math.log(2)"),
    "torch's entr": _entropy("return torch.special.entr(p).sum() / math.log(2)"),
    "Python's floats": _entropy("return sum(x * math.log2(1 / x) for x in p.tolist() if x)"),
    "numpy": _entropy("q = np.asarray(p)\n    q = q[q != 0]\n    return float(q @ -np.log2(q))"),
    "NaN swept up": _entropy("return -torch.nan_to_num(p * torch.log2(p)).sum()"),
    "torch's Categorical": _entropy("return torch.distributions.Categorical(probs=p).entropy() / math.log(2)"),
}
_H = _both("entropy")
WRONG["entropy"] = {
    "not_a_number": Wrong(_entropy("return -(p * p.log2()).sum()"), _H),
    "nats": Wrong(_entropy("return torch.special.entr(p).sum()"), _H),
    "negative": Wrong(_entropy("p = p[p > 0]\n    return (p * p.log2()).sum()"), _H),
    "mean_over_symbols": Wrong(_entropy("p = p[p > 0]\n    return -(p * p.log2()).mean()"), _H),
    "unweighted": Wrong(_entropy("p = p[p > 0]\n    return -p.log2().mean()"), _H),
    "base_of_the_alphabet": Wrong(_entropy("return torch.special.entr(p).sum() / math.log(len(p))"), _H),
    "largest_only": Wrong(_entropy("return -p.max().log2()"), _H),
    "rounded": Wrong(_entropy("p = p[p > 0]\n    return (p * torch.ceil(-p.log2())).sum()"), _H[1:]),
    "each_symbol": Wrong(_entropy("return torch.special.entr(p) / math.log(2)"), _H),
}


# ----------------------------------------------------------------------------------------------------- cross_entropy
def _cross(body):
    return f"def cross_entropy(p, q):\n    {body}\n"


RIGHT["cross_entropy"] = {
    "what is sent": _cross("sent = p > 0\n    return -(p[sent] * q[sent].log2()).sum()"),
    "where": _cross("return torch.where(p > 0, -p * q.log2(), torch.zeros_like(p)).sum()"),
    "Python's floats": """
def cross_entropy(p, q):
    total = 0.0
    for a, b in zip(p.tolist(), q.tolist()):
        if a > 0:
            total += math.inf if b == 0 else -a * math.log2(b)
    return total
""",
    "NaN left out": _cross("return torch.nansum(-p * torch.log2(q))"),
    "xlogy": _cross("return -torch.special.xlogy(p, q).sum() / math.log(2)"),
    "numpy": """
def cross_entropy(p, q):
    p, q = np.asarray(p), np.asarray(q)
    with np.errstate(divide="ignore"):
        return -(p[p > 0] * np.log2(q[p > 0])).sum()
""",
}
_C = _both("cross_entropy")
WRONG["cross_entropy"] = {
    "exchanged": Wrong(_cross("sent = q > 0\n    return -(q[sent] * p[sent].log2()).sum()"), _C),
    "own_entropy": Wrong(_cross("sent = p > 0\n    return -(p[sent] * p[sent].log2()).sum()"), _C),
    "entropy_of_the_model": Wrong(_cross("sent = q > 0\n    return -(q[sent] * q[sent].log2()).sum()"), _C),
    "nats": Wrong(_cross("return -torch.special.xlogy(p, q).sum()"), _C),
    "not_a_number": Wrong(_cross("return -(p * q.log2()).sum()"), _C),
    "floor_under_q": Wrong(_cross("return -(p * (q + 1e-9).log2()).sum()"), _C),
    "infinity_swept_up": Wrong(_cross("return -torch.nan_to_num(p * q.log2()).sum()"), _C),
    "skips_what_q_rules_out": Wrong(
        _cross("both = (p > 0) & (q > 0)\n    return -(p[both] * q[both].log2()).sum()"), _C
    ),
    "mean": Wrong(_cross("sent = p > 0\n    return -(p[sent] * q[sent].log2()).mean()"), _C),
    "difference": Wrong(_cross("sent = p > 0\n    return (p[sent] * (p[sent] / q[sent]).log2()).sum()"), _C),
}


# -------------------------------------------------------------------------------------------------------- difference
def _kl(body):
    return f"def kl(p, q):\n    {body}\n"


RIGHT["kl_is_the_difference"] = {
    "one sum": _kl("sent = p > 0\n    return (p[sent] * (p[sent] / q[sent]).log2()).sum()"),
    "difference of the two above": _kl("return cross_entropy(p, q) - entropy(p)"),
    "Python's floats": """
def kl(p, q):
    terms = [a * math.log2(a / b) if b else math.inf for a, b in zip(p.tolist(), q.tolist()) if a]
    return sum(terms)
""",
    "numpy": """
def kl(p, q):
    p, q = p.numpy(), q.numpy()
    with np.errstate(divide="ignore"):
        return (p[p > 0] * (np.log2(p[p > 0]) - np.log2(q[p > 0]))).sum()
""",
    "torch's Categorical": """
def kl(p, q):
    categorical = torch.distributions.Categorical
    return torch.distributions.kl_divergence(categorical(probs=p), categorical(probs=q)) / math.log(2)
""",
    "xlogy, infinity apart": """
def kl(p, q):
    if bool(((q == 0) & (p > 0)).any()):
        return torch.tensor(math.inf)
    sent = p > 0
    return torch.special.xlogy(p[sent], p[sent] / q[sent]).sum() / math.log(2)
""",
}
_K = _both("kl_is_the_difference")
WRONG["kl_is_the_difference"] = {
    "q_log_p": Wrong(_kl("sent = q > 0\n    return (q[sent] * (q[sent] / p[sent]).log2()).sum()"), _K),
    "weighted_by_q": Wrong(_kl("sent = p > 0\n    return (q[sent] * (p[sent] / q[sent]).log2()).sum()"), _K),
    "negative": Wrong(_kl("sent = p > 0\n    return (p[sent] * (q[sent] / p[sent]).log2()).sum()"), _K),
    "nats": Wrong(_kl("sent = p > 0\n    return (p[sent] * (p[sent] / q[sent]).log()).sum()"), _K),
    "torch's kl_div with zeros in q": Wrong(
        _kl("return torch.nn.functional.kl_div(q.log(), p, reduction='sum') / math.log(2)"), _K[1:]
    ),
    "mean": Wrong(_kl("return torch.nn.functional.kl_div(q.log2(), p.log2(), log_target=True, reduction='mean')"), _K),
    "not_a_number": Wrong(_kl("return (p * (p / q).log2()).sum()"), _K[1:]),
    "absolute_values": Wrong(_kl("sent = p > 0\n    return (p[sent] * (p[sent] / q[sent]).log2()).abs().sum()"), _K),
    "floors": Wrong(_kl("return (p * ((p + 1e-9) / (q + 1e-9)).log2()).sum()"), _K[1:]),
    "symmetrised": Wrong(_kl("return (((p - q) * (p / q).log2()).sum()) / 2"), _K),
    "logarithm_of_the_difference": Wrong(
        _kl("sent = p > 0\n    return (p[sent] * (p[sent] - q[sent]).abs().log2()).sum()"), _K
    ),
}

# ------------------------------------------------------------------------------------------------------ code_lengths
_KRAFT = "\n\ndef kraft(lengths):\n    return sum(2.0 ** -int(length) for length in lengths)\n"


def _lengths(body, kraft=_KRAFT):
    return f"def code_lengths(q):\n    {body}\n{kraft}"


_UP = "return (-q.log2()).ceil()"
RIGHT["code_lengths"] = {
    "ceil": _lengths(_UP),
    "whole numbers, torch's sum": _lengths(
        "return torch.ceil(-torch.log2(q)).to(torch.int64)",
        "\n\ndef kraft(lengths):\n    return (0.5 ** torch.as_tensor(lengths).double()).sum()\n",
    ),
    "numpy's natural logarithm": _lengths("return np.ceil(-np.log(q.numpy()) / np.log(2))"),
    "Python's ceil": _lengths("return [math.ceil(-math.log2(x)) for x in q.tolist()]"),
    "floor of the logarithm": _lengths(
        "return -q.log2().floor()", "\n\ndef kraft(lengths):\n    return sum(1 / (1 << int(n)) for n in lengths)\n"
    ),
    "by halving": """
def code_lengths(q):
    lengths = []
    for x in q.tolist():
        n = 0
        while 2.0**-n > x:
            n += 1
        lengths.append(n)
    return torch.tensor(lengths)


def kraft(lengths):
    return float(np.sum(np.power(2.0, -np.asarray(lengths, dtype=float))))
""",
}
_L = _both("code_lengths")
WRONG["code_lengths"] = {
    "rounded_down": Wrong(_lengths("return (-q.log2()).floor().long()"), _L),
    "rounded_to_the_nearest": Wrong(_lengths("return (-q.log2()).round().long()"), _L),
    "not_rounded": Wrong(_lengths("return -q.log2()"), _L),
    "one_more": Wrong(_lengths("return (-q.log2()).floor().long() + 1"), _L),
    "nats": Wrong(_lengths("return (-q.log()).ceil().long()"), _L),
    "at_least_one": Wrong(_lengths(f"{_UP}.clamp(min=1)"), _L[1:]),
    "at_least_two": Wrong(_lengths(f"{_UP}.clamp(min=2)"), _L),
    "fixed_length": Wrong(_lengths("return torch.full(q.shape, math.ceil(math.log2(len(q))))"), _L),
    "kraft_with_plus": Wrong(_lengths(_UP, _KRAFT.replace("-int(length)", "int(length)")), _L),
    "kraft_averaged": Wrong(
        _lengths(_UP, _KRAFT.replace("for length in lengths)", "for length in lengths) / len(lengths)")), _L
    ),
    "kraft_never_above_one": Wrong(
        _lengths(_UP, "\n\ndef kraft(lengths):\n    return min(1.0, sum(2.0 ** -int(n) for n in lengths))\n"), _L
    ),
    "kraft_forgets_the_last": Wrong(_lengths(_UP, _KRAFT.replace("in lengths)", "in lengths[:-1])")), _L),
}


# ------------------------------------------------------------------------------------------------------- extra_bytes
def _extra(body):
    return f"def extra_bytes(counts, q):\n    {body}\n"


RIGHT["extra_bytes"] = {
    "N times the divergence": """
def extra_bytes(counts, q):
    n = counts.sum()
    p = counts / n
    terms = torch.where(counts > 0, p * (p / q).log2(), torch.zeros(()))
    return n * terms.sum() / 8
""",
    "with the answers above": _extra("return counts.sum() * kl(counts / counts.sum(), q) / 8"),
    "two files": """
def extra_bytes(counts, q):
    own, other, n = 0.0, 0.0, int(counts.sum())
    for c, b in zip(counts.tolist(), q.tolist()):
        if c:
            own -= c * math.log2(c / n)
            other += -c * math.log2(b) if b > 0 else math.inf
    return (other - own) / 8
""",
    "numpy": """
def extra_bytes(counts, q):
    counts, q = np.asarray(counts, dtype=float), np.asarray(q, dtype=float)
    seen = counts > 0
    with np.errstate(divide="ignore"):
        return float((counts[seen] * (np.log2(counts[seen] / counts.sum()) - np.log2(q[seen]))).sum() / 8)
""",
    "xlogy": """
def extra_bytes(counts, q):
    c, q = counts.double(), q.double()
    nats = torch.special.xlogy(c, c / c.sum()).sum() - torch.special.xlogy(c, q).sum()
    return nats / (8 * math.log(2))
""",
}
_E = _both("extra_bytes")
_P = "seen = counts > 0\n    p, q = counts[seen].double() / counts.sum(), q[seen]\n    n = counts.sum()\n    "
WRONG["extra_bytes"] = {
    "per_letter": Wrong(_extra(_P + "return (p * (p / q).log2()).sum() / 8"), _E),
    "bits": Wrong(_extra(_P + "return n * (p * (p / q).log2()).sum()"), _E),
    "the_whole_file": Wrong(_extra(_P + "return -n * (p * q.log2()).sum() / 8"), _E),
    "nats": Wrong(_extra(_P + "return n * (p * (p / q).log()).sum() / 8"), _E),
    "less_instead_of_more": Wrong(_extra(_P + "return n * (p * (q / p).log2()).sum() / 8"), _E),
    "weighted_by_the_belief": Wrong(_extra(_P + "return n * (q * (q / p).log2()).sum() / 8"), _E),
    "counts_not_normalised": Wrong(_extra(_P + "return (n * p * (n * p / q).log2()).sum() / 8"), _E),
    "rounded_up": Wrong(_extra(_P + "return torch.ceil(n * (p * (p / q).log2()).sum() / 8)"), _E[1:]),
    "not_a_number": Wrong(
        _extra("p = counts.double() / counts.sum()\n    return counts.sum() * (p * (p / q).log2()).sum() / 8"), _E
    ),
    "times_the_alphabet": Wrong(_extra(_P + "return len(q) * (p * (p / q).log2()).sum() / 8"), _E),
}


# ------------------------------------------------------------------------------------------------------ bits_per_dim
def _bpd(body):
    return f"def bits_per_dim(log_probs, event_shape):\n    {body}\n"


RIGHT["bits_per_dim"] = {
    "one formula": _bpd("return -log_probs.mean() / math.prod(event_shape) / math.log(2)"),
    "log2 of e": _bpd("return -log_probs.mean() * math.log2(math.e) / torch.Size(event_shape).numel()"),
    "numpy": _bpd("return float(-np.mean(log_probs.numpy()) / (np.prod(event_shape) * np.log(2)))"),
    "example by example": """
def bits_per_dim(log_probs, event_shape):
    dims = 1
    for size in event_shape:
        dims *= size
    costs = [-value / math.log(2) / dims for value in log_probs.tolist()]
    return sum(costs) / len(costs)
""",
}
_B = _both("bits_per_dim")
WRONG["bits_per_dim"] = {
    "unchanged": Wrong(_bpd("return their_bits_per_dim(log_probs, math.prod(event_shape))"), _B),
    "nats": Wrong(_bpd("return -log_probs.mean() / math.prod(event_shape)"), _B),
    "no_sign": Wrong(_bpd("return log_probs.mean() / math.prod(event_shape) / math.log(2)"), _B),
    "of_the_whole_image": Wrong(_bpd("return -log_probs.mean() / math.log(2)"), _B),
    "summed_over_examples": Wrong(_bpd("return -log_probs.sum() / math.prod(event_shape) / math.log(2)"), _B),
    "height_alone": Wrong(_bpd("return -log_probs.mean() / event_shape[-1] / math.log(2)"), (_B[0], _B[1])),
    "sum_of_the_shape": Wrong(_bpd("return -log_probs.mean() / sum(event_shape) / math.log(2)"), _B),
    "divided_by_ln_256": Wrong(_bpd("return -log_probs.mean() / math.prod(event_shape) / math.log(256)"), _B),
    "each_example": Wrong(_bpd("return -log_probs / math.prod(event_shape) / math.log(2)"), _B),
}

# ---------------------------------------------------------------------------------------------------------- adaptive
_GUESS = "guesses = [0, 1, 2]\n\n\n"
_NEXT = "def next_probs(counts, alpha):\n    return (counts + alpha) / (counts + alpha).sum()\n\n\n"


def _adaptive(body, start=_GUESS + _NEXT):
    return f"{start}def adaptive_bits(text, order, values, alpha):\n{body}"


_LOOP = """    seen, bits = {}, 0.0
    for i, s in enumerate(text):
        row = seen.setdefault(tuple(text[max(0, i - order) : i]), [0] * values)
        bits -= math.log2((row[s] + alpha) / (sum(row) + alpha * values))
        row[s] += 1
    return bits
"""
RIGHT["which_model_is_smaller"] = {
    "dictionary of lists": _adaptive(_LOOP),
    "with next_probs": _adaptive(
        """    seen = collections.defaultdict(lambda: torch.zeros(values, dtype=torch.float64))
    bits = torch.zeros((), dtype=torch.float64)
    for i, s in enumerate(text):
        counts = seen[tuple(text[max(0, i - order) : i])]
        bits = bits - torch.log2(next_probs(counts, alpha)[s])
        counts[s] += 1
    return bits
""",
        "guesses = (1, 1, 2)\n\n\n" + _NEXT,
    ),
    "pairs counted": _adaptive(
        """    pairs, total, bits = collections.Counter(), collections.Counter(), 0
    for i in range(len(text)):
        context = str(text[max(0, i - order) : i])
        bits += math.log2(total[context] + alpha * values) - math.log2(pairs[context, text[i]] + alpha)
        pairs[context, text[i]] += 1
        total[context] += 1
    return bits
""",
        "guesses = [2, 2, 2]\n\n\ndef next_probs(counts, alpha):\n"
        "    total = sum(counts.tolist()) + alpha * len(counts)\n"
        "    return [(count + alpha) / total for count in counts.tolist()]\n\n\n",
    ),
    "the past counted anew": _adaptive(
        """    bits = np.float64(0)
    contexts = [tuple(text[max(0, i - order) : i]) for i in range(len(text))]
    for i, s in enumerate(text):
        before = [text[j] for j in range(i) if contexts[j] == contexts[i]]
        bits -= np.log2((before.count(s) + alpha) / (len(before) + alpha * values))
    return bits
""",
        "guesses = np.array([0, 0, 1])\n\n\ndef next_probs(counts, alpha):\n    smooth = np.asarray(counts) + alpha\n"
        "    return smooth / smooth.sum()\n\n\n",
    ),
}
_A = _both("which_model_is_smaller")
WRONG["which_model_is_smaller"] = {
    "no_guesses": Wrong(_adaptive(_LOOP, _NEXT), _A[:1]),
    "two_guesses": Wrong(_adaptive(_LOOP, "guesses = [0, 2]\n\n\n" + _NEXT), _A[:1]),
    "guesses_of_bytes": Wrong(_adaptive(_LOOP, "guesses = [300, 3000, 29000]\n\n\n" + _NEXT), _A[:1]),
    "counts_before_it_pays": Wrong(
        _adaptive(
            _LOOP.replace("        row[s] += 1\n", "").replace(
                "        bits -=", "        row[s] += 1\n        bits -="
            )
        ),
        _A,
    ),
    "one_table_for_all": Wrong(_adaptive(_LOOP.replace("tuple(text[max(0, i - order) : i])", "0")), _A),
    "alpha_once": Wrong(_adaptive(_LOOP.replace("alpha * values", "alpha")), _A),
    "no_alpha_in_the_belief": Wrong(
        _adaptive(_LOOP, _GUESS + "def next_probs(counts, alpha):\n    return counts / counts.sum()\n\n\n"), _A
    ),
    "alpha_one_always": Wrong(
        _adaptive(_LOOP.replace("alpha", "1").replace("order, values, 1", "order, values, alpha")), _A[1:]
    ),
    "nats": Wrong(_adaptive(_LOOP.replace("math.log2", "math.log")), _A),
    "bytes": Wrong(_adaptive(_LOOP.replace("return bits", "return bits / 8")), _A),
    "per_symbol": Wrong(_adaptive(_LOOP.replace("return bits", "return bits / max(1, len(text))")), _A),
    "context_with_the_symbol": Wrong(_adaptive(_LOOP.replace("order) : i]", "order) : i + 1]")), _A[1:]),
    "first_symbols_free": Wrong(
        _adaptive(_LOOP.replace("        bits -=", "        if i >= order:\n            bits -=")), _A
    ),
    "negative_start": Wrong(_adaptive(_LOOP.replace("text[max(0, i - order) : i]", "text[i - order : i]")), _A[1:]),
    "no_division": Wrong(
        _adaptive(_LOOP, _GUESS + "def next_probs(counts, alpha):\n    return counts + alpha\n\n\n"), _A
    ),
}

# ------------------------------------------------------------------------------------------------------ explanations
EXPLANATIONS = {
    "why_kl_is_not_a_distance": {
        "all four": Marked(
            "KL is a price: 0.08 bits a letter more if given names are packed with the code for surnames. The other "
            "way round it was 0.087, since the average goes over what comes, and other letters come. If the code has "
            "no word for a letter that comes, the price is infinite; a word that is never used costs only a little "
            "room. A distance would be symmetric and obey the triangle inequality, and KL does neither.",
            4,
            "A price with its direction, the reason for the asymmetry, what is missing, and numbers.",
        ),
        "half of it": Marked(
            "KL(p||q) and KL(q||p) differ, so it is not symmetric and thus no distance. It is infinite if p is zero "
            "somewhere.",
            1.5,
            "Right that a distance is symmetric; say why the two differ, in terms of files. It is infinite where q "
            "is zero and p is not: where p is zero nothing is paid. A number from your notebook is missing.",
        ),
    }
}

# --------------------------------------------------------------------------------------------------------- survivors
_W = "which_model_is_smaller: "
SURVIVORS = {
    f"{_W}guesses = [0, 1, 2] -> guesses = {other}": "no mistake: guesses are not marked as right or wrong"
    for other in ("[1, 1, 2]", "[0, 2, 2]", "[0, 0, 2]", "[0, 1, 1]")
} | {
    f"{_W}counts = seen.setdefault(tuple(text[max(0, i - order):i]), [0] * values) -> "
    "counts = seen.setdefault(tuple(text[max(i - order, 0):i]), [0] * values)": "equivalent: the larger of two numbers"
}

# ------------------------------------------------------------------------------------------------------ sample class
_ALL_RIGHT = {cell: next(iter(answers)) for cell, answers in RIGHT.items()}
SAMPLE_CLASS = {
    "all_right": {**_ALL_RIGHT, "why_kl_is_not_a_distance": "all four"},
    "another_way": {cell: list(answers)[1] for cell, answers in RIGHT.items()}
    | {"why_kl_is_not_a_distance": "half of it"},
    "untouched": {},
    "half_done": {cell: _ALL_RIGHT[cell] for cell in list(RIGHT)[:4]},
    "nats_everywhere": {**_ALL_RIGHT, "surprise": "nats", "entropy": "nats", "cross_entropy": "nats"},
    "wrong_way_round": {**_ALL_RIGHT, "kl_is_the_difference": "q_log_p", "why_kl_is_not_a_distance": "half of it"},
    "no_such_code": {**_ALL_RIGHT, "code_lengths": "rounded_to_the_nearest"},
    "several_mistakes": {
        **_ALL_RIGHT,
        "entropy": "not_a_number",
        "extra_bytes": "per_letter",
        "bits_per_dim": "unchanged",
        "which_model_is_smaller": "counts_before_it_pays",
    },
}
