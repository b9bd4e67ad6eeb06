"""Gradients: their noise falls as 1/B, their Jacobians are products, and a wrong backward is found."""

import itertools
import math

import pytest
import torch
from oracles import randomise
from torch.func import functional_call, jacrev

from dgmlib import gradients
from dgmlib.gradients import gradient_check, gradient_variance, jacobian_norms
from dgmlib.layers import gru_cell, lstm_cell, shifted
from dgmlib.model import AutoregressiveModel
from dgmlib.models import FVSBN, MADE, NADE, RNADE, RNN, PixelCNN, Table, Transformer


def seed(number=0):
    return torch.Generator().manual_seed(number)


@pytest.fixture
def model():
    return randomise(NADE((5,), 3, hidden=4), 0.5)


@pytest.fixture
def x():
    return torch.randint(3, (24, 5), generator=seed())


# ------------------------------------------------------------------------------------------------ noise of a mini-batch


def each_gradient(model, x):
    """Gradients of all examples' surprises, (N, P), row after row of a Jacobian."""
    names, weights = zip(*model.named_parameters(), strict=True)

    def surprises(*weights):
        return (
            -model.conditionals_of(functional_call(model, dict(zip(names, weights, strict=True)), x)).log_prob(x).sum(1)
        )

    model.conditionals_of = lambda logits: torch.distributions.Categorical(logits=logits)
    parts = torch.autograd.functional.jacobian(surprises, tuple(w.detach() for w in weights))
    return torch.cat([part.flatten(1) for part in parts], 1)


def agree(seen):
    """Whether each measured variance is within four standard errors of what it must be, or both are zero."""
    return all(abs(v - p) <= 4 * e + 1e-28 for v, p, e in zip(seen.variance, seen.predicted, seen.error, strict=True))


def test_a_coin_whose_noise_is_known_by_hand():
    """The gradient is (p0 - [x = 0], p1 - [x = 1]): its variance is 2 q (1 - q) for a share q of ones, at any p."""
    x = torch.tensor([[1]] * 3 + [[0]] * 7)
    seen = gradient_variance(randomise(Table((1,), 2)), x, [1, 5], repeats=2)
    assert seen.per_example == pytest.approx(2 * 0.3 * 0.7)
    assert seen.predicted == pytest.approx([0.42, 0.42 / 5])


def test_the_prediction_is_the_trace_of_the_covariance(model, x):
    each = each_gradient(model, x)
    trace = each.T.cov(correction=0).trace().item()
    seen = gradient_variance(model, x, [1, 3, 24], repeats=2)
    assert seen.per_example == pytest.approx(trace, rel=1e-12)
    assert seen.predicted == pytest.approx([trace, trace / 3, trace / 24], rel=1e-12)
    short = gradient_variance(model, x, [1, 3, 24], repeats=2, replacement=False)
    assert short.predicted == pytest.approx([trace, trace / 3 * 21 / 23, 0], rel=1e-12)


@pytest.mark.parametrize("replacement", [True, False])
def test_over_every_mini_batch_measured_is_predicted(model, x, replacement, monkeypatch):
    """All that can be drawn, each once: nothing is left to chance."""
    x = x[:7]
    batches = [b for b in itertools.product(range(7), repeat=2) if replacement or b[0] != b[1]]
    draws = iter(batches)
    monkeypatch.setattr(gradients, "_draw", lambda *_: torch.tensor(next(draws)))
    seen = gradient_variance(model, x, [2], repeats=len(batches), replacement=replacement)
    assert seen.variance == pytest.approx(seen.predicted, rel=1e-12)


@pytest.mark.parametrize("replacement", [True, False])
def test_drawn_at_random_measured_agrees_with_predicted(model, x, replacement):
    seen = gradient_variance(model, x, [1, 2, 4, 8, 16, 24], repeats=300, replacement=replacement)
    assert agree(seen)
    if not replacement:
        assert seen.variance[-1] < 1e-28, "all examples, each once, are no sample"
        assert seen.variance[-2] < 0.5 * seen.per_example / 16


def test_the_variance_falls_as_one_over_the_batch_size(model, x):
    sizes = [1, 4, 16, 64, 256]
    seen = gradient_variance(model, x, sizes, repeats=200)
    lines = torch.stack([torch.tensor(sizes).double().log(), torch.ones(5)], 1)
    weights = torch.tensor(seen.variance) / torch.tensor(seen.error)  # in log-log, 1 / relative error
    slope = torch.linalg.lstsq(weights[:, None] * lines, (weights * torch.tensor(seen.variance).log())[:, None])
    error = (lines * weights[:, None]).T.matmul(lines * weights[:, None]).inverse()[0, 0].sqrt().item()
    assert slope.solution[0].item() == pytest.approx(-1, abs=3 * error) and error < 0.02


@pytest.mark.parametrize(
    "biased",
    [
        lambda count, size, replacement, g: torch.randint(count // 2, (size,), generator=g),  # the first half only
        lambda count, size, replacement, g: torch.randint(count, (1,), generator=g).expand(size),  # one, B times
        lambda count, size, replacement, g: torch.randperm(count, generator=g)[:size],  # without replacement
        lambda count, size, replacement, g: torch.randint(count, (2, size), generator=g).amax(0),  # later ones more
    ],
)
def test_a_biased_sampler_is_found(model, x, biased, monkeypatch):
    monkeypatch.setattr(gradients, "_draw", biased)
    assert not agree(gradient_variance(model, x, [16], repeats=300))


def test_the_model_is_left_as_it_was(model, x):
    model.train()
    before = model.fingerprint()
    gradient_variance(model, x, [2], repeats=2), gradient_check(model.float(), x, entries=1)
    assert model.training and all(p.grad is None and p.dtype == torch.float32 for p in model.parameters())
    assert model.double().fingerprint() != before  # float32 in between: the comparison bites
    again = randomise(NADE((5,), 3, hidden=4), 0.5)
    gradient_variance(again, x, [2], repeats=2), gradient_check(again, x, entries=1)
    assert again.fingerprint() == before


def test_dropout_adds_no_noise_of_its_own(x):
    model = randomise(RNN((5,), 3, cell="gru", hidden=4, dropout=0.5), 0.5).train()
    first, second = (gradient_variance(model, x, [24], repeats=2, replacement=False) for _ in range(2))
    assert first == second and first.variance[0] < 1e-28


def test_classes_go_with_their_examples():
    model = randomise(PixelCNN((1, 2, 2), 2, hidden=4, layers=1, classes=3), 0.5)
    x, cond = torch.randint(2, (9, 1, 2, 2), generator=seed()), torch.arange(9) % 3
    seen = gradient_variance(model, x, [3], repeats=200, cond=cond)
    other = gradient_variance(model, x, [3], repeats=2, cond=cond.roll(1))
    assert agree(seen) and seen.per_example != pytest.approx(other.per_example, rel=1e-3)
    assert gradient_check(model, x, cond=cond, entries=5).difference < 1e-5
    with pytest.raises(ValueError, match="cond: got"):
        gradient_variance(model, x, [3])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"batch_sizes": []}, "batch_sizes: got none, wanted at least one"),
        ({"batch_sizes": [4, 0]}, "batch_sizes: got 0, wanted a positive integer"),
        ({"batch_sizes": [25], "replacement": False}, r"batch_sizes: got 25, wanted an integer 1\.\.24"),
        ({"repeats": 1}, "repeats: got 1, wanted an integer of at least 2"),
    ],
)
def test_noise_names_what_is_wrong(model, x, options, says):
    with pytest.raises(ValueError, match=says):
        gradient_variance(model, x, **{"batch_sizes": [2], **options})


def test_what_has_no_gradient_is_named(x):
    class Uniform(AutoregressiveModel):
        def forward(self, x):
            return torch.zeros(*x.shape, self.values)

    for look in (gradient_check, lambda *of: gradient_variance(*of, [2])):
        with pytest.raises(ValueError, match="model: got a Uniform without parameters that learn"):
            look(Uniform((5,), 3), x)
        broken = randomise(Table((5,), 3))
        broken.logits.data[0] = math.nan
        with pytest.raises(FloatingPointError, match="gradient is not finite"):
            look(broken, x)
        with pytest.raises(ValueError, match=r"x: got values 0\.\.2, wanted 0\.\.1"):
            look(FVSBN((5,), 2), x)


# --------------------------------------------------------------------------------------------------- finite differences


@pytest.mark.parametrize(
    "make",
    [
        lambda: Table((4,), 2),
        lambda: FVSBN((4,), 2),
        lambda: NADE((4,), 2, hidden=3),
        lambda: RNN((4,), 2, cell="lstm", hidden=3),
        lambda: Transformer((4,), 2, width=4, heads=2, layers=1),
    ],
)
def test_back_propagation_is_right(make):
    seen = gradient_check(randomise(make(), 0.5), torch.randint(2, (3, 4), generator=seed()), entries=None)
    assert seen.difference < 1e-5
    assert seen.compared == sum(p.numel() for p in make().parameters())


def test_real_variables_have_gradients_too():
    model = randomise(RNADE((3,), hidden=3), 0.3)
    assert gradient_check(model.float(), torch.randn(4, 3, generator=seed()).float(), entries=5).difference < 1e-4


class Off(torch.autograd.Function):
    """The identity, whose backward is off by a factor."""

    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.factor, None


class WrongBias(FVSBN):
    factor = 1.0

    def forward(self, x):
        bias, self._parameters["bias"] = self.bias, Off.apply(self.bias, self.factor)
        try:
            return super().forward(x)
        finally:
            self._parameters["bias"] = bias


@pytest.mark.parametrize("factor", [-1.0, 0.0, 0.999, 1.001, 2.0])
def test_a_wrong_backward_is_found_and_named(factor):
    x = torch.randint(2, (5, 4), generator=seed())
    model = randomise(WrongBias((4,), 2))
    assert gradient_check(model, x, entries=None).difference < 1e-6
    model.factor = factor
    seen = gradient_check(model, x, entries=None)
    assert seen.parameter == "bias" and len(seen.index) == 1
    assert seen.difference == pytest.approx(abs(1 - factor) / max(1, abs(factor)), rel=1e-4)
    assert seen.autograd == pytest.approx(factor * seen.finite, rel=1e-4, abs=1e-12)


def test_a_few_entries_are_drawn_of_each_parameter():
    x, model = torch.randint(2, (5, 4), generator=seed()), randomise(FVSBN((4,), 2))
    assert gradient_check(model, x, entries=3).compared == 3 + 3
    assert gradient_check(model, x, entries=9).compared == 4 + 9
    assert gradient_check(model, x, entries=3) == gradient_check(model, x, entries=3)
    assert gradient_check(model, x, entries=1) != gradient_check(model, x, entries=1, generator=seed(1))


def test_zeros_everywhere_do_not_differ():
    x = torch.tensor([[0], [1]])
    assert gradient_check(Table((1,), 2), x).difference == 0  # a fair coin is the maximum


@pytest.mark.parametrize(
    ("options", "says"), [({"entries": 0}, "entries: got 0, wanted a positive"), ({"step": 0}, "step: got 0, wanted")]
)
def test_the_check_names_what_is_wrong(model, x, options, says):
    with pytest.raises(ValueError, match=says):
        gradient_check(model, x, **options)


# ----------------------------------------------------------------------------------------------------------- Jacobians


def tanh_norms(model, x, lag, slope=lambda h: 1 - h**2):
    """Norms of the products of diag(1 - h^2) W, from the states of the whole sequence; one an example and position."""
    h, _ = model.rnn(model.embedding(shifted(model.to_sequence(x), model.values)))  # (B, D, H)
    norms = []
    for states in h.detach():
        for t in range(lag, len(states)):
            product = torch.eye(h.shape[-1])
            for i in range(t - lag + 1, t + 1):
                product = torch.diag(slope(states[i])) @ model.rnn.weight_hh_l0.detach() @ product
            norms.append(torch.linalg.svdvals(product)[0])
    return torch.stack(norms)


@pytest.fixture
def plain():
    model = RNN((7,), 3, cell="rnn", hidden=5, order=torch.tensor([3, 0, 1, 6, 5, 4, 2]))
    return randomise(model, 0.6)


@pytest.fixture
def sequences():
    return torch.randint(3, (4, 7), generator=seed(1))


def test_a_tanh_network_has_the_product_of_its_slopes_and_weights(plain, sequences):
    seen = jacobian_norms(plain, sequences, [1, 2, 3, 6])
    assert seen.lag == [1, 2, 3, 6]
    for k, lag in enumerate(seen.lag):
        norms = tanh_norms(plain, sequences, lag)
        assert len(norms) == 4 * (7 - lag)
        assert seen.mean[k] == pytest.approx(norms.mean().item(), rel=1e-12)
        found = [seen.low[k], seen.median[k], seen.high[k]]
        assert found == pytest.approx(norms.quantile(torch.tensor([0.05, 0.5, 0.95])).tolist(), rel=1e-12)


def test_the_product_bites(plain, sequences):
    """Without the slopes, or in a network that also keeps its state, the norms are others."""

    class Keeps(RNN):
        def step(self, x_prev, state):
            logits, (memory, start) = super().step(x_prev, state)
            return logits, (memory + (0 if state[0] is None else 0.1 * state[0]), start)

    keeps = Keeps((7,), 3, cell="rnn", hidden=5, order=plain.order)
    keeps.load_state_dict(plain.state_dict())
    right = tanh_norms(plain, sequences, 2).mean().item()
    assert jacobian_norms(keeps, sequences, [2]).mean[0] != pytest.approx(right, rel=1e-3)
    assert tanh_norms(plain, sequences, 2, slope=torch.ones_like).mean().item() != pytest.approx(right, rel=1e-3)


@pytest.mark.parametrize("gamma", [0.5, 0.9, 1.0, 1.2])
def test_near_zero_an_orthogonal_matrix_gives_a_power_of_its_scale(gamma):
    model = RNN((40,), 3, cell="rnn", hidden=6)
    for p in model.parameters():
        torch.nn.init.zeros_(p)
    with torch.no_grad():
        torch.nn.init.orthogonal_(model.rnn.weight_hh_l0, gain=gamma, generator=seed())
    seen = jacobian_norms(model, torch.zeros(2, 40, dtype=torch.int64))
    assert seen.lag == [1, 2, 4, 8, 16, 32]
    for norms in (seen.mean, seen.low, seen.median, seen.high):
        assert norms == pytest.approx([gamma**lag for lag in seen.lag], rel=1e-12)


def from_cells(model, x, cell, lag):
    """Norms by forward application of the cells that dgmlib.layers writes out, all ``lag`` steps in one function."""
    layers = [
        [getattr(model.rnn, f"{w}_l{k}").detach() for w in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        for k in range(model.rnn.num_layers)
    ]
    width = 2 if cell is lstm_cell else 1

    def steps(state, inputs):
        for e in inputs:
            below, new = e, []
            for part, weights in zip(state.unbind(0), layers, strict=True):
                after = cell(below, part[0] if width == 1 else tuple(part), *weights)
                part = after[None] if width == 1 else torch.stack(after)  # (width, H)
                below = part[0]
                new.append(part)
            state = torch.stack(new)
        return state  # (layers, width, H)

    norms = []
    for inputs in model.embedding(shifted(x, model.values)).detach():
        states = [torch.zeros(len(layers), width, model.rnn.hidden_size)]
        for e in inputs:
            states.append(steps(states[-1], [e]))
        for t in range(1, len(inputs) + 1 - lag):
            jacobian = jacrev(steps)(states[t], inputs[t : t + lag])
            norms.append(torch.linalg.svdvals(jacobian.reshape(states[t].numel(), -1))[0])
    return torch.stack(norms)


@pytest.mark.parametrize(("name", "cell"), [("gru", gru_cell), ("lstm", lstm_cell)])
@pytest.mark.parametrize("layers", [1, 2])
def test_gated_cells_and_layers_count_with_all_of_their_state(name, cell, layers):
    model = randomise(RNN((5,), 3, cell=name, hidden=3, layers=layers), 0.7)
    x = torch.randint(3, (2, 5), generator=seed())
    seen = jacobian_norms(model, x, [1, 3])
    for k, lag in enumerate(seen.lag):
        assert seen.mean[k] == pytest.approx(from_cells(model, x, cell, lag).mean().item(), rel=1e-10)


def test_many_positions_are_taken_in_parts(plain, sequences, monkeypatch):
    whole = jacobian_norms(plain, sequences)
    monkeypatch.setattr(gradients, "ROWS", 11)  # two positions of five rows
    assert jacobian_norms(plain, sequences) == whole


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Table((5,), 3), "the state of this Table holds more than that, which changes"),
        (lambda: FVSBN((5,), 3), "the state of this FVSBN holds more than that"),
        (lambda: NADE((5,), 3), "the state of this NADE holds more than that"),
        (lambda: MADE((5,), 3), "the state of this MADE holds more than that"),
        (
            lambda: Transformer((5,), 3, width=4, heads=2, layers=1),
            "the state of this Transformer holds more than that",
        ),
    ],
)
def test_a_model_without_a_vector_for_its_past_is_refused(make, says, x):
    with pytest.raises(ValueError, match=f"model: {says}.*wanted one of real vectors of fixed size only"):
        jacobian_norms(make(), x)


class Whole(AutoregressiveModel):
    """Its state is whatever a test wants."""

    states = ()

    def forward(self, x):
        return torch.zeros(*x.shape, self.values)

    def init_state(self, n):
        return [make(n) for make in self.states]

    def step(self, x_prev, state):
        return torch.zeros(len(x_prev), self.values) if x_prev is not None else None, self.move(state)

    def move(self, state):
        return state


def test_a_state_of_another_kind_says_of_which(x):
    for states, move, says in [
        ((), list, "holds no real numbers"),
        ((lambda n: torch.zeros(n, 1),), lambda s: [torch.cat([s[0], s[0]], 1)], "grows"),
        ((lambda n: torch.zeros(4),), list, r"has a part of shape \(4,\) for 2 examples"),
        ((lambda n: torch.zeros(n, n),), list, r"has a part of shape \(2, 2\) for 2 examples"),
    ]:
        model = Whole((5,), 3)
        model.states, model.move = states, move
        with pytest.raises(ValueError, match=says):
            jacobian_norms(model, x)
    model.states = (lambda n: torch.ones(n, 2),)
    model.move = lambda s: [s[0] * 2]
    assert jacobian_norms(model, x, [1, 3]).mean == [2, 8]


def test_a_state_that_is_written_in_place_is_followed(x):
    model = Whole((5,), 3)
    model.states, model.move = (lambda n: torch.full((n, 2), 1.1),), lambda s: [s[0].square_()]
    seen = [1.1 ** (2**t) for t in range(1, 6)]  # the states before the five predictions
    assert jacobian_norms(model, x, [4]).mean[0] == pytest.approx(math.prod(2 * s for s in seen[:4]), rel=1e-12)
    assert jacobian_norms(model, x, [1]).mean[0] == pytest.approx(sum(2 * s for s in seen[:4]) / 4, rel=1e-12)


@pytest.mark.parametrize("lags", [[], [0], [7], [1.0]])
def test_lags_outside_of_the_sequence_are_named(plain, sequences, lags):
    with pytest.raises(ValueError, match=r"lags: got .*, wanted integers 1\.\.6"):
        jacobian_norms(plain, sequences, lags)


def test_one_variable_has_no_lag():
    with pytest.raises(ValueError, match="model: got one of 1 variable"):
        jacobian_norms(RNN((1,), 2), torch.tensor([[0]]))


def test_a_jacobian_that_is_not_finite_is_an_error(plain, sequences):
    plain.rnn.weight_hh_l0.data[0, 0] = math.nan
    with pytest.raises(FloatingPointError, match="Jacobian over 1 steps is not finite"):
        jacobian_norms(plain, sequences)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_finds_the_same(plain, sequences, model, x):
    here = jacobian_norms(plain, sequences), gradient_variance(model, x, [4], repeats=20)
    for layers in (1, 2):
        gated = randomise(RNN((7,), 3, cell="lstm", hidden=5, layers=layers, dropout=0.1), 0.5)
        seen = jacobian_norms(gated, sequences).mean
        assert jacobian_norms(gated.cuda(), sequences.cuda()).mean == pytest.approx(seen, rel=1e-9)
    there = jacobian_norms(plain.cuda(), sequences.cuda()), gradient_variance(model.cuda(), x.cuda(), [4], repeats=20)
    assert there[0].mean == pytest.approx(here[0].mean, rel=1e-9)
    assert there[1].variance == pytest.approx(here[1].variance, rel=1e-9)
    assert gradient_check(model, x.cuda()).difference < 1e-5
