"""RNADE: each conditional a mixture of densities, or of densities cut into bins."""

import math

import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution, MixtureSameFamily, Normal

from dgmlib.distributions import DiscretizedLogistics, soft_limit
from dgmlib.model import AutoregressiveModel, check_counts


class RNADE(AutoregressiveModel):
    r"""A real-valued neural autoregressive density estimator: NADE's shared hidden layer, and K components a variable.

    .. math:: h_i = \mathrm{relu}\Big(\rho_i \big(c + \sum_{j<i} W_{\cdot j}\, x_j\big)\Big), \qquad
        p(x_i \mid x_{<i}) = \sum_{k=1}^{K} \pi_{ik}\, f(x_i;\, \mu_{ik}, s_{ik}), \qquad
        (\log \pi_i, \mu_i, \log s_i) = b_i + V_i h_i

    up to units. All conditionals share W, so one running sum serves them: O(D H) for each example, where D separate
    networks need O(D^2 H). Each variable rescales the sum by its :math:`\rho_i`, as in the paper, since it has i - 1
    terms; that starts at :math:`\sqrt{D / i}` and is learnt.

    With ``values=None`` the variables are real numbers and f is a normal density with standard deviation s. The log of
    s saturates at 10 in size (``soft_limit``): the likelihood of a mixture of normals has no maximum when a component
    may shrink onto one data point. So bring data to about unit variance first. With V values f is a logistic
    distribution cut into bins (:class:`~dgmlib.distributions.DiscretizedLogistics`) and the inputs are scaled to
    [-1, 1].

    V_i and b_i start at zero. Real variables then begin with K normals of standard deviation 1, whose means are spread
    evenly from -2 to 2 (at 0 if K = 1); values begin near uniform, with a first loss within 5 % of ln V for each
    variable. Nothing stays symmetric: W is random, so each hidden unit feels its own gradient as soon as V_i has taken
    one step, and the components have different means.

    Args:
        event_shape: shape of one example, D variables.
        values: V, the number of values of each variable; ``None`` is real numbers.
        components: K, how many components each mixture has.
        hidden: H, how many hidden units.
        order: the flat indices of the variables in the order in which they are predicted; ``None`` is row by row.

    Raises:
        ValueError: if an argument is out of its range.

    Source:
        Uria, Murray and Larochelle (2013), NIPS; Larochelle and Murray (2011) for NADE. The paper also tries Laplace
        components and scales the gradients of the means; neither is done here.

    Example:
        >>> model = RNADE((2,), components=1)
        >>> round(model.log_prob(torch.zeros(1, 2)).item() + math.log(2 * math.pi), 6)
        0.0
        >>> pixels = RNADE((1, 2, 2), 256)
        >>> pixels(torch.zeros(3, 1, 2, 2, dtype=torch.int64)).shape
        torch.Size([3, 1, 2, 2, 256])
    """

    takes_reals = True

    def __init__(
        self,
        event_shape,
        values: int | None = None,
        *,
        components: int = 5,
        hidden: int = 64,
        order: Tensor | None = None,
    ):
        super().__init__(event_shape, values, order=order)
        check_counts(components=components, hidden=hidden)
        self.weight = nn.Parameter(torch.randn(self.dims, hidden) / math.sqrt(self.dims))  # row j: what x_j adds
        self.bias = nn.Parameter(torch.randn(hidden) / math.sqrt(self.dims))  # c
        self.scale = nn.Parameter((self.dims / torch.arange(1, self.dims + 1)).sqrt())  # rho
        self.out_weight = nn.Parameter(torch.zeros(self.dims, hidden, 3 * components))
        self.out_bias = nn.Parameter(torch.zeros(self.dims, 3 * components))
        spread = torch.linspace(-2, 2, components) if components > 1 else torch.zeros(1)
        self.register_buffer("spread", spread)  # the means of real variables' components, to begin with

    def forward(self, x: Tensor) -> Tensor:
        """What parametrises each conditional: of values, the logits; of real variables, the mixtures' parameters.

        Args:
            x: integers 0..V-1 or real numbers, shape ``(B, *event_shape)``.

        Returns:
            Normalised log-probabilities ``(B, *event_shape, V)``; or the log-weights, means and log standard
            deviations, K of each, ``(B, *event_shape, 3K)``.

        Raises:
            ValueError: if ``x`` has another shape, dtype or range, or the batch is empty.

        Example:
            >>> RNADE((2,), components=3)(torch.zeros(1, 2))[0, 0].detach()  # equal weights, three means, scales of one
            tensor([ 0.,  0.,  0., -2.,  0.,  2.,  0.,  0.,  0.])
            >>> RNADE((2,), 256, components=3)(torch.zeros(1, 2, dtype=torch.int64)).shape
            torch.Size([1, 2, 256])
        """
        return self._mixture(self._raw(x))

    def conditionals(self, x: Tensor, cond: None = None) -> Distribution:
        """The D conditionals p(x_i | x before i) of each example, batch shape ``(B, *event_shape)``.

        Those of values need 3K numbers for each variable, however many values it has.

        Raises:
            ValueError: as :meth:`forward`.

        Example:
            >>> p = RNADE((2,), components=3).conditionals(torch.zeros(1, 2))
            >>> p.mean.detach(), p.variance.detach()  # 1 within the components and (4 + 0 + 4) / 3 between them
            (tensor([[0., 0.]]), tensor([[3.6667, 3.6667]]))
        """
        self._check_cond(cond, 1)
        if self.values is None:
            logits, means, log_scales = self(x).chunk(3, -1)
            return MixtureSameFamily(
                Categorical(logits=logits, validate_args=False),
                Normal(means, log_scales.exp(), validate_args=False),
                validate_args=False,
            )
        if not torch.compiler.is_compiling():  # as before forward
            self.check_events("x", x)
        return DiscretizedLogistics.from_raw(self._raw(x), self.values, validate_args=False)

    def draw(self, parameters: Tensor, uniform: Tensor) -> Tensor:
        r"""Turn one uniform number into one draw: it picks the component, and its place in that part the number.

        .. math:: k = \min\{k : u < \pi_1 + \ldots + \pi_k\}, \qquad
            x = \mu_k + s_k\, \Phi^{-1}\Big(\frac{u - \pi_1 - \ldots - \pi_{k-1}}{\pi_k}\Big)

        Computed in float64, and never infinite: a uniform number of 53 bits reaches 8.3 standard deviations.

        Args:
            parameters: what :meth:`step` returns, shape ``(n, 3K)``.
            uniform: in [0, 1), shape ``(n,)``, float64.

        Returns:
            Shape ``(n,)``, in the parameters' dtype.

        Example:
            >>> two = torch.tensor([[0.0, 0.0, -5.0, 5.0, 0.0, 0.0]]).expand(4, -1)  # N(-5, 1) or N(5, 1)
            >>> u = torch.tensor([0.25, 0.75, 0.0125, 0.4875], dtype=torch.float64)
            >>> RNADE((2,), components=2).draw(two, u)  # below a half it picks the first
            tensor([-5.0000,  5.0000, -6.9600, -3.0400])
        """
        logits, means, log_scales = parameters.to(uniform).chunk(3, -1)
        weights = logits.softmax(-1)
        upper = weights.cumsum(-1)
        k = torch.searchsorted(upper, (uniform * upper[:, -1])[:, None], right=True).clamp(max=weights.shape[-1] - 1)
        weight, top, mean, log_scale = (p.gather(-1, k).squeeze(-1) for p in (weights, upper, means, log_scales))
        rest = (uniform * upper[:, -1] - (top - weight)) / weight
        normal = torch.special.ndtri(rest.clamp(2**-54, 1 - 2**-53))  # not 0, not 1: their quantiles are infinite
        return (mean + log_scale.exp() * normal).to(parameters)

    def init_state(self, n: int):
        return 0, self.bias.expand(n, -1)

    def step(self, x_prev, state):
        t, sums = state  # (n, H): each new value adds its row of the weights
        self._check_time(t)
        if x_prev is not None:
            sums = sums + self._inputs(x_prev)[:, None] * self.weight[t - 1]
        raw = torch.relu(self.scale[t] * sums) @ self.out_weight[t] + self.out_bias[t]  # (n, 3K)
        return self._mixture(raw), (t + 1, sums)

    def _raw(self, x: Tensor) -> Tensor:
        """The output layer, (B, *event_shape, 3K)."""
        x = self._inputs(self.to_sequence(x)).T  # (D, B)
        terms = x[:-1, :, None] * self.weight[:-1, None]  # (D - 1, B, H)
        start = self.bias.expand(1, x.shape[1], -1)
        sums = torch.cat([start, terms]).cumsum(0)  # (D, B, H): entry i holds what comes before variable i
        hidden = torch.relu(self.scale[:, None, None] * sums)
        raw = torch.baddbmm(self.out_bias[:, None], hidden, self.out_weight)  # (D, B, 3K)
        return self.to_event(raw.transpose(0, 1))

    def _mixture(self, raw: Tensor) -> Tensor:
        if self.values is not None:
            return DiscretizedLogistics.from_raw(raw, self.values, validate_args=False).logits
        logits, means, log_scales = raw.chunk(3, -1)
        return torch.cat([logits, self.spread + means, soft_limit(log_scales)], -1)

    def _inputs(self, x: Tensor) -> Tensor:
        x = x.to(self.weight)
        return x if self.values is None else 2 * x / (self.values - 1) - 1
