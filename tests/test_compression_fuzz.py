"""Ten thousand damaged files: each is refused, or gives exactly what was coded, in bounded work and memory."""

import json
import random
import struct
import zlib
from contextlib import suppress
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from oracles import randomise

from dgmlib import compression
from dgmlib.compression import (
    CorruptFile,
    WrongDecoder,
    compress,
    compress_online,
    decompress,
    decompress_file,
    decompress_online,
    read_about,
    size,
)
from dgmlib.models import FVSBN

CORRUPTIONS = 10_000


class Watched(FVSBN):
    """Counts the predictions that it is asked for, and refuses groups that no sound file has."""

    asked = 0

    def init_state(self, n):
        assert n <= compression.ROWS, f"memory for {n} examples at once"
        return super().init_state(n)

    def step(self, x_prev, state):
        logits, state = super().step(x_prev, state)
        self.asked += len(logits)
        return logits, state


@pytest.fixture(scope="module")
def model():
    return randomise(Watched((3,), 3).double())


@pytest.fixture(scope="module")
def x(model):
    return model.sample(40, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def files(model, x, monkeypatch):
    """Sound files of all kinds, each with what decodes it."""
    monkeypatch.setattr(compression, "ROWS", 8)
    monkeypatch.setattr(compression, "SEGMENT_BITS", 64)
    monkeypatch.setattr(compression, "SEGMENT_SYMBOLS", 400)

    def learn(model, past):
        assert torch.equal(past, x[: len(past)]), "learns from what was never coded"
        with torch.no_grad():
            model.bias += past.double().mean(0).repeat_interleave(2)

    return [
        (compress(model, x, {"kind": "npy", "dtype": "|u1"}), decompress),
        (compress(model, x, lanes=3), decompress),
        (
            compress_online(model, learn, x, pauses=[9, 30]),
            lambda model, data: decompress_online(model, learn, data),
        ),
    ]


def parts(data):
    """The header's text, and a list (steps, data's CRC, payload) of the segments, read without the library."""
    (length,) = struct.unpack_from("<H", data, 5)
    at, segments = 7 + length + 4, []
    while at < len(data):
        steps, size, check, _ = struct.unpack_from("<IIII", data, at)
        segments.append((steps, check, data[at + 16 : at + 16 + size]))
        at += 16 + size
    return data[7 : 7 + length], segments


def sealed(text, segments, starts=(0,)):
    """A file of such parts with every checksum right; ``starts`` are the numbers of each lane's first segment."""
    head = b"DGMC\2" + struct.pack("<H", len(text)) + text
    whole = zlib.crc32(head)
    out = [head, struct.pack("<I", whole)]
    for number, (steps, check, payload) in enumerate(segments):
        if number in starts:
            chain = zlib.crc32(struct.pack("<I", starts.index(number)), whole)
        fields = struct.pack("<III", steps % 2**32, len(payload), check)
        chain = zlib.crc32(fields + payload, chain)
        out += [fields, struct.pack("<I", chain), payload]
    return b"".join(out)


def lanes_of(data):
    """The numbers of each lane's first segment."""
    return [lane[0][0] for lane in compression._parse(data)[1]]


def test_a_sound_file_is_sealed_as_the_format_says(files):
    for data, _ in files:
        assert sealed(*parts(data), lanes_of(data)) == data
        assert len(parts(data)[1]) > 3


def flip(rng, data, other):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5, 50])):
        position = rng.randrange(8 * len(data))
        data[position // 8] ^= 1 << position % 8
    return bytes(data)


def cut(rng, data, other):
    return data[: rng.randrange(len(data))]


def insert(rng, data, other):
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice([rng.randbytes(rng.randrange(1, 40)), b"\0\0\0\0", data[at : at + 20]]) + data[at:]


def delete(rng, data, other):
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.randrange(1, 40) :]


def overwrite(rng, data, other):
    at, length = rng.randrange(len(data)), rng.randrange(1, 200)
    filling = rng.choice([bytes(length), b"\xff" * length, rng.randbytes(length)])
    return (data[:at] + filling + data[at + length :])[: len(data)]


def splice(rng, data, other):
    return data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]


def move(rng, data, other):
    """Segments are swapped, doubled, left out or taken from another file, as they are."""
    text, _ = parts(data)
    chunks, at = [], 7 + len(text) + 4
    head = data[:at]
    while at < len(data):
        length = 16 + struct.unpack_from("<I", data, at + 4)[0]
        chunks, at = [*chunks, data[at : at + length]], at + length
    i, j = rng.randrange(len(chunks)), rng.randrange(len(chunks))
    kind = rng.randrange(4)
    if kind == 0:
        chunks[i], chunks[j] = chunks[j], chunks[i]
    elif kind == 1:
        chunks.insert(i, chunks[j])
    elif kind == 2:
        del chunks[i]
    else:
        foreign = 7 + len(parts(other)[0]) + 4
        chunks[i] = other[foreign : foreign + 16 + struct.unpack_from("<I", other, foreign + 4)[0]]
    return head + b"".join(chunks)


def edit_header(rng, data, other):
    """A wrong header, under a checksum that fits."""
    text, segments = parts(data)
    header = json.loads(text)
    key = rng.choice([*header, "pauses", "about", "more"])
    number = rng.choice([0, 1, 2, 3, 5, 8, 39, 41, 48, 2**31, 10**18, -1, 1.5, True])
    wrong = [number, [number], [5, number], str(number), None, {}, {"dtype": "|O"}, "x" * 1000, [1, 2] * 500]
    header[key] = rng.choice([number, *wrong])
    if rng.randrange(5) == 0:
        del header[rng.choice([*header])]
    text = rng.choice([json.dumps(header).encode()] * 8 + [b"[" * 60_000, b"{}", b"", b"NaN", b"\xff", b"9" * 9_000])
    return sealed(text, segments, lanes_of(data))


def edit_segment(rng, data, other):
    """Wrong steps, payload or data's checksum, under checksums that fit."""
    text, segments = parts(data)
    i = rng.randrange(len(segments))
    steps, check, payload = segments[i]
    kind = rng.randrange(4)
    if kind == 0:
        steps = rng.choice([0, steps - 1, steps + 1, 2 * steps, 2**20, 2**32 - 1, rng.randrange(2**32)])
    elif kind == 1:
        payload = rng.choice([flip(rng, payload, None), b"", payload[:-4], payload[:-1], rng.randbytes(len(payload))])
    elif kind == 2:
        check = rng.randrange(2**32)
    elif i:  # what was lost there, the segment before has too much
        segments[i - 1] = (segments[i - 1][0] + 1, *segments[i - 1][1:])
        steps -= 1
    segments[i] = (steps, check, payload)
    return sealed(text, segments, lanes_of(data))


def more_examples(rng, data, other):
    """A header that promises more examples, and segments that are said to hold them."""
    text, segments = parts(data)
    n = rng.choice([41, 48, 49, 1000, 10**6, 10**12])
    header = {**json.loads(text), "n": n}
    i = rng.randrange(len(segments))
    extra = 3 * (-(-n // 8) - 5)
    segments[i] = (segments[i][0] + extra, *segments[i][1:])
    return sealed(json.dumps(header).encode(), segments, lanes_of(data))


DAMAGE = [flip, cut, insert, delete, overwrite, splice, move, edit_header, edit_segment, more_examples]


def offences(model, x, files, count, damage=DAMAGE):
    """Damaged files that decode to something else, or do more work than a sound file of their size could ask for."""
    found, kept = [], {kind.__name__: 0 for kind in damage}
    most = 60 * x.numel()
    for number in range(count):
        rng = random.Random(number)
        (data, decode), (other, _) = rng.sample(files, 2)
        kind = damage[number % len(damage)]
        damaged = kind(rng, data, other)
        model.asked = 0
        try:
            got = decode(model, damaged)
        except (CorruptFile, WrongDecoder):
            kept[kind.__name__] += damaged != data
        else:
            if not torch.equal(got, x):
                found.append((number, kind.__name__, "decodes to something else"))
        if model.asked > most:
            found.append((number, kind.__name__, f"asks for {model.asked} predictions"))
    assert all(refused > 0.5 * count / len(damage) for refused in kept.values()), kept
    return found


def test_ten_thousand_corruptions(model, x, files):
    assert offences(model, x, files, CORRUPTIONS) == []


def test_without_checksums_the_same_corruptions_get_through(model, x, files, monkeypatch):
    monkeypatch.setattr(compression, "zlib", SimpleNamespace(crc32=lambda data, value=0: 0))
    wrong = 0
    for number in range(200):
        rng = random.Random(number)
        text, segments = parts(files[0][0])
        i = rng.randrange(len(segments))
        segments[i] = (*segments[i][:2], flip(rng, segments[i][2], None))
        head = b"DGMC\2" + struct.pack("<H", len(text)) + text + bytes(4)
        body = b"".join(struct.pack("<IIII", steps, len(payload), 0, 0) + payload for steps, _, payload in segments)
        with suppress(WrongDecoder):
            wrong += not torch.equal(decompress(model, head + body), x)
    assert wrong > 100


def test_reading_the_header_of_damaged_files_is_as_safe(files):
    for number in range(1000):
        rng = random.Random(number)
        (data, _), (other, _) = rng.sample(files, 2)
        for read in (read_about, size):
            try:
                read(DAMAGE[number % len(DAMAGE)](rng, data, other))
            except CorruptFile:
                continue


def test_a_damaged_file_leaves_no_output_behind(model, x, files, tmp_path):
    (sound, _), *others = files
    for number in range(300):
        rng = random.Random(number)
        damaged = DAMAGE[number % len(DAMAGE)](rng, sound, rng.choice(others)[0])
        (tmp_path / "file").write_bytes(damaged)
        try:
            decompress_file(model, tmp_path / "file", tmp_path / "out.npy")
        except (CorruptFile, WrongDecoder):
            assert [path.name for path in tmp_path.iterdir()] == ["file"]
        else:
            assert np.array_equal(np.load(tmp_path / "out.npy"), x.numpy())
            (tmp_path / "out.npy").unlink()


def test_a_segment_of_too_many_steps_is_refused_before_any_work(model, files, monkeypatch):
    text, segments = parts(files[0][0])
    groups = 2**40
    header = {**json.loads(text), "n": 8 * groups}
    model.asked = 0
    forged = sealed(json.dumps(header).encode(), [(2**32 - 1, *segments[0][1:])])
    with pytest.raises(CorruptFile, match=r"segment 0 has 4294967295 steps in .*bytes, wanted 1 to 50 steps"):
        decompress(model, forged)
    assert model.asked == 0


def test_segments_are_chained(files, x):
    """Two segments of one size, swapped, are found although each is sound."""
    data = compress(FVSBN((3,), 3), x)  # which knows nothing yet: each group costs the same
    text, segments = parts(data)
    sizes = [(steps, len(payload)) for steps, _, payload in segments]
    i = next(i for i, (a, b) in enumerate(pairwise(sizes)) if a == b)
    begin = 7 + len(text) + 4 + sum(16 + length for _, length in sizes[:i])
    length = 16 + sizes[i][1]
    one, two = data[begin : begin + length], data[begin + length : begin + 2 * length]
    swapped = data[:begin] + two + one + data[begin + 2 * length :]
    with pytest.raises(CorruptFile, match=f"segment {i} was changed"):
        size(swapped)
