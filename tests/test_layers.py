"""Layers against torch's own modules, against loops, and against wrong ones that look right."""

import math

import pytest
import torch
from oracles import randomise
from torch import nn

from dgmlib.causality import is_causal
from dgmlib.layers import (
    CausalSelfAttention,
    MaskedConv2d,
    MaskedLinear,
    TransformerBlock,
    colour_of,
    gru_cell,
    lstm_cell,
    raster_order,
    rnn_cell,
    rotate,
    start_small,
)
from dgmlib.models import Transformer


def agree(ours, torchs, tolerance=1e-12):
    """Two lists of tensors are the same, up to rounding, and not all zero."""
    for a, b in zip(ours, torchs, strict=True):
        assert torch.allclose(a, b, rtol=0, atol=tolerance) and (b != 0).any()


def gradients(y, wanted):
    """Of a fixed random function of y."""
    weight = torch.randn(y.shape, generator=torch.Generator().manual_seed(5))
    return torch.autograd.grad((y * weight).sum(), wanted)


# Recurrent cells ---


@pytest.mark.parametrize(("cell", "torchs"), [(rnn_cell, nn.RNNCell), (gru_cell, nn.GRUCell), (lstm_cell, nn.LSTMCell)])
def test_a_cell_written_out_is_torchs_in_values_and_gradients(cell, torchs):
    oracle = randomise(torchs(3, 4))
    x, h, c = (torch.randn(5, size, requires_grad=True) for size in (3, 4, 4))
    state, inputs = ((h, c), [x, h, c]) if cell is lstm_cell else (h, [x, h])
    weights = list(oracle.parameters())
    ours, wanted = (torch.cat(list(out), -1) for out in (cell(x, state, *weights), oracle(x, state)))
    agree([ours], [wanted])
    agree(gradients(ours, inputs + weights), gradients(wanted, inputs + weights))


# Masks ---


def test_dead_weights_of_a_masked_linear_map_get_no_gradient_and_live_ones_get_theirs():
    mask = torch.tensor([[True, False, True], [False, False, False]])
    layer = randomise(MaskedLinear(mask))
    x = torch.randn(7, 3)
    y = layer(x)
    assert torch.equal(y[:, 1], layer.bias[1].expand(7))  # a row that sees nothing is its bias
    y.square().sum().backward()
    assert (layer.weight.grad[~mask] == 0).all()
    assert torch.allclose(layer.weight.grad, mask * (2 * y.T @ x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kernel", [1, 3, (1, 5), (5, 3)])
@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("mask_type", ["A", "B"])
def test_a_masked_convolution_sees_what_its_type_says_pixel_by_pixel(mask_type, colours, kernel):
    """Each channel of each pixel in turn is changed; two channels of each colour, three by five pixels."""
    side_high, side_wide = (kernel, kernel) if isinstance(kernel, int) else kernel
    channels, high, wide = 2 * colours, 3, 5
    colour = colour_of(channels, colours)
    layer = randomise(MaskedConv2d(mask_type, channels, channels, kernel, in_colours=colour, out_colours=colour))
    size = channels * high * wide
    before = torch.randn(1, channels, high, wide).repeat(size, 1, 1, 1)
    after = before + torch.eye(size).view(-1, channels, high, wide)
    moved = layer(before) != layer(after)  # (changed, channels, H, W)
    moved = moved.flatten(1).tolist()  # row: what was changed, column: what moved
    places = [(c // 2, i, j) for c in range(channels) for i in range(high) for j in range(wide)]
    for changed, (d, a, b) in enumerate(places):
        for reader, (c, i, j) in enumerate(places):
            in_reach = abs(a - i) <= side_high // 2 and abs(b - j) <= side_wide // 2
            earlier = (a, b) < (i, j) or ((a, b) == (i, j) and (d < c or (d == c and mask_type == "B")))
            assert moved[changed][reader] == (in_reach and earlier), ((d, a, b), (c, i, j))


def test_dead_weights_of_a_masked_convolution_get_no_gradient():
    layer = randomise(MaskedConv2d("A", 1, 2, 3))
    layer(torch.randn(2, 1, 4, 4)).square().sum().backward()
    assert torch.equal(layer.weight.grad != 0, layer.mask)
    assert layer.mask[0, 0].int().tolist() == [[1, 1, 1], [1, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MaskedConv2d("C", 1, 1, 3), "mask_type: got 'C', wanted 'A' or 'B'"),
        (lambda: MaskedConv2d("a", 1, 1, 3), "mask_type: got 'a'"),
        (lambda: MaskedConv2d("A", 1, 1, 4), "kernel_size: got 4, wanted odd"),
        (lambda: MaskedConv2d("A", 1, 1, (3, 2)), r"kernel_size: got \(3, 2\), wanted odd"),
        (lambda: colour_of(4, 3), "channels: got 4, wanted a multiple of the number of colours, 3"),
        (lambda: raster_order((4,)), r"event_shape: got \(4,\), wanted that of an image"),
        (lambda: raster_order((1, 0, 2)), r"event_shape: got \(1, 0, 2\)"),
        (lambda: CausalSelfAttention(6, 4), "width: got 6, wanted a multiple of the number of heads, 4"),
        (lambda: CausalSelfAttention(6, 2, rotary=True), "width: got 6 for 2 heads, wanted an even number for each"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_order_of_an_image_is_pixel_by_pixel():
    order = raster_order((3, 2, 4))
    image = torch.arange(24).view(3, 2, 4)
    assert order.tolist() == [image[c, i, j].item() for i in range(2) for j in range(4) for c in range(3)]


# Attention ---


def copied(attention):
    """torch's multi-head attention with the same weights: it keeps q, k and v one above the other, as ours does."""
    width = attention.out.in_features
    oracle = nn.MultiheadAttention(width, attention.heads, batch_first=True)
    copy_attention(attention, oracle)
    return oracle


@torch.no_grad()
def copy_attention(attention, oracle):
    oracle.in_proj_weight.copy_(attention.qkv.weight)
    oracle.in_proj_bias.copy_(attention.qkv.bias)
    oracle.out_proj.weight.copy_(attention.out.weight)
    oracle.out_proj.bias.copy_(attention.out.bias)


def window(length, memory):
    """True where a query may attend: its own position and the ``memory`` positions before."""
    return torch.ones(length, length).tril().triu(-memory).bool()


@pytest.mark.parametrize("memory", [None, 1])
@pytest.mark.parametrize("heads", [1, 2, 4])
def test_attention_is_torchs_in_values_and_gradients(heads, memory):
    attention = randomise(CausalSelfAttention(8, heads), 0.5)
    oracle, x = copied(attention), torch.randn(3, 6, 8, requires_grad=True)
    ours = attention(x, None if memory is None else window(6, memory))
    hidden = ~window(6, 6 if memory is None else memory)  # torch: True may not attend
    wanted, _ = oracle(x, x, x, attn_mask=hidden, need_weights=False)
    agree([ours], [wanted])
    weights = [(m.weight, m.bias) for m in (attention.qkv, attention.out)]
    of_ours = gradients(ours, [x, *weights[0], *weights[1]])
    out = oracle.out_proj
    of_torchs = gradients(wanted, [x, oracle.in_proj_weight, oracle.in_proj_bias, out.weight, out.bias])
    agree(of_ours, of_torchs)


def test_a_block_is_torchs_encoder_layer_in_values_and_gradients():
    block = randomise(TransformerBlock(8, 2), 0.5)
    oracle = nn.TransformerEncoderLayer(8, 2, 32, 0.0, "gelu", batch_first=True, norm_first=True)
    copy_attention(block.attention, oracle.self_attn)
    pairs = [
        (block.norm1, oracle.norm1),
        (block.norm2, oracle.norm2),
        (block.mlp[0], oracle.linear1),
        (block.mlp[2], oracle.linear2),
        (block.attention.out, oracle.self_attn.out_proj),
    ]
    for ours, theirs in pairs:
        theirs.load_state_dict(ours.state_dict())
    x = torch.randn(3, 5, 8, requires_grad=True)
    y, wanted = block(x), oracle(x, src_mask=~window(5, 5))
    agree([y], [wanted])
    ours = [x, block.attention.qkv.weight, block.attention.qkv.bias, *(p for a, _ in pairs for p in a.parameters())]
    theirs = [x, *oracle.self_attn.parameters(recurse=False), *(p for _, b in pairs for p in b.parameters())]
    agree(gradients(y, ours), gradients(wanted, theirs))


@pytest.mark.parametrize("memory", [None, 2])
@pytest.mark.parametrize("rotary", [False, True])
@pytest.mark.parametrize("kind", [CausalSelfAttention, TransformerBlock])
@torch.no_grad()
def test_a_step_at_a_time_is_forward(kind, rotary, memory):
    layer = randomise(kind(8, 2, rotary=rotary), 0.5)
    x = torch.randn(3, 6, 8)
    mask = None if memory is None else window(6, memory)
    want = layer(x, mask)
    state = getattr(layer, "attention", layer).init_state(3, 6)
    for t in range(6):
        visible = None if mask is None else mask[t].nonzero()[:, 0]
        assert torch.allclose(layer.step(x[:, t], state, t, visible), want[:, t], rtol=0, atol=1e-12)


# Positions that turn ---


def test_turning_is_multiplication_by_a_complex_number():
    x, positions = torch.randn(2, 4, 6), torch.tensor([0, 3, 1, 50])
    turned = torch.complex(x[..., :3], x[..., 3:])
    for t, position in enumerate(positions.tolist()):
        for j in range(3):
            turned[:, t, j] *= complex(math.cos(a := position * 10000 ** (-2 * j / 6)), math.sin(a))
    assert torch.allclose(rotate(x, positions), torch.cat([turned.real, turned.imag], -1), rtol=0, atol=1e-12)


def test_turned_vectors_keep_their_norm_and_multiply_by_their_distance_alone():
    q, k = torch.randn(8), torch.randn(8)
    positions = torch.arange(40)
    turned_q, turned_k = (rotate(v.expand(40, 8), positions) for v in (q, k))
    assert torch.allclose(turned_q.norm(dim=-1), q.norm().expand(40), rtol=0, atol=1e-12)
    product = turned_q @ turned_k.T
    for distance in range(-39, 40):
        along = product.diagonal(distance)
        assert torch.allclose(along, along[:1].expand_as(along), rtol=0, atol=1e-12)
    assert product[0].unique().numel() == 40  # and it is another one at each distance


@torch.no_grad()
def test_rotary_attention_to_the_recent_past_is_the_same_wherever_that_stands():
    """The last three tokens are alike at positions 2 and 5, after a different past; a window hides that."""
    attention = randomise(CausalSelfAttention(8, 2, rotary=True), 0.5)
    recent = torch.randn(1, 3, 8)
    y = attention(torch.cat([recent, recent], 1), window(6, 2))
    assert torch.allclose(y[:, 2], y[:, 5], rtol=0, atol=1e-12)
    swapped = attention(recent[:, [1, 0, 2]])[:, 2]
    assert not torch.allclose(y[:, 2], swapped, rtol=0, atol=1e-3)
    bag = randomise(CausalSelfAttention(8, 2), 0.5)  # without positions the past is a bag
    assert torch.allclose(bag(recent)[:, 2], bag(recent[:, [1, 0, 2]])[:, 2], rtol=0, atol=1e-12)


# Training ---


@pytest.mark.parametrize("width", [8, 128, 1024])
@pytest.mark.parametrize("values", [2, 256])
def test_first_predictions_are_nearly_uniform_however_wide(width, values):
    """For normalised vectors and targets at random; the spread of the logits costs less than 5 % of ln V."""
    h, head = nn.functional.layer_norm(torch.randn(4000, width), (width,)), nn.Linear(width, values)
    start_small(nn.ModuleList(), head)
    loss = nn.functional.cross_entropy(head(h), torch.randint(values, (4000,)))
    assert math.log(values) < loss.item() < 1.05 * math.log(values)


def test_blocks_start_with_the_standard_deviations_of_gpt_2():
    """0.02, and 0.02 / sqrt(2L) where a map adds to the residual stream; within four standard errors."""
    blocks = nn.ModuleList(TransformerBlock(64, 2) for _ in range(3))
    start_small(blocks, head := nn.Linear(64, 500))
    assert head.weight.std().item() == pytest.approx(0.02, rel=4 / (2 * head.weight.numel()) ** 0.5)
    assert (head.bias == 0).all()
    for block in blocks:
        for layer, wanted in [
            (block.attention.qkv, 0.02),
            (block.mlp[0], 0.02),
            (block.attention.out, 0.02 / 6**0.5),
            (block.mlp[2], 0.02 / 6**0.5),
        ]:
            weight = layer.weight.detach()
            assert weight.std().item() == pytest.approx(wanted, rel=4 / (2 * weight.numel()) ** 0.5)
            assert abs(weight.mean().item()) < 4 * wanted / weight.numel() ** 0.5
            assert (layer.bias == 0).all()
        for norm in (block.norm1, block.norm2):
            assert (norm.weight == 1).all() and (norm.bias == 0).all()


@torch.no_grad()
def test_dropout_is_off_in_eval():
    """In forward and in step; in training it acts on the weights of the attention too."""
    block, without = (randomise(TransformerBlock(8, 2, dropout=p), 0.5) for p in (0.5, 0.0))
    x = torch.randn(3, 5, 8)
    assert torch.equal(block.eval()(x), without(x))
    state = block.attention.init_state(3, 5)
    steps = torch.stack([block.step(x[:, t], state, t) for t in range(5)], 1)
    assert torch.allclose(steps, without(x), rtol=0, atol=1e-12)
    block.train()
    assert not torch.equal(block(x), block(x))
    assert not torch.equal(block.attention(x), block.attention(x))


# What must fail ---


class FiniteMask(CausalSelfAttention):
    """Adds -1e4 to the score of what may not be attended to, where minus infinity belongs."""

    def forward(self, x, causal_mask=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        later = torch.ones(x.shape[1], x.shape[1]).triu(1)
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5 - 1e4 * later
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))


def looks_ahead(attention, x):
    """Whether the output at any position but the last moves when the last token changes."""
    changed = torch.cat([x[:, :-1], x[:, -1:] + 10], 1)
    return not torch.equal(attention(x)[:, :-1], attention(changed)[:, :-1])


@pytest.mark.parametrize(("scale", "leaks"), [(1.0, False), (10.0, True)])
@torch.no_grad()
def test_a_finite_mask_lets_the_future_through_once_scores_are_large(scale, leaks):
    """With small weights exp(-1e4) is 0 and nobody notices; ours stays closed at any size."""
    ours, wrong = (randomise(kind(8, 2), scale) for kind in (CausalSelfAttention, FiniteMask))
    x = torch.randn(4, 6, 8)
    assert looks_ahead(wrong, x) == leaks
    assert not looks_ahead(ours, x)
    if not leaks:
        assert torch.allclose(wrong(x), ours(x), rtol=0, atol=1e-11)
    assert not looks_ahead(randomise(CausalSelfAttention(8, 2), 1e3), x)


@torch.no_grad()
def test_a_model_with_a_finite_mask_stops_being_causal_as_its_weights_grow():
    def made(scale):
        model = randomise(Transformer((5,), 3, width=8, heads=2, layers=1), 0.5)
        model.blocks[0].attention.qkv.weight *= scale
        return model

    for scale, causal in [(1, True), (1000, False)]:
        wrong = made(scale)
        assert is_causal(wrong)
        wrong.blocks[0].attention.__class__ = FiniteMask
        assert is_causal(wrong) == causal
