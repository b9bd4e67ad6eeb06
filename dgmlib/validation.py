"""Folds that keep what was learnt from apart from what is judged, and k models trained as one.

scikit-learn's splitters share the examples out; it comes with ``pip install "dgmlib[train]"``.
"""

import copy
import inspect
import json
import math
import warnings
from collections.abc import Callable, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import vmap
from torch.nn import functional as F
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.overrides import TorchFunctionMode

from dgmlib.likelihood import nll, standard_error
from dgmlib.model import AutoregressiveModel, _check_input, check_counts, is_count, out_of_memory
from dgmlib.train import History, _check_rates, _decay_of, _Examples, fit, spread

ROWS = 1000  # examples of all models together that are evaluated at once
# Optimizers that treat each weight by itself, so that models side by side don't know of each other.
ELEMENTWISE = (
    torch.optim.Adam,
    torch.optim.AdamW,
    torch.optim.SGD,
    torch.optim.RMSprop,
    torch.optim.Adagrad,
    torch.optim.Adadelta,
    torch.optim.Adamax,
    torch.optim.NAdam,
    torch.optim.RAdam,
)
FUSED = ELEMENTWISE[:3]  # those that torch can run as one operation over all weights


@dataclass
class Nested:
    """One outer fold of :func:`nested`.

    Attributes:
        folds: inner folds ``(train, valid)`` of what is not test: choose by them.
        rest: all examples that are not test: learn from them what was chosen.
        test: examples that no inner fold has seen: report them once.

    Example:
        >>> nested(6, 3, 2)[0].test.shape
        torch.Size([2])
    """

    folds: list[tuple[Tensor, Tensor]]
    rest: Tensor
    test: Tensor


def hold_out(n: int, fraction: float = 0.2, *, groups=None, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Split the numbers 0..n-1 at random in two: to learn from, and to judge by.

    Args:
        n: how many examples there are.
        fraction: share that is held out, between 0 and 1; with ``groups``, of the groups.
        groups: the group of each example, n numbers or names; all of a group stay on one side. Copies of one example,
            or what one person wrote, are a group.
        seed: another one gives another split.

    Returns:
        ``(train, valid)``, int64, in ascending order.

    Raises:
        ValueError: if an argument is out of its range, or one side would be empty.
        ImportError: if scikit-learn is not installed.

    Source:
        scikit-learn's ShuffleSplit and GroupShuffleSplit.

    Example:
        >>> train, valid = hold_out(10, 0.2)
        >>> len(train), len(valid), sorted([*train.tolist(), *valid.tolist()]) == list(range(10))
        (8, 2, True)
    """
    selection = _selection()
    groups, count = _check_groups(n, groups)
    if isinstance(fraction, bool) or not isinstance(fraction, (int, float)) or not 0 < fraction < 1:
        raise ValueError(f"fraction: got {fraction!r}, wanted a number between 0 and 1")
    held_out = math.ceil(fraction * count)  # as scikit-learn rounds
    if not 0 < held_out < count:
        what = "examples" if groups is None else "groups"
        raise ValueError(f"fraction: got {fraction!r} of {count} {what}, wanted some on either side")
    splitter = selection.ShuffleSplit if groups is None else selection.GroupShuffleSplit
    splitter = splitter(n_splits=1, test_size=held_out, random_state=_check_seed(seed))
    return next(_split(splitter, n, groups))


def k_fold(n: int, k: int = 10, *, stop: float = 0.0, groups=None, seed: int = 0) -> list[tuple[Tensor, ...]]:
    """Share the numbers 0..n-1 out at random into k parts, each of which is held out once.

    A model that stops early by the examples that judge it is judged too well: it chose the moment that suits them. With
    ``stop``, part of what a fold learns from is kept to stop by, and the held-out part stays untouched.

    Args:
        n: how many examples there are.
        k: how many folds, from 2 to n; n leaves one example out in each.
        stop: share of a fold's training part to stop by.
        groups: the group of each example, n numbers or names; all of a group are held out together.
        seed: another one gives other folds.

    Returns:
        k pairs ``(train, valid)``; with ``stop``, triples ``(train, valid, test)``. All int64, in ascending order.

    Raises:
        ValueError: if an argument is out of its range, or there are fewer examples, or groups, than folds.
        ImportError: if scikit-learn is not installed.

    Source:
        scikit-learn's KFold and GroupKFold; Stone (1974) for the method.

    Example:
        >>> folds = k_fold(10, 5)
        >>> [len(valid) for train, valid in folds], sorted(int(i) for _, valid in folds for i in valid)
        ([2, 2, 2, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        >>> [len(part) for part in k_fold(10, 5, stop=0.25)[0]]
        [6, 2, 2]
    """
    selection = _selection()
    groups, count = _check_groups(n, groups)
    if not is_count(k, 2):
        raise ValueError(f"k: got {k!r}, wanted an integer of at least 2")
    if k > count:
        raise ValueError(
            f"k: got {k}, wanted at most the number of {'examples' if groups is None else 'groups'}, {count}"
        )
    splitter = selection.KFold if groups is None else selection.GroupKFold
    folds = list(_split(splitter(n_splits=k, shuffle=True, random_state=_check_seed(seed)), n, groups))
    if not stop:
        return folds
    triples = []
    for rest, test in folds:
        train, valid = hold_out(len(rest), stop, groups=_at(groups, rest), seed=seed)
        triples.append((rest[train], rest[valid], test))
    return triples


def nested(n: int, outer: int, inner: int, *, groups=None, seed: int = 0) -> list[Nested]:
    """Folds within folds: the inner ones choose, and the outer test set, which they never touch, judges the choice.

    The best of many scores is better than what it stands for, since luck was chosen with it.

    Args:
        n: how many examples there are.
        outer: how many outer folds, at least 2.
        inner: how many inner folds each of them has, at least 2.
        groups: the group of each example, n numbers or names; all of a group stay together, inside and outside.
        seed: another one gives other folds.

    Raises:
        ValueError: as :func:`k_fold`.
        ImportError: if scikit-learn is not installed.

    Source:
        Varma and Simon (2006).

    Example:
        >>> first = nested(12, 3, 2)[0]
        >>> len(first.test), len(first.rest), [len(part) for part in first.folds[0]]
        (4, 8, [4, 4])
    """
    groups, _ = _check_groups(n, groups)
    found = []
    for rest, test in k_fold(n, outer, groups=groups, seed=seed):
        folds = k_fold(len(rest), inner, groups=_at(groups, rest), seed=seed)
        found.append(Nested([(rest[train], rest[valid]) for train, valid in folds], rest, test))
    return found


@dataclass
class CrossValidation:
    """What :func:`cross_validate` found, one entry a fold.

    Attributes:
        models: trained, each with the weights of its best check.
        histories: what each saw on its way.
        nats: held-out negative log-likelihood of each, nats per example.

    Example:
        >>> CrossValidation([], [], [2.0, 4.0]).mean
        3.0
    """

    models: list[AutoregressiveModel]
    histories: list[History]
    nats: list[float]

    @property
    def mean(self) -> float:
        """Average over the folds, nats per example."""
        return sum(self.nats) / len(self.nats)

    @property
    def standard_error(self) -> float:
        """Standard error of :attr:`mean` as if the folds were independent.

        They share training examples, so it is but a rough guide, and as a rule too small: no estimator of this variance
        is unbiased whatever the data.

        Source:
            Bengio and Grandvalet (2004).

        Example:
            >>> CrossValidation([], [], [2.0, 4.0]).standard_error
            1.0
        """
        return standard_error(torch.tensor(self.nats, dtype=torch.float64))


def cross_validate(
    make: Callable[[], AutoregressiveModel],
    x: Tensor | tuple[Tensor, Tensor],
    folds: Sequence[tuple[Tensor, ...]],
    *,
    together: bool | None = None,
    seed: int = 0,
    **options,
) -> CrossValidation:
    """Train a fresh model on each fold, and judge it by what the fold holds out.

    With pairs ``(train, valid)``, a model is judged by the examples that it stopped by, which flatters it a little;
    with triples ``(train, valid, test)``, by others. A score by which something was chosen flatters too: see
    :func:`nested`.

    Args:
        make: called once for each fold, gives a model to train. Fold i calls it after ``torch.manual_seed(seed + i)``,
            and leaves torch's generator as it was.
        x: examples, ``(N, *event_shape)``; for models with classes, a pair of them and their classes.
        folds: of :func:`k_fold`, or made otherwise: indices of the examples.
        together: train all models as one, by :func:`fit_together`, which is faster for small models; ``False``: one
            after another. ``None``: as one where that can be done. It is the same up to rounding.
        seed: fold i draws its mini-batches from a generator seeded with ``seed + i``.
        **options: those of :func:`dgmlib.train.fit`, or of :func:`fit_together`.

    Raises:
        ValueError: if an argument is out of its range, or the models can't be trained together and were to be.
        FloatingPointError: if a loss is no longer finite.

    Source:
        Stone (1974).

    Example:
        >>> from dgmlib.models import FVSBN
        >>> x = torch.randint(2, (40, 3), generator=torch.Generator().manual_seed(0))
        >>> found = cross_validate(lambda: FVSBN((3,), 2), x, k_fold(40, 4), steps=20, batch_size=10)
        >>> len(found.nats), 1.9 < found.mean < 2.4
        (4, True)
    """
    folds = _check_folds(folds, len(x[0] if isinstance(x, (tuple, list)) else x))
    check_counts(0, seed=seed)
    if "generator" in options or "generators" in options:
        raise ValueError("generator: got one, wanted seed: each fold draws from a generator of its own")
    models = []
    with torch.random.fork_rng(devices=[]):
        for i in range(len(folds)):
            torch.manual_seed(seed + i)
            models.append(make())
    generators = [torch.Generator().manual_seed(seed + i) for i in range(len(folds))]
    if together is None:
        together = not why_not_together(models, **{k: v for k, v in options.items() if k in ("optimizer", "schedule")})
        together &= set(options) <= inspect.signature(fit_together).parameters.keys()
    tensors = _Examples(models[0], "x", x).tensors
    if together:
        trains, valids = ([fold[side] for fold in folds] for side in (0, 1))
        histories = _fit_together(models, tensors, trains, valids, generators=generators, **options)
    else:
        data = [[_rows(tensors, part, tensors[0].device) for part in fold[:2]] for fold in folds]
        histories = [
            fit(model, *(part if len(part) > 1 else part[0] for part in parts), generator=generator, **options)
            for model, parts, generator in zip(models, data, generators, strict=True)
        ]
    nats = [history.valid[history.best] for history in histories]
    if len(folds[0]) == 3:
        nats = [_judge(model, tensors, fold[2]) for model, fold in zip(models, folds, strict=True)]
    return CrossValidation(models, histories, nats)


def why_not_together(models: Sequence[AutoregressiveModel], *, optimizer=torch.optim.AdamW, schedule=None) -> str:
    """Why :func:`fit_together` can't train these models as :func:`dgmlib.train.fit` would, or "" if it can.

    Args:
        models: at least one, all of one architecture.
        optimizer: what :func:`dgmlib.train.fit` would be given.
        schedule: likewise.

    Example:
        >>> from dgmlib.models import FVSBN, RNN
        >>> why_not_together([FVSBN((3,), 2), FVSBN((3,), 2)])
        ''
        >>> why_not_together([RNN((3,), 2)])
        "torch's recurrent layers take one set of weights at a time"
    """
    first = models[0]
    if any(isinstance(module, nn.RNNBase) for module in first.modules()):
        return "torch's recurrent layers take one set of weights at a time"
    if len({id(p) for model in models for p in model.parameters()}) < sum(len(list(m.parameters())) for m in models):
        return "they share weights"
    for i, model in enumerate(models):
        if _architecture(model) != _architecture(first):
            return f"model {i} is not made like model 0"
        if any(not torch.equal(a, b) for a, b in zip(model.buffers(), first.buffers(), strict=True)):
            return f"model {i} has other buffers than model 0, such as another order"
        if not all(p.requires_grad for p in model.parameters()):
            return f"some weights of model {i} are frozen"
    base = optimizer.func if isinstance(optimizer, partial) else optimizer
    if base not in ELEMENTWISE:
        name = getattr(base, "__name__", repr(base))
        return f"the optimizer {name} is none of {', '.join(o.__name__ for o in ELEMENTWISE)}"
    if schedule is not None and (schedule.func if isinstance(schedule, partial) else schedule) is ReduceLROnPlateau:
        return "ReduceLROnPlateau would need a step size for each"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            stack = _Stack(models[:2])
            stack.template.train()
            x = first.order.new_zeros(len(stack), 2, *first.event_shape)
            x = x if first.values is not None else x.to(stack.weights[0])
            cond = () if first.classes is None else (first.order.new_zeros(len(stack), 2),)
            stack.log_prob(x, *cond).sum().backward()
    except (RuntimeError, ValueError, Warning) as error:
        return f"torch.func.vmap can't follow their log_prob: {str(error).splitlines()[0]}"
    return ""


def fit_together(
    models: Sequence[AutoregressiveModel],
    trains: Sequence[Tensor | tuple[Tensor, Tensor]],
    valids: Sequence[Tensor | tuple[Tensor, Tensor]],
    *,
    steps: int = 2000,
    batch_size: int = 100,
    lr: float = 0.01,
    weight_decay: float = 0.0,
    optimizer: Callable = torch.optim.AdamW,
    schedule: Callable | None = None,
    clip: float | None = None,
    check_every: int = 50,
    check_at_most: int = 10_000,
    patience: int | None = 5,
    on_check: Callable[[list[History]], None] | None = None,
    generators: Sequence[torch.Generator] | None = None,
) -> list[History]:
    r"""Train K models of one architecture as one: every operation is done once, on weights that are stacked.

    .. math:: \max_{\theta_1, \dots, \theta_K} \; \sum_{k=1}^{K} \frac{1}{N_k} \sum_{n=1}^{N_k}
              \log p_{\theta_k}(x^{(k, n)})

    No model's gradient depends on another's weights, so each one goes its own way: with the mini-batches that
    :func:`dgmlib.train.fit` alone would draw, with its own early stopping, and up to rounding to the same weights. What
    they share is the price of starting an operation, which is most of the price of a small model. Where computing takes
    most of the time, as in attention, convolutions or wide layers on a CPU, there is little to be gained.

    Adam moves a weight whose gradient is zero but for rounding (the bias of a key in attention is one) as that rounding
    says. In single precision such weights can come to differ by more than rounding, as they do when ``fit`` sums up a
    batch in another order.

    Args:
        models: K of one architecture, trained in place.
        trains: examples for each to learn from, as ``fit`` takes them.
        valids: examples for each to stop by.
        steps, batch_size, lr, weight_decay, check_every, check_at_most, patience: as in :func:`dgmlib.train.fit`, the
            same for all.
        optimizer: one that treats each weight by itself, such as Adam or SGD.
        schedule: as in ``fit``, but ``ReduceLROnPlateau``.
        clip: each model's gradients longer than this Euclidean norm are cut to it.
        on_check: called with the list of histories after each check; what it raises ends the run.
        generators: source of each model's mini-batches; without them, CPU generators seeded with 0, as in ``fit``.

    Returns:
        The history of each.

    Raises:
        ValueError: if models can't be trained together (those with dropout, which would draw other numbers, with
            torch's recurrent layers, or with an optimizer that mixes weights; it says why), or as ``fit`` does.
        FloatingPointError: if a loss is no longer finite; it says of which model and at which update.
        MemoryError: if the batches of all models don't fit into memory.

    Example:
        >>> from dgmlib.models import Table
        >>> sets = [torch.tensor([[0], [1], [1], [1]]), torch.tensor([[0], [0], [0], [1]])]
        >>> coins = [Table((1,), 2), Table((1,), 2)]
        >>> histories = fit_together(coins, sets, sets, batch_size=4)
        >>> [round(coin.log_prob(torch.tensor([[1]])).exp().item(), 2) for coin in coins]
        [0.75, 0.25]
    """
    if not models or not len(models) == len(trains) == len(valids):
        raise ValueError(
            f"models: got {len(models)} of them, {len(trains)} trains and {len(valids)} valids, "
            "wanted as many of each, at least one"
        )
    sets = [
        _Examples(model, f"{name}[{i}]", data).tensors
        for name, side in (("trains", trains), ("valids", valids))
        for i, (model, data) in enumerate(zip(models, side, strict=True))
    ]
    everything = [torch.cat(column) for column in zip(*sets, strict=True)]
    places = torch.arange(len(everything[0])).split([len(x) for x, *_ in sets])
    return _fit_together(
        models,
        everything,
        places[: len(models)],
        places[len(models) :],
        steps=steps,
        batch_size=batch_size,
        lr=lr,
        weight_decay=weight_decay,
        optimizer=optimizer,
        schedule=schedule,
        clip=clip,
        check_every=check_every,
        check_at_most=check_at_most,
        patience=patience,
        on_check=on_check,
        generators=generators,
    )


def _fit_together(
    models,
    tensors: Sequence[Tensor],
    trains: Sequence[Tensor],
    valids: Sequence[Tensor],
    *,
    steps=2000,
    batch_size=100,
    lr=0.01,
    weight_decay=0.0,
    optimizer=torch.optim.AdamW,
    schedule=None,
    clip=None,
    check_every=50,
    check_at_most=10_000,
    patience=5,
    on_check=None,
    generators=None,
) -> list[History]:
    """:func:`fit_together` with sets that are rows of the same tensors."""
    check_counts(steps=steps, batch_size=batch_size, check_every=check_every, check_at_most=check_at_most)
    check_counts(**({} if patience is None else {"patience": patience}))
    _check_rates(lr=lr, weight_decay=weight_decay, clip=clip, save_every=0)
    for i, train in enumerate(trains):
        if batch_size > len(train):
            raise ValueError(f"batch_size: got {batch_size}, wanted at most the {len(train)} examples of trains[{i}]")
    generators = generators or [torch.Generator().manual_seed(0) for _ in models]
    if len(generators) != len(models):
        raise ValueError(f"generators: got {len(generators)}, wanted one for each of {len(models)} models")
    why = why_not_together(models, optimizer=optimizer, schedule=schedule)
    if why:
        raise ValueError(f"models: these can't be trained together: {why}; wanted others, or fit, one after another")
    stack = _Stack(models)
    optimizer = _fused(optimizer)(stack.weights, lr=lr, **_decay_of(optimizer, weight_decay))
    schedule = schedule and schedule(optimizer)
    histories, best = [History() for _ in models], [w.detach().clone() for w in stack.weights]
    running, checked = list(range(len(models))), _Checked(trains, valids, check_at_most)
    step, device = 0, stack.weights[0].device
    with _memory(stack, batch_size):
        while True:
            stack.template.eval()
            better = []
            for i, (train, valid) in zip(stack.members, checked.nats(stack, tensors), strict=True):
                if i not in running:
                    continue
                if math.isnan(train) or math.isnan(valid):
                    raise FloatingPointError(
                        f"the loss of model {i} is nan after {step} updates: a smaller lr than {lr} may help"
                    )
                history = histories[i]
                history.step.append(step), history.train.append(train), history.valid.append(valid)
                if history.best == len(history.valid) - 1:
                    better.append(i)
            rows = [stack.members.index(i) for i in better]
            for kept, weight in zip(best, stack.weights, strict=True):
                kept[better] = weight.detach()[rows]
            if on_check is not None:
                on_check(histories)
            running = [i for i in running if len(histories[i].valid) - 1 - histories[i].best != patience]
            if step == steps or not running:
                break
            if len(running) <= len(stack) // 2:  # who has stopped comes along until it pays to leave them behind
                stack.keep(running, optimizer)
            stack.template.train()
            ahead = min(check_every - step % check_every, steps - step)
            index = [
                _draw(trains[i], ahead, batch_size, generators[i])
                if i in running
                else trains[i][:1].expand(ahead, batch_size)  # whose generator stays where it stopped
                for i in stack.members
            ]
            for rows in torch.stack(index, 1):  # (K, B)
                gradients, bad = stack.gradients(*_rows(tensors, rows, device))
                for i, loss in bad:
                    if i in running:
                        raise FloatingPointError(
                            f"the loss of model {i} is {loss} at update {step}: a smaller lr than {lr} may help"
                        )
                if clip is not None:
                    gradients = _clipped(gradients, clip)
                for weight, gradient in zip(stack.weights, gradients, strict=True):
                    weight.grad = gradient.contiguous()  # what fused optimizers take for granted
                optimizer.step()
                if schedule is not None:
                    schedule.step()
                step += 1
    stack.put_back(best)
    return histories


class _Stack:
    """K models of one architecture: weights with K in front, and a template that computes with them."""

    def __init__(self, models: Sequence[AutoregressiveModel]):
        self.models, self.members = models, list(range(len(models)))
        self.template = template = copy.deepcopy(models[0])
        for module in template.modules():  # the sets are checked already, and vmap can't look at values
            for key, hook in list(module._forward_pre_hooks.items()):
                if hook is _check_input:
                    del module._forward_pre_hooks[key], module._forward_pre_hooks_with_kwargs[key]
        number = {id(p): i for i, p in enumerate(template.parameters())}
        self.places = [
            (module._parameters, name, number[id(p)])
            for module in template.modules()
            for name, p in module._parameters.items()
            if p is not None
        ]
        columns = zip(*(model.parameters() for model in models), strict=True)
        self.weights = [torch.stack([p.detach() for p in column]).requires_grad_() for column in columns]
        kind, values = type(template), template.values
        self.plain = (  # log_prob as the contract writes it: from logits
            values is not None
            and kind.log_prob is AutoregressiveModel.log_prob
            and kind.conditionals is AutoregressiveModel.conditionals
        )
        self.mapped, self.attention = vmap(self._one), _Attention()

    def __len__(self) -> int:
        return len(self.members)

    def log_prob(self, x: Tensor, *cond: Tensor) -> Tensor:
        """Log-probabilities of examples (K, B, *event_shape), each row by its own model; (K, B), nats."""
        out = self.mapped(self.weights, x, *cond)
        return _of_values(out, x) if self.plain else out

    def gradients(self, x: Tensor, *cond: Tensor) -> tuple[Sequence[Tensor], list[tuple[int, float]]]:
        """Gradients of each model's loss by its weights, and the losses that are not finite, with their models."""
        out = self.mapped(self.weights, x, *cond)
        if self.plain:
            slope, fine = _slope(out.detach(), x)
            gradients = torch.autograd.grad(out, self.weights, slope)
        else:
            gradients = torch.autograd.grad(-out.mean(1).sum(), self.weights)
            fine = out.detach().sum().isfinite()
        if fine:
            return gradients, []
        out = out.detach()
        losses = -(_of_values(out, x) if self.plain else out).mean(1)
        each = zip(self.members, losses.tolist(), strict=True)
        return gradients, [(i, loss) for i, loss in each if not math.isfinite(loss)]

    def _one(self, weights, x: Tensor, *cond: Tensor):
        for parameters, name, i in self.places:
            parameters[name] = weights[i]
        with self.attention:
            out = self.template(x, *cond) if self.plain else self.template.log_prob(x, *cond)
        if isinstance(self.attention, _Attention) and not self.attention.seen:
            self.attention = nullcontext()  # it has none: spare it the watching
        return out

    def keep(self, members: list[int], optimizer: torch.optim.Optimizer) -> None:
        """Go on with these models only."""
        rows, kept = [self.members.index(i) for i in members], []
        for weight in self.weights:
            kept.append(weight.detach()[rows].requires_grad_())
            state = optimizer.state.pop(weight, {})
            optimizer.state[kept[-1]] = {
                name: value[rows] if isinstance(value, Tensor) and value.shape == weight.shape else value
                for name, value in state.items()
            }
        self.weights = optimizer.param_groups[0]["params"] = kept
        self.members = list(members)

    @torch.no_grad()
    def put_back(self, weights: list[Tensor]) -> None:
        """Give every model its row of the weights."""
        for i, model in enumerate(self.models):
            for parameter, weight in zip(model.parameters(), weights, strict=True):
                parameter.copy_(weight[i])
            model.eval()


class _Attention(TorchFunctionMode):
    """Attention of K models, (K, B, heads, T, d), as attention over K * B examples: torch can't map its fast ways."""

    seen = False

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function is not F.scaled_dot_product_attention:
            return function(*args, **kwargs)
        self.seen = True
        if len(args) > 4 or not kwargs.keys() <= {"attn_mask", "dropout_p", "is_causal"} or kwargs.get("dropout_p"):
            return function(*args, **kwargs)
        mask = args[3] if len(args) > 3 else kwargs.get("attn_mask")
        return _Folded.apply(*args[:3], mask, kwargs.get("is_causal", False))


class _Folded(torch.autograd.Function):
    """Attention that knows what to do when it is mapped over models; autograd follows what it then calls."""

    @staticmethod
    def forward(q, k, v, mask, is_causal):
        return F.scaled_dot_product_attention(q, k, v, mask, is_causal=is_causal)

    @staticmethod
    def setup_context(context, inputs, output):
        pass

    @staticmethod
    def vmap(about, places, q, k, v, mask, is_causal):
        if places[3] is not None:
            raise RuntimeError("each has a mask of attention of its own")
        q, k, v = (
            t.expand(about.batch_size, *t.shape) if place is None else t.movedim(place, 0)
            for t, place in zip((q, k, v), places, strict=False)
        )
        q, k, v = (t.flatten(0, 1) for t in (q, k, v))
        return F.scaled_dot_product_attention(q, k, v, mask, is_causal=is_causal).unflatten(
            0, (about.batch_size, -1)
        ), 0


def _of_values(logits: Tensor, x: Tensor) -> Tensor:
    """Log-probabilities (K, B) of values x under logits (K, B, *event_shape, V), as torch's Categorical has them."""
    if logits.shape[-1] == 2:  # needs no sum over values: log p(x) is log sigmoid of a difference
        low, high = logits.unbind(-1)
        each = F.logsigmoid((high - low).mul_(x.to(logits.dtype).mul_(2).sub_(1)))
    else:
        each = logits.log_softmax(-1).gather(-1, x.long()[..., None])
    return each.flatten(2).sum(2)


def _slope(logits: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """The gradient of minus the mean over B of :func:`_of_values` by the logits: (p - one-hot of x) / B.

    And whether the mean is finite for sure: with it as a number, an update would take longer.
    """
    if logits.shape[-1] == 2:
        low, high = logits.unbind(-1)
        difference = high - low
        slope = difference.sigmoid().sub_(x.to(logits.dtype)).div_(x.shape[1])
        both = torch.empty_like(logits)
        both[..., 1] = slope
        both[..., 0] = slope.neg_()
        return both, difference.sum().isfinite()
    slope, one = logits.softmax(-1), x.long()[..., None]
    slope.scatter_add_(-1, one, slope.new_full((), -1.0).expand_as(one))
    return slope.div_(x.shape[1]), logits.sum().isfinite()


class _Checked:
    """What is evaluated at a check: of each model's two sets at most so many rows, all of them laid side by side."""

    def __init__(self, trains: Sequence[Tensor], valids: Sequence[Tensor], at_most: int):
        pairs = [[rows[spread(len(rows), at_most)] for rows in pair] for pair in zip(trains, valids, strict=True)]
        self.sizes = [[len(rows) for rows in pair] for pair in pairs]
        self.rows = nn.utils.rnn.pad_sequence([torch.cat(pair) for pair in pairs], batch_first=True)  # (K, longest)

    @torch.no_grad()
    def nats(self, stack: _Stack, tensors: Sequence[Tensor]) -> list[tuple[float, float]]:
        """Negative log-likelihoods of each model of the stack, on its train and its valid, nats per example."""
        rows, device = self.rows[stack.members], stack.weights[0].device
        parts = rows.split(max(1, ROWS // len(stack)), 1)
        each = torch.cat([stack.log_prob(*_rows(tensors, part, device)) for part in parts], 1)
        found = []
        for i, log_prob in zip(stack.members, each, strict=True):
            train, valid = self.sizes[i]
            found.append((-log_prob[:train].mean().item(), -log_prob[train : train + valid].mean().item()))
        return found


def _rows(tensors: Sequence[Tensor], rows: Tensor, device: torch.device) -> list[Tensor]:
    """These rows, of any shape, of the examples, and of their classes if there are some."""
    flat = rows.flatten()
    return [
        tensor.index_select(0, flat.to(tensor.device)).to(device, non_blocking=True).unflatten(0, rows.shape)
        for tensor in tensors
    ]


def _draw(train: Tensor, ahead: int, batch_size: int, generator: torch.Generator) -> Tensor:
    """The rows of the next mini-batches, (ahead, batch_size), as fit would draw them one after another."""
    size, device = (ahead, batch_size), generator.device
    if device.type == "cpu":  # where many numbers at once are those that come one after another
        return train[torch.randint(len(train), size, generator=generator)]
    each = [torch.randint(len(train), size[1:], generator=generator, device=device) for _ in range(ahead)]
    return train[torch.stack(each).to(train.device)]


def _clipped(gradients: Sequence[Tensor], clip: float) -> list[Tensor]:
    """Each model's gradients, cut to the norm ``clip`` as torch's clip_grad_norm_ does."""
    norm = torch.stack([g.flatten(1).norm(dim=1) for g in gradients]).norm(dim=0)  # (K,)
    factor = (clip / (norm + 1e-6)).clamp(max=1.0)
    return [g * factor.view(-1, *[1] * (g.dim() - 1)) for g in gradients]


@contextmanager
def _memory(stack: _Stack, batch_size: int):
    """Say what to do where memory does not suffice."""
    try:
        yield
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        raise MemoryError(
            f"batch_size: {batch_size} examples for each of {len(stack)} models don't fit into memory, wanted fewer "
            "models at once, or smaller batches"
        ) from error


def _fused(optimizer: Callable) -> Callable:
    """The optimizer as one operation over all weights, where torch has it and nothing else was asked for."""
    base, given = (optimizer.func, optimizer.keywords) if isinstance(optimizer, partial) else (optimizer, {})
    if base in FUSED and not given.keys() & {"fused", "foreach", "capturable", "differentiable"}:
        return partial(optimizer, fused=True)
    return optimizer


def _architecture(model: AutoregressiveModel) -> tuple:
    weights = [(name, p.shape, p.dtype, p.device) for name, p in model.named_parameters()]
    buffers = [(name, b.shape, b.dtype, b.device) for name, b in model.named_buffers()]
    return type(model), json.dumps(model._made_with, default=str), weights, buffers


def _judge(model: AutoregressiveModel, tensors: Sequence[Tensor], rows: Tensor) -> float:
    with torch.no_grad():
        parts = rows.split(ROWS)
        return nll(torch.cat([model.log_prob(*_rows(tensors, part, model.order.device)) for part in parts]))


def _selection():
    try:
        from sklearn import model_selection
    except ImportError as error:
        raise ImportError('scikit-learn is not installed: pip install "dgmlib[train]"') from error
    return model_selection


def _split(splitter, n: int, groups: np.ndarray | None):
    """A splitter's folds as sorted tensors."""
    for fold in splitter.split(np.zeros(n), groups=groups):
        yield tuple(torch.from_numpy(np.sort(part)) for part in fold)


def _at(groups: np.ndarray | None, rows: Tensor) -> np.ndarray | None:
    return None if groups is None else groups[rows.numpy()]


def _check_groups(n: int, groups) -> tuple[np.ndarray | None, int]:
    """The groups as an array, and how many there are; without groups, how many examples."""
    check_counts(2, n=n)
    if groups is None:
        return None, n
    groups = groups.cpu().numpy() if isinstance(groups, Tensor) else np.asarray(groups)
    if groups.shape != (n,):
        raise ValueError(f"groups: got shape {groups.shape}, wanted ({n},): one for each example")
    if groups.dtype.kind == "f" and np.isnan(groups).any():
        raise ValueError(f"groups: got NaN at index {np.isnan(groups).argmax()}, wanted a group for each example")
    count = len(np.unique(groups))
    if count < 2:
        raise ValueError("groups: got one group, wanted at least 2: all of a group stay on one side")
    return groups, count


def _check_seed(seed: int) -> int:
    check_counts(0, seed=seed)
    return seed


def _check_folds(folds: Sequence[Sequence[Tensor]], n: int) -> list[tuple[Tensor, ...]]:
    """Return folds of (train, valid) or (train, valid, test) as tensors on the CPU, none of whose parts overlap."""
    folds = [tuple(torch.as_tensor(part, device="cpu") for part in fold) for fold in folds]
    if not folds or {len(fold) for fold in folds} not in ({2}, {3}):
        raise ValueError(
            f"folds: got {len(folds)} with {sorted({len(fold) for fold in folds})} parts, "
            "wanted at least one, all of 2 parts (train, valid) or all of 3 (train, valid, test)"
        )
    for i, fold in enumerate(folds):
        for part in fold:
            if part.dtype != torch.int64 or part.dim() != 1 or not len(part):
                raise ValueError(
                    f"folds[{i}]: got a part of {part.dtype} and shape {tuple(part.shape)}, "
                    "wanted indices of at least one example, torch.int64, shape (N,)"
                )
            if part.min() < 0 or part.max() >= n:
                raise ValueError(f"folds[{i}]: got indices {part.min()}..{part.max()}, wanted 0..{n - 1}")
        if len(torch.cat([part.unique() for part in fold]).unique()) < sum(len(part.unique()) for part in fold):
            raise ValueError(f"folds[{i}]: got an example in two of its parts, wanted it in one")
    return folds
