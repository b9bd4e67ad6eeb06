"""RNN against the cells of dgmlib.layers, unrolled by hand, and what follows a given start."""

import pytest
import torch
from oracles import chi_square_p_value, every_point, randomise
from test_contract import law_causality, law_step

from dgmlib.layers import gru_cell, lstm_cell, rnn_cell
from dgmlib.models import RNN

CELLS = {"rnn": rnn_cell, "gru": gru_cell, "lstm": lstm_cell}


def unrolled(model, cell, z):
    """log_prob of sequences in the model's order: one cell after another, layer by layer."""
    layers = model.rnn.num_layers
    zero = torch.zeros(len(z), model.rnn.hidden_size)
    states = [(zero, zero) if cell == "lstm" else zero] * layers
    h, total = model.embedding.weight[-1].expand(len(z), -1), 0.0  # nothing yet
    for i in range(model.dims):
        for layer in range(layers):
            weights = [
                getattr(model.rnn, f"{name}_l{layer}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            ]
            states[layer] = CELLS[cell](h, states[layer], *weights)
            h = states[layer][0] if cell == "lstm" else states[layer]
        logits = h @ model.head.weight.T + model.head.bias
        total = total + logits.log_softmax(-1)[torch.arange(len(z)), z[:, i]]
        h = model.embedding.weight[z[:, i]]
    return total


@pytest.mark.parametrize("order", [None, [2, 0, 3, 1]])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_it_is_its_cells_unrolled_in_values_and_gradients(cell, layers, order):
    model = randomise(RNN((4,), 3, cell=cell, hidden=4, layers=layers, embedding=2, order=order))
    x = every_point((4,), 3)[::5]
    ours, wanted = model.log_prob(x), unrolled(model, cell, x if order is None else x[:, order])
    assert torch.allclose(ours, wanted, rtol=0, atol=1e-12)
    weight = torch.randn(len(x))
    of_ours, of_loop = (torch.autograd.grad(y @ weight, list(model.parameters())) for y in (ours, wanted))
    for a, b in zip(of_ours, of_loop, strict=True):
        assert torch.allclose(a, b, rtol=0, atol=1e-12) and (b != 0).any()


@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_what_follows_a_prefix_is_the_conditional_distribution(cell):
    """By enumeration: p(rest | prefix) = p(prefix, rest) / p(prefix). Samples without the prefix are told apart."""
    model, prefix, n = randomise(RNN((5,), 2, cell=cell, hidden=4)), torch.tensor([1, 0]), 20_000
    joint = model.log_prob(every_point((5,), 2)).exp().view(4, 8)
    x = model.sample(n, prefix=prefix, generator=torch.Generator().manual_seed(1))
    assert torch.equal(x[:, :2], prefix.expand(n, 2))
    observed = torch.bincount(x[:, 2:] @ torch.tensor([4, 2, 1]), minlength=8)
    assert chi_square_p_value(observed, n * joint[2] / joint[2].sum()) > 1e-4  # 2 is 10 in binary
    assert chi_square_p_value(observed, n * joint.sum(0)) < 1e-4


@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_each_row_continues_its_own_prefix(cell):
    model = randomise(RNN((5,), 3, cell=cell, hidden=4, layers=2))
    prefix = every_point((3,), 3)
    together = model.sample(27, prefix=prefix, generator=torch.Generator().manual_seed(2))
    assert torch.equal(together[:, :3], prefix)
    state, last = model.init_state(27), None
    for t in range(4):
        logits, state = model.step(last, state)
        last = prefix[:, t] if t < 3 else None
    joint = model.log_prob(every_point((5,), 3)).exp().view(27, 3, 3).sum(2)
    assert torch.allclose(logits.softmax(-1), joint / joint.sum(1, keepdim=True), rtol=0, atol=1e-12)


def size(state):
    """How many numbers a state holds."""
    if isinstance(state, (tuple, list)):
        return sum(size(part) for part in state)
    return state.numel() if isinstance(state, torch.Tensor) else 0


@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_what_it_remembers_does_not_grow(cell):
    """A hidden vector in each layer, for the LSTM two; a Transformer's past takes room for each value."""
    model = randomise(RNN((50,), 2, cell=cell, hidden=3, layers=2))
    state, last, sizes = model.init_state(1), None, set()
    for _ in range(50):
        _, state = model.step(last, state)
        sizes.add(size(state[0]))
        last = torch.ones(1, dtype=torch.int64)
    assert sizes == {2 * 3 * (2 if cell == "lstm" else 1)}


@torch.no_grad()
def test_dropout_is_off_in_eval():
    wet, dry = (randomise(RNN((4,), 2, hidden=4, layers=2, dropout=p)) for p in (0.5, 0.0))
    x = every_point((4,), 2)
    assert torch.equal(wet.eval().log_prob(x), dry.log_prob(x))
    assert not torch.equal(wet.train().log_prob(x), dry.log_prob(x))


@pytest.mark.parametrize("cell", ["LSTM", "", None])
def test_a_cell_that_there_is_not_is_named(cell):
    with pytest.raises(ValueError, match=f"cell: got {cell!r}, wanted one of 'rnn', 'gru', 'lstm'"):
        RNN((4,), 2, cell=cell)


# What must fail ---


class StartsWithAZero(RNN):
    """Its ``step`` begins with the value 0, where ``forward`` begins with the token that stands for nothing yet."""

    def init_state(self, n):
        memory, start = super().init_state(n)
        return memory, torch.zeros_like(start)


class StartsEachStepAfresh(RNN):
    """Its ``step`` drops the memory, so that only the last value counts."""

    def step(self, x_prev, state):
        return super().step(x_prev, state if x_prev is None else self.init_state(len(x_prev)))


class ForgetsTheShift(RNN):
    """Reads x_i before it predicts x_i."""

    def forward(self, x):
        h, _ = self.rnn(self.embedding(x))
        return self.head(h)


@pytest.mark.parametrize(
    ("wrong", "law"), [(StartsWithAZero, law_step), (StartsEachStepAfresh, law_step), (ForgetsTheShift, law_causality)]
)
@torch.no_grad()
def test_a_wrong_network_is_rejected(wrong, law):
    promised = [torch.ones(4, 4).tril(-1).bool()] if law is law_causality else []
    law(randomise(RNN((4,), 2, hidden=4), 0.5), *promised)
    with pytest.raises(AssertionError):
        law(randomise(wrong((4,), 2, hidden=4), 0.5), *promised)
