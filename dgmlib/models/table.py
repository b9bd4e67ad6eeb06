"""Conditionals kept as tables: the exact model of anything small, and n-gram models of anything long."""

import torch
from torch import Tensor, nn

from dgmlib.divergences import check_probabilities
from dgmlib.model import AutoregressiveModel, is_count

MAX_ENTRIES = 2**24


class Table(AutoregressiveModel):
    r"""One table row of V logits for every context that a variable can have.

    .. math:: p(x_i \mid x_{<i}) = \mathrm{softmax}(\theta_{i, x_{i-m}, \dots, x_{i-1}})_{x_i}

    With all of the past as context (``memory=None``) it can be any distribution whatever, at the price of
    :math:`(V^D - 1)/(V - 1)` rows, or :math:`V^D - 1` free numbers. With ``memory=m`` it looks back m variables; with
    ``shared=True`` all variables beyond the first m use the same rows: an n-gram model (n = m + 1), or Markov chain of
    order m. Rows start uniform, so the first loss is exactly ln V for each variable.

    Args:
        event_shape: shape of one example, flattened row by row into D variables.
        values: V, the number of values of each variable.
        memory: how many variables each conditional looks back; ``None`` is all.
        shared: whether variables with a full memory share one table.

    Raises:
        ValueError: if the table would hold more than 2^24 entries, or an argument is out of its range.

    Source:
        Shannon (1948) for n-gram models of English.

    Example:
        >>> p = torch.tensor([[0.5, 0.0], [0.125, 0.375]])  # p[x1, x2]
        >>> Table.from_joint(p).log_prob(torch.tensor([[0, 0], [1, 0]])).exp().tolist()
        [0.5, 0.125]
    """

    def __init__(self, event_shape, values: int, *, memory: int | None = None, shared: bool = False):
        super().__init__(event_shape, values)
        longest = self.dims - 1
        memory = longest if memory is None else memory
        if not is_count(memory, 0):
            raise ValueError(f"memory: got {memory!r}, wanted None or an integer of at least 0")
        self.memory = min(memory, longest)
        size = [values ** min(i, self.memory) for i in range(self.dims)]  # rows that each variable needs
        if shared:
            size[self.memory + 1 :] = [0] * (self.dims - self.memory - 1)
        if sum(size) * values > MAX_ENTRIES:
            raise ValueError(
                f"a table of {self.dims} variables with {values} values and memory {self.memory} has "
                f"more than {MAX_ENTRIES} entries, wanted at most that: give it less memory, or share rows"
            )
        start = [sum(size[:i]) for i in range(self.dims)]  # first row of each variable
        if shared:
            start[self.memory :] = [start[self.memory]] * (self.dims - self.memory)
        self.register_buffer("start", torch.tensor(start))
        self.logits = nn.Parameter(torch.zeros(sum(size), values))  # (rows, V)

    @classmethod
    def from_joint(cls, p: Tensor) -> "Table":
        """The table whose distribution is ``p``, in p's dtype: conditionals are ratios of p's marginals.

        Args:
            p: joint probabilities, shape ``(V,) * D``; ``p[x_1, ..., x_D]``.

        Raises:
            ValueError: if ``p`` does not sum to one, is negative or NaN, or its dimensions differ in size.

        Example:
            >>> model = Table.from_joint(torch.tensor([[0.5, 0.0], [0.125, 0.375]]))
            >>> model.logits.softmax(-1).detach()  # p(x_1), p(x_2 | x_1 = 0), p(x_2 | x_1 = 1)
            tensor([[0.5000, 0.5000],
                    [1.0000, 0.0000],
                    [0.2500, 0.7500]])
        """
        if not isinstance(p, Tensor) or p.dim() < 1 or len(set(p.shape)) != 1:
            came = tuple(p.shape) if isinstance(p, Tensor) else type(p).__name__
            raise ValueError(f"p: got {came}, wanted a tensor of shape (V, V, ..., V), one dimension for each variable")
        values, dims = p.shape[0], p.dim()
        check_probabilities("p", p.flatten())
        model = cls((dims,), values).to(p.dtype)
        marginals = [p.sum(tuple(range(i + 1, dims))) if i + 1 < dims else p for i in range(dims)]  # p(x_1..x_{i+1})
        model.set_rows(torch.cat([m.reshape(-1, values) for m in marginals]))
        return model

    @classmethod
    def from_markov(cls, initial: Tensor, transition: Tensor, length: int) -> "Table":
        """The table of a Markov chain over sequences of ``length`` variables, in the dtype of its probabilities.

        Args:
            initial: p(x_1), shape ``(V,)``.
            transition: row a is p(x_{t+1} | x_t = a), shape ``(V, V)``.
            length: T, at least 2.

        Raises:
            ValueError: if a row does not sum to one, or the shapes don't fit.

        Example:
            >>> chain = Table.from_markov(torch.tensor([1.0, 0.0]), torch.tensor([[0.9, 0.1], [0.5, 0.5]]), length=3)
            >>> round(chain.log_prob(torch.tensor([[0, 0, 1]])).exp().item(), 6)
            0.09
        """
        check_probabilities("initial", initial)
        check_probabilities("transition", transition)
        values = initial.shape[-1]
        if initial.shape != (values,) or transition.shape != (values, values):
            raise ValueError(
                f"transition: got shapes {tuple(initial.shape)} and {tuple(transition.shape)}, wanted (V,) and (V, V)"
            )
        if length < 2:
            raise ValueError(f"length: got {length!r}, wanted at least 2")
        model = cls((length,), values, memory=1, shared=True).to(initial.dtype)
        model.set_rows(torch.cat([initial[None], transition]))
        return model

    @torch.no_grad()
    def set_rows(self, weight: Tensor) -> None:
        """Set every row to ``weight``, normalised; a row of zeros, a context that never occurs, becomes uniform.

        Args:
            weight: counts or probabilities, none negative, shape ``(rows, V)``.

        Raises:
            ValueError: if it has another shape, or an entry is negative or not finite.

        Example:
            >>> bigrams = Table((9,), 2, memory=1, shared=True)
            >>> bigrams.set_rows(torch.tensor([[1, 0], [3, 1], [0, 0]]))  # the start, after 0, after 1
            >>> bigrams.logits.softmax(-1).detach()
            tensor([[1.0000, 0.0000],
                    [0.7500, 0.2500],
                    [0.5000, 0.5000]])
        """
        if weight.shape != self.logits.shape or not torch.isfinite(weight).all() or (weight < 0).any():
            raise ValueError(
                f"weight: got shape {tuple(weight.shape)}, wanted {tuple(self.logits.shape)}, finite and not negative"
            )
        weight = weight.to(self.logits)
        weight = torch.where(weight.sum(-1, keepdim=True) > 0, weight, 1.0)
        self.logits.copy_((weight / weight.sum(-1, keepdim=True)).log())

    @torch.no_grad()
    def count(self, x: Tensor, smoothing: float = 0.0) -> "Table":
        r"""Maximise the likelihood of ``x``, by counting; returns the model.

        .. math:: p(v \mid \text{context}) = \frac{n(\text{context}, v) + s}{\sum_{v'} n(\text{context}, v') + sV}

        Args:
            x: examples, integers 0..V-1, shape ``(B, *event_shape)``.
            smoothing: s, added to every count; with 0, what was never seen has probability zero.

        Raises:
            ValueError: if ``x`` is no batch of events, or ``smoothing`` is negative or not finite.

        Example:
            >>> coin = Table((1,), 2).count(torch.tensor([[0], [1], [1], [1]]))
            >>> round(coin.log_prob(torch.tensor([[1]])).exp().item(), 6)
            0.75
        """
        if not 0 <= smoothing < float("inf"):
            raise ValueError(f"smoothing: got {smoothing!r}, wanted a number of at least 0")
        rows = self._rows(self.to_sequence(self.check_events("x", x)).long())  # (B, D)
        flat = (rows * self.values + self.to_sequence(x).long()).flatten()
        counts = torch.bincount(flat, minlength=self.logits.numel()).view_as(self.logits)
        self.set_rows(counts.double() + smoothing)
        return self

    def forward(self, x: Tensor) -> Tensor:
        return self.to_event(self.logits[self._rows(self.to_sequence(x).long())])

    def _rows(self, z: Tensor) -> Tensor:
        """Row of each variable's context: its first row plus the context read as a number in base V. (B, D)."""
        context, number = torch.zeros_like(z[:, 0]), []
        for t in range(self.dims):
            number.append(context)
            context = (context * self.values + z[:, t]) % self.values**self.memory
        return self.start + torch.stack(number, 1)

    def init_state(self, n: int):
        return 0, torch.zeros(n, dtype=torch.int64, device=self.order.device)

    def step(self, x_prev, state):
        t, context = state
        self._check_time(t)
        if x_prev is not None:
            context = (context * self.values + x_prev) % self.values**self.memory
        return self.logits[self.start[t] + context], (t + 1, context)
