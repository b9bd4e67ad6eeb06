"""FVSBN: one logistic regression for each variable."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dgmlib.layers import one_hot
from dgmlib.model import AutoregressiveModel


class FVSBN(AutoregressiveModel):
    r"""A fully visible sigmoid belief network: each conditional is a (multinomial) logistic regression on the past.

    .. math:: p(x_i = v \mid x_{<i}) \propto \exp\Big(b_{iv} + \sum_{j<i} W_{iv,\,j x_j}\Big),
        \qquad b_{i0} = W_{i0,\cdot} = W_{\cdot,\,j0} = 0

    For binary variables this is :math:`p(x_i = 1 \mid x_{<i}) = \sigma(b_i + \sum_{j<i} W_{ij} x_j)`, with D(D+1)/2
    parameters. The log-likelihood is concave in them. They start at zero, so the first loss is exactly ln V for each
    variable: they may all start alike, unlike hidden units, since every weight has an input of its own.

    Args:
        event_shape: shape of one example, D variables.
        values: V, the number of values of each variable.
        order: the flat indices of the variables in the order in which they are predicted; ``None`` is row by row.

    Source:
        Frey, Hinton and Dayan (1995); Neal (1992) for sigmoid belief networks.

    Example:
        >>> model = FVSBN((3,), 2)
        >>> round(model.log_prob(torch.tensor([[0, 1, 1]])).exp().item(), 6)
        0.125
    """

    def __init__(self, event_shape, values: int = 2, *, order: Tensor | None = None):
        super().__init__(event_shape, values, order=order)
        free = values - 1  # value 0 is the reference: its logit and its input feature are fixed at zero
        self.bias = nn.Parameter(torch.zeros(self.dims * free))
        self.weight = nn.Parameter(torch.zeros(self.dims * free, self.dims * free))  # rows: (i, v), columns: (j, x_j)
        past = torch.ones(self.dims, self.dims).tril(-1).bool()
        self.register_buffer("mask", past.repeat_interleave(free, 0).repeat_interleave(free, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        features = self._features(self.to_sequence(x))  # (B, D (V-1))
        past = self.weight * self.mask  # dead weights get no gradient
        logits = F.linear(features, past, self.bias)
        logits = logits.unflatten(1, (self.dims, -1))  # (B, D, V-1)
        return self.to_event(F.pad(logits, (1, 0)))  # (B, *event_shape, V)

    def init_state(self, n: int):
        return 0, self.bias.expand(n, -1).clone()

    def step(self, x_prev, state):
        t, sums = state  # (n, D (V-1)): each new value adds its column to all that follow
        self._check_time(t)
        free = self.values - 1
        if x_prev is not None:
            last = slice((t - 1) * free, t * free)
            sums[:, t * free :] += F.linear(self._features(x_prev), self.weight[t * free :, last])
        return F.pad(sums[:, t * free : (t + 1) * free], (1, 0)), (t + 1, sums)

    def _features(self, x: Tensor) -> Tensor:
        return one_hot(x, self.values, self.weight.dtype).flatten(1)
