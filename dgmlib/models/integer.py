"""IntegerMADE: a network of integers, whose probabilities are the same to the last bit wherever they are computed."""

import functools
import math

import torch
from torch import Tensor
from torch.nn import functional as F

from dgmlib.layers import one_hot
from dgmlib.model import AutoregressiveModel, check_counts, is_count

TOTAL_BITS = 24  # of a conditional's frequencies: the precision of the range coder
TOTAL = 2**TOTAL_BITS
LOGIT_BITS = 8  # logits are rounded to multiples of 2^-8
UNIT_LEVELS = 2**14  # entries of the table of a hidden unit's values
BLOCK = 32  # steps that share the matrix products with all that was known before them
EXACT = {torch.float64: 2**53, torch.float32: 2**24}  # up to here a type of numbers holds every integer


class IntegerMADE(AutoregressiveModel):
    r"""A MADE of which every weight, unit, logit and probability is an integer: it computes the same bits everywhere.

    Weights are multiples of :math:`2^{-p}` and units multiples of :math:`2^{-q}`, and their products are added up as
    integers. Layer l, with :math:`s_1 = p - q` and :math:`s_l = p` further up, and the logits, with S so that they
    become multiples of :math:`2^{-8}`, are

    .. math:: a^{(l)} = f\Big[\Big\lfloor 2^{-s_l} \big(W^{(l)} a^{(l-1)} + b^{(l)}\big) + \tfrac12 \Big\rfloor\Big],
        \qquad z = \Big\lfloor 2^{-S} \big(V a^{(L)} + A x + c\big) + \tfrac12 \Big\rfloor

    where f is a table. With :math:`e_v = E[\max_u z_u - z_v]` from a table of exponentials, value v has the frequency

    .. math:: n_v = 1 + \lfloor r (e_0 + \dots + e_v) / e \rfloor - \lfloor r (e_0 + \dots + e_{v-1}) / e \rfloor,
        \qquad e = \sum_u e_u, \quad r = 2^{24} - V

    so the probabilities :math:`n_v / 2^{24}` are at least :math:`2^{-24}` and add up to one exactly.

    Sums are carried by floating-point numbers, which hold every integer up to :math:`2^{53}` (float32: :math:`2^{24}`).
    Weights are refused unless :math:`\max_k |b_k| + \max_k \sum_j |W_{kj}| \cdot \max f` stays below that: it bounds
    every partial sum in every order, so none is ever rounded, with or without fused multiplication, whatever the number
    of rows and threads, the device and the version of the libraries. It is assumed that a matrix product is a sum of
    products, in IEEE arithmetic of at least the tensors' precision. Where torch may multiply float32 in a lower one
    (TF32, bfloat16), float64 is used. All else is integer arithmetic, and the tables are made by it too.

    A network starts with all weights zero; :meth:`of` makes one from a network that was trained.

    Args:
        event_shape: shape of one example, D variables.
        values: V, the number of values of each variable.
        hidden: units in each hidden layer, from the input up; none at all makes logistic regressions, as FVSBN has.
        direct: whether outputs also see the past through one linear map.
        activation: f, "relu" (cut off at 2^(14-q)) or "sigmoid".
        order: the flat indices of the variables in the order in which they are predicted; ``None`` is row by row.
        weight_bits: p, bits of a weight after the point, at least 8 and ``unit_bits``.
        unit_bits: q, bits of a hidden unit after the point, at most 10.

    Raises:
        ValueError: if an argument is out of its range, or :meth:`of` or a file gives weights whose sums may not be
            exact, or that read the future.

    Source:
        Ballé, Johnston and Minnen (2019) for integer networks in compression; Germain, Gregor, Murray and Larochelle
        (2015) for MADE.

    Example:
        >>> model = IntegerMADE((3,), 2, hidden=(8,))
        >>> round(model.log_prob(torch.tensor([[0, 1, 1]])).exp().item(), 6)
        0.125
        >>> model.frequencies(torch.tensor([[0, 1, 1]]))[0, 0].tolist()
        [8388608, 8388608]
    """

    def __init__(
        self,
        event_shape,
        values: int = 2,
        *,
        hidden=(500,),
        direct: bool = True,
        activation: str = "relu",
        order: Tensor | None = None,
        weight_bits: int = 12,
        unit_bits: int = 8,
    ):
        super().__init__(event_shape, values, order=order)
        if not isinstance(hidden, (tuple, list)) or any(not is_count(h) for h in hidden) or not (hidden or direct):
            raise ValueError(f"hidden: got {hidden!r}, wanted positive integers, such as (500,), or () with direct")
        if activation not in ("relu", "sigmoid"):
            raise ValueError(f"activation: got {activation!r}, wanted 'relu' or 'sigmoid'")
        check_counts(weight_bits=weight_bits, unit_bits=unit_bits)
        if unit_bits > 10:  # the table ends at 2^(14-q), or for the sigmoid at both 2^(13-q) and its negative
            raise ValueError(f"unit_bits: got {unit_bits}, wanted at most 10")
        if not max(LOGIT_BITS, unit_bits) <= weight_bits <= 24:
            raise ValueError(f"weight_bits: got {weight_bits}, wanted from {max(LOGIT_BITS, unit_bits)} to 24")
        if values > 2**14:  # (e_0 + ... + e_v) r must fit into 63 bits
            raise ValueError(f"values: got {values}, wanted at most {2**14}")
        inputs = self.dims * (values - 1)  # value 0 is the reference, as in FVSBN
        sizes, places, free = [inputs, *hidden], torch.arange(self.dims, device="cpu"), values - 1
        # units stand in the order of their degrees: step t completes rows ends[l][t]:ends[l][t+1] of layer l
        degrees = [torch.arange(h, device="cpu") * max(self.dims - 1, 1) // h for h in hidden]
        complete = [places * free, *(torch.searchsorted(d, places) for d in degrees), places * free + free]
        self.ends = [[0, *rows.tolist()] for rows in complete]
        place = places.repeat_interleave(free)  # of each input and output
        degrees = [place, *degrees, place]
        self.depth, self.carrier = len(hidden), torch.float64
        points = [weight_bits] + [weight_bits + unit_bits] * len(hidden)  # bits after the point of each layer's sums
        self.points = points if hidden else [weight_bits]
        self.register_buffer("shifts", torch.tensor([*(s - unit_bits for s in points[:-1]), points[-1] - LOGIT_BITS]))
        for layer, (above, below) in enumerate(zip([*hidden, inputs], sizes, strict=True)):
            last = layer == len(hidden)
            self.register_buffer(f"bias{layer}", torch.zeros(above, dtype=torch.int32))
            if hidden:
                seen = degrees[layer] < degrees[-1][:, None] if last else degrees[layer] <= degrees[layer + 1][:, None]
                self._register_map(f"weight{layer}", above, below, seen)
        if direct:
            self._register_map("direct", inputs, inputs, place < place[:, None])
        low, table = _unit_table(activation, unit_bits)
        self.register_buffer("low", torch.tensor(low))
        self.register_buffer("units", torch.tensor(table, dtype=torch.int32))
        self.register_buffer("exponentials", torch.tensor(_exponentials(LOGIT_BITS, TOTAL_BITS), dtype=torch.int32))
        self.register_buffer("binary", None, persistent=False)
        self._order_changed()

    def _register_map(self, name: str, above: int, below: int, seen: Tensor) -> None:
        self.register_buffer(name, torch.zeros(above, below, dtype=torch.int32))
        self.register_buffer(f"{name}_mask", seen.to(self.order.device), persistent=False)

    @classmethod
    @torch.no_grad()
    def of(cls, model: AutoregressiveModel, *, weight_bits: int = 12, unit_bits: int = 8) -> "IntegerMADE":
        """The network of integers that is nearest to a trained :class:`~dgmlib.models.made.MADE` or FVSBN.

        Args:
            model: of any dtype, on any device; it is not changed.
            weight_bits: as for the class.
            unit_bits: as for the class.

        Returns:
            A model in ``eval`` mode on the CPU; training it further is not possible.

        Raises:
            ValueError: if ``model`` is neither, its weights are not finite or too large for sums that are exact, or
                another argument is out of its range.

        Example:
            >>> from dgmlib.models import MADE
            >>> made = MADE((3,), 2, hidden=(8,))
            >>> _ = torch.nn.init.normal_(made.head.weight, generator=torch.Generator().manual_seed(0))
            >>> x = torch.tensor([[0, 1, 1]])
            >>> (IntegerMADE.of(made).log_prob(x) - made.log_prob(x)).abs().item() < 0.01
            True
        """
        name, order = type(model).__name__, model.order.cpu()
        if name not in ("MADE", "FVSBN"):
            raise ValueError(f"model: got a {name}, wanted a MADE or an FVSBN")
        options = {"weight_bits": weight_bits, "unit_bits": unit_bits}
        options["order"] = None if torch.equal(order, torch.arange(len(order))) else order
        if name == "FVSBN":  # its weights are in the model's order
            weights, biases, direct = [], [model.bias], model.weight
            made = cls(model.event_shape, model.values, hidden=(), **options)
        else:
            layers, free = [*model.layers, model.head], model.values - 1
            rows = (order[:, None] * free + torch.arange(free)).flatten()  # inputs and outputs in the model's order
            weights, biases = ([getattr(layer, what).cpu() for layer in layers] for what in ("weight", "bias"))
            weights[0], weights[-1], biases[-1] = weights[0][:, rows], weights[-1][rows], biases[-1][rows]
            direct = None if model.direct is None else model.direct.weight.cpu()[rows][:, rows]
            made = cls(
                model.event_shape,
                model.values,
                hidden=tuple(len(layer.weight) for layer in model.layers),
                direct=direct is not None,
                activation=model.activation.__name__,
                **options,
            )
        for layer, weight in enumerate(weights):
            made._round_into(f"weight{layer}", weight, weight_bits)
        for layer, bias in enumerate(biases):
            made._round_into(f"bias{layer}", bias, made.points[layer])
        if direct is not None:
            made._round_into("direct", direct, made.points[-1])
        made._order_changed()
        return made.eval()

    def _round_into(self, name: str, weight: Tensor, bits: int) -> None:
        """Write multiples of 2^-bits into a buffer, without what its mask hides."""
        buffer, mask = getattr(self, name), getattr(self, f"{name}_mask", True)
        rounded = weight.cpu().double().mul(2.0**bits).round()
        rounded = torch.where(torch.as_tensor(mask), rounded, 0)
        if not rounded.abs().max() < 2**31:
            raise ValueError(
                f"model: got a {name} of up to {weight.abs().max().item():.4g}, "
                f"wanted less than {2 ** (31 - bits)}, finite: its multiples of 2^-{bits} must fit into 32 bits"
            )
        buffer.copy_(rounded)

    def frequencies(self, x: Tensor) -> Tensor:
        """Probability of each value at every variable, in units of 2^-24: what the coder is driven by.

        Args:
            x: integers 0..V-1, shape ``(B, *event_shape)``.

        Returns:
            Positive integers that add up to 2^24 along the last axis, int64, shape ``(B, *event_shape, V)``.

        Raises:
            ValueError: if ``x`` is no batch of the model's events.

        Example:
            >>> IntegerMADE((1,), 3).frequencies(torch.tensor([[0]])).tolist()
            [[[5592405, 5592405, 5592406]]]
        """
        return self._frequencies_of(self.check_events("x", x))

    def _frequencies_of(self, x: Tensor) -> Tensor:
        layers, _ = self._layers()
        known = [one_hot(self.to_sequence(x), self.values, layers[0][0].dtype).flatten(1)]  # (B, D (V-1))
        for layer, (bias, maps) in enumerate(layers):
            sums = bias.T  # (1, rows)
            for below, weight in maps:
                sums = sums + known[below] @ weight.T
            if layer < self.depth:
                known.append(self._activate(sums, layer))
        sums = sums.expand(len(x), -1)
        return self.to_event(self._count(sums.unflatten(1, (self.dims, self.values - 1))))

    def forward(self, x: Tensor) -> Tensor:
        return _log(self._frequencies_of(x))

    def init_state(self, n: int):
        layers, dtype = self._layers()
        known = [torch.zeros(ends[-1], n, dtype=dtype, device=self.order.device) for ends in self.ends[:-1]]
        return 0, known, layers, None

    def step(self, x_prev, state):
        counts, state = self.step_frequencies(x_prev, state)
        return _log(counts), state

    def step_frequencies(self, x_prev: Tensor | None, state) -> tuple[Tensor, object]:
        """What :meth:`~dgmlib.model.AutoregressiveModel.step` does, with integer frequencies in place of logits.

        Args:
            x_prev: integers, shape ``(n,)``; ``None`` at the first variable.
            state: what :meth:`~dgmlib.model.AutoregressiveModel.init_state` or the last call returned.

        Returns:
            ``(frequencies, state)``: positive integers that add up to 2^24, int64, shape ``(n, V)``.

        Raises:
            ValueError: if all D variables have been predicted.

        Example:
            >>> model = IntegerMADE((2,), 2, hidden=(4,))
            >>> counts, state = model.step_frequencies(None, model.init_state(1))
            >>> counts.tolist()
            [[8388608, 8388608]]
        """
        t, known, layers, block = state  # known: the inputs and the units of each hidden layer, (rows, n)
        self._check_time(t)
        first = t - t % BLOCK
        if t == first:  # what all that was known before adds to the next steps, one matrix product for all of them
            stop = min(t + BLOCK, self.dims)
            block = []
            for ends, (bias, maps) in zip(self.ends[1:], layers, strict=True):
                rows = slice(ends[t], ends[stop])
                sums = bias[rows].expand(-1, known[0].shape[1])
                for below, weight in maps:
                    past = self.ends[below][t]
                    sums = torch.addmm(sums, weight[rows, :past], known[below][:past])
                block.append(sums)
        if x_prev is not None:
            known[0][slice(*self.ends[0][t : t + 2])] = one_hot(x_prev, self.values, known[0].dtype).T
        for layer, (ends, (_, maps)) in enumerate(zip(self.ends[1:], layers, strict=True)):
            begin, end = ends[t : t + 2]
            if begin == end:
                continue
            sums = block[layer][begin - ends[first] : end - ends[first]]
            for below, weight in maps:
                new = slice(self.ends[below][first], self.ends[below][t + 1])
                sums = torch.addmm(sums, weight[begin:end, new], known[below][new])
            if layer < self.depth:
                known[layer + 1][begin:end] = self._activate(sums, layer)
        return self._count(sums.T), (t + 1, known, layers, block)

    def _activate(self, sums: Tensor, layer: int) -> Tensor:
        """The units of a layer, whose sums are used up; what rounds, and puts the table's first place at 0, is in."""
        places = sums.mul_(2.0 ** -self._shifts[layer]).floor_().clamp_(0, UNIT_LEVELS - 1).long()
        return self.units.index_select(0, places.flatten()).to(sums.dtype).view_as(sums)

    def _count(self, sums: Tensor) -> Tensor:
        """Frequencies of the V values from the sums of all but value 0, which are used up: (..., V-1) to (..., V)."""
        logits = sums.mul_(2.0 ** -self._shifts[-1]).floor_()
        if self.values == 2:  # the table's first place is at 0 already
            places = logits.clamp_(0, len(self.binary) - 1).long().flatten()
            return self.binary.index_select(0, places).view(*logits.shape[:-1], 2)
        return _frequencies(F.pad(logits.long(), (1, 0)), self.exponentials)

    def _layers(self):
        """Of each layer, (bias, (layer that it reads, weights) of each of its maps); and the type that carries them."""
        dtype, layers = self._carrier(), []
        for layer in range(self.depth + 1):
            maps = [(layer, f"weight{layer}")] if self.depth else []
            if layer == self.depth and "direct" in self._buffers:
                maps.append((0, "direct"))
            maps = [(below, getattr(self, name).to(dtype)) for below, name in maps]
            bias = getattr(self, f"bias{layer}").long() + self._offset(layer)
            layers.append((bias.to(dtype)[:, None], maps))
        return layers, dtype

    def _offset(self, layer: int) -> int:
        """What is added to all sums of a layer: half, so that cutting off rounds, less the first place in a table."""
        first = self._low if layer < self.depth else 1 - len(self.exponentials) if self.values == 2 else 0
        return 2 ** self._shifts[layer] // 2 - first * 2 ** self._shifts[layer]

    def _carrier(self) -> torch.dtype:
        """The type of numbers that carries the integers: ``carrier``, but float64 where float32 would be rounded."""
        if self.carrier not in EXACT:
            raise ValueError(f"carrier: got {self.carrier}, wanted torch.float64 or torch.float32")
        if self.carrier == torch.float32 and (self.largest_sum >= EXACT[torch.float32] or not _float32_is_whole()):
            return torch.float64
        return self.carrier

    def _order_changed(self) -> None:
        """New weights: see that no sum can be rounded and none reads the future, and renew what follows from tables."""
        if self.order.is_meta:
            self._shifts, self._low, self.largest_sum = [1] * (self.depth + 1), 0, 0
        else:
            self._shifts, self._low = self.shifts.tolist(), self.low.item()
            self._check_tables()
            self.largest_sum = max(self._largest_sum(layer) for layer in range(self.depth + 1))
            if self.largest_sum >= EXACT[torch.float64]:
                raise ValueError(
                    f"weights: got a sum that may reach {self.largest_sum}, wanted less than 2^53: "
                    "up to there every order of adding gives the same; take fewer weight_bits or unit_bits"
                )
        most = len(self.exponentials) - 1
        odds = torch.arange(-most, most + 1, device=self.order.device)
        self.binary = _frequencies(F.pad(odds[:, None], (1, 0)), self.exponentials)  # of the two values, by log-odds

    def _check_tables(self) -> None:
        e, units = self.exponentials.long(), self.units.long()
        if min(self._shifts) < 0 or max(self._shifts) > 48 or abs(self._low) > UNIT_LEVELS:
            raise ValueError(
                f"shifts and low: got {self._shifts} and {self._low}, wanted 0..48 and a place in the table"
            )
        if units.min() < 0 or e.min() < 0 or e.max() > TOTAL or e[0] < 1:
            raise ValueError(
                f"exponentials and units: got {e.min()}..{e.max()}, {units.min()}..{units.max()}, wanted none "
                f"negative, no exponential above {TOTAL}, and the first of them positive"
            )
        for name, mask in self._buffers.items():
            if name.endswith("_mask") and (getattr(self, name.removesuffix("_mask"))[~mask] != 0).any():
                raise ValueError(f"{name.removesuffix('_mask')}: got weights of what comes later, wanted zeros there")

    def _largest_sum(self, layer: int) -> int:
        """What no partial sum of a layer exceeds, in whatever order; Python's integers don't overflow."""
        total = _largest(self._buffers[f"bias{layer}"][:, None]) + abs(self._offset(layer))
        if self.depth:
            total += _largest(self._buffers[f"weight{layer}"]) * (self.units.max().item() if layer else 1)
        if layer == self.depth and "direct" in self._buffers:
            total += _largest(self.direct)
        return total


def _largest(weight: Tensor) -> int:
    """The largest sum of the absolute values of a row, in 64-bit integers."""
    return weight.long().abs().sum(1).max().item()


def _frequencies(logits: Tensor, exponentials: Tensor) -> Tensor:
    """Positive integers that add up to 2^24, from logits in units of 2^-8: all in 64-bit integers, (..., V)."""
    below = (logits.amax(-1, keepdim=True) - logits).clamp_(max=len(exponentials) - 1)
    sums = exponentials.long()[below].cumsum(-1)
    rest = TOTAL - logits.shape[-1]  # one unit is kept for each value
    cuts = torch.div(sums * rest, sums[..., -1:], rounding_mode="floor")
    return torch.diff(cuts, prepend=torch.zeros_like(cuts[..., :1])) + 1


def _log(counts: Tensor) -> Tensor:
    return torch.log(counts.double() / TOTAL)


def _float32_is_whole() -> bool:
    """Whether torch multiplies float32 matrices in float32; when it can't say, no."""
    if torch.is_autocast_enabled("cpu") or torch.is_autocast_enabled("cuda"):
        return False
    try:
        return torch.get_float32_matmul_precision() == "highest" and torch.backends.fp32_precision in ("none", "ieee")
    except (AttributeError, RuntimeError):
        return False


def _powers(bits: int, count: int) -> list[int]:
    """round(2^128 exp(-k / 2^bits)) for k from 0, but for the last of many digits: integers only, so alike anywhere."""
    one, root, term, k = 2**128, 0, 2**128, 0
    while term:  # exp(-1 / 2^bits) by its series
        root += -term if k % 2 else term
        k += 1
        term //= k << bits
    powers = [one]
    for _ in range(count - 1):
        powers.append(powers[-1] * root // one)
    return powers


@functools.cache
def _exponentials(bits: int, precision: int) -> list[int]:
    """round(2^precision exp(-k / 2^bits)) for k from 0 up to where it is 0."""
    count = math.ceil((precision + 1) * math.log(2) * 2**bits) + 1
    shift = 128 - precision
    table = [(power + 2 ** (shift - 1)) >> shift for power in _powers(bits, count + 1)]
    return table[: table.index(0) + 1]


@functools.cache
def _unit_table(activation: str, bits: int) -> tuple[int, list[int]]:
    """First place, and values at the places from there, both in units of 2^-bits."""
    if activation == "relu":
        return 0, list(range(UNIT_LEVELS))
    half, one = UNIT_LEVELS // 2, 2**128
    right = [((one << bits) + (one + power) // 2) // (one + power) for power in _powers(bits, half)]  # of k >= 0
    return -half, [2**bits - right[min(k, half - 1)] for k in range(half, 0, -1)] + right
