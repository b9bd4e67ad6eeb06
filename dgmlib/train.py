"""The training loop that the book shows."""

import copy
from dataclasses import dataclass, field

import torch
from torch import Tensor

from dgmlib.likelihood import nll
from dgmlib.model import AutoregressiveModel, check_counts

PART = 500  # examples that are evaluated at once, so that a set need not fit through the model as a whole


@dataclass
class History:
    """What :func:`fit` saw on its way, one entry a check.

    Attributes:
        step: number of updates before the check.
        train: negative log-likelihood of the training set, nats per example.
        valid: that of the validation set; the model ends with the weights of its minimum.

    Example:
        >>> History(step=[0, 50, 100], train=[3.0, 2.0, 1.0], valid=[3.0, 2.5, 2.7]).best
        1
    """

    step: list[int] = field(default_factory=list)
    train: list[float] = field(default_factory=list)
    valid: list[float] = field(default_factory=list)

    @property
    def best(self) -> int:
        """Index of the check with the lowest validation loss."""
        return min(range(len(self.valid)), key=self.valid.__getitem__)


def fit(
    model: AutoregressiveModel,
    train: Tensor,
    valid: Tensor,
    *,
    steps: int = 2000,
    batch_size: int = 100,
    lr: float = 0.01,
    weight_decay: float = 0.0,
    check_every: int = 50,
    patience: int = 5,
    generator: torch.Generator | None = None,
) -> History:
    r"""Maximise the average log-likelihood of ``train`` by Adam on mini-batches, and stop by ``valid``.

    .. math:: \max_\theta \; \frac{1}{N} \sum_{n=1}^{N} \log p_\theta(x^{(n)})

    Every ``check_every`` updates, and after the last, both sets are evaluated. After ``patience`` checks without a new
    best validation loss, or after ``steps`` updates, the weights of the best check are put back.

    Args:
        model: trained in place.
        train: examples to learn from, ``(N, *event_shape)``, on the model's device.
        valid: examples to stop by, likewise; never the test set.
        steps: updates at the most.
        batch_size: examples in an update, drawn with replacement.
        lr: Adam's step size.
        weight_decay: every weight shrinks by this times ``lr`` in each update, apart from Adam's step (AdamW).
        check_every: updates between two checks.
        patience: checks without progress before it stops.
        generator: source of the mini-batches; without one, a generator seeded with 0.

    Raises:
        ValueError: if ``train`` or ``valid`` is no batch of the model's events, or a number is not positive.
        FloatingPointError: if the loss is no longer finite; it says at which update.

    Source:
        Kingma and Ba (2015) for Adam; Loshchilov and Hutter (2019) for its weight decay; Prechelt (1998) for early
        stopping.

    Example:
        >>> from dgmlib.models import Table
        >>> x = torch.tensor([[0], [1], [1], [1]])
        >>> coin = Table((1,), 2)
        >>> history = fit(coin, x, x)
        >>> round(coin.log_prob(torch.tensor([[1]])).exp().item(), 2)
        0.75
    """
    model.check_events("train", train), model.check_events("valid", valid)
    check_counts(steps=steps, batch_size=batch_size, check_every=check_every, patience=patience)
    if not 0 < lr < float("inf"):
        raise ValueError(f"lr: got {lr!r}, wanted a positive number")
    if not weight_decay >= 0:
        raise ValueError(f"weight_decay: got {weight_decay!r}, wanted a number of at least 0")
    generator = generator or torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=weight_decay)
    history, best = History(), copy.deepcopy(model.state_dict())
    for step in range(steps + 1):
        if step % check_every == 0 or step == steps:
            model.eval()
            with torch.no_grad():
                history.step.append(step)
                for seen, x in ((history.train, train), (history.valid, valid)):
                    each = torch.cat([model.log_prob(part) for part in x.split(PART)])
                    if each.isnan().any():
                        raise FloatingPointError(
                            f"the loss is nan after {step} updates: a smaller lr than {lr} may help"
                        )
                    seen.append(nll(each))
            since_best = len(history.valid) - 1 - history.best
            if since_best == 0:
                best = copy.deepcopy(model.state_dict())
            if since_best == patience or step == steps:
                break
        model.train()
        batch = train[torch.randint(len(train), (batch_size,), generator=generator)]
        loss = -model.log_prob(batch).mean()
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss.item()} at update {step}: a smaller lr than {lr} may help")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.load_state_dict(best)
    return history
