"""The parts that models are made of: masked maps, causal attention, and recurrent cells written out."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def one_hot(x: Tensor, values: int, dtype: torch.dtype) -> Tensor:
    """Indicators of the values 1..V-1; all are zero at 0, the reference, so that a binary variable stays one number.

    Args:
        x: integers 0..V-1, any shape.
        values: V.
        dtype: of the result.

    Returns:
        Shape ``(*x.shape, V-1)``.

    Example:
        >>> one_hot(torch.tensor([0, 1, 2]), 3, torch.int64).tolist()
        [[0, 0], [1, 0], [0, 1]]
    """
    if values == 2:
        return x.to(dtype)[..., None]
    return (x[..., None] == torch.arange(1, values, device=x.device)).to(dtype)


def shifted(z: Tensor, start: int) -> Tensor:
    """What precedes each position: a start token, then all values but the last.

    Args:
        z: integers, shape ``(B, T)``.
        start: the token that precedes the first.

    Returns:
        Shape ``(B, T)``: entry t is ``z[:, t-1]``.

    Example:
        >>> shifted(torch.tensor([[3, 1, 4]]), 9).tolist()
        [[9, 3, 1]]
    """
    return torch.cat([torch.full_like(z[:, :1], start), z[:, :-1]], 1)


class MaskedLinear(nn.Linear):
    r"""A linear map through which only what the mask lets pass flows.

    .. math:: y = (M \odot W)\, x + b

    The product is taken in every call, so a masked weight has no effect and gets no gradient.

    Args:
        mask: True where an input (column) may reach an output (row), shape ``(out, in)``.
        bias: whether there is a b.

    Source:
        Germain, Gregor, Murray and Larochelle (2015).

    Example:
        >>> layer = MaskedLinear(torch.tensor([[True, False]]))
        >>> x = torch.tensor([[1.0, 2.0], [1.0, 3.0]])
        >>> bool(layer(x)[0] == layer(x)[1])
        True
    """

    def __init__(self, mask: Tensor, bias: bool = True):
        super().__init__(mask.shape[1], mask.shape[0], bias)
        self.register_buffer("mask", mask.bool(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs of shape ``(..., in)`` to ``(..., out)``.

        Example:
            >>> layer = MaskedLinear(torch.tensor([[True, False, True]]), bias=False)
            >>> _ = nn.init.ones_(layer.weight)
            >>> layer(torch.tensor([1.0, 20.0, 300.0])).tolist()
            [301.0]
        """
        return F.linear(x, self.mask * self.weight, self.bias)


class MaskedConv2d(nn.Conv2d):
    r"""A convolution that sees the rows above, what is left of its centre, and of the centre itself what the type says.

    With type "A" the centre pixel's own colour and those after it are hidden: for the first layer, whose input is the
    image. With "B" a feature sees its own colour too: for all later layers, whose input already hides it. Each channel
    belongs to a colour; without colours there is one, so that "A" hides the centre and "B" shows it. The size of the
    image stays the same; outside it is zero.

    Args:
        mask_type: "A" or "B".
        in_channels, out_channels: numbers of channels.
        kernel_size: odd, one number or (height, width).
        in_colours, out_colours: the colour of each channel, as :func:`colour_of` gives them; ``None`` is one colour.

    Raises:
        ValueError: if the type is another, or the kernel has an even side.

    Source:
        van den Oord, Kalchbrenner and Kavukcuoglu (2016).

    Example:
        >>> MaskedConv2d("A", 1, 1, 3).mask[0, 0].int()
        tensor([[1, 1, 1],
                [1, 0, 0],
                [0, 0, 0]], dtype=torch.int32)
    """

    def __init__(
        self,
        mask_type: str,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        *,
        in_colours: Tensor | None = None,
        out_colours: Tensor | None = None,
    ):
        high, wide = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
        if mask_type not in ("A", "B"):
            raise ValueError(f"mask_type: got {mask_type!r}, wanted 'A' or 'B'")
        if high % 2 == 0 or wide % 2 == 0:
            raise ValueError(f"kernel_size: got {kernel_size!r}, wanted odd numbers")
        super().__init__(in_channels, out_channels, (high, wide), padding=(high // 2, wide // 2))
        in_colours = colour_of(in_channels, 1) if in_colours is None else in_colours
        out_colours = colour_of(out_channels, 1) if out_colours is None else out_colours
        mask = torch.zeros(out_channels, in_channels, high, wide, dtype=torch.bool)
        mask[:, :, : high // 2] = True
        mask[:, :, high // 2, : wide // 2] = True
        seen, sees = in_colours[None], out_colours[:, None]
        mask[:, :, high // 2, wide // 2] = seen < sees if mask_type == "A" else seen <= sees
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map images of shape ``(B, in_channels, H, W)`` to ``(B, out_channels, H, W)``.

        Example:
            >>> layer = MaskedConv2d("A", 1, 1, 3)
            >>> _ = nn.init.ones_(layer.weight), nn.init.zeros_(layer.bias)
            >>> layer(torch.ones(1, 1, 3, 3))[0, 0].int()  # how many pixels each one sees
            tensor([[0, 1, 1],
                    [2, 4, 3],
                    [2, 4, 3]], dtype=torch.int32)
        """
        return F.conv2d(x, self.mask * self.weight, self.bias, padding=self.padding)


def colour_of(channels: int, colours: int) -> Tensor:
    """The colour 0..colours-1 to which each channel belongs, in equal blocks; shape ``(channels,)``.

    Raises:
        ValueError: if the channels can't be shared out equally.

    Example:
        >>> colour_of(6, 3).tolist()
        [0, 0, 1, 1, 2, 2]
    """
    if colours < 1 or channels % colours:
        raise ValueError(f"channels: got {channels}, wanted a multiple of the number of colours, {colours}")
    return torch.arange(channels) // (channels // colours)


def raster_order(event_shape: tuple[int, ...]) -> Tensor:
    """The order in which an image is read: row by row, pixel by pixel, and within a pixel its colours.

    Args:
        event_shape: (C, H, W).

    Returns:
        The flat (row-major) index of each variable in that order, shape ``(C H W,)``; with one colour it is 0..HW-1.

    Raises:
        ValueError: if ``event_shape`` is not that of an image.

    Example:
        >>> raster_order((3, 1, 2)).tolist()
        [0, 2, 4, 1, 3, 5]
    """
    shape = tuple(event_shape) if isinstance(event_shape, (tuple, list, torch.Size)) else ()
    if len(shape) != 3 or any(not isinstance(s, int) or isinstance(s, bool) or s < 1 for s in shape):
        raise ValueError(f"event_shape: got {event_shape!r}, wanted that of an image, (C, H, W), such as (1, 8, 8)")
    return torch.arange(math.prod(shape), device="cpu").view(shape).permute(1, 2, 0).flatten()


class CausalSelfAttention(nn.Module):
    r"""Multi-head attention in which position t attends to positions up to t, itself included.

    .. math:: \mathrm{head}(x)_t = \sum_{s \le t} \mathrm{softmax}_s\Big(\frac{q_t^\top k_s}{\sqrt{d}}\Big)\, v_s

    torch's ``scaled_dot_product_attention`` computes it. What may not be attended to gets a score of minus infinity,
    hence a weight of exactly zero.

    Args:
        width: size of a token's vector.
        heads: how many heads share it; d = width / heads.
        rotary: whether queries and keys are turned by an angle that grows with the position, so that a score depends on
            how far apart they are.
        dropout: probability with which an attention weight is dropped in training.

    Raises:
        ValueError: if ``width`` is no multiple of ``heads``, or d is odd and ``rotary`` is asked for.

    Source:
        Vaswani et al. (2017); Su et al. (2021) for rotary positions.

    Example:
        >>> attention = CausalSelfAttention(8, 2)
        >>> attention(torch.zeros(3, 5, 8)).shape
        torch.Size([3, 5, 8])
    """

    def __init__(self, width: int, heads: int, *, rotary: bool = False, dropout: float = 0.0):
        super().__init__()
        if heads < 1 or width % heads:
            raise ValueError(f"width: got {width}, wanted a multiple of the number of heads, {heads}")
        if rotary and width // heads % 2:
            raise ValueError(
                f"width: got {width} for {heads} heads, wanted an even number for each with rotary positions"
            )
        self.heads, self.rotary, self.dropout = heads, rotary, dropout
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, causal_mask: Tensor | None = None) -> Tensor:
        """Attend.

        Args:
            x: tokens, shape ``(B, T, width)``.
            causal_mask: True where a query (row) may attend to a key (column), shape ``(T, T)``; ``None`` is all
                positions up to the query's own.

        Returns:
            Shape ``(B, T, width)``.

        Raises:
            ValueError: if the mask is not of truth values: torch would add numbers to the scores.

        Example:
            >>> attention = CausalSelfAttention(8, 2)
            >>> x = torch.randn(1, 4, 8)
            >>> changed = torch.cat([x[:, :2], torch.randn(1, 1, 8), x[:, 3:]], 1)  # position 2 is another
            >>> (attention(x) == attention(changed)).all(-1)
            tensor([[ True,  True, False, False]])
        """
        if causal_mask is not None and causal_mask.dtype != torch.bool:
            raise ValueError(f"causal_mask: got {causal_mask.dtype}, wanted torch.bool")
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # (B, heads, T, d) each
        if self.rotary:
            positions = torch.arange(x.shape[1], device=x.device)
            q, k = rotate(q, positions), rotate(k, positions)
        y = F.scaled_dot_product_attention(
            q, k, v, causal_mask, dropout_p=self.dropout if self.training else 0.0, is_causal=causal_mask is None
        )  # (B, heads, T, d)
        return self.out(y.transpose(1, 2).flatten(2))

    def init_state(self, n: int, length: int) -> Tensor:
        """Room for the keys and values of ``length`` positions of ``n`` sequences, (n, 2, heads, length, d).

        Example:
            >>> CausalSelfAttention(8, 2).init_state(3, length=5).shape
            torch.Size([3, 2, 2, 5, 4])
        """
        width = self.out.in_features
        return self.out.weight.new_empty(n, 2, self.heads, length, width // self.heads)

    def step(self, x: Tensor, state: Tensor, t: int, visible: Tensor | None = None) -> Tensor:
        """Attend from position t alone, whose key and value are added to ``state``.

        Args:
            x: its tokens, shape ``(n, width)``.
            state: what :meth:`init_state` returned; changed in place.
            t: position, 0..length-1.
            visible: the positions that it may attend to; ``None`` is 0..t.

        Returns:
            Shape ``(n, width)``.

        Example:
            >>> attention, x = CausalSelfAttention(8, 2), torch.randn(3, 4, 8)
            >>> with torch.no_grad():
            ...     state = attention.init_state(3, length=4)
            ...     y = torch.stack([attention.step(x[:, t], state, t) for t in range(4)], 1)
            >>> torch.allclose(y, attention(x), atol=1e-5)
            True
        """
        q, k, v = self.qkv(x).view(len(x), 3, self.heads, 1, -1).unbind(1)  # (n, heads, 1, d)
        if self.rotary:
            position = torch.full((1,), t, device=x.device)
            q, k = rotate(q, position), rotate(k, position)
        keys, values = state[:, 0], state[:, 1]
        keys[:, :, t : t + 1], values[:, :, t : t + 1] = k, v
        seen = slice(t + 1) if visible is None else visible
        return self.out(F.scaled_dot_product_attention(q, keys[:, :, seen], values[:, :, seen]).flatten(1))


def rotate(x: Tensor, positions: Tensor) -> Tensor:
    r"""Turn each pair of features by an angle in proportion to the position.

    .. math:: (x_{j}, x_{j + d/2}) \mapsto R(t\,\omega_j)\,(x_{j}, x_{j + d/2}), \qquad \omega_j = 10000^{-2j/d}

    The inner product of two turned vectors depends on their positions through the difference alone. Feature j is paired
    with j + d/2, where the paper pairs neighbours: the same up to the order of the features.

    Args:
        x: floating-point, shape ``(..., T, d)``, d even.
        positions: t of each row, shape ``(T,)``.

    Source:
        Su et al. (2021).

    Example:
        >>> rotate(torch.tensor([[1.0, 0.0]]), torch.tensor([0]))
        tensor([[1., 0.]])
    """
    half = x.shape[-1] // 2
    rates = 10000.0 ** (
        -torch.arange(half, device=x.device, dtype=torch.float64 if x.dtype == torch.float64 else None) / half
    )
    angles = positions[:, None] * rates  # (T, d/2)
    cos, sin = angles.cos().to(x), angles.sin().to(x)
    a, b = x.split(half, -1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)


class TransformerBlock(nn.Module):
    r"""Attention, then two linear maps for each position, each normalised before and added to what came in (pre-norm).

    .. math:: x \leftarrow x + \mathrm{attention}(\mathrm{norm}(x)), \qquad
              x \leftarrow x + W_2\, \mathrm{GELU}(W_1\, \mathrm{norm}(x))

    Args:
        width: size of a token's vector; the hidden layer is four times as wide.
        heads: of the attention.
        rotary: rotary positions in the attention.
        dropout: probability with which an attention weight or an entry of what is added is dropped in training.

    Source:
        Vaswani et al. (2017); Xiong et al. (2020) on where to normalise.

    Example:
        >>> TransformerBlock(8, 2)(torch.zeros(3, 5, 8)).shape
        torch.Size([3, 5, 8])
    """

    def __init__(self, width: int, heads: int, *, rotary: bool = False, dropout: float = 0.0):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = CausalSelfAttention(width, heads, rotary=rotary, dropout=dropout)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, causal_mask: Tensor | None = None) -> Tensor:
        """Map tokens of shape ``(B, T, width)`` to the same; ``causal_mask`` as the attention takes it.

        Example:
            >>> block, x = TransformerBlock(8, 2), torch.randn(1, 3, 8)
            >>> alone = torch.eye(3).bool()  # each position sees itself only: then they don't need one another
            >>> torch.allclose(block(x, alone)[:, 2:], block(x[:, 2:]), atol=1e-5)
            True
        """
        x = x + self.dropout(self.attention(self.norm1(x), causal_mask))
        return x + self.dropout(self.mlp(self.norm2(x)))

    def step(self, x: Tensor, state, t: int, visible: Tensor | None = None) -> Tensor:
        """The same at position t alone: :meth:`CausalSelfAttention.step`; x has shape (n, width).

        Example:
            >>> block, x = TransformerBlock(8, 2), torch.randn(3, 4, 8)
            >>> with torch.no_grad():
            ...     state = block.attention.init_state(3, length=4)
            ...     y = torch.stack([block.step(x[:, t], state, t) for t in range(4)], 1)
            >>> torch.allclose(y, block(x), atol=1e-5)
            True
        """
        x = x + self.attention.step(self.norm1(x), state, t, visible)
        return x + self.mlp(self.norm2(x))


@torch.no_grad()
def start_small(blocks: nn.ModuleList, head: nn.Linear) -> None:
    r"""Draw a Transformer's weights from N(0, 0.02^2), narrower where a map adds to the residual stream.

    Each of L blocks adds twice, so those maps are drawn from :math:`N(0, 0.02^2 / 2L)`: the sum does not grow with L.
    The output layer sees normalised vectors, so its logits start with a standard deviation of
    :math:`0.02 \sqrt{\text{width}}`, and of 0.3 where that is less: the first loss is within 5 % of ln V. An output
    layer of zeros would make it ln V exactly, but shows the layers below no gradient at first, and trains slower.

    Args:
        blocks: L of them.
        head: the output layer.

    Source:
        Radford et al. (2019), but for the bound on wide output layers.

    Example:
        >>> blocks, head = nn.ModuleList([TransformerBlock(64, 4)]), nn.Linear(64, 1000)
        >>> start_small(blocks, head)
        >>> round(blocks[0].mlp[0].weight.std().item(), 3), round(head.weight.std().item(), 3)
        (0.02, 0.02)
    """
    head.bias.zero_()
    head.weight.normal_(0, min(0.02, 0.3 / math.sqrt(head.in_features)))
    for block in blocks:
        for name, parameter in block.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
            elif not name.startswith("norm"):
                adds = name in ("attention.out.weight", "mlp.2.weight")
                parameter.normal_(0, 0.02 / math.sqrt(2 * len(blocks)) if adds else 0.02)


def rnn_cell(x: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
    r"""One step of a plain recurrent network, written out; equal to ``torch.nn.RNNCell``.

    .. math:: h' = \tanh(W_{ih}\, x + b_{ih} + W_{hh}\, h + b_{hh})

    Args:
        x: input, shape ``(B, I)``.
        h: hidden vector, shape ``(B, H)``.
        w_ih, w_hh, b_ih, b_hh: weights as torch keeps them, ``(H, I)``, ``(H, H)``, ``(H,)``, ``(H,)``.

    Returns:
        The new hidden vector, shape ``(B, H)``.

    Source:
        Elman (1990).

    Example:
        >>> cell = nn.RNNCell(2, 3)
        >>> x, h = torch.ones(1, 2), torch.zeros(1, 3)
        >>> torch.allclose(rnn_cell(x, h, *cell.parameters()), cell(x, h))
        True
    """
    return torch.tanh(F.linear(x, w_ih, b_ih) + F.linear(h, w_hh, b_hh))


def gru_cell(x: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
    r"""One step of a gated recurrent unit, written out; equal to ``torch.nn.GRUCell``.

    .. math::
        r &= \sigma(W_{ir} x + b_{ir} + W_{hr} h + b_{hr}) \\
        z &= \sigma(W_{iz} x + b_{iz} + W_{hz} h + b_{hz}) \\
        n &= \tanh(W_{in} x + b_{in} + r \odot (W_{hn} h + b_{hn})) \\
        h' &= (1 - z) \odot n + z \odot h

    torch's convention: z keeps the old vector, and r is applied after the product with h. The paper of 2014 applies it
    before, and papers differ in what z means.

    Args:
        x: input, shape ``(B, I)``.
        h: hidden vector, shape ``(B, H)``.
        w_ih, w_hh, b_ih, b_hh: weights of r, z and n, one above the other: ``(3H, I)``, ``(3H, H)``, ``(3H,)``,
            ``(3H,)``.

    Returns:
        The new hidden vector, shape ``(B, H)``.

    Source:
        Cho et al. (2014).

    Example:
        >>> cell = nn.GRUCell(2, 3)
        >>> x, h = torch.ones(1, 2), torch.ones(1, 3)
        >>> torch.allclose(gru_cell(x, h, *cell.parameters()), cell(x, h))
        True
    """
    from_x = F.linear(x, w_ih, b_ih).chunk(3, -1)
    from_h = F.linear(h, w_hh, b_hh).chunk(3, -1)
    r, z = torch.sigmoid(from_x[0] + from_h[0]), torch.sigmoid(from_x[1] + from_h[1])
    n = torch.tanh(from_x[2] + r * from_h[2])
    return (1 - z) * n + z * h


def lstm_cell(
    x: Tensor, state: tuple[Tensor, Tensor], w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor
) -> tuple[Tensor, Tensor]:
    r"""One step of a long short-term memory with a forget gate, written out; equal to ``torch.nn.LSTMCell``.

    .. math::
        i, f, o &= \sigma(W_{i\cdot}\, x + b_{i\cdot} + W_{h\cdot}\, h + b_{h\cdot}), \qquad
        g = \tanh(W_{ig}\, x + b_{ig} + W_{hg}\, h + b_{hg}) \\
        c' &= f \odot c + i \odot g, \qquad h' = o \odot \tanh(c')

    Args:
        x: input, shape ``(B, I)``.
        state: hidden vector h and memory c, each of shape ``(B, H)``.
        w_ih, w_hh, b_ih, b_hh: weights of i, f, g and o, one above the other: ``(4H, I)``, ``(4H, H)``, ``(4H,)``,
            ``(4H,)``.

    Returns:
        The new h and c.

    Source:
        Hochreiter and Schmidhuber (1997); Gers, Schmidhuber and Cummins (2000) for the forget gate.

    Example:
        >>> cell = nn.LSTMCell(2, 3)
        >>> x, h, c = torch.ones(1, 2), torch.ones(1, 3), torch.ones(1, 3)
        >>> ours, torchs = lstm_cell(x, (h, c), *cell.parameters()), cell(x, (h, c))
        >>> all(torch.allclose(a, b) for a, b in zip(ours, torchs))
        True
    """
    h, c = state
    i, f, g, o = (F.linear(x, w_ih, b_ih) + F.linear(h, w_hh, b_hh)).chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c
