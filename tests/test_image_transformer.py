"""ImageTransformer: what its window lets through, where its positions count, and what a step reads."""

import copy
import math

import pytest
import torch
from oracles import every_point, randomise
from test_contract import law_step, windows

from dgmlib.causality import dependency_matrix, receptive_field
from dgmlib.models import ImageTransformer


def places(event_shape):
    """(row, column, colour) in reading order, written as loops."""
    colours, high, wide = event_shape
    return [(i, j, c) for i in range(high) for j in range(wide) for c in range(colours)]


def made(event_shape, values=2, seed=0, **options):
    return randomise(ImageTransformer(event_shape, values, width=8, heads=2, **options), 0.5, seed)


# The window ---


@pytest.mark.parametrize("window", [1, 2, 3])
@pytest.mark.parametrize("event_shape", [(1, 4, 5), (3, 3, 2), (1, 1, 6), (2, 5, 1), (1, 1, 1)])
def test_the_mask_is_a_double_loop(event_shape, window):
    """Key s carries variable s-1. A query reads the start, its own key, and keys whose variable is near."""
    spots = places(event_shape)
    wanted = torch.zeros(len(spots), len(spots), dtype=torch.bool)
    for t, (i, j, _) in enumerate(spots):
        for s in range(t + 1):
            if s in (0, t):
                wanted[t, s] = True
            else:
                a, b, _ = spots[s - 1]
                wanted[t, s] = i - window <= a <= i and j - window <= b <= j + window
    assert torch.equal(ImageTransformer(event_shape, 2, width=8, heads=2, window=window).causal_mask, wanted)


@torch.no_grad()
def test_a_window_as_large_as_the_image_changes_nothing():
    x = torch.randint(3, (10, 2, 3, 3))
    wide, all_of_it = made((2, 3, 3), 3, window=3), made((2, 3, 3), 3)
    assert all_of_it.causal_mask is None
    assert torch.allclose(wide(x), all_of_it(x), rtol=0, atol=1e-12)
    assert not torch.allclose(made((2, 3, 3), 3, window=1)(x), all_of_it(x), rtol=0, atol=1e-3)


def test_each_layer_sees_a_window_further():
    """From the last row of a narrow image: the rows seen reach up by the window, layer after layer."""
    for layers in (1, 2, 3):
        model = made((1, 6, 3), window=1, layers=layers)
        field = receptive_field(model, 5 * 3 + 1)[0]
        assert field.any(1).tolist() == [5 - layers <= row <= 5 for row in range(6)]


@pytest.mark.parametrize(("window", "layers"), [(1, 1), (1, 2), (2, 1)])
def test_with_colours_a_window_is_one_of_pixels(window, layers):
    model = made((3, 3, 4), window=window, layers=layers)
    matrix = dependency_matrix(model)[model.order][:, model.order]
    assert torch.equal(matrix, windows(window, layers)(model))
    assert not torch.equal(matrix, torch.ones_like(matrix).tril(-1))


# What a step reads ---


@pytest.mark.parametrize("event_shape", [(1, 4, 4), (2, 3, 3)])
@torch.no_grad()
def test_a_step_reads_only_what_its_window_shows(event_shape):
    """All keys and values outside are NaN: the prediction is the same, digit for digit. Inside, one NaN is enough."""
    model = made(event_shape, window=1)
    x = torch.randint(2, (3, *event_shape))
    z, state, last, hidden = model.to_sequence(x), model.init_state(3), None, 0
    for t in range(model.dims):
        poisoned, broken = copy.deepcopy(state), copy.deepcopy(state)
        for copied, keys in [(poisoned, ~model.causal_mask[t]), (broken, 0)]:  # key 0 is seen by all
            for cache in copied[-1]:
                for past in cache:  # (..., D, d)
                    past[..., keys, :] = math.nan
        logits, state = model.step(last, state)
        assert logits.isfinite().all() and torch.equal(model.step(last, poisoned)[0], logits)
        assert t == 0 or model.step(last, broken)[0].isnan().all()
        hidden += (~model.causal_mask[t, :t]).sum().item()
        last = z[:, t]
    assert hidden > 0  # some of the past was outside


# Positions ---


def moved_rows(model, table, first, second):
    """Which pixels' predictions move when two rows of a table of positions change places."""
    x = torch.randint(2, (8, *model.event_shape), generator=torch.Generator().manual_seed(3))
    before = model(x)
    weight = getattr(model, table).weight
    with torch.no_grad():
        weight[[first, second]] = weight[[second, first]]
    return (model(x) != before).any(-1).any(0)  # event_shape


@torch.no_grad()
def test_a_rows_vector_counts_from_its_row_on():
    """Without a window: what comes before the first of the two rows stays bit for bit, all else moves."""
    assert moved_rows(made((1, 4, 3)), "row", 1, 2)[0].tolist() == [[row >= 1] * 3 for row in range(4)]
    assert moved_rows(made((1, 4, 3)), "row", 0, 3).all()


@pytest.mark.parametrize(("layers", "rows"), [(1, [1, 2, 3]), (2, [1, 2, 3, 4])])
@torch.no_grad()
def test_with_a_window_a_rows_vector_counts_only_nearby(layers, rows):
    """Rows 1 and 2 change places. Row 3 reads keys of row 2; row 4 reads none of them, but in a second layer row 3."""
    moved = moved_rows(made((1, 6, 3), window=1, layers=layers), "row", 1, 2)
    assert moved[0].tolist() == [[row in rows] * 3 for row in range(6)]


@torch.no_grad()
def test_a_columns_and_a_colours_vector_count_from_their_first_place_on():
    model = made((1, 2, 3))
    assert moved_rows(model, "column", 1, 2).flatten().tolist() == [False] + [True] * 5
    moved = moved_rows(made((3, 1, 2)), "colour", 1, 2)  # (C, 1, W)
    assert moved.flatten().tolist() == [False, True] + [True] * 4  # only the first pixel's first colour stays


def test_it_has_a_vector_for_each_row_column_and_colour():
    model = ImageTransformer((3, 5, 4), 2, width=8, heads=2)
    assert [len(t.weight) for t in (model.row, model.column, model.colour, model.embedding)] == [5, 4, 3, 3]


# Colours ---


def test_within_a_pixel_each_colour_sees_those_before_it():
    """The second of two pixels: all colours of the first, and of its own those before."""
    model = made((3, 1, 2), layers=1)
    for colour in range(3):
        field = receptive_field(model, colour * 2 + 1)[:, 0]  # (C, W)
        assert field[:, 0].all()
        assert field[:, 1].tolist() == [c < colour for c in range(3)]


@torch.no_grad()
def test_one_row_of_one_colour_is_a_sequence():
    """Reading order of (1, 1, W) is left to right; a prefix fixes the first pixels, a pixel's colours together."""
    assert made((1, 1, 5)).order.tolist() == list(range(5))
    x = made((3, 1, 2), 4).sample(5, prefix=torch.tensor([1, 2, 3]))
    assert x[:, :, 0, 0].tolist() == [[1, 2, 3]] * 5


@torch.no_grad()
def test_dropout_is_off_in_eval():
    wet, dry = made((1, 2, 2), dropout=0.5), made((1, 2, 2))
    x = every_point((1, 2, 2), 2)
    assert torch.equal(wet.eval()(x), dry(x))
    assert not torch.equal(wet.train()(x), dry(x))


@pytest.mark.parametrize(
    ("event_shape", "options", "message"),
    [
        ((1, 2, 2), {"window": 0}, "window: got 0, wanted None or a positive integer"),
        ((1, 2, 2), {"window": 1.5}, "window: got 1.5"),
        ((1, 2, 2), {"window": True}, "window: got True"),
        ((4,), {}, r"event_shape: got \(4,\), wanted that of an image, \(C, H, W\)"),
        ((2, 2), {"window": 1}, r"event_shape: got \(2, 2\)"),
        ((1, 2, 2), {"width": 6, "heads": 4}, "width: got 6, wanted a multiple of the number of heads, 4"),
    ],
)
def test_bad_input_is_named(event_shape, options, message):
    with pytest.raises(ValueError, match=message):
        ImageTransformer(event_shape, 2, **options)


# What must fail ---


class StepsWithoutItsWindow(ImageTransformer):
    """Trained with a window, sampled without: each step looks at all of the past."""

    def init_state(self, n):
        return self.without_window(super().init_state, n)

    def step(self, x_prev, state):
        return self.without_window(super().step, x_prev, state)

    def without_window(self, call, *args):
        shown, self.shown = self.shown, None
        result = call(*args)
        self.shown = shown
        return result


@torch.no_grad()
def test_a_step_that_forgets_the_window_is_rejected():
    law_step(made((1, 3, 3), window=1))
    wrong = randomise(StepsWithoutItsWindow((1, 3, 3), 2, width=8, heads=2, window=1), 0.5)
    with pytest.raises(AssertionError):
        law_step(wrong)
