"""The contract of an autoregressive model, and all that follows from it."""

import functools
import hashlib
import json
import math
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution
from tqdm import tqdm

from dgmlib.files import write_whole

LONG_RUN = 3  # seconds after which sampling in a terminal shows a progress bar


def _remembering(init):
    """A constructor that keeps the arguments it was called with: save writes them down, load makes the same model."""

    @functools.wraps(init)
    def remember(model, *args, **options):
        model.__dict__.setdefault("_made_with", (args, options))  # the subclass's own come first
        init(model, *args, **options)

    return remember


class AutoregressiveModel(nn.Module):
    r"""A distribution over discrete variables, written as one prediction after another.

    .. math:: p(x) = \prod_{i=1}^{D} p(x_i \mid x_{<i})

    A subclass writes ``__init__`` and ``forward``; :meth:`log_prob`, :meth:`conditionals` and :meth:`sample` follow.
    One that can predict the next variable without looking at all of the past again also writes :meth:`init_state` and
    :meth:`step`; what stands here calls ``forward`` once for each variable, which is always right and slow.

    Args:
        event_shape: shape of one example: ``(T,)`` for a sequence, ``(C, H, W)`` for an image.
        values: V, how many values each variable has; data are integers 0..V-1. A subclass that says
            ``takes_reals = True`` also allows ``None``: its variables are real numbers, and it writes
            :meth:`conditionals` and :meth:`draw` too.
        order: flat (row-major) indices of the variables in the order in which they are predicted; ``None`` is 0..D-1.
        classes: how many classes of side information ``cond`` the model is told of; ``None`` is none.

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

    takes_reals = False

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        if "__init__" in cls.__dict__:
            cls.__init__ = _remembering(cls.__init__)

    @_remembering
    def __init__(
        self,
        event_shape: tuple[int, ...],
        values: int | None,
        *,
        order: Tensor | None = None,
        classes: int | None = None,
    ):
        super().__init__()
        shape = tuple(event_shape) if isinstance(event_shape, (tuple, list, torch.Size)) else event_shape
        if not isinstance(shape, tuple) or not shape or any(not is_count(s) for s in shape):
            raise ValueError(f"event_shape: got {event_shape!r}, wanted a tuple of positive integers such as (1, 8, 8)")
        if not (is_count(values, 2) or (values is None and self.takes_reals)):
            raise ValueError(f"values: got {values!r}, wanted an integer of at least 2")
        if classes is not None and not is_count(classes):
            raise ValueError(f"classes: got {classes!r}, wanted None or a positive integer")
        self.event_shape, self.values, self.dims, self.classes = shape, values, math.prod(shape), classes
        straight = torch.arange(self.dims, device="cpu")
        order = straight if order is None else torch.as_tensor(order, device="cpu")
        if order.is_floating_point() or order.dtype == torch.bool or not torch.equal(order.sort().values, straight):
            raise ValueError(f"order: got {order.tolist()}, wanted a permutation of 0..{self.dims - 1}")
        order = order.to(torch.get_default_device(), torch.int64, copy=True)
        self.register_buffer("order", order)  # order[t]: flat index of the variable predicted at time t
        self.register_buffer("rank", order.argsort())  # rank[i]: time at which the flat variable i is predicted
        self.register_forward_pre_hook(_check_input, with_kwargs=True)
        self.register_load_state_dict_post_hook(_follow_order)

    def forward(self, x: Tensor, cond: Tensor | None = None) -> Tensor:
        """Logits of every conditional at once: entry i parametrises p(x_i | x before i); the shift happens inside.

        Args:
            x: integers 0..V-1, shape ``(B, *event_shape)``.
            cond: for a model with classes only: the class of each example, integers, shape ``(B,)``.

        Returns:
            Unnormalised log-probabilities, shape ``(B, *event_shape, V)``.

        Raises:
            ValueError: if ``x`` or ``cond`` has another shape, dtype, range or device, or the batch is empty. A model
                after ``model.compile()``, which ``log_prob`` then uses too, does not look: check data before.

        Example:
            >>> from dgmlib.models import Table
            >>> chain = Table.from_markov(torch.tensor([0.5, 0.5]), torch.tensor([[0.9, 0.1], [0.5, 0.5]]), length=3)
            >>> logits = chain(torch.tensor([[0, 1, 1]]))  # (1, 3, 2): x_2 = 1 counts in the last row, x_3 in none
            >>> logits[0].softmax(-1).detach()
            tensor([[0.5000, 0.5000],
                    [0.9000, 0.1000],
                    [0.5000, 0.5000]])
        """
        raise NotImplementedError(f"{type(self).__name__} must write forward")

    def conditionals(self, x: Tensor, cond: Tensor | None = None) -> Distribution:
        """The D conditionals p(x_i | x before i) of each example, batch shape ``(B, *event_shape)``.

        Example:
            >>> from dgmlib.models import Table
            >>> chain = Table.from_markov(torch.tensor([0.5, 0.5]), torch.tensor([[0.9, 0.1], [0.5, 0.5]]), length=3)
            >>> chain.conditionals(torch.tensor([[0, 0, 1]])).entropy().detach()  # how unsure each one is, nats
            tensor([[0.6931, 0.3251, 0.3251]])
        """
        return Categorical(logits=at_least_single(self(x, *_given(cond))), validate_args=False)

    def log_prob(self, x: Tensor, cond: Tensor | None = None) -> Tensor:
        """Log-probability of each example, nats, summed over the event; shape ``(B,)``.

        For real variables it is the logarithm of the density.

        Example:
            >>> from dgmlib.models import Table
            >>> chain = Table.from_markov(torch.tensor([0.5, 0.5]), torch.tensor([[0.9, 0.1], [0.5, 0.5]]), length=3)
            >>> round(chain.log_prob(torch.tensor([[0, 0, 1]])).exp().item(), 6)  # 0.5 x 0.9 x 0.1
            0.045
        """
        return self.conditionals(x, *_given(cond)).log_prob(x if self.values is None else x.long()).flatten(1).sum(1)

    @torch.no_grad()
    def sample(
        self,
        n: int,
        prefix: Tensor | None = None,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
        cached: bool = True,
        *,
        cond: Tensor | int | None = None,
        top_k: int | None = None,
        batch_size: int | None = None,
        progress: bool | None = None,
    ) -> Tensor:
        """Draw ``n`` examples by ancestral sampling: each variable from its conditional given those already drawn.

        Each variable turns one uniform number into a value, and all these numbers are drawn before anything else. So
        neither ``cached`` nor ``batch_size`` changes what is drawn, up to rounding; nor does the device, as long as the
        generator is one of the CPU.

        Args:
            n: how many examples, at least 1.
            prefix: values of the first k variables in the model's order, shape ``(k,)`` (the same for all) or
                ``(n, k)``; :meth:`to_sequence` puts an example into that order.
            temperature: divides each conditional's logits; at any value but 1 this is no longer the model's
                distribution.
            generator: source of the randomness; without one, torch's global generator of the CPU.
            cached: ``False`` predicts each variable by a whole forward pass: the same examples, more slowly.
            cond: for a model with classes only: the class of all examples, or of each, integers of shape ``(n,)``.
            top_k: draws from the k likeliest values of each conditional only (and those that tie with the k-th); with
                any number below V this is no longer the model's distribution.
            batch_size: examples that are drawn side by side; ``None`` is all of them, or, when memory does not
                suffice, half as many until it does.
            progress: whether to show a progress bar; ``None`` shows one in a terminal when the run takes long.

        Returns:
            Integers 0..V-1, int64 (or real numbers, in the model's dtype), shape ``(n, *event_shape)``, on the model's
            device.

        Raises:
            ValueError: if ``n``, ``temperature``, ``top_k`` or ``batch_size`` is not positive, or ``prefix`` or
                ``cond`` has another shape, dtype or range.
            FloatingPointError: if the model predicts NaN.

        Example:
            >>> from dgmlib.models import Table
            >>> chain = Table.from_markov(torch.tensor([0.5, 0.5]), torch.tensor([[0.9, 0.1], [0.5, 0.5]]), length=3)
            >>> chain.sample(2, prefix=torch.tensor([1, 0]), top_k=1)  # after 0, 0 is likelier than 1
            tensor([[1, 0, 0],
                    [1, 0, 0]])
            >>> first, second = (torch.Generator().manual_seed(0) for _ in range(2))
            >>> torch.equal(chain.sample(9, generator=first), chain.sample(9, generator=second, cached=False))
            True

        Source:
            Fan, Lewis and Dauphin (2018) for top-k sampling.
        """
        check_counts(n=n, **{k: v for k, v in {"top_k": top_k, "batch_size": batch_size}.items() if v is not None})
        if isinstance(temperature, bool) or not isinstance(temperature, (int, float)) or not 0 < temperature < math.inf:
            raise ValueError(f"temperature: got {temperature!r}, wanted a positive number")
        if self.values is None and (temperature != 1 or top_k is not None):
            raise ValueError(
                f"temperature and top_k: got {temperature} and {top_k}, wanted 1.0 and None: "
                "real variables have no logits"
            )
        prefix, cond = self._check_prefix(prefix, n), self._check_cond(cond, n)
        device = generator.device if generator is not None else "cpu"
        uniform = torch.rand(n, self.dims, dtype=torch.float64, generator=generator, device=device)  # in [0, 1)
        draw = self.draw if self.values is None else lambda logits, u: _draw_value(logits, u, temperature, top_k)
        drawn, done, size = [], 0, min(n, batch_size or n)
        bar = tqdm(
            total=n * self.dims,
            desc="sampling",
            unit=" variables",
            delay=0 if progress else LONG_RUN,
            disable=None if progress is None else not progress,
        )
        with evaluating(self), bar:
            while done < n:
                rows = slice(done, done + size)
                try:
                    drawn.append(self._sample_rows(prefix[rows], uniform[rows], _rows(cond, rows), cached, draw, bar))
                except RuntimeError as error:
                    if size == 1 or not out_of_memory(error):
                        raise
                    size, bar.n = (size + 1) // 2, done * self.dims
                else:
                    done += size
        return self.to_event(torch.cat(drawn))

    def _sample_rows(self, prefix, uniform, cond, cached, draw, bar) -> Tensor:
        """Draw ``len(uniform)`` examples side by side, (rows, D) in the model's order."""
        n, device = len(uniform), self.order.device
        uniform = uniform.T.clone(memory_format=torch.contiguous_format).to(_doubles(device)).unbind(0)  # D of (n,)
        state = self.init_state(n, *_given(cond)) if cached else self._init_naive(n, cond)
        step = self.step if cached else self._step_naive
        last, drawn = None, []
        for t in range(self.dims):
            given = t < prefix.shape[1]
            if given and not cached:  # nothing to predict: a later call sees the value
                state = self._keep_naive(last, state)
            else:
                parameters, state = step(last, state)  # (n, V)
            last = prefix[:, t] if given else draw(parameters, uniform[t]).to(device)
            drawn.append(last)
            bar.update(n)
        drawn = torch.stack(drawn, 1)
        if drawn.isnan().any() or torch.stack(uniform).isnan().any():  # drawing leaves NaN where it met NaN
            raise FloatingPointError("the model predicts NaN: it has no samples")
        return drawn

    def draw(self, parameters: Tensor, uniform: Tensor) -> Tensor:
        """Turn one uniform number in [0, 1) into one draw of a real variable; a subclass with real variables writes it.

        Args:
            parameters: what :meth:`step` returns, shape ``(n, P)``.
            uniform: shape ``(n,)``, float64.

        Returns:
            Shape ``(n,)``, in the parameters' dtype.

        Example:
            >>> class Waits(AutoregressiveModel):  # exponentially distributed times; what steps return is their rate
            ...     takes_reals = True
            ...     def draw(self, parameters, uniform):
            ...         return (-torch.log1p(-uniform) / parameters[:, 0]).to(parameters)
            >>> half = torch.full((2,), 0.5, dtype=torch.float64)
            >>> Waits((3,), None).draw(torch.tensor([[1.0], [2.0]]), half)  # medians: ln 2 / rate
            tensor([0.6931, 0.3466])
        """
        raise NotImplementedError(f"{type(self).__name__} must write draw")

    def init_state(self, n: int, cond: Tensor | None = None):
        """What :meth:`step` needs to know before the first variable, for ``n`` examples side by side.

        Args:
            n: how many.
            cond: for a model with classes only: the class of each, integers, shape ``(n,)``.

        Raises:
            ValueError: if ``cond`` has another shape, dtype or range, or is missing.

        Example:
            >>> from dgmlib.models import GatedPixelCNN
            >>> model = GatedPixelCNN((1, 4, 4), 2, hidden=4, layers=1, classes=10)
            >>> state = model.init_state(3, torch.tensor([7, 7, 1]))
            >>> logits, state = model.step(None, state)  # of the first pixel, given each class
            >>> logits.shape
            torch.Size([3, 2])
        """
        return self._init_naive(n, self._check_cond(cond, n))

    def step(self, x_prev: Tensor | None, state) -> tuple[Tensor, object]:
        """Take the previous variable's value in, and predict the next variable, in the model's order.

        It is for sampling and coding: states change in place, so don't differentiate through it, and call it D times at
        most.

        Args:
            x_prev: integers, shape ``(n,)``; ``None`` at the first variable.
            state: what :meth:`init_state` or the last call returned; it must not be used again.

        Returns:
            ``(logits, state)``: logits of shape ``(n, V)`` that equal ``forward``'s, and the state of the next call.

        Raises:
            ValueError: if all D variables have been predicted and the state counts them.

        Example:
            >>> from dgmlib.models import Table
            >>> chain = Table.from_markov(torch.tensor([0.5, 0.5]), torch.tensor([[0.9, 0.1], [0.5, 0.5]]), length=3)
            >>> first, state = chain.step(None, chain.init_state(2))
            >>> second, state = chain.step(torch.tensor([0, 1]), state)  # x_1 is 0 in one example, 1 in the other
            >>> second.softmax(-1).detach()
            tensor([[0.9000, 0.1000],
                    [0.5000, 0.5000]])
        """
        return self._step_naive(x_prev, state)

    def _init_naive(self, n: int, cond: Tensor | None = None):
        dtype = torch.int64 if self.values is not None else next(self.parameters()).dtype
        return 0, torch.zeros(n, self.dims, dtype=dtype, device=self.order.device), cond

    def _step_naive(self, x_prev, state):
        t, x, cond = self._keep_naive(x_prev, state)
        logits = self(self.to_event(x), *_given(cond)).flatten(1, -2)[:, self.order[t - 1]]  # (n, V)
        return logits, (t, x, cond)

    def _keep_naive(self, x_prev, state):
        t, x, cond = state  # x: (n, D) in the model's order; what is not yet known is 0, and no conditional looks at it
        self._check_time(t)
        if x_prev is not None:
            x[:, t - 1] = x_prev
        return t + 1, x, cond

    def given(self, cond: int) -> "AutoregressiveModel":
        """The distribution p(x | cond) of one class as a model of its own, which needs no ``cond``.

        It shares this model's weights; it can be sampled, coded and examined as any other.

        Args:
            cond: the class, 0..classes-1.

        Raises:
            ValueError: if the model has no classes, or not this one.

        Example:
            >>> from dgmlib.models import PixelCNN
            >>> model = PixelCNN((1, 2, 2), 2, hidden=2, layers=1, classes=10)
            >>> sevens, x = model.given(7), torch.zeros(3, 1, 2, 2, dtype=torch.int64)
            >>> torch.equal(sevens.log_prob(x), model.log_prob(x, torch.tensor([7, 7, 7])))
            True
        """
        if self.classes is None:
            raise ValueError(f"cond: got {cond!r}, wanted none: this {type(self).__name__} has no classes")
        if not is_count(cond, 0):
            raise ValueError(f"cond: got {cond!r}, wanted one class, an integer 0..{self.classes - 1}")
        self._check_cond(cond, 1)
        return _Given(self, cond)

    def _order_changed(self) -> None:
        """Called when another order was loaded; a subclass whose masks depend on it renews them."""

    def to_sequence(self, x: Tensor) -> Tensor:
        """Lay events out in the model's order: ``(B, *event_shape, ...)`` to ``(B, D, ...)``.

        Example:
            >>> from dgmlib.models import FVSBN
            >>> model = FVSBN((2, 2), 8, order=torch.tensor([3, 2, 1, 0]))
            >>> z = model.to_sequence(torch.tensor([[[4, 5], [6, 7]]]))
            >>> z
            tensor([[7, 6, 5, 4]])
            >>> model.sample(2, prefix=z[0, :2])[:, 1]  # keeps what comes first in the order: the lower row
            tensor([[6, 7],
                    [6, 7]])
        """
        return x.flatten(1, len(self.event_shape))[:, self.order]

    def to_event(self, sequence: Tensor) -> Tensor:
        """Undo :meth:`to_sequence`: ``(B, D, ...)`` in the model's order to ``(B, *event_shape, ...)``.

        Example:
            >>> from dgmlib.models import FVSBN
            >>> FVSBN((2, 2), 8, order=torch.tensor([3, 2, 1, 0])).to_event(torch.tensor([[7, 6, 5, 4]]))
            tensor([[[4, 5],
                     [6, 7]]])
        """
        return sequence[:, self.rank].unflatten(1, self.event_shape)

    def fingerprint(self) -> str:
        """SHA-256 of every weight and buffer with its name, dtype and shape, as 64 hexadecimal digits.

        Example:
            >>> from dgmlib.models import Table
            >>> one, other = Table((2,), 2), Table((2,), 2)  # tables start alike
            >>> one.fingerprint() == other.fingerprint()
            True
            >>> other = other.count(torch.tensor([[0, 1]]), smoothing=1)
            >>> one.fingerprint() == other.fingerprint()
            False
        """
        digest = hashlib.sha256()
        for name, tensor in sorted(self.state_dict().items()):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
            digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()

    def save(self, path: str | Path) -> None:
        """Write the weights to a safetensors file, with the constructor's arguments and the library's version inside.

        The file appears whole or not at all. :func:`dgmlib.models.load` reads it.

        Args:
            path: where; what stands there is replaced.

        Raises:
            ValueError: if the model was made with an argument that can't be written down.
            OSError: if the file can't be written.

        Example:
            >>> import tempfile
            >>> from dgmlib.models import FVSBN
            >>> model = FVSBN((3,), 2)
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     model.save(f"{folder}/model.safetensors")
            ...     same = FVSBN.load(f"{folder}/model.safetensors")
            >>> same.fingerprint() == model.fingerprint()
            True
        """
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in self.state_dict().items()}
        about = {
            "dgmlib": version("dgmlib"),
            "model": type(self).__name__,
            "arguments": json.dumps(self._made_with, default=_plain),
            "fingerprint": self.fingerprint(),
        }
        write_whole(path, safetensors.torch.save(tensors, metadata=about))

    @classmethod
    def load(cls, path: str | Path) -> "AutoregressiveModel":
        """Make the model that :meth:`save` wrote, on the CPU and in ``eval`` mode. Nothing is unpickled.

        Args:
            path: a file that :meth:`save` wrote.

        Raises:
            ValueError: if the file is cut off, changed, of another model or of another version of the library.
            OSError: if it can't be read.

        Example:
            >>> import tempfile
            >>> from dgmlib.models import Table
            >>> coin = Table((1,), 2).count(torch.tensor([[0], [1], [1], [1]]))
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     coin.save(f"{folder}/coin.safetensors")
            ...     same = Table.load(f"{folder}/coin.safetensors")
            >>> round(same.log_prob(torch.tensor([[1]])).exp().item(), 6), same.training
            (0.75, False)
        """
        about, tensors = read_weights(path)
        if about["model"] != cls.__name__:
            raise ValueError(f"{path}: holds {about['model']}, wanted {cls.__name__}")
        try:
            args, options = json.loads(about["arguments"])
            model = cls(*args, **options)
            model.to(next((t.dtype for t in tensors.values() if t.is_floating_point()), torch.get_default_dtype()))
            model.load_state_dict(tensors)
        except (RuntimeError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: its weights don't fit {cls.__name__}: {error}") from error
        if model.fingerprint() != about["fingerprint"]:
            raise ValueError(f"{path}: its weights were changed after they were saved: the fingerprint does not fit")
        return model.eval()

    def check_events(self, name: str, x: Tensor) -> Tensor:
        """Return ``x``, or raise a ``ValueError`` that says why it is no batch of this model's events.

        Args:
            name: what to call the tensor in the message.
            x: wanted: integers 0..V-1 (or finite floating-point numbers), shape ``(B, *event_shape)``, B at least 1.

        Example:
            >>> from dgmlib.models import Table
            >>> Table((3,), 2).check_events("data", torch.tensor([[0, 1, 2]]))
            Traceback (most recent call last):
            ValueError: data: got values 0..2, wanted 0..1
        """
        wanted = f"(B, {', '.join(map(str, self.event_shape))})"
        if not isinstance(x, Tensor):
            kind = "an integer" if self.values is not None else "a floating-point"
            raise ValueError(f"{name}: got {type(x).__name__}, wanted {kind} tensor of shape {wanted}")
        if x.dim() != 1 + len(self.event_shape) or tuple(x.shape[1:]) != self.event_shape:
            raise ValueError(f"{name}: got shape {tuple(x.shape)}, wanted {wanted}")
        return self._check_values(name, x)

    def _check_values(self, name: str, x: Tensor) -> Tensor:
        if self.values is None:
            return self._check_reals(name, x)
        if x.is_floating_point() or x.is_complex() or x.dtype == torch.bool:
            raise ValueError(f"{name}: got {x.dtype}, wanted integers 0..{self.values - 1}, such as torch.int64")
        _check_not_empty(name, x)
        if x.is_meta:  # shapes without values
            return x
        low, high = (v.item() for v in x.aminmax())
        if low < 0 or high >= self.values:
            raise ValueError(f"{name}: got values {low}..{high}, wanted 0..{self.values - 1}")
        return x

    def _check_reals(self, name: str, x: Tensor) -> Tensor:
        if not x.is_floating_point():
            raise ValueError(f"{name}: got {x.dtype}, wanted real numbers, such as {torch.get_default_dtype()}")
        _check_not_empty(name, x)
        if not x.is_meta and not x.isfinite().all():
            raise ValueError(f"{name}: got NaN or infinity, wanted finite numbers")
        return x

    def _check_time(self, t: int) -> None:
        """Raise a ``ValueError`` if there is no variable to predict at time ``t``: for a ``step`` to begin with."""
        if t >= self.dims:
            raise ValueError(f"state: got one after all {self.dims} variables, wanted at most {self.dims} steps")

    def _check_prefix(self, prefix: Tensor | None, n: int) -> Tensor:
        dtype = torch.int64 if self.values is not None else next(self.parameters()).dtype
        device = self.order.device
        if prefix is None:
            return torch.empty(n, 0, dtype=dtype, device=device)
        wanted = f"(k,) or ({n}, k) with k from 1 to {self.dims}"
        if not isinstance(prefix, Tensor):
            raise ValueError(f"prefix: got {type(prefix).__name__}, wanted a tensor of shape {wanted}")
        rows = prefix if prefix.dim() == 2 else prefix.expand(n, -1) if prefix.dim() == 1 else None
        if rows is None or rows.shape[0] != n or not 1 <= rows.shape[1] <= self.dims:
            raise ValueError(f"prefix: got shape {tuple(prefix.shape)}, wanted {wanted}")
        return self._check_values("prefix", rows).to(device, dtype)

    def _check_cond(self, cond: Tensor | int | None, n: int) -> Tensor | None:
        """Return the class of each of ``n`` examples, int64 of shape (n,) on the model's device, or None."""
        if self.classes is None:
            if cond is not None:
                raise ValueError(f"cond: got {cond!r}, wanted none: this {type(self).__name__} has no classes")
            return None
        wanted = f"integers 0..{self.classes - 1}, shape ({n},)"
        if isinstance(cond, int) and not isinstance(cond, bool):
            cond = torch.full((n,), cond, device=self.order.device)
        if not isinstance(cond, Tensor) or cond.is_floating_point() or cond.dtype == torch.bool:
            came = cond.dtype if isinstance(cond, Tensor) else type(cond).__name__
            raise ValueError(f"cond: got {came}, wanted {wanted}")
        if cond.shape != (n,):
            raise ValueError(f"cond: got shape {tuple(cond.shape)}, wanted {wanted}")
        if not cond.is_meta and not 0 <= cond.min() <= cond.max() < self.classes:
            raise ValueError(f"cond: got values {cond.min()}..{cond.max()}, wanted {wanted}")
        return cond.to(self.order.device, torch.int64)


class _Given(AutoregressiveModel):
    """A model with classes, told one of them."""

    def __init__(self, model: AutoregressiveModel, cond: int):
        super().__init__(model.event_shape, model.values, order=model.order)
        self.model = model
        self.register_buffer("cond", torch.tensor(cond))
        self.to(model.order.device).train(model.training)

    def save(self, path: str | Path) -> None:
        raise ValueError(f"a {type(self.model).__name__} that was given a class: save the model that it was made from")

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x, self.cond.expand(len(x)))

    def conditionals(self, x: Tensor, cond: None = None) -> Distribution:
        self._check_cond(cond, 1)
        return self.model.conditionals(x, self.cond.expand(len(x)))

    def init_state(self, n: int):
        return self.model.init_state(n, self.cond.expand(n))

    def step(self, x_prev, state):
        return self.model.step(x_prev, state)


def is_count(number, least: int = 1) -> bool:
    """Whether ``number`` is an integer of at least ``least``; True and False are none.

    Example:
        >>> is_count(3), is_count(3.0), is_count(True), is_count(0), is_count(0, 0)
        (True, False, False, False, True)
    """
    return isinstance(number, int) and not isinstance(number, bool) and number >= least


def at_least_single(x: Tensor) -> Tensor:
    """Raise half precision to float32: what autocast leaves in bfloat16 is too coarse to be normalised and added up.

    Example:
        >>> at_least_single(torch.zeros(2, dtype=torch.bfloat16)).dtype
        torch.float32
    """
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def check_counts(least: int = 1, **counts) -> None:
    """Raise a ``ValueError`` that names the first of the numbers that is no integer of at least ``least``.

    Example:
        >>> check_counts(hidden=64, layers=0)
        Traceback (most recent call last):
        ValueError: layers: got 0, wanted a positive integer
    """
    for name, number in counts.items():
        if not is_count(number, least):
            wanted = "a positive integer" if least == 1 else f"an integer of at least {least}"
            raise ValueError(f"{name}: got {number!r}, wanted {wanted}")


def check_probability(**probabilities) -> None:
    """Raise a ``ValueError`` that names the first of the numbers that is not in [0, 1).

    Example:
        >>> check_probability(dropout=1.5)
        Traceback (most recent call last):
        ValueError: dropout: got 1.5, wanted a number from 0 to below 1
    """
    for name, number in probabilities.items():
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number < 1:
            raise ValueError(f"{name}: got {number!r}, wanted a number from 0 to below 1")


@contextmanager
def evaluating(model: nn.Module):
    """Put a model into ``eval`` mode, and each of its parts back into the mode that it was in.

    Example:
        >>> layer = nn.Dropout().train()
        >>> with evaluating(layer):
        ...     layer.training
        False
        >>> layer.training
        True
    """
    was_training = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield model
    finally:
        for module, training in was_training.items():
            module.training = training


def read_weights(path: str | Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """What a file that :meth:`AutoregressiveModel.save` wrote says of itself, and its tensors.

    Raises:
        ValueError: if it is no such file, cut off, or written by another version of the library.
        OSError: if it can't be read.

    Example:
        >>> import tempfile
        >>> from dgmlib.models import NADE
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     NADE((3,), 2).save(f"{folder}/model.safetensors")
        ...     about, tensors = read_weights(f"{folder}/model.safetensors")
        >>> about["model"], about["arguments"], tensors["bias"].shape
        ('NADE', '[[[3], 2], {}]', torch.Size([3, 1]))
    """
    with open(path, "rb"):  # a file that is not there is an OSError that names it
        pass
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, it is no dictionary
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path}: cut off, or no safetensors file: {error}") from error
    missing = {"dgmlib", "model", "arguments", "fingerprint"} - about.keys()
    if missing:
        raise ValueError(f"{path}: not saved by dgmlib: it does not say {', '.join(sorted(missing))}")
    if about["dgmlib"] != version("dgmlib"):
        raise ValueError(f"{path}: saved by version {about['dgmlib']} of dgmlib, wanted {version('dgmlib')}")
    return about, tensors


def _plain(argument):
    if isinstance(argument, Tensor):
        return argument.tolist()
    raise ValueError(f"a model made with {argument!r} can't be saved: wanted numbers, text, lists and tensors")


def _check_input(model: AutoregressiveModel, args: tuple, options: dict):
    if torch.compiler.is_compiling():  # a compiled graph has no place for errors that depend on values
        return None
    x, cond, *more = (*args, *(options.pop(name, None) for name in ("x", "cond")[len(args) :]))
    x = model.check_events("x", x)
    if x.device != model.order.device:
        raise ValueError(f"x: got a tensor on {x.device}, wanted one on the model's device, {model.order.device}")
    cond = model._check_cond(cond, len(x))
    return (x, *_given(cond), *more), options


def _follow_order(model: AutoregressiveModel, _) -> None:
    """After weights were loaded, whose order may be another than the constructor's."""
    model.rank.copy_(model.order.argsort())
    model._order_changed()


def _check_not_empty(name: str, x: Tensor) -> None:
    if x.numel() == 0:
        raise ValueError(f"{name}: got an empty batch (shape {tuple(x.shape)}), wanted at least one example")


def _draw_value(logits: Tensor, uniform: Tensor, temperature: float, top_k: int | None) -> Tensor:
    """The value in whose part of the unit interval ``uniform`` falls, shape (n,). ``uniform`` is used up: it becomes a
    point on the scale of the sums, and so NaN where a logit is NaN."""
    logits = logits.to(uniform)
    if temperature != 1:
        logits = (logits - logits.amax(-1, keepdim=True)) / temperature  # at most 0, however small the temperature
    if top_k is not None and top_k < logits.shape[-1]:
        least = logits.topk(top_k).values[:, -1:]
        logits = logits.masked_fill(logits < least, -math.inf)
    sums = logits.softmax(-1).cumsum(-1)  # (n, V)
    point = uniform.mul_(sums[:, -1])  # below the last sum, so a value of probability 0 is never drawn
    return torch.searchsorted(sums, point[:, None], right=True).squeeze(1).clamp_(max=sums.shape[-1] - 1)


def _given(cond: Tensor | None) -> tuple:
    return () if cond is None else (cond,)


def _rows(cond: Tensor | None, rows: slice) -> Tensor | None:
    return None if cond is None else cond[rows]


def _doubles(device: torch.device) -> torch.device:
    """Where to compute in float64 for tensors on ``device``: there, or on the CPU if the device has no float64."""
    return torch.device("cpu") if device.type == "mps" else device


def out_of_memory(error: RuntimeError) -> bool:
    """Whether torch raised this because memory did not suffice, on whatever device.

    Example:
        >>> out_of_memory(torch.OutOfMemoryError("CUDA out of memory")), out_of_memory(RuntimeError("shapes differ"))
        (True, False)
    """
    said = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or any(
        words in said for words in ("out of memory", "can't allocate memory", "alloc_failed")
    )
