"""Independent ways to know the truth: enumeration, and a test of samples against known probabilities."""

import torch
from torch import Tensor, nn


def every_point(event_shape: tuple[int, ...], values: int) -> Tensor:
    """All V^D points of an event space, shape ``(V^D, *event_shape)``."""
    dims = torch.Size(event_shape).numel()
    return torch.cartesian_prod(*[torch.arange(values)] * dims).view(-1, *event_shape)


def chi_square_p_value(observed: Tensor, expected: Tensor) -> float:
    """p-value of Pearson's test that counts ``observed`` come from a source with mean counts ``expected``.

    Cells that expect fewer than 5 are pooled, as the approximation asks. A count where 0 is expected gives 0.
    """
    if (observed[expected == 0] > 0).any():
        return 0.0
    rare = expected < 5
    if rare.any():
        observed = torch.cat([observed[~rare], observed[rare].sum(0, keepdim=True)])
        expected = torch.cat([expected[~rare], expected[rare].sum(0, keepdim=True)])
    kept = expected > 0
    statistic = ((observed - expected)[kept] ** 2 / expected[kept]).sum()
    freedom = torch.tensor(float(kept.sum() - 1))
    return 1 - torch.special.gammainc(freedom / 2, statistic / 2).item()


@torch.no_grad()
def randomise(model: nn.Module, scale: float = 1.0, seed: int = 0) -> nn.Module:
    """Give every parameter a random value, so that no law holds for want of weights."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.copy_(scale * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype))
    return model
