"""Tables against the joint distributions, chains and counts that they stand for."""

import math

import pytest
import torch
from oracles import every_point

from dgmlib.data import MarkovSource
from dgmlib.models import Table


def test_a_table_from_a_joint_distribution_is_that_distribution():
    joint = torch.rand(3, 3, 3, 3)
    joint[1, 2] = 0  # contexts that never occur
    joint /= joint.sum()
    p = Table.from_joint(joint).log_prob(every_point((4,), 3)).exp()
    assert torch.allclose(p, joint.flatten(), rtol=0, atol=1e-15)


def test_a_table_of_a_markov_chain_is_that_chain():
    transition = torch.tensor([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5], [0.0, 0.0, 1.0]])
    initial = torch.tensor([0.5, 0.5, 0.0])
    model, source = Table.from_markov(initial, transition, length=5), MarkovSource(initial, transition)
    points = every_point((5,), 3)
    assert torch.allclose(model.log_prob(points), source.log_prob(points), rtol=0, atol=1e-12)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("memory", [0, 1, 2, None])
def test_a_table_has_the_rows_that_its_contexts_need(memory, shared):
    rows = Table((4,), 3, memory=memory, shared=shared).logits.shape[0]
    lengths = [min(i, 3 if memory is None else memory) for i in range(4)]
    if shared and memory is not None:
        lengths = lengths[: memory + 1]
    assert rows == sum(3**k for k in lengths)


def test_the_full_table_has_as_many_free_numbers_as_the_joint():
    for dims in range(1, 10):
        model = Table((dims,), 2)
        assert model.logits.shape[0] * (model.values - 1) == 2**dims - 1


def test_counting_maximises_the_likelihood():
    """No small change of any row improves it, and the frequencies are those of the data."""
    x = torch.randint(3, (200, 3))
    model = Table((3,), 3).count(x)
    best = model.log_prob(x).sum()
    assert torch.allclose(model.logits.exp()[0], torch.bincount(x[:, 0], minlength=3) / 200)
    for _ in range(20):
        other = Table((3,), 3)
        with torch.no_grad():
            other.logits.copy_(model.logits + 0.01 * torch.randn(model.logits.shape))
        assert other.log_prob(x).sum() < best


def test_counting_a_bigram_by_hand():
    """'abracadabra' as pairs of neighbours: after a come b, c, d and b; 'abba' is impossible without smoothing."""
    letters = sorted(set("abracadabra"))
    code = torch.tensor([[letters.index(c) for c in "abracadabra"]])
    model = Table((11,), 5, memory=1, shared=True).count(code)
    after_a = model.logits[1 + letters.index("a")].exp()
    assert torch.allclose(after_a, torch.tensor([0, 2, 1, 1, 0]) / 4)
    abba = torch.tensor([[letters.index(c) for c in "abba"]])
    short = Table((4,), 5, memory=1, shared=True)
    short.set_rows(model.logits.exp())
    assert short.log_prob(abba).item() == -math.inf
    smooth = Table((11,), 5, memory=1, shared=True).count(code, smoothing=1)
    assert torch.allclose(smooth.logits[1].exp(), torch.tensor([1, 3, 2, 2, 1]) / 9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Table((25,), 2), "33554431|entries, wanted at most"),
        (lambda: Table((3,), 2, memory=-1), "memory: got -1, wanted None or an integer of at least 0"),
        (lambda: Table((3,), 2, memory=1.0), "memory: got 1.0"),
        (lambda: Table.from_joint(torch.full((2, 3), 1 / 6)), r"p: got \(2, 3\), wanted a tensor of shape \(V, V"),
        (lambda: Table.from_joint(torch.full((2, 2), 0.3)), r"p: row \(\) sums to 1.2, wanted 1"),
        (lambda: Table.from_joint(torch.tensor([1.5, -0.5])), r"p: got -0.5 at index \(1,\)"),
        (lambda: Table.from_joint([0.5, 0.5]), "p: got list"),
        (lambda: Table.from_markov(torch.ones(1), torch.full((2, 2), 0.5), 3), r"transition: got shapes \(1,\) and"),
        (lambda: Table.from_markov(torch.ones(2) / 2, torch.full((2, 2), 0.5), 1), "length: got 1, wanted at least 2"),
        (lambda: Table((2,), 2).count(torch.zeros(0, 2, dtype=torch.int64)), "x: got an empty batch"),
        (lambda: Table((2,), 2).count(torch.zeros(1, 2, dtype=torch.int64), smoothing=-1), "smoothing: got -1"),
        (lambda: Table((2,), 2).set_rows(torch.ones(2, 2)), r"weight: got shape \(2, 2\), wanted \(3, 2\)"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
