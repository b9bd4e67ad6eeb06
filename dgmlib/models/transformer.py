"""Transformer: each position looks back at all before it, and takes what it needs."""

import torch
from torch import Tensor, nn

from dgmlib.layers import TransformerBlock, shifted, start_small
from dgmlib.model import AutoregressiveModel, check_counts, check_probability


class Transformer(AutoregressiveModel):
    r"""Blocks of causal attention over the values so far; all positions train in parallel.

    .. math:: p(x_i \mid x_{<i}) = \mathrm{softmax}(W\, \mathrm{norm}(h_i))_{x_i}, \qquad
              h = \mathrm{blocks}(e_{x_0}, e_{x_1}, \dots, e_{x_{D-1}})

    with a start token in the place of :math:`x_0`. Embeddings start at N(0, 0.02^2), all else as
    :func:`dgmlib.layers.start_small` says, so that no path begins much louder than another, first predictions are
    nearly uniform, and the first loss is near ln V for each variable.

    Args:
        event_shape: shape of one example, D variables.
        values: V, the number of values of each variable.
        width: size of a token's vector.
        layers: blocks.
        heads: of each attention; a divisor of ``width``.
        positions: "learned" adds a vector for each position; "rotary" turns queries and keys, so that scores depend on
            distances.
        dropout: probability with which an attention weight, an entry of a block's output or of an embedding is dropped
            in training.
        order: the flat indices of the variables in the order in which they are predicted; ``None`` is row by row.

    Raises:
        ValueError: if ``positions`` is neither of the two, or another argument is out of its range.

    Source:
        Vaswani et al. (2017); Liu et al. (2018) for the decoder alone; Radford et al. (2019) for how it starts;
        Su et al. (2021) for rotary positions.

    Example:
        >>> model = Transformer((5,), 27, width=16)
        >>> model.sample(2, top_k=3).shape
        torch.Size([2, 5])
    """

    def __init__(
        self,
        event_shape,
        values: int,
        *,
        width: int = 64,
        layers: int = 2,
        heads: int = 4,
        positions: str = "learned",
        dropout: float = 0.0,
        order: Tensor | None = None,
    ):
        super().__init__(event_shape, values, order=order)
        if positions not in ("learned", "rotary"):
            raise ValueError(f"positions: got {positions!r}, wanted 'learned' or 'rotary'")
        check_counts(width=width, layers=layers, heads=heads), check_probability(dropout=dropout)
        rotary = positions == "rotary"
        self.embedding = nn.Embedding(values + 1, width)  # the last row is the start token
        self.position = None if rotary else nn.Embedding(self.dims, width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            TransformerBlock(width, heads, rotary=rotary, dropout=dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, values)
        start_small(self.blocks, self.head)
        for embedding in filter(None, (self.embedding, self.position)):
            nn.init.normal_(embedding.weight, 0, 0.02)

    def forward(self, x: Tensor) -> Tensor:
        before = shifted(self.to_sequence(x).long(), self.values)  # (B, D)
        h = self.embedding(before)  # (B, D, width)
        if self.position is not None:
            h = h + self.position.weight
        h = self.dropout(h)
        for block in self.blocks:
            h = block(h)
        return self.to_event(self.head(self.norm(h)))

    def init_state(self, n: int):
        start = torch.full((n,), self.values, device=self.order.device)
        return 0, start, [block.attention.init_state(n, self.dims) for block in self.blocks]

    def step(self, x_prev, state):
        t, start, caches = state
        self._check_time(t)
        h = self.embedding(start if x_prev is None else x_prev.long())  # (n, width)
        if self.position is not None:
            h = h + self.position.weight[t]
        for block, cache in zip(self.blocks, caches, strict=True):
            h = block.step(h, cache, t)
        return self.head(self.norm(h)), (t + 1, start, caches)
