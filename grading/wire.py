"""Plain data between the process that asks and the one that answers, where nothing that arrives is trusted.

A message is a tree of numbers, strings, lists, tuples, dictionaries, tensors and arrays, written as JSON and raw
buffers; no pickle. What can't be written down (a model, a function, an iterator) stays where it is, and a
:class:`Reference` to it crosses instead. A message that is too large, too deep, late, or anything but what this module
writes is an error before memory is spent on it.

On the wire a message is a head (the length of the JSON, the number of buffers, the length of each), the JSON and the
buffers. A container or anything else that JSON lacks is a list whose first entry names its kind.
"""

import json
import math
import socket
import struct
import time
from typing import NamedTuple

import numpy as np
import torch

JSON_BYTES = 1 << 20
BUFFER_BYTES = 64 << 20  # of all buffers of a message
BUFFERS = 10_000
DEPTH = 40
NODES = 200_000
DIMENSIONS = 16
INTEGER_BITS = 1 << 16

TORCH = {str(dtype).removeprefix("torch."): dtype for dtype in (
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.bfloat16,
    torch.float32, torch.float64, torch.complex64, torch.complex128,
)}  # fmt: skip
NUMPY = {name: np.dtype(name) for name in (
    "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32", "float64",
    "complex64", "complex128",
)}  # fmt: skip


class WireError(Exception):
    """A message that can't be written or was not written by this module; the channel it came on is of no more use."""


class Reference(NamedTuple):
    """Something that stays in the other process: the number by which it is known there, and what it is called."""

    number: int
    kind: str


# --------------------------------------------------------------------------------------------------------- to and from


class _Writer:
    def __init__(self, refer):
        self.buffers, self.bytes, self.nodes, self.refer, self.open = [], 0, 0, refer, set()

    def keep(self, data) -> int:
        self.bytes += len(data)
        if self.bytes > BUFFER_BYTES:
            raise WireError(f"more than {BUFFER_BYTES >> 20} MiB of tensors")
        self.buffers.append(data)
        if len(self.buffers) > BUFFERS:
            raise WireError(f"more than {BUFFERS} tensors")
        return len(self.buffers) - 1

    def write(self, value, depth: int = 0):
        self.nodes += 1
        if self.nodes > NODES:
            raise WireError(f"more than {NODES} values")
        if depth > DEPTH:
            raise WireError(f"nested more than {DEPTH} deep")
        if value is None or value is True or value is False:
            return value
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, np.generic):
            return self.write_array("number", np.asarray(value))
        if isinstance(value, int):
            return self.write_integer(int(value))
        if isinstance(value, float):
            value = float(value)
            return value if math.isfinite(value) else ["float", repr(value)]
        if isinstance(value, complex):
            return ["complex", self.write(value.real, depth + 1), self.write(value.imag, depth + 1)]
        if isinstance(value, bytes | bytearray):
            return ["bytes", self.keep(bytes(value))]
        if isinstance(value, torch.Tensor):
            return self.write_tensor(value)
        if isinstance(value, np.ndarray):
            return self.write_array("array", value)
        if isinstance(value, torch.dtype) and str(value).removeprefix("torch.") in TORCH:
            return ["dtype", str(value).removeprefix("torch.")]
        if isinstance(value, slice):
            return ["slice", *(self.write(v, depth + 1) for v in (value.start, value.stop, value.step))]
        if isinstance(value, range):
            return ["range", *(self.write_integer(v) for v in (value.start, value.stop, value.step))]
        if isinstance(value, list | tuple | dict | set | frozenset):
            return self.write_container(value, depth)
        return ["reference", *self.refer(value)]

    def write_integer(self, value: int):
        if value.bit_length() > INTEGER_BITS:
            raise WireError(f"an integer of {value.bit_length()} bits, at most {INTEGER_BITS} cross")
        return value if abs(value) < 1 << 53 else ["integer", hex(value)]

    def write_container(self, value, depth):
        if id(value) in self.open:
            raise WireError("a container that holds itself")
        self.open.add(id(value))
        if isinstance(value, dict):
            parts = ["dict", *([self.write(k, depth + 1), self.write(v, depth + 1)] for k, v in dict.items(value))]
        else:
            kind = next(k for k in (list, tuple, set, frozenset) if isinstance(value, k))
            parts = [kind.__name__, *(self.write(v, depth + 1) for v in kind.__iter__(value))]
        self.open.discard(id(value))
        return parts

    def write_tensor(self, value):
        name = str(value.dtype).removeprefix("torch.")
        if name not in TORCH or value.layout != torch.strided:
            raise WireError(f"a tensor of {value.dtype}, {value.layout}")
        if value.numel() * value.element_size() > BUFFER_BYTES:  # an expanded one is small until it is written
            raise WireError(f"more than {BUFFER_BYTES >> 20} MiB of tensors")
        plain = value.detach().cpu().resolve_conj().resolve_neg().reshape(-1)
        plain = plain.clone(memory_format=torch.contiguous_format)  # one of a single entry may keep any stride
        data = plain.view(torch.uint8).numpy().tobytes() if plain.numel() else b""
        return ["tensor", self.keep(data), name, list(value.shape), bool(value.requires_grad)]

    def write_array(self, kind, value):
        name = value.dtype.name
        if name not in NUMPY:
            raise WireError(f"an array of {value.dtype}")
        if value.nbytes > BUFFER_BYTES:
            raise WireError(f"more than {BUFFER_BYTES >> 20} MiB of tensors")
        return [kind, self.keep(np.asarray(value, dtype=NUMPY[name]).tobytes()), name, list(value.shape)]


class _Reader:
    def __init__(self, buffers, resolve):
        self.buffers, self.used, self.nodes, self.resolve = buffers, set(), 0, resolve

    def read(self, node, depth: int = 0):
        self.nodes += 1
        _demand(self.nodes <= NODES, f"more than {NODES} values")
        _demand(depth <= DEPTH, f"nested more than {DEPTH} deep")
        if node is None or isinstance(node, bool | int | float | str):
            return node
        _demand(isinstance(node, list) and node and isinstance(node[0], str), "no value of any kind")
        kind, *parts = node
        reader = getattr(self, f"read_{kind}", None) if kind.isidentifier() else None
        _demand(reader is not None, f"a value of the unknown kind {kind[:40]!r}")
        return reader(parts, depth + 1)

    def all(self, parts, depth):
        return [self.read(part, depth) for part in parts]

    def read_list(self, parts, depth):
        return self.all(parts, depth)

    def read_tuple(self, parts, depth):
        return tuple(self.all(parts, depth))

    def read_set(self, parts, depth):
        return _hashed(lambda: set(self.all(parts, depth)))

    def read_frozenset(self, parts, depth):
        return _hashed(lambda: frozenset(self.all(parts, depth)))

    def read_dict(self, parts, depth):
        _demand(all(isinstance(part, list) and len(part) == 2 for part in parts), "a dictionary without pairs")
        return _hashed(lambda: dict(self.all(part, depth) for part in parts))

    def read_float(self, parts, depth):
        _demand(parts in (["nan"], ["inf"], ["-inf"]), "no such float")
        return float(parts[0])

    def read_integer(self, parts, depth):
        _demand(len(parts) == 1 and isinstance(parts[0], str), "no such integer")
        _demand(len(parts[0]) <= INTEGER_BITS // 4 + 3, f"an integer of more than {INTEGER_BITS} bits")
        return _parsed(lambda: int(parts[0], 16))

    def read_complex(self, parts, depth):
        parts = self.all(parts, depth)
        _demand(len(parts) == 2 and all(type(p) is float for p in parts), "no such complex number")
        return complex(*parts)

    def read_slice(self, parts, depth):
        _demand(len(parts) == 3, "no such slice")
        return slice(*self.all(parts, depth))

    def read_range(self, parts, depth):
        parts = self.all(parts, depth)
        _demand(len(parts) == 3 and all(type(p) is int for p in parts) and parts[2] != 0, "no such range")
        return range(*parts)

    def read_bytes(self, parts, depth):
        _demand(len(parts) == 1, "no such bytes")
        return bytes(self.buffer(parts[0]))

    def read_dtype(self, parts, depth):
        _demand(len(parts) == 1 and isinstance(parts[0], str) and parts[0] in TORCH, "no such dtype")
        return TORCH[parts[0]]

    def read_tensor(self, parts, depth):
        _demand(len(parts) == 4 and type(parts[3]) is bool, "no such tensor")
        number, name, shape, requires_grad = parts
        _demand(isinstance(name, str) and name in TORCH, "a tensor of an unknown dtype")
        dtype = TORCH[name]
        data = self.sized(number, shape, torch.empty((), dtype=dtype).element_size())
        if name == "bool":  # a byte other than 0 and 1 would be a third truth
            value = torch.from_numpy(np.frombuffer(data, np.uint8) != 0) if data else torch.empty(0, dtype=dtype)
        else:
            value = torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)
        value = value.reshape(shape)
        _demand(not requires_grad or value.is_floating_point() or value.is_complex(), "a gradient of integers")
        return value.requires_grad_(requires_grad)

    def read_array(self, parts, depth):
        _demand(len(parts) == 3, "no such array")
        number, name, shape = parts
        _demand(isinstance(name, str) and name in NUMPY, "an array of an unknown dtype")
        data = self.sized(number, shape, NUMPY[name].itemsize)
        if name == "bool":
            return (np.frombuffer(data, np.uint8) != 0).reshape(shape)
        return np.frombuffer(data, NUMPY[name]).reshape(shape)

    def read_number(self, parts, depth):
        value = self.read_array(parts, depth)
        _demand(value.shape == (), "a number with a shape")
        return value[()]

    def read_reference(self, parts, depth):
        well = len(parts) == 2 and type(parts[0]) is int and isinstance(parts[1], str)
        _demand(well and 0 <= parts[0] < 1 << 53 and len(parts[1]) <= 100, "no such reference")
        return self.resolve(Reference(*parts))

    def buffer(self, number) -> bytearray:
        well = type(number) is int and 0 <= number < len(self.buffers) and number not in self.used
        _demand(well, "a buffer that is not there, or was used before")
        self.used.add(number)
        return self.buffers[number]

    def sized(self, number, shape, item: int) -> bytearray:
        well = isinstance(shape, list) and len(shape) <= DIMENSIONS and all(type(n) is int and n >= 0 for n in shape)
        _demand(well, "a shape that is none")
        data = self.buffer(number)
        _demand(max(shape, default=0) < 1 << 40 and math.prod(shape) * item == len(data), "a buffer of another size")
        return data


def _demand(holds: bool, words: str) -> None:
    if not holds:
        raise WireError(words)


def _hashed(make):
    try:
        return make()
    except TypeError:
        raise WireError("a key that can't be one") from None


def _parsed(make):
    try:
        return make()
    except ValueError:
        raise WireError("no such number") from None


def encode(value, refer=None) -> tuple[bytes, list[bytes]]:
    """A value as JSON and buffers.

    Args:
        value: what is sent. Subclasses of numbers, strings and containers go as what they are made of.
        refer: called with what can't be written down; returns its :class:`Reference`. ``None`` refuses it.

    Raises:
        WireError: if it is too large, too deep, holds itself, or can't be written down.

    Example:
        >>> encode({"x": (1, 2.5)})
        (b'["dict", ["x", ["tuple", 1, 2.5]]]', [])
    """
    writer = _Writer(refer or _refuse)
    text = json.dumps(writer.write(value), allow_nan=False).encode()
    if len(text) > JSON_BYTES:
        raise WireError(f"more than {JSON_BYTES >> 20} MiB beside tensors")
    return text, writer.buffers


def decode(text: bytes, buffers: list, resolve=None):
    """The value that :func:`encode` wrote, whoever claims to have written it.

    Args:
        text: the JSON.
        buffers: the buffers, each a ``bytearray``; tensors share their memory.
        resolve: called with each :class:`Reference`; returns what stands for it. ``None`` leaves it.

    Raises:
        WireError: if that is not what :func:`encode` writes.

    Example:
        >>> decode(b'["dict", ["x", ["tuple", 1, 2.5]]]', [])
        {'x': (1, 2.5)}
        >>> decode(b'["object", 1]', [])
        Traceback (most recent call last):
        grading.wire.WireError: a value of the unknown kind 'object'
    """
    if len(text) > JSON_BYTES:
        raise WireError(f"more than {JSON_BYTES >> 20} MiB beside tensors")
    try:
        tree = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise WireError("no JSON") from None
    reader = _Reader(buffers, resolve or (lambda reference: reference))
    value = reader.read(tree)
    _demand(len(reader.used) == len(buffers), "a buffer that nothing names")
    return value


def _refuse(value):
    raise WireError(f"{type(value).__name__} can't be sent: wanted numbers, strings, tensors, lists and dicts of them")


def _refuse_constant(name):
    raise ValueError(name)


def tensors(tree):
    """The tensors that have gradients in a tree of lists, tuples and dictionaries, in its order."""
    if isinstance(tree, torch.Tensor):
        if tree.requires_grad:
            yield tree
    elif isinstance(tree, dict):
        for value in tree.values():
            yield from tensors(value)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from tensors(value)


# -------------------------------------------------------------------------------------------------------------- a line


class Line:
    """One end of a pair of connected sockets, over which messages go whole or not at all.

    After any error the line is dead: whatever comes next could be the rest of what went wrong.
    """

    def __init__(self, connection: socket.socket):
        self.connection, self.dead = connection, None

    def send(self, value, refer=None, seconds: float | None = None) -> None:
        """Send a value; waits while the other end does not read, ``seconds`` at most.

        Raises:
            WireError: if it can't be written down (then the line is as it was), or the line is or becomes dead.
        """
        self._alive()
        text, buffers = encode(value, refer)
        head = struct.pack(f">II{len(buffers)}Q", len(text), len(buffers), *map(len, buffers))
        self.connection.settimeout(seconds)
        try:
            for part in (head + text, *buffers):
                self.connection.sendall(part)
        except OSError as error:
            self._die(f"nothing could be sent ({type(error).__name__})")

    def receive(self, resolve=None, seconds: float | None = None):
        """The next value, all of which has to come within ``seconds``.

        Raises:
            WireError: if it does not come, or is not what :meth:`send` sends; the line is then dead.
        """
        self._alive()
        until = None if seconds is None else time.monotonic() + seconds
        try:
            length, count = struct.unpack(">II", self._exactly(8, until))
            _demand(length <= JSON_BYTES and count <= BUFFERS, "a message that is too large")
            sizes = struct.unpack(f">{count}Q", self._exactly(8 * count, until))
            _demand(sum(sizes) <= BUFFER_BYTES, "a message that is too large")
            text = bytes(self._exactly(length, until))
            return decode(text, [self._exactly(size, until) for size in sizes], resolve)
        except WireError as error:
            self._die(str(error))

    def _exactly(self, size: int, until: float | None) -> bytearray:
        data = bytearray()
        while len(data) < size:  # grows with what came, not with what was announced
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                raise WireError("no answer in time")
            self.connection.settimeout(left)
            try:
                part = self.connection.recv(min(size - len(data), 1 << 20))
            except TimeoutError:
                raise WireError("no answer in time") from None
            except OSError as error:
                raise WireError(f"the connection broke ({type(error).__name__})") from None
            if not part:
                raise WireError("the other process is gone")
            data += part
        return data

    def _alive(self) -> None:
        if self.dead:
            raise WireError(f"the line is dead since: {self.dead}")

    def _die(self, words: str) -> None:
        self.dead = words
        self.connection.close()
        raise WireError(words)
