"""Is an unlikely input a strange one? Scores of strangeness, and how well they tell inside from outside.

Every score is one number for each example, float64, and the higher it is, the stranger the example:

========================  ================  ============================================================================
score                     unit              strange is what
========================  ================  ============================================================================
:func:`surprisal`         nats              the model finds unlikely
:func:`per_dim`           bits a dimension  the same, for examples that differ in length
:func:`typicality`        nats              the model finds less *or more* likely than data of its own kind
:func:`likelihood_ratio`  nats              another model, or a compressor, describes more shortly than the model does
========================  ================  ============================================================================

The first is what one thinks of first, and it fails: a model may give all-black images, or data from elsewhere, a higher
likelihood than anything that it was trained on (Nalisnick et al., 2019). None of the others is right everywhere: look
at :func:`roc` for the outside that you have in mind, and mind that there are others.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from dgmlib.likelihood import to_bits, to_nats
from dgmlib.model import AutoregressiveModel, check_counts, evaluating

ENTRIES = 2**22  # numbers that are resampled at once
# The raw stream, whose filter both sides know: its container, .xz, would add some 50 bytes to each example.
_LZMA2 = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 2**20}]
_COMPRESSORS = {
    "zlib": lambda data: zlib.compress(data, 9),
    "bz2": lambda data: bz2.compress(data, 9),
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_RAW, filters=_LZMA2),
}


@dataclass(frozen=True, eq=False)
class Scores:
    """What :func:`scores` gives each example; in all of them, higher is stranger. Each is float64, shape ``(N,)``.

    Attributes:
        surprisal: :func:`surprisal`, nats.
        per_dim: :func:`per_dim`, bits per dimension.
        typicality: :func:`typicality`, nats.
        excess: :func:`likelihood_ratio` against a compressor, nats.
        ratio: :func:`likelihood_ratio` against a background model, nats; ``None`` without one.

    Example:
        >>> from dgmlib.models import FVSBN
        >>> seen = scores(FVSBN((3,), 2), torch.tensor([[0, 1, 1], [0, 0, 0]]), expected=2.0)
        >>> seen.per_dim.round(decimals=4).tolist(), seen.ratio
        ([1.0, 1.0], None)
    """

    surprisal: Tensor
    per_dim: Tensor
    typicality: Tensor
    excess: Tensor
    ratio: Tensor | None = None


def scores(
    model: AutoregressiveModel,
    x: Tensor,
    expected: float,
    *,
    background: AutoregressiveModel | None = None,
    compressor: str | Callable[[bytes], bytes] = "zlib",
    cond: Tensor | None = None,
    batch_size: int = 500,
) -> Scores:
    """All the scores at once, of examples of one kind.

    Args:
        model: a model of discrete variables that knows the inside.
        x: integers 0..V-1, shape ``(N, *event_shape)``; V at most 256, for the compressor's sake.
        expected: nats per example of data like the training data but kept away from training:
            ``surprisal(model, valid).mean().item()``.
        background: a model of the same events that knows less: of a wider set of data, or trained on :func:`mutate`
            of the training set.
        compressor: that of :func:`code_length`.
        cond: for a model with classes only: the class of each example, integers, shape ``(N,)``.
        batch_size: examples that pass through a model at once.

    Raises:
        ValueError: as the functions of each score do.
        FloatingPointError: as :func:`surprisal` does.

    Example:
        >>> from dgmlib.models import FVSBN, NADE
        >>> x = torch.tensor([[0, 1, 1], [0, 0, 0]])
        >>> seen = scores(FVSBN((3,), 2), x, expected=2.0, background=FVSBN((3,), 2))
        >>> seen.surprisal, seen.ratio
        (tensor([2.0794, 2.0794], dtype=torch.float64), tensor([0., 0.], dtype=torch.float64))
    """
    nats = surprisal(model, x, cond=cond, batch_size=batch_size)
    ratio = None
    if background is not None:
        ratio = likelihood_ratio(nats, surprisal(background, x, batch_size=batch_size))
    excess = likelihood_ratio(nats, code_length(x, compressor))
    return Scores(nats, per_dim(nats, model.dims), typicality(nats, expected), excess, ratio)


@torch.no_grad()
def surprisal(model: AutoregressiveModel, x: Tensor, *, cond: Tensor | None = None, batch_size: int = 500) -> Tensor:
    r"""How unlikely the model finds each example, :math:`-\log p(x)`, nats; float64 on the CPU, shape ``(N,)``.

    Low is not normal: of 100 tosses of a coin that shows heads with p = 0.1, no heads at all is the likeliest outcome,
    and hardly ever seen. And of real variables it is a density's, which depends on their scale: taking logarithms of
    them can put the same examples into another order.

    Args:
        model: any autoregressive model; it is asked in ``eval`` mode.
        x: examples, shape ``(N, *event_shape)``, on any device.
        cond: for a model with classes only: the class of each example, integers, shape ``(N,)``.
        batch_size: examples that pass through the model at once.

    Raises:
        ValueError: if ``x`` or ``cond`` is no batch of the model's, or ``batch_size`` is not positive.
        FloatingPointError: if the model's log-probability is NaN; it says where.

    Example:
        >>> from dgmlib.models import Table
        >>> rain = Table.from_markov(torch.tensor([0.5, 0.5]), torch.tensor([[0.9, 0.1], [0.5, 0.5]]), length=2)
        >>> [round(s, 4) for s in surprisal(rain, torch.tensor([[0, 0], [0, 1]])).tolist()]  # of 0.45 and 0.05
        [0.7985, 2.9957]
    """
    check_counts(batch_size=batch_size)
    x = model.check_events("x", x)
    cond = model._check_cond(cond, len(x))
    tensors = (x,) if cond is None else (x, cond)
    with evaluating(model):
        parts = zip(*(t.split(batch_size) for t in tensors), strict=True)
        nats = [-model.log_prob(*(t.to(model.order.device) for t in part)).cpu().double() for part in parts]
    nats = torch.cat(nats)
    if nats.isnan().any():
        raise FloatingPointError(f"model: its log-probability of example {nats.isnan().nonzero()[0].item()} is NaN")
    return nats


def per_dim(surprisal: Tensor, dims: int | Tensor) -> Tensor:
    r"""Surprisal per dimension, bits, :math:`s / (D \ln 2)`: for examples that differ in their number of dimensions.

    Where all have the same number it puts them into the same order as the surprisal does.

    Args:
        surprisal: nats, shape ``(N,)``.
        dims: D, how many dimensions all examples have, or each one, shape ``(N,)``: of a text that ends before its
            variables do, the symbols up to the end, which is one of them.

    Raises:
        ValueError: if ``surprisal`` is empty, holds NaN or has another shape, or ``dims`` another shape or a number
            that is not a positive integer.

    Example:
        >>> per_dim(torch.tensor([2.0, 4.0]).double(), torch.tensor([1, 4])) * to_nats(1)
        tensor([2., 1.], dtype=torch.float64)
    """
    surprisal, dims = _numbers("surprisal", surprisal), torch.as_tensor(dims, device="cpu")
    if dims.is_floating_point() or dims.dtype == torch.bool or not dims.numel() or dims.min() < 1:
        raise ValueError(f"dims: got {dims.tolist()}, wanted positive integers")
    if dims.dim() and dims.shape != surprisal.shape:
        raise ValueError(f"dims: got shape {tuple(dims.shape)}, wanted () or that of surprisal, ({len(surprisal)},)")
    return to_bits(surprisal) / dims


def typicality(surprisal: Tensor, expected: float) -> Tensor:
    r"""How far an example's surprisal is from what data of the model's own kind have, :math:`|s - \bar s|`, nats.

    It finds what is too likely as well as what is too unlikely; what has the expected surprisal for a wrong reason, it
    can't find. A spread-out surprisal of the inside hides much: then ask for several examples at once,
    :func:`typicality_test`.

    Args:
        surprisal: nats, shape ``(N,)``.
        expected: mean surprisal, nats, of data like the training data but kept away from training: a model knows its
            training data too well.

    Raises:
        ValueError: if ``surprisal`` is empty, holds NaN or has another shape, or ``expected`` is not finite.

    Source:
        Nalisnick, Matsukawa, Teh and Lakshminarayanan (2019), Detecting Out-of-Distribution Inputs to Deep Generative
        Models Using Typicality; Cover and Thomas (2006), Elements of Information Theory, chapter 3.

    Example:
        >>> p, heads = 0.1, torch.tensor([0, 10, 20])  # of 100 tosses of a coin
        >>> nats = -(heads * torch.tensor(p).log() + (100 - heads) * torch.tensor(1 - p).log())
        >>> to_bits(nats).round(decimals=1), to_bits(typicality(nats, nats[1].item())).round(decimals=1)
        (tensor([15.2000, 46.9000, 78.6000]), tensor([31.7000,  0.0000, 31.7000], dtype=torch.float64))
    """
    if isinstance(expected, bool) or not isinstance(expected, (int, float)) or not abs(expected) < float("inf"):
        raise ValueError(f"expected: got {expected!r}, wanted a finite number of nats")
    return (_numbers("surprisal", surprisal) - expected).abs()


def typicality_test(
    batch: Tensor, inside: Tensor, *, repeats: int = 1000, generator: torch.Generator | None = None
) -> float:
    r"""Is the mean surprisal of some examples what it is inside? The p-value of a bootstrap test.

    .. math:: P\Big(\big|\bar s^*_M - \bar s^*_N\big| \ge \big|\bar s_{\text{batch}} - \bar s_{\text{inside}}\big|\Big)

    Both means on the left are of resamples of ``inside``, M and N of them, so that the uncertainty about ``inside``
    counts too; the paper leaves that out, as N is large there. Examples that are each likely enough, but all on one
    side, show together what none of them shows alone.

    Args:
        batch: surprisals of the M examples in question, nats, shape ``(M,)``.
        inside: those of N examples like the training data but kept away from training, at least 2.
        repeats: how many resamples.
        generator: source of the resamples; without one, a generator seeded with 0.

    Returns:
        A number from 1 / (repeats + 1) to 1; small where the batch is no typical one.

    Raises:
        ValueError: if either is empty, not finite, or has another shape, ``inside`` has only one example, or
            ``repeats`` is not positive.

    Source:
        Nalisnick, Matsukawa, Teh and Lakshminarayanan (2019), whose threshold is this test's at a given level.

    Example:
        >>> inside = torch.linspace(70, 90, 500)
        >>> typicality_test(torch.full((10,), 74.0), inside) < 0.01  # each one alone is likelier than most of inside
        True
        >>> typicality_test(torch.linspace(71, 89, 10), inside) > 0.5
        True
    """
    batch, inside = _numbers("batch", batch, finite=True), _numbers("inside", inside, finite=True)
    check_counts(repeats=repeats)
    if len(inside) < 2:
        raise ValueError("inside: got 1 example, wanted at least 2: one says nothing of their spread")
    generator = generator or torch.Generator().manual_seed(0)
    means = (_resampled_means(inside, size, repeats, generator) for size in (len(batch), len(inside)))
    differences = next(means) - next(means)
    farther = differences.abs() >= (batch.mean() - inside.mean()).abs()
    return (1 + farther.sum().item()) / (1 + repeats)


def likelihood_ratio(surprisal: Tensor, background: Tensor) -> Tensor:
    r"""How many nats more the model needs for an example than something that knows less, :math:`\log q(x) / p(x)`.

    What makes an input likely for both, such as an empty background, cancels, and so does the choice of coordinates
    where both are densities. What serves as q: a model of a wider set of data, one that was trained on :func:`mutate`
    of the training set (Ren et al.), or the :func:`code_length` of a compressor (Serrà et al.).

    Args:
        surprisal: that of the model p, nats, shape ``(N,)``.
        background: that of q for the same examples, nats, shape ``(N,)``.

    Raises:
        ValueError: if either is empty, holds NaN or has another shape, their lengths differ, or both are infinite for
            one example.

    Source:
        Ren et al. (2019), Likelihood Ratios for Out-of-Distribution Detection; Serrà et al. (2020), Input Complexity
        and Out-of-Distribution Detection with Likelihood-Based Generative Models.

    Example:
        >>> likelihood_ratio(torch.tensor([3.0, 5.0]), torch.tensor([4.0, 4.0]))
        tensor([-1.,  1.], dtype=torch.float64)
    """
    surprisal, background = _numbers("surprisal", surprisal), _numbers("background", background)
    if len(surprisal) != len(background):
        raise ValueError(f"background: got {len(background)} examples, wanted the {len(surprisal)} of surprisal")
    ratio = surprisal - background
    if ratio.isnan().any():
        where = ratio.isnan().nonzero()[0].item()
        raise ValueError(f"background: got {background[where]} at index {where}, as surprisal has; wanted a finite one")
    return ratio


def code_length(x: Tensor, compressor: str | Callable[[bytes], bytes] = "zlib") -> Tensor:
    r"""What a compressor for any kind of data makes of each example, nats: 8 ln 2 times the bytes of its file.

    An example is written as one byte a variable, row by row, and compressed alone. Its file can't be shorter than that
    of nothing at all, 8 bytes (zlib), 14 (bz2) or 1 (lzma), and it grows by whole bytes: on small examples a compressor
    is a coarse measure. What is the same for all examples does not change their order.

    Args:
        x: integers 0..255, shape ``(N, ...)``.
        compressor: ``"zlib"``, ``"bz2"`` or ``"lzma"`` of the standard library, each at its strongest setting (lzma as
            a raw stream), or a function from bytes to bytes.

    Returns:
        Nats, float64, shape ``(N,)``.

    Raises:
        ValueError: if ``x`` is empty, has other values or another dtype, or the compressor is unknown.

    Example:
        >>> x = torch.zeros(2, 64, dtype=torch.int64)
        >>> x[1] = torch.randint(256, (64,), generator=torch.Generator().manual_seed(0))
        >>> dark, noise = to_bits(code_length(x)) / 8
        >>> dark < 16, noise > 64
        (tensor(True), tensor(True))
        >>> nothing = torch.zeros(1, 0, dtype=torch.int64)
        >>> [round(to_bits(code_length(nothing, name)).item() / 8) for name in ("zlib", "bz2", "lzma")]
        [8, 14, 1]
    """
    if not callable(compressor) and compressor not in _COMPRESSORS:
        wanted = ", ".join(map(repr, _COMPRESSORS))
        raise ValueError(f"compressor: got {compressor!r}, wanted one of {wanted}, or a function")
    if not isinstance(x, Tensor) or x.is_floating_point() or x.is_complex() or x.dtype == torch.bool:
        came = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"x: got {came}, wanted integers 0..255")
    if not x.dim() or not len(x):
        raise ValueError(f"x: got shape {tuple(x.shape)}, wanted (N, ...) with at least one example")
    _check_range(x, 256)
    compress = _COMPRESSORS.get(compressor, compressor)
    files = [compress(row.tobytes()) for row in x.cpu().byte().flatten(1).numpy()]
    return to_nats(8 * torch.tensor([len(file) for file in files], dtype=torch.float64, device="cpu"))


def mutate(x: Tensor, values: int, rate: float, generator: torch.Generator | None = None) -> Tensor:
    """Replace each variable, with probability ``rate``, by one of its other values: data for a background model.

    What is learnt from them keeps what survives the noise, such as how common each value is, and forgets the rest.

    Args:
        x: integers 0..V-1, any shape; they stay as they are.
        values: V.
        rate: from 0 (nothing changes) to 1 (everything does).
        generator: source of the randomness; without one, a generator seeded with 0.

    Raises:
        ValueError: if ``x`` has another dtype or range, ``values`` is below 2, or ``rate`` is not in 0..1.

    Source:
        Ren et al. (2019), Likelihood Ratios for Out-of-Distribution Detection.

    Example:
        >>> mutate(torch.tensor([[0, 1, 1, 0]]), 2, 1.0)
        tensor([[1, 0, 0, 1]])
    """
    check_counts(2, values=values)
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
        raise ValueError(f"rate: got {rate!r}, wanted a number from 0 to 1")
    if not isinstance(x, Tensor) or x.is_floating_point() or x.dtype == torch.bool:
        came = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"x: got {came}, wanted integers 0..{values - 1}")
    _check_range(x, values)
    generator = generator or torch.Generator().manual_seed(0)
    device = generator.device
    changed = torch.rand(x.shape, generator=generator, device=device, dtype=torch.float64) < rate
    by = torch.randint(1, values, x.shape, generator=generator, device=device) * changed
    return ((x + by.to(x.device)) % values).to(x.dtype)


@dataclass(frozen=True, eq=False)
class ROC:
    """How well a score tells outside from inside, at every threshold at once.

    Attributes:
        fpr: share of inside that is called strange, float64, shape ``(K,)``, from 0 to 1.
        tpr: share of outside that is, at the same thresholds.
        auc: the area below: the probability that a random outside example scores higher than a random inside one, ties
            counting half. 0.5 is chance; below it the score has it the wrong way round.
        low: lower end of the interval for ``auc``.
        high: its upper end.
        level: that of the interval.

    Example:
        >>> curve = roc(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([2.0, 4.0]))
        >>> curve.fpr.tolist()[1], curve.tpr.tolist()[1]  # without a false alarm one can catch half of them
        (0.0, 0.5)
        >>> curve.auc  # of six pairs, four are in order, one is tied, one the wrong way round
        0.75
    """

    fpr: Tensor
    tpr: Tensor
    auc: float
    low: float
    high: float
    level: float = 0.95


def roc(
    inside: Tensor,
    outside: Tensor,
    *,
    level: float = 0.95,
    repeats: int = 1000,
    generator: torch.Generator | None = None,
) -> ROC:
    r"""The ROC curve of a score, and the area under it with an interval.

    .. math:: \mathrm{AUC} = \frac{1}{NM} \sum_{n,m} \big[s^{\text{out}}_m > s^{\text{in}}_n\big]
        + \tfrac12 \big[s^{\text{out}}_m = s^{\text{in}}_n\big]

    The interval is the bootstrap's, by percentiles: examples are drawn with replacement from both groups. It tells of
    other examples from the same sources, not of another training run. Where the groups don't overlap, or one has a
    single example, it has no width, or too little: that is no certainty.

    Args:
        inside: scores of examples like the training data, shape ``(N,)``; they may be infinite.
        outside: scores of others, shape ``(M,)``.
        level: of the interval, above 0 and below 1.
        repeats: how many resamples.
        generator: source of the resamples; without one, a generator seeded with 0.

    Raises:
        ValueError: if either group is empty, holds NaN or has another shape, or a number is out of its range.
        ImportError: if scikit-learn is not installed.

    Source:
        Mann and Whitney (1947); Hanley and McNeil (1982), The Meaning and Use of the Area under a ROC Curve; Efron and
        Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> inside, outside = torch.randn(200, generator=generator), 1 + torch.randn(200, generator=generator)
        >>> curve = roc(inside, outside)
        >>> curve.low < 0.7602 < curve.high  # Phi(1 / sqrt(2))
        True
    """
    inside, outside = _numbers("inside", inside).sort().values, _numbers("outside", outside).sort().values
    check_counts(repeats=repeats)
    if isinstance(level, bool) or not isinstance(level, (int, float)) or not 0 < level < 1:
        raise ValueError(f"level: got {level!r}, wanted a number above 0 and below 1")
    try:
        from sklearn.metrics import roc_curve
    except ImportError as error:
        raise ImportError("roc: wanted scikit-learn: pip install 'dgmlib[notebook]'") from error
    ranks = torch.cat([inside, outside]).unique(return_inverse=True)[1]  # as good as scores, and finite
    is_outside = np.arange(len(ranks)) >= len(inside)
    fpr, tpr, _ = roc_curve(is_outside, ranks.numpy())
    auc = _auc(inside, outside, *(torch.ones_like(s)[None] for s in (inside, outside))).item()
    generator = generator or torch.Generator().manual_seed(0)
    again, left = [], repeats
    while left:
        rows = min(left, max(1, ENTRIES // len(ranks)))
        again.append(_auc(inside, outside, *(_counts(len(s), rows, generator) for s in (inside, outside))))
        left -= rows
    ends = inside.new_tensor([(1 - level) / 2, (1 + level) / 2])
    low, high = torch.cat(again).quantile(ends).tolist()
    return ROC(torch.from_numpy(fpr), torch.from_numpy(tpr), auc, low, high, level)


def threshold(inside: Tensor, rate: float) -> float:
    r"""The score above which to call an example strange, so that a new one from inside is, with a chance of ``rate``.

    With N scores it is the one of rank :math:`N + 1 - \lfloor (N + 1)\,\text{rate} \rfloor` from below. If the new
    example and these N are exchangeable, its score exceeds that with a probability of at most ``rate``, whatever the
    model and the score: a statement about the average over such sets of N. It says nothing of the outside.

    Args:
        inside: scores of examples like the training data, from which neither the model nor the score was chosen, shape
            ``(N,)``.
        rate: the rate of false alarms, above 0 and below 1.

    Returns:
        The threshold; what scores *higher* is strange.

    Raises:
        ValueError: if ``inside`` is empty, holds NaN or has another shape, ``rate`` is out of its range, or there are
            too few examples for it, fewer than 1 / rate - 1.

    Source:
        Vovk, Gammerman and Shafer (2005), Algorithmic Learning in a Random World (conformal prediction).

    Example:
        >>> threshold(torch.arange(99), 0.05)  # 4 of 99 are above, and 5 of 100 can be
        94.0
    """
    inside = _numbers("inside", inside).sort().values
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 < rate < 1:
        raise ValueError(f"rate: got {rate!r}, wanted a number above 0 and below 1")
    exact = Fraction(str(rate))  # (N + 1) rate, without a rounding that would lose one
    above = int((len(inside) + 1) * exact)
    if not above:
        least = -int(-1 / exact // 1) - 1
        raise ValueError(f"inside: got {len(inside)} examples, wanted at least {least} for a rate of {rate}")
    return inside[len(inside) - above].item()


def _numbers(name: str, values: Tensor, finite: bool = False) -> Tensor:
    """Return one float64 for each example on the CPU, or raise a ``ValueError`` that says why they are none."""
    values = torch.as_tensor(values)
    if values.dim() != 1:
        raise ValueError(f"{name}: got shape {tuple(values.shape)}, wanted (N,): one number for each example")
    if not len(values):
        raise ValueError(f"{name}: got no example, wanted at least one")
    wrong = ~values.isfinite() if finite else values.isnan()
    if wrong.any():
        where = wrong.nonzero()[0].item()
        raise ValueError(
            f"{name}: got {values[where].item()} at index {where}, wanted {'finite ' if finite else ''}numbers"
        )
    return values.detach().cpu().double()


def _check_range(x: Tensor, values: int) -> None:
    low, high = (v.item() for v in x.aminmax()) if x.numel() else (0, 0)  # Python's: 256 is no number of a uint8
    if low < 0 or high >= values:
        raise ValueError(f"x: got values {low}..{high}, wanted 0..{values - 1}")


def _auc(inside: Tensor, outside: Tensor, inside_counts: Tensor, outside_counts: Tensor) -> Tensor:
    """AUC of each resample: sorted scores, and how often each of them was drawn, (R, N) and (R, M)."""
    below = F.pad(inside_counts.cumsum(1).double(), (1, 0))  # (R, N + 1): inside examples below the k-th
    lower, upto = (torch.searchsorted(inside, outside, right=right) for right in (False, True))
    pairs = ((below[:, lower] + below[:, upto]) / 2 * outside_counts).sum(1)
    return pairs / (len(inside) * len(outside))


def _counts(n: int, rows: int, generator: torch.Generator) -> Tensor:
    """How often each of ``n`` examples is drawn in ``rows`` resamples, (rows, n)."""
    drawn = torch.randint(n, (rows, n), generator=generator, device=generator.device).cpu()
    return torch.zeros_like(drawn).scatter_add_(1, drawn, torch.ones_like(drawn))


def _resampled_means(values: Tensor, size: int, repeats: int, generator: torch.Generator) -> Tensor:
    """Means of ``repeats`` resamples of that size, (repeats,)."""
    means, left = [], repeats
    while left:
        rows = min(left, max(1, ENTRIES // size))
        drawn = torch.randint(len(values), (rows, size), generator=generator, device=generator.device).cpu()
        means.append(values[drawn].mean(1))
        left -= rows
    return torch.cat(means)
