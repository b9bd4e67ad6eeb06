"""The laws that every model obeys, and the wrong models that each law must reject.

A law is a function of a model that asserts. ``MODELS`` names every model and option; ``WRONG`` names broken models and
the law that must catch each of them.
"""

import copy
import math

import pytest
import torch
from oracles import chi_square_p_value, every_point, randomise
from torch.distributions import Categorical
from torch.utils._python_dispatch import TorchDispatchMode

from dgmlib.causality import dependency_matrix
from dgmlib.compression import compress, decompress, size
from dgmlib.model import AutoregressiveModel
from dgmlib.models import (
    FVSBN,
    MADE,
    NADE,
    RNADE,
    RNN,
    GatedPixelCNN,
    ImageTransformer,
    OrderEnsemble,
    PixelCNN,
    Table,
    Transformer,
)

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
ORDER = torch.tensor([2, 0, 3, 1])


# What an architecture lets through, worked out on the graph of its variables and not by its own code ---


def all_of_the_past(model):
    """Strictly lower triangular in the model's order: every earlier variable may matter."""
    return torch.ones(model.dims, model.dims).tril(-1).bool()


def markov(memory):
    """Only the last ``memory`` variables may matter."""
    return lambda model: all_of_the_past(model).triu(-memory)


def places(model):
    """Row, column and colour of each variable in the model's order."""
    colours, high, wide = model.event_shape
    return [(i, j, c) for i in range(high) for j in range(wide) for c in range(colours)]


def related(model, relation):
    """The matrix of a relation between a reader's place and a place that it reads."""
    return torch.tensor([[bool(relation(*reader, *read)) for read in places(model)] for reader in places(model)])


def then(*maps):
    """Who sees whom through one map after another, the first of them nearest to the input."""
    total = maps[0].double()
    for m in maps[1:]:
        total = (m.double() @ total > 0).double()
    return total.bool()


def masked(model, radius, mask_type):
    """A masked square convolution: the rows above and the left, and of its own pixel earlier colours (A) or its own."""

    def reads(i, j, c, a, b, d):
        own = d < c if mask_type == "A" else d <= c
        return (i - radius <= a < i and abs(b - j) <= radius) or (a == i and (j - radius <= b < j or (b == j and own)))

    return related(model, reads)


def stack_of_masks(first, kernel, layers):
    """PixelCNN."""
    return lambda m: then(masked(m, first // 2, "A"), *[masked(m, kernel // 2, "B")] * layers)


def two_stacks(first, kernel, layers):
    """Gated PixelCNN: the horizontal stack reads the vertical one a row further down."""

    def promised(model):
        down = related(model, lambda i, j, c, a, b, d: a == i - 1 and b == j)
        vertical, seen = torch.eye(model.dims).bool(), None
        for layer in range(layers + 1):
            r = (kernel if layer else first) // 2
            up = related(model, lambda i, j, c, a, b, d, r=r: i - r <= a <= i and abs(b - j) <= r)
            left = masked(model, r, "B" if layer else "A") & related(model, lambda i, j, c, a, b, d: a == i)
            vertical = then(vertical, up)
            seen = (then(seen, left) if layer else left) | then(vertical, down)
        return seen

    return promised


def windows(window, layers):
    """Local attention: a query knows the variable right before it, and asks the keys of those nearby."""

    def promised(model):
        before = torch.eye(model.dims).roll(1, 0).bool()  # what each key carries
        before[0] = False
        spots = places(model)
        near = torch.zeros(model.dims, model.dims).bool()
        for t, (i, j, _) in enumerate(spots):
            for s in range(1, t + 1):
                a, b, _ = spots[s - 1]
                near[t, s] = s == t or max(abs(a - i), abs(b - j)) <= window
        return then(before, *[near] * layers)

    return promised


# name: (constructor, the dependencies that the architecture promises, as a matrix in the model's order)
MODELS = {
    "Table": (lambda: Table((4,), 3), all_of_the_past),
    "Table of an image": (lambda: Table((1, 2, 3), 2), all_of_the_past),
    "Table memory=0 shared": (lambda: Table((5,), 3, memory=0, shared=True), markov(0)),
    "Table memory=1": (lambda: Table((5,), 3, memory=1), markov(1)),
    "Table memory=2 shared": (lambda: Table((6,), 2, memory=2, shared=True), markov(2)),
    "Table of one variable": (lambda: Table((1,), 4), all_of_the_past),
    "FVSBN": (lambda: FVSBN((6,), 2), all_of_the_past),
    "FVSBN of an image, 3 values": (lambda: FVSBN((1, 2, 2), 3), all_of_the_past),
    "FVSBN in another order": (lambda: FVSBN((4,), 2, order=ORDER), all_of_the_past),
    "NADE": (lambda: NADE((6,), 2, hidden=5), all_of_the_past),
    "NADE in another order, 3 values": (lambda: NADE((1, 2, 2), 3, hidden=4, order=ORDER), all_of_the_past),
    "NADE of one variable": (lambda: NADE((1,), 3, hidden=4), all_of_the_past),
    "MADE": (lambda: MADE((6,), 2, hidden=(24,)), all_of_the_past),
    "MADE without direct": (lambda: MADE((5,), 2, hidden=(24,), direct=False), all_of_the_past),
    "MADE of few units": (lambda: MADE((5,), 2, hidden=(2,)), all_of_the_past),
    "MADE of two layers": (lambda: MADE((1, 2, 2), 3, hidden=(24, 18), order=ORDER), all_of_the_past),
    "MADE of three layers": (lambda: MADE((4,), 3, hidden=(18, 12, 18), direct=False), all_of_the_past),
    "MADE of sigmoids": (
        lambda: MADE((5,), 2, hidden=(24, 24), activation="sigmoid", dropout=0.5).eval(),
        all_of_the_past,
    ),
    "MADE of one variable": (lambda: MADE((1,), 3, hidden=(4,)), all_of_the_past),
    "RNN": (lambda: RNN((5,), 2, cell="rnn", hidden=4), all_of_the_past),
    "RNN gru, two layers": (lambda: RNN((4,), 3, cell="gru", hidden=4, layers=2, embedding=3), all_of_the_past),
    "RNN lstm in another order, two layers": (
        lambda: RNN((2, 2), 3, hidden=4, layers=2, order=ORDER),
        all_of_the_past,
    ),
    "Transformer": (lambda: Transformer((5,), 2, width=8, heads=2), all_of_the_past),
    "Transformer rotary in another order": (
        lambda: Transformer((1, 2, 2), 3, width=8, heads=2, layers=1, positions="rotary", order=ORDER),
        all_of_the_past,
    ),
    "Transformer rotary in another order, three layers": (
        lambda: Transformer((2, 2), 2, width=8, heads=2, layers=3, positions="rotary", order=ORDER),
        all_of_the_past,
    ),
    "ImageTransformer": (lambda: ImageTransformer((1, 2, 3), 2, width=8, heads=2, layers=1), all_of_the_past),
    "ImageTransformer in colour": (
        lambda: ImageTransformer((3, 1, 2), 2, width=8, heads=2, layers=1),
        all_of_the_past,
    ),
    "ImageTransformer with a window": (
        lambda: ImageTransformer((1, 3, 3), 2, width=8, heads=2, layers=1, window=1),
        windows(1, 1),
    ),
    "ImageTransformer with a window, two layers": (
        lambda: ImageTransformer((2, 1, 4), 2, width=8, heads=2, window=1),
        windows(1, 2),
    ),
    "ImageTransformer in colour with a window of two": (
        lambda: ImageTransformer((2, 4, 1), 2, width=8, heads=2, layers=1, window=2),
        windows(2, 1),
    ),
    "PixelCNN": (lambda: PixelCNN((1, 3, 3), 2, hidden=8, layers=1, first_kernel=3), stack_of_masks(3, 3, 1)),
    "PixelCNN of 5x5": (
        lambda: PixelCNN((1, 2, 4), 2, hidden=8, layers=2, first_kernel=5, kernel_size=5),
        stack_of_masks(5, 5, 2),
    ),
    "PixelCNN in colour": (lambda: PixelCNN((3, 1, 3), 2, hidden=24, layers=1), stack_of_masks(7, 3, 1)),
    "PixelCNN logistics": (
        lambda: PixelCNN((1, 2, 2), 5, hidden=8, layers=1, output="logistics", components=2),
        stack_of_masks(7, 3, 1),
    ),
    "PixelCNN of a class": (
        lambda: PixelCNN((1, 2, 3), 2, hidden=8, layers=1, classes=3).given(2),
        stack_of_masks(7, 3, 1),
    ),
    "PixelCNN of a class in colour": (
        lambda: PixelCNN((3, 1, 2), 2, hidden=24, layers=1, classes=3).given(1),
        stack_of_masks(7, 3, 1),
    ),
    "PixelCNN of a class, logistics": (
        lambda: PixelCNN((1, 2, 2), 4, hidden=8, layers=1, output="logistics", components=2, classes=3).given(0),
        stack_of_masks(7, 3, 1),
    ),
    "GatedPixelCNN": (lambda: GatedPixelCNN((1, 3, 3), 2, hidden=16, layers=1, first_kernel=3), two_stacks(3, 3, 1)),
    "GatedPixelCNN of 5x5": (
        lambda: GatedPixelCNN((1, 2, 4), 2, hidden=16, layers=2, first_kernel=3, kernel_size=5),
        two_stacks(3, 5, 2),
    ),
    "GatedPixelCNN in colour": (lambda: GatedPixelCNN((3, 1, 3), 2, hidden=24, layers=1), two_stacks(7, 3, 1)),
    "GatedPixelCNN logistics": (
        lambda: GatedPixelCNN((3, 1, 1), 8, hidden=24, layers=1, output="logistics", components=2),
        two_stacks(7, 3, 1),
    ),
    "GatedPixelCNN of a class": (
        lambda: GatedPixelCNN((1, 2, 3), 2, hidden=16, layers=1, classes=3).given(2),
        two_stacks(7, 3, 1),
    ),
    "GatedPixelCNN of a class in colour": (
        lambda: GatedPixelCNN((3, 2, 1), 2, hidden=24, layers=1, classes=3).given(1),
        two_stacks(7, 3, 1),
    ),
    "GatedPixelCNN of a class in colour, logistics": (
        lambda: GatedPixelCNN((2, 2, 1), 3, hidden=16, layers=1, output="logistics", components=2, classes=3).given(0),
        two_stacks(7, 3, 1),
    ),
    "RNADE of values": (lambda: RNADE((1, 2, 2), 5, components=2, hidden=4), all_of_the_past),
    "RNADE of values in another order": (
        lambda: RNADE((4,), 3, components=2, hidden=4, order=ORDER),
        all_of_the_past,
    ),
}
# Weights of order one saturate what is deep; these have dependencies too faint for doubles.
SCALES = {name: 0.5 for name in MODELS if not name.startswith(("Table", "FVSBN"))}


def law_causality(model, promised):
    """1. Each prediction moves with every variable that the architecture promises, and with no other."""
    order = model.order.cpu()
    matrix = dependency_matrix(model, trials=8)[order][:, order]
    assert not (matrix & ~promised).any(), f"depends on\n{matrix.int()}\nwanted no more than\n{promised.int()}"
    assert torch.equal(matrix, promised), f"depends on\n{matrix.int()}\nwanted\n{promised.int()}"


def law_normalisation(model):
    """2. The probabilities of all points sum to one."""
    points = every_point(model.event_shape, model.values).to(model.order.device)
    assert abs(model.log_prob(points).exp().sum().item() - 1) < 1e-12


def law_decomposition(model):
    """3. log_prob is the sum of the conditionals' log-probabilities, each from its own softmax."""
    points = every_point(model.event_shape, model.values).to(model.order.device)
    each = model(points).log_softmax(-1).gather(-1, points[..., None]).flatten(1).sum(1)
    assert torch.allclose(model.log_prob(points), each, rtol=0, atol=1e-12)


def law_agreement(model):
    """4. Samples fall on every point as often as its probability says (chi-square test, fixed seed)."""
    n = 20_000
    generator = torch.Generator(model.order.device).manual_seed(1)
    points = every_point(model.event_shape, model.values).to(model.order.device)
    expected = n * model.log_prob(points).exp().cpu()
    place = model.values ** torch.arange(model.dims - 1, -1, -1)
    observed = torch.bincount(
        (model.sample(n, generator=generator).cpu().flatten(1) * place).sum(1), minlength=len(points)
    )
    assert chi_square_p_value(observed, expected) > 1e-4


def law_step(model):
    """5. ``step``, one variable at a time, predicts what ``forward`` predicts; cached and naive samples are equal."""
    points = every_point(model.event_shape, model.values).to(model.order.device)
    want = model.to_sequence(model(points))  # (B, D, V)
    state, last = model.init_state(len(points)), None
    for t in range(model.dims):
        logits, state = model.step(last, state)
        assert torch.allclose(logits, want[:, t], rtol=0, atol=1e-10), f"at variable {t} in the model's order"
        last = model.to_sequence(points)[:, t]
    for prefix in [None, points[-1].flatten()[:1]]:
        seeds = [torch.Generator(model.order.device).manual_seed(2) for _ in range(2)]
        cached, naive = (
            model.sample(50, prefix=prefix, generator=g, cached=c) for g, c in zip(seeds, (True, False), strict=True)
        )
        assert torch.equal(cached, naive)


def law_coding(model):
    """6. Coding gives the same tensor back, and takes the bits that its probability promises, within 0.05 % + 64."""
    x = model.sample(1500, generator=torch.Generator(model.order.device).manual_seed(3))
    data = compress(model, x)
    assert torch.equal(decompress(model, data), x)
    promised = -model.log_prob(x).sum().item() / math.log(2)
    bits = 8 * size(data).payload
    assert promised - 1 <= bits <= 1.0005 * promised + 64, f"{bits} bits for {promised:.1f} promised"


class _Elsewhere(TorchDispatchMode):
    """Refuses any operation that makes a tensor on another device than ``device``."""

    def __init__(self, device):
        super().__init__()
        self.device = device

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        made = operation(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, (tuple, list)) else [made]:
            if isinstance(tensor, torch.Tensor):
                assert tensor.device.type == self.device, f"{operation} made a tensor on {tensor.device}"
        return made


def law_device(model):
    """9. The same values and examples on CPU and CUDA; nothing is allocated elsewhere, seen on the device "meta"."""
    if model.order.device.type != "cpu":
        points, here = every_point(model.event_shape, model.values), copy.deepcopy(model).cpu()
        assert torch.allclose(model(points.to(model.order.device)).cpu(), here(points), rtol=0, atol=1e-9)
        drawn = [m.sample(200, generator=torch.Generator().manual_seed(0)).cpu() for m in (model, here)]
        assert torch.equal(*drawn)
    model = copy.deepcopy(model).to("meta")
    x = torch.zeros(2, *model.event_shape, dtype=torch.int64, device="meta")
    with _Elsewhere("meta"):
        logits = model(x)
        assert logits.shape == (*x.shape, model.values)
        assert model.log_prob(x).shape == (2,)
        state, last = model.init_state(2), None
        for _ in range(model.dims):
            logits, state = model.step(last, state)
            assert logits.shape == (2, model.values)
            last = x.flatten(1)[:, 0]


def idle(model):
    """Entries of each parameter that can't matter: behind a mask, of a tap outside of the image, or after the last."""
    idle = {name: torch.zeros_like(p).bool() for name, p in model.named_parameters()}
    for path, module in model.named_modules():
        weight = idle.get(f"{path}.weight".lstrip("."))
        if hasattr(module, "mask"):
            weight |= ~module.mask
        if isinstance(module, torch.nn.Conv2d):  # how far up and to the side each tap reaches
            high, wide = module.kernel_size
            centre = high // 2 if hasattr(module, "mask") else high - 1
            rows = model.event_shape[1] - ("vertical" in path)  # the last row has none below that reads it
            up, side = (torch.arange(k).sub(c).abs() for k, c in ((high, centre), (wide, wide // 2)))
            weight |= (up >= rows)[:, None] | (side >= model.event_shape[2])
        if isinstance(module, NADE | RNADE):
            weight[-1] = True  # no variable reads the last
    if isinstance(model, GatedPixelCNN) and model.event_shape[1] == 1:  # nothing above to read
        idle |= {name: torch.ones_like(p) for name, p in idle.items() if name.startswith(("vertical", "link"))}
    return idle


def law_learning(model, draws=24):
    """10. Every entry of every parameter gets a gradient somewhere, but those that can't matter."""
    model = getattr(model, "model", model)  # of a model that was given a class, all classes
    quiet = {name: ~entries for name, entries in idle(model).items()}
    for seed in range(draws):  # of random weights: a unit of ReLUs may be off for all examples under some
        randomise(model, 0.5, seed).zero_grad()
        x = torch.randint(model.values, (64, *model.event_shape))
        cond = () if model.classes is None else (torch.randint(model.classes, (64,)),)
        with torch.enable_grad():
            model.log_prob(x, *cond).mean().backward()
        for name, p in model.named_parameters():
            if p.grad is not None:
                quiet[name] &= p.grad == 0
    dead = {name: entries.nonzero().tolist()[:3] for name, entries in quiet.items() if entries.any()}
    assert not dead, f"no gradient ever reaches {dead}"


LAWS = [law_normalisation, law_decomposition, law_agreement, law_step, law_coding, law_device]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", MODELS)
@torch.no_grad()
def test_every_model_obeys_every_law(name, device):
    make, promised = MODELS[name]
    model = randomise(make(), SCALES.get(name, 1)).to(device)
    law_causality(model, promised(model))
    for law in LAWS:
        law(model)


@pytest.mark.parametrize("name", MODELS)
def test_a_step_needs_no_special_mode(name):
    """The first thing that one types: a step where gradients are recorded."""
    model = MODELS[name][0]()
    logits, state = model.step(None, model.init_state(2))
    for _ in range(model.dims - 1):
        logits, state = model.step(torch.zeros(2, dtype=torch.int64), state)
    assert logits.shape == (2, model.values)


def law_end(model):
    """11. There are as many steps as variables: one more is an error that says so, from any model that counts them."""
    x, state = torch.zeros(2, dtype=torch.int64), model.init_state(2)
    for t in range(model.dims):
        _, state = model.step(x if t else None, state)
    try:
        model.step(x, state)
    except ValueError as error:
        assert str(error) == f"state: got one after all {model.dims} variables, wanted at most {model.dims} steps"
    else:
        raise AssertionError("a step after the last variable goes unnoticed")


@pytest.mark.parametrize("name", [name for name in MODELS if not name.startswith("RNN")])
def test_there_is_no_step_after_the_last(name):
    """A recurrent network's memory has no count: it could go on for ever."""
    law_end(MODELS[name][0]())


def test_a_naive_step_counts_too():
    class Coins(AutoregressiveModel):
        def forward(self, x):
            return torch.zeros(*x.shape, self.values)

    law_end(Coins((3,), 2))


@pytest.mark.parametrize("name", MODELS)
def test_a_model_can_be_made_on_another_device(name):
    """As in ``with torch.device("cuda")``: nothing in a constructor mixes that device with the CPU."""
    if "of a class" not in name:
        with torch.device("meta"):
            model = MODELS[name][0]()
        assert {t.device.type for t in model.state_dict().values()} == {"meta"}


@pytest.mark.parametrize("name", [name for name in MODELS if "of one variable" not in name])
def test_every_parameter_learns(name):
    """One variable alone has nothing to read: all that could read it is idle."""
    law_learning(MODELS[name][0]())


@pytest.mark.parametrize("name", MODELS)
@torch.no_grad()
def test_the_first_loss_is_ln_of_the_values(name):
    model = MODELS[name][0]()
    x = torch.randint(model.values, (64, *model.event_shape))
    assert -model.log_prob(x).mean().item() / model.dims == pytest.approx(math.log(model.values), rel=0.05)


@pytest.mark.parametrize("name", MODELS)
def test_gradients_agree_with_finite_differences(name):
    """And so they are finite."""
    model = randomise(MODELS[name][0](), SCALES.get(name, 1))
    x = torch.randint(model.values, (5, *model.event_shape))
    keys = [k for k, _ in model.named_parameters()]
    assert torch.autograd.gradcheck(
        lambda *w: torch.func.functional_call(model, dict(zip(keys, w, strict=True)), (x,)).log_softmax(-1).sum(),
        tuple(p.detach().clone().requires_grad_() for p in model.parameters()),
        fast_mode=True,
    )


# What each law must reject ---


class SeesItself(FVSBN):
    """The mask keeps the diagonal: x_i is among its own inputs. Its samples look right and its loss is superb."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.mask |= torch.eye(self.dims).bool()


class LooksAhead(FVSBN):
    """Each variable is predicted from all the others: a pseudo-likelihood (Besag, 1975), which is no distribution."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.mask |= self.mask.T.clone()


class LooksOnlyAhead(FVSBN):
    """The mask is turned round. That is a distribution, of the other order: only law 1 says that it is not this one."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.mask.copy_(self.mask.T.clone())


class Forgets(FVSBN):
    """Blocks too much: x_i never sees x_{i-1}. A correct distribution, with an independence that nobody asked for."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.mask &= torch.ones(self.dims, self.dims).tril(-2).bool()


class AveragesOverOrders(FVSBN):
    """Averages log-probabilities over two orders: that is no distribution, it does not sum to one."""

    def __init__(self, event_shape, values):
        super().__init__(event_shape, values)
        backwards = torch.arange(self.dims - 1, -1, -1)
        self.other = randomise(FVSBN(event_shape, values, order=backwards), seed=7)

    def log_prob(self, x):
        return (super().log_prob(x) + self.other.log_prob(x)) / 2


class AveragesOverDimensions(FVSBN):
    """Takes the mean over the event where the sum belongs."""

    def log_prob(self, x):
        return super().log_prob(x) / self.dims


class SamplesEachAlone(FVSBN):
    """Draws every variable as if those before it were zero."""

    def sample(self, n, prefix=None, generator=None, **options):
        logits = self(torch.zeros(n, *self.event_shape, dtype=torch.int64))
        return torch.multinomial(logits.softmax(-1).flatten(0, -2), 1, generator=generator).view(n, *self.event_shape)


class StepsLate(FVSBN):
    """Predicts the next variable before taking the last one in: the classic shift by one."""

    def step(self, x_prev, state):
        logits, _ = super().step(None, (state[0], state[1].clone()))
        return logits, super().step(x_prev, state)[1]


class CodesAtSampleTemperature(FVSBN):
    """Its step sharpens the logits, so files come out longer than the likelihood promises."""

    def step(self, x_prev, state):
        logits, state = super().step(x_prev, state)
        return logits * 2, state


class AllocatesElsewhere(FVSBN):
    """Makes a tensor without saying where: fine on the CPU, an error (or a slow copy) on any other device."""

    def forward(self, x):
        torch.zeros(len(x))
        return super().forward(x)


class KeepsTheStateElsewhere(FVSBN):
    """The state is made on the default device."""

    def init_state(self, n):
        return 0, torch.zeros(n, self.dims)


class HasAnIdleParameter(FVSBN):
    """Makes a parameter that no prediction uses."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.scale = torch.nn.Parameter(torch.ones(1))


class StopsAGradient(FVSBN):
    """The gradient of what one variable reads is cut off, as by a detach too many: no other law can tell."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.weight.register_hook(lambda gradient: gradient * (torch.arange(len(gradient)) != 2)[:, None])


class StepsOnAndOn(FVSBN):
    """Starts again after the last variable, as an index modulo D does."""

    def step(self, x_prev, state):
        over = state[0] == self.dims
        return super().step(*(None, self.init_state(len(x_prev))) if over else (x_prev, state))


WRONG = [
    (SeesItself, law_causality),
    (LooksAhead, law_causality),
    (LooksOnlyAhead, law_causality),
    (Forgets, law_causality),
    (SeesItself, law_agreement),
    (LooksAhead, law_normalisation),
    (AveragesOverOrders, law_normalisation),
    (AveragesOverDimensions, law_normalisation),
    (AveragesOverDimensions, law_decomposition),
    (SamplesEachAlone, law_agreement),
    (StepsLate, law_step),
    (CodesAtSampleTemperature, law_step),
    (CodesAtSampleTemperature, law_coding),
    (AveragesOverDimensions, law_coding),
    (AllocatesElsewhere, law_device),
    (KeepsTheStateElsewhere, law_device),
    (HasAnIdleParameter, law_learning),
    (StopsAGradient, law_learning),
    (StepsOnAndOn, law_end),
]


@pytest.mark.parametrize(("wrong", "law"), WRONG, ids=lambda x: x.__name__)
@torch.no_grad()
def test_a_wrong_model_is_rejected(wrong, law):
    model = randomise(wrong((5,), 2))
    with pytest.raises(AssertionError):
        law(model, all_of_the_past(model)) if law is law_causality else law(model)


# Bad input ---

MODEL = FVSBN((1, 2, 3), 4)
GOOD = torch.zeros(2, 1, 2, 3, dtype=torch.int64)


@pytest.mark.parametrize(
    ("x", "came", "wanted"),
    [
        (GOOD[:, 0], r"\(2, 2, 3\)", r"\(B, 1, 2, 3\)"),
        (GOOD[0], r"\(1, 2, 3\)", r"\(B, 1, 2, 3\)"),
        (GOOD.double(), "float64", "integers 0..3"),
        (GOOD.bool(), "bool", "integers 0..3"),
        (GOOD + 4, r"values 4..4", "0..3"),
        (GOOD - 1, r"values -1..-1", "0..3"),
        (GOOD[:0], "empty batch", "at least one"),
        (GOOD.tolist(), "list", "integer tensor"),
        (torch.full(GOOD.shape, math.nan), "float", "integers 0..3"),
    ],
)
@pytest.mark.parametrize("call", ["__call__", "log_prob", "conditionals", "compress"])
def test_bad_events_raise_one_clear_error(call, x, came, wanted):
    use = (lambda x: compress(MODEL, x)) if call == "compress" else getattr(MODEL, call)
    with pytest.raises(ValueError, match=f"^x: got .*{came}.*wanted .*{wanted}"):
        use(x)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n: got 0"),
        ({"n": 2.0}, "n: got 2.0"),
        ({"n": 1, "temperature": 0.0}, "temperature: got 0.0"),
        ({"n": 1, "temperature": math.nan}, "temperature: got nan"),
        ({"n": 2, "prefix": torch.zeros(7, dtype=torch.int64)}, r"prefix: got shape \(7,\), wanted \(k,\) or \(2, k\)"),
        ({"n": 2, "prefix": torch.zeros(3, 1, dtype=torch.int64)}, r"prefix: got shape \(3, 1\)"),
        ({"n": 2, "prefix": torch.tensor([4])}, "prefix: got values 4..4, wanted 0..3"),
        ({"n": 2, "prefix": torch.tensor([0.5])}, "prefix: got torch.float32, wanted integers"),
        ({"n": 2, "prefix": [1]}, "prefix: got list"),
    ],
)
def test_bad_sampling_raises_one_clear_error(options, message):
    with pytest.raises(ValueError, match=message):
        MODEL.sample(**options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((), 2), "event_shape: got ()"),
        ((8, 2), "event_shape: got 8"),
        (((2, 0), 2), r"event_shape: got \(2, 0\)"),
        (((2,), 1), "values: got 1"),
        (((2,), 2.0), "values: got 2.0"),
    ],
)
@pytest.mark.parametrize("model", [Table, FVSBN])
def test_bad_construction_raises_one_clear_error(model, arguments, message):
    with pytest.raises(ValueError, match=message.replace("()", r"\(\)")):
        model(*arguments)


def test_events_may_be_given_by_name():
    assert torch.equal(MODEL(x=GOOD), MODEL(GOOD))
    with pytest.raises(ValueError, match=r"x: got values 4\.\.4, wanted 0\.\.3"):
        MODEL(x=GOOD + 4)


@pytest.mark.parametrize(
    "model",
    [
        FVSBN((3,), 2),
        RNADE((3,), components=2),
        RNADE((3,), 4, components=2),
        OrderEnsemble((3,), 2, orders=2, hidden=(4,)).eval(),
        PixelCNN((1, 1, 3), 2, hidden=4, layers=1),
        PixelCNN((1, 1, 3), 4, hidden=4, layers=1, output="logistics"),
        GatedPixelCNN((1, 1, 3), 2, hidden=4, layers=1, classes=2).given(0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_class_given_to_a_model_without_classes_is_one_clear_error(model):
    x = torch.zeros(2, *model.event_shape, dtype=torch.float64 if model.values is None else torch.int64)
    cond = torch.tensor([0, 1])
    calls = [model, model.log_prob, *([] if isinstance(model, OrderEnsemble) else [model.conditionals])]
    for use in [*calls, lambda x, cond: model.sample(len(x), cond=cond)]:
        with pytest.raises(ValueError, match=r"^cond: got tensor\(\[0, 1\]\), wanted none: this \w+ has no classes"):
            use(x, cond=cond)


@pytest.mark.parametrize("cond", [None, torch.tensor([0, 3]), torch.tensor([0])])
def test_a_state_needs_the_class_of_each(cond):
    model = PixelCNN((1, 1, 3), 2, hidden=4, layers=1, classes=3)
    with pytest.raises(ValueError, match=r"^cond: got .*, wanted integers 0..2, shape \(2,\)"):
        model.init_state(2, cond)


def test_an_order_must_be_a_permutation():
    with pytest.raises(ValueError, match=r"order: got \[0, 0, 1\], wanted a permutation of 0..2"):
        FVSBN((3,), 2, order=torch.tensor([0, 0, 1]))


def test_a_prefix_is_kept_and_the_rest_is_drawn_given_it():
    model = randomise(Table((3,), 2))
    n, prefix = 20_000, torch.tensor([1, 0])
    x = model.sample(n, prefix=prefix, generator=torch.Generator().manual_seed(0))
    assert (x[:, :2] == prefix).all()
    p = Categorical(logits=model(torch.tensor([[1, 0, 0]]))[0, 2]).probs.detach()
    assert chi_square_p_value(torch.bincount(x[:, 2], minlength=2), n * p) > 1e-4


def test_temperature_sharpens_each_conditional():
    model = randomise(Table((1,), 3))
    n = 20_000
    x = model.sample(n, temperature=0.5, generator=torch.Generator().manual_seed(0))
    p = (model.logits[0].detach() / 0.5).softmax(-1)
    assert chi_square_p_value(torch.bincount(x[:, 0], minlength=3), n * p) > 1e-4
    assert chi_square_p_value(torch.bincount(x[:, 0], minlength=3), n * model.logits[0].detach().softmax(-1)) < 1e-4


def test_sampling_leaves_the_model_in_the_mode_it_was_in():
    model = FVSBN((2,), 2).train()
    model.sample(1)
    assert model.training
