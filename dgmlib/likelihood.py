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
