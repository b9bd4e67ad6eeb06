"""Entropy, cross-entropy and KL: by closed form, by torch, over every small table, and with input that is refused."""

import itertools
import math
import re

import pytest
import torch
from torch.distributions import Categorical, kl_divergence
from torch.nn import functional as F

from dgmlib.divergences import check_probabilities, cross_entropy, entropy, kl
from dgmlib.likelihood import to_bits

HALVES = torch.tensor([0.5, 0.25, 0.125, 0.125], dtype=torch.float64)
UNIFORM = torch.full((4,), 0.25, dtype=torch.float64)


def tables(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)).log_softmax(-1).mul(5).softmax(-1)


def close(a, b, tolerance=1e-14):
    return torch.allclose(a, b, rtol=0, atol=tolerance)


def test_powers_of_two_in_bits():
    assert to_bits(entropy(HALVES)).item() == pytest.approx(1.75, abs=1e-15)
    assert to_bits(cross_entropy(HALVES, UNIFORM)).item() == pytest.approx(2, abs=1e-15)
    assert to_bits(kl(HALVES, UNIFORM)).item() == pytest.approx(0.25, abs=1e-15)


def test_results_are_in_nats():
    assert entropy(UNIFORM).item() == pytest.approx(math.log(4), abs=1e-15)
    assert kl(torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5])).item() == pytest.approx(math.log(2), abs=1e-15)


def test_swapping_the_arguments_changes_kl_here_and_not_there():
    p, q = torch.tensor([0.5, 0.5]), torch.tensor([0.9, 0.1])
    assert round(to_bits(kl(p, q)).item(), 3) == 0.737 and round(to_bits(kl(q, p)).item(), 3) == 0.531
    assert close(kl(q, q.flip(0)), kl(q.flip(0), q)) and kl(q, q.flip(0)) > 1


def test_kl_obeys_no_triangle_inequality():
    a, b, c = (torch.tensor([1 - x, x]) for x in (0.5, 0.25, 0.01))
    assert kl(a, c) > kl(a, b) + kl(b, c)


def test_a_hundred_draws_with_one_in_ten():
    """The mode is cheaper than the average draw by far: 15.2 and 46.9 bits."""
    p = torch.tensor([0.9, 0.1])
    assert round(-100 * to_bits(p[0].log()).item(), 1) == 15.2 and round(100 * to_bits(entropy(p)).item(), 1) == 46.9


@pytest.mark.parametrize("values", [2, 3, 17])
def test_torch_says_the_same(values):
    p, q = tables(6, values), tables(6, values, seed=1)
    assert close(entropy(p), Categorical(p).entropy())
    assert close(kl(p, q), kl_divergence(Categorical(p), Categorical(q)))
    assert close(kl(p, q).mean(), F.kl_div(q.log(), p, reduction="batchmean"))  # arguments the other way, q in logs
    assert close(cross_entropy(p, q).mean(), F.cross_entropy(q.log(), p))


def test_gradients_are_torchs():
    p, q = tables(5, 4), tables(5, 4, seed=1)
    logits = torch.randn(5, 4, requires_grad=True)
    (ours,) = torch.autograd.grad(kl(p, logits.softmax(-1)).sum(), logits)
    assert close(ours, logits.softmax(-1) - p)
    leaf = q.clone().requires_grad_()
    (slope,) = torch.autograd.grad(cross_entropy(p, leaf).sum(), leaf)
    assert close(slope, -p / q, 1e-12)


def test_cross_entropy_is_entropy_and_kl():
    p, q = tables(20, 5), tables(20, 5, seed=1)
    assert close(cross_entropy(p, q), entropy(p) + kl(p, q))
    assert close(kl(p, torch.full((5,), 0.2)), math.log(5) - entropy(p))
    assert (entropy(p) < math.log(5)).all() and (kl(p, q) > 0).all()
    assert (kl(p, p) == 0).all() and close(cross_entropy(p, p), entropy(p))


def test_kl_of_independent_variables_adds_up():
    p, q, r, s = (tables(3, seed=seed) for seed in range(4))

    def pair(a, b):
        return (a[:, None] * b).flatten()

    assert close(kl(pair(p, q), pair(r, s)), kl(p, r) + kl(q, s))
    assert close(entropy(pair(p, q)), entropy(p) + entropy(q))


def test_every_small_table_with_zeros():
    """KL and cross-entropy are infinite where p > 0 and q = 0 for some value, finite elsewhere, and NaN nowhere."""
    grid = [t for t in itertools.product([0.0, 0.25, 0.5, 0.75, 1.0], repeat=3) if sum(t) == 1]
    pairs = list(itertools.product(grid, repeat=2))
    assert len(pairs) == 15**2
    p, q = (torch.tensor(side) for side in zip(*pairs, strict=True))
    impossible = ((p > 0) & (q == 0)).any(-1)
    assert 0 < impossible.sum() < len(pairs)
    for divergence, finite in (
        (kl(p, q), [sum(a * math.log(a / b) for a, b in zip(s, t, strict=True) if a and b) for s, t in pairs]),
        (cross_entropy(p, q), [-sum(a * math.log(b) for a, b in zip(s, t, strict=True) if a and b) for s, t in pairs]),
    ):
        assert torch.equal(divergence.isinf(), impossible) and (divergence[impossible] > 0).all()
        assert close(divergence[~impossible], torch.tensor(finite)[~impossible], 1e-15)
    assert close(entropy(p), torch.tensor([-sum(a * math.log(a) for a in s if a) for s, _ in pairs]), 1e-15)


def test_shapes_broadcast_before_the_last_dimension():
    p, q = tables(2, 3, 4), tables(3, 4, seed=1)
    assert entropy(p).shape == (2, 3) and entropy(p[0, 0]).shape == ()
    assert kl(p, q).shape == (2, 3)
    for i, j in itertools.product(range(2), range(3)):
        assert kl(p, q)[i, j] == kl(p[i, j], q[j]) and cross_entropy(p, q)[i, j] == cross_entropy(p[i, j], q[j])


@pytest.mark.parametrize("dtype, allowed, refused", [(torch.float64, 1e-7, 1e-5), (torch.float32, 1e-4, 1e-3)])
def test_rows_sum_to_one_within_rounding(dtype, allowed, refused):
    p = torch.tensor([0.5, 0.5], dtype=dtype)
    for sign in (1, -1):
        assert check_probabilities("p", p + sign * allowed / 2) is not None
        with pytest.raises(ValueError, match=r"p: row \(\) sums to .*, wanted 1"):
            check_probabilities("p", p + sign * refused / 2)


def test_softmax_of_large_tables_is_a_table():
    for dtype in (torch.float32, torch.float64):
        assert entropy(torch.zeros(2, 100_000, dtype=dtype).softmax(-1)).dtype == dtype


P = torch.tensor([[0.5, 0.5], [0.2, 0.8]], dtype=torch.float64)


@pytest.mark.parametrize(
    "table, says",
    [
        (torch.tensor([[0.5, 0.5], [0.3, 0.8]]), "row (1,) sums to 1.1, wanted 1"),
        (torch.zeros(2, 2), "row (0,) sums to 0, wanted 1"),
        (torch.tensor([[1.25, -0.25], [0.2, 0.8]]), "got -0.25 at index (0, 1), wanted no negative probability"),
        (torch.tensor([[0.5, 0.5], [math.nan, 1.0]]), "got NaN at index (1, 0), wanted probabilities"),
        (torch.tensor([[math.inf, 0.5], [0.2, 0.8]]), "row (0,) sums to inf, wanted 1"),
        (torch.zeros(0, 2), "got shape (0, 2), wanted (..., V) with at least one row and one value"),
        (torch.zeros(2, 0), "got shape (2, 0), wanted (..., V)"),
        (torch.tensor(1.0), "got shape (), wanted (..., V)"),
        (torch.tensor([[0, 1], [1, 0]]), "got torch.int64, wanted a floating-point tensor of probabilities"),
        ([[0.5, 0.5], [0.2, 0.8]], "got list, wanted a floating-point tensor of probabilities"),
        (P.log(), "got -0.693147 at index (0, 0), wanted no negative probability"),  # logs for probabilities
    ],
)
def test_no_table_of_probabilities_is_refused(table, says):
    for call, name in (
        (lambda: entropy(table), "p"),
        (lambda: cross_entropy(table, P), "p"),
        (lambda: cross_entropy(P, table), "q"),
        (lambda: kl(table, P), "p"),
        (lambda: kl(P, table), "q"),
    ):
        with pytest.raises(ValueError, match=re.escape(f"{name}: {says}")):
            call()


@pytest.mark.parametrize("divergence", [cross_entropy, kl])
def test_tables_over_different_values_are_refused(divergence):
    with pytest.raises(
        ValueError, match=re.escape("q: got 4 values in the last dimension, wanted 2, as many as p has")
    ):
        divergence(P, UNIFORM)


@pytest.mark.parametrize("divergence", [cross_entropy, kl])
def test_tables_of_shapes_that_do_not_fit_are_refused(divergence):
    three, two = P[:1].expand(3, 2), P[:1].expand(2, 2)
    with pytest.raises(ValueError, match=re.escape("q: got shape (2, 2), wanted one that broadcasts with p's (3, 2)")):
        divergence(three, two)


def test_no_rounding_makes_a_divergence_negative_or_a_zero_minus_zero():
    generator = torch.Generator().manual_seed(0)
    p = torch.rand(1000, 7, generator=generator).softmax(-1)
    q = p * (1 + 1e-12 * torch.randn(p.shape, generator=generator))
    assert (kl(p, q / q.sum(-1, keepdim=True)) >= 0).all()
    certain = torch.tensor([0.0, 1.0])
    assert not torch.signbit(cross_entropy(certain, certain))
