"""Distributions over 0..V-1 for values that have an order, so that a prediction of 100 is nearly one of 101."""

import math

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, constraints
from torch.nn import functional as F


class DiscretizedLogistics(Distribution):
    r"""A mixture of K logistic distributions, cut into V bins: its parameters are 3K numbers however large V is.

    .. math:: p(v) = \sum_{k=1}^{K} \pi_k \Big[\sigma\Big(\frac{v + \frac12 - \mu_k}{s_k}\Big)
        - \sigma\Big(\frac{v - \frac12 - \mu_k}{s_k}\Big)\Big], \qquad \pi = \mathrm{softmax}(w)

    Bin v is :math:`(v - \frac12, v + \frac12]`; the first reaches to minus infinity and the last to infinity, so the
    probabilities sum to one without a correction. A difference of sigmoids loses all digits in the tails. Its logarithm
    does not: with b and a the bin's two arguments of :math:`\sigma`, so that b - a = 1/s,

    .. math:: \log[\sigma(b) - \sigma(a)] = \log\sigma(b) + \log\sigma(-a) + \log(1 - e^{-1/s})

    exactly, and at the first bin only the first term stands, at the last only the second. Nothing is clamped or
    replaced by a density. Log-probabilities and their gradients are finite as long as :math:`|v - \mu| / s` does not
    overflow.

    Args:
        log_weights: w, unnormalised, of the components, shape ``(..., K)``; the attribute of this name is normalised.
        means: :math:`\mu`, in units of the values, shape ``(..., K)``; they may lie outside 0..V-1.
        log_scales: :math:`\log s`, shape ``(..., K)``, at most 43 in size in float32 and 354 in float64.
        values: V, at least 2.
        validate_args: whether to look at the numbers too, and not only at shapes; ``None`` is torch's default.

    Raises:
        ValueError: if ``values`` is no integer of at least 2, the shapes differ, or a parameter is NaN, infinite or out
            of range.

    Example:
        >>> p = DiscretizedLogistics(torch.zeros(1), torch.tensor([2.0]), torch.tensor([-1.0]), 5)
        >>> p.probs
        tensor([0.0167, 0.1877, 0.5912, 0.1877, 0.0167])
        >>> p.log_prob(torch.tensor(2)).exp()
        tensor(0.5912)

    Source:
        Salimans, Karpathy, Chen and Kingma (2017), PixelCNN++, ICLR. Their code replaces small probabilities
        by a density times the bin's width and clamps log-scales; the identity above makes both needless.
    """

    arg_constraints = {}  # noqa: RUF012, torch's name; the constructor checks, with errors that say what was wanted

    def __init__(
        self, log_weights: Tensor, means: Tensor, log_scales: Tensor, values: int, validate_args: bool | None = None
    ):
        _check_values(values)
        if not log_weights.dim() or not log_weights.shape == means.shape == log_scales.shape:
            shapes = ", ".join(str(tuple(p.shape)) for p in (log_weights, means, log_scales))
            raise ValueError(
                f"log_weights, means and log_scales: got shapes {shapes}, wanted the same (..., K) for all"
            )
        self.log_weights = log_weights.log_softmax(-1)
        self.means, self.log_scales, self.values = means, log_scales, values
        super().__init__(log_weights.shape[:-1], validate_args=validate_args)
        if self._validate_args:
            widest = math.floor(-math.log(torch.finfo(log_scales.dtype).tiny) / 2)  # 1/s is half the way to overflow
            limits = {"log_weights": (log_weights, None), "means": (means, None), "log_scales": (log_scales, widest)}
            for name, (p, most) in limits.items():
                bad = ~p.isfinite() if most is None else ~(p.abs() <= most)
                if bad.any():
                    wanted = "finite numbers" if most is None else f"numbers from -{most} to {most}"
                    raise ValueError(f"{name}: got {p[bad][0].item()}, wanted {wanted}")

    @classmethod
    def from_raw(cls, raw: Tensor, values: int, validate_args: bool | None = None) -> "DiscretizedLogistics":
        r"""The distribution that a network's unscaled output stands for: near uniform where that is zero.

        .. math:: w_k = r_k, \qquad \mu_k = \frac{(k + \frac12) V}{K} - \frac12 + \frac V4\, r_{K+k},
            \qquad \log s_k = \log \frac{V}{5K} + 10 \tanh \frac{r_{2K+k}}{10}, \qquad k = 0 \ldots K-1

        At r = 0 each mean is the centre of one of K equal parts of the range, which also tells the components apart:
        were they equal, they would get equal gradients and stay so. With scale V/5K, uniform data cost at most 3.8 %
        more than ln V (at K = 1; less than 2 % from K = 2 to 10), for V up to 256. A raw output of one moves a mean by
        a quarter of the range and a scale by a factor e; far out the scales saturate, so that no raw output makes one
        zero or infinite.

        Args:
            raw: shape ``(..., 3K)``: K numbers for the log-weights, K for the means, K for the log-scales.
            values: V, at least 2.
            validate_args: as in the constructor.

        Raises:
            ValueError: if the last dimension of ``raw`` is no multiple of 3, or ``values`` is no integer of at least 2.

        Example:
            >>> DiscretizedLogistics.from_raw(torch.zeros(6), 4).probs
            tensor([0.2533, 0.2467, 0.2467, 0.2533])
        """
        _check_values(values)
        if not raw.dim() or raw.shape[-1] % 3 or not raw.shape[-1]:
            raise ValueError(f"raw: got shape {tuple(raw.shape)}, wanted (..., 3K) with K components")
        if raw.dtype in (torch.float16, torch.bfloat16):  # autocast's: too coarse for 256 bins
            raw = raw.float()
        log_weights, means, log_scales = raw.chunk(3, -1)
        components = log_weights.shape[-1]
        part = values / components
        centres = (torch.arange(components, dtype=raw.dtype, device=raw.device) + 0.5) * part - 0.5
        return cls(
            log_weights,
            centres + values / 4 * means,
            math.log(part / 5) + soft_limit(log_scales),
            values,
            validate_args=validate_args,
        )

    @property
    def support(self):
        """The integers 0..V-1.

        Example:
            >>> p = DiscretizedLogistics(torch.zeros(1), torch.tensor([2.0]), torch.tensor([-1.0]), 5)
            >>> p.support.check(torch.tensor([-1, 0, 4, 5]))
            tensor([False,  True,  True, False])
        """
        return constraints.integer_interval(0, self.values - 1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of ``value`` alone, nats: K numbers are computed for each variable, not K V.

        Args:
            value: integers 0..V-1, of a shape that broadcasts with the batch shape.

        Raises:
            ValueError: if a value is no integer or outside 0..V-1 (when arguments are validated).

        Example:
            >>> p = DiscretizedLogistics(torch.zeros(1), torch.tensor([2.0]), torch.tensor([-7.0]), 5)
            >>> p.log_prob(torch.tensor([0, 1, 2]))  # far out it stays finite: its exponential is 0
            tensor([-1644.9497,  -548.3166,     0.0000])
        """
        if self._validate_args and not self.support.check(value).all():
            bad = value[~self.support.check(value)][0].item()
            raise ValueError(f"value: got {bad}, wanted integers 0..{self.values - 1}")
        return self._log_prob(value[..., None], self.log_weights, self.means, self.log_scales)

    @property
    def logits(self) -> Tensor:
        """Log-probabilities of all values, nats, normalised; shape ``(..., V)``.

        Example:
            >>> p = DiscretizedLogistics(torch.zeros(1), torch.tensor([2.0]), torch.tensor([-1.0]), 5)
            >>> torch.equal(p.logits, p.log_prob(torch.arange(5)))
            True
        """
        value = torch.arange(self.values, device=self.means.device)[:, None]  # (V, 1)
        return self._log_prob(value, *(p.unsqueeze(-2) for p in (self.log_weights, self.means, self.log_scales)))

    @property
    def probs(self) -> Tensor:
        """Probabilities of all values, shape ``(..., V)``.

        Example:
            >>> means, log_scales = torch.tensor([0.0, 4.0]), torch.full((2,), -1.0)
            >>> DiscretizedLogistics(torch.tensor([3.0, 1.0]).log(), means, log_scales, 5).probs  # weights 3/4 and 1/4
            tensor([0.5967, 0.1410, 0.0156, 0.0477, 0.1990])
        """
        return self.logits.exp()

    @property
    def mean(self) -> Tensor:
        """Expected value, shape ``(...)``; it lies in 0..V-1 wherever the components' means are.

        Example:
            >>> one = torch.zeros(1)
            >>> [round(DiscretizedLogistics(one, one + m, one, 5).mean.item(), 4) for m in (2, 4, 100)]
            [2.0, 3.3349, 4.0]
        """
        return (self.probs * torch.arange(self.values, device=self.means.device)).sum(-1)

    @torch.no_grad()
    def sample(self, sample_shape: torch.Size | tuple[int, ...] = ()) -> Tensor:
        """Draw integers 0..V-1, int64, shape ``(*sample_shape, *batch_shape)``: a component, a real number, its bin.

        Example:
            >>> means = torch.tensor([[-9.0], [1.0], [99.0]])
            >>> narrow = DiscretizedLogistics(torch.zeros(3, 1), means, torch.full((3, 1), -9.0), 5)
            >>> narrow.sample((2,))  # three variables, twice
            tensor([[0, 1, 4],
                    [0, 1, 4]])
        """
        shape = self._extended_shape(torch.Size(sample_shape))
        k = Categorical(logits=self.log_weights, validate_args=False).sample(sample_shape)[..., None]
        mean, log_scale = (p.expand(*shape, -1).gather(-1, k).squeeze(-1) for p in (self.means, self.log_scales))
        real = mean + log_scale.exp() * torch.rand(shape, dtype=mean.dtype, device=mean.device).logit()
        return (real - 0.5).ceil().clamp(0, self.values - 1).long()  # the two outer bins reach to infinity

    def _log_prob(self, value: Tensor, log_weights: Tensor, means: Tensor, log_scales: Tensor) -> Tensor:
        """Log-probabilities for a value that broadcasts with parameters whose last dimension is K."""
        inverse = (-log_scales).exp()  # 1/s
        below = F.logsigmoid((value + 0.5 - means) * inverse)  # of the bin's upper end: log p(X <= v + 1/2)
        above = F.logsigmoid((means - (value - 0.5)) * inverse)  # of its lower end: log p(X > v - 1/2)
        first, last = value == 0, value == self.values - 1
        # Every branch is finite at every value, so that where passes no NaN back from the one that it did not take.
        log_bin = (
            torch.where(last, 0.0, below)
            + torch.where(first, 0.0, above)
            + torch.where(first | last, 0.0, _log1mexp(inverse))
        )
        return torch.logsumexp(log_weights + log_bin, -1)


def soft_limit(raw: Tensor, limit: float = 10.0) -> Tensor:
    r"""Nearly ``raw`` where that is small, within ``limit`` everywhere: :math:`c \tanh(r / c)`.

    Log-scales of densities need it: without a least scale, a component on one data point has no greatest likelihood.

    Example:
        >>> soft_limit(torch.tensor([0.0, 1.0, -1000.0]))
        tensor([  0.0000,   0.9967, -10.0000])
    """
    return limit * torch.tanh(raw / limit)


def _log1mexp(x: Tensor) -> Tensor:
    """log(1 - exp(-x)) for x > 0 without loss of digits (Maechler, 2012), and with finite gradients at both ends."""
    near = x < math.log(2)
    small, large = torch.where(near, x, 1.0), torch.where(near, 1.0, x)  # each branch sees only what it can bear
    return torch.where(near, torch.log(-torch.expm1(-small)), torch.log1p(-torch.exp(-large)))


def _check_values(values: int) -> None:
    if isinstance(values, bool) or not isinstance(values, int) or values < 2:
        raise ValueError(f"values: got {values!r}, wanted an integer of at least 2")
