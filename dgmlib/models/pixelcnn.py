"""PixelCNN: masked convolutions over the pixels so far, plain and gated."""

import torch
from torch import Tensor, nn
from torch.distributions import Distribution
from torch.nn import functional as F

from dgmlib.distributions import DiscretizedLogistics
from dgmlib.layers import MaskedConv2d, colour_of, raster_order
from dgmlib.model import AutoregressiveModel, check_counts, is_count


class _Pixels(AutoregressiveModel):
    """What both models share: the order of an image's variables, the output, and sampling pixel by pixel.

    A subclass writes ``_build`` (its layers), ``_features`` (the whole image at once), and for sampling ``_start``,
    ``_start_row`` and ``_pixel``.
    """

    def __init__(
        self,
        event_shape,
        values: int,
        *,
        hidden: int = 32,
        layers: int = 5,
        first_kernel: int = 7,
        kernel_size: int = 3,
        output: str = "softmax",
        components: int = 5,
        classes: int | None = None,
    ):
        super().__init__(event_shape, values, order=raster_order(event_shape), classes=classes)
        check_counts(hidden=hidden, layers=layers, components=components)
        for name, number in {"first_kernel": first_kernel, "kernel_size": kernel_size}.items():
            if not is_count(number, 3) or number % 2 == 0:
                raise ValueError(f"{name}: got {number!r}, wanted an odd number of at least 3")
        if output not in ("softmax", "logistics"):
            raise ValueError(f"output: got {output!r}, wanted 'softmax' or 'logistics'")
        colours = self.event_shape[0]
        if hidden % colours:
            raise ValueError(f"hidden: got {hidden}, wanted a multiple of the number of colours, {colours}")
        self.output = output
        parameters = values if output == "softmax" else 3 * components
        self.mix = self._pointwise(self._width(hidden), self._width(hidden))
        self.head = self._pointwise(self._width(hidden), parameters * colours)
        nn.init.zeros_(self.head.weight), nn.init.zeros_(self.head.bias)
        self.convolutions = 1 + layers
        self._build(hidden, [first_kernel] + [kernel_size] * layers)

    def _width(self, hidden: int) -> int:
        """Channels of the features."""
        return hidden

    def _colours_of(self, channels: int) -> Tensor:
        return colour_of(channels, self.event_shape[0])

    def _pointwise(self, below: int, above: int) -> MaskedConv2d:
        """A 1x1 convolution under which each colour sees itself and those before it."""
        return MaskedConv2d(
            "B", below, above, 1, in_colours=self._colours_of(below), out_colours=self._colours_of(above)
        )

    def _biases_of_classes(self, channels: list[int]) -> nn.ModuleList:
        """For each convolution, what is added to its channels for each class; they start at zero."""
        tables = [nn.Embedding(self.classes, c) for c in channels] if self.classes else []
        for table in tables:
            nn.init.zeros_(table.weight)
        return nn.ModuleList(tables)

    def _told(self, cond: Tensor | None) -> list[Tensor]:
        """What the class adds to each convolution, (B, channels); zero without classes."""
        if cond is None:
            return [self.head.weight.new_zeros(1, 1)] * self.convolutions
        return [table(cond) for table in self.by_class]

    def forward(self, x: Tensor, cond: Tensor | None = None) -> Tensor:
        return self._logits(self._raw(x, cond))

    def conditionals(self, x: Tensor, cond: Tensor | None = None) -> Distribution:
        if self.output == "softmax":
            return super().conditionals(x, cond)
        if not torch.compiler.is_compiling():  # as before forward
            cond = self._check_cond(cond, len(self.check_events("x", x)))
        return DiscretizedLogistics.from_raw(self._raw(x, cond), self.values, validate_args=False)

    def _raw(self, x: Tensor, cond: Tensor | None) -> Tensor:
        h = self._features(self._scale(x), cond)  # (B, width, H, W)
        h = self.head(torch.relu(self.mix(torch.relu(h))))
        return h.unflatten(1, (self.event_shape[0], -1)).movedim(2, -1)  # (B, C, H, W, P)

    def _logits(self, parameters: Tensor) -> Tensor:
        if self.output == "softmax":
            return parameters
        return DiscretizedLogistics.from_raw(parameters, self.values, validate_args=False).logits

    def _scale(self, x: Tensor) -> Tensor:
        return 2 * x.to(self.head.weight) / (self.values - 1) - 1  # -1..1; outside the image it is 0

    def init_state(self, n: int, cond: Tensor | None = None):
        cond = self._check_cond(cond, n)
        pixel = self.head.weight.new_zeros(n, self.event_shape[0])  # the present pixel's colours so far
        return 0, pixel, self._start(n, cond), (_Point(self.mix), _Point(self.head))

    def step(self, x_prev, state):
        t, pixel, caches, (mix, head) = state
        self._check_time(t)
        colours, _, wide = self.event_shape
        if x_prev is not None:
            pixel = pixel.clone()  # the caches keep the old one
            pixel[:, (t - 1) % colours] = self._scale(x_prev)
        place, colour = divmod(t, colours)
        column = place % wide
        if t and colour == 0:
            self._finish(caches, (place - 1) % wide, pixel)
            pixel = torch.zeros_like(pixel)
        if column == 0 and colour == 0:
            self._start_row(caches)
        h = self._pixel(caches, column, pixel)  # (n, width)
        parameters = head(mix(h.relu_()).relu_()).unflatten(1, (colours, -1))[:, colour]
        return self._logits(parameters), (t + 1, pixel, caches, (mix, head))

    def _finish(self, caches, column: int, pixel: Tensor) -> None:
        """Keep a pixel of the image, now that all of its colours are known."""
        caches[0][0].put(column, pixel)


class PixelCNN(_Pixels):
    r"""A stack of masked convolutions with residual connections.

    .. math:: p(x) = \prod_{i} p(x_i \mid \text{rows above}, \text{pixels to the left})

    The first layer hides the centre pixel (mask A), later ones show what it hides from itself already (mask B). In each
    block a 1x1 convolution halves the channels, a masked one mixes neighbours, and a 1x1 doubles them again. What such
    a stack sees is a trapezium: pixels of the rows above that lie far enough to the right are never seen, at any depth.
    This blind spot is an independence that nobody asked for; :class:`GatedPixelCNN` has none.

    With several colours (event shape (C, H, W)) the variables of a pixel follow one another, and a channel of a hidden
    layer belongs to a colour and sees those before it. The output layer starts at zero, so the first loss is exactly
    ln V for each variable (with ``output="logistics"``, within 5 %).

    Args:
        event_shape: (C, H, W).
        values: V, the number of values of each variable; they enter as numbers from -1 to 1.
        hidden: channels in the middle of a block, a multiple of C; between blocks there are twice as many.
        layers: blocks after the first convolution.
        first_kernel, kernel_size: odd, of the first and of the later masked convolutions.
        output: "softmax" gives each value a logit of its own; "logistics" a mixture of logistic distributions in V
            bins, which knows that neighbouring values are alike.
        components: of that mixture.
        classes: how many classes ``cond`` may name; each adds a bias to every masked convolution; ``None`` is none.

    Raises:
        ValueError: if an argument is out of its range.

    Source:
        van den Oord, Kalchbrenner and Kavukcuoglu (2016); Salimans et al. (2017) for the logistic output.

    Example:
        >>> model = PixelCNN((1, 4, 4), 2, hidden=8, layers=1)
        >>> model.sample(3, prefix=torch.ones(8, dtype=torch.int64))[:, 0, :2].eq(1).all()
        tensor(True)
    """

    def _build(self, hidden: int, kernels: list[int]) -> None:
        colours, wide = self.event_shape[0], self._width(hidden)
        first, *others = kernels
        self.first = MaskedConv2d(
            "A", colours, wide, first, in_colours=self._colours_of(colours), out_colours=self._colours_of(wide)
        )
        middle = {"in_colours": self._colours_of(hidden), "out_colours": self._colours_of(hidden)}
        self.narrow = nn.ModuleList(self._pointwise(wide, hidden) for _ in others)
        self.masked = nn.ModuleList(MaskedConv2d("B", hidden, hidden, k, **middle) for k in others)
        self.widen = nn.ModuleList(self._pointwise(hidden, wide) for _ in others)
        self.by_class = self._biases_of_classes([wide] + [hidden] * len(others))

    def _width(self, hidden: int) -> int:
        return 2 * hidden

    def _features(self, image: Tensor, cond: Tensor | None) -> Tensor:
        biases = self._told(cond)
        h = self.first(image) + biases[0][..., None, None]
        for narrow, masked, widen, bias in zip(self.narrow, self.masked, self.widen, biases[1:], strict=True):
            m = masked(torch.relu(narrow(torch.relu(h)))) + bias[..., None, None]
            h = h + widen(torch.relu(m))
        return h

    def _start(self, n: int, cond: Tensor | None):
        wide = self.event_shape[2]
        biases = self._told(cond)
        convolutions = [_Rows(c, n, wide, b) for c, b in zip([self.first, *self.masked], biases, strict=True)]
        return convolutions, [_Point(c) for c in self.narrow], [_Point(c) for c in self.widen]

    def _start_row(self, caches) -> None:
        for convolution in caches[0]:
            convolution.start_row()

    def _pixel(self, caches, column: int, pixel: Tensor) -> Tensor:
        (first, *masked), narrow, widen = caches
        h = first.at(column, pixel)
        for to, mix, back in zip(narrow, masked, widen, strict=True):
            m = mix.at(column, to(torch.relu(h)).relu_())
            h = h + back(m.relu_())
        return h


class GatedPixelCNN(_Pixels):
    r"""Two stacks: a vertical one over the rows above, and a horizontal one that reads it and looks to the left.

    .. math:: y = \tanh(W_f * x + u_f) \odot \sigma(W_g * x + u_g)

    The vertical stack needs no mask: its feature at a pixel knows rows up to the pixel's own, to both sides, and the
    horizontal stack reads it one row further down. So nothing above and to the right is blind, as it is in
    :class:`PixelCNN`; how far either stack sees still grows with the layers. The output layer starts at zero, so the
    first loss is exactly ln V for each variable (with ``output="logistics"``, within 5 %).

    Args:
        event_shape: (C, H, W).
        values: V, the number of values of each variable; they enter as numbers from -1 to 1.
        hidden: channels of each stack, a multiple of C.
        layers: gated layers after the first.
        first_kernel, kernel_size: odd, width of the first and of the later convolutions.
        output, components, classes: those of :class:`PixelCNN`; a class adds a bias (u) to every gate.

    Raises:
        ValueError: if an argument is out of its range.

    Source:
        van den Oord et al. (2016b), "Conditional image generation with PixelCNN decoders".

    Example:
        >>> model = GatedPixelCNN((3, 4, 4), 4, hidden=6, layers=1, classes=10)
        >>> model.sample(2, cond=7).shape
        torch.Size([2, 3, 4, 4])
    """

    def _build(self, hidden: int, kernels: list[int]) -> None:
        colours = self.event_shape[0]
        one, two = self._colours_of(hidden), self._colours_of(hidden).repeat(2)  # of the two halves of a gate
        below = [colours] + [hidden] * (len(kernels) - 1)
        self.vertical = nn.ModuleList(
            nn.Conv2d(c, 2 * hidden, (k // 2 + 1, k)) for c, k in zip(below, kernels, strict=True)
        )
        self.link = nn.ModuleList(nn.Conv2d(2 * hidden, 2 * hidden, 1) for _ in kernels)
        self.horizontal = nn.ModuleList(
            MaskedConv2d("B" if i else "A", c, 2 * hidden, (1, k), in_colours=self._colours_of(c), out_colours=two)
            for i, (c, k) in enumerate(zip(below, kernels, strict=True))
        )
        self.out = nn.ModuleList(MaskedConv2d("B", hidden, hidden, 1, in_colours=one, out_colours=one) for _ in kernels)
        self.by_class = self._biases_of_classes([4 * hidden] * len(kernels))  # for both stacks

    def _features(self, image: Tensor, cond: Tensor | None) -> Tensor:
        v = h = image
        layers = zip(self.vertical, self.link, self.horizontal, self.out, self._told(cond), strict=True)
        for i, (vertical, link, horizontal, out, bias) in enumerate(layers):
            high, wide = vertical.kernel_size
            for_v, for_h = _halves(bias[..., None, None])
            sums = vertical(F.pad(v, (wide // 2, wide // 2, high - 1, 0))) + for_v  # rows up to this one
            above = link(F.pad(sums, (0, 0, 1, 0))[:, :, :-1])  # one row down: rows above this one
            y = out(_gate(horizontal(h) + above + for_h))
            v, h = _gate(sums), h + y if i else y
        return h

    def _start(self, n: int, cond: Tensor | None):
        wide = self.event_shape[2]
        biases = [_halves(bias) for bias in self._told(cond)]
        vertical = [_RowsAbove(c, n, wide, for_v) for c, (for_v, _) in zip(self.vertical, biases, strict=True)]
        horizontal = [_Rows(c, n, wide, for_h) for c, (_, for_h) in zip(self.horizontal, biases, strict=True)]
        return horizontal, vertical, [_Point(c) for c in self.link], [_Point(c) for c in self.out]

    def _start_row(self, caches) -> None:
        horizontal, vertical, link, _ = caches
        v = horizontal[0].line()  # (n, C, W): the row that is now above
        for i, (rows, to, line) in enumerate(zip(vertical, link, horizontal, strict=True)):
            sums = rows.push(v)  # (W, n, 2 hidden)
            line.start_row(to(sums.flatten(0, 1)).unflatten(0, sums.shape[:2]))
            v = _gate(sums, -1).permute(1, 2, 0) if i + 1 < len(vertical) else None

    def _pixel(self, caches, column: int, pixel: Tensor) -> Tensor:
        (first, *horizontal), _, _, (out, *outs) = caches
        h = out(_gate(first.at(column, pixel)))
        for line, to in zip(horizontal, outs, strict=True):
            h = h + to(_gate(line.at(column, h)))
        return h


def _gate(x: Tensor, dim: int = 1) -> Tensor:
    f, g = x.chunk(2, dim)
    return torch.tanh(f) * torch.sigmoid(g)


def _halves(bias: Tensor) -> tuple[Tensor, Tensor]:
    """A class's bias, split between the two stacks; the zero that stands for no class serves both."""
    return bias.chunk(2, 1) if bias.shape[1] > 1 else (bias, bias)


# What sampling remembers. Each row is convolved with what lies above it once, when it starts; what is left of a pixel
# is all that a step has to look at.


class _Point:
    """A 1x1 convolution at one pixel, (n, in) to (n, out)."""

    def __init__(self, convolution: nn.Conv2d):
        mask = getattr(convolution, "mask", True)
        self.weight = (convolution.weight * mask)[:, :, 0, 0].T.contiguous()  # (in, out)
        self.bias = convolution.bias

    def __call__(self, x: Tensor) -> Tensor:
        return torch.addmm(self.bias, x, self.weight)


class _RowsAbove:
    """A convolution with the finished rows, the last of which is pushed when it is finished."""

    def __init__(self, convolution: nn.Conv2d, n: int, wide: int, bias: Tensor):
        self.convolution, self.bias, self.begun = convolution, bias, False
        high = convolution.kernel_size[0]
        self.rows = convolution.weight.new_zeros(n, convolution.in_channels, high, wide)

    def push(self, row: Tensor) -> Tensor:
        """Take in a finished row, (n, in, W), and convolve. Before the first row there is none: zeros."""
        convolution = self.convolution
        if not self.begun:
            self.begun = True
            return self.rows.new_zeros(self.rows.shape[3], self.rows.shape[0], convolution.out_channels)
        self.rows = torch.cat([self.rows[:, :, 1:], row[:, :, None]], 2)
        wide = convolution.kernel_size[1]
        sums = F.conv2d(self.rows, convolution.weight, convolution.bias, padding=(0, wide // 2))
        return (sums[:, :, 0] + self.bias[..., None]).permute(2, 0, 1)  # (W, n, out)


class _Rows:
    """A masked convolution, pixel by pixel."""

    def __init__(self, convolution: MaskedConv2d, n: int, wide: int, bias: Tensor):
        weight = convolution.weight * convolution.mask  # (out, in, high, wide); in a row, all that lies right is masked
        above, left = convolution.padding
        self.bias, self.reach = convolution.bias + bias, left  # (1 or n, out)
        self.above_weight = weight[:, :, :above]
        self.left_weight = weight[:, :, above, : left + 1].permute(2, 1, 0).flatten(0, 1).contiguous()
        self.rows = weight.new_zeros(n, weight.shape[1], above, wide)
        self.nothing = weight.new_zeros(n, weight.shape[1])
        self.pixels = [self.nothing] * (left + wide)  # of the present row, after what lies outside

    def line(self) -> Tensor:
        """The present row, (n, in, W)."""
        return torch.stack(self.pixels[self.reach :], 2)

    def start_row(self, more: Tensor | None = None) -> None:
        """Turn to the next row. ``more``, (W, n, out), is added to each of its pixels."""
        if self.above_weight.shape[2]:
            self.rows = torch.cat([self.rows[:, :, 1:], self.line()[:, :, None]], 2)
            more = F.conv2d(self.rows, self.above_weight, padding=(0, self.reach))[:, :, 0].permute(2, 0, 1)
        self.sums = (more + self.bias).unbind(0)  # W of (n, out): all but this row's own part

    def put(self, column: int, x: Tensor) -> None:
        """Set a pixel of the present row, (n, in)."""
        self.pixels[self.reach + column] = x

    def at(self, column: int, x: Tensor) -> Tensor:
        """Set a pixel of the present row, (n, in), and convolve there, (n, out)."""
        self.put(column, x)
        left = torch.cat(self.pixels[column : column + self.reach + 1], 1)
        return torch.addmm(self.sums[column], left, self.left_weight)
