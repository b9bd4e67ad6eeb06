"""What the contract's base gives to every model: sampling with its options, classes, and weights on disk."""

import inspect
import json
import math
import pickle

import pytest
import safetensors.torch
import torch
from oracles import chi_square_p_value, every_point, randomise
from test_contract import MODELS

import dgmlib.model
from dgmlib import models
from dgmlib.causality import is_causal
from dgmlib.models import (
    FVSBN,
    MADE,
    NADE,
    RNADE,
    RNN,
    ImageTransformer,
    OrderEnsemble,
    PixelCNN,
    Table,
    Transformer,
)

ONE_OF_EACH = ["Table", "FVSBN", "NADE", "MADE", "RNN", "Transformer", "ImageTransformer", "PixelCNN", "GatedPixelCNN"]
ONE_OF_EACH += ["RNADE of values"]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# Sampling ---


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_drawing_in_parts_changes_nothing(name):
    model = randomise(MODELS[name][0](), 0.5)
    whole = model.sample(20, generator=generator())
    assert torch.equal(model.sample(20, generator=generator(), batch_size=7), whole)
    assert torch.equal(model.sample(20, generator=generator(), batch_size=100, cached=False), whole)


class Greedy(FVSBN):
    """Has memory for 3 examples at most, and remembers how many it was asked for."""

    def init_state(self, n):
        self.asked = [*getattr(self, "asked", []), n]
        if n > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return super().init_state(n)


def test_when_memory_does_not_suffice_it_draws_half_as_many_until_it_does():
    plain, greedy = randomise(FVSBN((4,), 2)), randomise(Greedy((4,), 2))
    assert torch.equal(greedy.sample(11, generator=generator()), plain.sample(11, generator=generator()))
    assert greedy.asked == [11, 6, 3, 3, 3, 2]


def test_an_error_that_is_not_of_memory_passes_through():
    class Breaks(FVSBN):
        def init_state(self, n):
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        Breaks((4,), 2).sample(11)

    class NeverFits(FVSBN):
        def init_state(self, n):
            raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        NeverFits((4,), 2).sample(11)


def test_top_k_draws_from_the_likeliest_only():
    model, n = Table((1,), 4), 20_000
    model.set_rows(torch.tensor([[0.1, 0.4, 0.2, 0.3]]))
    x = model.sample(n, top_k=2, generator=generator())[:, 0]
    assert chi_square_p_value(torch.bincount(x, minlength=4), n * torch.tensor([0.0, 4 / 7, 0.0, 3 / 7])) > 1e-4
    assert (model.sample(100, top_k=1) == 1).all()
    assert torch.equal(model.sample(99, top_k=4, generator=generator()), model.sample(99, generator=generator()))
    model.set_rows(torch.tensor([[0.4, 0.2, 0.2, 0.2]]))
    assert set(model.sample(999, top_k=2, generator=generator())[:, 0].tolist()) == {0, 1, 2, 3}  # ties stay


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_has_probability_zero_is_never_drawn(dtype):
    """Not even by the largest number that a generator gives, when rounding makes the others' sum less than one."""
    logits = torch.tensor([-math.inf, 0.1, 0.2, 0.3, -math.inf, -math.inf], dtype=dtype).expand(3, -1)
    uniform = torch.tensor([0.0, 0.5, 1 - 2**-53])
    assert dgmlib.model._draw_value(logits, uniform.clone(), 1.0, None).tolist() == [1, 2, 3]
    many = torch.linspace(-3, 3, 999, dtype=dtype)[None].repeat(3, 1)
    many[:, 990:] = -math.inf
    assert dgmlib.model._draw_value(many, uniform, 1.0, None).max() == 989


@pytest.mark.parametrize("cached", [True, False])
def test_a_model_that_predicts_nan_has_no_samples(cached):
    model = randomise(FVSBN((3,), 2))
    model.bias.data[1] = math.nan
    with pytest.raises(FloatingPointError, match="predicts NaN"):
        model.sample(5, cached=cached)


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_prefix_is_continued_as_the_conditional_distribution_says(name):
    """Cached sampling takes the prefix in; what follows has p(x) / p(prefix)."""
    model = randomise(MODELS[name][0](), 0.5)
    points = model.to_sequence(every_point(model.event_shape, model.values))  # (V^D, D)
    prefix = points[len(points) // 3, : model.dims // 2]
    given = (points[:, : len(prefix)] == prefix).all(1)
    with torch.no_grad():
        p = model.log_prob(model.to_event(points[given])).exp()
    n = 20_000
    rest = model.to_sequence(model.sample(n, prefix=prefix, generator=generator()))[:, len(prefix) :]
    place = model.values ** torch.arange(rest.shape[1] - 1, -1, -1)
    observed = torch.bincount((rest * place).sum(1), minlength=len(p))
    assert chi_square_p_value(observed, n * p / p.sum()) > 1e-4
    assert chi_square_p_value(observed, n * (p / p.sum()).roll(1)) < 1e-4  # and this test can fail


def test_progress_is_shown_when_asked_for_and_not_into_a_file(capfd):
    FVSBN((3,), 2).sample(4, progress=True)
    assert "12/12" in capfd.readouterr().err
    FVSBN((3,), 2).sample(4, progress=False), FVSBN((3,), 2).sample(4)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": "hot"}, "temperature: got 'hot', wanted a positive number"),
        ({"temperature": True}, "temperature: got True"),
        ({"top_k": 0}, "top_k: got 0, wanted a positive integer"),
        ({"top_k": 1.5}, "top_k: got 1.5"),
        ({"batch_size": True}, "batch_size: got True"),
        ({"cond": 1}, "cond: got 1, wanted none: this FVSBN has no classes"),
    ],
)
def test_bad_options_raise_one_clear_error(options, message):
    with pytest.raises(ValueError, match=message):
        FVSBN((3,), 2).sample(2, **options)


# Classes ---


@torch.no_grad()
def test_a_class_may_be_one_number_or_one_for_each_example():
    model = randomise(PixelCNN((1, 2, 2), 2, hidden=6, layers=1, classes=3), 0.5)
    points, two = every_point((1, 2, 2), 2), torch.full((16,), 2)
    for cond in (2, two, two.to(torch.uint8)):
        assert torch.equal(model.log_prob(points, cond), model.given(2).log_prob(points))
        assert torch.equal(model(points, cond=cond), model(points, two))
    mixed = torch.arange(9) % 3
    drawn = model.sample(9, cond=mixed, generator=generator())
    assert torch.equal(drawn, model.sample(9, cond=mixed, generator=generator(), batch_size=4))
    assert not torch.equal(drawn, model.sample(9, cond=2, generator=generator()))
    assert torch.equal(model.sample(9, cond=2, generator=generator()), model.given(2).sample(9, generator=generator()))


@pytest.mark.parametrize("cond", [torch.tensor([1]), 1.0, True, None, -1, 3])
def test_a_model_is_given_one_class(cond):
    with pytest.raises(ValueError, match=r"cond: got .*wanted .*integer.* 0\.\.2"):
        PixelCNN((1, 2, 2), 2, hidden=2, layers=1, classes=3).given(cond)


# Faster arithmetic ---


@pytest.mark.parametrize("name", [*MODELS, "OrderEnsemble"])
def test_half_precision_loses_little(name):
    """Under bf16 autocast the loss stays within a fiftieth of a nat a variable, and gradients are finite."""
    torch.set_default_dtype(torch.float32)
    make = MODELS[name][0] if name in MODELS else lambda: OrderEnsemble((4,), 2, orders=3, hidden=(8,)).eval()
    model = randomise(make(), 0.3)
    x = torch.randint(model.values, (16, *model.event_shape), generator=generator())
    exact = model.log_prob(x)
    with torch.autocast("cpu", torch.bfloat16):
        rough = model.log_prob(x)
    assert rough.dtype == torch.float32
    assert (rough - exact).abs().max() / model.dims < 0.02
    rough.mean().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize(
    "make",
    [
        lambda: FVSBN((784,), 2),
        lambda: MADE((784,), 2, hidden=(100,)),
        lambda: PixelCNN((1, 8, 8), 256, hidden=8, layers=1, output="logistics"),
        lambda: RNADE((64,), 256),
    ],
)
def test_half_precision_adds_up_in_full(make):
    """Many terms and many bins: what autocast leaves in bfloat16 is normalised and summed in float32."""
    torch.set_default_dtype(torch.float32)
    model = randomise(make(), 0.05)
    x = torch.randint(model.values, (8, *model.event_shape), generator=generator())
    exact = model.log_prob(x)
    with torch.autocast("cpu", torch.bfloat16):
        rough = model.log_prob(x)
    assert (rough - exact).abs().max() < 0.5 and len(rough.unique()) == 8
    in_half = model(x).bfloat16().log_softmax(-1).gather(-1, x[..., None]).flatten(1).sum(1)
    assert (in_half - exact).abs().max() > 0.5  # what this would be without


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")  # torch's own, between two graphs
@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_the_whole_forward_pass_is_one_graph(name):
    """torch.compile finds nothing that it has to leave to Python; the graph gives the same loss and gradients.

    torch's own recurrent layers are what it does not look into: the RNN becomes several graphs.
    """
    torch.compiler.reset()
    model = randomise(MODELS[name][0](), 0.5)
    x = torch.randint(model.values, (4, *model.event_shape), generator=generator())
    graph = torch.compile(model, backend="eager", fullgraph=name != "RNN")
    loss = [m(x).log_softmax(-1).sum() for m in (model, graph)]
    gradients = [torch.autograd.grad(one, list(model.parameters())) for one in loss]
    assert torch.allclose(*loss, rtol=0, atol=1e-10)
    assert all(torch.allclose(a, b, rtol=0, atol=1e-10) for a, b in zip(*gradients, strict=True))


def test_what_is_compiled_in_place_is_what_trains():
    """``model.compile()`` serves log_prob, and so ``fit``; ``torch.compile(model)`` wraps the forward pass alone."""
    torch.compiler.reset()
    compiled = []

    def backend(graph, inputs):
        compiled.append(graph)
        return graph.forward

    model = randomise(MADE((4,), 2, hidden=(8,)))
    points, plain = every_point((4,), 2), randomise(MADE((4,), 2, hidden=(8,)))
    model.compile(backend=backend)
    assert torch.allclose(model.log_prob(points), plain.log_prob(points), rtol=0, atol=1e-12) and compiled


# Modes and devices ---


def test_every_part_goes_back_into_its_own_mode():
    model = RNN((3,), 2, hidden=4, dropout=0.5).train()
    model.dropout.eval()  # frozen by its user
    model.sample(2)
    assert model.training and model.rnn.training and not model.dropout.training
    told = PixelCNN((1, 2, 2), 2, hidden=2, layers=1, classes=3).eval()
    told.given(1).sample(2)
    assert not told.training


def test_data_on_another_device_are_refused():
    with pytest.raises(ValueError, match="x: got a tensor on meta, wanted one on the model's device, cpu"):
        FVSBN((3,), 2).log_prob(torch.zeros(2, 3, dtype=torch.int64, device="meta"))


def test_the_coldest_temperature_is_greedy():
    model = randomise(FVSBN((4,), 3))
    assert torch.equal(model.sample(5, temperature=1e-300), model.sample(5, top_k=1))


def test_arguments_that_nobody_takes_are_errors():
    x = torch.zeros(2, 3, dtype=torch.int64)
    for call in (lambda m: m(x, typo=3), lambda m: m(x, None, 5)):
        with pytest.raises(TypeError):
            call(FVSBN((3,), 2))


# Options ---

BAD = [
    (NADE, {"hidden": 0}, "hidden: got 0, wanted a positive integer"),
    (NADE, {"hidden": 1.5}, "hidden: got 1.5"),
    (MADE, {"hidden": 500}, "hidden: got 500, wanted positive integers, such as"),
    (MADE, {"hidden": ()}, r"hidden: got \(\)"),
    (MADE, {"hidden": (4, 0)}, r"hidden: got \(4, 0\)"),
    (MADE, {"activation": "tanh"}, "activation: got 'tanh', wanted 'relu' or 'sigmoid'"),
    (MADE, {"dropout": 1.0}, "dropout: got 1.0, wanted a number from 0 to below 1"),
    (OrderEnsemble, {"orders": [[0.0, 1.0, 2.0, 3.0]]}, "orders: got torch.float"),
    (FVSBN, {"order": torch.tensor([True, False, True, False])}, "order: got"),
    (OrderEnsemble, {"orders": [[0, 1]]}, "order: got"),
    (OrderEnsemble, {"orders": []}, "orders: got"),
    (RNN, {"cell": "GRU"}, "cell: got 'GRU', wanted one of 'rnn', 'gru', 'lstm'"),
    (RNN, {"cell": []}, r"cell: got \[\]"),
    (RNN, {"hidden": 1.5}, "hidden: got 1.5"),
    (RNN, {"layers": 0}, "layers: got 0"),
    (RNN, {"embedding": 0}, "embedding: got 0"),
    (RNN, {"dropout": 2}, "dropout: got 2, wanted a number from 0 to below 1"),
    (Transformer, {"width": 0}, "width: got 0"),
    (Transformer, {"heads": 0}, "heads: got 0"),
    (Transformer, {"width": 9, "heads": 4}, "width: got 9, wanted a multiple of the number of heads, 4"),
    (Transformer, {"width": 12, "heads": 4, "positions": "rotary"}, "width: got 12 for 4 heads, wanted an even number"),
    (Transformer, {"positions": "sine"}, "positions: got 'sine', wanted 'learned' or 'rotary'"),
    (Transformer, {"dropout": "much"}, "dropout: got 'much'"),
    (ImageTransformer, {"layers": 0}, "layers: got 0"),
    (ImageTransformer, {"window": 0}, "window: got 0, wanted None or a positive integer"),
    (RNADE, {"components": 0}, "components: got 0"),
    *[(kind, {"order": [0.0, 1.0, 2.0, 3.0]}, "order: got") for kind in (FVSBN, NADE, MADE, RNN, Transformer, RNADE)],
]


@pytest.mark.parametrize(("kind", "options", "message"), BAD)
def test_a_bad_option_is_named(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind((1, 2, 2), 2, **options)


@pytest.mark.parametrize(
    "kind", [FVSBN, NADE, MADE, OrderEnsemble, RNN, Transformer, ImageTransformer, PixelCNN, Table]
)
def test_only_densities_take_real_numbers(kind):
    with pytest.raises(ValueError, match="values: got None, wanted an integer of at least 2"):
        kind((1, 2, 2), None)


# Weights ---


@pytest.mark.parametrize("name", [name for name in MODELS if "of a class" not in name])
@torch.no_grad()
def test_a_saved_model_comes_back_whole(name, tmp_path):
    model = randomise(MODELS[name][0](), 0.5)
    model.save(tmp_path / "weights")
    same = models.load(tmp_path / "weights")
    points = every_point(model.event_shape, model.values)
    assert type(same) is type(model) and not same.training
    assert torch.equal(same(points), model.eval()(points))
    assert [p.name for p in tmp_path.iterdir()] == ["weights"]


def test_options_precision_and_orders_come_back(tmp_path):
    order = torch.tensor([2, 0, 1])
    model = randomise(MADE((3,), 3, hidden=(4, 5), order=order)).float()
    model.save(tmp_path / "weights")
    same = MADE.load(tmp_path / "weights")
    assert same.head.weight.dtype == torch.float32 and torch.equal(same.order, order)
    assert [layer.out_features for layer in same.layers] == [4, 5]
    ensemble = randomise(OrderEnsemble((3,), 2, orders=torch.tensor([[0, 1, 2], [2, 1, 0]]), hidden=(4,))).eval()
    ensemble.save(tmp_path / "weights")  # over the other
    points = every_point((3,), 2)
    assert torch.equal(models.load(tmp_path / "weights").eval().log_prob(points), ensemble.log_prob(points))
    classes = randomise(PixelCNN((1, 2, 2), 2, hidden=2, layers=1, classes=3))
    classes.save(tmp_path / "weights")
    assert models.load(tmp_path / "weights").fingerprint() == classes.fingerprint()


def test_weights_that_are_loaded_bring_their_order(tmp_path):
    """MADE's masks follow the order, wherever it comes from."""
    points = every_point((3,), 2)
    backwards = randomise(MADE((3,), 2, hidden=(8,), order=[2, 1, 0]))
    model = MADE((3,), 2, hidden=(8,))
    model.load_state_dict(backwards.state_dict())
    assert torch.equal(model(points), backwards(points)) and is_causal(model)
    other = model.reordered([1, 0, 2])
    other.save(tmp_path / "weights")
    same = models.load(tmp_path / "weights")
    assert torch.equal(same(points), other(points)) and is_causal(same)
    assert not torch.equal(same(points), model(points))


def test_a_file_that_is_cut_off_or_changed_is_refused(tmp_path):
    model, path = randomise(Transformer((3,), 3, width=4, heads=1, layers=1)), tmp_path / "weights"
    model.save(path)
    whole = path.read_bytes()
    for length in [0, 1, 7, 8, 100, len(whole) // 2, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="weights: cut off, or no safetensors file"):
            models.load(path)
    for place in [len(whole) - 1, len(whole) // 2, len(whole) * 3 // 4]:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(ValueError, match=r"were changed after they were saved|cut off"):
            models.load(path)
    path.write_bytes(whole)
    assert models.load(path).fingerprint() == model.fingerprint()


def _with(path, **changes):
    """Write the file again with other things said about it."""
    with safetensors.safe_open(path, framework="pt") as file:
        about = {**file.metadata(), **changes}
    safetensors.torch.save_file(safetensors.torch.load_file(path), path, {k: v for k, v in about.items() if v})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dgmlib": "0.0.1"}, "saved by version 0.0.1 of dgmlib, wanted "),
        ({"arguments": "{"}, "its weights don't fit MADE"),
        ({"arguments": "5"}, "its weights don't fit MADE"),
        ({"model": "FVSBN"}, "its weights don't fit FVSBN"),
        ({"model": "GPT"}, "holds GPT, wanted one of .*FVSBN"),
        ({"model": "load"}, "holds load, wanted one of"),
        ({"arguments": json.dumps([[[4], 2], {"hidden": [8]}])}, "its weights don't fit MADE"),
        ({"fingerprint": "0" * 64}, "were changed after they were saved"),
        ({"arguments": None}, "not saved by dgmlib: it does not say arguments"),
    ],
)
def test_a_file_that_says_something_else_is_refused(changes, message, tmp_path):
    path = tmp_path / "weights"
    randomise(MADE((3,), 2, hidden=(8,))).save(path)
    _with(path, **changes)
    with pytest.raises(ValueError, match=message):
        models.load(path)


def test_a_model_of_another_class_is_refused(tmp_path):
    FVSBN((3,), 2).save(tmp_path / "weights")
    with pytest.raises(ValueError, match="weights: holds FVSBN, wanted MADE"):
        MADE.load(tmp_path / "weights")


def test_nothing_is_unpickled(tmp_path):
    torch.save(FVSBN((3,), 2).state_dict(), tmp_path / "weights")
    with pytest.raises(ValueError, match="no safetensors file"):
        models.load(tmp_path / "weights")


def test_files_that_can_not_be_read_or_written_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        models.load(tmp_path / "nowhere")
    with pytest.raises(OSError, match="nowhere"):
        FVSBN((3,), 2).save(tmp_path / "nowhere" / "weights")


def test_what_is_remembered_for_saving_hides_no_signature():
    names = list(inspect.signature(MADE).parameters)
    assert names == ["event_shape", "values", "hidden", "direct", "activation", "dropout", "order"]
    assert MADE((3,), 2, hidden=(4,))._made_with == (((3,), 2), {"hidden": (4,)})


def test_an_argument_that_can_not_be_written_down_is_named(tmp_path):
    class Strange(FVSBN):
        def __init__(self, event_shape, values, friend):
            super().__init__(event_shape, values)

    with pytest.raises(ValueError, match=r"a model made with \{1\} can't be saved"):
        Strange((3,), 2, {1}).save(tmp_path / "weights")
    assert list(tmp_path.iterdir()) == []


def test_a_model_can_be_pickled_for_other_processes():
    """By torch's own means; files of weights are the better way."""
    model = randomise(MADE((3,), 2, hidden=(4,)))
    copied = pickle.loads(pickle.dumps(model))
    assert torch.equal(copied(every_point((3,), 2)), model(every_point((3,), 2)))


def test_a_model_that_was_given_a_class_is_not_what_is_saved(tmp_path):
    with pytest.raises(ValueError, match="save the model that it was made from"):
        PixelCNN((1, 2, 2), 2, hidden=2, layers=1, classes=3).given(1).save(tmp_path / "weights")


def test_windows_are_made_again_with_the_model(tmp_path):
    model = randomise(ImageTransformer((1, 2, 3), 2, width=4, heads=1, layers=1, window=1))
    model.save(tmp_path / "weights")
    assert torch.equal(models.load(tmp_path / "weights").causal_mask, model.causal_mask)
