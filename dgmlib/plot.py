"""The course's figures: one style, one meaning a colour, drawn for the light and the dark page alike.

Every function draws on the axes it is given and returns them. :class:`Figure` draws a whole figure twice, once for each
theme, and carries the text that says what it shows.
"""

import base64
import html
import io
from collections.abc import Callable

import torch
from torch import Tensor

try:
    import matplotlib as mpl
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
        """The figure's file for a theme, ``format`` ``"svg"`` or ``"png"``."""
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
