"""Scores that rise with strangeness, ROC curves that count pairs, and likelihood's failure on data at hand."""

import bz2
import lzma
import math
import re
import sys
import zlib
from statistics import NormalDist

import pytest
import torch
from oracles import randomise
from torch.nn.functional import pad

from dgmlib import anomaly, data
from dgmlib.anomaly import (
    Scores,
    code_length,
    likelihood_ratio,
    mutate,
    per_dim,
    roc,
    scores,
    surprisal,
    threshold,
    typicality,
    typicality_test,
)
from dgmlib.likelihood import bits_per_dim, to_bits
from dgmlib.models import FVSBN, NADE, RNADE, PixelCNN, Table, Transformer
from dgmlib.train import fit


def seed(number=0):
    return torch.Generator().manual_seed(number)


def normal(n, mean=0.0, number=0):
    return mean + torch.randn(n, generator=seed(number), dtype=torch.float64)


def pairs(inside, outside):
    """Mann and Whitney's count, as a share: one pair at a time."""
    won = sum((o > i) + (o == i) / 2 for o in outside.tolist() for i in inside.tolist())
    return won / (len(inside) * len(outside))


# ------------------------------------------------------------------------------------------------------- single scores


@pytest.fixture
def model():
    return randomise(NADE((5,), 3, hidden=4))


@pytest.fixture
def x():
    return torch.randint(3, (7, 5), generator=seed())


def test_surprisal_is_minus_log_prob_in_any_parts(model, x):
    wanted = -model.log_prob(x).detach()
    for batch_size in (1, 3, 500):
        assert torch.allclose(surprisal(model, x, batch_size=batch_size), wanted, rtol=1e-12)
    assert surprisal(model.float(), x).dtype == torch.float64 and not surprisal(model, x).requires_grad


def test_surprisal_asks_without_dropout_and_leaves_the_mode_as_it_was(x):
    model = randomise(Transformer((5,), 3, width=8, heads=2, layers=1, dropout=0.5), 0.5).train()
    assert torch.equal(surprisal(model, x), surprisal(model, x))
    assert not torch.equal(model.log_prob(x), model.log_prob(x))
    assert model.training


def test_surprisal_of_a_model_with_classes_is_that_of_each_class():
    model = randomise(PixelCNN((1, 2, 2), 3, hidden=4, layers=1, first_kernel=3, classes=2))
    x = torch.randint(3, (7, 1, 2, 2), generator=seed())
    cond = torch.tensor([0, 1, 1, 0, 0, 1, 0])
    seen = surprisal(model, x, cond=cond, batch_size=3)
    each = [surprisal(model.given(c), x[k : k + 1]).item() for k, c in enumerate(cond.tolist())]
    assert seen.tolist() == pytest.approx(each, rel=1e-12)
    for wrong in (None, cond[:5], torch.cat([cond, cond])):
        with pytest.raises(ValueError, match="cond: got"):
            surprisal(model, x, cond=wrong)


def test_a_model_that_predicts_nan_is_an_error_that_says_where(model, x):
    with torch.no_grad():
        model.bias.fill_(math.nan)
    with pytest.raises(FloatingPointError, match="model: its log-probability of example 0 is NaN"):
        surprisal(model, x)


def test_what_a_model_rules_out_is_infinitely_strange():
    certain = Table.from_joint(torch.tensor([[0.5, 0.5], [0.0, 0.0]]))
    nats = surprisal(certain, torch.tensor([[0, 1], [1, 0]]))
    assert nats.tolist() == pytest.approx([math.log(2), math.inf])
    assert typicality(nats, math.log(2)).tolist() == pytest.approx([0, math.inf])
    assert roc(nats[:1], nats[1:]).auc == 1


def test_per_dim_is_bits_for_each_symbol():
    nats = torch.tensor([3.0, 6.0])
    assert torch.equal(per_dim(nats, 4), bits_per_dim(nats, 4))
    counted = per_dim(nats, torch.tensor([2, 6])) * math.log(2)
    assert counted.tolist() == pytest.approx([1.5, 1.0])  # the order turns round


def test_typicality_finds_both_ends_of_a_hundred_coins():
    """p = 0.1: the mode costs 15.2 bits and the average draw 46.9; exact sums over the number of heads."""
    p, heads = 0.1, torch.arange(101)
    nats = -(heads * math.log(p) + (100 - heads) * math.log(1 - p))
    share = torch.tensor([math.comb(100, k) * p**k * (1 - p) ** (100 - k) for k in range(101)])
    expected = (share * nats).sum().item()
    assert to_bits(nats[0]).item() == pytest.approx(15.2, abs=0.05)
    assert to_bits(expected) == pytest.approx(46.9, abs=0.05)

    def draws_below_no_heads(score):
        return share[score < score[0]].sum().item()

    assert draws_below_no_heads(nats) == 0  # the surprisal calls no heads the least strange of all
    assert draws_below_no_heads(typicality(nats, expected)) > 0.998


def test_typicality_can_not_see_what_is_strange_at_the_right_surprisal():
    """Of fair coins every outcome is as likely, twenty heads in a row too."""
    nats = surprisal(FVSBN((20,), 2), torch.stack([torch.ones(20).long(), torch.randint(2, (20,), generator=seed())]))
    assert typicality(nats, 20 * math.log(2)).max() < 1e-12


def test_a_ratio_does_not_depend_on_coordinates_and_a_surprisal_does():
    """y = exp(x): both densities are divided by exp(x), which cancels."""
    x = normal(50)
    model, background = torch.distributions.Normal(0, 1), torch.distributions.Normal(0, 3)
    change = torch.distributions.ExpTransform()
    there = [torch.distributions.TransformedDistribution(d, change) for d in (model, background)]
    before = [-d.log_prob(x) for d in (model, background)]
    after = [-d.log_prob(x.exp()) for d in there]
    assert torch.allclose(likelihood_ratio(*before), likelihood_ratio(*after), atol=1e-12)
    assert not torch.equal(before[0].argsort(), after[0].argsort())


def test_a_ratio_against_itself_is_zero_and_swapping_turns_its_sign(model, x):
    nats, other = surprisal(model, x), surprisal(FVSBN((5,), 3), x)
    assert not likelihood_ratio(nats, nats).any()
    assert torch.equal(likelihood_ratio(nats, other), -likelihood_ratio(other, nats))
    assert likelihood_ratio(torch.tensor([math.inf]), torch.tensor([1.0])).item() == math.inf


@pytest.mark.parametrize(
    ("name", "back", "nothing"),
    [
        ("zlib", zlib.decompress, 8),
        ("bz2", bz2.decompress, 14),
        ("lzma", lambda data: lzma.decompress(data, lzma.FORMAT_RAW, filters=anomaly._LZMA2), 1),
    ],
)
def test_a_code_length_is_that_of_a_file_that_can_be_read_again(name, back, nothing, monkeypatch):
    x = torch.randint(17, (3, 1, 8, 8), generator=seed())
    files, compress = [], anomaly._COMPRESSORS[name]
    monkeypatch.setitem(anomaly._COMPRESSORS, name, lambda raw: files.append(compress(raw)) or files[-1])
    nats = code_length(x, name)
    assert [list(back(file)) for file in files] == x.flatten(1).tolist()
    assert (to_bits(nats) / 8).tolist() == pytest.approx([len(file) for file in files])
    assert to_bits(code_length(x[:, :0], name)).tolist() == pytest.approx([8 * nothing] * 3)
    assert (code_length(torch.zeros_like(x), name) < nats).all()


def test_a_code_length_holds_for_any_compressor_and_adds_nothing_to_the_order(model, x):
    assert to_bits(code_length(x, lambda raw: raw)).tolist() == pytest.approx([40] * 7)
    nats = surprisal(model, x)
    with_header = likelihood_ratio(nats, code_length(x, lambda raw: b"header" + raw[: raw[0]]))
    without = likelihood_ratio(nats, code_length(x, lambda raw: raw[: raw[0]]))
    assert torch.allclose(without - with_header, torch.tensor(48 * math.log(2)))
    assert roc(with_header[:4], with_header[4:]).auc == roc(without[:4], without[4:]).auc


def test_small_integers_are_as_good_as_large_ones():
    x = torch.randint(100, (3, 64), generator=seed())
    for dtype in (torch.uint8, torch.int8, torch.int16):
        assert torch.equal(code_length(x.to(dtype)), code_length(x))
        assert torch.equal(mutate(x.to(dtype), 100, 0.5).long(), mutate(x, 100, 0.5))


def test_mutate_replaces_the_share_that_was_asked_for_by_other_values():
    x = torch.randint(5, (40, 50), generator=seed(1))
    before = x.clone()
    changed = mutate(x, 5, 0.3, seed())
    assert torch.equal(x, before) and torch.equal(changed, mutate(x, 5, 0.3, seed()))
    share = (changed != x).double().mean().item()
    assert abs(share - 0.3) < 4 * math.sqrt(0.3 * 0.7 / 2000)
    by = torch.bincount((changed - x)[changed != x] % 5, minlength=5)[1:]
    assert (by - by.sum() / 4).abs().max() < 4 * math.sqrt(by.sum() * 3 / 16)
    assert torch.equal(mutate(x, 5, 0.0), x) and (mutate(x, 5, 1.0) != x).all()
    bright = (255 - x).byte()
    assert mutate(bright, 256, 1.0).dtype == torch.uint8 and (mutate(bright, 256, 1.0) != bright).all()


def test_all_scores_at_once_are_each_score(model, x):
    background = FVSBN((5,), 3)
    seen = scores(model, x, 4.0, background=background, compressor="bz2", batch_size=2)
    nats = surprisal(model, x)
    wanted = Scores(
        surprisal=nats,
        per_dim=per_dim(nats, 5),
        typicality=typicality(nats, 4.0),
        excess=likelihood_ratio(nats, code_length(x, "bz2")),
        ratio=likelihood_ratio(nats, surprisal(background, x)),
    )
    for name, values in vars(wanted).items():
        assert torch.allclose(getattr(seen, name), values, rtol=1e-12), name
    assert scores(model, x, 4.0).ratio is None


# -------------------------------------------------------------------------------------------------------- typical sets


def rejections(test, mean, trials=300):
    """Share of batches of 10, shifted by ``mean``, whose p-value is at most 0.1; their spread is 1."""
    return sum(test(normal(10, mean, 2 * k), normal(100, 0, 2 * k + 1)) <= 0.1 for k in range(trials)) / trials


def test_the_batch_test_keeps_its_level_and_finds_both_sides():
    def test(batch, inside):
        return typicality_test(batch, inside, repeats=199)

    error = math.sqrt(0.1 * 0.9 / 300)
    assert abs(rejections(test, 0.0) - 0.1) < 4 * error
    assert rejections(test, -1.0) > 0.8 and rejections(test, 1.0) > 0.8

    def one_sided(batch, inside):  # likelihood's own mistake: low surprisal can't be strange
        return test(batch, inside) if batch.mean() > inside.mean() else 1.0

    assert rejections(one_sided, -1.0) < 0.1


def test_the_batch_test_counts_the_uncertainty_about_inside():
    """With as few examples inside as in the batch, to take their mean for the truth would reject too often."""

    def certain(batch, inside):
        drawn = inside[torch.randint(10, (199, 10), generator=seed())].mean(1)
        return (1 + ((drawn - inside.mean()).abs() >= (batch.mean() - inside.mean()).abs()).sum().item()) / 200

    def level(test):
        return sum(test(normal(10, 0, 2 * k), normal(10, 0, 2 * k + 1)) <= 0.1 for k in range(300)) / 300

    # Ten examples tell their spread badly, and resamples spread by sqrt(9 / 10) of it: the chance that |t| > 1.645 x
    # that, for Student's t of 9 degrees of freedom, is 0.153; without inside's half of the variance it is 0.298.
    allowed = 4 * math.sqrt(0.153 * 0.847 / 300)
    assert abs(level(lambda *both: typicality_test(*both, repeats=199)) - 0.153) < allowed
    assert abs(level(certain) - 0.153) > allowed


# -------------------------------------------------------------------------------------------------------- ROC and AUC


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        (normal(30), normal(20, 1, 1)),
        (torch.randint(4, (30,), generator=seed()), torch.randint(1, 5, (20,), generator=seed(1))),  # many ties
        (torch.tensor([0.0, 1.0, math.inf]), torch.tensor([math.inf, -math.inf, 1.0, 2.0])),
        (torch.tensor([1.0]), torch.tensor([1.0])),
        (torch.tensor([2.0, 3.0]), torch.tensor([0.0, 1.0])),
        (1e9 + normal(30) * 1e-6, 1e9 + normal(20, 0, 1) * 1e-6),  # differences far below the scores themselves
    ],
)
def test_the_area_is_the_share_of_pairs_in_order(inside, outside):
    curve = roc(inside, outside, repeats=20)
    assert curve.auc == pytest.approx(pairs(inside, outside), abs=1e-12)
    assert torch.trapezoid(curve.tpr, curve.fpr).item() == pytest.approx(curve.auc, abs=1e-12)
    for share in (curve.fpr, curve.tpr):
        assert share[0] == 0 and share[-1] == 1 and (share.diff() >= 0).all()
    assert roc(outside, inside, repeats=20).auc == pytest.approx(1 - curve.auc, abs=1e-12)


def test_a_count_that_gives_ties_to_one_side_is_found():
    inside, outside = torch.tensor([1.0, 2.0, 2.0]), torch.tensor([2.0, 3.0])
    strict = (outside[:, None] > inside).double().mean().item()
    assert abs(strict - pairs(inside, outside)) > 0.1
    assert roc(inside, outside).auc == pytest.approx(pairs(inside, outside))


def test_the_area_is_scikit_learns():
    metrics = pytest.importorskip("sklearn.metrics")
    inside, outside = normal(50).round(decimals=1), normal(40, 0.5, 1).round(decimals=1)
    labels = [0] * 50 + [1] * 40
    assert roc(inside, outside).auc == pytest.approx(metrics.roc_auc_score(labels, torch.cat([inside, outside])))


def test_only_the_order_of_scores_counts():
    inside, outside = normal(30), normal(20, 1, 1)
    one, other = roc(inside, outside), roc(inside.exp().flip(0), outside.exp().flip(0))
    assert (one.auc, one.low, one.high) == (other.auc, other.low, other.high)
    assert torch.equal(one.fpr, other.fpr) and torch.equal(one.tpr, other.tpr)


def test_an_interval_repeats_itself_and_widens_with_its_level():
    inside, outside = normal(60), normal(40, 1, 1)
    narrow, wide = roc(inside, outside, level=0.5), roc(inside, outside, level=0.99)
    assert wide.low < narrow.low < narrow.auc < narrow.high < wide.high
    again, other = roc(inside, outside, level=0.5), roc(inside, outside, level=0.5, generator=seed(1))
    assert (again.low, again.high) == (narrow.low, narrow.high) != (other.low, other.high)


def test_resamples_in_parts_are_as_many(monkeypatch):
    inside, outside = normal(60), normal(40, 1, 1)
    drawn, counts = [], anomaly._counts
    monkeypatch.setattr(anomaly, "_counts", lambda n, rows, g: drawn.append((n, rows)) or counts(n, rows, g))
    monkeypatch.setattr(anomaly, "ENTRIES", 1000)
    roc(inside, outside, repeats=25)
    assert drawn == [(60, 10), (40, 10), (60, 10), (40, 10), (60, 5), (40, 5)]
    assert len(anomaly._resampled_means(inside, 300, 7, seed())) == 7


def coverage(interval, trials=400):
    """How often an interval holds the true area, Phi(d / sqrt(2)) for normal scores d = 1 apart."""
    true, held = NormalDist().cdf(1 / math.sqrt(2)), 0
    for k in range(trials):
        low, high = interval(normal(80, 0, 2 * k), normal(80, 1, 2 * k + 1))
        held += low < true < high
    return held / trials


def test_the_interval_holds_the_true_area_as_often_as_it_says():
    def bootstrap(inside, outside):
        curve = roc(inside, outside, repeats=200)
        return curve.low, curve.high

    def inside_taken_for_certain(inside, outside):
        drawn = outside[torch.randint(80, (200, 80), generator=seed())]
        below = torch.searchsorted(inside.sort().values, drawn).double().mean(1) / 80
        return below.quantile(0.025), below.quantile(0.975)

    allowed = 4 * math.sqrt(0.95 * 0.05 / 400)
    assert abs(coverage(bootstrap) - 0.95) < allowed
    # Half of the variance is missing: it holds in 2 Phi(1.96 / sqrt(2)) - 1 = 83 %.
    assert 0.95 - coverage(inside_taken_for_certain) > allowed


def test_groups_that_do_not_overlap_leave_the_interval_no_width():
    """As the docstring warns: the truth may be less than 1 all the same."""
    curve = roc(torch.arange(5), torch.arange(5, 9))
    assert (curve.low, curve.auc, curve.high) == (1, 1, 1)


def test_without_scikit_learn_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    with pytest.raises(ImportError, match=re.escape("roc: wanted scikit-learn: pip install 'dgmlib[notebook]'")):
        roc(torch.zeros(2), torch.ones(2))


def false_alarms(choose, n, rate, ties=False):
    """The chance that one of n + 1 exchangeable scores exceeds the threshold that the n others give, exactly."""
    every = torch.arange(n + 1).double() // (3 if ties else 1)
    others = [torch.cat([every[:k], every[k + 1 :]]) for k in range(n + 1)]
    return sum(every[k].item() > choose(others[k], rate) for k in range(n + 1)) / (n + 1)


@pytest.mark.parametrize(("n", "rate"), [(19, 0.05), (99, 0.05), (99, 0.29), (30, 0.1), (9, 0.1), (50, 0.5)])
def test_a_threshold_keeps_its_rate_of_false_alarms(n, rate):
    alarms = false_alarms(threshold, n, rate)
    assert alarms <= rate and alarms + 1 / (n + 1) > rate
    assert false_alarms(threshold, n, rate, ties=True) <= rate


def test_the_plain_quantile_gives_more_false_alarms_than_it_says():
    assert false_alarms(lambda inside, rate: inside.quantile(1 - rate).item(), 30, 0.1) > 0.1


# ------------------------------------------------------------------------------------- the failure that one should see


@pytest.fixture(scope="module")
def digits():
    return data.digits()


@pytest.fixture(scope="module")
def judged(digits):
    """Scores of test digits, and of four kinds of outside, under a small PixelCNN of grey digits."""
    torch.set_default_dtype(torch.float32)
    torch.manual_seed(0)
    model = PixelCNN((1, 8, 8), 17, hidden=16, layers=1, first_kernel=3)
    fit(model, digits.train, digits.valid, steps=80, check_every=80, lr=0.02)
    expected = surprisal(model, digits.valid).mean().item()
    upper = digits.test.clone()
    upper[:, :, 4:] = 0
    kinds = {
        "inside": digits.test,
        "black": torch.zeros(1, 1, 8, 8, dtype=torch.int64),
        "grey": torch.full((1, 1, 8, 8), 8),
        "upper halves": upper,
        "noise": torch.randint(17, (300, 1, 8, 8), generator=seed()),
    }
    return {kind: scores(model, x, expected) for kind, x in kinds.items()}


def area(judged, kind, score):
    return roc(getattr(judged["inside"], score), getattr(judged[kind], score), repeats=200)


def test_black_images_are_likelier_than_every_digit(judged):
    assert judged["black"].surprisal.max() < judged["inside"].surprisal.min()
    assert area(judged, "black", "surprisal").auc == 0


def test_digits_without_their_lower_half_are_likelier_than_digits(judged):
    assert area(judged, "upper halves", "surprisal").high < 0.1


@pytest.mark.parametrize("kind", ["black", "upper halves"])
def test_typicality_and_a_compressor_see_what_likelihood_does_not(judged, kind):
    assert area(judged, kind, "typicality").low > 0.9
    assert area(judged, kind, "excess").low > 0.95


@pytest.mark.parametrize("kind", ["grey", "noise"])
def test_likelihood_sees_what_is_unlike_digits_everywhere(judged, kind):
    """The failure is not one of constant images: grey ones are found."""
    assert area(judged, kind, "surprisal").auc == 1


def test_black_images_are_no_failure_for_black_and_white_digits():
    """There an empty row is as surprising as a stroke: the failure depends on the data, and is to be measured."""
    binary = data.digits(binarize=True)
    torch.set_default_dtype(torch.float32)
    model = FVSBN((1, 8, 8), 2)
    fit(model, binary.train, binary.valid, steps=100, check_every=100)
    black = surprisal(model, torch.zeros(1, 1, 8, 8, dtype=torch.int64))
    assert roc(surprisal(model, binary.test), black).auc > 0.9


def bigrams(names):
    """A Markov chain from the counts of what follows what, each raised by one; what has ended does not begin again."""
    initial = torch.bincount(names[:, 0], minlength=27) + 1.0
    follows = torch.bincount((27 * names[:, :-1] + names[:, 1:]).flatten(), minlength=27**2).view(27, 27) + 1.0
    follows[0] = torch.eye(27)[0]
    return data.MarkovSource(initial / initial.sum(), follows / follows.sum(1, keepdim=True))


@pytest.fixture(scope="module")
def surnames():
    return data.surnames()


@pytest.fixture(scope="module")
def given_names():
    names = data.given_names()
    return {split: pad(getattr(names, split), (0, 2)) for split in ("train", "valid", "test")}


def test_given_names_are_likelier_surnames_than_surnames_are(surnames, given_names):
    model = bigrams(surnames.train)
    valid, inside, outside = (-model.log_prob(x) for x in (surnames.valid, surnames.test, given_names["test"]))
    seen = roc(inside, outside, repeats=200)
    assert seen.high < 0.45  # measured: 0.376
    expected = valid.mean().item()
    alone = roc(typicality(inside, expected), typicality(outside, expected), repeats=200)
    assert alone.low < 0.5 < alone.high  # one name at a time, typicality does no better than chance
    assert typicality_test(outside[:100], valid, repeats=400) < 0.01  # a hundred together give themselves away
    assert typicality_test(inside[:100], valid, repeats=400) > 0.1
    letters = [(x > 0).sum(1) + 1 for x in (surnames.test, given_names["test"])]
    shorter = roc(per_dim(inside, letters[0]), per_dim(outside, letters[1]), repeats=200)
    assert seen.high < shorter.low and shorter.high < 0.5  # that they are shorter explains most of it, not all
    background = bigrams(given_names["train"])
    ratio = (
        likelihood_ratio(nats, -background.log_prob(x))
        for nats, x in ((inside, surnames.test), (outside, given_names["test"]))
    )
    assert roc(*ratio, repeats=200).low > 0.8  # with a background that knows the outside, which one seldom has


def test_surnames_are_found_to_be_no_given_names(surnames, given_names):
    """The other way round likelihood works."""
    model = bigrams(given_names["train"])
    assert roc(-model.log_prob(given_names["test"]), -model.log_prob(surnames.test), repeats=200).low > 0.7


# ----------------------------------------------------------------------------------------------------------- bad input

S = torch.tensor([1.0, 2.0], dtype=torch.float64)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: roc(S[:0], S), "inside: got no example, wanted at least one"),
        (lambda: roc(S, S[:0]), "outside: got no example"),
        (lambda: roc(S, S[None]), r"outside: got shape \(1, 2\), wanted \(N,\)"),
        (lambda: roc(torch.tensor([0.0, math.nan]), S), "inside: got nan at index 1, wanted numbers"),
        (lambda: roc(S, S, level=1), "level: got 1, wanted a number above 0 and below 1"),
        (lambda: roc(S, S, repeats=0), "repeats: got 0, wanted a positive integer"),
        (lambda: threshold(S[:0], 0.5), "inside: got no example"),
        (lambda: threshold(S, 0), "rate: got 0, wanted a number above 0 and below 1"),
        (lambda: threshold(S, 0.05), "inside: got 2 examples, wanted at least 19 for a rate of 0.05"),
        (lambda: threshold(S, 0.3), "inside: got 2 examples, wanted at least 3 for a rate of 0.3"),
        (lambda: typicality(S, math.inf), "expected: got inf, wanted a finite number"),
        (lambda: typicality(S, S[0]), "expected: got tensor"),
        (lambda: typicality(S[0], 1.0), r"surprisal: got shape \(\), wanted"),
        (lambda: typicality_test(S, S[:1]), "inside: got 1 example, wanted at least 2"),
        (lambda: typicality_test(S[:0], S), "batch: got no example"),
        (lambda: typicality_test(torch.tensor([math.inf]), S), "batch: got inf at index 0, wanted finite numbers"),
        (lambda: typicality_test(S, S, repeats=0), "repeats: got 0"),
        (lambda: likelihood_ratio(S, S[:1]), "background: got 1 examples, wanted the 2 of surprisal"),
        (lambda: likelihood_ratio(S / 0, S / 0), "background: got inf at index 0, as surprisal has"),
        (lambda: per_dim(S, 0), "dims: got 0, wanted positive integers"),
        (lambda: per_dim(S, 1.5), "dims: got 1.5, wanted positive integers"),
        (
            lambda: per_dim(S, torch.tensor([1, 2, 3])),
            r"dims: got shape \(3,\), wanted \(\) or that of surprisal, \(2,\)",
        ),
        (lambda: code_length(S), "x: got torch.float64, wanted integers 0..255"),
        (lambda: code_length([1]), "x: got list, wanted integers"),
        (lambda: code_length(torch.tensor([[256]])), "x: got values 256..256, wanted 0..255"),
        (lambda: code_length(torch.zeros(0, 3).long()), r"x: got shape \(0, 3\), wanted \(N, ...\) with at least one"),
        (lambda: code_length(torch.tensor(3)), r"x: got shape \(\), wanted"),
        (lambda: code_length(torch.tensor([[1]]), "png"), "compressor: got 'png', wanted one of 'zlib', 'bz2', 'lzma'"),
        (lambda: mutate(S, 2, 0.5), "x: got torch.float64, wanted integers 0..1"),
        (lambda: mutate(torch.tensor([2]), 2, 0.5), "x: got values 2..2, wanted 0..1"),
        (lambda: mutate(torch.tensor([1]), 1, 0.5), "values: got 1, wanted an integer of at least 2"),
        (lambda: mutate(torch.tensor([1]), 2, 1.5), "rate: got 1.5, wanted a number from 0 to 1"),
        (lambda: surprisal(FVSBN((3,), 2), S), r"x: got shape \(2,\), wanted \(B, 3\)"),
        (lambda: surprisal(FVSBN((2,), 2), torch.tensor([[0, 1]]), batch_size=0), "batch_size: got 0"),
        (lambda: scores(RNADE((2,)), S[None], 1.0), "x: got torch.float64, wanted integers 0..255"),
    ],
)
def test_bad_input_is_named(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()
