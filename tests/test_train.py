"""The training loop: it climbs, it stops where validation is best, and it says when it can't go on."""

import pytest
import torch
from oracles import randomise

from dgmlib import data
from dgmlib.likelihood import nll
from dgmlib.models import FVSBN, Table
from dgmlib.train import fit


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
        fit(model, x, x, steps=30, generator=torch.Generator().manual_seed(seed))
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
        fit(model, x, x, steps=1, lr=0.01, weight_decay=decay)
        after.append(model.weight.detach())
    assert not torch.equal(after[0], before)
    assert torch.allclose(after[0] - after[1], 0.01 * 0.5 * before, rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="weight_decay: got -1, wanted a number of at least 0"):
        fit(model, x, x, weight_decay=-1)


@pytest.mark.parametrize(
    ("steps", "check_every", "checked"), [(30, 50, [0, 30]), (7, 3, [0, 3, 6, 7]), (6, 3, [0, 3, 6])]
)
def test_the_last_update_is_checked_too(steps, check_every, checked):
    """Else what was learnt since the last check would be thrown away with it."""
    x = torch.ones(50, 4, dtype=torch.int64)
    model = FVSBN((4,), 2)
    history = fit(model, x, x, steps=steps, check_every=check_every)
    assert history.step == checked
    assert nll(model.log_prob(x).detach()) == pytest.approx(history.valid[-1]) and history.valid[-1] < history.valid[0]


@pytest.mark.parametrize("option", ["steps", "batch_size", "check_every", "patience", "lr"])
def test_a_number_that_is_not_positive_is_named(option):
    x = torch.zeros(5, 4, dtype=torch.int64)
    with pytest.raises(ValueError, match=f"{option}: got 0, wanted a positive"):
        fit(FVSBN((4,), 2), x, x, **{option: 0})


def test_a_loss_that_is_not_finite_stops_at_once():
    x = torch.randint(2, (50, 4), generator=torch.Generator().manual_seed(0))
    with pytest.raises(
        FloatingPointError, match=r"the loss is (nan|inf) at update 1: a smaller lr than 1e\+308 may help"
    ):
        fit(FVSBN((4,), 2), x, x, lr=1e308)


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
        fit(model, x, x)
