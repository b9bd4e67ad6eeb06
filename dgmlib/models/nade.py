"""NADE: one hidden layer for each variable, all of them sharing their weights."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dgmlib.layers import one_hot
from dgmlib.model import AutoregressiveModel, check_counts

BLOCK = 32  # variables whose hidden units are computed together: few enough to stay in a processor's cache


class NADE(AutoregressiveModel):
    r"""A neural autoregressive density estimator: a running sum over the past, a sigmoid, an output for each variable.

    .. math:: h_i = \sigma\Big(c + \sum_{j<i} W_{j x_j}\Big), \qquad
              p(x_i = v \mid x_{<i}) \propto \exp(b_{iv} + U_{iv}^\top h_i), \qquad W_{j0} = 0, \; b_{i0} = U_{i0} = 0

    Since :math:`h_{i+1}` adds one term to what :math:`h_i` has added up, all D conditionals together cost O(D H), as
    much as the first layer of one network that sees everything; and so does a sample. U and b start at zero, so the
    first loss is exactly ln V for each variable; W starts at random, which keeps the hidden units from being copies of
    one another.

    Args:
        event_shape: shape of one example, D variables.
        values: V, the number of values of each variable.
        hidden: H, the number of hidden units.
        order: the flat indices of the variables in the order in which they are predicted; ``None`` is row by row.

    Source:
        Larochelle and Murray (2011).

    Example:
        >>> model = NADE((3,), 2, hidden=4)
        >>> round(model.log_prob(torch.tensor([[0, 1, 1]])).exp().item(), 6)
        0.125
    """

    def __init__(self, event_shape, values: int = 2, *, hidden: int = 200, order: Tensor | None = None):
        super().__init__(event_shape, values, order=order)
        check_counts(hidden=hidden)
        free = self.values - 1  # value 0 is the reference, as in FVSBN
        self.weight = nn.Parameter(torch.randn(self.dims, free, hidden) / self.dims**0.5)
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))
        self.out_weight = nn.Parameter(torch.zeros(self.dims, free, hidden))
        self.bias = nn.Parameter(torch.zeros(self.dims, free))

    def forward(self, x: Tensor) -> Tensor:
        features = self._features(self.to_sequence(x)).transpose(0, 1)  # (D, B, V-1)
        before, logits = self.hidden_bias.expand(1, len(x), -1), []  # (1, B, H)
        parts = (p.split(BLOCK) for p in (features, self.weight, self.out_weight, self.bias))
        for f, weight, out_weight, bias in zip(*parts, strict=True):
            sums = torch.cat([before, torch.bmm(f, weight)]).cumsum(0)  # (BLOCK + 1, B, H)
            logits.append(torch.baddbmm(bias[:, None], torch.sigmoid(sums[:-1]), out_weight.transpose(1, 2)))
            before = sums[-1:]
        logits = torch.cat(logits).transpose(0, 1)  # (B, D, V-1)
        return self.to_event(F.pad(logits, (1, 0)))  # (B, *event_shape, V)

    def init_state(self, n: int):
        return 0, self.hidden_bias.expand(n, -1).clone()

    def step(self, x_prev, state):
        t, sums = state  # (n, H)
        self._check_time(t)
        if x_prev is not None:
            sums += self._features(x_prev) @ self.weight[t - 1]
        logits = F.linear(torch.sigmoid(sums), self.out_weight[t], self.bias[t])
        return F.pad(logits, (1, 0)), (t + 1, sums)

    def _features(self, x: Tensor) -> Tensor:
        return one_hot(x, self.values, self.weight.dtype)
