"""The contract of an autoregressive model, and all that follows from it."""

import math

import torch
from torch import Tensor, nn
from torch.distributions import Categorical


class AutoregressiveModel(nn.Module):
    r"""A distribution over discrete variables, written as one prediction after another.

    .. math:: p(x) = \prod_{i=1}^{D} p(x_i \mid x_{<i})

    A subclass writes ``__init__`` and ``forward``; :meth:`log_prob`, :meth:`conditionals` and :meth:`sample` follow.
    One that can predict the next variable without looking at all of the past again also writes :meth:`init_state` and
    :meth:`step`; what stands here calls ``forward`` once for each variable, which is always right and slow.

    Args:
        event_shape: shape of one example: ``(T,)`` for a sequence, ``(C, H, W)`` for an image.
        values: V, how many values each variable has; data are integers 0..V-1.
        order: flat (row-major) indices of the variables in the order in which they are predicted; ``None`` is 0..D-1.

    Raises:
        ValueError: if an argument is out of its range; ``order`` must be a permutation of 0..D-1.

    Example:
        >>> class Coins(AutoregressiveModel):
        ...     def forward(self, x):
        ...         return torch.zeros(*x.shape, self.values)
        >>> coins = Coins((3,), 2)
        >>> coins.log_prob(torch.tensor([[0, 1, 1]])).exp()
        tensor([0.1250])
        >>> coins.sample(5, generator=torch.Generator().manual_seed(0)).shape
        torch.Size([5, 3])
    """

    def __init__(self, event_shape: tuple[int, ...], values: int, *, order: Tensor | None = None):
        super().__init__()
        shape = tuple(event_shape) if isinstance(event_shape, (tuple, list, torch.Size)) else event_shape
        if not isinstance(shape, tuple) or not shape or any(not isinstance(s, int) or s < 1 for s in shape):
            raise ValueError(f"event_shape: got {event_shape!r}, wanted a tuple of positive integers such as (1, 8, 8)")
        if isinstance(values, bool) or not isinstance(values, int) or values < 2:
            raise ValueError(f"values: got {values!r}, wanted an integer of at least 2")
        self.event_shape, self.values, self.dims = shape, values, math.prod(shape)
        order = torch.arange(self.dims) if order is None else torch.as_tensor(order)
        if order.shape != (self.dims,) or not torch.equal(order.sort().values, torch.arange(self.dims)):
            raise ValueError(f"order: got {order.tolist()}, wanted a permutation of 0..{self.dims - 1}")
        self.register_buffer("order", order)  # order[t]: flat index of the variable predicted at time t
        self.register_buffer("rank", order.argsort())  # rank[i]: time at which the flat variable i is predicted
        self.register_forward_pre_hook(_check_input, with_kwargs=True)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of every conditional at once: entry i parametrises p(x_i | x before i); the shift happens inside.

        Args:
            x: integers 0..V-1, shape ``(B, *event_shape)``.

        Returns:
            Unnormalised log-probabilities, shape ``(B, *event_shape, V)``.

        Raises:
            ValueError: if ``x`` has another shape, dtype or range, or the batch is empty.
        """
        raise NotImplementedError(f"{type(self).__name__} must write forward")

    def conditionals(self, x: Tensor) -> Categorical:
        """The D conditionals p(x_i | x before i) of each example, batch shape ``(B, *event_shape)``."""
        return Categorical(logits=self(x), validate_args=False)

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-probability of each example, nats, summed over the event; shape ``(B,)``."""
        return self.conditionals(x).log_prob(x.long()).flatten(1).sum(1)

    @torch.no_grad()
    def sample(
        self,
        n: int,
        prefix: Tensor | None = None,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
        cached: bool = True,
    ) -> Tensor:
        """Draw ``n`` examples by ancestral sampling: each variable from its conditional given those already drawn.

        Args:
            n: how many examples, at least 1.
            prefix: values of the first k variables in the model's order, shape ``(k,)`` (the same for all) or
                ``(n, k)``.
            temperature: divides each conditional's logits; at any value but 1 this is no longer the model's
                distribution.
            generator: source of the randomness; without one, torch's global generator.
            cached: ``False`` predicts each variable by a whole forward pass: the same examples, more slowly.

        Returns:
            Integers 0..V-1, int64, shape ``(n, *event_shape)``, on the model's device.

        Raises:
            ValueError: if ``n`` or ``temperature`` is not positive, or ``prefix`` has another shape, dtype or range.
        """
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise ValueError(f"n: got {n!r}, wanted a positive integer")
        if not temperature > 0 or math.isinf(temperature):
            raise ValueError(f"temperature: got {temperature!r}, wanted a positive number")
        prefix = self._check_prefix(prefix, n)
        init_state, step = (self.init_state, self.step) if cached else (self._init_naive, self._step_naive)
        was_training = self.training
        self.eval()
        try:
            x = torch.empty(n, self.dims, dtype=torch.int64, device=self.order.device)  # (n, D), in the model's order
            last, state = None, init_state(n)
            for t in range(self.dims):
                logits, state = step(last, state)  # (n, V)
                if t < prefix.shape[1]:
                    last = prefix[:, t]
                else:
                    last = torch.multinomial((logits / temperature).softmax(-1), 1, generator=generator).squeeze(1)
                x[:, t] = last
        finally:
            self.train(was_training)
        return self.to_event(x)

    def init_state(self, n: int):
        """What :meth:`step` needs to know before the first variable, for ``n`` examples side by side."""
        return self._init_naive(n)

    def step(self, x_prev: Tensor | None, state) -> tuple[Tensor, object]:
        """Take the previous variable's value in, and predict the next variable, in the model's order.

        Args:
            x_prev: integers, shape ``(n,)``; ``None`` at the first variable.
            state: what :meth:`init_state` or the last call returned; it must not be used again.

        Returns:
            ``(logits, state)``: logits of shape ``(n, V)`` that equal ``forward``'s, and the state of the next call.
        """
        return self._step_naive(x_prev, state)

    def _init_naive(self, n: int):
        return 0, torch.zeros(n, self.dims, dtype=torch.int64, device=self.order.device)

    def _step_naive(self, x_prev, state):
        t, x = state  # x: (n, D) in the model's order; what is not yet known is 0, and no conditional looks at it
        if x_prev is not None:
            x[:, t - 1] = x_prev
        logits = self(self.to_event(x)).flatten(1, -2)[:, self.order[t]]  # (n, V)
        return logits, (t + 1, x)

    def to_sequence(self, x: Tensor) -> Tensor:
        """Lay events out in the model's order: ``(B, *event_shape, ...)`` to ``(B, D, ...)``."""
        return x.flatten(1, len(self.event_shape))[:, self.order]

    def to_event(self, sequence: Tensor) -> Tensor:
        """Undo :meth:`to_sequence`: ``(B, D, ...)`` in the model's order to ``(B, *event_shape, ...)``."""
        return sequence[:, self.rank].unflatten(1, self.event_shape)

    def check_events(self, name: str, x: Tensor) -> Tensor:
        """Return ``x``, or raise a ``ValueError`` that says why it is no batch of this model's events.

        Args:
            name: what to call the tensor in the message.
            x: wanted: integers 0..V-1, shape ``(B, *event_shape)``, B at least 1.
        """
        wanted = f"(B, {', '.join(map(str, self.event_shape))})"
        if not isinstance(x, Tensor):
            raise ValueError(f"{name}: got {type(x).__name__}, wanted an integer tensor of shape {wanted}")
        if x.dim() != 1 + len(self.event_shape) or tuple(x.shape[1:]) != self.event_shape:
            raise ValueError(f"{name}: got shape {tuple(x.shape)}, wanted {wanted}")
        return self._check_values(name, x)

    def _check_values(self, name: str, x: Tensor) -> Tensor:
        if x.is_floating_point() or x.is_complex() or x.dtype == torch.bool:
            raise ValueError(f"{name}: got {x.dtype}, wanted integers 0..{self.values - 1}, such as torch.int64")
        if x.numel() == 0:
            raise ValueError(f"{name}: got an empty batch (shape {tuple(x.shape)}), wanted at least one example")
        low, high = (v.item() for v in x.aminmax())
        if low < 0 or high >= self.values:
            raise ValueError(f"{name}: got values {low}..{high}, wanted 0..{self.values - 1}")
        return x

    def _check_prefix(self, prefix: Tensor | None, n: int) -> Tensor:
        device = self.order.device
        if prefix is None:
            return torch.empty(n, 0, dtype=torch.int64, device=device)
        wanted = f"(k,) or ({n}, k) with k from 1 to {self.dims}"
        if not isinstance(prefix, Tensor):
            raise ValueError(f"prefix: got {type(prefix).__name__}, wanted an integer tensor of shape {wanted}")
        rows = prefix if prefix.dim() == 2 else prefix.expand(n, -1) if prefix.dim() == 1 else None
        if rows is None or rows.shape[0] != n or not 1 <= rows.shape[1] <= self.dims:
            raise ValueError(f"prefix: got shape {tuple(prefix.shape)}, wanted {wanted}")
        return self._check_values("prefix", rows).to(device, torch.int64)


def _check_input(model: AutoregressiveModel, args: tuple, options: dict) -> None:
    model.check_events("x", args[0] if args else options.get("x"))
