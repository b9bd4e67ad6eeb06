"""Transformer against torch's encoder with a causal mask, and what positions do."""

import pytest
import torch
from oracles import every_point, randomise
from test_contract import all_of_the_past, law_causality, law_normalisation, law_step
from torch import nn

from dgmlib.models import Transformer

ORDER = [2, 0, 3, 1]


def oracle(model):
    """torch's encoder with copies of the blocks' weights and of the last norm."""
    width = model.norm.normalized_shape[0]
    heads = model.blocks[0].attention.heads
    layer = nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
    encoder = nn.TransformerEncoder(layer, len(model.blocks), nn.LayerNorm(width), enable_nested_tensor=False)
    for mine, its in pairs(model, encoder):
        with torch.no_grad():
            its.copy_(mine)
    return encoder


def pairs(model, encoder):
    """Each parameter between the embeddings and the head, with torch's."""
    for block, layer in zip(model.blocks, encoder.layers, strict=True):
        yield block.attention.qkv.weight, layer.self_attn.in_proj_weight
        yield block.attention.qkv.bias, layer.self_attn.in_proj_bias
        for mine, its in [
            (block.attention.out, layer.self_attn.out_proj),
            (block.mlp[0], layer.linear1),
            (block.mlp[2], layer.linear2),
            (block.norm1, layer.norm1),
            (block.norm2, layer.norm2),
        ]:
            yield from zip(mine.parameters(), its.parameters(), strict=True)
    yield from zip(model.norm.parameters(), encoder.norm.parameters(), strict=True)


@pytest.mark.parametrize("order", [None, ORDER])
def test_it_is_torchs_encoder_in_values_and_gradients(order):
    """Start token, shift, positions and output are written out here; all between is torch's."""
    model = randomise(Transformer((4,), 3, width=8, heads=2, order=order), 0.5)
    encoder, x = oracle(model), every_point((4,), 3)[::5]
    z = x if order is None else x[:, order]
    shifted = torch.cat([torch.full((len(z), 1), 3), z[:, :3]], 1)
    embedded = model.embedding.weight[shifted] + model.position.weight
    hidden = torch.ones(4, 4).triu(1).bool()  # torch: True may not attend
    logits = encoder(embedded, mask=hidden) @ model.head.weight.T + model.head.bias
    wanted = logits.log_softmax(-1).gather(-1, z[..., None]).sum((1, 2))
    ours = model.log_prob(x)
    assert torch.allclose(ours, wanted, rtol=0, atol=1e-11)
    weight = torch.randn(len(x))
    outside = [model.embedding.weight, model.position.weight, model.head.weight, model.head.bias]
    inside, theirs = (list(side) for side in zip(*pairs(model, encoder), strict=True))
    assert len(outside) + len(inside) == len(list(model.parameters()))
    of_ours = torch.autograd.grad(ours @ weight, outside + inside)
    of_torchs = torch.autograd.grad(wanted @ weight, outside + theirs)
    for a, b in zip(of_ours, of_torchs, strict=True):
        assert torch.allclose(a, b, rtol=0, atol=1e-10) and (b != 0).any()


# Positions ---


def test_rotary_positions_have_no_weights_and_learned_ones_a_vector_each():
    def weights(dims, positions):
        return sum(p.numel() for p in Transformer((dims,), 2, width=8, heads=2, positions=positions).parameters())

    assert weights(5, "rotary") == weights(50, "rotary")
    assert weights(50, "learned") - weights(5, "learned") == 45 * 8
    assert weights(5, "learned") - weights(5, "rotary") == 5 * 8


class WithoutPositions(Transformer):
    """Neither learned positions nor rotary ones."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.position = None


@torch.no_grad()
def test_without_positions_one_block_sees_the_past_as_a_bag():
    """Values before the last one may change places, and the prediction stays; with positions it moves."""
    x = every_point((5,), 3)
    swapped = x[:, [1, 2, 0, 3, 4]]
    differs = (x != swapped).any(1)
    options = {"width": 8, "heads": 2, "layers": 1}

    def change(kind, **more):
        model = randomise(kind((5,), 3, **options, **more), 0.5)
        return (model(x)[differs, 4] - model(swapped)[differs, 4]).abs().max(-1).values

    assert (change(WithoutPositions) < 1e-12).all()
    assert (change(Transformer) > 1e-4).any()
    assert (change(Transformer, positions="rotary") > 1e-4).any()


@torch.no_grad()
def test_a_longer_rotary_model_predicts_the_beginning_as_a_shorter_one_does():
    """No weight belongs to a length; with learned positions the table's first rows would have to be copied."""
    short, long = (randomise(Transformer((d,), 3, width=8, heads=2, positions="rotary"), 0.5) for d in (4, 7))
    x = torch.randint(3, (20, 7))
    assert torch.allclose(short(x[:, :4]), long(x)[:, :4], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"positions": "sinusoidal"}, "positions: got 'sinusoidal', wanted 'learned' or 'rotary'"),
        ({"positions": None}, "positions: got None, wanted 'learned' or 'rotary'"),
        ({"width": 6, "heads": 4}, "width: got 6, wanted a multiple of the number of heads, 4"),
        ({"width": 6, "heads": 2, "positions": "rotary"}, "width: got 6 for 2 heads, wanted an even number for each"),
        ({"order": [0, 1, 1, 2]}, "order: got .0, 1, 1, 2., wanted a permutation of 0..3"),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        Transformer((4,), 2, **options)


@torch.no_grad()
def test_dropout_is_off_in_eval():
    wet, dry = (randomise(Transformer((4,), 2, width=8, heads=2, dropout=p), 0.5) for p in (0.5, 0.0))
    x = every_point((4,), 2)
    assert torch.equal(wet.eval().log_prob(x), dry.log_prob(x))
    assert not torch.equal(wet.train().log_prob(x), dry.log_prob(x))


@torch.no_grad()
def test_it_starts_the_same_size_at_any_depth():
    """The residual stream after the blocks: the standard deviation grows by what 2L maps of variance 1/2L add."""
    sizes = []
    for layers in (1, 16):
        model = Transformer((8,), 4, width=32, heads=2, layers=layers)
        h = model.embedding(torch.randint(4, (32, 8))) + model.position.weight
        for block in model.blocks:
            h = block(h)
        sizes.append(h.std().item())
    assert sizes[1] < 1.2 * sizes[0]


# What must fail ---


class ForgetsTheShift(Transformer):
    """Position i reads x_i itself, which a causal mask allows, and predicts it."""

    def forward(self, x):
        h = self.embedding(x) + self.position.weight
        for block in self.blocks:
            h = block(h)
        return self.head(self.norm(h))


class ShiftsTwice(Transformer):
    """Each prediction also misses the value right before it: a distribution, with less than was promised."""

    def forward(self, x):
        start = torch.zeros_like(x[:, :1])
        return super().forward(torch.cat([start, x[:, :-1]], 1))


class SeesAll(Transformer):
    """No causal mask: attention to everything, as an encoder does it."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        for block in self.blocks:
            block.attention.register_forward_pre_hook(
                lambda _, args: (args[0], torch.ones(self.dims, self.dims).bool())
            )


class StepsAtTheWrongPosition(Transformer):
    """Its ``step`` adds the vector of the position before."""

    def step(self, x_prev, state):
        table = self.position.weight
        table.copy_(table.roll(1, 0))
        result = super().step(x_prev, state)
        table.copy_(table.roll(-1, 0))
        return result


@pytest.mark.parametrize(
    ("wrong", "law"),
    [
        (ForgetsTheShift, law_causality),
        (ForgetsTheShift, law_normalisation),
        (ShiftsTwice, law_causality),
        (SeesAll, law_causality),
        (SeesAll, law_normalisation),
        (StepsAtTheWrongPosition, law_step),
    ],
    ids=lambda x: x.__name__,
)
@torch.no_grad()
def test_a_wrong_transformer_is_rejected(wrong, law):
    def obey(kind):
        model = randomise(kind((4,), 3, width=8, heads=2), 0.5)
        law(model, all_of_the_past(model)) if law is law_causality else law(model)

    obey(Transformer)
    with pytest.raises(AssertionError):
        obey(wrong)
