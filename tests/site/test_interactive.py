"""The interactive figures: their numbers are the library's, and they serve a keyboard, a phone and both themes."""

import itertools
import json
import math

import inspection
import pytest
import torch
from scipy.optimize import minimize

from dgmlib.causality import dependency_matrix
from dgmlib.compression import compress, size
from dgmlib.divergences import cross_entropy, entropy, kl
from dgmlib.likelihood import to_bits
from dgmlib.models import GatedPixelCNN, PixelCNN, Table

MODULES = inspection.ROOT / "book" / "_assets" / "interactive"
# Each module with the settings that its page gives it.
FIRST = {
    "code_lengths": {"p": [0.5, 0.25, 0.125, 0.125], "weights": [4, 4, 4, 4]},
    "kl_direction": {"half_separation": 1},
    "counts": {"text": "abracadabra", "word": "abba"},
    "sgd": {"lr": 0.1, "batch": "all"},
    "attention_mask": {"scores": [1, 0, 2], "mask": "none"},
    "blind_spot": {"size": 7, "row": 4, "column": 3, "kernel": 3, "layers": 6, "stacks": "one"},
    "temperature": {"first": [0.6, 0.4], "second": [[0.4, 0.35, 0.25], [0.9, 0.07, 0.03]], "temperature": 1},
    "typicality": {"coins": 100, "heads": 0.1, "rule": "unlikely", "threshold": 60},
    "range_coder": {
        "letters": ["a", "b", "r", "c", "d"],
        "p": [5 / 11, 2 / 11, 2 / 11, 1 / 11, 1 / 11],
        "message": "abra",
    },
}


@pytest.fixture(scope="module")
def tab(browser, serve):
    tab = browser.new_page(viewport={"width": 800, "height": 900})
    tab.goto(serve(inspection.ROOT / "book" / "_assets"))
    yield tab
    tab.close()


@pytest.fixture
def values(tab):
    """A function that asks a module for the numbers of some settings; infinities come as they are."""

    def ask(module: str, settings: dict):
        text = tab.evaluate(
            """async ([module, settings]) => JSON.stringify(
            (await import(`/interactive/${module}.js`)).values(settings),
            (key, value) => typeof value === "number" && !isFinite(value) ? String(value) : value)""",
            [module, settings],
        )
        return json.loads(text, object_hook=lambda d: {k: float(v) if v == "Infinity" else v for k, v in d.items()})

    return ask


def close(a, b, tolerance=1e-9):
    a, b = (torch.as_tensor(v, dtype=torch.float64) for v in (a, b))
    return torch.allclose(a, b, rtol=tolerance, atol=tolerance)


def test_every_module_is_tested():
    assert {path.stem for path in MODULES.glob("*.js")} == {*FIRST, "frame"}


@pytest.mark.parametrize("weights", [[4, 4, 4, 4], [8, 4, 2, 2], [1, 16, 3, 5]])
def test_code_lengths(values, weights):
    p = torch.tensor([0.5, 0.25, 0.125, 0.125], dtype=torch.float64)
    q = torch.tensor(weights).double() / sum(weights)
    v = values("code_lengths", {"p": p.tolist(), "weights": weights})
    assert close(v["entropy"], to_bits(entropy(p)))
    assert close(v["cross_entropy"], to_bits(cross_entropy(p, q)))
    assert close(v["kl"], to_bits(kl(p, q)))


def test_the_first_code_lengths_are_those_that_pencil_gives(values):
    v = values("code_lengths", FIRST["code_lengths"])
    assert (v["entropy"], v["cross_entropy"], v["kl"]) == (1.75, 2.0, 0.25)


def reverse_kl(mean, sd, s):
    """KL(N(mean, sd^2) || half N(-s, 1) + half N(s, 1)), integrated on a fine grid."""
    q = torch.distributions.Normal(torch.tensor(mean, dtype=torch.float64), sd)
    x = torch.linspace(mean - 12 * sd, mean + 12 * sd, 5001, dtype=torch.float64)
    one = torch.distributions.Normal(torch.tensor([-float(s), float(s)], dtype=torch.float64), 1.0)
    log_p = one.log_prob(x[:, None]).logsumexp(1) - math.log(2)
    return torch.trapezoid(q.log_prob(x).exp() * (q.log_prob(x) - log_p), x).item()


@pytest.mark.parametrize("s", [0, 1, 2, 2.7, 2.9, 4])
def test_kl_direction(values, s):
    v = values("kl_direction", {"half_separation": s})
    assert close(v["forward"]["sd"], math.sqrt(1 + s * s))
    best = min(
        (
            minimize(lambda w: reverse_kl(w[0], abs(w[1]), s), start, method="Nelder-Mead")
            for start in ([0.1, 1 + s / 2], [s, 1])
        ),
        key=lambda found: found.fun,
    )
    assert close(v["reverse"]["kl"], best.fun, 1e-6)
    assert close(v["reverse"]["mean"], abs(best.x[0]), 1e-3)


def test_where_the_reverse_fit_jumps(values):
    means = {s: values("kl_direction", {"half_separation": s})["reverse"]["mean"] for s in (1, 2, 4)}
    assert means[1] < 0.01 < 3.9 < means[4]


@pytest.mark.parametrize("smoothing", [0, 0.01, 0.5, 3])
def test_counts(values, smoothing):
    letters = sorted(set("abracadabra"))
    coded = {w: torch.tensor([[letters.index(c) for c in w]]) for w in ("abracadabra", "abba")}
    model = Table((11,), 5, memory=1, shared=True).double()
    model.count(coded["abracadabra"], smoothing=smoothing)
    log_p = model.conditionals(torch.nn.functional.pad(coded["abba"], (0, 7))).log_prob(
        torch.nn.functional.pad(coded["abba"], (0, 7))
    )
    v = values("counts", {"text": "abracadabra", "word": "abba", "smoothing": smoothing})
    assert close([float(b) for b in v["word"]], -to_bits(log_p[0, :4]))
    assert close(v["text_mean"], -to_bits(model.log_prob(coded["abracadabra"])).item() / 11)


@pytest.mark.parametrize("lr", [0.05, 0.1, 0.19, 0.21])
def test_sgd(values, lr):
    w = torch.ones(2, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=lr)
    curvature, losses = torch.tensor([1.0, 10.0], dtype=torch.float64), []
    for _ in range(41):
        loss = 0.5 * (curvature * w**2).sum()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    v = values("sgd", {"lr": lr, "batch": "all"})
    assert close(v["loss"], losses)
    assert (losses[-1] > losses[0]) == (lr > 0.2)


def test_the_noise_floor_of_sgd(values):
    v = values("sgd", {"lr": 0.1, "batch": "10", "steps": 40_000})
    late = torch.tensor(v["loss"][200:]).double()
    spread = late.unflatten(0, (199, 200))[:-1].mean(1) if len(late) == 39_800 else late[:39_800].view(199, 200).mean(1)
    error = spread.std() / math.sqrt(len(spread))
    assert abs(late.mean() - v["floor"]) < 4 * error


@pytest.mark.parametrize("mask", ["none", "before", "after"])
def test_attention_mask(values, mask):
    scores = torch.tensor([1.0, 0.0, 2.0], dtype=torch.float64)
    hidden = scores.masked_fill(torch.tensor([False, False, mask == "before"]), -torch.inf)
    weights = hidden.softmax(0) * torch.tensor([1.0, 1.0, 0.0 if mask == "after" else 1.0])
    v = values("attention_mask", {"scores": scores.tolist(), "mask": mask})
    assert close(v["weights"], weights)
    assert (abs(v["sum"] - 1) < 1e-12) == (mask != "after")


@pytest.mark.parametrize(("kernel", "layers", "stacks"), list(itertools.product([3, 5], [2, 3, 5], ["one", "two"])))
def test_blind_spot(values, kernel, layers, stacks):
    made = {"one": PixelCNN, "two": GatedPixelCNN}[stacks]
    torch.manual_seed(0)
    model = made((1, 6, 6), 2, hidden=6, layers=layers - 1, first_kernel=kernel, kernel_size=kernel).double()
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(std=0.5)
    moves = dependency_matrix(model) != 0
    for row, column in [(0, 3), (3, 0), (4, 2), (5, 5)]:
        v = values(
            "blind_spot",
            {"size": 6, "row": row, "column": column, "kernel": kernel, "layers": layers, "stacks": stacks},
        )
        assert torch.equal(torch.tensor(v["seen"]).flatten(), moves[6 * row + column])


@pytest.mark.parametrize("temperature", [0.1, 0.7, 1, 2])
def test_temperature(values, temperature):
    first, second = (torch.tensor(FIRST["temperature"][k], dtype=torch.float64) for k in ("first", "second"))
    joint = (first[:, None] * second).flatten()
    steps = (first.log() / temperature).softmax(0)[:, None] * (second.log() / temperature).softmax(1)
    v = values("temperature", {**FIRST["temperature"], "temperature": temperature})
    assert close(v["model"], joint)
    assert close(v["each_step"], steps.flatten())
    assert close(v["whole"], (joint.log() / temperature).softmax(0))


@pytest.mark.parametrize(
    ("rule", "threshold"), [("unlikely", 60), ("unlikely", 15), ("atypical", 20), ("atypical", 40)]
)
def test_typicality(values, rule, threshold):
    k = torch.arange(101, dtype=torch.float64)
    bits = -(k * math.log2(0.1) + (100 - k) * math.log2(0.9))
    pmf = torch.distributions.Binomial(100, torch.tensor(0.1, dtype=torch.float64)).log_prob(k).exp()
    expected = (pmf * bits).sum()
    flagged = bits > threshold if rule == "unlikely" else (bits - expected).abs() > threshold
    v = values("typicality", {**FIRST["typicality"], "rule": rule, "threshold": threshold})
    assert close(v["surprise"], bits) and close(v["entropy"], expected)
    assert close(v["false_alarms"], pmf[flagged].sum())
    assert v["mode_flagged"] == bool(flagged[0])


@pytest.mark.parametrize("message", ["", "a", "abra", "dddd", "aaaaaaaaaaaa"])
def test_range_coder(values, message):
    settings = {**FIRST["range_coder"], "message": message}
    v = values("range_coder", settings)
    bits = -sum(math.log2(settings["p"][settings["letters"].index(letter)]) for letter in message)
    assert close(v["surprise"], bits)
    value = int(v["code"], 2) / 2 ** len(v["code"]) if v["code"] else 0
    assert v["low"] <= value and value + 2.0 ** -len(v["code"]) <= v["low"] + v["width"] + 1e-12
    assert bits - 1e-9 <= len(v["code"]) <= bits + 2


def test_the_range_coder_of_the_library_needs_as_many_bits_for_a_long_message():
    settings = FIRST["range_coder"]
    model = Table((1,), 5).double()
    with torch.no_grad():
        model.logits.copy_(torch.tensor(settings["p"]).double().log().view_as(model.logits))
    x = torch.tensor([[settings["letters"].index(letter)] for letter in "abra" * 2000])
    bits = -to_bits(model.log_prob(x).sum()).item()
    assert bits <= 8 * size(compress(model, x)).payload <= 1.0005 * bits + 64


PAGE = """<!doctype html><html lang="en" data-theme="{theme}"><head><title>Figure</title>
<meta name="viewport" content="width=device-width"><style>:root {{ --pst-color-text-base: #222832; }}
html[data-theme=dark] {{ --pst-color-text-base: #ced6dd; background: #121212; color: #ced6dd; }}</style>
<link rel="stylesheet" href="/course.css"></head><body><main><h1>Figure</h1>
<div class="interactive" data-module="{module}" data-settings='{settings}'><div class="figure-pair">still</div></div>
</main></body></html>"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("module", FIRST)
def test_a_figure_serves_every_reader(browser, serve, module, theme):
    address = serve(inspection.ROOT / "book" / "_assets")
    tab = browser.new_page(viewport={"width": 390, "height": 900})
    complaints = []
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    # The listing of files, whose address the page borrows, has no icon, and the browser may ask for it late.
    spoken = lambda m: m.type in ("error", "warning") and not m.location["url"].endswith("/favicon.ico")  # noqa: E731
    tab.on("console", lambda m: spoken(m) and complaints.append(m.text))
    try:
        tab.goto(address)
        tab.set_content(PAGE.format(module=module, theme=theme, settings=json.dumps(FIRST[module])))
        tab.add_script_tag(url="/course.js")
        tab.evaluate("dispatchEvent(new Event('DOMContentLoaded'))")
        tab.wait_for_selector(".is-live .says")
        before = tab.locator(".says").inner_text()
        knob = tab.locator(".controls :is(input, button)").first
        knob.focus()
        tab.keyboard.press("ArrowRight" if knob.get_attribute("type") in ("range", "radio") else "Enter")
        assert tab.locator(".says").inner_text() != before
        tab.get_by_role("button", name="Back to the start").click()
        assert tab.locator(".says").inner_text() == before
        assert tab.locator(".figure-pair").is_hidden()
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        assert inspection.inaccessible(tab) == []
        assert complaints == []
    finally:
        tab.close()
