"""Folds keep what is judged apart; models trained as one become what they become one by one."""

import copy
import sys
from functools import partial

import pytest
import torch
from oracles import randomise
from torch import nn

from dgmlib.likelihood import nll
from dgmlib.model import AutoregressiveModel
from dgmlib.models import FVSBN, MADE, NADE, RNADE, RNN, GatedPixelCNN, OrderEnsemble, Table, Transformer
from dgmlib.train import fit
from dgmlib.validation import (
    CrossValidation,
    cross_validate,
    fit_together,
    hold_out,
    k_fold,
    nested,
    why_not_together,
)


def numbers(*parts):
    return sorted(i for part in parts for i in part.tolist())


def draw(n, *shape, values=2, seed=1):
    return torch.randint(values, (n, *shape), generator=torch.Generator().manual_seed(seed))


# Folds


@pytest.mark.parametrize(("n", "k"), [(10, 2), (11, 3), (7, 7)])
def test_folds_share_all_examples_out_and_hold_each_out_once(n, k):
    folds = k_fold(n, k)
    assert len(folds) == k and numbers(*(valid for _, valid in folds)) == list(range(n))
    assert all(numbers(*fold) == list(range(n)) for fold in folds)
    assert max(len(v) for _, v in folds) - min(len(v) for _, v in folds) <= 1
    assert folds[0][0].dtype == torch.int64


def test_a_hold_out_shares_all_examples_out():
    train, valid = hold_out(10, 0.3)
    assert numbers(train, valid) == list(range(10)) and len(valid) == 3


def test_folds_are_drawn_at_random_and_again_by_their_seed():
    assert torch.equal(k_fold(50, 5, seed=3)[0][1], k_fold(50, 5, seed=3)[0][1])
    assert not torch.equal(k_fold(50, 5, seed=3)[0][1], k_fold(50, 5, seed=4)[0][1])
    assert k_fold(50, 5)[0][1].tolist() != list(range(10)), (
        "in blocks: data that are sorted would be judged by strangers"
    )
    assert not torch.equal(hold_out(50, seed=3)[1], hold_out(50, seed=4)[1])


GROUPS = torch.tensor([3, 3, 0, 1, 1, 1, 0, 2, 4, 4, 5, 2])


def shared(groups, *parts):
    """Groups that have examples in two of the parts."""
    found = [set(groups[part].tolist()) for part in parts]
    return {g for i, a in enumerate(found) for b in found[:i] for g in a & b}


def test_no_group_stands_on_both_sides():
    folds = k_fold(12, 3, groups=GROUPS)
    assert not any(shared(GROUPS, *fold) for fold in folds)
    assert numbers(*(valid for _, valid in folds)) == list(range(12))
    assert not shared(GROUPS, *hold_out(12, 0.3, groups=GROUPS))
    assert not any(shared(GROUPS, *fold) for fold in k_fold(12, 3, stop=0.3, groups=GROUPS))
    names = [f"writer {g}" for g in GROUPS.tolist()]
    assert [f[1].tolist() for f in k_fold(12, 3, groups=names)] == [f[1].tolist() for f in folds]


def test_folds_without_groups_tear_groups_apart():
    """What the law above must find."""
    assert any(shared(GROUPS, *fold) for fold in k_fold(12, 3))
    assert shared(GROUPS, *hold_out(12, 0.3))


@pytest.mark.parametrize("groups", [None, GROUPS])
def test_inner_folds_never_touch_the_outer_test(groups):
    found = nested(12, 3, 2, groups=groups)
    assert len(found) == 3 and numbers(*(outer.test for outer in found)) == list(range(12))
    for outer in found:
        assert numbers(outer.rest, outer.test) == list(range(12))
        assert len(outer.folds) == 2
        for train, valid in outer.folds:
            assert numbers(train, valid) == outer.rest.tolist()
            if groups is not None:
                assert not shared(groups, train, valid, outer.test)
    wrong = k_fold(12, 2)  # not of the rest, but of all: it must be seen
    assert set(numbers(*wrong[0])) & set(found[0].test.tolist())


def test_a_part_to_stop_by_is_taken_from_what_is_learnt_from():
    plain, folds = k_fold(20, 4), k_fold(20, 4, stop=0.2)
    for (rest, valid), (train, stop, test) in zip(plain, folds, strict=True):
        assert torch.equal(test, valid) and numbers(train, stop) == rest.tolist() and len(stop) == 3


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: k_fold(4, 5), "k: got 5, wanted at most the number of examples, 4"),
        (lambda: k_fold(12, 7, groups=GROUPS), "k: got 7, wanted at most the number of groups, 6"),
        (lambda: k_fold(4, 1), "k: got 1, wanted an integer of at least 2"),
        (lambda: k_fold(0, 2), "n: got 0, wanted an integer of at least 2"),
        (lambda: k_fold(4, 2, groups=[1, 1, 1, 1]), "groups: got one group, wanted at least 2"),
        (lambda: k_fold(4, 2, groups=[1, 2]), r"groups: got shape \(2,\), wanted \(4,\)"),
        (lambda: k_fold(3, 2, groups=[1.0, float("nan"), 2.0]), "groups: got NaN at index 1"),
        (lambda: k_fold(4, 2, seed=-1), "seed: got -1, wanted an integer of at least 0"),
        (lambda: hold_out(10, 1.0), "fraction: got 1.0, wanted a number between 0 and 1"),
        (lambda: hold_out(10, True), "fraction: got True"),
        (lambda: hold_out(2, 0.9), "fraction: got 0.9 of 2 examples, wanted some on either side"),
        (lambda: hold_out(3, 0.9, groups=[1, 1, 2]), "fraction: got 0.9 of 2 groups"),
        (lambda: nested(4, 2, 3), "k: got 3, wanted at most the number of examples, 2"),
    ],
)
def test_what_can_not_be_split_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_without_scikit_learn_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r'scikit-learn is not installed: pip install "dgmlib\[train\]"'):
        k_fold(4, 2)


# Together


def alone(models, trains, valids, generators=None, **options):
    generators = generators or [None] * len(models)
    return [fit(*parts, generator=g, **options) for *parts, g in zip(models, trains, valids, generators, strict=True)]


def differences(models, others, histories, other_histories):
    """The largest differences of weights and of losses; steps must be the same."""
    assert [h.step for h in histories] == [h.step for h in other_histories]
    weights = [
        (p - q).abs().max().item()
        for m, o in zip(models, others, strict=True)
        for p, q in zip(m.parameters(), o.parameters(), strict=True)
    ]
    losses = [
        abs(a - b)
        for h, o in zip(histories, other_histories, strict=True)
        for a, b in zip(h.train + h.valid, o.train + o.valid, strict=True)
    ]
    return max(weights), max(losses)


FAMILIES = {
    "FVSBN": lambda: FVSBN((6,), 2),
    "FVSBN, three values": lambda: FVSBN((6,), 3),
    "MADE": lambda: MADE((6,), 2, hidden=(8, 5)),
    "NADE": lambda: NADE((6,), 3, hidden=4),
    "Table": lambda: Table((6,), 2, memory=2),
    "Transformer": lambda: Transformer((6,), 3, width=8, layers=1, heads=2),
    "rotary Transformer": lambda: Transformer((6,), 2, width=8, layers=2, heads=2, positions="rotary"),
    "RNADE": lambda: RNADE((6,), hidden=4),
    "GatedPixelCNN with classes": lambda: GatedPixelCNN((1, 2, 3), 2, hidden=4, layers=2, classes=3),
}


def learnable(n, *shape, values=2):
    """Examples whose variables nearly always agree with the first."""
    x, first = draw(n, *shape, values=values), draw(n, *[1] * len(shape), values=values, seed=2)
    return torch.where(draw(n, *shape, values=10, seed=3) > 0, first, x)


def sets_for(model):
    if model.values is None:
        x = torch.randn(60, *model.event_shape, generator=torch.Generator().manual_seed(1)) / 2 + 1
    else:
        x = learnable(60, *model.event_shape, values=model.values)
    trains, valids = [x[:40], x[10:55], x[5:50]], [x[40:], x[:10], x[50:]]
    if model.classes is not None:
        trains, valids = ([(part, draw(len(part), values=model.classes)) for part in side] for side in (trains, valids))
    return trains, valids


@pytest.mark.parametrize("name", FAMILIES)
def test_models_trained_together_become_what_they_become_alone(name):
    models = [FAMILIES[name]() for _ in range(3)]
    others, sets = copy.deepcopy(models), sets_for(models[0])
    options = {"steps": 30, "batch_size": 20, "check_every": 7, "lr": 0.02}
    one, other = alone(models, *sets, **options), fit_together(others, *sets, **options)
    weights, losses = differences(models, others, one, other)
    assert weights < 1e-7 and losses < 1e-7  # Adam makes much of a gradient that is nothing but rounding
    assert min(one[0].valid) < one[0].valid[0], "nothing was learnt: the weights would be equal anyway"
    assert not any(m.training for m in others)


def test_in_single_precision_they_differ_by_rounding():
    torch.set_default_dtype(torch.float32)
    models = [MADE((6,), 2, hidden=(8,)) for _ in range(3)]
    others, sets = copy.deepcopy(models), sets_for(models[0])
    options = {"steps": 60, "batch_size": 20, "check_every": 20}
    weights, losses = differences(
        models, others, alone(models, *sets, **options), fit_together(others, *sets, **options)
    )
    assert weights < 1e-5 and losses < 1e-5


@pytest.mark.parametrize("optimizer", [torch.optim.AdamW, torch.optim.SGD])
def test_each_stops_when_its_own_patience_ends(optimizer):
    """And goes on, with what its optimizer remembers, when others have stopped."""
    models = [FVSBN((6,), 2) for _ in range(4)]
    others, (trains, valids) = copy.deepcopy(models), sets_for(models[0])
    trains, valids = [*trains, trains[0]], [*valids, trains[0]]
    lr = 0.03 if optimizer is torch.optim.AdamW else 1.0
    options = {"steps": 400, "batch_size": 20, "check_every": 5, "patience": 3, "lr": lr, "optimizer": optimizer}
    first, second = ([torch.Generator().manual_seed(s) for s in range(4)] for _ in range(2))
    one = alone(models, trains, valids, first, **options)
    other = fit_together(others, trains, valids, generators=second, **options)
    lengths = [len(h.step) for h in one]
    assert len(set(lengths)) >= 3 and sorted(lengths)[1] * 1.2 < max(lengths), f"they stop alike: {lengths}"
    weights, losses = differences(models, others, one, other)
    assert weights < 1e-9 and losses < 1e-9
    assert all(torch.equal(a.get_state(), b.get_state()) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize(
    "options",
    [
        {"clip": 0.1},
        {"weight_decay": 0.3},
        {"optimizer": torch.optim.SGD},
        {"optimizer": partial(torch.optim.SGD, momentum=0.9, nesterov=True)},
        {"optimizer": partial(torch.optim.Adam, amsgrad=True)},
        {"optimizer": torch.optim.RMSprop},
        {"optimizer": torch.optim.Adagrad},
        {"optimizer": torch.optim.Adadelta, "lr": 1.0},
        {"optimizer": torch.optim.Adamax},
        {"optimizer": torch.optim.NAdam},
        {"optimizer": torch.optim.RAdam},
        {"schedule": partial(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=30)},
        {"check_at_most": 7},
        {"patience": None},
        {"batch_size": 40},
        {"check_every": 4, "steps": 30},
    ],
    ids=lambda o: ", ".join(f"{k}={getattr(v, '__name__', v)}" for k, v in o.items())[:40],
)
def test_every_option_means_what_it_means_alone(options):
    models = [randomise(MADE((6,), 2, hidden=(8,)), 0.5, seed) for seed in range(3)]
    others, sets = copy.deepcopy(models), sets_for(models[0])
    options = {"steps": 24, "batch_size": 20, "check_every": 6} | options
    plain = copy.deepcopy(models)
    one, other = alone(models, *sets, **options), fit_together(others, *sets, **options)
    weights, losses = differences(models, others, one, other)
    assert weights < 1e-9 and losses < 1e-9
    assert not torch.equal(models[0].head.weight, plain[0].head.weight)


def test_generators_are_used_as_alone():
    models = [FVSBN((6,), 2) for _ in range(3)]
    others, sets = copy.deepcopy(models), sets_for(models[0])
    options = {"steps": 25, "batch_size": 20, "check_every": 10, "patience": None}
    first, second = ([torch.Generator().manual_seed(s) for s in (5, 6, 7)] for _ in range(2))
    one = alone(models, *sets, first, **options)
    other = fit_together(others, *sets, generators=second, **options)
    assert max(differences(models, others, one, other)) < 1e-9
    assert all(torch.equal(a.get_state(), b.get_state()) for a, b in zip(first, second, strict=True))
    wrong = copy.deepcopy(others)
    assert differences(models, wrong, one, fit_together(wrong, *sets, **options))[0] > 1e-3, "generators play no part"


def test_histories_are_shown_at_each_check():
    seen, sets = [], sets_for(FVSBN((6,), 2))

    def stop(histories):
        seen.append([len(h.step) for h in histories])
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_together([FVSBN((6,), 2) for _ in range(3)], *sets, batch_size=20, on_check=stop)
    assert seen == [[1, 1, 1], [2, 2, 2]]


class Forgetful(FVSBN):
    """Normalises by the batch, so that its buffers move."""

    def __init__(self, event_shape, values=2):
        super().__init__(event_shape, values)
        self.norm = nn.BatchNorm1d(self.dims)

    def forward(self, x):
        return super().forward(x) + self.norm(x.to(self.weight))[..., None]


def frozen():
    model = FVSBN((6,), 2)
    model.bias.requires_grad_(False)
    return model


@pytest.mark.parametrize(
    ("make", "options", "says"),
    [
        (lambda: RNN((6,), 2, hidden=4), {}, "torch's recurrent layers take one set of weights at a time"),
        (lambda: MADE((6,), 2, hidden=(4,), dropout=0.1), {}, "vmap can't follow their log_prob: .*random"),
        (lambda: Transformer((6,), 2, width=4, heads=1, dropout=0.1), {}, "vmap can't follow their log_prob: .*random"),
        (lambda: OrderEnsemble((6,), 2, hidden=(4,)), {}, "vmap can't follow their log_prob"),
        (lambda: Forgetful((6,), 2), {}, "vmap can't follow their log_prob"),
        (frozen, {}, "some weights of model 0 are frozen"),
        (lambda: FVSBN((6,), 2), {"optimizer": torch.optim.LBFGS}, "the optimizer LBFGS is none of Adam, AdamW, SGD"),
        (lambda: FVSBN((6,), 2), {"schedule": torch.optim.lr_scheduler.ReduceLROnPlateau}, "a step size for each"),
    ],
)
def test_what_can_not_go_together_is_refused_and_says_why(make, options, says):
    models = [make() for _ in range(3)]
    before = [m.fingerprint() for m in models]
    with pytest.raises(ValueError, match=f"models: these can't be trained together: .*{says}"):
        fit_together(models, *sets_for(models[0]), batch_size=10, **options)
    assert [m.fingerprint() for m in models] == before


def test_models_of_other_architectures_are_refused():
    first, second = MADE((6,), 2, hidden=(8,)), MADE((6,), 2, hidden=(8,), activation="sigmoid")
    assert why_not_together([first, second]) == "model 1 is not made like model 0"
    backwards = MADE((6,), 2, hidden=(8,), order=torch.arange(5, -1, -1))
    assert "model 1 " in why_not_together([first, backwards])
    loaded = copy.deepcopy(first)
    loaded.load_state_dict(backwards.state_dict())
    assert "model 1 has other buffers" in why_not_together([first, loaded])
    assert why_not_together([first, first]) == "they share weights"


def test_bad_input_is_named():
    models, (trains, valids) = [FVSBN((6,), 2) for _ in range(3)], sets_for(FVSBN((6,), 2))
    nan = torch.full((20, 6), float("nan"))
    cases = [
        (([], [], []), {}, "models: got 0 of them"),
        ((models, trains[:2], valids), {}, "models: got 3 of them, 2 trains and 3 valids"),
        ((models, [trains[0], trains[1][:0], trains[2]], valids), {}, r"trains\[1\]: got an empty batch"),
        ((models, trains, [valids[0], valids[1], valids[2][:, :5]]), {}, r"valids\[2\]: got shape \(10, 5\)"),
        ((models, trains, valids), {"batch_size": 41}, r"batch_size: got 41, wanted at most the 40 .* of trains\[0\]"),
        ((models, trains, valids), {"steps": 0}, "steps: got 0"),
        ((models, trains, valids), {"patience": 0}, "patience: got 0"),
        ((models, trains, valids), {"lr": 0}, "lr: got 0"),
        ((models, trains, valids), {"clip": -1.0}, "clip: got -1.0"),
        ((models, trains, valids), {"weight_decay": -1}, "weight_decay: got -1"),
        ((models, trains, valids), {"generators": [torch.Generator()]}, "generators: got 1, wanted one for each of 3"),
        (([RNADE((6,), hidden=4)], [nan], [nan]), {}, r"trains\[0\]: got NaN or infinity"),
    ]
    for args, options, says in cases:
        with pytest.raises(ValueError, match=says):
            fit_together(*args, **{"batch_size": 10, **options})


def test_a_loss_that_is_not_finite_is_named_with_its_model():
    models, sets = [FVSBN((6,), 2) for _ in range(3)], sets_for(FVSBN((6,), 2))
    with pytest.raises(
        FloatingPointError, match=r"the loss of model 0 is (nan|inf) at update 1: a smaller lr than 1e\+308"
    ):
        fit_together(models, *sets, batch_size=10, lr=1e308)
    models[1].bias.data[0] = float("nan")
    with pytest.raises(FloatingPointError, match="the loss of model 1 is nan after 0 updates"):
        fit_together(models, *sets, batch_size=10)


def test_an_impossible_value_has_no_weight_in_the_gradient():
    """Logits of minus infinity are no reason to stop as long as nothing impossible comes."""
    p = torch.tensor([[0.5, 0.0], [0.25, 0.25]])
    models, x = [Table.from_joint(p) for _ in range(2)], torch.tensor([[0, 0], [1, 0], [1, 1], [0, 0]])
    histories = fit_together(models, [x, x], [x, x], steps=3, batch_size=4, check_every=1)
    assert all(torch.tensor(h.train).isfinite().all() for h in histories)
    impossible = torch.tensor([[0, 1]] * 4)
    with pytest.raises(FloatingPointError, match="the loss of model 1 is inf at update 0"):
        fit_together([Table.from_joint(p) for _ in range(2)], [x, impossible], [x, x], batch_size=4)


# Cross-validation


@pytest.mark.parametrize("stop", [0.0, 0.2])
def test_together_or_one_after_another_is_the_same(stop):
    x = learnable(60, 6)
    folds = k_fold(60, 4, stop=stop)
    options = {"steps": 40, "batch_size": 10, "check_every": 5, "seed": 3, "lr": 0.05}
    state = torch.get_rng_state()
    found = [
        cross_validate(lambda: NADE((6,), 2, hidden=4), x, folds, together=t, **options) for t in (True, False, None)
    ]
    assert torch.equal(torch.get_rng_state(), state)
    for other in found[1:]:
        assert max(differences(found[0].models, other.models, found[0].histories, other.histories)) < 1e-9
        assert found[0].nats == pytest.approx(other.nats, abs=1e-9)
    for fold, model, history, nats in zip(folds, found[0].models, found[0].histories, found[0].nats, strict=True):
        assert nats == pytest.approx(nll(model.log_prob(x[fold[-1]]).detach()), abs=1e-9)
        assert (nats == pytest.approx(min(history.valid), abs=1e-9)) == (not stop)
    assert not torch.equal(found[0].models[0].weight, found[0].models[1].weight)


def test_what_can_not_go_together_goes_one_after_another():
    x, folds = draw(30, 4), k_fold(30, 3)
    make, options = partial(RNN, (4,), 2, hidden=4), {"steps": 2, "batch_size": 5}
    assert len(cross_validate(make, x, folds, **options).nats) == 3
    with pytest.raises(ValueError, match="can't be trained together"):
        cross_validate(make, x, folds, together=True, **options)
    made = partial(FVSBN, (4,), 2)  # an option that only fit has
    assert len(cross_validate(made, x, folds, precision=torch.bfloat16, **options).nats) == 3


def test_classes_go_with_their_examples():
    cond = draw(60, values=3, seed=5)
    x = (cond[:, None, None, None] > torch.arange(6).view(1, 2, 3) % 3).long()  # what only the class tells
    make = partial(GatedPixelCNN, (1, 2, 3), 2, hidden=8, layers=2, classes=3)
    options = {"steps": 60, "batch_size": 20, "lr": 0.05}
    found = [cross_validate(make, (x, cond), k_fold(60, 3, stop=0.2), together=t, **options) for t in (True, False)]
    assert found[0].nats == pytest.approx(found[1].nats, abs=1e-8)
    strangers = cross_validate(make, (x, cond.roll(1)), k_fold(60, 3, stop=0.2), **options)
    assert found[0].mean < 0.5 < strangers.mean


def test_mean_and_standard_error_are_those_of_the_folds():
    found = CrossValidation([], [], [1.0, 2.0, 6.0])
    assert found.mean == 3 and found.standard_error == pytest.approx((14 / 2 / 3) ** 0.5)


def test_copies_on_both_sides_flatter():
    """Every example is there three times. Shuffled folds let a table learn what it is asked; grouped folds don't."""
    once = draw(40, 8)
    x, groups = once.repeat_interleave(3, 0), torch.arange(40).repeat_interleave(3)
    options = {"steps": 100, "batch_size": 50, "lr": 0.1, "patience": None}

    def score(folds):
        return cross_validate(partial(Table, (8,), 2, memory=5), x, folds, **options).mean

    fresh, models = (
        draw(5000, 8, seed=9),
        cross_validate(partial(Table, (8,), 2, memory=5), x, k_fold(120, 5), **options).models,
    )
    truth = sum(nll(m.log_prob(fresh).detach()) for m in models) / 5
    assert score(k_fold(120, 5)) < 8 * torch.tensor(2.0).log() - 0.5 < truth, "no fair coin can be guessed that well"
    assert score(k_fold(120, 5, groups=groups)) >= 8 * torch.tensor(2.0).log() - 0.01


def test_what_a_model_stopped_by_flatters():
    """On fair coins nothing can be learnt; the best of many checks seems better than that."""
    x, truth = draw(200, 10), 10 * torch.tensor(2.0).log().item()
    options = {"steps": 100, "batch_size": 20, "check_every": 2, "patience": None, "lr": 0.02}
    flattered = cross_validate(partial(FVSBN, (10,), 2), x, k_fold(200, 10), **options)
    honest = cross_validate(partial(FVSBN, (10,), 2), x, k_fold(200, 10, stop=0.1), **options)
    assert flattered.mean < truth and honest.mean > flattered.mean


def test_folds_that_can_not_be_are_named():
    x, make = draw(10, 4), partial(FVSBN, (4,), 2)
    a, b = torch.arange(5), torch.arange(5, 10)
    cases = [
        ([], "folds: got 0"),
        ([(a, b), (a, b[:2], b[2:])], r"folds: got 2 with \[2, 3\] parts"),
        ([(a, b[:0])], r"folds\[0\]: got a part of torch.int64 and shape \(0,\)"),
        ([(a, b.double())], r"folds\[0\]: got a part of torch.float64"),
        ([(a, b + 1)], r"folds\[0\]: got indices 6..10, wanted 0..9"),
        ([(a, torch.tensor([4, 5]))], r"folds\[0\]: got an example in two of its parts"),
    ]
    for folds, says in cases:
        with pytest.raises(ValueError, match=says):
            cross_validate(make, x, folds, batch_size=2)
    with pytest.raises(ValueError, match="generator: got one, wanted seed"):
        cross_validate(make, x, [(a, b)], generator=torch.Generator(), batch_size=2)
    with pytest.raises(ValueError, match=r"x: got values 0\.\.7"):
        cross_validate(make, x * 7, [(a, b)], batch_size=2)
    with pytest.raises(ValueError, match=r"batch_size: got 6, wanted at most the 5 examples"):
        cross_validate(make, x, [(a, b)], batch_size=6)


def test_a_model_that_writes_its_own_log_prob_goes_together():
    class Tempered(FVSBN):
        def log_prob(self, x):
            return super().log_prob(x) + self.bias.sum() * 0.1

    models = [Tempered((6,), 2) for _ in range(3)]
    others, sets = copy.deepcopy(models), sets_for(models[0])
    options = {"steps": 20, "batch_size": 20, "check_every": 7}
    assert Tempered.log_prob is not AutoregressiveModel.log_prob
    assert (
        max(differences(models, others, alone(models, *sets, **options), fit_together(others, *sets, **options))) < 1e-9
    )
