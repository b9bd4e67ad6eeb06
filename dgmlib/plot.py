"""The course's figures: one style, one meaning a colour, drawn for the light and the dark page alike.

Every function draws on the axes it is given and returns them. :class:`Figure` draws a whole figure twice, once for each
theme, and carries the text that says what it shows.
"""

import base64
import html
import io
import json
from collections.abc import Callable
from math import isfinite

import torch
from torch import Tensor

try:
    import matplotlib as mpl
    import matplotlib.lines
    import matplotlib.patches
    from matplotlib import pyplot as plt
    from matplotlib.axes import Axes
except ImportError as error:
    raise ImportError("dgmlib.plot needs matplotlib: pip install 'dgmlib[notebook]'") from error

# Okabe and Ito's palette, which colour-blind readers can tell apart. A colour has one meaning through the whole book.
COLORS = {
    "data": "#009E73",  # what is, or was drawn from, the true source
    "model": "#0072B2",  # what a model believes
    "extra": "#D55E00",  # what a wrong belief costs: excess bits, errors, leaks
    "held out": "#CC79A7",  # what was kept away from training
    "other": "#7F7F7F",  # peers and baselines
}
SEQUENTIAL = "cividis"  # attention, receptive fields, densities
INK = {"light": "#1f2328", "dark": "#e6e6e6"}

_ON_DARK = {"data": "#2FC79A", "model": "#56B4E9", "extra": "#FF8A3D", "held out": "#E29BC4", "other": "#A8A8A8"}


def colors(theme: str) -> dict[str, str]:
    """The palette for a theme, ``"light"`` or ``"dark"``: the same hues, lighter on dark. ``"ink"`` is the text's.

    Example:
        >>> colors("light")["model"], colors("dark")["model"]
        ('#0072B2', '#56B4E9')
    """
    if theme not in INK:
        raise ValueError(f"theme: got {theme!r}, wanted 'light' or 'dark'")
    return {**(COLORS if theme == "light" else _ON_DARK), "ink": INK[theme]}


def style(theme: str) -> dict:
    """Matplotlib settings of the course for a theme: transparent background, legible text, no box around the axes.

    Args:
        theme: "light" or "dark".

    Example:
        >>> style("dark")["figure.facecolor"]
        'none'
    """
    palette = colors(theme)
    ink = palette["ink"]
    return {
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "svg.fonttype": "path",  # text looks the same on every reader's machine
        "svg.hashsalt": "dgmlib",  # the same figure is the same bytes
        "font.size": 12,  # a phone shows a figure at half its size
        "axes.titlesize": 12,
        "text.color": ink,
        "axes.labelcolor": ink,
        "axes.edgecolor": ink,
        "xtick.color": ink,
        "ytick.color": ink,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": mpl.cycler(color=[palette[k] for k in ("model", "data", "extra", "held out", "other")]),
        "axes.axisbelow": True,
        "grid.color": ink,
        "grid.alpha": 0.15,
        "legend.frameon": False,
        "lines.linewidth": 2,
        "image.interpolation": "nearest",  # digits are shown at whole pixels, never blurred
        "image.cmap": SEQUENTIAL,
    }


class Figure:
    """A figure drawn for the light and the dark page, with its alternative text.

    In a notebook it shows itself: as two SVG pictures of which the page shows the one that fits its theme, as a PNG for
    print, and as its alternative text where neither can be shown.

    Args:
        draw: draws the figure: called with the axes (an array of them, if ``rows * columns > 1``) and the palette of
            :func:`colors`.
        alt: what the figure shows, for those who can't see it.
        rows: rows of axes.
        columns: columns of axes.
        size: width and height in inches.
        **grid: further options of ``plt.subplots``, such as ``sharey=True`` or ``width_ratios``.

    Raises:
        ValueError: if ``alt`` is empty.

    Example:
        >>> figure = Figure(lambda ax, palette: ax.plot([0, 1], color=palette["model"]), alt="A line that rises.")
        >>> sorted(figure._repr_mimebundle_())
        ['image/png', 'text/html', 'text/plain']
    """

    def __init__(self, draw: Callable, alt: str, *, rows: int = 1, columns: int = 1, size=(6.4, 3.2), **grid):
        if not alt or not alt.strip():
            raise ValueError(f"alt: got {alt!r}, wanted a sentence that says what the figure shows")
        self.draw, self.alt, self.size = draw, " ".join(alt.split()), size
        self.grid = {"nrows": rows, "ncols": columns, **grid}

    def render(self, theme: str, format: str) -> bytes:
        """The figure's file for a theme, ``format`` ``"svg"`` or ``"png"``.

        Example:
            >>> figure = Figure(lambda ax, palette: ax.plot([0, 1]), alt="A line that rises.")
            >>> figure.render("light", "png")[1:4]
            b'PNG'
        """
        with mpl.rc_context(style(theme)), mpl.rc_context({"backend": "agg"}):
            figure, axes = plt.subplots(figsize=self.size, layout="constrained", **self.grid)
            try:
                self.draw(axes, colors(theme))
                out = io.BytesIO()
                metadata = {"Date": None} if format == "svg" else None
                figure.savefig(out, format=format, dpi=160, metadata=metadata)
            finally:
                plt.close(figure)
        return out.getvalue()

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        images = []
        for theme in ("light", "dark"):
            source = base64.b64encode(self.render(theme, "svg")).decode()
            width, height = (round(96 * side) for side in self.size)
            images.append(
                f'<img class="only-{theme}" alt="{html.escape(self.alt)}" width="{width}" height="{height}" '
                f'src="data:image/svg+xml;base64,{source}">'
            )
        return {
            "text/html": f'<div class="figure-pair">{"".join(images)}</div>',
            "image/png": base64.b64encode(self.render("light", "png")).decode(),
            "text/plain": self.alt,
        }


class Interactive(Figure):
    """A figure whose knobs a reader of the site can turn; anywhere else it is the still that :class:`Figure` draws.

    Args:
        module: a file of ``book/_assets/interactive``, without its suffix; the page loads it when the figure comes into
            view, and it replaces the still.
        settings: what the knobs stand at first, and what else the module needs, of what JSON can write down.
        draw: draws the still, in the same state.
        alt: what the still shows.
        **options: those of :class:`Figure`.

    Raises:
        ValueError: if ``module`` is no such name, or ``alt`` is empty.

    Example:
        >>> figure = Interactive("sgd", {"lr": 0.1}, lambda ax, palette: ax.plot([0, 1]), alt="A path that descends.")
        >>> figure._repr_mimebundle_()["text/html"][:78]
        '<div class="interactive" data-module="sgd" data-settings="{&quot;lr&quot;: 0.1'
    """

    def __init__(self, module: str, settings: dict, draw: Callable, alt: str, **options):
        if not module.isidentifier():
            raise ValueError(f"module: got {module!r}, wanted a name such as 'code_lengths'")
        super().__init__(draw, alt, **options)
        self.module, self.settings = module, json.dumps(settings)

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        bundle = super()._repr_mimebundle_(include, exclude)
        data = f'data-module="{self.module}" data-settings="{html.escape(self.settings)}"'
        return bundle | {"text/html": f'<div class="interactive" {data}>{bundle["text/html"]}</div>'}


def images(ax: Axes, x: Tensor, columns: int | None = None, values: int = 2, gap: int = 1) -> Axes:
    """Lay images out in a grid on one axes, pixel for pixel: 0 is paper (a light grey), the highest value is ink.

    Args:
        ax: where to draw.
        x: grey images, integers 0..values-1, shape ``(B, 1, H, W)`` or ``(B, H, W)``.
        columns: images in a row; ``None`` is all in one row.
        values: how many grey levels there are.
        gap: pixels between images.

    Raises:
        ValueError: if ``x`` has another shape.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> figure, ax = plt.subplots()
        >>> images(ax, torch.zeros(6, 1, 8, 8), columns=3).images[0].get_array().shape
        (17, 26)
        >>> plt.close(figure)
    """
    x = x.squeeze(1) if x.dim() == 4 and x.shape[1] == 1 else x
    if x.dim() != 3 or not len(x):
        raise ValueError(f"x: got shape {tuple(x.shape)}, wanted (B, 1, H, W) or (B, H, W) with at least one image")
    count, height, width = x.shape
    columns = columns or count
    rows = -(-count // columns)
    sheet = torch.full((rows * (height + gap) - gap, columns * (width + gap) - gap), float("nan"))
    for k in range(count):
        top, left = (k // columns) * (height + gap), (k % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = x[k].float() / (values - 1)
    ax.imshow(sheet.numpy(), cmap="gray_r", vmin=-0.12, vmax=1)  # NaN is transparent: the gaps show the page
    ax.set_axis_off()
    return ax


def matrix(ax: Axes, m: Tensor, **options) -> Axes:
    """Show a matrix cell by cell in the sequential map, row 0 on top.

    Args:
        ax: where to draw.
        m: numbers or booleans, shape ``(R, C)``.
        **options: those of ``Axes.imshow``.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> figure, ax = plt.subplots()
        >>> matrix(ax, torch.eye(3)).images[0].get_array().shape
        (3, 3)
        >>> plt.close(figure)
    """
    ax.imshow(torch.as_tensor(m).float().numpy(), **{"cmap": SEQUENTIAL, **options})
    for side in ax.spines.values():
        side.set_visible(False)
    return ax


def curves(ax: Axes, histories: list, palette: dict | None = None, *, band: str = "range", legend: bool = True) -> Axes:
    """Draw how training went: nats per example against updates, of one run or of the same run with several seeds.

    The line is the mean and the band the spread, as far as all runs go. Where early stopping ended some of them, a mean
    would be that of the survivors: from there each run that goes on is a thin line of its own. A dot marks the best
    check of each run, at which its weights were kept.

    Args:
        ax: where to draw.
        histories: what :func:`dgmlib.train.fit` returned, one of each run, checked after the same updates.
        palette: that of :func:`colors`; ``None`` is the light theme's.
        band: ``"range"``, from the lowest run to the highest, or ``"error"``, one standard error either way.
        legend: whether to say in the figure what is what.

    Raises:
        ValueError: if ``band`` is neither, there is no history, or the runs were checked after different updates.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> from dgmlib.train import History
        >>> runs = [History([0, 10], [3.0, 1.0], [3.0, 2.0]), History([0, 10, 20], [3.0, 2.0, 1.0], [3.0, 2.5, 2.6])]
        >>> figure, ax = plt.subplots()
        >>> [float(y) for y in curves(ax, runs).lines[0].get_ydata()]
        [3.0, 1.5]
        >>> plt.close(figure)
    """
    if band not in ("range", "error"):
        raise ValueError(f"band: got {band!r}, wanted 'range' or 'error'")
    if not histories or any(not h.step for h in histories):
        raise ValueError(f"histories: got {list(histories)!r}, wanted at least one, each with a check")
    shortest = min((h.step for h in histories), key=len)
    common, runs = len(shortest), len(histories)
    for h in histories:
        if list(h.step[:common]) != list(shortest):
            raise ValueError(
                f"histories: got checks after {h.step[:common]} and after {shortest} updates, wanted the same"
            )
    palette = palette or colors("light")
    longer = [h for h in histories if len(h.step) > common]
    spread = {
        "range": f"lowest to highest of {runs} runs",
        "error": f"± 1 standard error of {runs} runs",
    }[band]
    for name, color, label in (("train", palette["data"], "train"), ("valid", palette["held out"], "held out")):
        seen = torch.tensor([getattr(h, name)[:common] for h in histories], dtype=torch.float64)  # (runs, checks)
        mean = seen.mean(0)
        ax.plot(shortest, mean.numpy(), color=color, label=label if runs == 1 else f"{label}, mean")
        if runs > 1:
            error = seen.std(0) / runs**0.5
            low, high = (seen.amin(0), seen.amax(0)) if band == "range" else (mean - error, mean + error)
            ax.fill_between(shortest, low.numpy(), high.numpy(), color=color, alpha=0.25, linewidth=0)
        for h in longer:
            ax.plot(h.step[common - 1 :], getattr(h, name)[common - 1 :], color=color, linewidth=1, alpha=0.7)
    best = [(h.step[h.best], h.valid[h.best]) for h in histories]
    ax.plot(*zip(*best, strict=True), "o", color=palette["held out"], markeredgecolor=palette["ink"], markersize=7)
    ax.set(xlabel="updates", ylabel="nats per example")
    if legend:
        handles, _ = ax.get_legend_handles_labels()
        ink = {"color": palette["ink"]}
        if runs > 1:
            handles.append(mpl.patches.Patch(**ink, alpha=0.25, linewidth=0, label=spread))
        if longer:
            left = f"{len(longer)} of {runs} runs went on"
            handles.append(mpl.lines.Line2D([], [], **ink, linewidth=1, alpha=0.7, label=left))
        dot = {"marker": "o", "linestyle": "none", "color": palette["held out"], "markeredgecolor": palette["ink"]}
        handles.append(mpl.lines.Line2D([], [], **dot, label="best check" if runs == 1 else "best check of each"))
        ax.legend(handles=handles, fontsize=10)
    return ax


def gradient_variance(ax: Axes, measured, palette: dict | None = None) -> Axes:
    """Draw the variance of a mini-batch's gradient against its size, and the law that it follows.

    Args:
        ax: where to draw; both of its axes become logarithmic.
        measured: what :func:`dgmlib.gradients.gradient_variance` returned.
        palette: that of :func:`colors`; ``None`` is the light theme's.

    Raises:
        ValueError: if nothing was measured whose variance is above zero.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> from dgmlib.gradients import GradientVariance
        >>> measured = GradientVariance([1, 2], [2.1, 0.9], [0.1, 0.1], predicted=[2.0, 1.0], per_example=2.0)
        >>> figure, ax = plt.subplots()
        >>> [t.get_text() for t in gradient_variance(ax, measured).get_legend().get_texts()]
        ['σ² / B', 'measured, ± 2 standard errors']
        >>> plt.close(figure)
    """
    if not any(predicted > 0 for predicted in measured.predicted):
        raise ValueError(f"measured: got variances {measured.predicted}, wanted at least one above zero")
    palette = palette or colors("light")
    sizes, variance, error, predicted = (
        torch.tensor(v, dtype=torch.float64)
        for v in (measured.batch_size, measured.variance, measured.error, measured.predicted)
    )
    order = sizes.argsort()
    order = order[predicted[order] > 0]  # all examples, each once, are no sample: nothing is left for a logarithm
    sizes, variance, error = (v[order].numpy() for v in (sizes, variance, error))
    ax.set(xscale="log", yscale="log", xlabel="examples in a mini-batch, B", ylabel="variance of the gradient, nats²")
    fine = [sizes[0] * (sizes[-1] / sizes[0]) ** (k / 100) for k in range(101)]
    law = "σ² / B" if measured.replacement else "σ² / B · (N − B) / (N − 1)"
    ax.plot(fine, [measured.law(size) for size in fine], color=palette["ink"], linewidth=1, label=law)
    points = {"fmt": "o", "color": palette["model"], "markersize": 5, "capsize": 3, "elinewidth": 1.5}
    ax.errorbar(sizes, variance, 2 * error, **points, label="measured, ± 2 standard errors")
    ax.set_xticks(sizes, [f"{size:.0f}" for size in sizes])
    ax.set_xticks([], minor=True)
    ax.legend(fontsize=10)
    return ax


def jacobian_norms(
    ax: Axes, norms, palette: dict | None = None, *, label: str = "median", linestyle: str = "-"
) -> Axes:
    """Draw how strongly a state depends on its past against the lag: the median, and the middle 90 % as a band.

    Several models share the axes by several calls, each with a label and a style of line.

    Args:
        ax: where to draw; its vertical axis becomes logarithmic.
        norms: what :func:`dgmlib.gradients.jacobian_norms` returned.
        palette: that of :func:`colors`; ``None`` is the light theme's.
        label: what to call the model's line.
        linestyle: the line's, as matplotlib names it.

    Raises:
        ValueError: if there is no lag.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> from dgmlib.gradients import JacobianNorms
        >>> norms = JacobianNorms([1, 2], [0.5, 0.3], [0.4, 0.1], [0.5, 0.25], [0.6, 0.4])
        >>> figure, ax = plt.subplots()
        >>> jacobian_norms(ax, norms, label="rnn").get_yscale()
        'log'
        >>> plt.close(figure)
    """
    if not norms.lag:
        raise ValueError("norms: got no lag, wanted at least one")
    palette = palette or colors("light")
    color = palette["model"]
    rows = sorted(zip(norms.lag, norms.low, norms.median, norms.high, strict=True))
    lag, low, median, high = (list(column) for column in zip(*rows, strict=True))
    ax.set_yscale("log")
    first = not ax.lines
    if first:
        ax.axhline(1, color=palette["ink"], linewidth=1, alpha=0.6, label="neither shrinks nor grows")
    band = "middle 90 %" if first else None
    ax.fill_between(lag, low, high, color=color, alpha=0.2, linewidth=0, label=band)
    ax.plot(lag, median, marker="o", markersize=4, linestyle=linestyle, color=color, label=label)
    ax.legend(fontsize=10, handlelength=2.5)
    ax.set(xlabel="lag, steps", ylabel="norm of the Jacobian")
    ax.xaxis.get_major_locator().set_params(integer=True)
    return ax


def sweep(ax: Axes, trials: list, parameter: str, palette: dict | None = None, *, legend: bool = True) -> Axes:
    """Draw what each trial of a sweep reached, validation nats per example, against one option.

    The horizontal axis is logarithmic where the option was drawn so, and has names where it was drawn from a list. A
    trial that was pruned is faint and stands where it was left; if that is above all finished ones, at the upper edge.

    Args:
        ax: where to draw.
        trials: those of a study, as Optuna keeps them.
        parameter: the option's name; trials without it are left out.
        palette: that of :func:`colors`; ``None`` is the light theme's.
        legend: whether to say above the axes what is what.

    Raises:
        ValueError: if no trial with this option was finished.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> from types import SimpleNamespace as Some  # in place of a study's trials
        >>> drawn = Some(state=Some(name="COMPLETE"), distributions={"lr": Some(log=True)})
        >>> trials = [Some(number=k, value=v, params={"lr": lr}, **vars(drawn)) for k, lr, v in [(0, .1, 3), (1, 1, 2)]]
        >>> figure, ax = plt.subplots()
        >>> sweep(ax, trials, "lr").get_xscale()
        'log'
        >>> plt.close(figure)
    """
    having = [t for t in trials if parameter in t.params]
    if not having:
        known = sorted({name for t in trials for name in t.params})
        raise ValueError(f"parameter: got {parameter!r}, wanted one that was drawn: {', '.join(known) or 'none was'}")
    palette = palette or colors("light")
    kind = having[0].distributions[parameter]
    choices = getattr(kind, "choices", None)
    if choices is not None:
        ax.set_xticks(range(len(choices)), [str(choice) for choice in choices])
        ax.set_xlim(-0.5, len(choices) - 0.5)
    elif getattr(kind, "log", False):
        ax.set_xscale("log")
    place = {t.number: choices.index(t.params[parameter]) if choices else t.params[parameter] for t in having}
    _trials(ax, having, place, palette)
    ax.set(xlabel=parameter, ylabel="validation, nats per example")
    if legend:
        _legend_above(ax)
    return ax


def best_so_far(ax: Axes, trials: list, palette: dict | None = None, *, legend: bool = True) -> Axes:
    """Draw what each trial of a sweep reached in the order in which they began, and the best until then as a line.

    Args:
        ax: where to draw.
        trials: those of a study, as Optuna keeps them.
        palette: that of :func:`colors`; ``None`` is the light theme's.
        legend: whether to say above the axes what is what.

    Raises:
        ValueError: if no trial was finished.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> from types import SimpleNamespace as Some
        >>> trials = [Some(number=k, value=v, state=Some(name="COMPLETE")) for k, v in enumerate([3.0, 2.0, 2.5])]
        >>> figure, ax = plt.subplots()
        >>> [float(y) for y in best_so_far(ax, trials).lines[-1].get_ydata()]
        [3.0, 2.0, 2.0]
        >>> plt.close(figure)
    """
    palette = palette or colors("light")
    finished = _trials(ax, trials, {t.number: t.number for t in trials}, palette)
    lowest, steps = float("inf"), []
    for t in finished:
        lowest = min(lowest, t.value)
        steps.append(lowest)
    numbers = [t.number for t in finished]
    ax.step(numbers, steps, where="post", color=palette["ink"], linewidth=1, label="best so far")
    ax.set(xlabel="trial", ylabel="validation, nats per example")
    ax.xaxis.get_major_locator().set_params(integer=True)
    if legend:
        _legend_above(ax)
    return ax


def _legend_above(ax: Axes) -> None:
    """Trials lie anywhere: no place in the axes is sure to be free."""
    room = {"columnspacing": 0.8, "handletextpad": 0.4, "handlelength": 1.4, "borderaxespad": 0}
    ax.legend(fontsize=10, loc="lower left", bbox_to_anchor=(0, 1.02), ncols=2, **room)


def _trials(ax: Axes, trials: list, place: dict[int, float], palette: dict) -> list:
    """Draw trials at their places; returns the finished ones by number."""
    valued = [t for t in sorted(trials, key=lambda t: t.number) if t.value is not None and isfinite(t.value)]
    finished, pruned = ([t for t in valued if t.state.name == name] for name in ("COMPLETE", "PRUNED"))
    if not finished:
        raise ValueError(f"trials: got {len(trials)}, none of them finished with a finite value, wanted at least one")
    values, color = [t.value for t in finished], palette["held out"]
    edge = max(values) + 0.1 * (max(values) - min(values) or 1)  # pruned trials above would press the others together
    for marker, label, some in (
        ("x", "pruned", [t for t in pruned if t.value <= edge]),
        ("^", "pruned, above", [t for t in pruned if t.value > edge]),
    ):
        if some:
            at = [place[t.number] for t in some], [min(t.value, edge) for t in some]
            ax.plot(*at, marker, color=color, alpha=0.5, markersize=6, label=label)
    ax.plot([place[t.number] for t in finished], values, "o", color=color, markersize=6, label="finished")
    best = min(finished, key=lambda t: t.value)
    ring = {"markersize": 12, "markerfacecolor": "none", "markeredgecolor": palette["ink"], "markeredgewidth": 1.5}
    ax.plot(place[best.number], best.value, "o", **ring, label=f"best, {best.value:.4g}")
    return finished


def roc(
    ax: Axes, curve, palette: dict | None = None, *, label: str = "score", color: str = "model", linestyle: str = "-"
) -> Axes:
    r"""Draw what share of outside a score catches against its false alarms; the legend tells the area and its interval.

    Several scores share the axes by several calls, each with a label and a style of line.

    Args:
        ax: where to draw; its sides become equal.
        curve: what :func:`dgmlib.anomaly.roc` returned.
        palette: that of :func:`colors`; ``None`` is the light theme's.
        label: what to call the score.
        color: the line's, a name of the palette.
        linestyle: the line's, as matplotlib names it.

    Raises:
        ValueError: if the palette has no such colour.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> from dgmlib.anomaly import ROC
        >>> half = torch.tensor([0.0, 0.5, 1.0])
        >>> figure, ax = plt.subplots()
        >>> roc(ax, ROC(half, half.sqrt(), auc=0.6, low=0.5, high=0.7), label="typicality").lines[-1].get_label()
        'typicality\nAUC 0.600 (0.500 to 0.700)'
        >>> plt.close(figure)
    """
    palette = palette or colors("light")
    if color not in palette:
        raise ValueError(f"color: got {color!r}, wanted one of {', '.join(palette)}")
    if not ax.lines:
        ax.plot([0, 1], [0, 1], color=palette["ink"], linewidth=1, alpha=0.6, label="chance")
    named = f"{label}\nAUC {curve.auc:.3f} ({curve.low:.3f} to {curve.high:.3f})"
    ax.plot(curve.fpr.tolist(), curve.tpr.tolist(), color=palette[color], linestyle=linestyle, label=named)
    ax.legend(fontsize=10, handlelength=2.5, loc="center left", bbox_to_anchor=(1.02, 0.5))  # no place inside is free
    ax.set(xlabel="false alarms, share of inside", ylabel="caught, share of outside", aspect="equal")
    return ax
