"""Assertions that teach: what was expected, what came, how far apart they are, and where in the book to look.

Notebooks call these, and so do tests and the grader. They ask for values, shapes and behaviour, never for how an
answer was written, and take whatever a first attempt returns: a forgotten ``return``, a list for a tensor, NaN. A
check returns nothing when it passes and raises :class:`AssertionError` when it doesn't.

Every function has the argument ``what``, words that name the value that is judged, and ``see``, where the book explains
it, as ``"stem: Section title"``.
"""

import functools
import hashlib
import math
import os
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

SEED = "COURSE_SEED"  # environment variable that an instructor sets to draw new questions for a run
SHOWN = 6  # entries of a long tensor that a message shows


class _Failure(Exception):
    """What a check found wrong, on its way out of the check."""


def _check(check: Callable[..., None]) -> Callable[..., None]:
    """A check that fails in its caller's line: how it found out is of no use to the reader of a traceback."""

    @functools.wraps(check)
    def checked(*args, **options) -> None:
        __tracebackhide__ = True  # for pytest; IPython always shows the last frame
        try:
            check(*args, **options)
        except _Failure as failure:
            message = str(failure)
        else:
            return
        raise AssertionError(message)

    return checked


@_check
def close_to(actual, expected, what: str, *, see: str | None = None, rtol: float = 1e-5, atol: float = 1e-7) -> None:
    r"""The value has the expected shape, and every entry is near the expected one.

    .. math:: |a - e| \le \text{atol} + \text{rtol} \cdot |e|

    The default tolerance leaves room for float32. Equal infinities are near each other; NaN is near nothing.

    Args:
        actual: what came: a number, or a tensor, array or list of them.
        expected: what is right, likewise.
        what: names the value in the message.
        see: where the book explains it.
        rtol: relative tolerance.
        atol: absolute tolerance, in the unit of the value.

    Raises:
        AssertionError: if it is something else.
        ValueError: if ``expected`` is no number or array of numbers, or is NaN: then the check is wrong.

    Example:
        >>> close_to(torch.tensor([0.1, 0.9]).sum(), 1, "the sum of the row")
        >>> close_to(-0.69, -1.39, "log_prob of two fair coins", see="chain_rule: Log space")
        Traceback (most recent call last):
        AssertionError: log_prob of two fair coins
          expected  -1.39
          came      -0.69
          differs by 0.7
          look in the book: chapter chain_rule, section "Log space"
    """
    a, e = _numbers(actual, what, see), _trusted("expected", expected)
    _same_shape(a, e, what, see)
    with np.errstate(invalid="ignore"):
        gap = np.where(a == e, 0.0, np.abs(a - e))
    gap = np.where(np.isnan(gap), math.inf, gap)
    if (gap > atol + rtol * np.where(np.isinf(e), 0.0, np.abs(e))).any():
        lines = [f"expected  {_show(e)}", f"came      {_show(a)}"]
        nan = int(np.isnan(a).sum())
        if nan:
            lines.append(
                f"{nan} of {a.size} {'is' if nan == 1 else 'are'} NaN (0/0, inf - inf or log of a negative number)"
            )
        else:
            worst = np.unravel_index(int(np.argmax(gap)), gap.shape)
            where = f" at index {_index(worst)}: expected {_show(e[worst])}, came {_show(a[worst])}" if a.ndim else ""
            lines.append(f"differs by {'up to ' if a.size > 1 else ''}{_show(gap[worst])}{where}")
        _fail(what, lines, see)


@_check
def equal_to(actual, expected, what: str, *, see: str | None = None) -> None:
    """The value is exactly the expected one: a whole number of any size, a truth value, a string, or an array of these.

    Arrays may be of any dtype. A single float never equals an integer: a large one it could not tell from the next.

    Args:
        actual: what came.
        expected: what is right.
        what: names the value in the message.
        see: where the book explains it.

    Raises:
        AssertionError: if it is something else.

    Example:
        >>> equal_to(2**64 - 1, 2**64 - 1, "the size of the table")
        >>> equal_to(2.0**64, 2**64 - 1, "the size of the table")
        Traceback (most recent call last):
        AssertionError: the size of the table
          expected  18446744073709551615
          came      1.8446744073709552e+19, a float: use whole numbers, which Python keeps exact at any size
    """
    if isinstance(expected, Tensor | np.ndarray | list | tuple):
        a, e = _numbers(actual, what, see, truth=True), np.asarray(expected)
        _same_shape(a, e, what, see)
        wrong = a != e
        if wrong.any():
            first = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
            lines = [f"expected  {_show(e)}", f"came      {_show(a)}"]
            lines.append(f"{int(wrong.sum())} of {a.size} differ, the first at index {_index(first)}")
            _fail(what, lines, see)
        return
    came = actual
    if isinstance(actual, Tensor | np.ndarray | np.generic) and math.prod(actual.shape) == 1:
        came = actual.item()
    right, hint = type(came) is type(expected) and came == expected, ""
    if isinstance(expected, int) and isinstance(came, float):
        hint = ", a float: use whole numbers, which Python keeps exact at any size"
    if not right:
        lines = [f"expected  {expected!r}", _NONE if came is None else f"came      {_brief(came)}{hint}"]
        _fail(what, lines, see)


@_check
def has_shape(actual, shape: tuple[int, ...], what: str, *, see: str | None = None, whole: bool = False) -> None:
    """The value is an array of numbers of this shape, with none of them NaN.

    Args:
        actual: what came.
        shape: the shape that is right; ``None`` stands for any length.
        what: names the value in the message.
        see: where the book explains it.
        whole: whether the numbers must be integers (a dtype such as ``torch.long``).

    Raises:
        AssertionError: if it is something else.

    Example:
        >>> has_shape(torch.zeros(5, 2), (None, 2), "the points")
        >>> has_shape(torch.zeros(2, 5), (None, 2), "the points")
        Traceback (most recent call last):
        AssertionError: the points
          expected  shape (any, 2)
          came      shape (2, 5)
    """
    _require_shape(actual, shape, what, see, whole)


@_check
def sums_to_one(
    what: str, *, probs=None, log_probs=None, dim: int | None = None, see: str | None = None, atol: float = 1e-5
) -> None:
    r"""Probabilities are none negative and sum to one, along one dimension or in all.

    .. math:: \sum_x p(x) = 1

    Args:
        what: names the probabilities in the message.
        probs: probabilities; give these or ``log_probs``.
        log_probs: their logarithms, in nats.
        dim: the dimension to sum over; ``None`` is all of them.
        see: where the book explains it.
        atol: how far from one a sum may be.

    Raises:
        AssertionError: if they don't.
        ValueError: if both ``probs`` and ``log_probs`` are given.

    Example:
        >>> table = torch.tensor([[0.875, 0.125], [0.5, 0.5]])
        >>> sums_to_one("p(x_2 | x_1)", probs=table, dim=-1)
        >>> sums_to_one("p(x_2 | x_1)", probs=table, dim=0)
        Traceback (most recent call last):
        AssertionError: p(x_2 | x_1): the sums over dimension 0
          expected  1
          came      [1.375, 0.625]
          furthest from one at index 0
    """
    if probs is not None and log_probs is not None:
        raise ValueError("probs, log_probs: got both, wanted one of them")
    a = _numbers(probs if log_probs is None else log_probs, what, see)
    if np.isnan(a).any():
        _fail(what, [f"{int(np.isnan(a).sum())} of {a.size} probabilities are NaN"], see)
    if log_probs is not None:
        with np.errstate(over="ignore"):
            a = np.exp(a)
    elif (a < 0).any():
        _fail(what, ["expected  probabilities, from 0 up", f"came      {_show(a.min())} (are these logarithms?)"], see)
    if dim is not None and not -a.ndim <= dim < a.ndim:
        _fail(
            what, [f"expected  at least {dim + 1 if dim >= 0 else -dim} dimensions", f"came      shape {a.shape}"], see
        )
    sums = a.sum() if dim is None else a.sum(dim)
    far = np.abs(sums - 1)
    if (far > atol).any():
        lines = ["expected  1", f"came      {_show(sums)}"]
        if np.ndim(sums):
            lines.append(f"furthest from one at index {_index(np.unravel_index(int(np.argmax(far)), far.shape))}")
        over = "the sum" if dim is None else f"the sums over dimension {dim}"
        _fail(f"{what}: {over}", lines, see)


@_check
def looks_only_back(
    outputs: Callable[[Tensor], Tensor],
    x: Tensor,
    what: str,
    *,
    values: int = 2,
    see: str | None = None,
    atol: float = 1e-6,
) -> None:
    """Changing x_j moves no output at a position i <= j: what is said of a variable rests on those before it alone.

    Each variable in turn is given its next value, and the outputs before and after are compared. Positions are counted
    row by row, from 0.

    Args:
        outputs: gives one output (logits, probabilities, log-probabilities) for each variable: from ``(B, *event)`` to
            ``(B, *event)`` or ``(B, *event, V)``.
        x: integers 0..values-1, shape ``(B, *event)``: the points at which variables are changed.
        what: names the outputs in the message.
        values: V, the number of values of each variable.
        see: where the book explains it.
        atol: how far an output may move by rounding.

    Raises:
        AssertionError: if an output looks at its own variable or at a later one, or has the wrong shape.

    Example:
        >>> x = torch.tensor([[0, 1, 1]])
        >>> looks_only_back(lambda x: x.cumsum(-1) - x, x, "the logits")
        >>> looks_only_back(lambda x: x.cumsum(-1), x, "the logits")
        Traceback (most recent call last):
        AssertionError: the logits
          expected  the output at position 0 not to depend on x[0]
          came      a change of 1 when x[0] was changed: it sees the very variable that it should predict
    """
    before = _outputs(outputs, x, what, see)
    for j in range(before.shape[1]):
        flat = x.flatten(1).clone()
        flat[:, j] = (flat[:, j] + 1) % values
        after = _outputs(outputs, flat.view(x.shape), what, see)
        moved = np.abs(after - before)[:, : j + 1].max((0, 2))  # of each output up to position j
        if (moved > atol).any():
            i = int(np.argmax(moved > atol)) if moved[j] <= atol else j
            how = "it sees the very variable that it should predict" if i == j else "it sees the future"
            lines = [
                f"expected  the output at position {i} not to depend on x[{j}]",
                f"came      a change of {_show(moved[i])} when x[{j}] was changed: {how}",
            ]
            _fail(what, lines, see)


@_check
def samples_follow(samples, probs: Tensor, what: str, *, see: str | None = None) -> None:
    r"""Samples of a few discrete variables come from this joint distribution, as far as their number can tell.

    .. math:: \chi^2 = \sum_x \frac{(n(x) - N p(x))^2}{N p(x)}

    Points of which fewer than five are expected are counted as one. A right sampler fails less than once in a
    thousand million times.

    Args:
        samples: integers 0..V-1, shape ``(N, n)``.
        probs: the joint distribution, shape ``(V,) * n``.
        what: names the samples in the message.
        see: where the book explains it.

    Raises:
        AssertionError: if the samples have another shape, an impossible value, or other frequencies.

    Example:
        >>> coin = torch.tensor([0.5, 0.5])
        >>> samples_follow(torch.arange(1000)[:, None] % 2, coin, "a thousand coins")
        >>> samples_follow(torch.ones(1000, 1, dtype=torch.long), coin, "a thousand coins")
        Traceback (most recent call last):
        AssertionError: a thousand coins: how often each point came
          expected  x = (1) 500 times among 1000, its probability being 0.5
          came      1000 times (chi^2 = 1000 with 1 degree of freedom, at most 46.9 is chance)
    """
    p = _trusted("probs", probs)
    _require_shape(samples, (None, p.ndim), what, see, whole=True)
    x = _numbers(samples, what, see).astype(np.int64)
    if not len(x):
        _fail(what, ["expected  at least one sample", "came      none"], see)
    if (x < 0).any() or (x >= np.array(p.shape)).any():
        _fail(what, [f"expected  values 0..{p.shape[0] - 1}", f"came      values {x.min()}..{x.max()}"], see)
    count = np.bincount(np.ravel_multi_index(tuple(x.T), p.shape), minlength=p.size).reshape(p.shape)
    expected = len(x) * p
    impossible = (p == 0) & (count > 0)
    if impossible.any():
        point = np.unravel_index(int(np.argmax(impossible)), p.shape)
        _fail(
            what, [f"expected  x = {_point(point)} never: it has probability 0", f"came      {count[point]} times"], see
        )
    rare = expected < 5
    seen, wanted = count[~rare], expected[~rare]
    if expected[rare].sum() >= 5:
        seen, wanted = np.append(seen, count[rare].sum()), np.append(wanted, expected[rare].sum())
    statistic, freedom = float(((seen - wanted) ** 2 / wanted).sum()), max(1, len(seen) - 1)
    limit = _chi2_quantile(freedom)
    if statistic > limit:
        misfit = np.where(rare, 0, (count - expected) ** 2 / np.maximum(expected, 5))
        # of points that misfit alike, name the one that came too often: it says more than the one that didn't
        point = np.unravel_index(int(np.argmax(misfit + 1e-9 * (count > expected))), p.shape)
        lines = [
            f"expected  x = {_point(point)} {expected[point]:.0f} times among {len(x)}, "
            f"its probability being {_show(p[point])}",
            f"came      {count[point]} times (chi^2 = {statistic:.0f} with {freedom} "
            f"degree{'s' if freedom > 1 else ''} of freedom, at most {limit:.1f} is chance)",
        ]
        _fail(f"{what}: how often each point came", lines, see)


def fresh_questions(name: str) -> torch.Generator:
    """A source of random questions for one check: the same in each run, until ``COURSE_SEED`` is set to something else.

    Args:
        name: the check, so that two of them don't ask the same.

    Example:
        >>> a, b = (torch.rand(3, generator=fresh_questions("entropy")) for _ in range(2))
        >>> bool((a == b).all())
        True
    """
    digest = hashlib.blake2b(f"{os.environ.get(SEED, '0')}:{name}".encode(), digest_size=7).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big"))


def random_joint(shape: tuple[int, ...], generator: torch.Generator, floor: float = 0.2) -> Tensor:
    r"""A random table of probabilities whose variables depend on each other and none of whose entries is very small.

    .. math:: p(x) = \frac{f}{N} + (1 - f) \frac{e_x^3}{\sum_{x'} e_{x'}^3}, \qquad e_x \sim \mathrm{Exp}(1)

    Args:
        shape: one dimension for each variable, as long as it has values; N is their product.
        generator: source of the randomness, such as :func:`fresh_questions`.
        floor: f, the share that is spread evenly.

    Returns:
        float64, of that shape.

    Example:
        >>> p = random_joint((2, 2, 2), torch.Generator().manual_seed(0))
        >>> p.shape, round(p.sum().item(), 12), bool((p >= 0.025).all())
        (torch.Size([2, 2, 2]), 1.0, True)
    """
    e = torch.empty(shape, dtype=torch.float64).exponential_(generator=generator) ** 3
    return floor / e.numel() + (1 - floor) * e / e.sum()


_NONE = "came      None, which is what a function gives back when it reaches no `return`"


def _fail(what: str, lines: list[str], see: str | None) -> None:
    if see is not None:
        stem, _, section = see.partition(": ")
        lines = [*lines, f'look in the book: chapter {stem}, section "{section}"' if section else f"look in: {see}"]
    raise _Failure("\n  ".join([what, *lines]))


def _numbers(value, what: str, see: str | None, truth: bool = False) -> np.ndarray:
    """What a student's code gave back, as float64 (or integers, or truth values), or a failure that says what it is."""
    if value is None:
        _fail(what, ["expected  a number, or a tensor of numbers", _NONE], see)
    try:
        array = _array(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        array = None
    if array is None or array.dtype.kind not in ("fiub" if truth else "fiu"):
        kind = "True or False" if array is not None and array.dtype.kind == "b" else f"{_kind(value)}: {_brief(value)}"
        _fail(what, ["expected  a number, or a tensor of numbers", f"came      {kind}"], see)
    return array.astype(np.float64) if array.dtype.kind == "f" or not truth else array


def _array(value) -> np.ndarray | None:
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        value = value.to_dense() if value.layout is not torch.strided else value
        return value.resolve_conj().to(torch.float64 if value.is_floating_point() else value.dtype).numpy()
    if isinstance(value, list | tuple):
        parts = [_array(v) for v in value]
        if any(part is None for part in parts):
            return None
        return np.stack(parts) if parts else np.zeros(0)
    if isinstance(value, int) and abs(value) >= 2**63:
        value = float(value)  # numpy would keep it as an object
    if isinstance(value, bool | int | float | np.ndarray | np.generic):
        return np.asarray(value)
    return None


def _trusted(name: str, value) -> np.ndarray:
    """A value that the check's author gives."""
    array = _array(value)
    if array is None or array.dtype.kind not in "fiub" or (array.dtype.kind == "f" and np.isnan(array).any()):
        raise ValueError(f"{name}: got {_kind(value)}, wanted numbers, none of them NaN")
    return array.astype(np.float64)


def _outputs(outputs: Callable, x: Tensor, what: str, see: str | None) -> np.ndarray:
    """(B, n, V) whatever the event's shape."""
    a = _numbers(outputs(x), what, see)
    if a.shape[: x.dim()] != tuple(x.shape) or a.ndim > x.dim() + 1:
        wanted = ", ".join(map(str, x.shape))
        _fail(what, [f"expected  shape ({wanted}) or ({wanted}, V)", f"came      shape {a.shape}"], see)
    if np.isnan(a).any():
        _fail(what, [f"{int(np.isnan(a).sum())} of {a.size} outputs are NaN"], see)
    return a.reshape(len(x), math.prod(x.shape[1:]), -1)


def _require_shape(actual, shape: tuple[int | None, ...], what: str, see: str | None, whole: bool) -> None:
    a = _numbers(actual, what, see)
    if len(a.shape) != len(shape) or any(s is not None and s != n for s, n in zip(shape, a.shape, strict=True)):
        wanted = "(" + ", ".join("any" if s is None else str(s) for s in shape) + ("," if len(shape) == 1 else "") + ")"
        _fail(what, [f"expected  shape {wanted}", f"came      shape {a.shape}"], see)
    if np.isnan(a).any():
        _fail(what, [f"{int(np.isnan(a).sum())} of {a.size} entries are NaN"], see)
    if whole and a.size and not _is_whole(actual):
        dtype = getattr(actual, "dtype", "a list of floats")
        _fail(what, ["expected  integers, dtype torch.long (they will be used as indices)", f"came      {dtype}"], see)


def _same_shape(a: np.ndarray, e: np.ndarray, what: str, see: str | None) -> None:
    if a.shape != e.shape:
        wanted, came = (f"shape {s}" if s else "one number" for s in (e.shape, a.shape))
        _fail(what, [f"expected  {wanted}", f"came      {came}: {_show(a)}"], see)


def _is_whole(value) -> bool:
    array = _array(value)
    return array is not None and array.dtype.kind in "iu"


def _kind(value) -> str:
    name = type(value).__name__
    if callable(value) and not isinstance(value, type):
        return "a function (was it meant to be called?)"
    if isinstance(value, Tensor):
        return f"a tensor of {value.dtype}"
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _brief(value) -> str:
    try:
        text = repr(value)
    except Exception as error:  # a student's own class may have a broken __repr__
        text = f"<{type(value).__name__}, whose repr raises {type(error).__name__}>"
    return text if len(text) <= 120 else text[:117] + "..."


def _show(a) -> str:
    """A number, a small array, or the first few entries of a large one; six significant digits."""
    a = np.asarray(a)
    if a.ndim == 0:
        return f"{a[()]:.6g}" if a.dtype.kind == "f" else str(a[()])
    if a.size <= 2 * SHOWN:
        return f"[{', '.join(map(_show, a))}]"
    return f"[{', '.join(map(_show, a.flatten()[:SHOWN]))}, ... ({a.size} numbers, shape {a.shape})]"


def _index(index: tuple) -> str:
    return str(int(index[0])) if len(index) == 1 else f"[{', '.join(str(int(i)) for i in index)}]"


def _point(index: tuple) -> str:
    return f"({', '.join(str(int(i)) for i in index)})"


def _chi2_quantile(freedom: int, z: float = 6.0) -> float:
    """What chi^2 exceeds by chance as rarely as a normal variable exceeds z (Wilson and Hilferty, 1931)."""
    h = 2 / (9 * freedom)
    return freedom * (1 - h + z * math.sqrt(h)) ** 3
