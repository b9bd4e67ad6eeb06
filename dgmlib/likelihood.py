"""Average likelihoods with their uncertainty, and every conversion of units that the course makes.

The library computes in nats (natural logarithms). This is the one place that turns nats into anything else.
"""

import math

import torch
from torch import Tensor


def nll(log_prob: Tensor) -> float:
    r"""Negative log-likelihood: minus the mean of ``log_prob``, in nats per example.

    .. math:: \mathrm{nll} = -\frac{1}{N} \sum_{n=1}^{N} \log p(x^{(n)})

    Args:
        log_prob: log-probability of each example, nats, shape ``(N,)``. Minus infinity is allowed: a model that rules
            out one example has an infinite loss, and says so.

    Raises:
        ValueError: if ``log_prob`` is empty, holds NaN, or has not exactly one dimension.

    Example:
        >>> nll(torch.tensor([-1.0, -3.0]))
        2.0
    """
    return -_examples("log_prob", log_prob).mean().item()


def standard_error(values: Tensor) -> float:
    r"""Standard error of the mean of independent ``values``, in the unit of the values.

    .. math:: \mathrm{se} = \frac{s}{\sqrt N}, \qquad s^2 = \frac{1}{N-1} \sum_n (v_n - \bar v)^2

    Args:
        values: one number for each example, such as log-probabilities in nats; shape ``(N,)`` with ``N >= 2``.

    Raises:
        ValueError: if there are fewer than two values, or one is NaN or infinite.

    Example:
        >>> standard_error(torch.tensor([1.0, 3.0]))
        1.0
    """
    values = _examples("values", values)
    if len(values) < 2:
        raise ValueError(f"values: got {len(values)} value, wanted at least 2: one value says nothing of its spread")
    if values.isinf().any():
        where = values.isinf().nonzero()[0].item()
        raise ValueError(
            f"values: got {values[where].item()} at index {where}, wanted finite numbers: the mean is infinite"
        )
    return (values.std(correction=1) / math.sqrt(len(values))).item()


def to_bits(nats):
    """Bits in ``nats``: a number or tensor divided by ln 2.

    Example:
        >>> to_bits(math.log(8))
        3.0
    """
    return nats / math.log(2)


def to_nats(bits):
    """Nats in ``bits``: a number or tensor multiplied by ln 2.

    Example:
        >>> round(to_nats(1), 4)
        0.6931
    """
    return bits * math.log(2)


def bits_per_dim(nats, dims: int):
    r"""Bits per dimension: ``nats / (dims ln 2)``, for nats per example and ``dims`` variables in an example.

    An image of C channels, H rows and W columns has ``C * H * W`` dimensions. The discrete variables' number of values
    plays no part: an 8-bit pixel that the model knows nothing of costs 8 bits per dimension.

    Args:
        nats: a number or tensor, nats per example (see :func:`nll`).
        dims: event dimensions of one example, at least 1.

    Raises:
        ValueError: if ``dims`` is not a positive integer.

    Example:
        >>> bits_per_dim(784 * math.log(256), 784)
        8.0
    """
    return to_bits(nats) / _count("dims", dims)


def perplexity(nats: float, tokens: int) -> float:
    r"""Perplexity: ``exp(nats / tokens)``, for nats per example of ``tokens`` tokens.

    The number of equally likely tokens among which the model is as uncertain. Two perplexities compare only when they
    count the same tokens: characters, bytes and words each have their own.

    Args:
        nats: nats per example, summed over its tokens.
        tokens: how many tokens an example has, at least 1.

    Raises:
        ValueError: if ``tokens`` is not a positive integer.

    Example:
        >>> round(perplexity(3 * math.log(27), 3), 6)
        27.0
    """
    return math.exp(nats / _count("tokens", tokens))


def dequantize(x: Tensor, *, generator: torch.Generator | None = None, dtype: torch.dtype | None = None) -> Tensor:
    r"""Spread each value over its unit interval, ``x + u`` with u uniform in [0, 1): real numbers for a density.

    A density q of real numbers gives each value v the probability of its interval, and by Jensen's inequality

    .. math:: \mathbb{E}_u \log q(v + u) \;\le\; \log \int_{[0,1)^D} q(v + u)\, du = \log P(v) ,

    so that the mean log-density of dequantised data, in units of the values, is a lower bound of a discrete model's
    log-likelihood. Without noise a density can put a spike on each value, and has no upper bound at all.

    Args:
        x: integers, any shape.
        generator: source of the noise; without one, torch's global generator of the CPU.
        dtype: of the result; ``None`` is torch's default.

    Returns:
        Real numbers in [x, x + 1), the shape and device of ``x``.

    Raises:
        ValueError: if ``x`` does not hold integers.

    Source:
        Uria, Murray and Larochelle (2013); Theis, van den Oord and Bethge (2016) for the bound.

    Example:
        >>> x = torch.tensor([[0, 3, 255]])
        >>> torch.equal(dequantize(x, generator=torch.Generator().manual_seed(0)).floor().long(), x)
        True
    """
    if not isinstance(x, Tensor) or x.is_floating_point() or x.is_complex() or x.dtype == torch.bool:
        raise ValueError(f"x: got {x.dtype if isinstance(x, Tensor) else type(x).__name__}, wanted integers")
    dtype = dtype or torch.get_default_dtype()
    device = generator.device if generator is not None else "cpu"
    noise = torch.rand(x.shape, generator=generator, dtype=torch.float64, device=device).to(x.device)
    below = torch.nextafter((x + 1).to(dtype), x.to(dtype))  # rounding must not reach the next value
    return torch.minimum((x + noise).to(dtype), below)


def in_units(log_density, dims: int, scale: float):
    r"""The log-density of the same data in other units, :math:`y = a\,x + b`: minus :math:`D \log |a|`.

    Grey levels 0..255 that a model saw as numbers from -1 to 1 have a = 127.5 on their way back, and -log p grows by ln
    127.5 nats a dimension. Probabilities of discrete values have no units, and are left alone.

    Args:
        log_density: a number or tensor, nats per example of ``dims`` variables, in the units of x.
        dims: how many variables all of which are rescaled.
        scale: a, how many of the new units one of the old ones is; the shift b plays no part.

    Raises:
        ValueError: if ``dims`` is not a positive integer, or ``scale`` is 0 or not finite.

    Example:
        >>> metres = torch.distributions.Normal(0.0, 1.0).log_prob(torch.tensor(0.5))
        >>> millimetres = torch.distributions.Normal(0.0, 1000.0).log_prob(torch.tensor(500.0))
        >>> bool((in_units(metres, 1, 1000) - millimetres).abs() < 1e-5)
        True
    """
    if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not 0 < abs(scale) < math.inf:
        raise ValueError(f"scale: got {scale!r}, wanted a finite number other than 0")
    return log_density - _count("dims", dims) * math.log(abs(scale))


def _examples(name: str, values: Tensor) -> Tensor:
    values = torch.as_tensor(values)
    values = values if values.dtype == torch.float64 else values.float()
    if values.dim() != 1:
        raise ValueError(f"{name}: got shape {tuple(values.shape)}, wanted (N,): one number for each example")
    if not len(values):
        raise ValueError(f"{name}: got an empty batch, wanted at least one example")
    if values.isnan().any():
        raise ValueError(f"{name}: got NaN at index {values.isnan().nonzero()[0].item()}, wanted numbers")
    return values


def _count(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}: got {value!r}, wanted a positive integer")
    return value
