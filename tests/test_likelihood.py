"""Average likelihoods and units, by closed form, by other libraries, and with input that is refused."""

import math
import re

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from dgmlib.likelihood import bits_per_dim, dequantize, in_units, nll, perplexity, standard_error, to_bits, to_nats


def test_nll_is_what_torch_calls_cross_entropy():
    logits, labels = torch.randn(50, 7), torch.randint(7, (50,))
    log_prob = logits.log_softmax(-1)[torch.arange(50), labels]
    assert abs(nll(log_prob) - F.cross_entropy(logits, labels).item()) < 1e-14


def test_nll_of_one_impossible_example_is_infinite():
    assert nll(torch.tensor([-1.0, -math.inf])) == math.inf
    assert nll(torch.tensor([0.0])) == 0  # a certainty costs nothing


def test_nll_of_a_density_may_be_negative():
    assert nll(torch.distributions.Uniform(0.0, 0.5).log_prob(torch.tensor([0.1, 0.2]))) == -math.log(2)


def test_nll_keeps_the_digits_of_float64():
    assert nll(torch.tensor([-1.0, -1.0 - 2e-12])) == 1 + 1e-12
    assert isinstance(nll(torch.tensor([-1.0])), float)


def test_standard_error_is_the_sample_deviation_over_root_n():
    values = torch.randn(40)
    assert abs(standard_error(values) - np.std(values.numpy(), ddof=1) / math.sqrt(40)) < 1e-15
    assert standard_error(torch.full((5,), -3.0)) == 0


def test_standard_error_is_how_far_means_scatter():
    """Means over 25 draws of a coin that pays 0 or 1 deviate by 1/10, and so the error says on average."""
    draws = torch.randint(2, (4000, 25), generator=torch.Generator().manual_seed(0)).double()
    scatter = draws.mean(1).std().item()
    stated = math.sqrt(np.mean([standard_error(row) ** 2 for row in draws[:1000]]))
    assert abs(scatter - 0.1) < 0.004 and abs(stated - 0.1) < 0.001


@pytest.mark.parametrize("nats, bits", [(math.log(2), 1), (math.log(8), 3), (0, 0), (-math.log(4), -2)])
def test_a_bit_is_a_choice_between_two(nats, bits):
    assert to_bits(nats) == pytest.approx(bits, abs=1e-15) and to_nats(bits) == pytest.approx(nats, abs=1e-15)
    assert torch.equal(to_bits(torch.tensor([nats])), torch.tensor([to_bits(nats)]))


@pytest.mark.parametrize(
    "nats, dims, bits",
    [
        (784 * math.log(256), 784, 8),  # an 8-bit image that the model knows nothing of
        (64 * math.log(2), 64, 1),  # the binarised digits, likewise: 44.36 nats
        (44.36, 64, 1.000),
        (18.65, 64, 0.420),  # the FVSBN on them
        (3 * 32 * 32 * math.log(256) / 2, 3 * 32 * 32, 4),
    ],
)
def test_bits_per_dim_counts_event_dimensions(nats, dims, bits):
    assert bits_per_dim(nats, dims) == pytest.approx(bits, abs=5e-4)
    assert bits_per_dim(nats, dims) == nats / (dims * math.log(2))
    assert torch.equal(bits_per_dim(torch.tensor([nats, 0.0]), dims), torch.tensor([bits_per_dim(nats, dims), 0.0]))


def test_perplexity_of_uniform_guesses_is_how_many_there_are():
    assert perplexity(5 * math.log(27), 5) == pytest.approx(27, rel=1e-14)
    assert perplexity(0.0, 5) == 1 and perplexity(math.inf, 5) == math.inf


def test_perplexity_depends_on_what_a_token_is():
    """1.4697 nats a character is 2.12 bits, or a perplexity of 4.35; two characters a token would make it 18.9."""
    assert round(to_bits(1.4697), 2) == 2.12
    assert round(perplexity(1.4697 * 100, 100), 2) == 4.35 and round(perplexity(1.4697 * 100, 50), 1) == 18.9


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: nll(torch.zeros(2, 3)), "log_prob: got shape (2, 3), wanted (N,): one number for each example"),
        (lambda: nll(torch.tensor(-1.0)), "log_prob: got shape (), wanted (N,)"),
        (lambda: nll(torch.zeros(0)), "log_prob: got an empty batch, wanted at least one example"),
        (lambda: nll(torch.tensor([0.0, math.nan])), "log_prob: got NaN at index 1"),
        (lambda: standard_error(torch.zeros(2, 3)), "values: got shape (2, 3), wanted (N,)"),
        (lambda: standard_error(torch.zeros(0)), "values: got an empty batch"),
        (lambda: standard_error(torch.zeros(1)), "values: got 1 value, wanted at least 2"),
        (lambda: standard_error(torch.tensor([math.nan, 0.0])), "values: got NaN at index 0"),
        (lambda: bits_per_dim(1.0, 0), "dims: got 0, wanted a positive integer"),
        (lambda: bits_per_dim(1.0, 64.0), "dims: got 64.0, wanted a positive integer"),
        (lambda: bits_per_dim(1.0, True), "dims: got True, wanted a positive integer"),
        (lambda: perplexity(1.0, -3), "tokens: got -3, wanted a positive integer"),
        (lambda: perplexity(1.0, None), "tokens: got None, wanted a positive integer"),
    ],
)
def test_bad_input_is_named(call, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        call()


def test_an_infinite_value_has_no_standard_error():
    with pytest.raises(ValueError, match="values: got -inf at index 1, wanted finite numbers"):
        standard_error(torch.tensor([-1.0, -math.inf]))


def test_dequantised_data_stay_within_their_interval():
    x = torch.arange(256).repeat(4000, 1)
    for dtype in (torch.float32, torch.float16):
        y = dequantize(x, generator=torch.Generator().manual_seed(0), dtype=dtype)
        assert torch.equal(y.floor().long(), x)
    assert abs(dequantize(x, dtype=torch.float64).sub(x).mean() - 0.5) < 1e-3


def test_the_bound_of_dequantisation_holds_and_is_tight_for_a_density_that_is_flat_on_intervals():
    """A logistic density's bound is below the probability of its interval; a piecewise constant one's equals it."""
    x, mean, scale = torch.arange(20), 9.3, 0.8
    u = (torch.arange(2000, dtype=torch.float64) + 0.5) / 2000
    y = x[:, None] + u
    z = (y - mean) / scale
    bound = (-z - math.log(scale) - 2 * torch.nn.functional.softplus(-z)).mean(1)
    exact = (torch.sigmoid((x + 1 - mean) / scale) - torch.sigmoid((x - mean) / scale)).double().log()
    assert (bound < exact).all() and (exact - bound).max() > 0.01
    p = torch.rand(20, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).softmax(0)
    flat = p[y.floor().long()].log().mean(1)  # density p(v) on [v, v + 1)
    assert torch.allclose(flat, p.log(), atol=1e-12)


def test_without_noise_a_density_has_no_upper_bound():
    """What must not be called a likelihood of discrete data: narrower spikes on the values gain without limit."""
    values = torch.arange(10.0, dtype=torch.float64)
    gains = [
        torch.distributions.Normal(values, s).log_prob(values).mean().item() - math.log(10) for s in (0.1, 1e-3, 1e-6)
    ]
    assert gains[0] < 0 < gains[1] < gains[2]


@pytest.mark.parametrize("scale", [127.5, -2.0, 1e-3])
def test_a_density_in_other_units(scale):
    x = torch.randn(50, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    normal = torch.distributions.Normal(torch.zeros(3, dtype=torch.float64), 1.0)
    move = torch.distributions.AffineTransform(7.0, scale)
    moved = torch.distributions.TransformedDistribution(normal, move)
    assert torch.allclose(in_units(normal.log_prob(x).sum(1), 3, scale), moved.log_prob(move(x)).sum(1), atol=1e-10)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: dequantize(torch.rand(3, dtype=torch.float32)), "x: got torch.float32, wanted integers"),
        (lambda: dequantize(3), "x: got int, wanted integers"),
        (lambda: in_units(1.0, 3, 0), "scale: got 0, wanted a finite number other than 0"),
        (lambda: in_units(1.0, 0, 2.0), "dims: got 0, wanted a positive integer"),
    ],
)
def test_what_cannot_be_converted(call, says):
    with pytest.raises(ValueError, match=says):
        call()
