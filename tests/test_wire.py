"""What crosses between the process that decides and the one that runs a student's code."""

import contextlib
import json
import math
import socket
import struct
import threading

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grading import wire
from grading.wire import Line, Reference, WireError, decode, encode

settings.register_profile(
    "course", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("course")


def back(value, refer=None, resolve=None):
    text, buffers = encode(value, refer)
    return decode(text, [bytearray(b) for b in buffers], resolve)


def same(a, b) -> bool:
    """Equal in type, structure and every bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        bits = lambda t: encode(t)  # noqa: E731
        return a.dtype == b.dtype and a.shape == b.shape and a.requires_grad == b.requires_grad and bits(a) == bits(b)
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return len(a) == len(b) and all(same(k, m) and same(v, w) for (k, v), (m, w) in zip(a.items(), b.items()))  # noqa: B905
    if isinstance(a, float):
        return struct.pack("d", a) == struct.pack("d", b) or (math.isnan(a) and math.isnan(b))
    return a == b


TORCH, NUMPY = (st.sampled_from(list(known.values())) for known in (wire.TORCH, wire.NUMPY))
KINDS = st.sampled_from([name.removeprefix("read_") for name in dir(wire._Reader) if name.startswith("read_")])

plain = [st.text(max_size=5), st.integers(), st.booleans(), st.none()]
keys = st.one_of(*plain, st.tuples(st.integers(), st.text(max_size=3)))
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**200), max_value=2**200),
    st.floats(),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.builds(complex, st.floats(allow_nan=False), st.floats(allow_nan=False)),
    st.builds(range, st.integers(-5, 5), st.integers(-5, 5), st.integers(1, 3)),
    TORCH,
    st.frozensets(st.integers(), max_size=4),
    st.builds(lambda n, dtype: torch.arange(n).to(dtype).reshape(-1, 1), st.integers(0, 5), TORCH),
    st.builds(lambda n, dtype: np.arange(n).astype(dtype), st.integers(0, 5), NUMPY),
    st.builds(lambda v, dtype: dtype.type(v), st.integers(0, 9), NUMPY),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple), st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=15,
)


@given(values)
def test_what_is_sent_is_what_comes(value):
    assert same(back(value), value)


def test_the_comparison_can_fail():
    assert not same(1, True) and not same(1.0, 1) and not same([1], (1,)) and not same(0.0, -0.0)
    assert not same(torch.zeros(2), torch.zeros(2, dtype=torch.float16)) and not same(torch.zeros(2), torch.zeros(2, 1))


def test_views_and_gradients_cross():
    x = torch.arange(6.0).reshape(2, 3).T
    assert torch.equal(back(x), x)
    assert torch.equal(back(x[0].expand(4, 2)), x[0].expand(4, 2))
    assert torch.equal(back(torch.arange(5)[2::5]), torch.tensor([2]))  # a single entry keeps its stride
    assert back(torch.nn.Parameter(torch.ones(2))).requires_grad
    assert not back(torch.ones(2)).requires_grad
    z = torch.tensor([1 + 2j]).conj()
    assert torch.equal(back(z), z.resolve_conj())
    assert back(torch.tensor(3.5)).shape == ()


def test_what_derives_from_plain_data_crosses_as_that():
    class Text(str):
        pass

    class Number(int):
        def __index__(self):
            return 7

    assert type(back(Text("a"))) is str
    assert back(Number(3)) == 3
    assert back(Reference(1, "x")) == (1, "x")  # to the writer a tuple like any other
    assert type(back({"a": Text("b")})["a"]) is str


def test_what_can_not_be_written_is_referred_to():
    kept = {}

    def refer(value):
        kept[len(kept)] = value
        return Reference(len(kept) - 1, type(value).__name__)

    model = torch.nn.Linear(2, 3)
    assert back([model, 1], refer) == [Reference(0, "Linear"), 1]
    assert back([model, 1], refer, lambda reference: kept[reference.number]) == [model, 1]
    with pytest.raises(WireError, match="Linear can't be sent"):
        encode(model)


LOOP = []
LOOP.append(LOOP)
NEST = []
for _ in range(wire.DEPTH + 1):
    NEST = [NEST]


TOO_MUCH = {
    "itself": (LOOP, "holds itself"),
    "too deep": (NEST, "nested more than 40 deep"),
    "too many": ([0] * (wire.NODES + 1), "more than 200000 values"),
    "too long": ("x" * (wire.JSON_BYTES + 1), "more than 1 MiB beside tensors"),
    "a large tensor": (torch.zeros(1, dtype=torch.uint8).expand(wire.BUFFER_BYTES + 1), "more than 64 MiB of tensors"),
    "large arrays": ([np.zeros(wire.BUFFER_BYTES // 2 + 1, np.uint8)] * 2, "more than 64 MiB of tensors"),
    "many tensors": ([torch.zeros(1)] * (wire.BUFFERS + 1), "more than 10000 tensors"),
    "a large integer": (1 << (wire.INTEGER_BITS + 1), "an integer of 65538 bits"),
    "a sparse tensor": (torch.zeros(2, 2).to_sparse(), "a tensor of torch.float32"),
    "an array of text": (np.array(["a"]), "an array of <U1"),
    "an array of objects": (np.array([object()]), "an array of object"),
    "a function": (print, "builtin_function_or_method can't be sent"),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_is_too_much_is_refused_before_it_is_sent(name):
    value, says = TOO_MUCH[name]
    with pytest.raises(WireError, match=says):
        encode(value)


HOSTILE = {
    "an object": b'["object", "os.system"]',
    "a kind that is a method": b'["all", 1]',
    "no kind": b"[]",
    "a kind of another kind": b"[1, 2]",
    "a plain object": b'{"a": 1}',
    "a constant": b'["list", NaN]',
    "no JSON": b"\xff\xfe",
    "half of it": b'["list", 1',
    "too deep": b"[" * 100_000,
    "too deep for us": b'["list",' * 60 + b"1" + b"]" * 60,
    "too many": b'["list"' + b",1" * (wire.NODES + 1) + b"]",
    "too long": b'"' + b"x" * wire.JSON_BYTES + b'"',
    "an unhashable key": b'["dict", [["list"], 1]]',
    "a set of lists": b'["set", ["list"]]',
    "a pair of three": b'["dict", [1, 2, 3]]',
    "a string for a pair": b'["dict", "ab"]',
    "a number of many digits": b"1" * 10_000,
    "an integer that is none": b'["integer", "0xg"]',
    "an integer too long": b'["integer", "0x' + b"1" * 20_000 + b'"]',
    "a range without a step": b'["range", 0, 1, 0]',
    "a range of words": b'["range", "a", 1, 1]',
    "a float that is none": b'["float", "1e5"]',
    "a complex of words": b'["complex", "a", 1.0]',
    "a slice of one": b'["slice", 1]',
    "a dtype of objects": b'["dtype", "object"]',
    "a tensor without a buffer": b'["tensor", 0, "float32", [2], false]',
    "a reference to nowhere": b'["reference", -1, "x"]',
    "a reference with a long name": b'["reference", 1, "' + b"x" * 101 + b'"]',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_an_error(name):
    with pytest.raises(WireError):
        decode(HOSTILE[name], [])


TENSORS = {
    "another size": ["tensor", 0, "float32", [3], False],
    "a shape below zero": ["tensor", 0, "float32", [-2], False],
    "a huge shape": ["tensor", 0, "float32", [1 << 62, 0], False],
    "a shape of floats": ["tensor", 0, "float32", [2.0], False],
    "a shape of truths": ["tensor", 0, "float32", [True, 2], False],
    "no shape": ["tensor", 0, "float32", 2, False],
    "many dimensions": ["tensor", 0, "float32", [1] * 17 + [2], False],
    "an unknown dtype": ["tensor", 0, "object", [2], False],
    "a dtype that is none": ["tensor", 0, ["float32"], [2], False],
    "a gradient of integers": ["tensor", 0, "int32", [2], True],
    "a gradient of nothing": ["tensor", 0, "float32", [2], None],
    "another buffer": ["tensor", 1, "float32", [2], False],
    "a buffer of a truth": ["tensor", False, "float32", [2], False],
    "the same buffer twice": ["list", ["tensor", 0, "float32", [2], False], ["tensor", 0, "float32", [2], False]],
    "an array of objects": ["array", 0, "object", [1]],
    "a number with a shape": ["number", 0, "float32", [2]],
    "nothing of the buffer": None,
}


@pytest.mark.parametrize("name", TENSORS)
def test_hostile_tensors_are_an_error(name):
    with pytest.raises(WireError):
        decode(json.dumps(TENSORS[name]).encode(), [bytearray(8)])


def test_a_truth_is_one_of_two():
    value = decode(b'["tensor", 0, "bool", [4], false]', [bytearray([0, 1, 2, 255])])
    assert value.tolist() == [False, True, True, True]
    assert encode(value)[1] == [bytes([0, 1, 1, 1])]


@settings(max_examples=300)
@given(values, st.integers(0, 10**6), st.integers(1, 255))
def test_a_changed_byte_gives_plain_data_or_an_error(value, place, change):
    text, buffers = encode(value)
    text = bytearray(text)
    text[place % len(text)] ^= change
    with contextlib.suppress(WireError):
        decode(bytes(text), [bytearray(b) for b in buffers])


trees = st.recursive(
    st.one_of(*plain, st.floats(), st.sampled_from(["tensor", "dict", "number", "float32"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.builds(lambda kind, parts: [kind, *parts], KINDS, st.lists(inner, max_size=5)),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
)


@settings(max_examples=500)
@given(trees, st.lists(st.binary(max_size=16), max_size=3))
def test_any_json_gives_plain_data_or_an_error(tree, buffers):
    with contextlib.suppress(WireError):
        decode(json.dumps(tree).encode(), [bytearray(b) for b in buffers])


# -------------------------------------------------------------------------------------------------------------- a line


@pytest.fixture
def ends():
    a, b = socket.socketpair()
    yield Line(a), b
    a.close(), b.close()


def test_a_line_carries_messages_in_order(ends):
    line, other = ends
    back = Line(other)
    for value in ({"a": torch.arange(3)}, [1, "zwei"], None):
        line.send(value, seconds=1)
    assert torch.equal(back.receive(seconds=1)["a"], torch.arange(3))
    assert back.receive(seconds=1) == [1, "zwei"]
    assert back.receive(seconds=1) is None


def test_a_large_message_crosses_while_it_is_read(ends):
    line, other = ends
    x = torch.arange(5_000_000, dtype=torch.float64)
    sender = threading.Thread(target=line.send, args=(x,))
    sender.start()
    assert torch.equal(Line(other).receive(seconds=30), x)
    sender.join()


def test_what_can_not_be_sent_leaves_the_line_as_it_was(ends):
    line, other = ends
    with pytest.raises(WireError, match="can't be sent"):
        line.send([1, print])
    line.send(2)
    assert Line(other).receive(seconds=1) == 2


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "gone"),
        (b"\0\0\0", "gone"),
        (struct.pack(">II", wire.JSON_BYTES + 1, 0), "too large"),
        (struct.pack(">II", 5, wire.BUFFERS + 1), "too large"),
        (struct.pack(">IIQ", 5, 1, wire.BUFFER_BYTES + 1), "too large"),
        (struct.pack(">IIQQ", 5, 2, 1 << 63, 1 << 63), "too large"),
        (struct.pack(">II", 50, 0) + b"null", "gone"),
        (struct.pack(">II", 4, 0) + b"nul!", "no JSON"),
    ],
)
def test_a_forged_message_kills_the_line(ends, raw, says):
    line, other = ends
    other.sendall(raw)
    other.close()
    with pytest.raises(WireError, match=says):
        line.receive(seconds=5)
    with pytest.raises(WireError, match=f"dead since: .*{says}"):
        line.receive(seconds=5)
    with pytest.raises(WireError, match="dead since"):
        line.send(1)


def test_an_announcement_takes_no_memory(ends):
    """A message that announces the largest buffers and sends nothing costs nothing but the wait."""
    import tracemalloc

    line, other = ends
    other.sendall(struct.pack(">IIQ", 5, 1, wire.BUFFER_BYTES) + b'"abc"' + b"x" * 1000)
    tracemalloc.start()
    with pytest.raises(WireError, match="no answer in time"):
        line.receive(seconds=0.2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_silence_and_drops_end_at_the_same_deadline(ends):
    line, other = ends
    stop = threading.Event()

    def drip():
        while not stop.wait(0.02):
            try:
                other.send(b"\0")
            except OSError:
                return

    other.sendall(struct.pack(">II", 100_000, 0))
    thread = threading.Thread(target=drip)
    thread.start()
    with pytest.raises(WireError, match="no answer in time"):
        line.receive(seconds=0.3)
    stop.set()
    thread.join()


def test_one_who_does_not_read_ends_the_sending(ends):
    line, _ = ends
    with pytest.raises(WireError, match="nothing could be sent"):
        line.send(torch.zeros(4_000_000), seconds=0.2)
