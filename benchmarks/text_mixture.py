"""A text model that mixes a recurrent network with counts, anew for each character, and learns while it reads.

The counts know what has followed each context of up to ``memory`` characters, and name places and people as soon as
they have come up twice; the network knows what the counts can't hold: a longer past, and what contexts that differ have
in common. The mixture is a product of experts, whose weights w follow the gradient of each character's log-probability
as soon as that character is known:

    p(x) is proportional to the product of p_k(x)^w_k over the experts k

Nothing else is needed to compress with it than :func:`dgmlib.compression.compress`: the reader of the file has the
same characters before each prediction, so it learns the same.

Source: Kneser and Ney (1995) for the counts; Cleary and Witten (1984) for contexts of several lengths; Mahoney (2005)
for mixing with weights that are learnt on the way; Krause et al. (2018) for networks that go on learning.
"""

import copy

import numpy as np
import torch
from torch import Tensor, nn

from dgmlib.model import AutoregressiveModel
from dgmlib.models import RNN


class Counts:
    """What came after each context of 0 to ``memory`` characters, with interpolated Kneser-Ney smoothing.

    Each context takes a discount from every count that it has and gives what it took to the next shorter one, and that
    one to the next; below the empty context all characters are equally likely. A character that a context has seen
    before is not told to the shorter ones, which therefore count in how many longer contexts it came up.
    """

    def __init__(self, values: int, memory: int, discount: float):
        self.values, self.memory, self.discount = values, memory, discount
        self.rows: dict[bytes, int] = {}  # the context: its row in the table
        self.table = np.zeros((1024, values), np.int32)
        self.totals, self.distinct = [], []  # of each row: the sum, and how many characters it has seen
        self.past = b""

    def predict(self) -> list[np.ndarray]:
        """Probabilities of the next character by the contexts of 0, 1, 2, ... characters that have come up before."""
        p, predictions = np.full(self.values, 1 / self.values), []
        for context in self._contexts():
            row = self.rows.get(context)
            if row is None:
                break
            kept = np.maximum(self.table[row] - self.discount, 0.0)
            p = (kept + self.discount * self.distinct[row] * p) / self.totals[row]
            predictions.append(p)
        return predictions or [p]

    def learn(self, x: int) -> None:
        """Take in the character that came."""
        for context in reversed(self._contexts()):
            row = self.rows.setdefault(context, len(self.totals))
            if row == len(self.totals):
                self.totals.append(0), self.distinct.append(0)
                if row == len(self.table):
                    self.table = np.concatenate([self.table, np.zeros_like(self.table)])
            self.table[row, x] += 1
            self.totals[row] += 1
            if self.table[row, x] > 1:
                break
            self.distinct[row] += 1
        self.past = (self.past + bytes([x]))[-self.memory :]

    def _contexts(self) -> list[bytes]:
        return [self.past[len(self.past) - k :] for k in range(len(self.past) + 1)]


class Mixer:
    """Experts' log-probabilities, weighted and added up, by weights that learn."""

    def __init__(self, start: list[float], rate: float):
        self.weights, self.rate = np.array(start), rate

    def predict(self, logs: np.ndarray) -> np.ndarray:
        """Log-probabilities of the mixture, ``(V,)``, of those of the experts, ``(experts, V)``."""
        self.logs = logs
        logits = self.weights @ logs
        logits -= logits.max()
        self.mixed = logits - np.log(np.exp(logits).sum())
        return self.mixed

    def learn(self, x: int) -> None:
        """A step along the gradient of log p(x): what each expert said of x less what it says on average."""
        self.weights += self.rate * (self.logs[:, x] - self.logs @ np.exp(self.mixed))


class Learner:
    """An LSTM that reads one character after another, and learns from each piece that it has read."""

    def __init__(self, network: RNN, rate: float, piece: int):
        self.network, self.piece = copy.deepcopy(network), piece
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=rate)
        self.memory = 2 * (network.head.weight.new_zeros(1, network.rnn.hidden_size),)
        self.read, self.last = [], network.values

    @torch.no_grad()
    def predict(self) -> np.ndarray:
        """Log-probabilities of the next character."""
        if not self.read:
            self.before = self.memory
        self.read.append(self.last)
        e = self.network.embedding(torch.tensor([self.last]))
        self.memory = torch.lstm_cell(e, self.memory, *self.network.rnn.all_weights[0])
        return self.network.head(self.memory[0])[0].double().log_softmax(-1).numpy()

    def learn(self, x: int) -> None:
        """Take in the character that came; at the end of a piece, take a step down the gradient of its loss."""
        self.last = x
        if len(self.read) < self.piece:
            return
        if self.optimizer.defaults["lr"]:
            with torch.enable_grad():
                h, _ = self.network.rnn(self.network.embedding(torch.tensor(self.read)), self.before)
                loss = nn.functional.cross_entropy(self.network.head(h), torch.tensor([*self.read[1:], x]))
                self.optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
                self.optimizer.step()
        self.read = []


class Mixture(AutoregressiveModel):
    """A text as one example: each character is predicted by the mixture, which then learns from it.

    Args:
        event_shape: ``(D,)``, the length of the text.
        values: V, the size of the alphabet.
        network: an LSTM of one layer that was trained before; ``None`` mixes the counts alone.
        before: the text that went before, integers 0..V-1, shape ``(n,)``: the counts begin with it, and the network
            reads its end. ``None`` is none.
        memory: longest context of the counts.
        discount: of the counts, between 0 and 1.
        mixing_rate: with which the mixture's weights learn.
        network_rate: with which the network goes on learning; 0 leaves it as it is.
    """

    WARM_UP, PIECE = 1000, 32  # characters that the network reads of what went before, and between its updates

    def __init__(
        self,
        event_shape,
        values: int,
        *,
        network: RNN | None = None,
        before: Tensor | None = None,
        memory: int = 7,
        discount: float = 0.9,
        mixing_rate: float = 0.002,
        network_rate: float = 0.0,
    ):
        super().__init__(event_shape, values)
        self.network, self.memory, self.discount = network, memory, discount
        self.mixing_rate, self.network_rate = mixing_rate, network_rate
        self.register_buffer("before", torch.zeros(0, dtype=torch.uint8) if before is None else before.byte())

    def forward(self, x: Tensor) -> Tensor:
        state, last, out = self.init_state(len(x)), None, []
        for t in range(self.dims):
            logits, state = self.step(last, state)
            out.append(logits)
            last = x[:, t]
        return torch.stack(out, dim=1)

    def init_state(self, n: int):
        if n != 1:
            raise ValueError(f"x: got {n} examples, wanted one: a text is learnt from as it is read")
        return _Reader(self)

    def step(self, x_prev, state):
        if x_prev is not None:
            state.learn(x_prev.item())
        return torch.from_numpy(state.predict())[None], state


class _Reader:
    """All that changes while a text is read."""

    def __init__(self, model: Mixture):
        self.counts = Counts(model.values, model.memory, model.discount)
        start = [0.0] * model.memory + [1.0]
        self.network = None
        if model.network is not None:
            self.network = Learner(model.network, model.network_rate, model.PIECE)
            start = [0.0] * model.memory + [0.4, 0.6]
        self.mixer = Mixer(start, model.mixing_rate)
        before = model.before.tolist()
        for x in before:
            self.counts.learn(x)
        if self.network is not None and before:
            with torch.no_grad():
                past = model.network.embedding(torch.tensor(before[-model.WARM_UP : -1]))
                self.network.memory, self.network.last = model.network.rnn(past)[1], before[-1]

    def predict(self) -> np.ndarray:
        by_length = self.counts.predict()
        by_length += by_length[-1:] * (self.counts.memory + 1 - len(by_length))  # what is new says what its rest says
        logs = np.log(by_length)
        if self.network is not None:
            logs = np.vstack([logs, self.network.predict()])
        return self.mixer.predict(logs)

    def learn(self, x: int) -> None:
        self.mixer.learn(x)
        self.counts.learn(x)
        if self.network is not None:
            self.network.learn(x)


def train_network(text: Tensor, values: int, *, hidden: int = 320, steps: int = 3500, lr: float = 0.005) -> RNN:
    """An LSTM that learns from 32 places of the text at once, in pieces of 64 characters, and keeps its memory between
    them: a prediction sees all that went before in its stretch."""
    streams, piece = 32, 64
    torch.manual_seed(0)
    model = RNN((1,), values, cell="lstm", hidden=hidden, embedding=64, dropout=0.1)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps, pct_start=0.1)
    length = len(text) // streams
    t = length
    model.train()
    for _ in range(steps):
        if t + piece >= length:  # begin again, cut at other places
            start = torch.randint(len(text) - streams * length + piece, ()).item()
            rows, t, memory = text.roll(-start)[: streams * length].view(streams, length).long(), 0, None
        h, memory = model.rnn(model.embedding(rows[:, t : t + piece]), memory)
        memory = tuple(m.detach() for m in memory)
        logits, wanted = model.head(model.dropout(h)), rows[:, t + 1 : t + piece + 1]
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), wanted.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step(), schedule.step()
        t += piece
    return model.eval()
