"""What gradients do: their noise in a mini-batch, their fading through time, and whether they are right."""

import copy
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from dgmlib.likelihood import standard_error
from dgmlib.model import AutoregressiveModel, check_counts, evaluating, is_count

PART = 500  # examples that pass through the model at once
ROWS = 8192  # rows of a batch in which each asks for the gradient of one entry of the state
FLOOR = 1e-3  # of the largest entry of a gradient: what is smaller is compared on this scale


@dataclass
class GradientVariance:
    """What :func:`gradient_variance` measured, one entry a batch size.

    Attributes:
        batch_size: B, examples in a mini-batch.
        variance: mean squared distance between the mini-batch's gradient and that of all examples, nats².
        error: standard error of ``variance``, nats².
        predicted: what the variance must be, from the gradients of single examples, nats².
        per_example: the variance of one example's gradient, nats².
        examples: N, among how many the mini-batches were drawn.
        replacement: whether an example could be drawn twice into a mini-batch.

    Example:
        >>> GradientVariance(per_example=3.0).batch_size
        []
    """

    batch_size: list[int] = field(default_factory=list)
    variance: list[float] = field(default_factory=list)
    error: list[float] = field(default_factory=list)
    predicted: list[float] = field(default_factory=list)
    per_example: float = 0.0
    examples: int = 0
    replacement: bool = True

    def law(self, batch_size: float) -> float:
        """What the variance of a mini-batch of any size must be, nats².

        Example:
            >>> GradientVariance(per_example=3.0, examples=7, replacement=False).law(4)
            0.375
        """
        left = 1.0 if self.replacement else (self.examples - batch_size) / max(1, self.examples - 1)
        return self.per_example / batch_size * left


def gradient_variance(
    model: AutoregressiveModel,
    x: Tensor,
    batch_sizes: list[int],
    *,
    repeats: int = 100,
    replacement: bool = True,
    cond: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> GradientVariance:
    r"""How far the gradient of a mini-batch is from that of all examples, measured and predicted.

    With :math:`g_n` the gradient of :math:`-\log p_\theta(x^{(n)})` and g their mean, the gradient :math:`g_B` of a
    mini-batch of B uniform draws with replacement has g as its mean, and the trace of its covariance is

    .. math:: \mathrm{E}\,\lVert g_B - g \rVert^2 = \frac{\sigma^2}{B},
        \qquad \sigma^2 = \frac{1}{N} \sum_{n=1}^{N} \lVert g_n - g \rVert^2.

    Without replacement, as within one pass over shuffled data, it is smaller by the factor (N - B) / (N - 1). The left
    side is measured by back-propagation through ``repeats`` mini-batches of each size, the right side through each
    example alone.

    Args:
        model: any autoregressive model, in ``eval`` mode: dropout would add noise of its own. Its weights stay as they
            are.
        x: the N examples that mini-batches are drawn from, shape ``(N, *event_shape)``, on the model's device.
        batch_sizes: the sizes B.
        repeats: mini-batches of each size, at least 2.
        replacement: whether an example can be drawn twice into a mini-batch.
        cond: for a model with classes only: the class of each example, integers, shape ``(N,)``.
        generator: source of the mini-batches; without one, a generator seeded with 0.

    Raises:
        ValueError: if ``x`` is no batch of the model's events, a number is out of its range, or the model has no
            parameter that learns.
        FloatingPointError: if a gradient is not finite.

    Source:
        Robbins and Monro (1951); Bottou, Curtis and Nocedal (2018).

    Example:
        >>> from dgmlib.models import Table
        >>> coin = Table((1,), 2)  # one example's gradient is (p, -p) or (p - 1, 1 - p)
        >>> measured = gradient_variance(coin, torch.tensor([[0], [1], [1], [1]]), [1, 4])
        >>> round(measured.per_example, 6), [round(v, 6) for v in measured.predicted]
        (0.375, [0.375, 0.09375])
    """
    model.check_events("x", x)
    cond, count = model._check_cond(cond, len(x)), len(x)
    most = None if replacement else count
    for size in batch_sizes:
        if not is_count(size) or (most and size > most):
            wanted = "a positive integer" if replacement else f"an integer 1..{most}"
            raise ValueError(f"batch_sizes: got {size!r}, wanted {wanted}")
    if not batch_sizes:
        raise ValueError("batch_sizes: got none, wanted at least one")
    check_counts(2, repeats=repeats)
    generator = generator or torch.Generator().manual_seed(0)
    with evaluating(model):
        parts = torch.arange(count, device=x.device).split(PART)
        mean = sum(_gradient(model, x, cond, rows) * (len(rows) / count) for rows in parts)
        alone = [
            _squared(_gradient(model, x, cond, row) - mean) for row in torch.arange(count, device=x.device)[:, None]
        ]
        seen = GradientVariance(per_example=sum(alone) / count, examples=count, replacement=replacement)
        for size in batch_sizes:
            distances = []
            for _ in range(repeats):
                rows = _draw(count, size, replacement, generator).to(x.device)
                distances.append(_squared(_gradient(model, x, cond, rows) - mean))
            distances = torch.tensor(distances, dtype=torch.float64)
            seen.batch_size.append(size)
            seen.variance.append(distances.mean().item())
            seen.error.append(standard_error(distances))
            seen.predicted.append(seen.law(size))
    return seen


@dataclass
class GradientCheck:
    """What :func:`gradient_check` found where the two gradients differ most.

    Attributes:
        parameter: name of the parameter that the entry is in.
        index: which entry of the parameter.
        difference: its relative difference, the largest of all; 0 if both gradients are zero everywhere.
        autograd: the entry's derivative by back-propagation, nats.
        finite: by finite differences, nats.
        compared: how many entries were compared.

    Example:
        >>> GradientCheck("bias", (3,), difference=0.5, autograd=1.0, finite=2.0, compared=4).parameter
        'bias'
    """

    parameter: str
    index: tuple[int, ...]
    difference: float
    autograd: float
    finite: float
    compared: int


def gradient_check(
    model: AutoregressiveModel,
    x: Tensor,
    *,
    entries: int | None = 20,
    step: float = 1e-5,
    cond: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> GradientCheck:
    r"""Compare back-propagation with finite differences, and tell where they differ most.

    .. math:: \frac{\partial L}{\partial \theta_i} \approx \frac{L(\theta + h e_i) - L(\theta - h e_i)}{2h},
        \qquad L(\theta) = -\frac{1}{N} \sum_n \log p_\theta(x^{(n)})

    A difference d between derivatives a and b counts as :math:`|a - b| / \max(|a|, |b|, m / 1000)`, where m is the
    largest entry of the gradient: finite differences can't resolve what is much smaller. With smooth activations, a
    right gradient stays below about 1e-5; an error in a formula is nearer to 1. Where a ReLU bends between the two
    points, a right gradient differs as well. Derivatives that are zero hide errors: many are at a model's first
    weights, whose output layers are zero. Train it for some steps before.

    Args:
        model: any autoregressive model; a copy in float64 on the CPU, in ``eval`` mode, is examined.
        x: examples, shape ``(N, *event_shape)``; a few are enough.
        entries: how many entries of each parameter are compared, drawn at random; ``None`` is all.
        step: h.
        cond: for a model with classes only: the class of each example, integers, shape ``(N,)``.
        generator: source of the entries; without one, a generator seeded with 0.

    Raises:
        ValueError: if ``x`` is no batch of the model's events, a number is not positive, or the model has no parameter
            that learns.
        FloatingPointError: if a derivative is not finite.

    Example:
        >>> from dgmlib.models import NADE
        >>> model = NADE((4,), 2)
        >>> for p in model.parameters():
        ...     _ = p.data.normal_(generator=torch.Generator().manual_seed(0))
        >>> gradient_check(model, torch.tensor([[0, 1, 1, 0]])).difference < 1e-5
        True
    """
    model.check_events("x", x)
    cond = model._check_cond(cond, len(x))
    if entries is not None:
        check_counts(entries=entries)
    if isinstance(step, bool) or not isinstance(step, (int, float)) or not 0 < step < float("inf"):
        raise ValueError(f"step: got {step!r}, wanted a positive number")
    generator = generator or torch.Generator().manual_seed(0)
    model = copy.deepcopy(model).to("cpu", torch.float64).eval()
    x = x.cpu() if model.values is not None else x.to("cpu", torch.float64)
    cond, rows = None if cond is None else cond.cpu(), torch.arange(len(x))
    gradient = _gradient(model, x, cond, rows)
    names = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    places, autograd, finite = [], [], []
    for (name, p), part in zip(names, gradient.split([p.numel() for _, p in names]), strict=True):
        which = torch.randperm(p.numel(), generator=generator, device=generator.device)[:entries].tolist()
        places += [(name, tuple(map(int, np.unravel_index(i, p.shape)))) for i in which]
        autograd.append(part[which])
        finite += [
            _slope(lambda: _loss(model, x, cond, rows).item(), p, index, step) for _, index in places[-len(which) :]
        ]
    autograd, finite = torch.cat(autograd), torch.tensor(finite, dtype=torch.float64)
    if not finite.isfinite().all():
        raise FloatingPointError("the loss is not finite near the model's weights: it has no differences")
    size = torch.maximum(autograd.abs(), finite.abs())
    scale = size.clamp(min=FLOOR * size.max().item())
    difference = torch.where(scale > 0, (autograd - finite).abs() / scale, 0.0)
    worst = difference.argmax().item()
    found = (v[worst].item() for v in (difference, autograd, finite))
    return GradientCheck(*places[worst], *found, compared=len(places))


@dataclass
class JacobianNorms:
    """What :func:`jacobian_norms` found, one entry a lag.

    Attributes:
        lag: steps between the two states.
        mean: the norm, averaged over examples and positions.
        low: 5 % of the norms are below this.
        median: half of them are below this.
        high: 95 % of them are below this.

    Example:
        >>> JacobianNorms(lag=[1, 2], mean=[0.5, 0.25]).mean[-1]
        0.25
    """

    lag: list[int] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    median: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)


def jacobian_norms(
    model: AutoregressiveModel, x: Tensor, lags: list[int] | None = None, *, cond: Tensor | None = None
) -> JacobianNorms:
    r"""How strongly the state of a recurrent model depends on its own past: what back-propagation multiplies with.

    .. math:: \Big\lVert \frac{\partial h_t}{\partial h_{t-k}} \Big\rVert_2
        = \Big\lVert \prod_{i=t-k+1}^{t} \frac{\partial h_i}{\partial h_{i-1}} \Big\rVert_2, \qquad
        \text{for tanh cells} \quad \frac{\partial h_i}{\partial h_{i-1}} = \mathrm{diag}(1 - h_i^2)\, W

    The norm is the largest singular value: no error signal shrinks less or grows more over k steps. The state h is all
    of what ``step`` hands on: of every layer, and of an LSTM both the hidden vector and the cell.

    Args:
        model: a model whose ``step`` keeps the past in real vectors of fixed size and counts no positions, such as an
            RNN; it is evaluated in ``eval`` mode.
        x: examples at which the Jacobians are taken, shape ``(B, *event_shape)``, on the model's device.
        lags: the lags k, from 1 to D - 1; ``None`` is 1, 2, 4, ... up to that.
        cond: for a model with classes only: the class of each example, integers, shape ``(B,)``.

    Raises:
        ValueError: if the model's state is no real vector of fixed size (that of a table or a Transformer is none),
            ``x`` is no batch of its events, or a lag is out of range.
        FloatingPointError: if a Jacobian is not finite.

    Source:
        Bengio, Simard and Frasconi (1994); Pascanu, Mikolov and Bengio (2013).

    Example:
        >>> from dgmlib.models import RNN
        >>> model = RNN((5,), 3, cell="rnn", hidden=4)
        >>> for p in model.parameters():
        ...     _ = torch.nn.init.zeros_(p)
        >>> _ = model.rnn.weight_hh_l0.data.copy_(0.5 * torch.eye(4))  # the state stays 0, where tanh has slope 1
        >>> jacobian_norms(model, torch.tensor([[0, 1, 2, 1, 0]]), [1, 2, 4]).mean
        [0.5, 0.25, 0.0625]
    """
    model.check_events("x", x)
    cond, last = model._check_cond(cond, len(x)), model.dims - 1
    if last < 1:
        raise ValueError(f"model: got one of {model.dims} variable, wanted at least 2")
    lags = [2**k for k in range(last.bit_length())] if lags is None else list(lags)
    if not lags or any(not is_count(lag) or lag > last for lag in lags):
        raise ValueError(f"lags: got {lags!r}, wanted integers 1..{last}")
    found = {lag: [] for lag in lags}
    # cuDNN's recurrent layers have no backward in eval mode; those that torch writes out have.
    with evaluating(model), torch.backends.cudnn.flags(enabled=False):
        axes = _batch_axes(model, x, cond)
        for row in range(len(x)):
            one = None if cond is None else cond[row : row + 1]
            steps = _one_step_jacobians(model, x[row : row + 1], one, axes)  # (D - 1, S, S)
            product = steps
            for lag in range(1, max(lags) + 1):
                if lag > 1:
                    product = steps[lag - 1 :] @ product[:-1]  # (D - lag, S, S)
                if not product.isfinite().all():
                    raise FloatingPointError(f"the Jacobian over {lag} steps is not finite")
                if lag in found:
                    found[lag].append(torch.linalg.matrix_norm(product, 2))
    norms = JacobianNorms(lag=lags)
    for lag in lags:
        each = torch.cat(found[lag])  # (B (D - lag),)
        norms.mean.append(each.mean().item())
        for seen, share in ((norms.low, 0.05), (norms.median, 0.5), (norms.high, 0.95)):
            seen.append(each.quantile(share).item())
    return norms


def _draw(count: int, size: int, replacement: bool, generator: torch.Generator) -> Tensor:
    """The examples of one mini-batch, uniform among ``count``, shape (size,)."""
    device = generator.device
    if replacement:
        return torch.randint(count, (size,), generator=generator, device=device)
    return torch.randperm(count, generator=generator, device=device)[:size]


def _squared(gradient: Tensor) -> float:
    return gradient.double().square().sum().item()


def _loss(model: AutoregressiveModel, x: Tensor, cond: Tensor | None, rows: Tensor) -> Tensor:
    return -(model.log_prob(x[rows]) if cond is None else model.log_prob(x[rows], cond[rows])).mean()


@torch.enable_grad()
def _gradient(model: AutoregressiveModel, x: Tensor, cond: Tensor | None, rows: Tensor) -> Tensor:
    """Gradient of the mean surprise of some examples with respect to all parameters that learn, in one vector."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    if not parameters:
        raise ValueError(f"model: got a {type(model).__name__} without parameters that learn, wanted some")
    parts = torch.autograd.grad(_loss(model, x, cond, rows), parameters, allow_unused=True, materialize_grads=True)
    gradient = torch.cat([part.flatten() for part in parts])
    if not gradient.isfinite().all():
        raise FloatingPointError("the gradient is not finite: the model gives an example probability 0, or NaN")
    return gradient


@torch.no_grad()
def _slope(loss, p: Tensor, index: tuple[int, ...], step: float) -> float:
    """Central difference of ``loss()`` by one entry of ``p``, over the distance that rounding leaves of 2 h."""
    was, seen = p[index].item(), []
    for place in (was + step, was - step):
        p[index] = place
        seen.append(loss())
    p[index] = was
    return (seen[0] - seen[1]) / ((was + step) - (was - step))


# A state is a tensor, or tuples and lists of them. Its leaves of floating-point numbers are what h is made of.


def _leaves(state) -> list:
    return [leaf for part in state for leaf in _leaves(part)] if isinstance(state, (tuple, list)) else [state]


def _is_real(leaf) -> bool:
    return isinstance(leaf, Tensor) and leaf.is_floating_point()


def _reals(state) -> list[Tensor]:
    return [leaf for leaf in _leaves(state) if _is_real(leaf)]


def _put(state, reals):
    """The state with other real leaves, taken one after another from the iterator ``reals``."""
    if isinstance(state, (tuple, list)):
        return type(state)([_put(part, reals) for part in state])
    return next(reals) if _is_real(state) else state


def _vectors(reals: list[Tensor], axes: list[int]) -> Tensor:
    """All that is real in a state, one vector an example, shape (n, S)."""
    return torch.cat([leaf.movedim(axis, 0).flatten(1) for leaf, axis in zip(reals, axes, strict=True)], 1)


def _start(model: AutoregressiveModel, n: int, cond: Tensor | None):
    """The state in which the first variable is predicted."""
    return model.step(None, model.init_state(n) if cond is None else model.init_state(n, cond.expand(n)))[1]


@torch.no_grad()
def _batch_axes(model: AutoregressiveModel, x: Tensor, cond: Tensor | None) -> list[int]:
    """Which axis of each real leaf of the state counts the examples; an error if the state is no fixed-size vector."""

    def refuse(why: str):
        kind = type(model).__name__
        return ValueError(f"model: the state of this {kind} {why}, wanted one of real vectors of fixed size only")

    one = None if cond is None else cond[:1]
    two, three = _start(model, 2, one), _start(model, 3, one)
    shapes = [[leaf.shape for leaf in _reals(state)] for state in (two, three)]
    before = [leaf.clone() if isinstance(leaf, Tensor) else leaf for leaf in _leaves(two)]
    after = model.step(model.to_sequence(x[:1])[:, 0].expand(2), two)[1]
    rest = [[leaf for leaf in leaves if not _is_real(leaf)] for leaves in (before, _leaves(after))]
    if len(rest[0]) != len(rest[1]) or not all(map(_same, *rest)):
        raise refuse("holds more than that, which changes from step to step")
    if not shapes[0]:
        raise refuse("holds no real numbers")
    if [leaf.shape for leaf in _reals(after)] != shapes[0]:
        raise refuse("grows")
    axes = []
    for small, large in zip(*shapes, strict=True):
        differ = [axis for axis, (a, b) in enumerate(zip(small, large, strict=True)) if a != b]
        if len(differ) != 1:
            raise refuse(f"has a part of shape {tuple(small)} for 2 examples")
        axes += differ
    return axes


def _same(a, b) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return torch.equal(a, b)
    return a is b or (isinstance(a, (int, float, str)) and type(a) is type(b) and a == b)


def _one_step_jacobians(model, x: Tensor, cond: Tensor | None, axes: list[int]) -> Tensor:
    """Jacobian of each state by the one before, for one example: (D - 1, S, S), float64 on the CPU.

    The step is the same at each position, so all positions are rows of one batch, each S times: the copy i of a
    position asks for the gradient of entry i of the next state.
    """
    sequence, states = model.to_sequence(x)[0], []
    with torch.no_grad():
        state = _start(model, 1, cond)
        for t in range(model.dims - 1):
            states.append([leaf.clone() for leaf in _reals(state)])
            state = model.step(sequence[t : t + 1], state)[1]
    size = _vectors(states[0], axes).shape[1]
    jacobians = []
    for positions in torch.arange(model.dims - 1).split(max(1, ROWS // size)):
        n = len(positions) * size
        leaves = [
            torch.cat([states[t][k] for t in positions.tolist()], axis).repeat_interleave(size, axis).requires_grad_()
            for k, axis in enumerate(axes)
        ]
        with torch.no_grad():
            template = _start(model, n, cond)
        with torch.enable_grad():
            given = _put(template, iter([leaf.clone() for leaf in leaves]))  # a step may write into its state
            after = model.step(sequence[positions.to(sequence.device)].repeat_interleave(size), given)[1]
            vectors = _vectors(_reals(after), axes)  # (n, S)
            asked = torch.eye(size, dtype=vectors.dtype, device=vectors.device).repeat(len(positions), 1)
            rows = torch.autograd.grad(vectors, leaves, asked, allow_unused=True, materialize_grads=True)
        jacobians.append(_vectors(rows, axes).view(-1, size, size).to("cpu", torch.float64))
    return torch.cat(jacobians)
