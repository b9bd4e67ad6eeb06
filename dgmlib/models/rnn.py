"""RNN: the past summarised in a vector of fixed size, which each new value updates."""

import torch
from torch import Tensor, nn

from dgmlib.layers import shifted
from dgmlib.model import AutoregressiveModel, check_counts, check_probability

CELLS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class RNN(AutoregressiveModel):
    r"""A recurrent network: a hidden vector takes in one value after another, and predicts the next.

    .. math:: h_i = \mathrm{cell}(h_{i-1}, e_{x_{i-1}}), \qquad
              p(x_i \mid x_{<i}) = \mathrm{softmax}(W h_i + b)_{x_i}

    The same cell and the same output serve at every position. torch runs the cells; :mod:`dgmlib.layers` has them
    written out. The output layer starts at zero, so every first prediction is uniform and the first loss is exactly
    ln V for each variable: any other start is a guess that training first has to unlearn. The layers below
    start at random, which keeps the hidden units from being copies of one another.

    Args:
        event_shape: shape of one example, D variables.
        values: V, the number of values of each variable.
        cell: "rnn", "gru" or "lstm".
        hidden: H, size of the hidden vector.
        layers: recurrent layers, each reading the one below.
        embedding: size of the vector e that stands for a value; ``None`` is H.
        dropout: probability with which an entry that goes up to the next layer or to the output is dropped in training.
        order: the flat indices of the variables in the order in which they are predicted; ``None`` is row by row.

    Raises:
        ValueError: if ``cell`` is none of the three, or another argument is out of its range.

    Source:
        Mikolov et al. (2010) for language; Cho et al. (2014) and Hochreiter and Schmidhuber (1997) for the gated cells.

    Example:
        >>> model = RNN((5,), 27, cell="gru", hidden=16)
        >>> model.sample(2, prefix=torch.tensor([1, 2])).shape
        torch.Size([2, 5])
    """

    def __init__(
        self,
        event_shape,
        values: int,
        *,
        cell: str = "lstm",
        hidden: int = 128,
        layers: int = 1,
        embedding: int | None = None,
        dropout: float = 0.0,
        order: Tensor | None = None,
    ):
        super().__init__(event_shape, values, order=order)
        if cell not in list(CELLS):
            raise ValueError(f"cell: got {cell!r}, wanted one of {', '.join(map(repr, CELLS))}")
        width = hidden if embedding is None else embedding
        check_counts(hidden=hidden, layers=layers, embedding=width), check_probability(dropout=dropout)
        self.embedding = nn.Embedding(values + 1, width)  # the last row stands for 'nothing yet'
        between = dropout if layers > 1 else 0.0
        self.rnn = CELLS[cell](width, hidden, num_layers=layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, values)
        nn.init.zeros_(self.head.weight), nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor) -> Tensor:
        before = shifted(self.to_sequence(x).long(), self.values)  # (B, D)
        h, _ = self._run(self.embedding(before), None)  # (B, D, H)
        return self.to_event(self.head(self.dropout(h)))

    def init_state(self, n: int):
        return None, torch.full((n,), self.values, device=self.order.device)

    def step(self, x_prev, state):
        memory, start = state
        e = self.embedding(start if x_prev is None else x_prev.long())
        h, memory = self._run(e[:, None], memory)
        return self.head(h[:, 0]), (memory, start)

    def _run(self, e: Tensor, memory):
        """torch's recurrent layers; on a CPU outside of autocast, since its LSTM has no half precision there."""
        if e.device.type != "cpu":
            return self.rnn(e, memory)
        with torch.autocast("cpu", enabled=False):
            return self.rnn(e, memory)
