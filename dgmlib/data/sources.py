"""Sources whose entropy and every probability are known exactly, to hold models against. Everything is in float64."""

import math

import torch
from torch import Tensor

from dgmlib.data.dataset import check_integers
from dgmlib.divergences import check_probabilities, entropy


class MarkovSource:
    r"""A Markov chain: each symbol depends on the one before it and on nothing else.

    .. math:: p(x_{1:T}) = \pi_0(x_1) \prod_{t=2}^{T} P(x_{t-1}, x_t)

    Args:
        initial: probabilities of the first symbol, shape ``(V,)``.
        transition: row i holds the probabilities of what follows symbol i, shape ``(V, V)``.

    Raises:
        ValueError: if either is no table of probabilities (:func:`dgmlib.divergences.check_probabilities`), or their
            shapes don't match.

    Source:
        Shannon (1948); Cover and Thomas (2006), Elements of Information Theory, chapter 4.

    Example:
        >>> weather = MarkovSource(torch.tensor([0.5, 0.5]), torch.tensor([[0.9, 0.1], [0.4, 0.6]]))
        >>> weather.log_prob(torch.tensor([[0, 0, 1]])).exp()
        tensor([0.0450], dtype=torch.float64)
        >>> weather.stationary()
        tensor([0.8000, 0.2000], dtype=torch.float64)
        >>> round(weather.entropy_rate(), 4)
        0.3947
    """

    def __init__(self, initial: Tensor, transition: Tensor):
        self.initial = _table("initial", initial)
        if self.initial.dim() != 1:
            raise ValueError(f"initial: got shape {tuple(self.initial.shape)}, wanted (V,)")
        self.values = len(self.initial)
        self.transition = _table("transition", transition)
        if self.transition.shape != (self.values, self.values):
            wanted = f"({self.values}, {self.values}), since initial has {self.values} values"
            raise ValueError(f"transition: got shape {tuple(self.transition.shape)}, wanted {wanted}")

    def __repr__(self) -> str:
        return f"MarkovSource of {self.values} values"

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-probability of each sequence, nats, shape ``(B,)``; minus infinity where it can't occur.

        Args:
            x: integers 0..V-1, shape ``(B, T)``, any T.

        Raises:
            ValueError: if ``x`` has another shape, dtype or range, or is empty.
        """
        x = check_integers("x", x, self.values, (-1,)).long()
        return self.initial.log()[x[:, 0]] + self.transition.log()[x[:, :-1], x[:, 1:]].sum(1)

    def sample(self, n: int, length: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw ``n`` sequences of ``length`` symbols, int64, shape ``(n, length)``.

        Raises:
            ValueError: if ``n`` or ``length`` is no positive integer.

        Example:
            >>> turns = MarkovSource(torch.tensor([1.0, 0.0]), torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
            >>> turns.sample(1, 4).tolist()
            [[0, 1, 0, 1]]
        """
        n, length = _count("n", n), _count("length", length)
        x = torch.empty(n, length, dtype=torch.int64)
        x[:, 0] = torch.multinomial(self.initial, n, replacement=True, generator=generator)
        for t in range(1, length):
            x[:, t] = torch.multinomial(self.transition[x[:, t - 1]], 1, generator=generator)[:, 0]
        return x

    def joint(self, length: int) -> Tensor:
        """Probabilities of all the sequences of ``length`` symbols, shape ``(V, ..., V)`` with ``length`` dimensions.

        Raises:
            ValueError: if ``length`` is no positive integer, or there are more than 2^24 such sequences.

        Example:
            >>> weather = MarkovSource(torch.tensor([1.0, 0.0]), torch.tensor([[0.75, 0.25], [0.5, 0.5]]))
            >>> weather.joint(2).tolist()
            [[0.75, 0.25], [0.0, 0.0]]
        """
        if self.values ** _count("length", length) > 2**24:
            raise ValueError(f"length: got {length}: {self.values}^{length} sequences, wanted at most 2^24 of them")
        p = self.initial
        for _ in range(length - 1):
            p = p[..., None] * self.transition
        return p

    def stationary(self) -> Tensor:
        r"""The distribution over symbols that a step leaves as it is, :math:`\pi P = \pi`, shape ``(V,)``.

        Raises:
            ValueError: if there are several, because the chain has parts that it can't leave.

        Source:
            Grassmann, Taksar and Heyman (1985), for the way to compute it.
        """
        # Several exist exactly when two symbols to which the chain always returns can't reach each other. That hangs on
        # which probabilities are zero, not on how large the others are.
        reach = ((self.transition > 0) | torch.eye(self.values, dtype=torch.bool)).double()
        for _ in range(self.values.bit_length()):
            reach = (reach @ reach > 0).double()
        returns = (reach <= reach.T).all(1)  # (V,): whatever can be reached from here leads back here
        if (reach[returns][:, returns] == 0).any():
            raise ValueError("transition: got a chain with several stationary distributions, wanted one with only one")
        # Take the symbols away one by one, each time joining the ways that led through it. Nothing is subtracted, so
        # small probabilities keep their digits, as they would not in a linear solver.
        ways = self.transition[returns][:, returns].clone()
        for k in range(len(ways) - 1, 0, -1):
            ways[:k, k] /= ways[k, :k].sum()
            ways[:k, :k] += ways[:k, k, None] * ways[k, :k]
        weights = torch.ones(len(ways), dtype=torch.float64)
        for k in range(1, len(ways)):
            weights[k] = weights[:k] @ ways[:k, k]
        p = torch.zeros(self.values, dtype=torch.float64)
        p[returns] = weights / weights.sum()
        return p

    def entropy_rate(self) -> float:
        r"""Nats that each further symbol costs in the long run, :math:`\sum_i \pi_i H(P_i)`.

        Raises:
            ValueError: as :meth:`stationary` does.
        """
        return (self.stationary() @ entropy(self.transition)).item()

    def entropy(self, length: int) -> float:
        """Entropy of the sequences of ``length`` symbols, in nats.

        Raises:
            ValueError: if ``length`` is no positive integer.

        Example:
            >>> fair = MarkovSource(torch.full((2,), 0.5), torch.full((2, 2), 0.5))
            >>> round(fair.entropy(3) / math.log(2), 6)
            3.0
        """
        rows, p, total = entropy(self.transition), self.initial, entropy(self.initial)
        for _ in range(_count("length", length) - 1):
            total, p = total + p @ rows, p @ self.transition
        return total.item()


class TableSource:
    """A joint distribution over D variables of V values each, written out in full.

    Args:
        probs: p(x) at ``probs[x_1, ..., x_D]``, shape ``(V, ..., V)`` with D dimensions.

    Raises:
        ValueError: if ``probs`` is no table of probabilities, or its dimensions differ in size.

    Example:
        >>> rain_and_umbrella = TableSource(torch.tensor([[0.5, 0.1], [0.1, 0.3]]))
        >>> rain_and_umbrella.log_prob(torch.tensor([[1, 1]])).exp()
        tensor([0.3000], dtype=torch.float64)
        >>> round(rain_and_umbrella.entropy(), 4)
        1.1683
    """

    def __init__(self, probs: Tensor):
        if not isinstance(probs, Tensor):
            raise ValueError(f"probs: got {type(probs).__name__}, wanted a floating-point tensor of probabilities")
        shape = tuple(probs.shape)
        if len(set(shape)) != 1:
            raise ValueError(f"probs: got shape {shape}, wanted (V, ..., V): for each variable a dimension of size V")
        self.probs = _table("probs", probs.flatten()).view(shape)
        self.values, self.event_shape = shape[0], (len(shape),)

    def __repr__(self) -> str:
        return f"TableSource over events of shape {self.event_shape}, {self.values} values"

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-probability of each point, nats, shape ``(B,)``; minus infinity where it can't occur.

        Args:
            x: integers 0..V-1, shape ``(B, D)``.

        Raises:
            ValueError: if ``x`` has another shape, dtype or range, or is empty.
        """
        x = check_integers("x", x, self.values, self.event_shape).long()
        return self.probs[tuple(x.T)].log()

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw ``n`` points, int64, shape ``(n, D)``.

        Raises:
            ValueError: if ``n`` is no positive integer.

        Example:
            >>> TableSource(torch.tensor([[0.0, 1.0], [0.0, 0.0]])).sample(2).tolist()
            [[0, 1], [0, 1]]
        """
        flat = torch.multinomial(self.probs.flatten(), _count("n", n), replacement=True, generator=generator)
        return torch.stack(torch.unravel_index(flat, self.probs.shape), -1)

    def entropy(self) -> float:
        """Entropy of the joint distribution, in nats."""
        return entropy(self.probs.flatten()).item()


class BarsAndStripes:
    """Black and white squares whose rows are each of one colour, or whose columns are; every such pattern is as likely.

    There are ``2 * 2^size - 2`` patterns: a choice of colour for each row, or for each column; the two of a single
    colour come both ways and count once. (A coin that decides between rows and columns first would make those two twice
    as likely.)

    Args:
        size: height and width, 1..12.

    Raises:
        ValueError: if ``size`` is no integer 1..12.

    Source:
        MacKay (2003), Information Theory, Inference, and Learning Algorithms, chapter 43.

    Example:
        >>> source = BarsAndStripes(2)
        >>> source.points.flatten(1).tolist()
        [[0, 0, 0, 0], [0, 0, 1, 1], [0, 1, 0, 1], [1, 0, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]]
        >>> math.exp(source.entropy())
        6.0
    """

    def __init__(self, size: int):
        if _count("size", size) > 12:
            raise ValueError(f"size: got {size}, wanted an integer 1..12")
        self.event_shape, self.values = (1, size, size), 2
        colours = torch.cartesian_prod(*[torch.arange(2)] * size).view(-1, size, 1)  # (2^size, size, 1)
        rows = colours.expand(-1, size, size)
        # points: every pattern that can occur, shape (N, 1, size, size), in lexicographic order
        self.points = torch.cat([rows, rows.mT]).flatten(1).unique(dim=0).view(-1, *self.event_shape)

    def __repr__(self) -> str:
        return f"BarsAndStripes of {len(self.points)} patterns of shape {self.event_shape}"

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-probability of each picture, nats, shape ``(B,)``; minus infinity for one that is no pattern.

        Args:
            x: integers 0..1, shape ``(B, 1, size, size)``.

        Raises:
            ValueError: if ``x`` has another shape, dtype or range, or is empty.

        Example:
            >>> BarsAndStripes(2).log_prob(torch.tensor([[[[1, 1], [0, 0]]], [[[1, 0], [0, 0]]]])).exp()
            tensor([0.1667, 0.0000], dtype=torch.float64)
        """
        x = check_integers("x", x, 2, self.event_shape)
        rows, columns = (x == x[..., :1]).flatten(1).all(1), (x == x[..., :1, :]).flatten(1).all(1)
        return torch.where(rows | columns, -torch.tensor(self.entropy(), dtype=torch.float64), -math.inf)

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw ``n`` patterns, int64, shape ``(n, 1, size, size)``.

        Raises:
            ValueError: if ``n`` is no positive integer.

        Example:
            >>> source = BarsAndStripes(2)
            >>> bool(source.log_prob(source.sample(50)).isfinite().all())
            True
        """
        return self.points[torch.randint(len(self.points), (_count("n", n),), generator=generator)]

    def entropy(self) -> float:
        """Entropy in nats: the logarithm of the number of patterns."""
        return math.log(len(self.points))


def _table(name: str, p: Tensor) -> Tensor:
    # Rows that are off by the rounding of their own dtype are put right in float64, where the laws are held to 1e-12.
    p = check_probabilities(name, p).double()
    return p / p.sum(-1, keepdim=True)


def _count(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}: got {value!r}, wanted a positive integer")
    return value
