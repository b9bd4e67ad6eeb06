"""PixelCNN, plain and gated: what they see, derived on a graph of pixels; classes; outputs; and leaks of every size."""

from fractions import Fraction

import pytest
import torch
from oracles import every_point, randomise
from test_contract import law_causality, law_normalisation, law_step, stack_of_masks, two_stacks
from torch import nn

from dgmlib.causality import dependency_matrix, is_causal, receptive_field
from dgmlib.models import GatedPixelCNN, PixelCNN

BOTH = [PixelCNN, GatedPixelCNN]
SIDE, CENTRE = 9, (4, 4)


@torch.no_grad()
def open_paths(model, seed=0):
    """Positive weights, small enough that every unit is open and no gate is shut: each path that exists is seen."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        inputs = parameter[0].numel() if parameter.dim() > 1 else 1
        random = torch.rand(parameter.shape, generator=generator) + 0.5
        parameter.copy_(torch.ones_like(parameter) if name.endswith("bias") else random / (2 * inputs))
    return model


# What they see. Pixels are pairs (row, column); a set of pixels is followed down, from a prediction to the image ---


def above_and_left(radius, own):
    """What a masked square kernel reads, as offsets."""
    rows = {(-a, b) for a in range(1, radius + 1) for b in range(-radius, radius + 1)}
    return rows | {(0, -b) for b in range(1, radius + 1)} | ({(0, 0)} if own else set())


def follow(pixels, offsets, side=None):
    """All that a set of pixels reads; inside the image, or on an endless plane."""
    reached = {(i + a, j + b) for i, j in pixels for a, b in offsets}
    return {(i, j) for i, j in reached if side is None or (0 <= i < side and 0 <= j < side)}


def seen_by_plain(pixel, first, kernel, layers, side=SIDE):
    pixels = {pixel}
    for _ in range(layers):
        pixels = follow(pixels, above_and_left(kernel // 2, own=True), side)
    return follow(pixels, above_and_left(first // 2, own=False), side)


def seen_by_gated(pixel, first, kernel, layers, side=SIDE):
    """Two sets, of the horizontal and of the vertical stack: the former reads the latter one row up."""
    horizontal, vertical = {pixel}, set()
    for layer in range(layers, -1, -1):
        r = (kernel if layer else first) // 2
        sums = vertical | follow(horizontal, {(-1, 0)}, side)
        vertical = follow(sums, {(-a, b) for a in range(r + 1) for b in range(-r, r + 1)}, side)
        horizontal = follow(horizontal, {(0, -b) for b in range(0 if layer else 1, r + 1)}, side)
    return horizontal | vertical


SEEN = {PixelCNN: seen_by_plain, GatedPixelCNN: seen_by_gated}


def field(model, pixel=CENTRE):
    """The pixels that the model itself looks at."""
    return {tuple(p) for p in receptive_field(model, pixel[0] * SIDE + pixel[1], trials=1)[0].nonzero().tolist()}


def of_side_nine(kind, first, kernel, layers):
    return open_paths(kind((1, SIDE, SIDE), 2, hidden=2, first_kernel=first, kernel_size=kernel, layers=layers))


@pytest.mark.parametrize(("first", "kernel", "layers"), [(3, 3, 1), (3, 3, 3), (7, 3, 2), (5, 5, 1), (3, 5, 2)])
@pytest.mark.parametrize("kind", BOTH)
def test_every_pixel_sees_what_the_graph_says(kind, first, kernel, layers):
    matrix = dependency_matrix(of_side_nine(kind, first, kernel, layers), trials=1).view(SIDE, SIDE, SIDE, SIDE)
    for i in range(SIDE):
        for j in range(SIDE):
            found = {tuple(p) for p in matrix[i, j].nonzero().tolist()}
            assert found == SEEN[kind]((i, j), first, kernel, layers), (i, j)


def test_random_weights_see_the_same():
    """ReLUs are shut at some points, so the field is what any of many points shows."""
    model = randomise(PixelCNN((1, SIDE, SIDE), 2, hidden=8, layers=2, first_kernel=3), 0.5)
    found = receptive_field(model, 40, trials=8)[0].nonzero().tolist()
    assert {tuple(p) for p in found} == seen_by_plain(CENTRE, 3, 3, 2)


# The blind spot ---


def within_reach(n, pixel=CENTRE):
    """All pixels above and left of one, n rows up and n columns to either side."""
    return follow({pixel}, above_and_left(n, own=False))


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_blind_spot_is_a_triangle_to_the_upper_right(n):
    """3x3 masks, n convolutions in all: d rows up, d columns to the right are as far as they get."""
    if n == 1:  # a model has at least one block; the first convolution alone misses nothing
        missing = within_reach(1) - seen_by_plain(CENTRE, 3, 3, 0)
    else:
        missing = within_reach(n) - field(of_side_nine(PixelCNN, 3, 3, n - 1))
    i, j = CENTRE
    assert missing == {(i - d, j + c) for d in range(1, n + 1) for c in range(d + 1, n + 1)}
    assert Fraction(len(missing), len(within_reach(n))) == Fraction(n - 1, 4 * (n + 1))


def test_the_blind_share_tends_to_a_quarter_and_is_none_on_a_small_image():
    """(n-1) / (4 (n+1)) of what is within reach, counted on an endless plane: never 1/4, and far from it at first."""
    shares = []
    for n in range(1, 26):
        around = within_reach(n)
        seen = seen_by_plain(CENTRE, 3, 3, n - 1, side=None)
        assert seen <= around
        shares.append(Fraction(len(around - seen), len(around)))
    assert shares == [Fraction(n - 1, 4 * (n + 1)) for n in range(1, 26)]
    assert shares == sorted(shares) and Fraction(1, 4) - shares[-1] == Fraction(1, 52)
    assert [float(s) for s in shares[:4]] == pytest.approx([0, 1 / 12, 1 / 8, 3 / 20])


def test_depth_never_cures_the_blind_spot():
    """In a 9x9 image its centre misses six pixels of forty, 15 %, with four convolutions and with ten alike."""
    before = within_reach(4)
    blind = {(4 - d, 4 + c) for d in range(1, 5) for c in range(d + 1, 5)}
    assert len(before) == 40 and len(blind) == 6
    for layers in (3, 9):
        assert before - field(of_side_nine(PixelCNN, 3, 3, layers)) == blind
    assert before - seen_by_plain(CENTRE, 3, 3, 100) == blind


@pytest.mark.parametrize(("kernel", "blind"), [(3, 6), (5, 2), (7, 1), (9, 0)])
def test_a_wider_kernel_narrows_the_blind_spot(kernel, blind):
    """The slope is the radius: with r columns a row, c > r d is never seen."""
    model = of_side_nine(PixelCNN, kernel, kernel, 4)
    missing = within_reach(4) - field(model)
    assert missing == {(4 - d, 4 + c) for d in range(1, 5) for c in range(kernel // 2 * d + 1, 5)}
    assert len(missing) == blind


@pytest.mark.parametrize(("first", "kernel", "layers"), [(3, 3, 1), (3, 3, 3), (5, 3, 1)])
def test_the_gated_model_has_no_blind_spot(first, kernel, layers):
    """It sees a full rectangle: as far to either side as its radii add up to, and a row more upwards."""
    reach = first // 2 + layers * (kernel // 2)
    i, j = CENTRE
    rectangle = {(a, b) for a in range(i - reach - 1, i) for b in range(j - reach, j + reach + 1)}
    wanted = follow(rectangle | {(i, b) for b in range(j - reach, j)}, {(0, 0)}, SIDE)
    assert field(of_side_nine(GatedPixelCNN, first, kernel, layers)) == wanted


def test_a_gated_model_of_enough_depth_sees_all_of_the_past():
    model = of_side_nine(GatedPixelCNN, 7, 7, 2)  # radii 3 + 3 + 3
    assert torch.equal(dependency_matrix(model, trials=1), torch.ones(81, 81).tril(-1).bool())
    plain = of_side_nine(PixelCNN, 7, 7, 2)
    assert dependency_matrix(plain, trials=1).sum() < 81 * 80 / 2


# Values, by sums over taps ---


def tap_by_tap(layer, h, colours, sees, lowest=False, halves=1):
    """A convolution of one image, (in, H, W) to (out, H, W), as loops over pixels and over the kernel's taps.

    ``sees(a, b, reads, read)`` says whether a channel of one colour reads another's, a rows down and b to the right;
    ``lowest`` puts the centre into the kernel's last row. Channels stand in blocks of a colour, in each half of a gate.
    """
    (above, below, high, wide), (_, rows, columns) = layer.weight.shape, h.shape
    reads = [k % (above // halves) * colours * halves // above for k in range(above)]
    read = [k * colours // below for k in range(below)]
    taps = {}
    for r in range(high):
        for c in range(wide):
            a, b = r - (high - 1 if lowest else high // 2), c - wide // 2
            mask = torch.tensor([[sees(a, b, reader, its) for its in read] for reader in reads])
            taps[a, b] = layer.weight[:, :, r, c] * mask
    pixels = []
    for i in range(rows):
        for j in range(columns):
            inside = [(a, b) for a, b in taps if 0 <= i + a < rows and 0 <= j + b < columns]
            pixels.append(layer.bias + sum(taps[a, b] @ h[:, i + a, j + b] for a, b in inside))
    return torch.stack(pixels, 1).view(above, rows, columns)


def past_or(own):
    """The taps of a mask: what lies above or left, and of the centre what ``own`` says of two colours."""
    return lambda a, b, reads, read: (a, b) < (0, 0) or ((a, b) == (0, 0) and own(reads, read))


def earlier(reads, read):
    return read < reads


def up_to_own(reads, read):
    return read <= reads


def plain_by_hand(model, image, k):
    colours = len(image)
    bias = [table.weight[k][:, None, None] for table in model.by_class]
    h = tap_by_tap(model.first, image, colours, past_or(earlier)) + bias[0]
    for narrow, masked, widen, b in zip(model.narrow, model.masked, model.widen, bias[1:], strict=True):
        m = tap_by_tap(narrow, h.relu(), colours, past_or(up_to_own))
        m = tap_by_tap(masked, m.relu(), colours, past_or(up_to_own)) + b
        h = h + tap_by_tap(widen, m.relu(), colours, past_or(up_to_own))
    return h


def gated_by_hand(model, image, k):
    def gate(sums):
        half = len(sums) // 2
        return sums[:half].tanh() * sums[half:].sigmoid()

    def everything(*_):
        return True

    colours, v, h = len(image), image, None
    for i, table in enumerate(model.by_class):
        for_v, for_h = table.weight[k][:, None, None].chunk(2)
        sums = tap_by_tap(model.vertical[i], v, colours, everything, lowest=True) + for_v
        row_up = torch.cat([torch.zeros_like(sums[:, :1]), sums[:, :-1]], 1)
        here = past_or(up_to_own if i else earlier)
        left = tap_by_tap(model.horizontal[i], image if h is None else h, colours, here, halves=2) + for_h
        y = gate(left + tap_by_tap(model.link[i], row_up, colours, everything))
        y = tap_by_tap(model.out[i], y, colours, past_or(up_to_own))
        v, h = gate(sums), y if h is None else h + y
    return h


@pytest.mark.parametrize("colours", [1, 2])
@pytest.mark.parametrize(("kind", "by_hand"), [(PixelCNN, plain_by_hand), (GatedPixelCNN, gated_by_hand)])
def test_it_is_sums_over_taps_in_values_and_gradients(kind, by_hand, colours):
    model = randomise(kind((colours, 3, 2), 3, hidden=6, layers=2, first_kernel=5, classes=2), 0.5)
    x = torch.randint(3, (1, colours, 3, 2))
    h = by_hand(model, x[0].double() - 1, 1)  # 0, 1 and 2 enter as -1, 0 and 1
    for layer in (model.mix, model.head):
        h = tap_by_tap(layer, h.relu(), colours, past_or(up_to_own))
    wanted = h.unflatten(0, (colours, 3)).log_softmax(1).gather(1, x[0][:, None]).sum()
    ours = model.log_prob(x, torch.tensor([1])).sum()
    assert abs(ours.item() - wanted.item()) < 1e-12
    of_ours, of_loops = (torch.autograd.grad(y, list(model.parameters())) for y in (ours, wanted))
    for a, b in zip(of_ours, of_loops, strict=True):
        assert torch.allclose(a, b, rtol=0, atol=1e-12) and (b != 0).any()


# Colours ---


@pytest.mark.parametrize("kind", BOTH)
def test_red_sees_no_other_colour_of_its_pixel_green_sees_red_and_blue_sees_both(kind):
    model = open_paths(kind((3, 2, 2), 4, hidden=6, layers=1))
    for place in range(4):
        i, j = divmod(place, 2)
        for colour in range(3):
            seen = receptive_field(model, colour * 4 + place, trials=1)  # (C, H, W)
            assert seen[:, i, j].tolist() == [c < colour for c in range(3)]
            assert seen.flatten(1)[:, :place].all() and not seen.flatten(1)[:, place + 1 :].any()


# Outputs and classes ---


@pytest.mark.parametrize("output", ["softmax", "logistics"])
@pytest.mark.parametrize("kind", BOTH)
@torch.no_grad()
def test_conditionals_are_the_softmax_of_forward(kind, output):
    model = randomise(kind((2, 2, 2), 6, hidden=4, layers=1, output=output, components=3), 0.5)
    x = torch.randint(6, (7, 2, 2, 2))
    logarithms = model(x).log_softmax(-1)  # (B, C, H, W, V)
    conditionals = model.conditionals(x)
    for v in range(6):
        each = conditionals.log_prob(torch.full_like(x, v))
        assert torch.allclose(each, logarithms[..., v], rtol=0, atol=1e-10)
    own = logarithms.gather(-1, x[..., None]).squeeze(-1)
    assert torch.allclose(conditionals.log_prob(x), own, rtol=0, atol=1e-10)
    assert torch.allclose(model.log_prob(x), own.sum((1, 2, 3)), rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", BOTH)
def test_logistics_need_no_more_weights_for_more_values(kind):
    def weights(values, output):
        model = kind((1, 4, 4), values, hidden=4, layers=1, output=output, components=2)
        return sum(p.numel() for p in model.parameters())

    assert weights(2, "logistics") == weights(256, "logistics")
    assert weights(256, "softmax") - weights(2, "softmax") == 254 * (model_width(kind) + 1)


def model_width(kind):
    return 8 if kind is PixelCNN else 4  # channels between the blocks


@pytest.mark.parametrize("kind", BOTH)
@torch.no_grad()
def test_a_model_given_a_class_is_the_model_told_that_class(kind):
    model = randomise(kind((1, 2, 2), 2, hidden=4, layers=1, classes=3), 0.5)
    points, probabilities = every_point((1, 2, 2), 2), []
    for k in range(3):
        cond, given = torch.full((16,), k), model.given(k)
        assert torch.equal(given.log_prob(points), model.log_prob(points, cond))
        assert torch.equal(given(points), model(points, cond=cond))
        draws = [
            m.sample(20, generator=torch.Generator().manual_seed(0), **options)
            for m, options in [(given, {}), (model, {"cond": k}), (model, {"cond": cond[:1].expand(20)})]
        ]
        assert torch.equal(draws[0], draws[1]) and torch.equal(draws[0], draws[2])
        probabilities.append(given.log_prob(points).exp())
        assert abs(probabilities[-1].sum().item() - 1) < 1e-12  # each class has a distribution of its own
    for a, b in [(0, 1), (0, 2), (1, 2)]:
        assert (probabilities[a] - probabilities[b]).abs().sum() > 0.01


@pytest.mark.parametrize("kind", BOTH)
@torch.no_grad()
def test_each_example_of_a_batch_is_told_its_own_class(kind):
    model = randomise(kind((1, 2, 2), 2, hidden=4, layers=1, classes=3), 0.5)
    x, cond = torch.randint(2, (6, 1, 2, 2)), torch.tensor([2, 0, 1, 1, 0, 2])
    alone = torch.cat([model.log_prob(x[i : i + 1], cond[i : i + 1]) for i in range(6)])
    assert torch.allclose(model.log_prob(x, cond), alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", BOTH)
def test_classes_start_alike_and_each_learns_from_its_own_examples(kind):
    model = kind((1, 2, 2), 2, hidden=4, layers=1, classes=3)
    nn.init.normal_(model.head.weight)
    x = torch.randint(2, (4, 1, 2, 2))
    first, other = (model.log_prob(x, torch.full((4,), k)) for k in (0, 1))
    assert torch.equal(first, other)
    first.sum().backward()
    for table in model.by_class:
        assert (table.weight.grad[0] != 0).any() and (table.weight.grad[1:] == 0).all()


def told(**options):
    return PixelCNN((1, 2, 2), 2, hidden=2, layers=1, **options)


X = torch.zeros(2, 1, 2, 2, dtype=torch.int64)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: told(classes=3).log_prob(X), r"cond: got NoneType, wanted integers 0..2, shape \(2,\)"),
        (lambda: told(classes=3).sample(2), "cond: got NoneType, wanted integers 0..2"),
        (lambda: told(classes=3).log_prob(X, torch.tensor([1])), r"cond: got shape \(1,\), wanted .* shape \(2,\)"),
        (lambda: told(classes=3).log_prob(X, torch.tensor([[0, 1]])), r"cond: got shape \(1, 2\)"),
        (lambda: told(classes=3).log_prob(X, torch.tensor([0, 3])), "cond: got values 0..3, wanted integers 0..2"),
        (lambda: told(classes=3).log_prob(X, torch.tensor([-1, 0])), "cond: got values -1..0"),
        (lambda: told(classes=3).log_prob(X, torch.tensor([0.0, 1.0])), "cond: got torch.float64"),
        (lambda: told(classes=3).given(3), "cond: got values 3..3, wanted integers 0..2"),
        (lambda: told(classes=3).sample(2, cond=3), "cond: got values 3..3"),
        (lambda: told().log_prob(X, torch.tensor([0, 1])), "cond: got .*wanted none: this PixelCNN has no classes"),
        (lambda: told().given(0), "cond: got 0, wanted none"),
        (lambda: told().sample(2, cond=0), "cond: got 0, wanted none"),
        (lambda: told(classes=0), "classes: got 0, wanted None or a positive integer"),
        (
            lambda: told(classes=3, output="logistics").conditionals(X, torch.tensor([0, 3])),
            "cond: got values 0..3, wanted integers 0..2",
        ),
        (lambda: told(output="logistics").conditionals(X + 2), "x: got values 2..2, wanted 0..1"),
    ],
)
def test_a_bad_class_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("event_shape", "options", "message"),
    [
        ((3, 2, 2), {"hidden": 32}, "hidden: got 32, wanted a multiple of the number of colours, 3"),
        ((1, 2, 2), {"hidden": 0}, "hidden: got 0, wanted a positive integer"),
        ((1, 2, 2), {"layers": 0}, "layers: got 0, wanted a positive integer"),
        ((1, 2, 2), {"components": 1.5}, "components: got 1.5, wanted a positive integer"),
        ((1, 2, 2), {"first_kernel": 6}, "first_kernel: got 6, wanted an odd number of at least 3"),
        ((1, 2, 2), {"kernel_size": 4}, "kernel_size: got 4, wanted an odd number of at least 3"),
        ((1, 2, 2), {"kernel_size": 1}, "kernel_size: got 1"),
        ((1, 2, 2), {"kernel_size": (3, 3)}, r"kernel_size: got \(3, 3\)"),
        ((1, 2, 2), {"output": "normal"}, "output: got 'normal', wanted 'softmax' or 'logistics'"),
        ((4,), {}, r"event_shape: got \(4,\), wanted that of an image"),
    ],
)
@pytest.mark.parametrize("kind", BOTH)
def test_bad_input_is_named(kind, event_shape, options, message):
    with pytest.raises(ValueError, match=message):
        kind(event_shape, 2, **options)


# What must fail ---

SMALL = {"hidden": 8, "layers": 1, "first_kernel": 3}


class FirstMaskB(PixelCNN):
    """The first layer sees its centre, so each pixel is among its own inputs."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.first.mask[:, :, 1, 1] = True


class GatedFirstMaskB(GatedPixelCNN):
    """The same in the horizontal stack."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.horizontal[0].mask[:, :, 0, 1] = True


def mass_beyond_one(model):
    """How far the probabilities of all points are from summing to one."""
    return abs(model.log_prob(every_point(model.event_shape, 2)).exp().sum().item() - 1)


@pytest.mark.parametrize(
    ("wrong", "right", "promised", "hardly", "plainly"),
    [
        (FirstMaskB, PixelCNN, stack_of_masks(3, 3, 1), 1e-4, 0.1),
        (GatedFirstMaskB, GatedPixelCNN, two_stacks(3, 3, 1), 1e-6, 0.05),
    ],
)
@torch.no_grad()
def test_a_first_mask_that_sees_its_centre_is_rejected_with_small_weights_and_large(
    wrong, right, promised, hardly, plainly
):
    """Law 1 sees the leak in weights so small that the probabilities sum to one but for a hair; law 2 bites later."""
    for scale in (0.01, 0.5):
        model, leaky = (randomise(kind((1, 3, 3), 2, **SMALL), scale) for kind in (right, wrong))
        law_normalisation(model)
        assert is_causal(model) and not is_causal(leaky)
        with pytest.raises(AssertionError, match="depends on"):
            law_causality(leaky, promised(leaky))
        gap = mass_beyond_one(leaky)
        assert 1e-10 < gap < hardly if scale < 0.1 else gap > plainly
    for law in (law_normalisation, law_step):  # a step can't see what the likelihood saw
        with pytest.raises(AssertionError):
            law(leaky)


@pytest.mark.parametrize("wrong", [FirstMaskB, GatedFirstMaskB])
@torch.no_grad()
def test_a_leak_shows_in_no_sum_before_training(wrong):
    """The output layer starts at zero: every prediction is uniform, whatever it could see."""
    assert mass_beyond_one(wrong((1, 3, 3), 2, **SMALL)) < 1e-12


class BlocksOwnColour(PixelCNN):
    """Masks its 1x1 convolutions with A, as if each of them were the first: a colour loses its own features."""

    def _pointwise(self, below, above):
        layer = super()._pointwise(below, above)
        own = self._colours_of(below)[None] == self._colours_of(above)[:, None]
        layer.mask = layer.mask & ~own[..., None, None]
        return layer


@torch.no_grad()
def test_masked_1x1_convolutions_that_block_too_much_are_rejected():
    """A distribution still, causal and normalised; but red and green see nothing, and blue nothing of its own pixel."""
    promised = stack_of_masks(3, 3, 1)
    options = {"hidden": 24, "layers": 1, "first_kernel": 3}
    model, wrong = (randomise(kind((3, 1, 3), 2, **options), 0.5) for kind in (PixelCNN, BlocksOwnColour))
    law_causality(model, promised(model))
    law_normalisation(wrong), law_step(wrong)
    with pytest.raises(AssertionError, match="depends on"):
        law_causality(wrong, promised(wrong))
    matrix = dependency_matrix(wrong)
    red, green, blue = matrix.view(3, 3, 3, 3)  # of each colour: by pixel, then the colours and pixels that it sees
    assert is_causal(wrong) and not red.any() and not green.any() and blue.any()
    assert not blue.diagonal(0, 0, 2).any()
    alone = randomise(BlocksOwnColour((1, 3, 3), 2, **SMALL), 0.5)  # with one colour, nothing is left
    assert not dependency_matrix(alone).any()


class Normalised(PixelCNN):
    """Normalises its features over the batch and all pixels."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.norm = nn.BatchNorm2d(2 * options["hidden"])

    def _features(self, image, cond):
        return self.norm(super()._features(image, cond))


class NormalisedInTraining(Normalised):
    """The same, never out of training mode."""

    def train(self, mode=True):
        return super().train(True)


@torch.no_grad()
def test_batch_normalisation_in_training_lets_future_pixels_in():
    """In eval mode it is causal; in training the mean of all pixels is in each of them, even in a batch of one."""
    promised = stack_of_masks(3, 3, 1)
    model, training = (randomise(kind((1, 3, 3), 2, **SMALL), 0.5) for kind in (Normalised, NormalisedInTraining))
    law_causality(model, promised(model))
    with pytest.raises(AssertionError, match="depends on"):
        law_causality(training, promised(training))
    x = torch.zeros(1, 1, 3, 3, dtype=torch.int64)
    changed = x.clone()
    changed[..., -1, -2] = 1  # the last but one: no feature at all reads the last
    first, after = (model.train()(e)[0, 0, 0, 0] for e in (x, changed))
    assert not torch.allclose(first, after, rtol=0, atol=1e-3)
    first, after = (model.eval()(e)[0, 0, 0, 0] for e in (x, changed))
    assert torch.equal(first, after)
