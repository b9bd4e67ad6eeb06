"""RNADE: laws of a density over real variables, closed forms of Gaussians, and the wrong models they must reject."""

import math

import pytest
import torch
from oracles import chi_square_p_value, every_point, randomise
from torch.distributions import MixtureSameFamily, MultivariateNormal, Normal

from dgmlib.causality import dependency_matrix
from dgmlib.distributions import soft_limit
from dgmlib.models import RNADE
from dgmlib.train import fit

DRAWS = 20_000
SWAPPED = torch.tensor([1, 0])


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def some(kind=RNADE, event_shape=(2,), **options):
    """A model whose weights are random, and small enough that no component is far narrower or wider than the others."""
    return randomise(kind(event_shape, **({"components": 3, "hidden": 6} | options)), scale=0.5)


# Laws of a model of D real variables ---


def law_causality(model):
    """1. Each prediction moves with every earlier variable, and with no other."""
    order = model.order
    matrix = dependency_matrix(model, trials=8)[order][:, order]
    assert torch.equal(matrix, torch.ones(model.dims, model.dims).tril(-1).bool()), matrix.int()


def law_each_integrates_to_one(model):
    """2a. Each conditional is a density of its own variable, whatever came before."""
    line = torch.arange(-60, 60, 0.05)
    for past in torch.randn(3, model.dims, generator=generator()):
        for i in range(model.dims):
            x = past.repeat(len(line), 1)
            x[:, i] = line
            density = model.conditionals(x.view(-1, *model.event_shape)).log_prob(x.view(-1, *model.event_shape)).exp()
            assert density.flatten(1)[:, i].sum().item() * 0.05 == pytest.approx(1, abs=1e-10), f"variable {i}"


def law_all_integrates_to_one(model):
    """2b. The density of two variables integrates to one over the plane."""
    first, second = torch.arange(-15, 15, 0.1), torch.arange(-40, 40, 0.05)  # what lies outside has less than 1e-8
    total = 0
    for part in first.split(30):
        total += model.log_prob(model.to_event(torch.cartesian_prod(part, second))).exp().sum().item()
    assert total * 0.1 * 0.05 == pytest.approx(1, abs=1e-8)


def law_decomposition(model):
    """3. log_prob is the sum of the conditionals' log densities, each written out from the parameters."""
    x = torch.randn(50, *model.event_shape, generator=generator())
    logits, means, log_scales = model(x).chunk(3, -1)
    z = (x[..., None] - means) / log_scales.exp()
    each = (logits.softmax(-1) * (-(z**2) / 2 - log_scales).exp() / math.sqrt(2 * math.pi)).sum(-1).log()
    assert torch.allclose(model.log_prob(x), each.flatten(1).sum(1), rtol=0, atol=1e-11)


def law_agreement(model):
    """4. The distribution functions' values at samples are uniform: each alone, and those of two variables together."""
    x = model.sample(DRAWS, generator=generator(1))
    bins = (model.conditionals(x).cdf(x).flatten(1) * 20).long().clamp(max=19)  # (DRAWS, D)
    for i in range(model.dims):
        counts = torch.bincount(bins[:, i], minlength=20)
        assert chi_square_p_value(counts, torch.full((20,), DRAWS / 20)) > 1e-4, f"variable {i}"
    if model.dims == 2:
        counts = torch.bincount(bins[:, 0] * 20 + bins[:, 1], minlength=400)
        assert chi_square_p_value(counts, torch.full((400,), DRAWS / 400)) > 1e-4, "both together"


def law_step(model):
    """5. ``step``, one variable at a time, predicts what ``forward`` predicts; cached and naive samples are equal."""
    x = torch.randn(20, *model.event_shape, generator=generator())
    want = model.to_sequence(model(x))  # (B, D, 3K)
    state, last = model.init_state(len(x)), None
    for t in range(model.dims):
        parameters, state = model.step(last, state)
        assert torch.allclose(parameters, want[:, t], rtol=0, atol=1e-10), f"at variable {t} in the model's order"
        last = model.to_sequence(x)[:, t]
    for prefix in [None, torch.tensor([0.7])]:
        cached, naive = (model.sample(50, prefix=prefix, generator=generator(2), cached=c) for c in (True, False))
        assert torch.allclose(cached, naive, rtol=0, atol=1e-10)


def law_prefix(model):
    """The observed start is kept, and what follows is drawn given it."""
    prefix = torch.tensor([1.5])
    x = model.sample(DRAWS, prefix=prefix, generator=generator(3))
    sequence = model.to_sequence(x)
    assert (sequence[:, 0] == 1.5).all()
    bins = (model.to_sequence(model.conditionals(x).cdf(x))[:, 1] * 20).long().clamp(max=19)
    assert chi_square_p_value(torch.bincount(bins, minlength=20), torch.full((20,), DRAWS / 20)) > 1e-4


def law_units(model, scaled):
    """Data in another unit, ``factor`` times as large in number, have a density lower by D log(factor) nats."""
    x, factor = torch.randn(50, *model.event_shape, generator=generator()), 40.0
    shift = model.dims * math.log(factor)
    assert torch.allclose(scaled(factor).log_prob(factor * x), model.log_prob(x) - shift, rtol=0, atol=1e-9)


LAWS = [law_causality, law_each_integrates_to_one, law_decomposition, law_agreement, law_step, law_prefix]
PLANE = {
    "three components": lambda: some(),
    "one component": lambda: some(components=1),
    "the other order": lambda: some(order=SWAPPED),
    "a column": lambda: some(event_shape=(2, 1), components=2),
}


@pytest.mark.parametrize("law", LAWS, ids=lambda x: x.__name__)
@pytest.mark.parametrize("name", PLANE)
@torch.no_grad()
def test_two_real_variables_obey_every_law(name, law):
    law(PLANE[name]())


@pytest.mark.parametrize("law", LAWS, ids=lambda x: x.__name__)
@torch.no_grad()
def test_five_real_variables_obey_every_law(law):
    law(some(event_shape=(5,), order=torch.tensor([3, 1, 4, 0, 2]), hidden=16))


@pytest.mark.parametrize("options", [{}, {"components": 1}, {"order": SWAPPED}])
@torch.no_grad()
def test_the_density_of_the_plane_integrates_to_one(options):
    law_all_integrates_to_one(some(**options))


# What each law must reject ---


class SeesItselfInTheSum(RNADE):
    """The running sum takes x_i in before it predicts x_i."""

    def _raw(self, x):
        x = self._inputs(self.to_sequence(x))
        sums = self.bias + (x[..., None] * self.weight).cumsum(1)
        hidden = torch.relu(self.scale[:, None] * sums)
        return self.to_event(torch.einsum("bdh,dhp->bdp", hidden, self.out_weight) + self.out_bias)


class SeesOnlyTheFirst(RNADE):
    """The sum stops after one variable: an independence that nobody asked for."""

    def _raw(self, x):
        first = self.to_sequence(x).clone()
        first[:, 1:] = 0
        return super()._raw(self.to_event(first))


class ForgetsTheScale(RNADE):
    """Leaves 1/s out of the normal density."""

    def conditionals(self, x):
        right = super().conditionals(x)

        class Unscaled(Normal):
            def log_prob(self, value):
                return super().log_prob(value) + self.scale.log()

        narrow = right.component_distribution
        return MixtureSameFamily(right.mixture_distribution, Unscaled(narrow.loc, narrow.scale), validate_args=False)


class MeansOverDimensions(RNADE):
    """Takes the mean over the event where the sum belongs."""

    def log_prob(self, x):
        return super().log_prob(x) / self.dims


class AveragesLogDensities(RNADE):
    """Mixes the components' logarithms, where their densities belong."""

    def conditionals(self, x):
        mixed = super().conditionals(x)
        weights, parts = mixed.mixture_distribution.probs, mixed.component_distribution
        mixed.log_prob = lambda value: (weights * parts.log_prob(value[..., None])).sum(-1)
        return mixed


class UsesTheUniformTwice(RNADE):
    """One uniform number picks the component and, unrescaled, the place in it: the two go together."""

    def draw(self, parameters, uniform):
        logits, means, log_scales = parameters.chunk(3, -1)
        k = (logits.softmax(-1).cumsum(-1) < uniform[:, None]).sum(-1, keepdim=True).clamp(max=logits.shape[-1] - 1)
        mean, log_scale = (p.gather(-1, k).squeeze(-1) for p in (means, log_scales))
        return mean + log_scale.exp() * torch.special.ndtri(uniform.clamp(1e-16, 1 - 1e-16))


class DrawsEachAlone(RNADE):
    """Draws every variable as if those before it were zero: each looks right alone if the first one hardly matters."""

    def step(self, x_prev, state):
        return super().step(None if x_prev is None else torch.zeros_like(x_prev), state)


class StepsLate(RNADE):
    """Predicts the next variable before taking the last one in: the classic shift by one."""

    def step(self, x_prev, state):
        parameters, _ = super().step(None, state)
        return parameters, super().step(x_prev, state)[1]


class ForgetsThePrefix(RNADE):
    """Puts the prefix in only when all is drawn."""

    def sample(self, n, prefix=None, **options):
        x = self.to_sequence(super().sample(n, **options))
        if prefix is not None:
            x[:, : len(prefix)] = prefix
        return self.to_event(x)


@pytest.mark.parametrize(
    ("wrong", "law"),
    [
        (SeesItselfInTheSum, law_causality),
        (SeesOnlyTheFirst, law_causality),
        (SeesItselfInTheSum, law_each_integrates_to_one),
        (ForgetsTheScale, law_each_integrates_to_one),
        (AveragesLogDensities, law_each_integrates_to_one),
        (SeesItselfInTheSum, law_all_integrates_to_one),
        (ForgetsTheScale, law_all_integrates_to_one),
        (MeansOverDimensions, law_all_integrates_to_one),
        (MeansOverDimensions, law_decomposition),
        (ForgetsTheScale, law_decomposition),
        (AveragesLogDensities, law_decomposition),
        (SeesItselfInTheSum, law_agreement),
        (UsesTheUniformTwice, law_agreement),
        (DrawsEachAlone, law_agreement),
        (SeesItselfInTheSum, law_step),
        (StepsLate, law_step),
        (DrawsEachAlone, law_step),
        (ForgetsThePrefix, law_prefix),
    ],
    ids=lambda x: x.__name__,
)
@torch.no_grad()
def test_a_wrong_model_is_rejected(wrong, law):
    with pytest.raises(AssertionError):
        law(some(wrong, event_shape=(3,) if wrong is SeesOnlyTheFirst else (2,)))


# Closed forms ---


def gaussian(weights, deviations, factor=1.0):
    """x_i = sum_{j<i} A_ij x_j + s_i e_i, in units that make its numbers ``factor`` times as large."""
    dims = len(deviations)
    model = RNADE((dims,), components=1, hidden=2 * dims)
    with torch.no_grad():
        model.weight.copy_(torch.cat([torch.eye(dims), -torch.eye(dims)], 1))  # x_j = relu(x_j) - relu(-x_j)
        model.bias.zero_(), model.scale.fill_(1)
        model.out_weight[:, :, 1] = torch.cat([weights, -weights], 1)
        model.out_bias[:, 2] = 10 * ((factor * deviations).log() / 10).atanh()  # undoes the soft limit
    return model


A = torch.tensor([[0, 0, 0], [0.8, 0, 0], [-0.5, 1.5, 0]], dtype=torch.float64)
S = torch.tensor([1.0, 0.3, 2.0], dtype=torch.float64)


@torch.no_grad()
def test_one_component_and_a_linear_mean_is_a_gaussian():
    mixing = torch.linalg.inv(torch.eye(3) - A)
    truth = MultivariateNormal(torch.zeros(3), scale_tril=mixing * S)
    x = 3 * torch.randn(100, 3, generator=generator())
    assert torch.allclose(gaussian(A, S).log_prob(x), truth.log_prob(x), rtol=1e-12, atol=0)
    drawn = gaussian(A, S).sample(DRAWS, generator=generator())
    assert torch.allclose(drawn.T.cov(), truth.covariance_matrix, rtol=0.05, atol=0.03)


@torch.no_grad()
def test_a_change_of_units_shifts_the_log_density():
    law_units(gaussian(A, S), lambda factor: gaussian(A, S, factor))
    with pytest.raises(AssertionError):
        law_units(gaussian(A, S), lambda factor: gaussian(A, S))  # the model that does not know of the new unit


@torch.no_grad()
def test_it_computes_what_the_paper_says_one_variable_at_a_time():
    model = some(event_shape=(4,), components=2)
    x = torch.randn(30, 4, generator=generator())
    for i in range(4):
        hidden = torch.relu(model.scale[i] * (model.bias + x[:, :i] @ model.weight[:i]))
        logits, means, log_scales = (hidden @ model.out_weight[i] + model.out_bias[i]).chunk(3, -1)
        want = torch.cat([logits, torch.tensor([-2.0, 2.0]) + means, soft_limit(log_scales)], -1)
        assert torch.allclose(model(x)[:, i], want, rtol=0, atol=1e-12)


@pytest.mark.parametrize("components", [1, 2, 5])
@torch.no_grad()
def test_the_first_density_is_evenly_spread_normals(components):
    model = RNADE((3,), components=components)
    x = torch.randn(20, 3, generator=generator())
    spread = torch.linspace(-2, 2, components) if components > 1 else torch.zeros(1)
    each = Normal(spread, 1.0).log_prob(x[..., None]).exp().mean(-1).log()
    assert torch.allclose(model.log_prob(x), each.sum(1), rtol=0, atol=1e-12)


@pytest.mark.parametrize("values", [2, 3, 17, 256])
@pytest.mark.parametrize("components", [1, 5, 10])
@torch.no_grad()
def test_the_first_loss_of_values_is_near_ln_of_their_number(values, components):
    model = RNADE((1, 4, 4), values, components=components)
    x = torch.arange(16 * values).view(values, 1, 4, 4) % values  # every value equally often
    assert -model.log_prob(x).mean().item() / 16 == pytest.approx(math.log(values), rel=0.05)


# Draws ---


def test_draws_are_never_infinite():
    model = RNADE((1,), components=2)
    parameters = torch.tensor([[0.0, 0.0, -1.0, 3.0, 0.5, 10.0], [-800.0, 800.0, 0.0, 1.0, 0.0, 0.0]])
    least, most = torch.zeros(2), torch.full((2,), 1 - 2.0**-53)
    for uniform in (least, torch.full((2,), 5e-324), most, torch.tensor([0.5, 2.0**-53])):
        assert model.draw(parameters, uniform).isfinite().all()
    ends = model.draw(parameters, least), model.draw(parameters, most)
    assert ends[0][0].item() == pytest.approx(-1 - 8.2 * math.exp(0.5), abs=0.2)
    assert ends[1][0].item() == pytest.approx(3 + 8.2 * math.exp(10), rel=0.02)


def test_a_draw_rises_with_the_uniform_within_a_component():
    parameters = torch.tensor([0.0, math.log(3), -1.0, 3.0, 0.0, 0.0]).expand(4, 6)
    x = RNADE((1,), components=2).draw(parameters, torch.tensor([0.125, 0.25 - 1e-12, 0.25, 0.625]))
    assert x[0].item() == pytest.approx(-1) and x[3].item() == pytest.approx(3)  # each component's median
    assert x[1] > 4 and x[2] < -4  # the last of the first, the first of the last


def test_draws_are_single_where_the_model_is():
    model = RNADE((3,)).float()
    assert model.sample(4).dtype == torch.float32


def test_a_model_that_predicts_nan_has_no_samples():
    model = some()
    with torch.no_grad():
        model.out_bias[1] = math.nan
    with pytest.raises(FloatingPointError, match="NaN"):
        model.sample(3)


# Learning ---


@pytest.mark.parametrize("values", [None, 2, 5])
def test_gradients_agree_with_differences(values):
    model = some(event_shape=(3,), values=values, components=2)
    x = torch.randn(4, 3, generator=generator()) if values is None else every_point((3,), values)[1:5]
    names = [name for name, _ in model.named_parameters()]

    def log_prob(*weights):
        parts = torch.func.functional_call(model, dict(zip(names, weights, strict=True)), (x,))
        if values is not None:
            return parts.gather(-1, x[..., None])
        logits, means, log_scales = parts.chunk(3, -1)
        return (logits.log_softmax(-1) + Normal(means, log_scales.exp()).log_prob(x[..., None])).logsumexp(-1)

    assert torch.autograd.gradcheck(log_prob, tuple(p.detach().clone().requires_grad_() for p in model.parameters()))


@pytest.mark.parametrize("values", [None, 5])
def test_every_weight_learns_after_one_step(values):
    model = RNADE((4,), values, components=3, hidden=8)
    x = torch.randn(200, 4) if values is None else torch.randint(values, (200, 4))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        model.log_prob(x).mean().neg().backward()
        optimizer.step()
    assert all(p.grad.isfinite().all() for p in model.parameters())
    assert (model.weight.grad[:-1] != 0).all()  # the last variable's row serves no other
    assert (model.weight.grad[-1] == 0).all()
    assert len(model.out_bias.grad[0].unique()) == 9  # components are told apart


def test_it_learns_a_density_with_two_branches():
    """y = +x or -x, each with noise: no Gaussian fits that, two components do."""
    g = generator()
    x = torch.randn(4000, generator=g)
    sign = 2 * torch.randint(2, (4000,), generator=g) - 1
    data = torch.stack([x, sign * x + 0.2 * torch.randn(4000, generator=g)], 1)
    train, valid, test = data.split([2500, 500, 1000])
    branches = (Normal(s * test[:, 0], 0.2).log_prob(test[:, 1]).exp() / 2 for s in (-1, 1))
    truth = -(Normal(0, 1).log_prob(test[:, 0]) + sum(branches).log()).mean().item()
    losses = {}
    for components in (1, 2):
        torch.manual_seed(0)
        model = RNADE((2,), components=components, hidden=16)
        fit(model, train, valid, steps=600, lr=0.02)
        losses[components] = -model.log_prob(test).mean().item() - truth
    assert -0.05 < losses[2] < 0.1
    assert losses[1] > 0.3


def test_values_that_are_near_help_each_other():
    """From 200 examples of 64 ordered values, it learns more than counting can."""
    g = generator()
    first = torch.randint(10, 54, (1200,), generator=g)
    data = torch.stack([first, first + torch.randint(-3, 4, (1200,), generator=g)], 1)
    train, valid, test = data.split([200, 200, 800])
    model = RNADE((2,), 64, components=2, hidden=16)
    fit(model, train, valid, steps=500, lr=0.02)
    assert -model.log_prob(test).mean().item() < math.log(44) + math.log(7) + 0.5
    counts = torch.bincount(train[:, 0] * 64 + train[:, 1], minlength=64**2) + 1 / 64
    by_counting = -(counts / counts.sum()).log()[test[:, 0] * 64 + test[:, 1]].mean().item()
    assert by_counting > math.log(44) + math.log(7) + 1


# The contract ---


@torch.no_grad()
def test_forward_of_values_says_what_the_conditionals_say():
    model = some(event_shape=(1, 2, 2), values=4)
    x = every_point((1, 2, 2), 4)
    assert torch.equal(model(x), model.conditionals(x).logits)
    assert torch.allclose(model.log_prob(x).exp().sum(), torch.tensor(1.0), rtol=0, atol=1e-12)


@torch.no_grad()
def test_log_prob_needs_no_logits_of_all_values():
    """A range of 2^40 values would not fit into any memory."""
    x = torch.tensor([[0, 2**39], [2**39, 2**40 - 1]])
    assert RNADE((2,), 2**40).log_prob(x).isfinite().all()


@pytest.mark.parametrize("values", [None, 7])
def test_a_saved_model_is_the_same(tmp_path, values):
    model = some(event_shape=(3,), values=values, order=torch.tensor([2, 0, 1]))
    model.save(tmp_path / "model.safetensors")
    same = RNADE.load(tmp_path / "model.safetensors")
    assert same.fingerprint() == model.fingerprint()
    x = model.sample(5, generator=generator())
    assert torch.equal(same.log_prob(x), model.log_prob(x))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: RNADE((2,), 1), "values: got 1"),
        (lambda: RNADE((2,), components=0), "components: got 0, wanted a positive integer"),
        (lambda: RNADE((2,), hidden=2.5), r"hidden: got 2\.5, wanted a positive integer"),
        (lambda: RNADE((2,)).log_prob(torch.zeros(3, 2).long()), "x: got torch.int64, wanted real numbers"),
        (lambda: RNADE((2,)).log_prob(torch.full((3, 2), math.nan)), "x: got NaN or infinity"),
        (lambda: RNADE((2,), 4).log_prob(torch.zeros(3, 2)), "x: got torch.float.*, wanted integers"),
        (lambda: RNADE((2,), 4).conditionals(torch.full((3, 2), 4)), r"x: got values 4\.\.4, wanted 0\.\.3"),
        (
            lambda: RNADE((2,)).sample(2, temperature=0.5),
            "temperature and top_k: got .*wanted 1.0 and None",
        ),
    ],
)
def test_bad_input_raises_one_clear_error(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
