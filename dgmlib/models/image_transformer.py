"""ImageTransformer: attention over the pixels so far, all of them or those nearby."""

import torch
from torch import Tensor, nn

from dgmlib.layers import TransformerBlock, raster_order, shifted, start_small
from dgmlib.model import AutoregressiveModel, check_counts, check_probability, is_count


class ImageTransformer(AutoregressiveModel):
    r"""A Transformer over the pixels in reading order, each with a row, a column and a colour; attention may be local.

    .. math:: h_i^{(0)} = e_{x_{i-1}} + r_{\mathrm{row}(i)} + s_{\mathrm{col}(i)} + t_{\mathrm{colour}(i)}

    Pixels follow one another row by row, and within a pixel its colours. With a window w, the attention of the pixel in
    row a and column b reaches, of what precedes it, rows a-w..a and columns b-w..b+w: L blocks see about L times as
    far, as convolutions do, and a step of sampling looks at about 2w(w+1) pixels instead of all. Training computes all
    pairs and masks them: a window here changes what is seen, and the cost of sampling, but not that of training.

    Weights start as those of :class:`~dgmlib.models.transformer.Transformer`: first predictions are nearly uniform, and
    the first loss is near ln V for each variable.

    Args:
        event_shape: (C, H, W).
        values: V, the number of values of each variable.
        width: size of a token's vector.
        layers: blocks.
        heads: of each attention; a divisor of ``width``.
        window: how far attention reaches in each direction; ``None`` is the whole image so far.
        dropout: probability with which an attention weight, an entry of a block's output or of an embedding is dropped
            in training.

    Raises:
        ValueError: if ``event_shape`` is no image's, or another argument is out of its range.

    Source:
        Parmar et al. (2018), with square neighbourhoods around each pixel where the paper has blocks of queries; Chen
        et al. (2020) for global attention.

    Example:
        >>> model = ImageTransformer((1, 4, 4), 2, width=16, window=2)
        >>> model.sample(3).shape
        torch.Size([3, 1, 4, 4])
    """

    def __init__(
        self,
        event_shape,
        values: int,
        *,
        width: int = 64,
        layers: int = 2,
        heads: int = 4,
        window: int | None = None,
        dropout: float = 0.0,
    ):
        super().__init__(event_shape, values, order=raster_order(event_shape))
        check_counts(width=width, layers=layers, heads=heads), check_probability(dropout=dropout)
        if window is not None and not is_count(window):
            raise ValueError(f"window: got {window!r}, wanted None or a positive integer")
        colours, high, wide = self.event_shape
        self.embedding = nn.Embedding(values + 1, width)  # the last row is the start token
        self.row, self.column = nn.Embedding(high, width), nn.Embedding(wide, width)
        self.colour = nn.Embedding(colours, width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(TransformerBlock(width, heads, dropout=dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, values)
        start_small(self.blocks, self.head)
        for embedding in (self.embedding, self.row, self.column, self.colour):
            nn.init.normal_(embedding.weight, 0, 0.02)
        flat, device = raster_order(self.event_shape), self.order.device
        place = flat % (high * wide)
        where = torch.stack([place // wide, place % wide, flat // (high * wide)], 1)  # (D, 3)
        self.register_buffer("where", where.to(device), persistent=False)
        mask = None if window is None else window_mask(where[:, :2], window)
        self.register_buffer("causal_mask", None if mask is None else mask.to(device), persistent=False)
        # what each position attends to, one after another, and how many that are
        self.register_buffer("visible", None if mask is None else mask.nonzero()[:, 1].to(device), persistent=False)
        self.shown = None if mask is None else mask.sum(1).tolist()

    def forward(self, x: Tensor) -> Tensor:
        before = shifted(self.to_sequence(x).long(), self.values)  # (B, D)
        h = self.dropout(self.embedding(before) + self._positions())  # (B, D, width)
        for block in self.blocks:
            h = block(h, self.causal_mask)
        return self.to_event(self.head(self.norm(h)))

    def init_state(self, n: int):
        start = torch.full((n,), self.values, device=self.order.device)
        visible = [None] * self.dims if self.shown is None else self.visible.split(self.shown)
        caches = [block.attention.init_state(n, self.dims) for block in self.blocks]
        return 0, start, self._positions(), visible, caches

    def step(self, x_prev, state):
        t, start, positions, visible, caches = state
        self._check_time(t)
        h = self.embedding(start if x_prev is None else x_prev.long()) + positions[t]  # (n, width)
        for block, cache in zip(self.blocks, caches, strict=True):
            h = block.step(h, cache, t, visible[t])
        return self.head(self.norm(h)), (t + 1, start, positions, visible, caches)

    def _positions(self) -> Tensor:
        row, column, colour = self.where.unbind(1)
        return self.row(row) + self.column(column) + self.colour(colour)  # (D, width)


def window_mask(where: Tensor, window: int) -> Tensor:
    """Which position attends to which: True within the window and not ahead, shape ``(D, D)``.

    Key s carries the variable before it, so its place is that of s-1. Key 0, the start token, is seen by all; and a
    query always sees its own key, which carries what stands right before it, even across the end of a row.

    Args:
        where: row and column of each variable in the model's order, shape ``(D, 2)``.
        window: how far to see, in rows and in columns.

    Example:
        >>> row_of_four = torch.tensor([[0, 0], [0, 1], [0, 2], [0, 3]])
        >>> window_mask(row_of_four, 1).int()
        tensor([[1, 0, 0, 0],
                [1, 1, 0, 0],
                [1, 0, 1, 0],
                [1, 0, 0, 1]], dtype=torch.int32)
    """
    dims = len(where)
    carried = torch.cat([where[:1], where[:-1]])
    near = ((where[:, None] - carried[None]).abs() <= window).all(-1)  # (query, key)
    near[:, 0] = True
    return (near | torch.eye(dims, device=where.device).bool()).tril()
