"""Figures: both themes, alternative text, the same bytes each time."""

import base64
import math
import re
from types import SimpleNamespace

import pytest
import torch
from matplotlib.figure import Figure

from dgmlib import plot
from dgmlib.anomaly import ROC
from dgmlib.gradients import GradientVariance, JacobianNorms
from dgmlib.train import History


@pytest.fixture
def figure():
    return plot.Figure(lambda ax, palette: ax.plot([0, 1], color=palette["model"]), alt='A line  that "rises".')


def test_a_figure_shows_itself_in_both_themes_and_says_what_it_shows(figure):
    bundle = figure._repr_mimebundle_()
    assert bundle["text/plain"] == 'A line that "rises".'
    assert bundle["text/html"].count('alt="A line that &quot;rises&quot;."') == 2
    light, dark = (base64.b64decode(s).decode() for s in re.findall(r"base64,([^\"]+)", bundle["text/html"]))
    assert plot.colors("light")["model"].lower() in light and plot.colors("dark")["model"].lower() in dark
    assert 'class="only-light"' in bundle["text/html"] and 'class="only-dark"' in bundle["text/html"]
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")


def test_a_figure_is_the_same_bytes_each_time(figure):
    assert figure.render("light", "svg") == figure.render("light", "svg")


def test_a_figure_without_alternative_text_is_refused():
    with pytest.raises(ValueError, match="alt: got ' ', wanted a sentence"):
        plot.Figure(lambda ax, palette: None, alt=" ")


def test_themes_have_the_same_names():
    assert plot.colors("light").keys() == plot.colors("dark").keys()
    with pytest.raises(ValueError, match="theme: got 'blue'"):
        plot.colors("blue")


def luminance(colour):
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("theme", "page"), [("light", "#ffffff"), ("dark", "#121212")])
def test_every_colour_can_be_told_from_the_page(theme, page):
    """WCAG asks for a contrast of 3 between graphics and their background, of 4.5 for text."""
    for name, colour in plot.colors(theme).items():
        high, low = sorted((luminance(colour), luminance(page)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= (4.5 if name == "ink" else 3), name


def test_images_are_laid_out_pixel_for_pixel():
    seen = []
    x = torch.arange(3 * 4).view(3, 1, 2, 2) % 2
    plot.Figure(lambda ax, palette: seen.append(plot.images(ax, x, columns=2).images[0].get_array()), alt="x").render(
        "light", "png"
    )
    sheet = torch.from_numpy(seen[0].filled(float("nan")))
    assert sheet.shape == (5, 5)
    assert torch.equal(sheet[:2, 3:], x[1, 0].to(sheet)) and sheet[2].isnan().all() and sheet[:, 2].isnan().all()


def test_images_of_another_shape_are_named():
    with pytest.raises(ValueError, match=r"x: got shape \(2, 3, 4, 4\)"):
        plot.images(None, torch.zeros(2, 3, 4, 4))


# -------------------------------------------------------------------------------------------- what training looks like


@pytest.fixture
def ax():
    return Figure(layout="constrained").subplots()


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def points(line):
    return [(float(x), float(y)) for x, y in zip(*line.get_data(), strict=True)]


def with_label(ax, label):
    (line,) = [line for line in ax.lines if line.get_label() == label]
    return line


def edges(band):
    """Lowest and highest of a band at each of its places."""
    corners = {}
    for x, y in band.get_paths()[0].vertices.tolist():
        corners.setdefault(x, []).append(y)
    return {x: (min(y), max(y)) for x, y in corners.items()}


RUNS = [
    History([0, 10, 20], [4.0, 2.0, 1.0], [4.0, 3.0, 3.5]),
    History([0, 10, 20, 30], [5.0, 3.0, 2.0, 1.5], [5.0, 4.0, 3.0, 3.2]),
    History([0, 10, 20, 30, 40], [6.0, 1.0, 0.0, -1.0, -2.0], [6.0, 5.0, 4.0, 2.0, 2.5]),
]


def test_curves_are_means_and_bands_as_far_as_all_runs_go(ax):
    assert plot.curves(ax, RUNS) is ax
    assert points(with_label(ax, "train, mean")) == [(0, 5), (10, 2), (20, 1)]
    assert points(with_label(ax, "held out, mean")) == [(0, 5), (10, 4), (20, 3.5)]
    train, valid = (edges(band) for band in ax.collections)
    assert train == {0: (4, 6), 10: (1, 3), 20: (0, 2)} and valid == {0: (4, 6), 10: (3, 5), 20: (3, 4)}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("updates", "nats per example")
    assert texts(ax) == [
        "train, mean",
        "held out, mean",
        "lowest to highest of 3 runs",
        "2 of 3 runs went on",
        "best check of each",
    ]


def test_runs_that_go_on_are_lines_of_their_own(ax):
    """A mean over the survivors would jump where one stops: here from 3.5 to 2.6."""
    plot.curves(ax, RUNS)
    thin = [points(line) for line in ax.lines if line.get_linewidth() == 1]
    assert thin == [
        [(20, 2), (30, 1.5)],
        [(20, 0), (30, -1), (40, -2)],
        [(20, 3), (30, 3.2)],
        [(20, 4), (30, 2), (40, 2.5)],
    ]


def test_the_best_check_of_each_run_is_marked(ax):
    plot.curves(ax, RUNS)
    (best,) = [line for line in ax.lines if line.get_marker() == "o"]
    assert points(best) == [(10, 3), (20, 3), (30, 2)]


def test_a_band_of_standard_errors_says_so(ax):
    plot.curves(ax, RUNS, band="error")
    low, high = edges(ax.collections[0])[0]
    error = 1 / math.sqrt(3)  # of 4, 5 and 6
    assert (low, high) == pytest.approx((5 - error, 5 + error))
    assert "± 1 standard error of 3 runs" in texts(ax)


def test_one_run_has_no_band(ax):
    plot.curves(ax, RUNS[:1])
    assert points(with_label(ax, "held out")) == [(0, 4), (10, 3), (20, 3.5)]
    assert not ax.collections and texts(ax) == ["train", "held out", "best check"]


def test_curves_share_colours_with_the_book(ax):
    palette = plot.colors("dark")
    plot.curves(ax, RUNS, palette, legend=False)
    assert with_label(ax, "train, mean").get_color() == palette["data"]
    assert with_label(ax, "held out, mean").get_color() == palette["held out"]
    assert ax.get_legend() is None


def test_curves_that_do_not_fit_together_are_named():
    with pytest.raises(ValueError, match=r"histories: got checks after \[0, 5\] and after \[0, 10\] updates"):
        plot.curves(None, [History([0, 10], [1, 1], [1, 1]), History([0, 5, 10], [1, 1, 1], [1, 1, 1])])
    for nothing in ([], [History()]):
        with pytest.raises(ValueError, match=r"histories: got .* wanted at least one, each with a check"):
            plot.curves(None, nothing)
    with pytest.raises(ValueError, match="band: got 'std', wanted 'range' or 'error'"):
        plot.curves(None, RUNS, band="std")


MEASURED = GradientVariance([4, 1, 2], [2.1, 8.4, 3.9], [0.1, 0.3, 0.2], [2.0, 8.0, 4.0], per_example=8.0, examples=5)


def test_the_noise_of_a_gradient_is_drawn_on_its_law(ax):
    assert plot.gradient_variance(ax, MEASURED) is ax
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    law = points(with_label(ax, "σ² / B"))
    assert law[0] == (1, 8) and law[-1] == pytest.approx((4, 2))
    assert all(variance == pytest.approx(8 / size) for size, variance in law)
    (bars,) = ax.containers
    dots, _, (lines,) = bars.lines
    assert points(dots) == [(1, 8.4), (2, 3.9), (4, 2.1)]
    found = [y for segment in lines.get_segments() for y in segment[:, 1].tolist()]
    assert found == pytest.approx([7.8, 9.0, 3.5, 4.3, 1.9, 2.3])
    assert texts(ax) == ["σ² / B", "measured, ± 2 standard errors"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "2", "4"]
    assert ax.get_xlabel() == "examples in a mini-batch, B" and ax.get_ylabel() == "variance of the gradient, nats²"


def test_without_replacement_the_law_is_another_and_ends_before_all_examples(ax):
    measured = GradientVariance([1, 3, 5], [8, 1.3, 0], [0.1] * 3, [8, 4 / 3, 0], 8.0, examples=5, replacement=False)
    plot.gradient_variance(ax, measured)
    law = points(with_label(ax, "σ² / B · (N − B) / (N − 1)"))
    assert law[-1] == pytest.approx((3, 4 / 3)) and len(points(ax.containers[0].lines[0])) == 2
    with pytest.raises(ValueError, match=r"measured: got variances \[\], wanted at least one above zero"):
        plot.gradient_variance(ax, GradientVariance())


def test_norms_of_jacobians_fade_on_a_logarithmic_axis(ax):
    norms = JacobianNorms([4, 1], mean=[0.1, 0.6], low=[0.05, 0.4], median=[0.09, 0.5], high=[0.2, 0.7])
    for label, style in (("rnn", "-"), ("lstm", "--")):
        assert plot.jacobian_norms(ax, norms, label=label, linestyle=style) is ax
    assert ax.get_yscale() == "log" and (ax.get_xlabel(), ax.get_ylabel()) == ("lag, steps", "norm of the Jacobian")
    assert texts(ax) == ["neither shrinks nor grows", "middle 90 %", "rnn", "lstm"]
    assert points(with_label(ax, "lstm")) == [(1, 0.5), (4, 0.09)] and with_label(ax, "lstm").get_linestyle() == "--"
    assert [edges(band) for band in ax.collections] == [{1: (0.4, 0.7), 4: (0.05, 0.2)}] * 2
    assert set(with_label(ax, "neither shrinks nor grows").get_ydata()) == {1}
    with pytest.raises(ValueError, match="norms: got no lag"):
        plot.jacobian_norms(ax, JacobianNorms())


# -------------------------------------------------------------------------------------------------------------- sweeps


def trial(number, value, state="COMPLETE", **params):
    kinds = {
        "lr": SimpleNamespace(log=True),
        "hidden": SimpleNamespace(log=False),
        "cell": SimpleNamespace(choices=("rnn", "gru")),
    }
    return SimpleNamespace(
        number=number,
        value=value,
        state=SimpleNamespace(name=state),
        params=params,
        distributions={name: kinds[name] for name in params},
    )


TRIALS = [
    trial(0, 3.0, lr=0.1, hidden=8, cell="gru"),
    trial(1, 9.0, "PRUNED", lr=1.0, hidden=9, cell="rnn"),
    trial(2, 2.0, lr=0.01, hidden=16, cell="rnn"),
    trial(3, 2.5, "PRUNED", lr=0.02, hidden=12, cell="gru"),
    trial(4, None, "FAIL", lr=0.5, hidden=8, cell="gru"),
    trial(5, math.inf, lr=0.4, hidden=8, cell="gru"),
    trial(6, 2.25, lr=0.03, hidden=10, cell="gru"),
    trial(7, None, "RUNNING"),
]


def test_a_sweep_shows_finished_pruned_and_best_trials(ax):
    assert plot.sweep(ax, TRIALS, "lr") is ax
    finished, pruned = with_label(ax, "finished"), with_label(ax, "pruned")
    assert points(finished) == [(0.1, 3), (0.01, 2), (0.03, 2.25)]
    assert points(pruned) == [(0.02, 2.5)] and pruned.get_alpha() < 1 and finished.get_alpha() is None
    assert points(with_label(ax, "best, 2")) == [(0.01, 2)]
    assert points(with_label(ax, "pruned, above")) == [(1, pytest.approx(3.1))], "it was left at 9: at the upper edge"
    assert ax.get_ylim()[1] < 4
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("lr", "validation, nats per example")
    assert texts(ax) == ["pruned", "pruned, above", "finished", "best, 2"]


def test_the_axis_is_that_of_the_distribution(ax):
    assert plot.sweep(ax, TRIALS, "lr").get_xscale() == "log"
    linear, names = Figure().subplots(1, 2)
    assert plot.sweep(linear, TRIALS, "hidden").get_xscale() == "linear"
    plot.sweep(names, TRIALS, "cell", legend=False)
    assert [tick.get_text() for tick in names.get_xticklabels()] == ["rnn", "gru"] and names.get_legend() is None
    assert points(with_label(names, "finished")) == [(1, 3), (0, 2), (1, 2.25)]


def test_the_best_so_far_never_rises(ax):
    assert plot.best_so_far(ax, TRIALS[::-1]) is ax
    assert points(with_label(ax, "best so far")) == [(0, 3), (2, 2), (6, 2)]
    assert points(with_label(ax, "finished")) == [(0, 3), (2, 2), (6, 2.25)]
    assert with_label(ax, "best so far").get_drawstyle() == "steps-post"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("trial", "validation, nats per example")


def test_a_sweep_without_what_is_wanted_says_so(ax):
    with pytest.raises(ValueError, match="parameter: got 'depth', wanted one that was drawn: cell, hidden, lr"):
        plot.sweep(ax, TRIALS, "depth")
    with pytest.raises(ValueError, match="trials: got 2, none of them finished with a finite value"):
        plot.sweep(ax, TRIALS[4:6], "lr")
    with pytest.raises(ValueError, match="trials: got 0, none"):
        plot.best_so_far(ax, [])


def test_a_study_of_optuna_is_drawn():
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))

    def objective(t):
        lr, cell = t.suggest_float("lr", 1e-4, 1, log=True), t.suggest_categorical("cell", ["rnn", "gru"])
        t.report(10 + lr, 0)
        if t.number == 2:
            raise optuna.TrialPruned
        return 10 + lr + (cell == "rnn")

    study.optimize(objective, n_trials=6)
    lr, cell, order = Figure().subplots(1, 3)
    plot.sweep(lr, study.trials, "lr"), plot.sweep(cell, study.trials, "cell"), plot.best_so_far(order, study.trials)
    kept = [t for t in study.trials if t.number != 2]
    assert points(with_label(lr, "finished")) == [(t.params["lr"], t.value) for t in kept]
    assert lr.get_xscale() == "log" and cell.get_xscale() == "linear"
    assert with_label(order, "best so far").get_ydata()[-1] == study.best_value
    assert any(line.get_label().startswith("pruned") for line in lr.lines)


CURVE = ROC(torch.tensor([0, 0.25, 1]), torch.tensor([0.5, 0.75, 1]), auc=0.8125, low=0.7, high=0.9)


def test_a_roc_curve_is_what_was_measured_beside_chance(ax):
    assert plot.roc(ax, CURVE, label="surprisal") is ax
    assert points(with_label(ax, "surprisal\nAUC 0.812 (0.700 to 0.900)")) == [(0, 0.5), (0.25, 0.75), (1, 1)]
    assert points(with_label(ax, "chance")) == [(0, 0), (1, 1)]
    plot.roc(ax, CURVE, label="typicality", color="extra", linestyle="--")
    assert len(ax.lines) == 3 and ax.lines[-1].get_color() == plot.colors("light")["extra"]
    assert ax.get_aspect() == 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("false alarms, share of inside", "caught, share of outside")
    with pytest.raises(ValueError, match="color: got 'red', wanted one of data, model"):
        plot.roc(ax, CURVE, color="red")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_figure_can_be_drawn_in_both_themes(theme):
    def draw(axes, palette):
        for ax, (function, given) in zip(
            axes.flat,
            [
                (plot.curves, (RUNS,)),
                (plot.gradient_variance, (MEASURED,)),
                (plot.jacobian_norms, (JacobianNorms([1], [0.5], [0.4], [0.5], [0.6]),)),
                (plot.sweep, (TRIALS, "lr")),
                (plot.best_so_far, (TRIALS,)),
                (plot.roc, (CURVE,)),
            ],
            strict=False,
        ):
            function(ax, *given, palette)
            mine = {palette["ink"].lower()}
            assert {text.get_color().lower() for text in ax.get_legend().get_texts()} == mine

    figure = plot.Figure(draw, alt="Six figures.", rows=2, columns=3, size=(13, 7))
    assert figure.render(theme, "svg") == figure.render(theme, "svg")
