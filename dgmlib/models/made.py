"""MADE: one network for all conditionals, made causal by masks; and averages of it over orders."""

import copy
import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dgmlib.layers import MaskedLinear, one_hot
from dgmlib.model import AutoregressiveModel, check_probability, is_count

BLOCK = 32  # steps that share the matrix products with all that was known before them
ACTIVATIONS = {"relu": torch.relu, "sigmoid": torch.sigmoid}


class MADE(AutoregressiveModel):
    r"""A masked autoencoder: hidden unit k sees the first m(k) variables, and output i the units with m(k) < i.

    .. math:: h^{(l)} = f\big((M^{(l)} \odot W^{(l)})\, h^{(l-1)} + b^{(l)}\big), \qquad
              M^{(l)}_{k' k} = [m(k) \le m(k')]

    One pass gives all D conditionals; sampling takes D steps. Units stand in the order of their degrees m, which are
    spread evenly over 1..D-1, so each step of sampling computes just the units that the last variable has completed:
    all D steps together cost about as much as one pass. A direct map from the past to the outputs keeps every
    dependency when there are fewer hidden units than variables.

    The output layer and the direct map start at zero, so the first loss is exactly ln V for each variable.

    Args:
        event_shape: shape of one example, D variables.
        values: V, the number of values of each variable.
        hidden: units in each hidden layer, from the input up.
        direct: whether outputs also see the past through one linear map.
        activation: f, "relu" or "sigmoid".
        dropout: probability with which an input of the hidden layers, or a hidden unit, is dropped in training.
        order: the flat indices of the variables in the order in which they are predicted; ``None`` is row by row.

    Raises:
        ValueError: if ``hidden`` is no sequence of positive integers, ``activation`` is none of the two, or another
            argument is out of its range.

    Source:
        Germain, Gregor, Murray and Larochelle (2015); their degrees are drawn at random.

    Example:
        >>> model = MADE((3,), 2, hidden=(8, 8))
        >>> round(model.log_prob(torch.tensor([[0, 1, 1]])).exp().item(), 6)
        0.125
    """

    def __init__(
        self,
        event_shape,
        values: int = 2,
        *,
        hidden=(500,),
        direct: bool = True,
        activation: str = "relu",
        dropout: float = 0.0,
        order: Tensor | None = None,
    ):
        super().__init__(event_shape, values, order=order)
        check_probability(dropout=dropout)
        if activation not in list(ACTIVATIONS):
            raise ValueError(f"activation: got {activation!r}, wanted 'relu' or 'sigmoid'")
        self.activation, self.dropout = ACTIVATIONS[activation], nn.Dropout(dropout)
        if not isinstance(hidden, (tuple, list)) or not hidden or any(not is_count(h) for h in hidden):
            raise ValueError(f"hidden: got {hidden!r}, wanted positive integers, such as (500,) or (500, 500)")
        inputs = self.dims * (self.values - 1)  # value 0 is the reference, as in FVSBN
        # one less than m, as positions count from 0 here
        self.degrees = [torch.arange(h, device="cpu") * max(self.dims - 1, 1) // h for h in hidden]
        # step t completes rows ends[l][t]:ends[l][t+1] of layer l: the inputs, each hidden layer, the outputs
        places, free = torch.arange(self.dims, device="cpu"), self.values - 1
        complete = [torch.searchsorted(degrees, places) for degrees in self.degrees]
        complete = [places * free, *complete, places * free + free]
        self.ends = [[0, *rows.tolist()] for rows in complete]
        sizes = [inputs, *hidden]
        self.layers = nn.ModuleList(
            MaskedLinear(torch.ones(above, below)) for below, above in zip(sizes, hidden, strict=False)
        )
        self.head = MaskedLinear(torch.ones(inputs, hidden[-1]))
        self.direct = MaskedLinear(torch.ones(inputs, inputs), bias=False) if direct else None
        for layer in filter(None, (self.head, self.direct)):
            nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.head.bias)
        self._set_masks()

    def forward(self, x: Tensor) -> Tensor:
        features = self._features(x.flatten(1))  # (B, D (V-1)), row by row: the masks know the order
        h = self.dropout(features)
        for layer in self.layers:
            h = self.dropout(self.activation(layer(h)))
        logits = self.head(h) if self.direct is None else self.head(h) + self.direct(features)
        return F.pad(logits.unflatten(1, (*self.event_shape, -1)), (1, 0))  # (B, *event_shape, V)

    def init_state(self, n: int):
        free, layers = self.values - 1, [*self.layers, self.head]
        device, place = self.order.device, slice(None)
        if not self.row_by_row:  # lay inputs and outputs out in the order
            place = (self.order[:, None] * free + torch.arange(free, device=device)).flatten()
        weights, biases = ([getattr(layer, name).detach() for layer in layers] for name in ("weight", "bias"))
        weights[0], weights[-1], biases[-1] = weights[0][:, place], weights[-1][place], biases[-1][place]
        maps = [[(below, weight)] for below, weight in enumerate(weights)]  # what each layer reads, and how
        if self.direct is not None:
            maps[-1].append((0, self.direct.weight.detach()[place][:, place]))
        known = [weight.new_zeros(weight.shape[1], n) for weight in weights]  # inputs, then units; 0 until known
        return 0, known, (maps, biases), torch.arange(1, self.values, device=device)[:, None], None

    def step(self, x_prev, state):
        t, known, network, values, block = state
        self._check_time(t)
        if t % BLOCK == 0:
            block = self._begin_block(t, known, *network)
        inputs, layers, logits = block[t % BLOCK]
        if x_prev is not None:
            torch.eq(x_prev, values, out=inputs)  # the indicators of one_hot
        for units, sums, terms in layers:
            for weight, below in terms:  # what is not known yet is 0 and adds nothing: no mask is needed
                sums.addmm_(weight, below)
            if units is not None:
                units.copy_(self.activation(sums))
        return logits.T, (t + 1, known, network, values, block)

    def _begin_block(self, t, known, maps, biases):
        """What steps t to t + BLOCK - 1 work on, for each: the inputs it completes, the layers, its logits (V, n).

        Of each layer: the units it completes (none for the outputs), their sums, which hold already what all before t
        contributes, and what the block itself adds: weights, and the rows that they multiply.
        """
        stop, n = min(t + BLOCK, self.dims), known[0].shape[1]
        rows = [slice(ends[t], ends[stop]) for ends in self.ends]  # of each layer, what the block completes
        sizes = [[end - begin for begin, end in pairwise(ends[t : stop + 1])] for ends in self.ends]
        layers = []
        for i, (sources, bias) in enumerate(zip(maps, biases, strict=True), 1):
            sums, terms = bias[rows[i], None].repeat(1, n), []
            for j, weight in sources:
                new, old = rows[j], slice(rows[j].start)
                sums.addmm_(weight[rows[i], old], known[j][old])
                terms.append([(part, known[j][new]) for part in weight[rows[i], new].split(sizes[i])])
            if i < len(known):
                units, parts = known[i][rows[i]].split(sizes[i]), sums.split(sizes[i])
            else:
                logits = F.pad(sums.unflatten(0, (-1, self.values - 1)), (0, 0, 1, 0))  # (steps, V, n)
                units, parts = [None] * len(logits), logits[:, 1:].unbind()
            layers.append(zip(units, parts, zip(*terms, strict=True), strict=True))
        layers = [[layer for layer in step if len(layer[1])] for step in zip(*layers, strict=True)]
        return list(zip(known[0][rows[0]].split(sizes[0]), layers, logits, strict=True))

    def reordered(self, order: Tensor) -> "MADE":
        """The same weights, shared, with the masks of another order of the variables.

        Only a network that was trained in several orders predicts well in them: see :class:`OrderEnsemble`.

        Args:
            order: a permutation of 0..D-1.

        Raises:
            ValueError: if it is none.

        Example:
            >>> model = MADE((3,), 2, hidden=(8,))
            >>> backwards = model.reordered(torch.tensor([2, 1, 0]))
            >>> backwards.head.weight is model.head.weight, backwards.to_sequence(torch.tensor([[4, 5, 6]])).tolist()
            (True, [[6, 5, 4]])
        """
        AutoregressiveModel(self.event_shape, self.values, order=order)  # refuses what is no permutation
        model = copy.deepcopy(self, {id(parameter): parameter for parameter in self.parameters()})
        model.order.copy_(torch.as_tensor(order))
        model.rank.copy_(model.order.argsort())
        model._set_masks()
        args, options = self._made_with
        model._made_with = (args, {**options, "order": model.order.tolist()})
        return model

    def _order_changed(self) -> None:
        self._set_masks()

    def _set_masks(self) -> None:
        device = self.order.device
        self.row_by_row = not self.order.is_meta and torch.equal(self.order, torch.arange(self.dims, device=device))
        place = self.rank.repeat_interleave(self.values - 1)  # of each input and output, (D (V-1),)
        degrees = [place, *(d.to(device) for d in self.degrees)]
        for layer, below, above in zip(self.layers, degrees, degrees[1:], strict=False):
            layer.mask = below <= above[:, None]
        self.head.mask = degrees[-1] < place[:, None]
        if self.direct is not None:
            self.direct.mask = place < place[:, None]

    def _features(self, x: Tensor) -> Tensor:
        return one_hot(x, self.values, self.head.weight.dtype).flatten(1)


class OrderEnsemble(AutoregressiveModel):
    r"""One MADE in K orders at once: the average of the K probabilities that it gives to an example.

    .. math:: p(x) = \frac{1}{K} \sum_{k=1}^{K} p_k(x), \qquad \log p(x) = \mathrm{logsumexp}_k \log p_k(x) - \ln K

    An average of probabilities is a distribution; an average of their logarithms is none. It has no conditionals in one
    order, so there is no ``forward`` and no coder; it is sampled by choosing an order first. In training mode
    :meth:`log_prob` is that of one order, drawn anew in each call, as the source does: on average it is at most the
    ensemble's own.

    Args:
        event_shape: shape of one example, D variables.
        values: V, the number of values of each variable.
        orders: K, for K random permutations that are always the same ones; or the permutations, shape ``(K, D)``.
        **options: those of :class:`MADE`, but ``order``.

    Raises:
        ValueError: if a row of ``orders`` is no permutation, or another argument is out of its range.

    Source:
        Germain, Gregor, Murray and Larochelle (2015); Uria, Murray and Larochelle (2014) for the ensemble.

    Example:
        >>> model = OrderEnsemble((3,), 2, orders=2, hidden=(8,)).eval()
        >>> round(model.log_prob(torch.tensor([[0, 1, 1]])).exp().item(), 6)
        0.125
    """

    def __init__(self, event_shape, values: int = 2, *, orders: int | Tensor = 8, **options):
        super().__init__(event_shape, values)
        if is_count(orders):
            generator = torch.Generator("cpu").manual_seed(0)
            orders = torch.stack([torch.randperm(self.dims, generator=generator, device="cpu") for _ in range(orders)])
        orders = torch.as_tensor(orders)
        if orders.is_floating_point() and orders.numel():
            raise ValueError(f"orders: got {orders.dtype}, wanted integers")
        if orders.dim() != 2 or not len(orders):
            raise ValueError(f"orders: got shape {tuple(orders.shape)}, wanted an integer K or shape (K, {self.dims})")
        self.made = MADE(event_shape, values, **options, order=orders[0])
        for order in orders[1:]:
            AutoregressiveModel(event_shape, values, order=order)  # refuses what is no permutation
        self.register_buffer("orders", orders)

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError("an average over orders has no conditionals in one order: use log_prob and sample")

    def log_prob(self, x: Tensor, cond: None = None) -> Tensor:
        self._check_cond(cond, len(self.check_events("x", x)))
        if self.training:
            return self.made.reordered(self.orders[torch.randint(len(self.orders), ())]).log_prob(x)
        each = torch.stack([self.made.reordered(order).log_prob(x) for order in self.orders])  # (K, B)
        return each.logsumexp(0) - math.log(len(self.orders))

    def sample(self, n, prefix=None, temperature=1.0, generator=None, cached=True, **options) -> Tensor:
        """Draw an order for each example, then the example in it; ``options`` are those of the contract but ``prefix``.

        Raises:
            ValueError: as the contract's, and if a ``prefix`` is given: what comes first differs between the orders.

        Example:
            >>> OrderEnsemble((1, 2, 2), 2, orders=3, hidden=(8,)).sample(5).shape
            torch.Size([5, 1, 2, 2])
        """
        if not is_count(n):
            raise ValueError(f"n: got {n!r}, wanted a positive integer")
        if prefix is not None:
            raise ValueError(f"prefix: got {prefix!r}, wanted none: what comes first differs between the orders")
        device = generator.device if generator is not None else "cpu"
        chosen = torch.randint(len(self.orders), (n,), generator=generator, device=device).to(self.order.device)
        x = torch.empty(n, *self.event_shape, dtype=torch.int64, device=self.order.device)
        for k, order in enumerate(self.orders):
            rows = (chosen == k).nonzero()[:, 0]
            if len(rows):
                model = self.made.reordered(order)
                x[rows] = model.sample(len(rows), None, temperature, generator, cached, **options)
        return x
