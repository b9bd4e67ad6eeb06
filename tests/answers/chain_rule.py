"""Right and wrong answers to ``chain_rule``; see ``grading/answers.py`` for what this file defines."""

from grading.answers import Marked, Wrong

RIGHT, WRONG = {}, {}

# ----------------------------------------------------------------------------------------------- count_parameters
RIGHT["count_parameters"] = {
    "closed form and loop": """
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    total = 0
    for i in range(n):
        total += 2 ** min(i, memory)
    return total
""",
    "both closed": """
def count_table(n):
    return (1 << n) - 1


def count_chain(n, memory):
    m = min(n, memory)
    return (2**m - 1) + (n - m) * 2**m
""",
    "the table as a chain": """
def count_chain(n, memory):
    return sum([2 ** (i if i < memory else memory) for i in range(n)])


def count_table(n):
    return count_chain(n, n)
""",
    "recursion": """
def count_table(n):
    return 0 if n == 0 else 2 * count_table(n - 1) + 1


def count_chain(n, memory):
    return 0 if n == 0 else count_chain(n - 1, memory) + 2 ** min(n - 1, memory)
""",
    "numpy with Python's integers": """
def count_table(n):
    return int(np.power(2, n, dtype=object)) - 1


def count_chain(n, memory):
    return int((2 ** np.minimum(np.arange(n), memory).astype(object)).sum())
""",
}
WRONG["count_parameters"] = {
    "two_to_the_n": Wrong(
        """
def count_table(n):
    return 2**n


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))
""",
        ("count_parameters_checks", "count_parameters_kept"),
    ),
    "both_values_counted": Wrong(
        """
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 * 2 ** min(i, memory) for i in range(n))
""",
        ("count_parameters_checks", "count_parameters_kept"),
    ),
    "looks_at_itself": Wrong(
        """
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i + 1, memory) for i in range(n))
""",
        ("count_parameters_checks", "count_parameters_kept"),
    ),
    "no_start": Wrong(
        """
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return n * 2**memory
""",
        ("count_parameters_checks", "count_parameters_kept"),
    ),
    "product_for_sum": Wrong(
        """
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return math.prod(2 ** min(i, memory) for i in range(n))
""",
        ("count_parameters_checks", "count_parameters_kept"),
    ),
    "one_number_for_each_variable_seen": Wrong(
        """
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(1 + min(i, memory) for i in range(n))
""",
        ("count_parameters_checks", "count_parameters_kept"),
    ),
    "floats_that_round": Wrong(
        """
def count_table(n):
    return int(2.0**n - 1)


def count_chain(n, memory):
    return int(sum(2.0 ** min(i, memory) for i in range(n)))
""",
        ("count_parameters_kept",),  # only large tables show it
    ),
    "torch_integers_overflow": Wrong(
        """
def count_table(n):
    return int(2 ** torch.tensor(n)) - 1


def count_chain(n, memory):
    return int((2 ** torch.arange(n).clamp(max=memory)).sum())
""",
        ("count_parameters_kept",),
    ),
}

# ----------------------------------------------------------------------------------------- conditional_from_joint
RIGHT["conditional_from_joint"] = {
    "sum and divide": """
def conditional(p, i):
    while p.dim() > i + 1:
        p = p.sum(-1)
    return p / p.sum(-1, keepdim=True)
""",
    "two marginals": """
def conditional(p, i):
    n = p.dim()
    top = p.sum(dim=list(range(i + 1, n))) if i + 1 < n else p
    bottom = p.sum(dim=list(range(i, n)))
    return top / bottom.unsqueeze(-1)
""",
    "flattened": """
def conditional(p, i):
    marginal = p.reshape(*p.shape[: i + 1], -1).sum(-1)
    rows = marginal.reshape(-1, p.shape[i])
    return (rows / rows.sum(1)[:, None]).reshape(marginal.shape)
""",
    "log space": """
def conditional(p, i):
    marginal = p.log().reshape(*p.shape[: i + 1], -1).logsumexp(-1)
    return torch.log_softmax(marginal, -1).exp()
""",
    "numpy": """
def conditional(p, i):
    p = np.asarray(p)
    marginal = p.sum(axis=tuple(range(i + 1, p.ndim)))
    return torch.from_numpy(marginal / marginal.sum(axis=-1, keepdims=True))
""",
    "point by point": """
def conditional(p, i):
    out = torch.zeros(p.shape[: i + 1], dtype=torch.float64)
    for point in itertools.product(*[range(v) for v in p.shape[: i + 1]]):
        out[point] = p[point].sum() / p[point[:-1]].sum()
    return out
""",
}
WRONG["conditional_from_joint"] = {
    "wrong_axis": Wrong(
        """
def conditional(p, i):
    marginal = p.reshape(*p.shape[: i + 1], -1).sum(-1)
    return marginal / marginal.sum(0, keepdim=True)
""",
        (
            "conditional_from_joint_checks",
            "conditional_from_joint_kept",
            "any_order_is_exact_checks",
            "any_order_is_exact_kept",
        ),
    ),
    "not_divided": Wrong(
        """
def conditional(p, i):
    return p.reshape(*p.shape[: i + 1], -1).sum(-1)
""",
        (
            "conditional_from_joint_checks",
            "conditional_from_joint_kept",
            "any_order_is_exact_checks",
            "any_order_is_exact_kept",
        ),
    ),
    "divided_by_the_total": Wrong(
        """
def conditional(p, i):
    marginal = p.reshape(*p.shape[: i + 1], -1).sum(-1)
    return marginal / marginal.sum()
""",
        (
            "conditional_from_joint_checks",
            "conditional_from_joint_kept",
            "any_order_is_exact_checks",
            "any_order_is_exact_kept",
        ),
    ),
    "conditions_on_the_future": Wrong(
        """
def conditional(p, i):
    marginal = p.sum(tuple(range(i))) if i else p
    return marginal / marginal.sum(0, keepdim=True)
""",
        (
            "conditional_from_joint_checks",
            "conditional_from_joint_kept",
            "any_order_is_exact_checks",
            "any_order_is_exact_kept",
        ),
    ),
    "one_too_far": Wrong(
        """
def conditional(p, i):
    i = min(i + 1, p.dim() - 1)
    marginal = p.reshape(*p.shape[: i + 1], -1).sum(-1)
    return marginal / marginal.sum(-1, keepdim=True)
""",
        (
            "conditional_from_joint_checks",
            "conditional_from_joint_kept",
            "any_order_is_exact_checks",
            "any_order_is_exact_kept",
        ),
    ),
    "marginal_in_every_row": Wrong(
        """
def conditional(p, i):
    others = [j for j in range(p.dim()) if j != i]
    own = p.sum(others) if others else p
    return own.expand(p.shape[: i + 1])
""",
        (
            "conditional_from_joint_checks",
            "conditional_from_joint_kept",
            "any_order_is_exact_checks",
            "any_order_is_exact_kept",
        ),
    ),
    "softmax_of_probabilities": Wrong(
        """
def conditional(p, i):
    marginal = p.reshape(*p.shape[: i + 1], -1).sum(-1)
    return marginal.softmax(-1)
""",
        (
            "conditional_from_joint_checks",
            "conditional_from_joint_kept",
            "any_order_is_exact_checks",
            "any_order_is_exact_kept",
        ),
    ),
}

# ----------------------------------------------------------------------------------------- log_prob_by_chain_rule
RIGHT["log_prob_by_chain_rule"] = {
    "columns": """
def log_prob(conditionals, x):
    total = 0.0
    for i, table in enumerate(conditionals):
        k = table.dim() - 1
        total = total + torch.log(table[tuple(x[:, j] for j in range(i - k, i + 1))])
    return total
""",
    "point by point": """
def log_prob(conditionals, x):
    result = []
    for row in x.tolist():
        total = 0.0
        for i, table in enumerate(conditionals):
            p = table[tuple(row[i + 1 - table.dim() : i + 1])].item()
            total += math.log(p) if p > 0 else -math.inf
        result.append(total)
    return torch.tensor(result, dtype=torch.float64)
""",
    "flat index": """
def log_prob(conditionals, x):
    terms = []
    for i, table in enumerate(conditionals):
        flat = torch.zeros(len(x), dtype=torch.long)
        for j in range(i - table.dim() + 1, i + 1):
            flat = flat * table.shape[-1] + x[:, j]
        terms.append(table.flatten().log()[flat])
    return torch.stack(terms).sum(0)
""",
    "gather": """
def log_prob(conditionals, x):
    total = torch.zeros(x.shape[0], dtype=torch.float64)
    for i, table in enumerate(conditionals):
        k = table.dim() - 1
        rows = table[tuple(x[:, i - k : i].T)] if k else table.expand(len(x), -1)
        total += rows.gather(1, x[:, i : i + 1])[:, 0].log()
    return total
""",
    "numpy": """
def log_prob(conditionals, x):
    x, total = x.numpy(), np.zeros(len(x))
    for i, table in enumerate(conditionals):
        p = table.numpy()[tuple(x[:, i - table.dim() + 1 : i + 1].T)]
        total += np.log(p)
    return torch.from_numpy(total)
""",
    "distributions, float32": """
def log_prob(conditionals, x):
    terms = torch.zeros(x.shape)
    for i, table in enumerate(conditionals):
        context = tuple(x[:, i - table.dim() + 1 : i].T)
        log_rows = table.log()[context] if context else table.log().expand(len(x), -1)
        terms[:, i] = log_rows[torch.arange(len(x)), x[:, i]]
    return terms.sum(1)
""",
}
_AFTER_LOG_PROB = ("log_prob_by_chain_rule_checks", "log_prob_by_chain_rule_kept")
_AND_THE_TOTAL = (*_AFTER_LOG_PROB, "normalises_checks", "normalises_kept")
WRONG["log_prob_by_chain_rule"] = {
    "log_of_a_product": Wrong(
        """
def log_prob(conditionals, x):
    product = torch.ones(len(x), dtype=torch.float64)
    for i, table in enumerate(conditionals):
        product *= table[tuple(x[:, i - table.dim() + 1 : i + 1].T)]
    return product.log()
""",
        _AFTER_LOG_PROB,
    ),
    "product_of_probabilities": Wrong(
        """
def log_prob(conditionals, x):
    product = torch.ones(len(x), dtype=torch.float64)
    for i, table in enumerate(conditionals):
        product *= table[tuple(x[:, i - table.dim() + 1 : i + 1].T)]
    return product
""",
        _AND_THE_TOTAL,
    ),
    "sum_of_probabilities": Wrong(
        """
def log_prob(conditionals, x):
    total = torch.zeros(len(x), dtype=torch.float64)
    for i, table in enumerate(conditionals):
        total += table[tuple(x[:, i - table.dim() + 1 : i + 1].T)]
    return total.log()
""",
        _AND_THE_TOTAL,
    ),
    "product_of_logs": Wrong(
        """
def log_prob(conditionals, x):
    total = torch.ones(len(x), dtype=torch.float64)
    for i, table in enumerate(conditionals):
        total *= table[tuple(x[:, i - table.dim() + 1 : i + 1].T)].log()
    return total
""",
        _AND_THE_TOTAL,
    ),
    "mean_for_sum": Wrong(
        """
def log_prob(conditionals, x):
    terms = [table[tuple(x[:, i - table.dim() + 1 : i + 1].T)].log() for i, table in enumerate(conditionals)]
    return torch.stack(terms).mean(0)
""",
        _AND_THE_TOTAL,
    ),
    "shift_by_one": Wrong(
        """
def log_prob(conditionals, x):
    x = torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], 1)
    terms = [table[tuple(x[:, i - table.dim() + 1 : i + 1].T)].log() for i, table in enumerate(conditionals)]
    return torch.stack(terms).sum(0)
""",
        _AND_THE_TOTAL,
    ),
    "context_reversed": Wrong(
        """
def log_prob(conditionals, x):
    terms = [table[tuple(x[:, i - table.dim() + 1 : i + 1].flip(1).T)].log() for i, table in enumerate(conditionals)]
    return torch.stack(terms).sum(0)
""",
        _AND_THE_TOTAL,
    ),
    "always_from_the_first_variable": Wrong(
        """
def log_prob(conditionals, x):
    terms = [table[tuple(x[:, : table.dim()].T)].log() for table in conditionals]
    return torch.stack(terms).sum(0)
""",
        _AND_THE_TOTAL,
    ),
    "base_two": Wrong(
        """
def log_prob(conditionals, x):
    terms = [table[tuple(x[:, i - table.dim() + 1 : i + 1].T)].log2() for i, table in enumerate(conditionals)]
    return torch.stack(terms).sum(0)
""",
        _AND_THE_TOTAL,
    ),
    "small_number_added": Wrong(
        """
def log_prob(conditionals, x):
    terms = [(table[tuple(x[:, i - table.dim() + 1 : i + 1].T)] + 1e-12).log() for i, table in enumerate(conditionals)]
    return torch.stack(terms).sum(0)
""",
        _AFTER_LOG_PROB,
    ),
    "summed_over_the_batch": Wrong(
        """
def log_prob(conditionals, x):
    terms = [table[tuple(x[:, i - table.dim() + 1 : i + 1].T)].log() for i, table in enumerate(conditionals)]
    return torch.stack(terms).sum()
""",
        _AND_THE_TOTAL,
    ),
    "cross_entropy_sign": Wrong(
        """
def log_prob(conditionals, x):
    terms = [-table[tuple(x[:, i - table.dim() + 1 : i + 1].T)].log() for i, table in enumerate(conditionals)]
    return torch.stack(terms).sum(0)
""",
        _AND_THE_TOTAL,
    ),
}

# ----------------------------------------------------------------------------------------------------- normalises
RIGHT["normalises"] = {
    "product": """
def all_points(n, values):
    return torch.tensor(list(itertools.product(range(values), repeat=n)))


def total_probability(conditionals):
    return log_prob(conditionals, all_points(len(conditionals), len(conditionals[0]))).exp().sum()
""",
    "digits of a number": """
def all_points(n, values):
    k = torch.arange(values**n)
    return torch.stack([k // values**j % values for j in range(n)], 1)


def total_probability(conditionals):
    points = all_points(len(conditionals), conditionals[0].numel())
    return sum(math.exp(log_prob(conditionals, point[None])[0]) for point in points)
""",
    "grid": """
def all_points(n, values):
    grid = torch.meshgrid([torch.arange(values)] * n, indexing="ij")
    return torch.stack(grid, -1).reshape(-1, n)


def total_probability(conditionals):
    x = all_points(len(conditionals), conditionals[0].shape[0])
    return log_prob(conditionals, x).logsumexp(0).exp()
""",
    "recursion": """
def all_points(n, values):
    if n == 0:
        return [[]]
    return [[*point, v] for point in all_points(n - 1, values) for v in range(values)]


def total_probability(conditionals):
    total = 0.0
    for point in all_points(len(conditionals), len(conditionals[0])):
        p = 1.0
        for i, table in enumerate(conditionals):
            p *= table[tuple(point[i + 1 - table.dim() : i + 1])].item()
        total += p
    return total
""",
    "numpy, and the joint table": """
def all_points(n, values):
    return np.indices([values] * n).reshape(n, -1).T


def total_probability(conditionals):
    n, values = len(conditionals), len(conditionals[0])
    joint = torch.ones([values] * n, dtype=torch.float64)
    for i, table in enumerate(conditionals):
        joint = joint * table.reshape([1] * (i + 1 - table.dim()) + list(table.shape) + [1] * (n - 1 - i))
    return joint.sum().item()
""",
}
_PRODUCT = """
def all_points(n, values):
    return torch.tensor(list(itertools.product(range(values), repeat=n)))
"""
_TOTAL = """

def total_probability(conditionals):
    return log_prob(conditionals, all_points(len(conditionals), len(conditionals[0]))).exp().sum()
"""
WRONG["normalises"] = {
    "always_one": Wrong(
        _PRODUCT
        + """

def total_probability(conditionals):
    return 1.0
""",
        ("normalises_checks", "normalises_kept"),
    ),
    "sum_of_logs": Wrong(
        _PRODUCT
        + """

def total_probability(conditionals):
    return log_prob(conditionals, all_points(len(conditionals), len(conditionals[0]))).sum()
""",
        ("normalises_checks", "normalises_kept"),
    ),
    "exp_of_the_sum": Wrong(
        _PRODUCT
        + """

def total_probability(conditionals):
    return log_prob(conditionals, all_points(len(conditionals), len(conditionals[0]))).sum().exp()
""",
        ("normalises_checks", "normalises_kept"),
    ),
    "log_of_the_total": Wrong(
        _PRODUCT
        + """

def total_probability(conditionals):
    return log_prob(conditionals, all_points(len(conditionals), len(conditionals[0]))).logsumexp(0)
""",
        ("normalises_checks", "normalises_kept"),
    ),
    "mean_for_sum": Wrong(
        _PRODUCT
        + """

def total_probability(conditionals):
    return log_prob(conditionals, all_points(len(conditionals), len(conditionals[0]))).exp().mean()
""",
        ("normalises_checks", "normalises_kept"),
    ),
    "order_dropped": Wrong(
        """
def all_points(n, values):
    return torch.tensor(list(itertools.combinations_with_replacement(range(values), n)))
"""
        + _TOTAL,
        ("normalises_checks", "normalises_kept"),
    ),
    "values_from_one": Wrong(
        """
def all_points(n, values):
    return torch.tensor(list(itertools.product(range(1, values + 1), repeat=n)))
"""
        + _TOTAL,
        ("normalises_checks", "normalises_kept"),
    ),
    "random_points": Wrong(
        """
def all_points(n, values):
    return torch.randint(values, (values**n, n))
"""
        + _TOTAL,
        ("normalises_checks", "normalises_kept"),
    ),
    "permutations": Wrong(
        """
def all_points(n, values):
    return torch.tensor(list(itertools.permutations(range(values), n)))
"""
        + _TOTAL,
        ("normalises_checks", "normalises_kept"),
    ),
    "binary_only": Wrong(
        """
def all_points(n, values):
    return torch.tensor(list(itertools.product([0, 1], repeat=n)))
"""
        + _TOTAL,
        ("normalises_checks", "normalises_kept"),
    ),
    "one_variable_is_no_column": Wrong(
        """
def all_points(n, values):
    return torch.cartesian_prod(*[torch.arange(values)] * n)
"""
        + _TOTAL,
        ("normalises_kept",),  # cartesian_prod of a single tensor has one dimension
    ),
}

# ----------------------------------------------------------------------------------------------- ancestral_sample
RIGHT["ancestral_sample"] = {
    "multinomial": """
def ancestral_sample(conditionals, count, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.empty(count, 0, dtype=torch.long)
    for table in conditionals:
        k = table.dim() - 1
        rows = table[tuple(x[:, x.shape[1] - k :].T)] if k else table.repeat(count, 1)
        x = torch.cat([x, torch.multinomial(rows, 1, generator=generator)], 1)
    return x
""",
    "inverse of the cumulative sum": """
def ancestral_sample(conditionals, count, seed):
    generator = torch.Generator().manual_seed(seed)
    u = torch.rand(count, len(conditionals), generator=generator, dtype=torch.float64)
    x = torch.zeros(count, len(conditionals), dtype=torch.long)
    for i, table in enumerate(conditionals):
        context = tuple(x[:, i + 1 - table.dim() : i].T)
        rows = table[context] if context else table.expand(count, -1)
        x[:, i] = (u[:, i : i + 1] > rows.cumsum(1)[:, :-1]).sum(1)
    return x
""",
    "numpy": """
def ancestral_sample(conditionals, count, seed):
    rng = np.random.default_rng(seed)
    x = np.zeros((count, len(conditionals)), dtype=int)
    for row in x:
        for i, table in enumerate(conditionals):
            p = table.numpy()[tuple(row[i + 1 - table.dim() : i])]
            row[i] = rng.choice(len(p), p=p)
    return torch.from_numpy(x)
""",
    "Gumbel": """
def ancestral_sample(conditionals, count, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.zeros(count, len(conditionals), dtype=torch.long)
    for i, table in enumerate(conditionals):
        context = tuple(x[:, i + 1 - table.dim() : i].T)
        rows = table.log()[context] if context else table.log().expand(count, -1)
        noise = torch.empty(rows.shape, dtype=torch.float64).exponential_(generator=generator).log()
        x[:, i] = (rows - noise).argmax(1)
    return x
""",
    "global seed, distributions": """
def ancestral_sample(conditionals, count, seed):
    torch.manual_seed(seed)
    x = torch.zeros(count, len(conditionals), dtype=torch.int64)
    for i in range(len(conditionals)):
        table = conditionals[i]
        k = table.dim() - 1
        rows = table if k == 0 else table[tuple(x[:, j] for j in range(i - k, i))]
        shape = (count,) if k == 0 else ()
        x[:, i] = torch.distributions.Categorical(probs=rows).sample(shape)
    return x
""",
    "lists": """
import random


def ancestral_sample(conditionals, count, seed):
    dice = random.Random(seed)
    samples = []
    for _ in range(count):
        point = []
        for table in conditionals:
            k = table.dim() - 1
            weights = table[tuple(point[len(point) - k :])].tolist()
            point.append(dice.choices(range(len(weights)), weights)[0])
        samples.append(point)
    return samples
""",
}
_SAMPLES = ("ancestral_sample_checks", "ancestral_sample_kept")
WRONG["ancestral_sample"] = {
    "every_variable_independently": Wrong(
        """
def ancestral_sample(conditionals, count, seed):
    generator = torch.Generator().manual_seed(seed)
    columns = []
    for table in conditionals:
        row = table.reshape(-1, table.shape[-1]).mean(0)
        columns.append(torch.multinomial(row, count, replacement=True, generator=generator))
    return torch.stack(columns, 1)
""",
        _SAMPLES,
    ),
    "most_probable_value": Wrong(
        """
def ancestral_sample(conditionals, count, seed):
    x = torch.zeros(count, len(conditionals), dtype=torch.long)
    for i, table in enumerate(conditionals):
        context = tuple(x[:, i + 1 - table.dim() : i].T)
        rows = table[context] if context else table.expand(count, -1)
        x[:, i] = rows.argmax(1)
    return x
""",
        _SAMPLES,
    ),
    "seeded_for_each_variable": Wrong(
        """
def ancestral_sample(conditionals, count, seed):
    x = torch.zeros(count, len(conditionals), dtype=torch.long)
    for i, table in enumerate(conditionals):
        generator = torch.Generator().manual_seed(seed)
        context = tuple(x[:, i + 1 - table.dim() : i].T)
        rows = table[context] if context else table.expand(count, -1)
        x[:, i] = torch.multinomial(rows, 1, generator=generator)[:, 0]
    return x
""",
        _SAMPLES,
    ),
    "seed_ignored": Wrong(
        """
def ancestral_sample(conditionals, count, seed):
    x = torch.zeros(count, len(conditionals), dtype=torch.long)
    for i, table in enumerate(conditionals):
        context = tuple(x[:, i + 1 - table.dim() : i].T)
        rows = table[context] if context else table.expand(count, -1)
        x[:, i] = torch.multinomial(rows, 1)[:, 0]
    return x
""",
        _SAMPLES,
    ),
    "one_path_for_all": Wrong(
        """
def ancestral_sample(conditionals, count, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.zeros(count, len(conditionals), dtype=torch.long)
    for i, table in enumerate(conditionals):
        row = table[tuple(x[0, i + 1 - table.dim() : i])]
        x[:, i] = torch.multinomial(row, count, replacement=True, generator=generator)
    return x
""",
        _SAMPLES,
    ),
    "one_sample_repeated": Wrong(
        """
def ancestral_sample(conditionals, count, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.zeros(1, len(conditionals), dtype=torch.long)
    for i, table in enumerate(conditionals):
        row = table[tuple(x[0, i + 1 - table.dim() : i])]
        x[:, i] = torch.multinomial(row, 1, generator=generator)
    return x.repeat(count, 1)
""",
        _SAMPLES,
    ),
    "context_not_yet_drawn": Wrong(
        """
def ancestral_sample(conditionals, count, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.zeros(count, len(conditionals), dtype=torch.long)
    drawn = x.clone()
    for i, table in enumerate(conditionals):
        context = tuple(x[:, i + 1 - table.dim() : i].T)
        rows = table[context] if context else table.expand(count, -1)
        drawn[:, i] = torch.multinomial(rows, 1, generator=generator)[:, 0]
    return drawn
""",
        _SAMPLES,
    ),
    "always_from_the_first_variable": Wrong(
        """
def ancestral_sample(conditionals, count, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.zeros(count, len(conditionals), dtype=torch.long)
    for i, table in enumerate(conditionals):
        context = tuple(x[:, : table.dim() - 1].T)
        rows = table[context] if context else table.expand(count, -1)
        x[:, i] = torch.multinomial(rows, 1, generator=generator)[:, 0]
    return x
""",
        _SAMPLES,
    ),
    "probabilities_for_samples": Wrong(
        """
def ancestral_sample(conditionals, count, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.zeros(count, len(conditionals))
    for i, table in enumerate(conditionals):
        context = tuple(x[:, i + 1 - table.dim() : i].round().long().T)
        rows = table[context] if context else table.expand(count, -1)
        x[:, i] = rows[:, 1]
    return x
""",
        _SAMPLES,
    ),
    "softmax_of_probabilities": Wrong(
        """
def ancestral_sample(conditionals, count, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.zeros(count, len(conditionals), dtype=torch.long)
    for i, table in enumerate(conditionals):
        context = tuple(x[:, i + 1 - table.dim() : i].T)
        rows = table[context] if context else table.expand(count, -1)
        x[:, i] = torch.multinomial(rows.softmax(-1), 1, generator=generator)[:, 0]
    return x
""",
        _SAMPLES,
    ),
    "variables_in_rows": Wrong(
        """
def ancestral_sample(conditionals, count, seed):
    generator = torch.Generator().manual_seed(seed)
    columns = []
    for i, table in enumerate(conditionals):
        context = tuple(columns[i + 1 - table.dim() :]) if table.dim() > 1 else ()
        rows = table[context] if context else table.expand(count, -1)
        columns.append(torch.multinomial(rows, 1, generator=generator)[:, 0])
    return torch.stack(columns)
""",
        _SAMPLES,
    ),
}

# --------------------------------------------------------------------------------------------- any_order_is_exact
RIGHT["any_order_is_exact"] = {
    "permute and look up": """
def log_terms(p, order, x):
    p, x = p.permute(order), x[:, order]
    return torch.stack([conditional(p, t)[tuple(x[:, : t + 1].T)].log() for t in range(p.dim())], dim=1)
""",
    "differences of marginals": """
def log_terms(p, order, x):
    previous = torch.zeros(len(x), dtype=torch.float64)
    terms = []
    for t in range(len(order)):
        rest = [j for j in range(p.dim()) if j not in order[: t + 1]]
        marginal = p.sum(rest, keepdim=True).expand(p.shape) if rest else p
        now = marginal[tuple(x.T)].log()
        terms.append(now - previous)
        previous = now
    return torch.stack(terms, 1)
""",
    "point by point": """
def log_terms(p, order, x):
    out = torch.zeros(x.shape, dtype=torch.float64)
    for b, row in enumerate(x.tolist()):
        seen = p.permute(order)
        for t, v in enumerate(order):
            out[b, t] = math.log(seen[row[v]].sum() / seen.sum())
            seen = seen[row[v]]
    return out
""",
    "numpy": """
def log_terms(p, order, x):
    p, x = np.transpose(p.numpy(), order), x.numpy()[:, order]
    terms = np.zeros(x.shape)
    for t in range(x.shape[1]):
        marginal = p.sum(axis=tuple(range(t + 1, p.ndim)))
        row = marginal[tuple(x[:, : t + 1].T)]
        terms[:, t] = np.log(row / marginal.sum(-1)[tuple(x[:, :t].T)])
    return terms
""",
    "movedim, log-softmax": """
def log_terms(p, order, x):
    q = torch.movedim(p.log(), order, list(range(len(order))))
    columns = []
    for t in range(len(order)):
        table = q.reshape(*q.shape[: t + 1], -1).logsumexp(-1).log_softmax(-1)
        columns.append(table[tuple(x[:, v] for v in order[: t + 1])])
    return torch.stack(columns).T
""",
}
_ORDERS = ("any_order_is_exact_checks", "any_order_is_exact_kept")
WRONG["any_order_is_exact"] = {
    "points_not_permuted": Wrong(
        """
def log_terms(p, order, x):
    q = p.permute(order)
    return torch.stack([conditional(q, t)[tuple(x[:, : t + 1].T)].log() for t in range(p.dim())], dim=1)
""",
        _ORDERS,
    ),
    "table_not_permuted": Wrong(
        """
def log_terms(p, order, x):
    y = x[:, order]
    return torch.stack([conditional(p, t)[tuple(y[:, : t + 1].T)].log() for t in range(p.dim())], dim=1)
""",
        _ORDERS,
    ),
    "order_ignored": Wrong(
        """
def log_terms(p, order, x):
    return torch.stack([conditional(p, t)[tuple(x[:, : t + 1].T)].log() for t in range(p.dim())], dim=1)
""",
        _ORDERS,
    ),
    "inverse_order": Wrong(
        """
def log_terms(p, order, x):
    order = torch.tensor(order).argsort().tolist()
    p, x = p.permute(order), x[:, order]
    return torch.stack([conditional(p, t)[tuple(x[:, : t + 1].T)].log() for t in range(p.dim())], dim=1)
""",
        ("any_order_is_exact_kept",),  # orders that are their own inverse don't show it
    ),
    "given_all_the_others": Wrong(
        """
def log_terms(p, order, x):
    return torch.stack([(p / p.sum(v, keepdim=True))[tuple(x.T)].log() for v in order], 1)
""",
        _ORDERS,
    ),
    "marginals_for_conditionals": Wrong(
        """
def log_terms(p, order, x):
    columns = []
    for v in order:
        others = [j for j in range(p.dim()) if j != v]
        columns.append(p.sum(others)[x[:, v]].log())
    return torch.stack(columns, 1)
""",
        _ORDERS,
    ),
    "columns_by_variable": Wrong(
        """
def log_terms(p, order, x):
    q, y = p.permute(order), x[:, order]
    out = torch.zeros(x.shape, dtype=torch.float64)
    for t, v in enumerate(order):
        out[:, v] = conditional(q, t)[tuple(y[:, : t + 1].T)].log()
    return out
""",
        _ORDERS,
    ),
    "only_the_sum": Wrong(
        """
def log_terms(p, order, x):
    return p[tuple(x.T)].log()
""",
        _ORDERS,
    ),
    "sum_spread_evenly": Wrong(
        """
def log_terms(p, order, x):
    return (p[tuple(x.T)].log() / p.dim())[:, None].expand(x.shape)
""",
        _ORDERS,
    ),
}

# ---------------------------------------------------------------------------------------------------- looks_ahead
RIGHT["looks_ahead"] = {
    "diagonal of minus one": """
def logits(weights, bias, x):
    n = len(bias)
    allowed = torch.tril(torch.ones(n, n, dtype=weights.dtype), diagonal=-1)
    return bias + x.to(weights.dtype) @ (allowed * weights).T
""",
    "tril of the weights": """
def logits(weights, bias, x):
    return torch.nn.functional.linear(x.to(weights), weights.tril(-1), bias)
""",
    "pixel by pixel": """
def logits(weights, bias, x):
    columns = []
    for i in range(len(bias)):
        columns.append(bias[i] + x[:, :i].to(weights.dtype) @ weights[i, :i])
    return torch.stack(columns, dim=1)
""",
    "minus the diagonal": """
def logits(weights, bias, x):
    x = x.to(weights.dtype)
    return bias + x @ torch.tril(weights).T - x * torch.diag(weights)
""",
    "einsum": """
def logits(weights, bias, x):
    i = torch.arange(len(bias))
    past = (i[:, None] > i[None, :]).double()
    return torch.einsum("ij,ij,bj->bi", past, weights.double(), x.double()) + bias
""",
    "float32": """
def logits(weights, bias, x):
    past = torch.ones(len(bias), len(bias)).triu(1).T
    return bias.float() + x.float() @ (past * weights.float()).T
""",
}
_BUG = ("looks_ahead_checks", "looks_ahead_kept")
WRONG["looks_ahead"] = {
    "unchanged": Wrong(
        """
def logits(weights, bias, x):
    n = len(bias)
    allowed = torch.tril(torch.ones(n, n, dtype=weights.dtype))
    return bias + x.to(weights.dtype) @ (allowed * weights).T
""",
        _BUG,
    ),
    "future_for_past": Wrong(
        """
def logits(weights, bias, x):
    return bias + x.to(weights.dtype) @ torch.triu(weights, diagonal=1).T
""",
        _BUG,
    ),
    "not_transposed": Wrong(
        """
def logits(weights, bias, x):
    return bias + x.to(weights.dtype) @ torch.tril(weights, diagonal=-1)
""",
        _BUG,
    ),
    "weights_transposed": Wrong(
        """
def logits(weights, bias, x):
    return bias + x.to(weights.dtype) @ torch.triu(weights, diagonal=1)
""",
        ("looks_ahead_kept",),  # it looks back only, but through the weights of other pairs
    ),
    "one_pixel_too_many": Wrong(
        """
def logits(weights, bias, x):
    return bias + x.to(weights.dtype) @ torch.tril(weights, diagonal=-2).T
""",
        ("looks_ahead_kept",),  # it looks back only, but not at the pixel just before
    ),
    "no_mask": Wrong(
        """
def logits(weights, bias, x):
    return bias + x.to(weights.dtype) @ weights.T
""",
        _BUG,
    ),
    "input_shifted": Wrong(
        """
def logits(weights, bias, x):
    x = torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], 1)
    return bias + x.to(weights.dtype) @ torch.tril(weights).T
""",
        ("looks_ahead_kept",),  # causal, but weights[i, j] now speaks of pixel j - 1
    ),
    "nothing_left": Wrong(
        """
def logits(weights, bias, x):
    return bias.expand(x.shape)
""",
        ("looks_ahead_kept",),  # causal, but it looks at nothing at all
    ),
    "bias_masked_too": Wrong(
        """
def logits(weights, bias, x):
    return x.to(weights.dtype) @ torch.tril(weights, diagonal=-1).T
""",
        _BUG,
    ),
    "sigmoid_twice": Wrong(
        """
def logits(weights, bias, x):
    return torch.sigmoid(bias + x.to(weights.dtype) @ torch.tril(weights, diagonal=-1).T)
""",
        _BUG,
    ),
    "result_masked": Wrong(
        """
def logits(weights, bias, x):
    return bias + (1 - x.to(weights.dtype)) * (x.to(weights.dtype) @ torch.tril(weights).T)
""",
        _BUG,
    ),
}

# ------------------------------------------------------------------------------------------------------ underflow
RIGHT["underflow"] = {
    "numpy loop": """
bets = [784, 2000, 784]


def first_zero(prob, precision):
    product, n = np.dtype(precision).type(1), 0
    while product != 0:
        product, n = product * np.dtype(precision).type(prob), n + 1
    return n
""",
    "torch loop": """
bets = (100, 1000, 100)


def first_zero(prob, precision):
    product = torch.ones((), dtype=getattr(torch, precision))
    for n in range(1, 10_000):
        product = product * prob
        if product == 0:
            return n
""",
    "cumulative product": """
bets = torch.tensor([128, 1024, 128])


def first_zero(prob, precision):
    products = torch.full((2000,), prob, dtype=getattr(torch, precision)).cumprod(0)
    return int((products > 0).sum()) + 1
""",
    "arithmetic": """
bets = [150, 1075, 135]


def first_zero(prob, precision):
    bits = {"float32": 149, "float64": 1074}[precision]
    return math.floor(bits / -math.log2(prob)) + 1
""",
    "bisection on powers": """
bets = np.array([1, 2, 3])


def first_zero(prob, precision):
    kind = np.dtype(precision).type
    low, high = 0, 2000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if kind(prob) ** kind(middle) == 0 else (middle, high)
    return high
""",
}
_ZERO = ("underflow_checks", "underflow_kept")
_LOOP = """

def first_zero(prob, precision):
    product, n = np.dtype(precision).type(1), 0
    while product != 0:
        product, n = product * np.dtype(precision).type(prob), n + 1
    return n
"""
WRONG["underflow"] = {
    "no_bets": Wrong("bets = None\n" + _LOOP, ("underflow_checks",)),
    "never_is_no_number": Wrong('bets = ["never", "never", "never"]\n' + _LOOP, ("underflow_checks",)),
    "one_factor_short": Wrong(
        """
bets = [784, 784, 784]


def first_zero(prob, precision):
    product, n = np.dtype(precision).type(1), 0
    while product != 0:
        product, n = product * np.dtype(precision).type(prob), n + 1
    return n - 1
""",
        _ZERO,
    ),
    "always_float64": Wrong(
        """
bets = [784, 784, 784]


def first_zero(prob, precision):
    product, n = 1.0, 0
    while product != 0:
        product, n = product * prob, n + 1
    return n
""",
        _ZERO,
    ),
    "smallest_normal_number": Wrong(
        """
bets = [784, 784, 784]


def first_zero(prob, precision):
    product, n = 1.0, 0
    while product >= np.finfo(precision).tiny:
        product, n = product * prob, n + 1
    return n
""",
        _ZERO,
    ),
    "machine_epsilon": Wrong(
        """
bets = [784, 784, 784]


def first_zero(prob, precision):
    product, n = 1.0, 0
    while product > np.finfo(precision).eps:
        product, n = product * prob, n + 1
    return n
""",
        _ZERO,
    ),
    "decimal_digits": Wrong(
        """
bets = [784, 784, 784]


def first_zero(prob, precision):
    return math.ceil({"float32": 38, "float64": 308}[precision] / -math.log10(prob))
""",
        _ZERO,
    ),
    "number_of_pixels": Wrong(
        """
bets = [784, 784, 784]


def first_zero(prob, precision):
    return 784
""",
        _ZERO,
    ),
}

# -------------------------------------------------------------------------------------------------- why_factorise
EXPLANATIONS = {
    "why_factorise": {
        "all four": Marked(
            "The product of the conditionals equals the joint for every distribution and every order, so nothing is "
            "assumed and nothing is saved yet: 64 pixels cost 2^64 - 1 numbers in both forms. I save only when I "
            "restrict what a prediction sees: memory 9 leaves 28,671 numbers, and that is an assumption about digits "
            "that may be false. What I gain is that every factor is a distribution over two values. Each is easy to "
            "normalise, so the whole is normalised without a sum over 2^64 pictures, and a held-out digit has an exact "
            "log-probability (about -19.6 nats). Sampling is 64 draws, but one after the other, and with a short "
            "memory the order begins to matter.",
            4,
            "Exact and assumed kept apart, with two numbers. Well done.",
        ),
        "half of it": Marked(
            "Factorising turns one big problem into 64 small ones: each conditional is normalised by itself and can "
            "be learned and sampled. It needs 28,671 numbers instead of 2^64 - 1, because the chain rule assumes that "
            "far pixels are independent.",
            2,
            "What becomes easy is right. The chain rule itself assumes nothing: the short memory does. And the cost?",
        ),
    }
}

# ------------------------------------------------------------------------------------------------------ survivors
_BETS = "a bet is not marked as right or wrong: any three whole numbers pass, and the text says so"
_BETS_BEFORE = "underflow: bets = [150, 1075, 135] -> bets = "
SURVIVORS = {
    "count_parameters: return sum((2 ** min(i, memory) for i in range(n))) -> "
    "return sum((2 ** min(memory, i) for i in range(n)))": "equivalent: the smaller of two numbers, in either order",
    "conditional_from_joint: marginal = p.sum(later) if later else p -> "
    "marginal = p.mean(later) if later else p": "equivalent: the mean is the sum over a number that is the same for "
    "every entry, and the division by the row's sum cancels it",
    "log_prob_by_chain_rule: total = torch.zeros(len(x), dtype=torch.float64) -> "
    "total = torch.zeros(len(x))": "no mistake: every check leaves room for float32, which is torch's usual precision",
    "normalises: x = all_points(len(conditionals), len(conditionals[0])) -> "
    "x = all_points(len(conditionals), len(conditionals[-1]))": "equivalent: all variables of a chain have the same "
    "number V of values, so each table has V entries along every dimension",
    "ancestral_sample: x = torch.zeros(count, len(conditionals), dtype=torch.long) -> "
    "x = torch.ones(count, len(conditionals), dtype=torch.long)": "equivalent: each column is written "
    "before it is read",
    "ancestral_sample: x[:, i] = torch.multinomial(rows, 1, generator=generator).squeeze(-1) -> "
    "x[:, i] = torch.multinomial(rows, 1, generator=generator).squeeze(1)": "equivalent: the draws have shape "
    "(count, 1), whose last dimension is dimension 1",
    "any_order_is_exact: return torch.stack(terms, -1) -> "
    "return torch.stack(terms, 1)": "equivalent: the terms have shape (B,), so the new last dimension is dimension 1",
    f"{_BETS_BEFORE}[151, 1075, 135]": _BETS,
    f"{_BETS_BEFORE}[149, 1075, 135]": _BETS,
    f"{_BETS_BEFORE}[150, 1076, 135]": _BETS,
    f"{_BETS_BEFORE}[150, 1074, 135]": _BETS,
    f"{_BETS_BEFORE}[150, 1075, 136]": _BETS,
    f"{_BETS_BEFORE}[150, 1075, 134]": _BETS,
}

# ---------------------------------------------------------------------------------------------------- sample class
_ALL_RIGHT = {cell: next(iter(answers)) for cell, answers in RIGHT.items()}
SAMPLE_CLASS = {
    "all_right": {**_ALL_RIGHT, "why_factorise": "all four"},
    "another_way": {cell: list(answers)[1] for cell, answers in RIGHT.items()} | {"why_factorise": "half of it"},
    "untouched": {},
    "half_done": {cell: _ALL_RIGHT[cell] for cell in list(RIGHT)[:4]},
    "log_of_a_product": {**_ALL_RIGHT, "log_prob_by_chain_rule": "log_of_a_product", "why_factorise": "half of it"},
    "wrong_axis": {**_ALL_RIGHT, "conditional_from_joint": "wrong_axis"},
    "independent_variables": {**_ALL_RIGHT, "ancestral_sample": "every_variable_independently"},
    "several_mistakes": {
        **_ALL_RIGHT,
        "count_parameters": "two_to_the_n",
        "log_prob_by_chain_rule": "shift_by_one",
        "looks_ahead": "unchanged",
    },
}
