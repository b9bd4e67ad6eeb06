"""How far one distribution is from another, for probability tables. Everything is in nats."""

import torch
from torch import Tensor


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
    return 0.0 - torch.xlogy(p, q).sum(-1)  # xlogy(0, 0) = 0, xlogy(p, 0) = -inf; 0 - 0 is no minus zero


def kl(p: Tensor, q: Tensor) -> Tensor:
    r"""Kullback-Leibler divergence: what believing ``q`` costs when the source is ``p``, in nats.

    .. math:: \mathrm{KL}(p \,\|\, q) = \sum_x p(x) \log \frac{p(x)}{q(x)} \ge 0

    It is no distance: swap the arguments and it may change, and it obeys no triangle inequality.

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
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum(-1).clamp(min=0)  # rounding alone can make it negative


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
