"""A network of integers gives the same bits in any order, in any company, on anything; one of floats does not."""

import copy
import itertools
import math

import numpy as np
import pytest
import test_contract as contract
import torch
from oracles import every_point, randomise

from dgmlib import compression, models
from dgmlib.compression import WrongDecoder, compress, compress_online, decompress, decompress_online, size
from dgmlib.models import FVSBN, MADE, NADE, IntegerMADE
from dgmlib.models import integer as module

ORDER = torch.tensor([2, 0, 3, 1])
# name: a network of floats, from which one of integers is made
FLOATS = {
    "logistic regressions": lambda: FVSBN((6,), 2),
    "logistic regressions in another order, 3 values": lambda: FVSBN((4,), 3, order=ORDER),
    "one layer": lambda: MADE((6,), 2, hidden=(24,)),
    "without direct": lambda: MADE((5,), 2, hidden=(24,), direct=False),
    "few units": lambda: MADE((5,), 2, hidden=(2,)),
    "two layers in another order, 3 values": lambda: MADE((1, 2, 2), 3, hidden=(24, 18), order=ORDER),
    "three layers": lambda: MADE((4,), 3, hidden=(18, 12, 18), direct=False),
    "sigmoids": lambda: MADE((5,), 2, hidden=(24, 24), activation="sigmoid", dropout=0.5),
    "one variable": lambda: MADE((1,), 3, hidden=(4,)),
}


def integer(name: str, **options) -> IntegerMADE:
    return IntegerMADE.of(randomise(FLOATS[name](), 0.5), **options)


@pytest.fixture(scope="module")
def wide():
    """Large enough for several blocks of steps and for products that libraries split."""
    torch.set_default_dtype(torch.float64)
    return randomise(MADE((1, 9, 9), 3, hidden=(70, 50)), 0.3)


@pytest.fixture(scope="module")
def x():
    return torch.randint(3, (300, 1, 9, 9), generator=torch.Generator().manual_seed(0))


def stepped(model, x):
    """Frequencies by ``step_frequencies``, one variable at a time: (B, D, V) in the model's order."""
    state, last, counts = model.init_state(len(x)), None, []
    for t in range(model.dims):
        now, state = model.step_frequencies(last, state)
        counts.append(now)
        last = model.to_sequence(x)[:, t]
    return torch.stack(counts, 1)


# ------------------------------------------------------------------------------------------------ the contract's laws


@pytest.mark.parametrize("device", contract.DEVICES)
@pytest.mark.parametrize("name", FLOATS)
@torch.no_grad()
def test_it_obeys_the_laws_of_every_model(name, device):
    model = integer(name).to(device)
    contract.law_causality(model, contract.all_of_the_past(model))
    for law in [*contract.LAWS, contract.law_end]:
        law(model)


@pytest.mark.parametrize("name", FLOATS)
def test_probabilities_of_all_points_add_up_to_one_exactly(name):
    """Python's integers, no tolerance: the products of the frequencies add up to 2^(24 D)."""
    model = integer(name)
    points = every_point(model.event_shape, model.values)
    counts = model.frequencies(points)
    assert counts.min() >= 1 and (counts.sum(-1) == 2**24).all()
    chosen = counts.gather(-1, points[..., None]).flatten(1).tolist()
    assert sum(math.prod(row) for row in chosen) == 2 ** (24 * model.dims)
    assert torch.allclose(model.log_prob(points), (torch.tensor(chosen) / 2**24).log().sum(1), rtol=1e-14, atol=0)


@pytest.mark.parametrize("name", FLOATS)
def test_steps_are_the_same_integers_as_the_forward_pass(name):
    model = integer(name)
    points = every_point(model.event_shape, model.values)
    assert torch.equal(stepped(model, points), model.to_sequence(model.frequencies(points)))


@pytest.mark.parametrize("name", FLOATS)
def test_it_is_near_the_network_of_floats_and_nearer_with_more_bits(name):
    floats = randomise(FLOATS[name](), 0.5).eval()
    points = every_point(floats.event_shape, floats.values)
    p = floats.log_prob(points)
    coarse, fine = (
        (p.exp() * (p - integer(name, weight_bits=w, unit_bits=u).log_prob(points))).sum().item()
        for w, u in ((8, 2), (16, 10))
    )
    assert 0 <= fine < coarse and fine < 1e-5


def test_it_starts_uniform():
    for values in (2, 3, 10):
        counts = IntegerMADE((4,), values, hidden=(5,)).frequencies(torch.zeros(1, 4, dtype=torch.int64))
        assert counts.sum(-1).eq(2**24).all() and counts.max() - counts.min() <= 1


def test_it_can_be_made_on_another_device():
    with torch.device("meta"):
        model = IntegerMADE((4,), 3, hidden=(5,))
    assert {t.device.type for t in model.state_dict().values()} == {"meta"}


@pytest.mark.parametrize("name", FLOATS)
def test_a_saved_model_is_the_same_and_reads_the_same_files(name, tmp_path):
    model = integer(name)
    model.save(tmp_path / "model")
    same = models.load(tmp_path / "model")
    drawn = model.sample(20, generator=torch.Generator().manual_seed(0))
    assert same.fingerprint() == model.fingerprint() and torch.equal(same.frequencies(drawn), model.frequencies(drawn))
    assert torch.equal(decompress(same, compress(model, drawn)), drawn)


# --------------------------------------------------------------------------------------------------- the same integers


def chunked(predict, x, rows):
    return torch.cat([predict(x[start : start + rows]) for start in range(0, len(x), rows)])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_network_of_floats_differs_with_the_number_of_rows(wide, x, dtype):
    """What all of this is for: without it, the tests below would show nothing."""
    floats = copy.deepcopy(wide).to(dtype)
    together = floats(x)
    assert any(not torch.equal(chunked(floats, x, rows), together) for rows in (1, 2, 3, 7, 64))
    parallel = floats.to_sequence(together)
    state, last, steps = floats.init_state(len(x)), None, []
    for t in range(floats.dims):
        logits, state = floats.step(last, state)
        steps.append(logits)
        last = floats.to_sequence(x)[:, t]
    assert not torch.equal(torch.stack(steps, 1), parallel)


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 64])
def test_any_number_of_rows_gives_the_same_integers(wide, x, rows):
    model, x = IntegerMADE.of(wide), x[: 12 * rows + 1]  # and a smaller one at the end
    together = model.frequencies(x)
    assert torch.equal(chunked(model.frequencies, x, rows), together)
    assert torch.equal(chunked(lambda part: stepped(model, part), x, rows), model.to_sequence(together))


def test_any_number_of_threads_gives_the_same_integers(wide, x):
    model, before = IntegerMADE.of(wide), torch.get_num_threads()
    try:
        counts = []
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            counts += [model.frequencies(x), model.to_event(stepped(model, x))]
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(counts[0], other) for other in counts)


@pytest.mark.skipif("cuda" not in contract.DEVICES, reason="needs a GPU")
def test_a_gpu_gives_the_same_integers_and_reads_the_files_of_a_cpu(wide, x):
    model = IntegerMADE.of(wide)
    want, data, there = model.frequencies(x), compress(model, x), copy.deepcopy(model).cuda()
    assert torch.equal(there.frequencies(x.cuda()).cpu(), want)
    assert torch.equal(decompress(there, data).cpu(), x)
    assert torch.equal(decompress(model, compress(there, x.cuda())), x)


def of_few_bits(seed=0):
    """Small enough for float32 to hold every sum."""
    floats = randomise(MADE((1, 9, 9), 3, hidden=(70,), activation="sigmoid"), 0.1, seed)
    return IntegerMADE.of(floats, weight_bits=10, unit_bits=6)


def test_float32_carries_the_same_integers(x):
    model = of_few_bits()
    assert model.largest_sum < 2**24
    want = model.frequencies(x)
    model.carrier = torch.float32
    assert model._layers()[1] == torch.float32
    assert torch.equal(model.frequencies(x), want) and torch.equal(model.to_event(stepped(model, x)), want)


def test_float32_is_left_where_it_would_be_rounded(wide, x, monkeypatch):
    model = IntegerMADE.of(wide, weight_bits=20)
    assert model.largest_sum >= 2**24
    want = model.frequencies(x)
    model.carrier = torch.float32
    assert torch.equal(model.frequencies(x), want)
    monkeypatch.setitem(module.EXACT, torch.float32, 2**53)  # the must-fail: what comes of believing that it fits
    assert not torch.equal(model.frequencies(x), want)


def test_float32_is_left_where_torch_would_multiply_in_less(x, monkeypatch):
    model = of_few_bits()
    want = model.frequencies(x)
    model.carrier = torch.float32
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(model.frequencies(x), want)
        with monkeypatch.context() as patch:  # the must-fail
            patch.setattr(module, "_float32_is_whole", lambda: True)
            assert not torch.equal(model.frequencies(x), want)
    torch.set_float32_matmul_precision("medium")
    try:
        assert model._layers()[1] == torch.float64
    finally:
        torch.set_float32_matmul_precision("highest")
    assert model._layers()[1] == torch.float32


def test_half_precision_of_the_module_changes_nothing(wide, x):
    model = IntegerMADE.of(wide)
    want = model.frequencies(x)
    assert torch.equal(copy.deepcopy(model).half().frequencies(x), want)


def test_any_order_of_adding_gives_the_same_integers(wide, x):
    """Inputs and units are shuffled, so every sum is taken in another order; floats feel it, integers do not."""
    model = IntegerMADE.of(wide)
    features = torch.nn.functional.one_hot(x.flatten(1), 3)[..., 1:].flatten(1)
    for seed in range(3):
        shuffle = torch.randperm(features.shape[1], generator=torch.Generator().manual_seed(seed))
        a = features.to(torch.float64) @ model.weight0.to(torch.float64).T
        b = features[:, shuffle].to(torch.float64) @ model.weight0[:, shuffle].to(torch.float64).T
        assert torch.equal(a, b) and torch.equal(a.long(), features @ model.weight0.long().T)
        units = torch.randint(2**14, (len(x), 50), generator=torch.Generator().manual_seed(seed))
        shuffle = torch.randperm(50, generator=torch.Generator().manual_seed(seed))
        a, b = (
            u.to(torch.float64) @ w.to(torch.float64).T
            for u, w in ((units, model.weight2), (units[:, shuffle], model.weight2[:, shuffle]))
        )
        assert torch.equal(a, b) and torch.equal(a.long(), units @ model.weight2.long().T)
        w = wide.head.weight.detach()
        assert not torch.equal(units / 256 @ w.T, units[:, shuffle] / 256 @ w[:, shuffle].T)


def by_python(model, example):
    """Frequencies of one example, by Python's integers alone, from the class's formulas."""
    z, free = [example.flatten().tolist()[i] for i in model.order.tolist()], model.values - 1
    inputs = [int(v == value) for v in z for value in range(1, model.values)]
    shifts, low, h = model.shifts.tolist(), model.low.item(), inputs
    sums = None
    for layer, shift in enumerate(shifts):
        sums = model._buffers[f"bias{layer}"].tolist()
        maps = [(model._buffers[f"weight{layer}"], h)] if len(shifts) > 1 else []
        if layer == len(shifts) - 1 and "direct" in model._buffers:
            maps.append((model.direct, inputs))
        for weight, below in maps:
            sums = [s + sum(w * b for w, b in zip(row, below, strict=True)) for s, row in
                    zip(sums, weight.tolist(), strict=True)]  # fmt: skip
        places = [(s + 2**shift // 2) >> shift for s in sums]
        if layer < len(shifts) - 1:
            h = [model.units[min(max(p - low, 0), len(model.units) - 1)].item() for p in places]
    counts, e = [], model.exponentials.tolist()
    for i in range(len(z)):
        logits = [0, *places[i * free : (i + 1) * free]]
        weights = [e[min(max(logits) - v, len(e) - 1)] for v in logits]
        cuts = [(2**24 - len(weights)) * s // sum(weights) for s in itertools.accumulate(weights, initial=0)]
        counts.append([b - a + 1 for a, b in itertools.pairwise(cuts)])
    return counts


@pytest.mark.parametrize("name", FLOATS)
def test_integers_of_python_are_the_oracle(name):
    model = integer(name)
    for example in every_point(model.event_shape, model.values)[::7]:
        assert model.to_sequence(model.frequencies(example[None]))[0].tolist() == by_python(model, example)


def test_the_tables_are_the_functions_that_they_stand_for():
    e = torch.tensor(module._exponentials(8, 24))
    assert (e - 2**24 * torch.exp(-torch.arange(len(e)) / 256)).abs().max() <= 0.5 + 1e-6
    assert e[-1] == 0 and e[-2] == 1
    low, table = module._unit_table("sigmoid", 8)
    assert (torch.tensor(table) - 256 * torch.sigmoid((torch.arange(2**14) + low) / 256)).abs().max() <= 0.5 + 1e-9
    assert module._unit_table("relu", 8) == (0, list(range(2**14)))


# --------------------------------------------------------------------------------------------------------------- files


def range_decode(payload: bytes, counts):
    """The range decoder that constriction's messages are for, in Python's integers: words of 32 bits, a range of 64.

    ``counts`` is called with the symbols so far and gives the next one's frequencies, or None at the end.
    """
    words = np.frombuffer(payload, "<u4").tolist()
    words += [0, 0]
    value, at, span, symbols = words[0] << 32 | words[1], 2, 2**64 - 1, []
    while (frequencies := counts(symbols)) is not None:
        unit = span >> 24
        cuts = list(itertools.accumulate(frequencies, initial=0))
        assert cuts[-1] == 2**24
        symbol = next(s for s, cut in enumerate(cuts[1:]) if value < unit * cut)
        symbols.append(symbol)
        value, span = value - unit * cuts[symbol], unit * frequencies[symbol]
        if span < 2**32:
            value, span = value << 32 | (words[at] if at < len(words) else 0), span << 32
            at += 1
    return symbols


@pytest.mark.parametrize("name", FLOATS)
def test_the_coder_is_driven_by_these_very_frequencies(name):
    """A range decoder of integers alone, given the model's own frequencies, reads the message of one example."""
    model = integer(name)
    for example in every_point(model.event_shape, model.values)[::11]:
        (payload,) = [p for _, _, p, _ in compression._parse(compress(model, example[None]))[1][0]]
        want = model.to_sequence(example[None])[0].tolist()
        rows = by_python(model, example)  # those of a variable depend on what was decoded before
        assert range_decode(payload, lambda done, rows=rows: rows[len(done)] if len(done) < len(rows) else None) == want


def test_frequencies_of_one_and_of_nearly_all_are_kept_by_the_coder():
    """Where the coder rescaled or rounded them, the word-by-word decoder above would lose its place."""
    model = IntegerMADE((200,), 3, hidden=())
    model.bias0.copy_(torch.randint(-(2**17), 2**17, model.bias0.shape, generator=torch.Generator().manual_seed(0)))
    x = torch.randint(3, (1, 200), generator=torch.Generator().manual_seed(1))
    counts = model.frequencies(x)[0].tolist()
    assert min(map(min, counts)) == 1 and max(map(max, counts)) == 2**24 - 2
    segments = compression._parse(compress(model, x))[1][0]
    (payload,) = [p for _, _, p, _ in segments]
    assert range_decode(payload, lambda done: counts[len(done)] if len(done) < 200 else None) == x[0].tolist()


def one_at_a_time(monkeypatch):
    """From here on, networks of integers predict each example alone."""
    init, step = IntegerMADE.init_state, IntegerMADE.step_frequencies
    monkeypatch.setattr(IntegerMADE, "init_state", lambda self, n: [init(self, 1) for _ in range(n)])

    def each(self, x_prev, states):
        made = [step(self, None if x_prev is None else x_prev[i : i + 1], state) for i, state in enumerate(states)]
        return torch.cat([counts for counts, _ in made]), [state for _, state in made]

    monkeypatch.setattr(IntegerMADE, "step_frequencies", each)


def test_a_file_is_read_whatever_the_number_of_rows_threads_and_version(wide, x, monkeypatch):
    model, x, before = IntegerMADE.of(wide), x[:20], torch.get_num_threads()
    data = compress(model, x)
    assert compression.ROWS == 1024
    monkeypatch.setattr(compression, "ROWS", 7)
    real = compression._identity
    elsewhere = {"device": "cuda", "torch": "9.9", "constriction": "9.9", "dgmlib": "9.9"}
    monkeypatch.setattr(compression, "_identity", lambda model: {**real(model), **elsewhere})
    assert torch.equal(decompress(model, data), x)
    other = compress(model, x)
    assert other != data and torch.equal(decompress(model, other), x)
    floats = copy.deepcopy(wide)
    with pytest.raises(WrongDecoder, match=r"model: the file was coded with 'IntegerMADE"):
        decompress(floats, data)
    monkeypatch.undo()
    assert torch.equal(decompress(model, other), x)  # of 7 rows, on the way back
    one_at_a_time(monkeypatch)
    try:
        torch.set_num_threads(2)
        assert torch.equal(decompress(model, data), x) and compress(model, x) == data
    finally:
        torch.set_num_threads(before)


def test_a_file_of_floats_is_lost_where_rows_are_predicted_alone(wide, x, monkeypatch):
    """The must-fail of the test above."""
    floats, x = copy.deepcopy(wide).float(), x[:60]
    data = compress(floats, x)
    init, step = MADE.init_state, MADE.step
    monkeypatch.setattr(MADE, "init_state", lambda self, n: [init(self, 1) for _ in range(n)])

    def each(self, x_prev, states):
        made = [step(self, None if x_prev is None else x_prev[i : i + 1], state) for i, state in enumerate(states)]
        return torch.cat([logits for logits, _ in made]), [state for _, state in made]

    monkeypatch.setattr(MADE, "step", each)
    with pytest.raises(WrongDecoder, match="decodes to something else than was coded"):
        decompress(floats, data)


def test_another_network_is_refused(wide, x):
    model = IntegerMADE.of(wide)
    data = compress(model, x[:4])
    for name, place in (("weight1", (-1, 0)), ("bias2", (3,)), ("units", (5,)), ("exponentials", (9,))):
        other = copy.deepcopy(model)
        getattr(other, name)[place] += 1
        with pytest.raises(WrongDecoder, match="model: the file was coded with 'IntegerMADE"):
            decompress(other, data)


def test_what_is_learnt_on_the_way_may_be_integers(monkeypatch):
    x = torch.randint(2, (30, 4), generator=torch.Generator().manual_seed(0))

    def learn(model, past):
        ones = past.sum(0) + 1
        model.bias0.copy_(ones * 64 - (len(past) + 2) * 32)

    data = compress_online(IntegerMADE((4,), 2, hidden=()), learn, x, pauses=[10, 20])
    monkeypatch.setattr(compression, "ROWS", 3)
    assert torch.equal(decompress_online(IntegerMADE((4,), 2, hidden=()), learn, data), x)


def tiny() -> IntegerMADE:
    """A network whose weights are written down here: nothing is drawn and nothing rounded."""
    model = IntegerMADE((4,), 3, hidden=(6,), order=ORDER)
    state = model.state_dict()
    for k, (name, scale) in enumerate({"weight0": 900, "weight1": 2500, "direct": 400_000}.items()):
        above, below = state[name].shape
        numbers = [[(7 * i * i + 13 * j + 5 * i * j + k) % 23 - 11 for j in range(below)] for i in range(above)]
        state[name] = torch.tensor(numbers, dtype=torch.int32) * scale * getattr(model, f"{name}_mask")
    for name, scale in {"bias0": 1000, "bias1": 100_000}.items():
        numbers = [(11 * i * i + 3) % 17 - 8 for i in range(len(state[name]))]
        state[name] = torch.tensor(numbers, dtype=torch.int32) * scale
    model.load_state_dict(state)
    return model


TINY = [[(i * i + 3 * i * j + j) % 5 % 3 for j in range(4)] for i in range(24)]
GOLDEN = (
    "44474d4302ba007b22636f6e737472696374696f6e223a22302e352e30222c22646576696365223a22637075222c2264676d"
    "6c6962223a22302e312e30222c226576656e745f7368617065223a5b345d2c226c616e6573223a312c226d6f64656c223a22"
    "496e74656765724d414445203562353732626661303539326261396239373263313639653937356435333734222c226e223a"
    "32342c22726f7773223a313032342c22746f726368223a22322e31332e30222c2276616c756573223a337ddfff8763040000"
    "001c000000fbe77c5b1efa1d4c9bc207a567d3612b6989ca0b1821806acddb614f1875e5419978ba67"
)


def test_a_file_that_another_machine_wrote_is_read():
    assert decompress(tiny(), bytes.fromhex(GOLDEN)).tolist() == TINY


def test_the_same_message_is_written_as_ever():
    """Headers name the versions; the message must not change with them."""
    now, then = (compression._parse(d)[1][0] for d in (compress(tiny(), torch.tensor(TINY)), bytes.fromhex(GOLDEN)))
    assert now == then


def test_the_files_are_as_long_as_promised(wide):
    model = IntegerMADE.of(wide)
    drawn = model.sample(1000, generator=torch.Generator().manual_seed(0))
    promised = -model.log_prob(drawn).sum().item() / math.log(2)
    assert promised - 1 <= 8 * size(compress(model, drawn)).payload <= 1.0005 * promised + 64


# ------------------------------------------------------------------------------------------------------------- refused


def test_weights_whose_sums_could_be_rounded_are_refused():
    floats = randomise(MADE((6,), 2, hidden=(24,)), 1)
    with torch.no_grad():
        floats.head.weight *= 2.0**6
    IntegerMADE.of(floats, weight_bits=16, unit_bits=10)
    with torch.no_grad():
        floats.head.weight *= 2.0**14
    with pytest.raises(ValueError, match=r"got a weight1 of up to .*, wanted less than 32768, finite"):
        IntegerMADE.of(floats, weight_bits=16, unit_bits=10)
    model = IntegerMADE((40,), 2, hidden=(600,))
    state = model.state_dict()
    state["weight1"] = torch.where(model.weight1_mask, 2**31 - 1, 0).int()
    with pytest.raises(ValueError, match=r"weights: got a sum that may reach \d+, wanted less than 2\^53"):
        model.load_state_dict(state)


def test_the_bound_is_what_the_largest_sum_reaches():
    """With units at the top of their table and the row of the largest weights, the bound is met."""
    model = IntegerMADE((3,), 2, hidden=(4,), direct=False)
    state = model.state_dict()
    state["weight1"] = torch.where(model.weight1_mask, -1000, 0).int()
    state["bias1"] = torch.tensor([0, 0, -77], dtype=torch.int32)
    model.load_state_dict(state)
    offset = 2**11 + (len(model.exponentials) - 1) * 2**12  # rounds, and puts the first place of a table at 0
    assert model.largest_sum == 77 + offset + 4 * 1000 * (2**14 - 1)


def test_weights_that_are_not_finite_are_refused():
    floats = FVSBN((3,), 2)
    with torch.no_grad():
        floats.bias[1] = math.nan
    with pytest.raises(ValueError, match="model: got a bias0 of up to nan"):
        IntegerMADE.of(floats)


@pytest.mark.parametrize(("name", "shape"), [("weight0", (6, 3)), ("weight1", (3, 6)), ("direct", (3, 3))])
def test_weights_of_the_future_are_refused(name, shape):
    model = IntegerMADE((3,), 2, hidden=(6,))
    state = model.state_dict()
    state[name] = torch.ones(shape, dtype=torch.int32)
    with pytest.raises(ValueError, match=f"{name}: got weights of what comes later"):
        model.load_state_dict(state)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("shifts", torch.tensor([-1, 12]), "shifts"),
        ("low", torch.tensor(2**40), "low"),
        ("units", torch.full((2**14,), -1, dtype=torch.int32), "units"),
        ("exponentials", None, "exponentials"),
    ],
)
def test_tables_that_can_not_be_are_refused(name, value, says):
    model = IntegerMADE((3,), 2, hidden=(6,))
    state = model.state_dict()
    state[name] = torch.zeros_like(state[name]) if value is None else value
    with pytest.raises(ValueError, match=f"{says}.*: got"):
        model.load_state_dict(state)


def test_another_kind_of_network_is_refused():
    with pytest.raises(ValueError, match="model: got a NADE, wanted a MADE or an FVSBN"):
        IntegerMADE.of(NADE((3,), 2))


def test_another_carrier_is_refused():
    model = IntegerMADE((3,), 2)
    model.carrier = torch.bfloat16
    with pytest.raises(ValueError, match=r"carrier: got torch.bfloat16, wanted torch.float64 or torch.float32"):
        model.init_state(1)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"hidden": 5}, "hidden: got 5"),
        ({"hidden": (), "direct": False}, r"hidden: got \(\)"),
        ({"activation": "tanh"}, "activation: got 'tanh'"),
        ({"unit_bits": 11}, "unit_bits: got 11, wanted at most 10"),
        ({"unit_bits": 0}, "unit_bits: got 0"),
        ({"weight_bits": 7}, "weight_bits: got 7, wanted from 8 to 24"),
        ({"weight_bits": 9, "unit_bits": 10}, "weight_bits: got 9, wanted from 10 to 24"),
        ({"values": 2**14 + 1}, "values: got 16385, wanted at most 16384"),
    ],
)
def test_what_can_not_be_made_is_named(options, says):
    with pytest.raises(ValueError, match=says):
        IntegerMADE((1,), **options)
