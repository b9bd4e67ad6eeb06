"""The training loop: it climbs, it stops where validation is best, and it says when it can't go on."""

import copy
import os
import subprocess
import sys
import weakref
from functools import partial

import pytest
import torch
from oracles import randomise

from dgmlib import data
from dgmlib.likelihood import nll
from dgmlib.models import FVSBN, MADE, PixelCNN, Table
from dgmlib.train import History, choose_device, fit, spread, to_tensorboard


def test_it_finds_the_maximum_that_is_known_in_closed_form():
    x = torch.randint(3, (500, 2), generator=torch.Generator().manual_seed(0))
    x[:, 1] = torch.where(x[:, 0] == 1, 2, x[:, 1])
    best = nll(Table((2,), 3).count(x).log_prob(x))
    model = Table((2,), 3)
    history = fit(model, x, x, lr=0.05, steps=1500, batch_size=500)
    assert best <= min(history.train) <= best + 0.01
    assert history.train[0] == pytest.approx(2 * torch.tensor(3.0).log().item())


def test_the_weights_of_the_best_check_are_put_back():
    digits = data.load("digits", binarize=True)
    model = FVSBN((1, 8, 8), 2)
    history = fit(model, digits.train[:100], digits.valid, lr=0.05, check_every=10, patience=3)
    assert nll(model.log_prob(digits.valid).detach()) == pytest.approx(min(history.valid))
    assert history.valid[-1] > min(history.valid), "it should have overfitted: there is nothing to put back"
    assert len(history.valid) - 1 - history.best == 3  # it stopped for want of patience
    assert history.train[-1] < history.train[history.best]


def test_the_same_generator_gives_the_same_weights():
    x = torch.randint(2, (50, 4), generator=torch.Generator().manual_seed(0))
    models = [FVSBN((4,), 2) for _ in range(3)]
    for model, seed in zip(models, (1, 1, 2), strict=True):
        fit(model, x, x, steps=30, batch_size=50, generator=torch.Generator().manual_seed(seed))
    first, same, other = (torch.cat([p.detach().flatten() for p in model.parameters()]) for model in models)
    assert torch.equal(first, same) and not torch.equal(first, other)


def test_sets_of_any_size_are_evaluated_in_parts():
    x, sizes = torch.randint(2, (1201, 4), generator=torch.Generator().manual_seed(0)), []

    class Small(FVSBN):
        def forward(self, x):
            sizes.append(len(x))
            return super().forward(x)

    model = Small((4,), 2)
    history = fit(model, x, x[:700], steps=1, check_every=1)
    assert sizes == [500, 500, 201, 500, 200, 100, 500, 500, 201, 500, 200]
    assert history.train[1] == pytest.approx(nll(model.log_prob(x).detach()), abs=1e-12)


def test_weights_decay_apart_from_the_step():
    """AdamW: after one update they differ by lr * weight_decay * what they were, whatever the gradient."""
    x, after = torch.ones(50, 4, dtype=torch.int64), []
    before = randomise(FVSBN((4,), 2)).weight.detach().clone()
    for decay in (0.0, 0.5):
        model = randomise(FVSBN((4,), 2))
        fit(model, x, x, steps=1, batch_size=50, lr=0.01, weight_decay=decay)
        after.append(model.weight.detach())
    assert not torch.equal(after[0], before)
    assert torch.allclose(after[0] - after[1], 0.01 * 0.5 * before, rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="weight_decay: got -1, wanted a number of at least 0"):
        fit(model, x, x, batch_size=50, weight_decay=-1)


@pytest.mark.parametrize(
    ("steps", "check_every", "checked"), [(30, 50, [0, 30]), (7, 3, [0, 3, 6, 7]), (6, 3, [0, 3, 6])]
)
def test_the_last_update_is_checked_too(steps, check_every, checked):
    """Else what was learnt since the last check would be thrown away with it."""
    x = torch.ones(50, 4, dtype=torch.int64)
    model = FVSBN((4,), 2)
    history = fit(model, x, x, steps=steps, batch_size=50, check_every=check_every)
    assert history.step == checked
    assert nll(model.log_prob(x).detach()) == pytest.approx(history.valid[-1]) and history.valid[-1] < history.valid[0]


@pytest.mark.parametrize("option", ["steps", "batch_size", "check_every", "patience", "lr"])
def test_a_number_that_is_not_positive_is_named(option):
    x = torch.zeros(5, 4, dtype=torch.int64)
    with pytest.raises(ValueError, match=f"{option}: got 0, wanted a positive"):
        fit(FVSBN((4,), 2), x, x, **{option: 0})


def test_a_loss_that_is_not_finite_stops_at_once():
    x = torch.randint(2, (50, 4), generator=torch.Generator().manual_seed(0))
    says = (
        r"the loss is nan at update 1, on 50 of 50 examples .* not finite: bias, weight; a smaller lr than 1e\+308 may"
    )
    with pytest.raises(FloatingPointError, match=says):
        fit(FVSBN((4,), 2), x, x, batch_size=50, lr=1e308)


def test_bad_examples_are_named():
    x = torch.zeros(5, 4, dtype=torch.int64)
    with pytest.raises(ValueError, match=r"train: got shape \(5, 3\)"):
        fit(FVSBN((4,), 2), x[:, :3], x)
    with pytest.raises(ValueError, match="valid: got an empty batch"):
        fit(FVSBN((4,), 2), x, x[:0])


def test_a_prediction_of_nan_is_named_with_its_update():
    model = FVSBN((4,), 2)
    model.bias.data[0] = float("nan")
    x = torch.zeros(50, 4, dtype=torch.int64)
    with pytest.raises(FloatingPointError, match="the loss is nan after 0 updates"):
        fit(model, x, x, batch_size=50)


def test_the_examples_that_a_model_rules_out_are_named():
    """One value of one example has probability zero; all parameters are fine."""

    class Sure(FVSBN):
        def forward(self, x):
            logits = super().forward(x).clone()
            logits[:, 3, 1] = -torch.inf
            return logits

    x = torch.zeros(50, 4, dtype=torch.int64)
    x[17, 3] = 1
    says = (
        r"the loss is inf at update \d+, on \d of 40 examples of the batch \(in train: 17.*; all parameters are finite"
    )
    with pytest.raises(FloatingPointError, match=says):
        fit(Sure((4,), 2), x, x[:10], batch_size=40)


def bits(n: int = 60, dims: int = 5) -> torch.Tensor:
    return torch.randint(2, (n, dims), generator=torch.Generator().manual_seed(0))


def weights(model) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "momentum": partial(torch.optim.SGD, momentum=0.9, nesterov=True),
    "adam": torch.optim.Adam,
    "rmsprop": torch.optim.RMSprop,
    "lbfgs": partial(torch.optim.LBFGS, max_iter=4),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_any_of_torchs_optimizers_climbs(name):
    x, model = bits(), FVSBN((5,), 2)
    history = fit(model, x, x, optimizer=OPTIMIZERS[name], lr=0.1, steps=30, batch_size=60)
    assert history.train[-1] < history.train[0] - 0.05


def test_plain_gradient_ascent_by_hand():
    """One update of SGD on the whole set is a step along the gradient of the mean log-probability."""
    x, model = bits(), randomise(FVSBN((5,), 2))
    by_hand = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(3)
    batch = x[torch.randint(60, (20,), generator=torch.Generator().manual_seed(3))]
    fit(model, x, x, optimizer=torch.optim.SGD, lr=0.1, steps=1, batch_size=20, generator=generator, patience=None)
    gradient = torch.autograd.grad(by_hand.log_prob(batch).mean(), list(by_hand.parameters()))
    after = weights(by_hand) + 0.1 * torch.cat([g.flatten() for g in gradient])
    assert torch.allclose(weights(model), after, rtol=0, atol=1e-6)


def test_an_optimizer_without_weight_decay_is_not_told_of_it():
    with pytest.raises(ValueError, match=r"weight_decay: got 0\.1, wanted 0: LBFGS has no such option"):
        fit(FVSBN((5,), 2), bits(), bits(), optimizer=torch.optim.LBFGS, weight_decay=0.1, batch_size=60)


def test_a_schedule_moves_the_step_size():
    """With a step size of 0 from the third update on, nothing moves any more."""
    x, ends = bits(), {}
    for steps, schedule in [
        (3, None),
        (9, lambda o: torch.optim.lr_scheduler.MultiStepLR(o, [3], gamma=0.0)),
        (9, None),
    ]:
        model = FVSBN((5,), 2)
        fit(
            model, x, x, optimizer=torch.optim.SGD, lr=0.1, steps=steps, schedule=schedule, batch_size=60, check_every=9
        )
        ends[steps, schedule is None] = weights(model)
    assert torch.equal(ends[3, True], ends[9, False]) and not torch.equal(ends[3, True], ends[9, True])


def test_a_schedule_may_follow_the_validation_loss():
    x, rates = bits(), []
    plateau = partial(
        torch.optim.lr_scheduler.ReduceLROnPlateau, factor=0.5, patience=0, threshold=1e9, threshold_mode="abs"
    )

    class Watched(torch.optim.SGD):
        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    fit(FVSBN((5,), 2), x, x, optimizer=Watched, lr=0.8, schedule=plateau, steps=5, batch_size=60, check_every=2)
    assert rates == [0.8, 0.8, 0.4, 0.4, 0.2]  # the first check sets the mark, each later one halves
    rates.clear()  # what gets better on train gets worse on its opposite, and only that counts
    better, opposite = torch.ones_like(x), torch.zeros_like(x)
    plateau = partial(torch.optim.lr_scheduler.ReduceLROnPlateau, factor=0.5, patience=0)
    fit(
        FVSBN((5,), 2),
        better,
        opposite,
        optimizer=Watched,
        lr=0.8,
        schedule=plateau,
        steps=5,
        batch_size=60,
        check_every=2,
    )
    assert rates == [0.8, 0.8, 0.4, 0.4, 0.2]


def test_long_gradients_are_cut():
    """SGD with step size 1 then moves the weights by exactly the allowed length."""
    x = torch.ones(50, 4, dtype=torch.int64)
    for clip, moved in ((0.01, 0.01), (None, None)):
        model = FVSBN((4,), 2)
        fit(model, x, x, optimizer=torch.optim.SGD, lr=1.0, clip=clip, steps=1, batch_size=50)
        assert (weights(model).norm().item() == pytest.approx(0.01, rel=1e-4)) == (moved is not None)


def test_half_precision_learns_the_same():
    x, ends = bits(), []
    for precision in (None, torch.bfloat16):
        torch.manual_seed(0)
        model = MADE((5,), 2, hidden=(16,)).float()  # float64 is never lowered
        history = fit(model, x, x, steps=60, batch_size=60, precision=precision)
        assert all(p.dtype == torch.float32 for p in model.parameters())
        ends.append(history.train[-1])
    assert ends[0] == pytest.approx(ends[1], abs=0.05) and ends[0] != ends[1]


def test_without_patience_it_goes_to_the_end():
    x = bits()
    history = fit(FVSBN((5,), 2), x[:20], 1 - x[20:], lr=0.1, steps=200, batch_size=20, check_every=10, patience=None)
    assert history.step[-1] == 200 and history.best < 10


def test_each_check_is_told():
    x, seen = bits(), []

    class Enough(Exception):
        pass

    def look(history):
        seen.append((history.step[-1], len(history.valid)))
        if history.step[-1] == 20:
            raise Enough

    with pytest.raises(Enough):
        fit(FVSBN((5,), 2), x, x, steps=100, batch_size=60, check_every=10, on_check=look)
    assert seen == [(0, 1), (10, 2), (20, 3)]


def test_a_bar_shows_nats_and_bits(capsys):
    x = bits()
    fit(FVSBN((5,), 2), x, x, steps=4, batch_size=60, progress=True)
    shown = capsys.readouterr().err
    assert "4/4" in shown and "nats" in shown and "bits/dim" in shown
    fit(FVSBN((5,), 2), x, x, steps=4, batch_size=60)
    assert capsys.readouterr().err == ""


def test_tensorboard_reads_the_curves(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    x = bits()
    history = fit(FVSBN((5,), 2), x, x, steps=20, check_every=10, batch_size=60, on_check=to_tensorboard(tmp_path))
    events = EventAccumulator(str(tmp_path)).Reload()
    for name in ("train", "valid"):
        scalars = events.Scalars(f"nats/{name}")
        assert [s.step for s in scalars] == history.step
        assert [s.value for s in scalars] == pytest.approx(getattr(history, name))


def test_a_model_with_classes_learns_each():
    """Class k of three has k ones among three pixels; the model must use what it is told."""
    cond = torch.arange(60) % 3
    x = (torch.arange(3) < cond[:, None]).long().reshape(60, 1, 1, 3)
    torch.manual_seed(0)
    model = PixelCNN((1, 1, 3), 2, hidden=4, layers=1, classes=3)
    history = fit(model, (x, cond), (x, cond), steps=200, lr=0.05, batch_size=60)
    assert history.valid[-1] < 0.1  # without the classes, the best is log 3
    with pytest.raises(ValueError, match="train: got 1 tensors, wanted a pair of examples and their classes"):
        fit(model, x, (x, cond))
    with pytest.raises(ValueError, match="valid: got 2 tensors, wanted examples alone"):
        fit(FVSBN((1, 1, 3), 2), x, (x, cond))
    with pytest.raises(ValueError, match=r"cond: got values 0\.\.3"):
        fit(model, (x, cond + (cond == 2)), (x, cond))


def test_a_large_set_is_checked_on_examples_spread_evenly():
    x, sizes = torch.arange(1000)[:, None].repeat(1, 2) % 7, []

    class Small(FVSBN):
        def log_prob(self, x):
            sizes.append(len(x))
            return super().log_prob(x)

    model = randomise(Small((2,), 7))
    each = model.log_prob(x).detach()
    history = fit(model, x, x[:99], steps=1, lr=1e-12, check_at_most=100)
    assert sizes[:3] == [1000, 100, 99]
    assert history.train[0] == pytest.approx(-each[spread(1000, 100)].mean().item())
    assert history.train[0] != pytest.approx(-each.mean().item())


@pytest.mark.parametrize(("n", "at_most"), [(10, 10), (10_001, 10_000), (60, 59), (1000, 7), (5, 1), (3, 10)])
def test_what_is_spread_evenly(n, at_most):
    places = spread(n, at_most)
    assert len(places) == min(n, at_most) and places[0] == 0
    steps = places.diff()
    assert (steps >= 1).all() and (len(steps) == 0 or steps.max() - steps.min() <= 1)
    assert len(places) == 1 or places[-1] == n - 1


def test_fewer_examples_than_a_batch_are_refused():
    with pytest.raises(ValueError, match="batch_size: got 61, wanted at most the 60 examples of train"):
        fit(FVSBN((5,), 2), bits(), bits(), batch_size=61)


LARGE = """
import resource, sys, torch
from dgmlib.models import FVSBN
from dgmlib.train import fit
n = 2**30 // 64
x = torch.from_file(sys.argv[1], shared=True, size=n * 64, dtype=torch.uint8).view(n, 64)
used = int([l for l in open("/proc/self/status") if l.startswith("VmData")][0].split()[1]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (used + 2**28, -1))
try:
    x.clone()
except RuntimeError as error:
    print("too large for memory")
print(fit(FVSBN((64,), 2), x, x[-1000:], steps=3).step)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="limits memory by Linux's means")
def test_data_larger_than_memory_are_read_from_their_file(tmp_path):
    """A file of 1 GiB (of holes), in a process that may use a quarter of that."""
    with open(tmp_path / "events", "wb") as file:
        file.truncate(2**30)
    done = subprocess.run([sys.executable, "-c", LARGE, tmp_path / "events"], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["too large for memory", "[0, 3]"], done.stderr


def test_windows_of_a_text_need_no_copies():
    text = torch.randint(3, (500,), generator=torch.Generator().manual_seed(0))
    windows, ends = text.unfold(0, 8, 1), []
    for x in (windows, windows.clone()):
        model = FVSBN((8,), 3)
        fit(model, x, x, steps=5)
        ends.append(weights(model))
    assert torch.equal(*ends) and windows.untyped_storage().nbytes() == 500 * 8


class Fat(FVSBN):
    """As on a device that has memory for so many examples in training."""

    room = 0

    def forward(self, x):
        if self.training and len(x) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return super().forward(x)


class Scarce(FVSBN):
    """As on a device that has memory for 40 examples at once: what a failed batch took must be let go."""

    taken = []  # noqa: RUF012, weak references to what passes have taken

    def forward(self, x):
        if self.training:
            rows = sum(len(taken) for reference in self.taken if (taken := reference()) is not None)
            mine = x.float()
            self.taken.append(weakref.ref(mine))
            if rows + len(x) > 40:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return super().forward(x) + 0 * mine.sum()
        return super().forward(x)


def test_a_batch_that_failed_takes_no_memory_while_a_smaller_one_is_sought():
    Scarce.taken.clear()
    with pytest.raises(MemoryError, match="60 examples don't fit into memory, and 30 do"):
        fit(Scarce((5,), 2), bits(), bits(), batch_size=60)


@pytest.mark.parametrize(
    ("room", "says"),
    [(20, "batch_size: 60 examples don't fit into memory, and 15 do"), (0, "nor does a single one: wanted a smaller")],
)
def test_what_fits_into_memory_is_said(room, says):
    model = Fat((5,), 2)
    model.room = room
    with pytest.raises(MemoryError, match=says):
        fit(model, bits(), bits(), batch_size=60)


def test_sets_that_do_not_fit_are_evaluated_in_smaller_parts():
    class Small(FVSBN):
        def forward(self, x):
            if not self.training and len(x) > 7:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return super().forward(x)

    x = bits()
    small, large = Small((5,), 2), FVSBN((5,), 2)
    losses = [fit(model, x, x, steps=3, batch_size=60).valid for model in (small, large)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)


@pytest.mark.parametrize("name", ["tpu", "cuda:999", "meta", ""])
def test_a_device_that_is_not_there_is_named(name):
    with pytest.raises(ValueError, match=f"device: got '{name}', wanted one that is here: cpu"):
        choose_device(name)


@pytest.mark.parametrize(
    ("option", "number"),
    [("lr", float("nan")), ("lr", -1), ("lr", "0.1"), ("lr", None), ("clip", 0), ("save_every", -1), ("patience", 0)],
)
def test_a_number_out_of_its_range_is_named(option, number):
    with pytest.raises(ValueError, match=f"{option}: got {number!r}, wanted"):
        fit(FVSBN((5,), 2), bits(), bits(), **{option: number})


def frozen():
    return FVSBN((5,), 2).requires_grad_(False)


@pytest.mark.parametrize(
    ("model", "options", "says"),
    [
        (None, {}, "model: got NoneType, wanted an AutoregressiveModel"),
        (frozen, {}, "model: got a FVSBN whose weights are all frozen"),
        (FVSBN, {"optimizer": "adam"}, "optimizer: got 'adam', wanted what makes one, such as torch.optim.AdamW"),
        (FVSBN, {"optimizer": torch.optim.Adam([torch.zeros(1)])}, "optimizer: got Adam, wanted what makes one"),
        (FVSBN, {"schedule": "cosine"}, "schedule: got 'cosine', wanted what makes one, such as functools.partial"),
        (FVSBN, {"precision": "bfloat16"}, "precision: got 'bfloat16', wanted None or torch.bfloat16"),
        (FVSBN, {"precision": torch.float16}, "precision: got torch.float16, wanted None"),
        (FVSBN, {"generator": 0}, "generator: got 0, wanted a torch.Generator"),
        (FVSBN, {"optimizer": partial(torch.optim.AdamW, weight_decay=0.1)}, "optimizer: got one with weight_decay of"),
        (FVSBN, {"optimizer": partial(torch.optim.SGD, lr=1)}, "optimizer: got one with lr of its own"),
    ],
)
def test_what_is_no_tool_is_named(model, options, says):
    model = model((5,), 2) if model is FVSBN else model and model()
    with pytest.raises(ValueError, match=says):
        fit(model, bits(), bits(), **{"batch_size": 60} | options)


@pytest.mark.parametrize("data", [[], (), (1, 2, 3)])
def test_sets_of_another_number_of_tensors_are_named(data):
    with pytest.raises(ValueError, match=f"train: got {len(data)} tensors, wanted examples alone"):
        fit(FVSBN((5,), 2), data, bits())


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_whatever_ends_a_run_the_best_weights_are_there(error):
    x, model, best = bits(), MADE((5,), 2, hidden=(8,), dropout=0.5), []

    def interrupt(history):
        best[:] = history.valid
        if len(history.step) == 6:
            raise error

    with pytest.raises(error):
        fit(
            model,
            x[:20],
            1 - x[20:],
            lr=0.3,
            steps=500,
            batch_size=20,
            check_every=5,
            patience=None,
            on_check=interrupt,
        )
    assert not model.training and best[-1] > min(best)
    assert nll(model.log_prob(1 - x[20:]).detach()) == pytest.approx(min(best))


def test_the_first_of_equal_checks_is_the_best():
    assert History([0, 1, 2], [3.0, 2.0, 1.0], [2.0, 2.0, 3.0]).best == 0
    with pytest.raises(ValueError, match="valid: got no check"):
        _ = History().best


def test_a_trained_model_is_ready_to_predict():
    model = MADE((5,), 2, hidden=(8,), dropout=0.5)
    fit(model, bits(), bits(), steps=3, batch_size=60)
    assert not model.training
