"""Discretised logistics against arithmetic of many digits and chi-square tests, and wrong ones that must fail."""

import math
from decimal import Decimal, localcontext

import pytest
import torch
from oracles import chi_square_p_value
from torch.nn import functional as F

from dgmlib.distributions import DiscretizedLogistics, soft_limit

DTYPES = {torch.float64: (354.0, 1e-12), torch.float32: (43.0, 1e-5)}  # greatest log-scale, tolerance of a sum


def everywhere(values, dtype):
    """Single components with means far outside, on and between the bins' ends, of the narrowest and widest scales."""
    most = DTYPES[dtype][0]
    means = [-1e16, -1e6, -300.0, -1, -0.5, -0.25, 0, 0.1, 0.5, values / 2, values / 2 + 0.3]
    means += [values - 1, values - 0.5, values + 0.1, 1e4, 1e10, 1e16]
    log_scales = [s * x for x in (0, 1, 3, 7, 10, 20, 43, most) for s in (-1, 1)]
    pairs = torch.cartesian_prod(torch.tensor(means, dtype=dtype), torch.tensor(log_scales, dtype=dtype))
    return pairs[:, :1], pairs[:, 1:]


def mixture(values, components=3, batch=(4,), seed=0, kind=DiscretizedLogistics):
    g = torch.Generator().manual_seed(seed)
    log_weights, means, log_scales = torch.randn(3, *batch, components, generator=g)
    return kind(log_weights, values / 2 + values / 3 * means, log_scales + math.log(values / 8), values)


def law_normalisation(kind, dtype=torch.float64, values=(2, 3, 256)):
    """Every distribution sums to one, wherever its mean is and however wide it is."""
    for v in values:
        means, log_scales = everywhere(v, dtype)
        total = kind(torch.zeros_like(means), means, log_scales, v).probs.sum(-1)
        assert ((total - 1).abs() < DTYPES[dtype][1]).all(), f"V = {v}: off by {(total - 1).abs().max().item()}"


def law_digits(kind):
    """Log-probabilities agree with the same differences of sigmoids in arithmetic of many digits."""
    for values, mean, log_scale in [
        (256, 100.3, 0.5),
        (256, 12.0, -1.0),
        (8, -40.0, 0.0),
        (16, 3.2, 9.0),
        (3, 1.4, -2),
    ]:
        p = kind(torch.zeros(1), torch.tensor([mean]), torch.tensor([float(log_scale)]), values)
        chosen = sorted({0, 1, values // 2, values - 1})
        with localcontext() as context:
            context.prec = 400  # the smallest of these probabilities is near exp(-660)
            inverse = 1 / Decimal(log_scale).exp()
            ends = [(Decimal(end) - Decimal(mean)) * inverse for v in chosen for end in (v - 0.5, v + 0.5)]
            upto = [1 / (1 + (-z).exp()) for z in ends]
            upto[0], upto[-1] = Decimal(0), Decimal(1)  # the first and the last bin have no other end
            want = torch.tensor([float((b - a).ln()) for a, b in zip(upto[::2], upto[1::2], strict=True)])
        assert torch.allclose(p.logits[chosen], want, rtol=1e-12, atol=0), (values, mean, log_scale)


def law_gradients(kind, dtype=torch.float64):
    """Log-probabilities and gradients are finite at every value, for extreme parameters too."""
    for values in (2, 3, 17):
        for mean, log_scale in zip(*everywhere(values, dtype), strict=True):
            parameters = [p.clone().requires_grad_() for p in (torch.zeros_like(mean), mean, log_scale)]
            logits = kind(*parameters, values).logits
            assert logits.isfinite().all()
            for gradient in torch.autograd.grad(logits.sum(), parameters):
                assert gradient.isfinite().all(), (values, mean.item(), log_scale.item())


def law_samples(kind):
    """Samples fall on every value as often as its probability says."""
    for values in (2, 5, 40):
        p = mixture(values, batch=(), seed=values, kind=kind)
        torch.manual_seed(0)
        counts = torch.bincount(p.sample((20_000,)), minlength=values)
        assert chi_square_p_value(counts, 20_000 * p.probs) > 1e-4, f"V = {values}"


def law_first_loss(from_raw):
    """A raw output of zero costs uniform data little more than ln V, for every V and K: what the docstring says."""
    for components in range(1, 11):
        for values in range(2, 257):
            loss = -from_raw(torch.zeros(3 * components), values).logits.mean().item()
            assert loss == pytest.approx(math.log(values), rel=0.038 if components == 1 else 0.02), (values, components)


class OpenEnds(DiscretizedLogistics):
    """Its outer bins are as wide as the others: what lies beyond them is lost."""

    def _log_prob(self, value, log_weights, means, log_scales):
        inverse = (-log_scales).exp()
        a, b = (value - 0.5 - means) * inverse, (value + 0.5 - means) * inverse
        log_bin = F.logsigmoid(b) + F.logsigmoid(-a) + torch.log(-torch.expm1(-inverse))
        return torch.logsumexp(log_weights + log_bin, -1)


class Density(DiscretizedLogistics):
    """The density in the middle of each bin, where the bin's probability belongs."""

    def _log_prob(self, value, log_weights, means, log_scales):
        z = (value - means) * (-log_scales).exp()
        return torch.logsumexp(log_weights + F.logsigmoid(z) + F.logsigmoid(-z) - log_scales, -1)


class Subtracts(DiscretizedLogistics):
    """The logarithm of a difference of sigmoids, taken as it is written."""

    def _log_prob(self, value, log_weights, means, log_scales):
        inverse = (-log_scales).exp()
        upper, lower = ((value + s - means).mul(inverse).sigmoid() for s in (0.5, -0.5))
        upper = torch.where(value == self.values - 1, 1.0, upper)
        lower = torch.where(value == 0, 0.0, lower)
        return torch.logsumexp(log_weights + (upper - lower).log(), -1)


class Clamps(Subtracts):
    """The same, with a least probability so that the logarithm is finite: it no longer sums to one in the tails."""

    def _log_prob(self, value, log_weights, means, log_scales):
        return super()._log_prob(value, log_weights, means, log_scales).clamp(min=math.log(1e-12))


class RoundsDown(DiscretizedLogistics):
    """Samples the lower end of each bin: half a value too low."""

    def sample(self, sample_shape=()):
        (n,) = sample_shape
        k = torch.multinomial(self.log_weights.exp(), n, replacement=True)
        x = self.means[k] + self.log_scales[k].exp() * torch.rand(n).logit()
        return x.floor().clamp(0, self.values - 1).long()


@pytest.mark.parametrize("dtype", DTYPES)
def test_probabilities_sum_to_one(dtype):
    law_normalisation(DiscretizedLogistics, dtype, range(2, 257))


def test_a_mixture_sums_to_one():
    for values in (2, 3, 256):
        assert torch.allclose(mixture(values, components=7).probs.sum(-1), torch.ones(4), rtol=0, atol=1e-12)


def test_log_probabilities_keep_their_digits_in_the_tails():
    law_digits(DiscretizedLogistics)


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradients_are_finite_everywhere(dtype):
    law_gradients(DiscretizedLogistics, dtype)


def test_samples_agree_with_the_probabilities():
    law_samples(DiscretizedLogistics)


def test_a_raw_output_of_zero_is_near_uniform():
    law_first_loss(DiscretizedLogistics.from_raw)


def too_wide(raw, values):
    """Zero raw output at scale V: half of the mass at each end."""
    means = torch.full((len(raw) // 3,), (values - 1) / 2)
    return DiscretizedLogistics(torch.zeros_like(means), means, torch.full_like(means, math.log(values)), values)


@pytest.mark.parametrize(
    ("law", "wrong"),
    [
        (law_normalisation, OpenEnds),
        (law_normalisation, Density),
        (law_normalisation, Clamps),
        (law_digits, Subtracts),
        (law_digits, Density),
        (law_digits, Clamps),
        (law_gradients, Subtracts),
        (law_samples, RoundsDown),
        (law_first_loss, too_wide),
    ],
    ids=lambda x: x.__name__,
)
def test_a_wrong_distribution_is_rejected(law, wrong):
    with pytest.raises(AssertionError):
        law(wrong)


@pytest.mark.parametrize("values", [2, 3, 9])
def test_gradients_agree_with_differences(values):
    p = mixture(values, batch=(2,))
    parameters = tuple(t.requires_grad_() for t in (torch.randn(2, 3), p.means, p.log_scales))
    assert torch.autograd.gradcheck(lambda *t: DiscretizedLogistics(*t, values).logits, parameters)
    raw = torch.randn(2, 9, requires_grad=True)
    assert torch.autograd.gradcheck(lambda r: DiscretizedLogistics.from_raw(r, values).logits, raw)


def test_log_prob_is_the_entry_of_logits():
    p = mixture(6, batch=(4, 5))
    value = torch.arange(20).view(4, 5) % 6
    assert torch.equal(p.log_prob(value), p.logits.gather(-1, value[..., None]).squeeze(-1))
    assert torch.equal(p.log_prob(torch.tensor(3)), p.logits[..., 3])
    assert p.log_prob(value.expand(2, 4, 5)).shape == (2, 4, 5)


def test_log_prob_computes_no_other_value():
    """A range of 2^40 values would not fit into any memory."""
    p = DiscretizedLogistics.from_raw(torch.zeros(5, 6), 2**40)
    assert torch.allclose(p.log_prob(torch.tensor(2**39)), torch.tensor(-40 * math.log(2)), rtol=0.02, atol=0)


def test_mean_is_that_of_many_samples():
    p = mixture(30)
    x = p.sample((40_000,)).double()
    error = x.std(0) / math.sqrt(len(x))
    assert ((x.mean(0) - p.mean).abs() < 4 * error).all()
    assert not ((x.mean(0) - p.means.mean(-1)).abs() < 4 * error).any()  # that of the uncut components is another


def test_samples_have_the_shape_that_was_asked_for():
    p = mixture(4, batch=(2, 3))
    for shape in [(), (5,), (5, 1)]:
        x = p.sample(shape)
        assert x.shape == (*shape, 2, 3) and x.dtype == torch.int64
        assert p.support.check(x).all()


@pytest.mark.parametrize("mean", [-1e10, 1e10])
def test_a_mean_far_outside_samples_the_end(mean):
    p = DiscretizedLogistics(torch.zeros(1), torch.tensor([mean]), torch.zeros(1), 5)
    assert (p.sample((100,)) == (0 if mean < 0 else 4)).all()
    assert p.mean.item() == (0 if mean < 0 else 4)


@pytest.mark.parametrize("values", [2, 10, 256])
def test_raw_outputs_have_sensible_units(values):
    """Of one: a mean by a quarter of the range, a scale by e, within half a per cent."""
    zero, one = (DiscretizedLogistics.from_raw(torch.full((12,), r), values) for r in (0.0, 1.0))
    gap = zero.means.diff()
    assert torch.allclose(gap, gap[0].expand(3), rtol=1e-12, atol=0)  # evenly, and symmetrically
    assert zero.means.mean().item() == pytest.approx((values - 1) / 2)
    assert torch.allclose(one.means - zero.means, torch.tensor(values / 4), rtol=1e-12, atol=0)
    assert torch.allclose(one.log_scales - zero.log_scales, torch.tensor(1.0), rtol=0.005, atol=0)


def test_components_learn_different_things_from_the_start():
    raw = torch.zeros(12, requires_grad=True)
    DiscretizedLogistics.from_raw(raw, 10).log_prob(torch.tensor([1, 2, 7])).sum().backward()
    for gradient in raw.grad.view(3, 4):
        assert len(gradient.unique()) == 4


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_raw_output_is_too_large(dtype):
    sizes = [s * x for x in (1.0, 30.0, 1e3, 1e6, 1e15) for s in (-1, 1)]
    raw = torch.cartesian_prod(*[torch.tensor(sizes, dtype=dtype)] * 3).repeat_interleave(2, 1).requires_grad_()
    for values in (2, 256):
        logits = DiscretizedLogistics.from_raw(raw, values).logits
        (gradient,) = torch.autograd.grad(logits.sum(), raw)
        assert logits.isfinite().all() and gradient.isfinite().all()


def test_soft_limit_leaves_small_numbers_and_bounds_large_ones():
    x = torch.tensor([-1e300, -0.01, 0.0, 0.01, 1e300])
    assert torch.allclose(soft_limit(x, 3.0), torch.tensor([-3.0, -0.01, 0.0, 0.01, 3.0]), rtol=1e-5, atol=0)


GOOD = torch.zeros(2, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DiscretizedLogistics(GOOD, GOOD, GOOD, 1), "values: got 1, wanted an integer of at least 2"),
        (lambda: DiscretizedLogistics(GOOD, GOOD, GOOD, True), "values: got True"),
        (lambda: DiscretizedLogistics(GOOD, GOOD, GOOD, 4.0), r"values: got 4\.0"),
        (lambda: DiscretizedLogistics(GOOD, GOOD[0], GOOD, 4), r"got shapes \(2, 3\), \(3,\), \(2, 3\), wanted the"),
        (lambda: DiscretizedLogistics(*[torch.tensor(0.0)] * 3, 4), r"got shapes \(\), \(\), \(\), wanted the same"),
        (lambda: DiscretizedLogistics(GOOD, GOOD + math.nan, GOOD, 4), "means: got nan, wanted finite numbers"),
        (lambda: DiscretizedLogistics(GOOD - math.inf, GOOD, GOOD, 4), "log_weights: got -inf, wanted finite numbers"),
        (
            lambda: DiscretizedLogistics(GOOD, GOOD, GOOD - 400, 4),
            r"log_scales: got -400\.0, wanted numbers from -43 to 43",
        ),
        (lambda: DiscretizedLogistics(GOOD, GOOD, GOOD * math.nan, 4), "log_scales: got nan"),
        (
            lambda: DiscretizedLogistics.from_raw(torch.zeros(2, 4), 4),
            r"raw: got shape \(2, 4\), wanted \(\.\.\., 3K\)",
        ),
        (lambda: DiscretizedLogistics.from_raw(torch.zeros(2, 0), 4), r"raw: got shape \(2, 0\)"),
        (lambda: DiscretizedLogistics.from_raw(torch.zeros(2, 3), 0), "values: got 0"),
        (lambda: mixture(4).log_prob(torch.tensor(4)), r"value: got 4, wanted integers 0\.\.3"),
        (lambda: mixture(4).log_prob(torch.tensor([0.0, 1.5, 2.0, 3.0])), r"value: got 1\.5, wanted integers 0\.\.3"),
    ],
)
def test_bad_input_raises_one_clear_error(make, message):
    with pytest.raises(ValueError, match=message):
        make()
