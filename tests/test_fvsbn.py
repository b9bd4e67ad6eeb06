"""FVSBN against logistic regressions, written one by one."""

import pytest
import torch
from oracles import every_point, randomise
from torch.nn import functional as F

from dgmlib.data import TableSource
from dgmlib.models import FVSBN
from dgmlib.train import fit


def test_it_is_one_logistic_regression_for_each_variable():
    model = randomise(FVSBN((5,), 2))
    x = every_point((5,), 2)
    total = torch.zeros(len(x))
    for i in range(5):
        logit = model.bias[i] + x[:, :i].double() @ model.weight[i, :i]
        total -= F.binary_cross_entropy_with_logits(logit, x[:, i].double(), reduction="none")
    assert torch.allclose(model.log_prob(x), total, rtol=0, atol=1e-12)


def test_an_order_renames_the_variables():
    order = torch.tensor([2, 0, 3, 1])
    plain, ordered = FVSBN((4,), 3), FVSBN((4,), 3, order=order)
    randomise(plain), randomise(ordered)
    x = every_point((4,), 3)
    assert torch.allclose(ordered.log_prob(x), plain.log_prob(x[:, order]), rtol=0, atol=1e-12)


def test_dead_weights_get_no_gradient():
    model = randomise(FVSBN((4,), 2))
    model.log_prob(every_point((4,), 2)).sum().backward()
    dead = torch.ones(4, 4).triu().bool()
    assert (model.weight.grad[dead] == 0).all() and (model.weight.grad[~dead] != 0).all()


@pytest.mark.parametrize(("probability", "finds"), [((0.1, 0.4, 0.2, 0.3), True), ((0.5, 0.0, 0.0, 0.5), False)])
def test_it_learns_what_logistic_regressions_can_say(probability, finds):
    """Two variables: any joint distribution. Three, the third the exclusive or of two fair coins: not that one."""
    if finds:
        p = torch.tensor(probability).view(2, 2)
        model, x = FVSBN((2,), 2), TableSource(p).sample(20_000, generator=torch.Generator().manual_seed(0))
    else:
        first = torch.randint(2, (20_000, 2), generator=torch.Generator().manual_seed(0))
        model, x = FVSBN((3,), 2), torch.cat([first, first.sum(1, keepdim=True) % 2], 1)
    fit(model, x, x, lr=0.05, steps=400, batch_size=2000)
    counts = torch.bincount((x * 2 ** torch.arange(x.shape[1])).sum(1), minlength=2 ** x.shape[1]) / len(x)
    points = every_point(model.event_shape, 2)
    p = model.log_prob(points).exp().detach()
    frequency = counts[(points * 2 ** torch.arange(x.shape[1])).sum(1)]
    assert torch.allclose(p, frequency, atol=0.01) == finds
