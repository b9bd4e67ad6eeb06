"""What each prediction of a model really looks at, found by changing the inputs one at a time."""

import torch
from torch import Tensor

from dgmlib.model import AutoregressiveModel, check_counts, evaluating, is_count

PART = 256  # changed points that pass through the model at once


@torch.no_grad()
def dependency_matrix(model: AutoregressiveModel, trials: int = 4, generator: torch.Generator | None = None) -> Tensor:
    r"""Which conditional moves when a variable changes: entry (i, j) is True if that of x_i moves with x_j.

    Each variable in turn takes a different value at ``trials`` random points, and the conditionals before and after are
    compared bit for bit: both are computed in the same row of a batch of the same shape, so rounding is the same where
    the arithmetic is. A True entry is then a proof, where the same input gives the same bits twice. A False one is
    evidence that grows with ``trials``: a dependency that shows at few points can be missed. Rows and columns are flat
    (row-major) indices of the event, whatever the model's order; a model is causal if, with both put into its order,
    the matrix is strictly lower triangular.

    Args:
        model: any autoregressive model; it is evaluated in ``eval`` mode, best in float64.
        trials: random points at which every variable is changed once.
        generator: source of the random points, on any device; without one, a generator of the CPU seeded with 0.

    Returns:
        Boolean, shape ``(D, D)``, on the CPU.

    Raises:
        ValueError: if ``trials`` is not a positive integer, or the model predicts NaN.

    Example:
        >>> from dgmlib.models import Table
        >>> p = torch.tensor([[0.1, 0.4], [0.3, 0.2]])
        >>> dependency_matrix(Table.from_joint(p)).int()
        tensor([[0, 0],
                [1, 0]], dtype=torch.int32)
    """
    check_counts(trials=trials)
    generator = generator or torch.Generator("cpu").manual_seed(0)
    dims, values, device = model.dims, model.values, model.order.device
    chance = {"generator": generator, "device": generator.device}
    moved = torch.zeros(dims, dims, dtype=torch.bool, device=device)
    with evaluating(model):
        for _ in range(trials):
            if values is None:
                before = torch.randn(1, dims, **chance).repeat(dims, 1)  # (D, D)
                after = before + torch.diag(torch.randn(dims, **chance))
            else:
                before = torch.randint(values, (1, dims), **chance).repeat(dims, 1)
                after = (before + torch.diag(torch.randint(1, values, (dims,), **chance))) % values
            for rows in (slice(start, start + PART) for start in range(0, dims, PART)):
                logits = [model(x[rows].view(-1, *model.event_shape).to(device)) for x in (before, after)]
                if any(x.isnan().any() for x in logits):
                    raise ValueError("model: predicts NaN, wanted numbers that can be compared")
                moved[:, rows] |= (logits[0] != logits[1]).any(-1).flatten(1).T  # row j: variable j changed
    return moved.cpu()


def receptive_field(model: AutoregressiveModel, position: int, **options) -> Tensor:
    """The variables that the prediction at one position looks at, as a map of the event's shape.

    Args:
        model: any autoregressive model.
        position: flat (row-major) index of the predicted variable, 0..D-1.
        **options: those of :func:`dependency_matrix`.

    Returns:
        Boolean, shape ``event_shape``: True where a change moves the prediction.

    Raises:
        ValueError: if ``position`` is outside the event.

    Example:
        >>> from dgmlib.models import Table
        >>> p = torch.tensor([[0.1, 0.4], [0.3, 0.2]])
        >>> receptive_field(Table.from_joint(p), position=1)
        tensor([ True, False])
    """
    if not is_count(position, 0) or position >= model.dims:
        raise ValueError(f"position: got {position!r}, wanted an integer 0..{model.dims - 1}")
    return dependency_matrix(model, **options)[position].view(model.event_shape)


def is_causal(model: AutoregressiveModel, **options) -> bool:
    """Whether no prediction moves with its own variable or a later one, in the model's order.

    Args:
        model: any autoregressive model.
        **options: those of :func:`dependency_matrix`.

    Example:
        >>> from dgmlib.models import Table
        >>> is_causal(Table((3,), 2))
        True
    """
    order = model.order.cpu()
    matrix = dependency_matrix(model, **options)[order][:, order]
    return not matrix.triu().any().item()
