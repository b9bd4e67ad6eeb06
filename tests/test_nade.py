"""NADE against the loop of its definition, and a famous mistake that the laws must catch."""

import pytest
import torch
from oracles import every_point, randomise
from test_contract import law_agreement, law_decomposition, law_normalisation, law_step
from torch.nn import functional as F

from dgmlib.models import NADE


def by_hand(model, z):
    """log_prob of one sequence in the model's order, one variable after another."""
    sums, total = model.hidden_bias, 0.0
    for i in range(model.dims):
        h = torch.sigmoid(sums)
        scores = [torch.zeros(()), *(b + u @ h for b, u in zip(model.bias[i], model.out_weight[i], strict=True))]
        total = total + scores[z[i]] - torch.stack(scores).exp().sum().log()
        if z[i] > 0:
            sums = sums + model.weight[i, z[i] - 1]
    return total


@pytest.mark.parametrize("order", [None, [2, 0, 3, 1]])
@pytest.mark.parametrize("values", [2, 3])
def test_it_is_a_running_sum_in_values_and_gradients(values, order):
    model = randomise(NADE((4,), values, hidden=3, order=order))
    x = every_point((4,), values)[:: values + 3]
    ours = model.log_prob(x)
    wanted = torch.stack([by_hand(model, z.tolist()) for z in (x if order is None else x[:, order])])
    assert torch.allclose(ours, wanted, rtol=0, atol=1e-12)
    weight = torch.randn(len(x))
    of_ours, of_loop = (torch.autograd.grad(y @ weight, list(model.parameters())) for y in (ours, wanted))
    for a, b in zip(of_ours, of_loop, strict=True):
        assert torch.allclose(a, b, rtol=0, atol=1e-12) and (b != 0).any()


def test_with_two_values_it_is_a_logistic_regression_on_hidden_units():
    """The formula of the paper: V_i sigmoid(c + W_{<i} x_{<i}) + b_i."""
    model, x = randomise(NADE((5,), 2, hidden=4)), every_point((5,), 2)
    total = torch.zeros(len(x))
    for i in range(5):
        h = torch.sigmoid(model.hidden_bias + x[:, :i].double() @ model.weight[:i, 0])
        logit = h @ model.out_weight[i, 0] + model.bias[i, 0]
        total -= F.binary_cross_entropy_with_logits(logit, x[:, i].double(), reduction="none")
    assert torch.allclose(model.log_prob(x), total, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("dims", "values", "hidden"), [(5, 2, 7), (4, 3, 2), (1, 4, 3)])
def test_it_has_twice_d_times_v_minus_one_times_h_weights_and_their_biases(dims, values, hidden):
    model = NADE((dims,), values, hidden=hidden)
    free = dims * (values - 1)
    assert sum(p.numel() for p in model.parameters()) == 2 * free * hidden + hidden + free


def test_what_the_last_variable_would_add_is_never_used():
    model = randomise(NADE((4,), 3, hidden=3))
    model.log_prob(every_point((4,), 3)).sum().backward()
    assert (model.weight.grad[-1] == 0).all() and (model.weight.grad[:-1] != 0).all()


# What must fail ---


class SigmoidTwice(NADE):
    """``forward`` returns probabilities where logits belong, so the loss takes the sigmoid again; ``step`` does not."""

    def forward(self, x):
        return F.pad(super().forward(x)[..., 1:].sigmoid(), (1, 0))


@torch.no_grad()
def test_a_sigmoid_taken_twice_is_rejected_by_what_compares_samples_with_the_likelihood():
    """It is normalised, so it trains without complaint; but its samples come from another distribution."""
    model = randomise(SigmoidTwice((5,), 2, hidden=4))
    law_normalisation(model), law_decomposition(model)
    for law in (law_step, law_agreement):
        with pytest.raises(AssertionError):
            law(model)


@torch.no_grad()
def test_a_sigmoid_taken_twice_can_be_sure_of_nothing():
    """A probability passes for a logit, so a one gets from 1/2 to sigmoid(1) = 0.7310..., whatever is learnt."""
    x = every_point((5,), 2)
    wrong, right = (
        randomise(kind((5,), 2, hidden=4), 30).conditionals(x).probs[..., 1] for kind in (SigmoidTwice, NADE)
    )
    assert wrong.min() >= 0.5 and wrong.max() < 0.7311
    assert right.min() < 0.01 and right.max() > 0.99
