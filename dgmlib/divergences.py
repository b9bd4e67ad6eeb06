r"""How far one distribution is from another. Whatever is a logarithm is in nats.

Tables of probabilities have divergences to the last digit: :func:`kl`, :func:`jensen_shannon`,
:func:`total_variation`, :func:`hellinger`, :func:`chi_squared`, :func:`alpha_divergence`, :func:`renyi` and, for any
generator, :func:`f_divergence`. Of two ``torch.distributions``, :func:`divergence` finds the same by closed form where
there is one, else by Monte Carlo with a standard error. What knows distances between values: :func:`wasserstein_1d`,
:func:`wasserstein`, :func:`optimal_transport`, :func:`mmd2`. From a classifier's log-odds: :func:`js_from_classifier`,
:func:`tv_from_classifier`.

Infinite divergences are ``inf``, never NaN. Gradients of those of tables are finite where they are, and an entry that
is exactly zero gets the finite part of its derivative only.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import (
    Bernoulli,
    Beta,
    Categorical,
    Dirichlet,
    Distribution,
    Exponential,
    Gamma,
    Independent,
    Normal,
    OneHotCategorical,
    Poisson,
    kl_divergence,
)


@dataclass(frozen=True)
class Estimate:
    """A number that was measured, and how far off chance may have put it.

    Args:
        value: shape ``(...)``.
        standard_error: of the value, same shape and unit; zero where the value is exact.

    Example:
        >>> score = Estimate(torch.tensor(0.35), torch.tensor(0.02))
        >>> low, high = score.value - 2 * score.standard_error, score.value + 2 * score.standard_error
        >>> low, high
        (tensor(0.3100), tensor(0.3900))
    """

    value: Tensor
    standard_error: Tensor


# -------------------------------------------------------------------------------------------- tables of probabilities


def entropy(p: Tensor) -> Tensor:
    r"""Entropy: the average surprise of a source ``p`` to one who knows it, in nats.

    .. math:: H(p) = -\sum_x p(x) \log p(x), \qquad 0 \log 0 = 0

    Args:
        p: probabilities along the last dimension, shape ``(..., V)``.

    Returns:
        Nats, shape ``(...)``, between 0 and log V.

    Raises:
        ValueError: if ``p`` is no table of probabilities (see :func:`check_probabilities`).

    Source:
        Shannon (1948).

    Example:
        >>> entropy(torch.tensor([0.5, 0.25, 0.125, 0.125])) / torch.tensor(2.0).log()
        tensor(1.7500)
    """
    return torch.special.entr(check_probabilities("p", p)).sum(-1)


def cross_entropy(p: Tensor, q: Tensor) -> Tensor:
    r"""Cross-entropy: the average surprise of a source ``p`` to one who believes ``q``, in nats.

    .. math:: H(p, q) = -\sum_x p(x) \log q(x) = H(p) + \mathrm{KL}(p \,\|\, q)

    Args:
        p: the source's probabilities, shape ``(..., V)``.
        q: the model's, of a shape that broadcasts with ``p``'s, same V.

    Returns:
        Nats, shape ``(...)``. Infinite where some x has p(x) > 0 and q(x) = 0.

    Raises:
        ValueError: if ``p`` or ``q`` is no table of probabilities, or their last dimensions differ.

    Example:
        >>> p, q = torch.tensor([0.5, 0.25, 0.125, 0.125]), torch.full((4,), 0.25)
        >>> cross_entropy(p, q) / torch.tensor(2.0).log()
        tensor(2.)
    """
    p, q = _pair(p, q)
    q = torch.where((p == 0) & (q == 0), 1.0, q)  # xlogy(0, 0) = 0 already, but its gradient is NaN
    return 0.0 - torch.xlogy(p, q).sum(-1)  # xlogy(p, 0) = -inf; 0 - 0 is no minus zero


def kl(p: Tensor, q: Tensor) -> Tensor:
    r"""Kullback-Leibler divergence: what believing ``q`` costs when the source is ``p``, in nats.

    .. math:: \mathrm{KL}(p \,\|\, q) = \sum_x p(x) \log \frac{p(x)}{q(x)} \ge 0

    It is no distance: swap the arguments and it may change, and it obeys no triangle inequality. The forward KL of a
    model q of data p is ``kl(p, q)``, the reverse ``kl(q, p)``. Each term is computed as p log(p/q) - p + q, which is
    never negative, and zero only where p = q; since both tables sum to one, what was added cancels.

    Args:
        p: the source's probabilities, shape ``(..., V)``.
        q: the model's, of a shape that broadcasts with ``p``'s, same V.

    Returns:
        Nats, shape ``(...)``. Infinite exactly where some x has p(x) > 0 and q(x) = 0.

    Raises:
        ValueError: if ``p`` or ``q`` is no table of probabilities, or their last dimensions differ.

    Source:
        Kullback and Leibler (1951).

    Example:
        >>> kl(torch.tensor([0.5, 0.5]), torch.tensor([0.9, 0.1])) / torch.tensor(2.0).log()
        tensor(0.7370)
    """
    p, q = _pair(p, q)
    return _alpha_terms(p, q, 1.0).sum(-1)


def jensen_shannon(p: Tensor, q: Tensor) -> Tensor:
    r"""Jensen-Shannon divergence: the mean KL from each of two sources to their even mixture, in nats.

    .. math:: \mathrm{JS}(p, q) = \tfrac12 \mathrm{KL}(p \,\|\, m) + \tfrac12 \mathrm{KL}(q \,\|\, m) \le \log 2,
        \qquad m = \tfrac12 (p + q)

    It is symmetric and always finite: log 2 where no value is possible under both, however far apart they lie. It is
    what a draw tells of the source that it came from, if a fair coin chose the source. It is no distance, but its
    square root is. It is at most log 2 times the total variation.

    Args:
        p: probabilities, shape ``(..., V)``.
        q: of a shape that broadcasts with ``p``'s, same V.

    Returns:
        Nats, shape ``(...)``, between 0 and log 2.

    Raises:
        ValueError: if ``p`` or ``q`` is no table of probabilities, or their last dimensions differ.

    Source:
        Lin (1991); Endres and Schindelin (2003) for the square root.

    Example:
        >>> jensen_shannon(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
        tensor(0.6931)
    """
    p, q = _pair(p, q)
    return _js_terms(p, q).sum(-1)


def total_variation(p: Tensor, q: Tensor) -> Tensor:
    r"""Total variation: the largest difference between the probabilities that two sources give to one event.

    .. math:: \mathrm{TV}(p, q) = \max_A |p(A) - q(A)| = \tfrac12 \sum_x |p(x) - q(x)|

    A distance between 0 and 1. Shown one draw and asked which of two equally likely sources it came from, nobody is
    right more often than (1 + TV) / 2. Pinsker's inequality bounds it: TV is at most sqrt(KL / 2), KL in nats.

    Args:
        p: probabilities, shape ``(..., V)``.
        q: of a shape that broadcasts with ``p``'s, same V.

    Returns:
        A probability, shape ``(...)``. Some authors leave out the factor one half.

    Raises:
        ValueError: if ``p`` or ``q`` is no table of probabilities, or their last dimensions differ.

    Example:
        >>> total_variation(torch.tensor([0.5, 0.5]), torch.tensor([0.9, 0.1]))
        tensor(0.4000)
    """
    p, q = _pair(p, q)
    return (p - q).abs().sum(-1) / 2


def hellinger(p: Tensor, q: Tensor) -> Tensor:
    r"""Hellinger distance, with the factor one half and not squared: between 0 and 1.

    .. math:: H(p, q) = \sqrt{\tfrac12 \sum_x \Big(\sqrt{p(x)} - \sqrt{q(x)}\Big)^2}
        = \sqrt{1 - \sum_x \sqrt{p(x)\, q(x)}}

    Its square, an f-divergence, is ``f_divergence(p, q, GENERATORS["squared_hellinger"])``. It brackets the total
    variation: H^2 <= TV <= H sqrt(2 - H^2). Where p = q, its gradient is given as zero.

    Args:
        p: probabilities, shape ``(..., V)``.
        q: of a shape that broadcasts with ``p``'s, same V.

    Returns:
        No unit, shape ``(...)``. Some authors leave out the factor one half.

    Raises:
        ValueError: if ``p`` or ``q`` is no table of probabilities, or their last dimensions differ.

    Example:
        >>> hellinger(torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5])) ** 2  # 1 - sqrt(1/2)
        tensor(0.2929)
    """
    p, q = _pair(p, q)
    return _root(_alpha_terms(p, q, 0.5).sum(-1) / 4, 2)


def chi_squared(p: Tensor, q: Tensor) -> Tensor:
    r"""Pearson's chi-squared divergence: the variance, under ``q``, of the ratio p/q.

    .. math:: \chi^2(p \,\|\, q) = \sum_x \frac{(p(x) - q(x))^2}{q(x)}

    It bounds KL from above, log(1 + chi^2) even does, and is not symmetric: swapped, it is Neyman's. It says how badly
    expectations under p are estimated from weighted draws of q.

    Args:
        p: probabilities, shape ``(..., V)``.
        q: of a shape that broadcasts with ``p``'s, same V.

    Returns:
        No unit, shape ``(...)``. Infinite exactly where some x has p(x) > 0 and q(x) = 0.

    Raises:
        ValueError: if ``p`` or ``q`` is no table of probabilities, or their last dimensions differ.

    Example:
        >>> chi_squared(torch.tensor([0.5, 0.5]), torch.tensor([0.75, 0.25]))  # 1/12 + 1/4
        tensor(0.3333)
    """
    p, q = _pair(p, q)
    return _chi_terms(p, q).sum(-1)


def alpha_divergence(p: Tensor, q: Tensor, alpha: float) -> Tensor:
    r"""Alpha-divergence, which has KL in both directions as its limits; alpha as in Cichocki and Amari (2010).

    .. math:: D_\alpha(p \,\|\, q) = \frac{\sum_x p(x)^\alpha q(x)^{1 - \alpha} - 1}{\alpha (\alpha - 1)},
        \qquad D_1 = \mathrm{KL}(p \,\|\, q), \quad D_0 = \mathrm{KL}(q \,\|\, p)

    :math:`D_\alpha(p \,\|\, q) = D_{1 - \alpha}(q \,\|\, p)`. One half gives 4 times the squared Hellinger distance,
    2 gives half of Pearson's chi-squared, -1 half of Neyman's. Amari's older parameter is :math:`1 - 2 \alpha`. This is
    not the divergence of order alpha of :func:`renyi`, though each is an increasing function of the other.

    Args:
        p: probabilities, shape ``(..., V)``.
        q: of a shape that broadcasts with ``p``'s, same V.
        alpha: any number; the larger, the more it costs that q is small where p is not.

    Returns:
        Shape ``(...)``; nats at 0 and 1. With alpha >= 1 infinite exactly where some x has p(x) > 0 = q(x), with
        alpha <= 0 where some x has q(x) > 0 = p(x), and between at most 1 / (alpha (1 - alpha)).

    Raises:
        ValueError: if ``p`` or ``q`` is no table of probabilities, their last dimensions differ, or ``alpha`` is not
            finite.

    Source:
        Cichocki and Amari (2010).

    Example:
        >>> p, q = torch.tensor([0.5, 0.5]), torch.tensor([0.9, 0.1])
        >>> torch.stack([alpha_divergence(p, q, alpha) for alpha in (0, 0.5, 0.9, 1)])
        tensor([0.3681, 0.4223, 0.4896, 0.5108])
    """
    p, q = _pair(p, q)
    return _alpha_terms(p, q, _check_alpha(alpha)).sum(-1)


def renyi(p: Tensor, q: Tensor, order: float) -> Tensor:
    r"""Rényi's divergence of a given order, in nats: it adds up over independent variables at every order.

    .. math:: R_a(p \,\|\, q) = \frac{1}{a - 1} \log \sum_x p(x)^a q(x)^{1 - a}, \qquad R_1 = \mathrm{KL}(p \,\|\, q)

    It never falls as the order grows. Order 0 is minus the logarithm of q's mass where p > 0, order infinity the
    logarithm of the largest p/q. Above order 0 it is zero only where p = q. It is no f-divergence, but at an order of
    neither 0 nor 1 a function of :func:`alpha_divergence`: :math:`\log(1 + a (a - 1) D_a) / (a - 1)`.

    Args:
        p: probabilities, shape ``(..., V)``.
        q: of a shape that broadcasts with ``p``'s, same V.
        order: a, at least 0; ``math.inf`` is allowed.

    Returns:
        Nats, shape ``(...)``. With order >= 1 infinite exactly where some x has p(x) > 0 = q(x), below 1 where no x is
        possible under both.

    Raises:
        ValueError: if ``p`` or ``q`` is no table of probabilities, their last dimensions differ, or ``order`` is
            negative or NaN.

    Source:
        Rényi (1961); van Erven and Harremoës (2014).

    Example:
        >>> p, q = torch.tensor([0.5, 0.5]), torch.tensor([0.9, 0.1])
        >>> torch.stack([renyi(p, q, order) for order in (0, 0.5, 1, 2, math.inf)])
        tensor([0.0000, 0.2231, 0.5108, 1.0217, 1.6094])
    """
    p, q = _pair(p, q)
    if not _is_number(order) or not order >= 0:
        raise ValueError(f"order: got {order!r}, wanted a number of at least 0")
    if order == 1:
        return _alpha_terms(p, q, 1.0).sum(-1)
    if order == 0:
        return 0.0 - torch.where(p > 0, q, 0.0).sum(-1).clamp(max=1).log()
    if order == math.inf:
        return torch.where(p > 0, _log_ratio(p, q, p > 0), -math.inf).amax(-1).clamp(min=0)
    p, q = torch.broadcast_tensors(p, q)
    both = (p > 0) & (q > 0)
    infinite = (((p > 0) & (q == 0)).any(-1) if order > 1 else ~both.any(-1))[..., None]
    kept = torch.where(infinite, p, q)  # of p itself the divergence is zero, gradient and all
    some = (p > 0) & (kept > 0)
    ratio, log_p = _log_ratio(p, kept, some), torch.where(some, p, 1.0).log()
    powers = torch.where(some, log_p + (order - 1) * ratio, -math.inf).logsumexp(-1)
    with torch.no_grad():
        near = (order * (order - 1) * _alpha_terms(p, kept, float(order)).sum(-1)).abs() < 0.5
    beyond = order * (order - 1) * _alpha_terms(p, torch.where(near[..., None], kept, p), float(order)).sum(-1)
    powers = torch.where(near, torch.log1p(beyond), powers)  # where their sum is near one, by what it is beyond
    finite = (powers / (order - 1)).clamp(min=0)
    if order > 1:
        return finite + _alpha_terms(p, torch.where(infinite, q, p), 1.0).sum(-1)
    return torch.where(infinite[..., 0], math.inf, finite)


@dataclass(frozen=True)
class FGenerator:
    r"""What makes an f-divergence: a convex function of the ratio p/q that is zero at one, with its two limits.

    Args:
        f: maps positive ratios to numbers, elementwise.
        at_zero: the limit of f(t) for t to 0, may be infinite; what q's mass costs where p has none.
        slope: the limit of f(t) / t for t to infinity, may be infinite; what p's mass costs where q has none.

    Raises:
        ValueError: if on ratios from 1/1000 to 1000 ``f`` is not convex or not zero at one, or no convex function that
            is equal to it there has these limits.

    Source:
        Csiszár (1967); Ali and Silvey (1966); Liese and Vajda (2006) for the limits.

    Example:
        >>> chi_squared_generator = FGenerator(lambda t: (t - 1) ** 2, at_zero=1.0, slope=math.inf)
        >>> f_divergence(torch.tensor([0.5, 0.5]), torch.tensor([0.75, 0.25]), chi_squared_generator)
        tensor(0.3333)
    """

    f: Callable[[Tensor], Tensor]
    at_zero: float
    slope: float

    def __post_init__(self):
        t = torch.logspace(-3, 3, 121, dtype=torch.float64, device="cpu")
        t[60] = 1.0
        values = self.f(t)
        if not isinstance(values, Tensor) or values.shape != t.shape or not values.isfinite().all():
            raise ValueError(f"f: got {values!r} at ratios from 1/1000 to 1000, wanted finite numbers, one for each")
        if values[60].abs() > 1e-9:
            raise ValueError(f"f: got f(1) = {values[60].item():.6g}, wanted 0")
        slopes = values.diff() / t.diff()
        falls = slopes.diff() < -1e-9 * (1 + slopes[1:].abs() + values[1:-1].abs() / t[1:-1])
        if falls.any():
            where = t[1:-1][falls][0].item()
            raise ValueError(f"f: got a slope that falls near t = {where:.4g}, wanted a convex function")
        least = (values[0] - t[0] * slopes[0]).item()
        if not self.at_zero >= least - 1e-9 * (1 + abs(least)):
            raise ValueError(f"at_zero: got {self.at_zero}, wanted the limit of f at 0, at least {least:.6g}")
        least = slopes[-1].item()
        if not self.slope >= least - 1e-9 * (1 + abs(least)):
            raise ValueError(f"slope: got {self.slope}, wanted the limit of f(t) / t, at least {least:.6g}")

    def swapped(self) -> "FGenerator":
        r"""The generator of the divergence with its arguments swapped: :math:`t f(1/t)`.

        Example:
            >>> p, q = torch.tensor([0.5, 0.5]), torch.tensor([0.9, 0.1])
            >>> f_divergence(p, q, GENERATORS["kl"].swapped()), kl(q, p)
            (tensor(0.3681), tensor(0.3681))
        """
        return FGenerator(lambda t: t * self.f(1 / t), self.slope, self.at_zero)


#: Generators by name, ``"kl"``, ``"reverse_kl"``, ``"jensen_shannon"``, ``"total_variation"``,
#: ``"squared_hellinger"``, ``"chi_squared"`` and ``"neyman"``; each is also to be had from a function of its own.
#:
#: :meta hide-value:
GENERATORS = {
    "kl": FGenerator(lambda t: torch.xlogy(t, t), 0.0, math.inf),
    "reverse_kl": FGenerator(lambda t: -torch.log(t), math.inf, 0.0),
    "jensen_shannon": FGenerator(
        lambda t: (torch.xlogy(t, t) - (1 + t) * torch.log((1 + t) / 2)) / 2, math.log(2) / 2, math.log(2) / 2
    ),
    "total_variation": FGenerator(lambda t: (t - 1).abs() / 2, 0.5, 0.5),
    "squared_hellinger": FGenerator(lambda t: (t.sqrt() - 1) ** 2 / 2, 0.5, 0.5),
    "chi_squared": FGenerator(lambda t: (t - 1) ** 2, 1.0, math.inf),
    "neyman": FGenerator(lambda t: (t - 1) ** 2 / t, math.inf, 1.0),
}


def f_divergence(p: Tensor, q: Tensor, generator: FGenerator) -> Tensor:
    r"""The f-divergence of a generator: the mean, under ``q``, of a convex function of the ratio p/q.

    .. math:: D_f(p \,\|\, q) = \sum_{q(x) > 0} q(x)\, f\!\Big(\frac{p(x)}{q(x)}\Big)
        + \lim_{t \to \infty} \frac{f(t)}{t} \sum_{q(x) = 0} p(x)

    Never negative, and no processing of the values makes it larger. A ratio that overflows counts as one where
    q = 0, and nearly equal tables lose digits: where a function has the divergence's name, it is more accurate.

    Args:
        p: probabilities, shape ``(..., V)``.
        q: of a shape that broadcasts with ``p``'s, same V.
        generator: one of ``GENERATORS``, or your own :class:`FGenerator`.

    Returns:
        Shape ``(...)``; nats if the generator's logarithms are natural. Infinite exactly where ``generator.slope`` is
        infinite and some x has p(x) > 0 = q(x), or ``generator.at_zero`` is and some x has q(x) > 0 = p(x).

    Raises:
        ValueError: if ``p`` or ``q`` is no table of probabilities, their last dimensions differ, or ``generator`` is no
            :class:`FGenerator`.

    Source:
        Csiszár (1967); Ali and Silvey (1966); Nowozin, Cseke and Tomioka (2016) for a table of generators.

    Example:
        >>> p, q = torch.tensor([0.5, 0.5]), torch.tensor([0.9, 0.1])
        >>> f_divergence(p, q, GENERATORS["total_variation"]), total_variation(p, q)
        (tensor(0.4000), tensor(0.4000))
    """
    p, q = _pair(p, q)
    if not isinstance(generator, FGenerator):
        raise ValueError(f"generator: got {type(generator).__name__}, wanted an FGenerator such as GENERATORS['kl']")
    return _f_terms(p, q, generator).sum(-1).clamp(min=0)  # rounding alone can make it negative


def check_probabilities(name: str, p: Tensor) -> Tensor:
    """Return ``p``, or raise a ``ValueError`` that says why it is no table of probabilities along the last dimension.

    A table has floating-point entries, none negative or NaN, and each row sums to one within ``sqrt(eps)`` of its
    dtype, 3.5e-4 in float32, or within 1e-6 where that is more: float64 tables are often made from float32 ones.

    Args:
        name: what to call the table in the message.
        p: shape ``(..., V)``, at least one row.

    Example:
        >>> check_probabilities("p", torch.tensor([0.5, 0.6]))
        Traceback (most recent call last):
        ...
        ValueError: p: row () sums to 1.1, wanted 1
    """
    if not isinstance(p, Tensor) or not p.is_floating_point():
        came = p.dtype if isinstance(p, Tensor) else type(p).__name__
        raise ValueError(f"{name}: got {came}, wanted a floating-point tensor of probabilities")
    if p.dim() < 1 or p.numel() == 0:
        raise ValueError(f"{name}: got shape {tuple(p.shape)}, wanted (..., V) with at least one row and one value")
    if p.isnan().any():
        raise ValueError(f"{name}: got NaN at index {tuple(p.isnan().nonzero()[0].tolist())}, wanted probabilities")
    if (p < 0).any():
        where = tuple((p < 0).nonzero()[0].tolist())
        raise ValueError(f"{name}: got {p[where].item():.6g} at index {where}, wanted no negative probability")
    total = p.sum(-1)
    off = (total - 1).abs() > max(1e-6, torch.finfo(p.dtype).eps ** 0.5)
    if off.any():
        where = tuple(off.nonzero()[0].tolist())
        raise ValueError(f"{name}: row {where} sums to {total[where].item():.7g}, wanted 1")
    return p


def _pair(p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    p, q = check_probabilities("p", p), check_probabilities("q", q)
    if p.shape[-1] != q.shape[-1]:
        raise ValueError(f"q: got {q.shape[-1]} values in the last dimension, wanted {p.shape[-1]}, as many as p has")
    try:
        torch.broadcast_shapes(p.shape, q.shape)
    except RuntimeError:
        raise ValueError(
            f"q: got shape {tuple(q.shape)}, wanted one that broadcasts with p's {tuple(p.shape)}"
        ) from None
    return p, q


# Divergences are sums of terms over the values. Under p and q stand two masses, not always of tables: divergence()
# passes densities relative to their mixture.


def _log_ratio(p: Tensor, q: Tensor, where: Tensor) -> Tensor:
    """log p/q to the last digit; zero, without a gradient, in all but some places."""
    p, q = torch.where(where, p, 1.0), torch.where(where, q, 1.0)
    near = (p - q).abs() <= q / 2  # there p - q is exact
    small = torch.log1p(torch.where(near, p - q, 0.0) / torch.where(near, q, 1.0))
    return torch.where(near, small, p.log() - q.log())


def _alpha_terms(
    p: Tensor, q: Tensor, alpha: float, *, rest: float | None = None, ratio: Tensor | None = None
) -> Tensor:
    """(p^a q^(1-a) - a p - (1-a) q) / (a (a-1)), at no a a difference of large numbers.

    ``rest`` is 1 - a, with digits that the difference from a number near one would lose; ``ratio`` is log p/q.
    """
    rest = 1 - alpha if rest is None else rest
    if alpha < 0.5:
        return _alpha_terms(q, p, rest, rest=alpha, ratio=None if ratio is None else -ratio)
    some = (p > 0) & (q > 0) if rest > 0 else p > 0  # for a < 1, zeros of q cost a finite number
    ratio = _log_ratio(p, q, some) if ratio is None else torch.where(some, ratio, 0.0)
    power = ratio if rest == 0 else torch.expm1(-rest * ratio) / -rest
    if rest > 0:
        power = torch.where(some, power, 1 / rest)
    without = q + p * alpha / rest if rest < 0 else q  # where p = 0; its slope is infinite unless a > 1
    return torch.where(p > 0, p * power - (p - q), without) / alpha


def _js_terms(p: Tensor, q: Tensor) -> Tensor:
    total = p + q  # twice the mixture, which need not underflow where p or q is the smallest number that there is
    return (_alpha_terms(2 * p, total, 1.0) + _alpha_terms(2 * q, total, 1.0)) / 4


def _chi_terms(p: Tensor, q: Tensor) -> Tensor:
    none = (p == 0) & (q == 0)
    apart = torch.where(none, 0.0, p - q)
    return apart * (apart / torch.where(none, 1.0, q))


def _f_terms(p: Tensor, q: Tensor, generator: FGenerator) -> Tensor:
    ratio = torch.where(p > 0, p, 1.0) / torch.where((p > 0) & (q > 0), q, 1.0)
    alone = (p > 0) & ((q == 0) | ratio.isinf())  # all of p's mass there is beyond q's
    missing = (p == 0) | (ratio == 0)
    inside = ~alone & ~missing
    zero = torch.zeros_like(ratio)
    middle = torch.where(inside, q * generator.f(torch.where(inside, ratio, 1.0)), zero)
    beyond = p * torch.where(alone, generator.slope, zero)
    return middle + beyond + q * torch.where(missing & (q > 0), generator.at_zero, zero)


def _root(x: Tensor, order: float) -> Tensor:
    """x^(1/order), with a gradient of zero at zero."""
    return x if order == 1 else torch.where(x > 0, torch.where(x > 0, x, 1.0) ** (1 / order), 0.0)


def _is_number(x) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def _check_alpha(alpha) -> float:
    if not _is_number(alpha) or not math.isfinite(alpha):
        raise ValueError(f"alpha: got {alpha!r}, wanted a finite number")
    return float(alpha)


# ----------------------------------------------------------------------------------------------- torch.distributions

#: The names that :func:`divergence` knows.
DIVERGENCES = ("kl", "jensen_shannon", "total_variation", "hellinger", "chi_squared", "alpha")


def divergence(
    of: str | FGenerator,
    p: Distribution,
    q: Distribution,
    *,
    alpha: float | None = None,
    draws: int = 10_000,
    generator: torch.Generator | None = None,
) -> Estimate:
    r"""A divergence of two ``torch.distributions``: by closed form where there is one, else by Monte Carlo.

    Exact are all of two ``Categorical``, ``OneHotCategorical`` or ``Bernoulli`` (from their tables); KL wherever torch
    knows it; Hellinger, chi-squared and alpha also of two Normal, Exponential, Gamma, Beta, Dirichlet or Poisson
    distributions, and of ``Independent`` ones of these. Elsewhere half of the draws come from p and half from q:

    .. math:: D_f = \mathbb{E}_{x \sim m}\Big[\tfrac{q(x)}{m(x)} f\Big(\tfrac{p(x)}{q(x)}\Big)\Big],
        \qquad m = \tfrac12 (p + q)

    For total variation, Jensen-Shannon and the squared Hellinger distance the average is over bounded numbers, and its
    standard error can be trusted. For KL, chi-squared and alpha outside of (0, 1) it may be too small: draws that are
    rare and would weigh much may all be missing. An infinite value, with a standard error of zero, is one that a draw
    has proved. (Inside of ``Independent`` and mixtures, torch takes a Bernoulli's or Categorical's zero for the eps of
    its dtype, and Monte Carlo follows it.)

    Args:
        of: ``"kl"``, ``"jensen_shannon"``, ``"total_variation"``, ``"hellinger"`` (not squared), ``"chi_squared"``,
            ``"alpha"``: defined as by the functions of those names; or an :class:`FGenerator`.
        p: a distribution; its ``batch_shape`` broadcasts with that of ``q``.
        q: a distribution with the same ``event_shape``, discrete if p is. The reverse KL swaps the two.
        alpha: for ``"alpha"`` only, as in :func:`alpha_divergence`.
        draws: how many, at least 4, if there is no closed form.
        generator: source of the randomness; without one, torch's global generator.

    Returns:
        Value and standard error, each of the batch shape; nats for KL and Jensen-Shannon. Closed forms are
        differentiable and have a standard error of zero. Monte Carlo is not differentiable, and of float64.

    Raises:
        ValueError: if ``of`` is unknown, ``alpha`` is missing or not wanted, ``draws`` is too small, or ``p`` and ``q``
            differ in event shape, in number of values or in being discrete.
        FloatingPointError: if a draw has a density of NaN, or of zero under both.

    Example:
        >>> from torch.distributions import Normal
        >>> p, q = Normal(0.0, 1.0), Normal(1.0, 1.0)
        >>> divergence("kl", p, q)
        Estimate(value=tensor(0.5000), standard_error=tensor(0.))
        >>> js = divergence("jensen_shannon", p, q, generator=torch.Generator().manual_seed(0))
        >>> print(f"{js.value:.3f} +- {js.standard_error:.3f}")
        0.111 +- 0.001
    """
    if not isinstance(of, FGenerator) and of not in DIVERGENCES:
        raise ValueError(f"of: got {of!r}, wanted an FGenerator or one of {', '.join(DIVERGENCES)}")
    if (of == "alpha") != (alpha is not None):
        raise ValueError(f"alpha: got {alpha!r} for {of!r}, wanted " + ("a number" if of == "alpha" else "None"))
    alpha = {"kl": 1.0, "hellinger": 0.5, "chi_squared": 2.0}.get(of) if alpha is None else _check_alpha(alpha)
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < 4:
        raise ValueError(f"draws: got {draws!r}, wanted an integer of at least 4")
    for name, d in (("p", p), ("q", q)):
        if not isinstance(d, Distribution):
            raise ValueError(f"{name}: got {type(d).__name__}, wanted a torch.distributions object")
    if p.event_shape != q.event_shape:
        raise ValueError(f"q: got event shape {tuple(q.event_shape)}, wanted p's, {tuple(p.event_shape)}")
    if p.support.is_discrete != q.support.is_discrete:
        kind = {True: "discrete", False: "continuous"}
        raise ValueError(f"q: got a {kind[q.support.is_discrete]} one, wanted {kind[p.support.is_discrete]} as p is")
    try:
        batch = torch.broadcast_shapes(p.batch_shape, q.batch_shape)
    except RuntimeError:
        raise ValueError(
            f"q: got batch shape {tuple(q.batch_shape)}, wanted one that broadcasts with p's {tuple(p.batch_shape)}"
        ) from None
    value = _closed_form(of, p, q, alpha)
    if value is not None and not value.isnan().any():
        return Estimate(value, torch.zeros_like(value))
    return _monte_carlo(of, p.expand(batch), q.expand(batch), alpha, draws, generator)


def _closed_form(of, p: Distribution, q: Distribution, alpha: float | None) -> Tensor | None:
    a, b = _table(p), _table(q)
    if a is not None and b is not None:
        if isinstance(of, FGenerator):
            return f_divergence(a, b, of)
        if of == "alpha":
            return alpha_divergence(a, b, alpha)
        names = {"kl": kl, "jensen_shannon": jensen_shannon, "total_variation": total_variation}
        return {**names, "hellinger": hellinger, "chi_squared": chi_squared}[of](a, b)
    if alpha is None:
        return None
    if alpha in (0.0, 1.0):
        try:
            return kl_divergence(p, q) if alpha == 1 else kl_divergence(q, p)
        except NotImplementedError:
            return None
    powers = _log_powers(p, q, alpha)
    if powers is None:
        return None
    excess = torch.expm1(powers)
    if of == "hellinger":
        return _root(0.0 - excess.clamp(max=0), 2)
    return (excess if of == "chi_squared" else excess / (alpha * (alpha - 1))).clamp(min=0)


def _table(d: Distribution) -> Tensor | None:
    """The probabilities of all values, (*batch, V), with those that are zero really zero; None for other families."""
    if type(d) in (Categorical, OneHotCategorical):
        return d.probs
    if type(d) is Bernoulli:
        if "probs" in d.__dict__:
            return torch.stack([1 - d.probs, d.probs], -1)
        return torch.stack([torch.sigmoid(-d.logits), torch.sigmoid(d.logits)], -1)
    return None


# Where the natural parameters, in torch's order, belong to a distribution; elsewhere the sum of powers diverges.
_NATURAL = {
    Normal: (lambda a, b: b < 0),
    Exponential: (lambda a: a < 0),
    Gamma: (lambda a, b: (a > -1) & (b < 0)),
    Beta: (lambda a, b: (a > 0) & (b > 0)),
    Dirichlet: (lambda a: (a > 0).all(-1)),
    Poisson: (lambda a: torch.ones_like(a, dtype=torch.bool)),
}


def _log_powers(p: Distribution, q: Distribution, alpha: float) -> Tensor | None:
    """log of the sum of p^alpha q^(1 - alpha), by the log-normaliser F: F(mixed) - alpha F(p) - (1 - alpha) F(q)."""
    if type(p) is not type(q):
        return None
    if isinstance(p, Independent):
        inner = _log_powers(p.base_dist, q.base_dist, alpha)
        same = p.reinterpreted_batch_ndims == q.reinterpreted_batch_ndims
        return inner.flatten(-p.reinterpreted_batch_ndims).sum(-1) if same and inner is not None else None
    table = _table(p)
    if table is not None:
        return torch.log1p((alpha * (alpha - 1) * alpha_divergence(table, _table(q), alpha)).clamp(min=-1))
    if type(p) not in _NATURAL:
        return None
    of_p, of_q = p._natural_params, q._natural_params
    if isinstance(of_p, Tensor):
        of_p, of_q = (of_p,), (of_q,)
    mixed = [alpha * a + (1 - alpha) * b for a, b in zip(of_p, of_q, strict=True)]
    allowed = _NATURAL[type(p)](*mixed)
    inside = allowed if type(p) is not Dirichlet else allowed[..., None]
    mixed = [torch.where(inside, m, a) for m, a in zip(mixed, of_p, strict=True)]
    result = p._log_normalizer(*mixed) - alpha * p._log_normalizer(*of_p) - (1 - alpha) * q._log_normalizer(*of_q)
    return torch.where(allowed, result, math.inf)


@torch.no_grad()
def _monte_carlo(of, p: Distribution, q: Distribution, alpha, draws: int, generator) -> Estimate:
    if generator is None:
        strata = [_integrand(of, p, q, alpha, d, draws // 2) for d in (p, q)]
    else:
        seed = torch.randint(2**62, (), generator=generator, device=generator.device).item()
        cuda = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
        with torch.random.fork_rng(devices=cuda):
            torch.default_generator.manual_seed(seed)  # torch.distributions draw from the global generators only
            if cuda:
                torch.cuda.manual_seed_all(seed)
            strata = [_integrand(of, p, q, alpha, d, draws // 2) for d in (p, q)]
    result = _average(*strata)
    if of != "hellinger":
        return result
    value = _root(result.value, 2)
    return Estimate(value, result.standard_error / torch.where(value > 0, 2 * value, 1.0))  # the root's slope


def _integrand(of, p: Distribution, q: Distribution, alpha, source: Distribution, draws: int) -> Tensor:
    """The terms at draws of one of the two, relative to the mixture's density, (draws, *batch)."""
    x = source.sample((draws,))
    ratio = _log_density(p, x) - _log_density(q, x)
    if ratio.isnan().any():
        raise FloatingPointError("p, q: a draw has a density of NaN, or of zero under both")
    a, b = 2 * torch.sigmoid(ratio), 2 * torch.sigmoid(-ratio)  # p/m and q/m, for m = (p + q) / 2
    if isinstance(of, FGenerator):
        return _f_terms(a, b, of)
    if of == "jensen_shannon":
        return _js_terms(a, b)
    if of == "total_variation":
        return (a - b).abs() / 2
    if of == "chi_squared":
        return _chi_terms(a, b)
    return _alpha_terms(a, b, alpha, ratio=ratio) / (4 if of == "hellinger" else 1)


def _log_density(d: Distribution, x: Tensor) -> Tensor:
    inside = d.support.check(x)
    spare = d.sample()  # stands in where the density is zero and log_prob might refuse to say so
    at = torch.where(inside.reshape(*inside.shape, *[1] * len(d.event_shape)), x, spare)
    return torch.where(inside, d.log_prob(at), -math.inf).double()


def _average(first: Tensor, second: Tensor) -> Estimate:
    """The mean of two means over the first dimension, of draws that were made apart."""
    value = (first.mean(0) + second.mean(0)) / 2
    spread = sum(s.detach().var(0) / s.shape[0] for s in (first, second)).sqrt() / 2
    return Estimate(value, torch.where(value.isinf(), 0.0, spread))


# --------------------------------------------------------------------------------------------------- from classifiers


def js_from_classifier(log_odds_p: Tensor, log_odds_q: Tensor) -> Estimate:
    r"""What a classifier that tells p's draws from q's proves of their Jensen-Shannon divergence: a lower bound, nats.

    .. math:: \mathrm{JS}(p, q) \ge \log 2 + \tfrac12 \mathbb{E}_p \log \sigma(s(x))
        + \tfrac12 \mathbb{E}_q \log \sigma(-s(x))

    The expectation is a bound for whatever s, and equal for s = log p/q: log 2 minus the best classifier's
    cross-entropy on balanced classes. That holds on draws that the classifier has not been trained on. On its own
    training data it may claim log 2 of two equal distributions. The value is not cut off at zero: it is below where the
    classifier is worse than a fair coin, and its average is no more than JS only so.

    Args:
        log_odds_p: s, the log-odds of 'from p' that the classifier gives to draws of p, nats, shape ``(N,)``.
        log_odds_q: the same log-odds, given to draws of q, shape ``(M,)``.

    Returns:
        Nats; differentiable, so that training may climb it, as the discriminator of an adversarial pair does.

    Raises:
        ValueError: if there are fewer than 2 draws of either, or log-odds are NaN or of another shape.

    Source:
        Goodfellow et al. (2014).

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> x, y = (torch.randn(5000, generator=generator) + mean for mean in (0, 1))  # JS is 0.1115
        >>> best, worse = js_from_classifier(0.5 - x, 0.5 - y), js_from_classifier(2 - 4 * x, 2 - 4 * y)
        >>> best.value, best.standard_error
        (tensor(0.1082), tensor(0.0043))
        >>> bool(worse.value < best.value)  # the same decisions, too sure of them
        True
    """
    log_odds_p, log_odds_q = _check_log_odds("log_odds_p", log_odds_p), _check_log_odds("log_odds_q", log_odds_q)
    softplus = torch.nn.functional.softplus
    return _average(math.log(2) - softplus(-log_odds_p), math.log(2) - softplus(log_odds_q))


def tv_from_classifier(log_odds_p: Tensor, log_odds_q: Tensor) -> Estimate:
    r"""What a classifier's decisions prove of the total variation: a lower bound.

    .. math:: \mathrm{TV}(p, q) \ge p(s > 0) - q(s > 0) = 2 \cdot \text{accuracy on balanced classes} - 1

    For whatever classifier, on draws that it has not been trained on; equal for one that decides as log p/q does.
    Log-odds of exactly zero count as half a decision each way.

    Args:
        log_odds_p: the log-odds of 'from p' that the classifier gives to draws of p, shape ``(N,)``.
        log_odds_q: the same log-odds, given to draws of q, shape ``(M,)``.

    Returns:
        No unit; not cut off at zero, and not differentiable.

    Raises:
        ValueError: if there are fewer than 2 draws of either, or log-odds are NaN or of another shape.

    Example:
        >>> tv = tv_from_classifier(torch.tensor([2.0, 1.0, 0.5, -1.0]), torch.tensor([-2.0, -1.0, -0.5, 1.0]))
        >>> tv.value  # three of four are right, on either side
        tensor(0.5000)
    """
    log_odds_p, log_odds_q = _check_log_odds("log_odds_p", log_odds_p), _check_log_odds("log_odds_q", log_odds_q)
    return _average(log_odds_p.sign(), -log_odds_q.sign())


def _check_log_odds(name: str, s: Tensor) -> Tensor:
    if not isinstance(s, Tensor) or not s.is_floating_point() or s.dim() != 1 or len(s) < 2:
        came = f"{s.dtype} of shape {tuple(s.shape)}" if isinstance(s, Tensor) else type(s).__name__
        raise ValueError(f"{name}: got {came}, wanted log-odds of shape (N,), floating-point, N at least 2")
    if s.isnan().any():
        raise ValueError(f"{name}: got NaN at index {int(s.isnan().nonzero()[0])}, wanted log-odds")
    return s


# ------------------------------------------------------------------------------------------------- optimal transport


def wasserstein_1d(
    x: Tensor, y: Tensor, *, p: Tensor | None = None, q: Tensor | None = None, order: float = 1
) -> Tensor:
    r"""Wasserstein distance on the line: how far mass must move, by the quantile functions of both sides.

    .. math:: W_r = \Big(\int_0^1 \big|F_p^{-1}(u) - F_q^{-1}(u)\big|^r \, du\Big)^{1/r}

    Finite wherever the values are, in their unit, and it tells near from far where no value is possible under both. Of
    samples it is the distance of the two samples: as an estimate of the distributions' its r-th power is biased
    upwards, and it is not zero for two samples of one source.

    Args:
        x: values, shape ``(..., N)``, in any order.
        y: values, shape ``(..., M)``, batch dimensions that broadcast.
        p: probabilities of the values in ``x``, shape ``(..., N)``; ``None`` is 1/N each.
        q: probabilities of the values in ``y``, shape ``(..., M)``; ``None`` is 1/M each.
        order: r, at least 1. The distance never falls as it grows.

    Returns:
        In the unit of the values, shape ``(...)``; differentiable in ``x`` and ``y``, with a gradient of zero where the
        distance is zero.

    Raises:
        ValueError: if values are missing or not finite, ``p`` or ``q`` is no table of probabilities for them, or
            ``order`` is below 1 or not finite.

    Source:
        Villani (2003).

    Example:
        >>> x, y = torch.tensor([0.0, 1.0, 3.0]), torch.tensor([5.0, 6.0, 8.0])
        >>> wasserstein_1d(x, y), wasserstein_1d(x, x.flip(0))
        (tensor(5.), tensor(0.))
        >>> wasserstein_1d(torch.tensor([0.0]), torch.tensor([0.0, 10.0]), q=torch.tensor([0.75, 0.25]))
        tensor(2.5000)
    """
    x, y, p, q = _check_points("x", x, 1), _check_points("y", y, 1), _weights("p", p, "x", x), _weights("q", q, "y", y)
    order = _check_order(order)
    try:
        batch = torch.broadcast_shapes(x.shape[:-1], y.shape[:-1], p.shape[:-1], q.shape[:-1])
    except RuntimeError:
        raise ValueError(
            f"y: got shape {tuple(y.shape)}, wanted batch dimensions that broadcast with x's {tuple(x.shape)}"
        ) from None
    x, y, p, q = (t.expand(*batch, t.shape[-1]) for t in (x, y, p, q))
    (x, up_x), (y, up_y) = _sorted(x, p), _sorted(y, q)
    levels = torch.cat([up_x, up_y], -1).sort(-1).values  # between two of them, both quantile functions are flat
    widths = levels.diff(dim=-1, prepend=torch.zeros_like(levels[..., :1]))
    move = x.gather(-1, torch.searchsorted(up_x, levels)) - y.gather(-1, torch.searchsorted(up_y, levels))
    return _mean_power(move.abs(), widths, order)


def wasserstein(x: Tensor, y: Tensor, *, p: Tensor | None = None, q: Tensor | None = None, order: float = 1) -> Tensor:
    r"""Wasserstein distance of points in space: the cheapest way to move one set's mass onto the other's.

    .. math:: W_r = \Big(\min_{\pi} \sum_{ij} \pi_{ij} \, \|x_i - y_j\|_2^r\Big)^{1/r},
        \qquad \sum_j \pi_{ij} = p_i, \quad \sum_i \pi_{ij} = q_j

    By the linear programme of :func:`optimal_transport`, N times M unknowns: hundreds of points, not many thousands. On
    the line :func:`wasserstein_1d` is exact and fast.

    Args:
        x: points, shape ``(N, d)``.
        y: points, shape ``(M, d)``.
        p: probabilities of the points in ``x``, shape ``(N,)``; ``None`` is 1/N each.
        q: probabilities of the points in ``y``, shape ``(M,)``; ``None`` is 1/M each.
        order: r, at least 1.

    Returns:
        In the unit of the points, shape ``()``; differentiable as :func:`optimal_transport` is.

    Raises:
        ValueError: if points are missing, not finite or of different dimension, ``p`` or ``q`` is no table of
            probabilities for them, or ``order`` is below 1 or not finite.
        ImportError: if SciPy is not installed.

    Source:
        Villani (2003).

    Example:
        >>> square = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        >>> wasserstein(square, square + torch.tensor([3.0, 4.0]))  # a shift costs its length
        tensor(5.)
    """
    x, y = _check_points("x", x, 2), _check_points("y", y, 2)
    if x.dim() != 2 or y.dim() != 2 or x.shape[1] != y.shape[1]:
        raise ValueError(f"y: got shape {tuple(y.shape)} for x of shape {tuple(x.shape)}, wanted (M, d) for (N, d)")
    p, q, order = _weights("p", p, "x", x[:, 0]), _weights("q", q, "y", y[:, 0]), _check_order(order)
    distance = _distances(x, y)
    scale = distance.detach().amax()
    if scale == 0:
        return distance.sum()
    return scale * _root(optimal_transport(p, q, (distance / scale) ** order).cost, order)


@dataclass(frozen=True)
class Transport:
    """The cheapest way to move mass: what it costs, and how much goes from where to where.

    Args:
        cost: shape ``()``.
        plan: shape ``(N, M)``; rows sum to the source's probabilities, columns to the target's.

    Example:
        >>> Transport(torch.tensor(0.0), torch.eye(2) / 2).plan.sum(1)
        tensor([0.5000, 0.5000])
    """

    cost: Tensor
    plan: Tensor


def optimal_transport(p: Tensor, q: Tensor, cost: Tensor) -> Transport:
    r"""The cheapest plan that moves the mass of ``p`` onto ``q``, for any table of costs, by linear programming.

    .. math:: \min_{\pi \ge 0} \sum_{ij} \pi_{ij} c_{ij}, \qquad \sum_j \pi_{ij} = p_i, \quad \sum_i \pi_{ij} = q_j

    Args:
        p: probabilities of the N places that mass is taken from, shape ``(N,)``.
        q: probabilities of the M places that it goes to, shape ``(M,)``.
        cost: what it costs to move one unit of mass from each to each, finite, shape ``(N, M)``.

    Returns:
        Its ``cost`` is differentiable: in ``cost``, the gradient is the plan, in ``p`` and ``q`` the dual solution
        (prices of mass at each place, known up to a constant). The solver, HiGHS, works in float64 and to an absolute
        precision of 1e-10 in probabilities and in costs relative to the largest.

    Raises:
        ValueError: if ``p`` or ``q`` is no table of probabilities, or ``cost`` is not finite or of another shape.
        ImportError: if SciPy is not installed.

    Source:
        Kantorovich (1942).

    Example:
        >>> p, q = torch.tensor([0.5, 0.5, 0.0]), torch.tensor([0.0, 0.5, 0.5])
        >>> steps = (torch.arange(3)[:, None] - torch.arange(3)).abs().float()
        >>> optimal_transport(p, q, steps).cost, optimal_transport(p, q, (steps > 0).float()).cost
        (tensor(1.), tensor(0.5000))
    """
    try:
        import numpy as np
        from scipy import optimize, sparse
    except ImportError as error:
        raise ImportError("optimal_transport needs SciPy: pip install 'dgmlib[train]'") from error
    for name, table in (("p", p), ("q", q)):
        if check_probabilities(name, table).dim() != 1:
            raise ValueError(f"{name}: got shape {tuple(table.shape)}, wanted one row of probabilities")
    n, m = len(p), len(q)
    if not isinstance(cost, Tensor) or not cost.is_floating_point() or cost.shape != (n, m):
        came = f"{cost.dtype} of shape {tuple(cost.shape)}" if isinstance(cost, Tensor) else type(cost).__name__
        raise ValueError(f"cost: got {came}, wanted floating-point numbers of shape ({n}, {m})")
    if not cost.isfinite().all():
        where = tuple((~cost.isfinite()).nonzero()[0].tolist())
        raise ValueError(f"cost: got {cost[where].item()} at index {where}, wanted finite numbers")
    a, b, c = (t.detach().double().cpu().numpy() for t in (p, q, cost))
    scale = np.abs(c).max() or 1.0
    sums = sparse.vstack(
        [sparse.kron(sparse.identity(n), np.ones((1, m))), sparse.kron(np.ones((1, n)), sparse.identity(m))]
    )
    result = optimize.linprog(
        c.ravel() / scale,
        A_eq=sums.tocsr(),
        b_eq=np.concatenate([a / a.sum(), b / b.sum()]),
        method="highs",
        options=dict.fromkeys(("primal_feasibility_tolerance", "dual_feasibility_tolerance"), 1e-10),
    )
    if result.status != 0:
        raise RuntimeError(f"the linear programme was not solved: {result.message}")
    plan = torch.as_tensor(result.x.reshape(n, m)).to(cost)
    prices = torch.as_tensor(scale * result.eqlin.marginals).to(cost)
    total = (plan * cost).sum()
    if p.requires_grad or q.requires_grad:  # adds nothing but the gradient
        total = total + ((p - p.detach()) * prices[:n]).sum() + ((q - q.detach()) * prices[n:]).sum()
    return Transport(total, plan)


def _check_points(name: str, x: Tensor, least: int) -> Tensor:
    if not isinstance(x, Tensor) or not x.is_floating_point():
        came = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"{name}: got {came}, wanted a floating-point tensor")
    if x.dim() < least or x.numel() == 0:
        wanted = "(..., N)" if least == 1 else "(N, d)"
        raise ValueError(f"{name}: got shape {tuple(x.shape)}, wanted {wanted} with at least one value")
    if not x.isfinite().all():
        where = tuple((~x.isfinite()).nonzero()[0].tolist())
        raise ValueError(f"{name}: got {x[where].item()} at index {where}, wanted finite numbers")
    return x


def _weights(name: str, weights: Tensor | None, of: str, x: Tensor) -> Tensor:
    n = x.shape[-1]
    if weights is None:
        return torch.full((n,), 1 / n, dtype=x.dtype, device=x.device)
    if check_probabilities(name, weights).shape[-1] != n:
        raise ValueError(f"{name}: got {weights.shape[-1]} probabilities, wanted {n}, as many as {of} has values")
    return weights


def _check_order(order) -> float:
    if not _is_number(order) or not 1 <= order < math.inf:
        raise ValueError(f"order: got {order!r}, wanted a finite number of at least 1")
    return float(order)


def _sorted(x: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
    """Values upwards, and the distribution function at each, which ends at exactly one."""
    x, upwards = x.sort(-1)
    up = p.gather(-1, upwards).cumsum(-1)
    up = (up / up[..., -1:]).clamp(max=1)
    return x, up.contiguous()


def _mean_power(move: Tensor, weights: Tensor, order: float) -> Tensor:
    """The weighted mean of powers, and its root; scaled, so that high orders don't overflow."""
    if order == 1:
        return (weights * move).sum(-1)
    scale = move.detach().amax(-1, keepdim=True)
    scale = torch.where(scale > 0, scale, 1.0)
    return scale.squeeze(-1) * _root((weights * (move / scale) ** order).sum(-1), order)


def _distances(x: Tensor, y: Tensor) -> Tensor:
    x, y = (t.to(torch.promote_types(x.dtype, y.dtype)) for t in (x, y))
    return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")  # the other way loses half of the digits


# --------------------------------------------------------------------------------------------------------------- MMD


def gaussian_kernel(x: Tensor, y: Tensor, width: float) -> Tensor:
    r"""How alike points are: one where they are the same, near zero where they are several widths apart.

    .. math:: k(x, y) = \exp\Big(-\frac{\|x - y\|_2^2}{2 \cdot \text{width}^2}\Big)

    Args:
        x: points, shape ``(N, d)`` or, on the line, ``(N,)``.
        y: points, shape ``(M, d)`` or ``(M,)``.
        width: in the unit of the points, positive.

    Returns:
        Shape ``(N, M)``, between 0 and 1.

    Raises:
        ValueError: if points are missing, not finite or of different dimension, or ``width`` is not positive.

    Example:
        >>> gaussian_kernel(torch.tensor([0.0, 1.0]), torch.tensor([0.0]), width=1.0)
        tensor([[1.0000],
                [0.6065]])
    """
    x, y = _columns("x", x), _columns("y", y)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"y: got points in {y.shape[1]} dimensions, wanted {x.shape[1]}, as x has")
    if not _is_number(width) or not 0 < width < math.inf:
        raise ValueError(f"width: got {width!r}, wanted a positive number")
    return (_distances(x, y) / width).square().div(-2).exp()


def median_distance(x: Tensor, y: Tensor) -> float:
    """The median distance of two different points of both samples together: a first guess at a kernel's width.

    Choose the width on other data than you test on, or chance takes part in the choice.

    Args:
        x: points, shape ``(N, d)`` or, on the line, ``(N,)``.
        y: points, shape ``(M, d)`` or ``(M,)``.

    Raises:
        ValueError: if points are missing, not finite or of different dimension, or half of them are the same, so that
            the median is zero.

    Source:
        Gretton et al. (2012).

    Example:
        >>> median_distance(torch.tensor([0.0, 1.0]), torch.tensor([3.0]))
        2.0
    """
    x, y = _columns("x", x), _columns("y", y)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"y: got points in {y.shape[1]} dimensions, wanted {x.shape[1]}, as x has")
    width = torch.pdist(torch.cat([x, y])).median().item()
    if width == 0:
        raise ValueError("x and y: got points most of which are the same, wanted a median distance above zero")
    return width


def mmd2(
    x: Tensor,
    y: Tensor,
    *,
    width: float | None = None,
    kernel: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> Estimate:
    r"""Squared maximum mean discrepancy of two sources, estimated from samples without bias.

    .. math:: \widehat{\mathrm{MMD}^2} = \frac{1}{N (N - 1)} \sum_{i \ne j} k(x_i, x_j)
        + \frac{1}{M (M - 1)} \sum_{i \ne j} k(y_i, y_j) - \frac{2}{N M} \sum_{ij} k(x_i, y_j)

    Its mean is the squared MMD, so where the sources are the same it is negative about half of the time. With a
    Gaussian kernel the squared MMD is zero only for equal sources, and at most 2. Its root is a distance, but the
    estimate's has a bias. The standard error is the jackknife's, each point left out in turn: on average too
    large rather than too small, by about a half where the sources are the same.

    Args:
        x: draws of one source, shape ``(N, d)`` or, on the line, ``(N,)``; N at least 3.
        y: draws of the other, shape ``(M, d)`` or ``(M,)``; M at least 3.
        width: of a Gaussian kernel, see :func:`gaussian_kernel` and :func:`median_distance`; or
        kernel: a symmetric, positive definite function of ``(N, d)`` and ``(M, d)`` that returns ``(N, M)``.

    Returns:
        In the kernel's unit, shape ``()``; the value is differentiable. Memory grows with (N + M)^2.

    Raises:
        ValueError: if there are too few points, or of different dimension, or any is not finite; if ``width`` is not
            positive; if both or none of ``width`` and ``kernel`` are given, or ``kernel`` returns another shape.

    Source:
        Gretton et al. (2012); Efron and Stein (1981) for the jackknife.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> x, y, z = (torch.randn(200, generator=generator) + mean for mean in (0, 0, 1))
        >>> same, apart = mmd2(x, y, width=1.0), mmd2(x, z, width=1.0)
        >>> bool(same.value < 2 * same.standard_error), bool(apart.value > 4 * apart.standard_error)
        (True, True)
    """
    x, y = _columns("x", x), _columns("y", y)
    for name, points in (("x", x), ("y", y)):
        if len(points) < 3:
            raise ValueError(f"{name}: got {len(points)} points, wanted at least 3")
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"y: got points in {y.shape[1]} dimensions, wanted {x.shape[1]}, as x has")
    if (width is None) == (kernel is None):
        given = "none" if width is None else "both"
        raise ValueError(f"width and kernel: got {given} of the two, wanted one")
    grams = [kernel(a, b) if kernel else gaussian_kernel(a, b, width) for a, b in ((x, x), (y, y), (x, y))]
    shapes = [(len(x), len(x)), (len(y), len(y)), (len(x), len(y))]
    for gram, shape in zip(grams, shapes, strict=True):
        if not isinstance(gram, Tensor) or gram.shape != shape:
            came = tuple(gram.shape) if isinstance(gram, Tensor) else type(gram).__name__
            raise ValueError(f"kernel: got {came} for {shape[0]} and {shape[1]} points, wanted shape {shape}")
    within_x, within_y = (gram.sum(1) - gram.diagonal() for gram in grams[:2])  # each point's likeness to its others
    across = grams[2]
    value = _u_statistic(within_x.sum(), within_y.sum(), across.sum(), len(x), len(y))
    with torch.no_grad():
        sums = within_x.sum(), within_y.sum(), across.sum()
        without_x = _u_statistic(sums[0] - 2 * within_x, sums[1], sums[2] - across.sum(1), len(x) - 1, len(y))
        without_y = _u_statistic(sums[0], sums[1] - 2 * within_y, sums[2] - across.sum(0), len(x), len(y) - 1)
        variance = sum((len(w) - 1) * w.var(correction=0) for w in (without_x, without_y))
    return Estimate(value, variance.sqrt())


def mmd2_exact(p: Tensor, q: Tensor, gram: Tensor) -> Tensor:
    r"""Squared maximum mean discrepancy of two tables of probabilities over the same places.

    .. math:: \mathrm{MMD}^2 = \sum_{ij} (p_i - q_i)\, k_{ij}\, (p_j - q_j)

    Args:
        p: probabilities, shape ``(..., V)``.
        q: of a shape that broadcasts with ``p``'s, same V.
        gram: the kernel of each place with each, shape ``(V, V)``, symmetric, for instance from
            :func:`gaussian_kernel`.

    Returns:
        In the kernel's unit, shape ``(...)``; never negative if the kernel is positive definite. With a kernel between
        0 and 1 it is at most 2, and at most 4 times the squared total variation.

    Raises:
        ValueError: if ``p`` or ``q`` is no table of probabilities, their last dimensions differ, or ``gram`` is not
            finite, not symmetric or of another shape.

    Source:
        Gretton et al. (2012).

    Example:
        >>> places = torch.tensor([0.0, 1.0, 2.0])
        >>> p, near, far = torch.eye(3)
        >>> gram = gaussian_kernel(places, places, width=1.0)
        >>> mmd2_exact(p, near, gram), mmd2_exact(p, far, gram)
        (tensor(0.7869), tensor(1.7293))
    """
    p, q = _pair(p, q)
    v = p.shape[-1]
    if not isinstance(gram, Tensor) or not gram.is_floating_point() or gram.shape != (v, v):
        came = f"{gram.dtype} of shape {tuple(gram.shape)}" if isinstance(gram, Tensor) else type(gram).__name__
        raise ValueError(f"gram: got {came}, wanted floating-point numbers of shape ({v}, {v})")
    if not gram.isfinite().all() or not torch.allclose(gram, gram.T):
        raise ValueError("gram: got a table that is not finite or not symmetric, wanted a kernel of places with each")
    apart = p - q
    return ((apart @ gram.to(apart)) * apart).sum(-1)


def _u_statistic(within_x, within_y, across, n: int, m: int):
    return within_x / (n * (n - 1)) + within_y / (m * (m - 1)) - 2 * across / (n * m)


def _columns(name: str, x: Tensor) -> Tensor:
    x = _check_points(name, x, 1)
    if x.dim() > 2:
        raise ValueError(f"{name}: got shape {tuple(x.shape)}, wanted (N, d) or (N,)")
    return x[:, None] if x.dim() == 1 else x
