"""Compressed files: what is damaged is refused, what is not decodes, and nothing else ever comes out."""

import json
import math
import struct

import pytest
import torch
from oracles import randomise

from dgmlib import compression
from dgmlib.compression import CorruptFile, WrongDecoder, compress, decompress, read_about, size
from dgmlib.divergences import kl
from dgmlib.models import FVSBN, Table


@pytest.fixture(scope="module")
def model():
    return randomise(FVSBN((1, 3, 3), 2).double())


@pytest.fixture(scope="module")
def x(model):
    return model.sample(40, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def data(model, x):
    return compress(model, x)


def test_every_flipped_bit_is_an_error(model, data):
    for position in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[position // 8] ^= 1 << position % 8
        with pytest.raises(CorruptFile):
            decompress(model, bytes(damaged))


def test_every_truncation_is_an_error(model, data):
    for length in range(len(data)):
        with pytest.raises(CorruptFile, match="cut off"):
            decompress(model, data[:length])


@pytest.mark.parametrize("tail", [b"\0", b"DGMC", b"\0" * 100])
def test_trailing_bytes_are_an_error(model, data, tail):
    with pytest.raises(CorruptFile, match=f"{len(tail)} bytes follow"):
        decompress(model, data + tail)


def test_random_bytes_are_an_error(model):
    generator = torch.Generator().manual_seed(0)
    for length in range(300):
        noise = bytes(torch.randint(256, (length,), generator=generator).tolist())
        for junk in (noise, b"DGMC" + noise, b"DGMC\2" + noise):
            with pytest.raises(CorruptFile):
                decompress(model, junk)


def test_a_header_that_is_no_header_is_an_error(model):
    import zlib

    for text in [b"{}", b"[1]", b"\xff\xfe", b'{"n": "many"}', b'{"n": -1}', b'{"n": 1e9}']:
        head = struct.pack("<4sBH", b"DGMC", 2, len(text)) + text
        with pytest.raises(CorruptFile):
            decompress(model, head + struct.pack("<I", zlib.crc32(head)))


def test_another_version_of_the_format_is_named(model, data):
    with pytest.raises(CorruptFile, match="version 9 of the format, wanted 2"):
        decompress(model, data[:4] + b"\x09" + data[5:])


def test_something_else_than_bytes_is_named(model):
    with pytest.raises(ValueError, match="data: got str, wanted bytes"):
        decompress(model, "DGMC")


def test_another_model_is_refused(model, data):
    with torch.no_grad():
        other = randomise(FVSBN((1, 3, 3), 2).double())
        other.bias[0] += 1e-15 + other.bias[0].abs() * 1e-15
    for wrong in (other, randomise(Table((1, 3, 3), 2).double()), FVSBN((1, 3, 3), 2).float()):
        with pytest.raises(WrongDecoder, match="model: the file was coded with 'FVSBN"):
            decompress(wrong, data)


@pytest.mark.parametrize(("what", "other"), [("device", "cuda"), ("torch", "0.4.1")])
def test_another_machine_is_refused(model, x, monkeypatch, what, other):
    real = compression._identity
    monkeypatch.setattr(compression, "_identity", lambda m: {**real(m), what: other})
    data = compress(model, x)
    monkeypatch.undo()
    with pytest.raises(WrongDecoder, match=f"{what}: the file was coded with '{other}', this decoder has"):
        decompress(model, data)


def test_a_decoder_that_computes_other_probabilities_never_returns_garbage(model, data, monkeypatch):
    """The same file and the same weights, on a machine whose arithmetic differs a little."""
    step = FVSBN.step

    def off(self, x_prev, state):
        logits, state = step(self, x_prev, state)
        return logits * 1.01, state

    monkeypatch.setattr(FVSBN, "step", off)
    with pytest.raises(WrongDecoder, match="decodes to something else than was coded"):
        decompress(model, data)


def test_a_message_that_other_probabilities_can_not_give_is_the_same_error(monkeypatch):
    """The range decoder itself notices sometimes, before the checksum can."""
    model = randomise(Table((1,), 27).double())
    data = compress(model, model.sample(20_000, generator=torch.Generator().manual_seed(0)))
    step = Table.step
    monkeypatch.setattr(Table, "step", lambda self, x, state: (step(self, x, state)[0] * 1.1, (1, None)))
    with pytest.raises(WrongDecoder, match="decodes to something else than was coded") as caught:
        decompress(model, data)
    assert isinstance(caught.value.__cause__, AssertionError)


def test_what_the_model_rules_out_has_no_code():
    certain = Table((1,), 2).count(torch.zeros(3, 1, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"value 1 at variable 0 .* has probability 0\.0"):
        compress(certain, torch.tensor([[0], [1]]))


def test_what_is_certain_costs_nothing():
    certain = Table((1,), 2).count(torch.zeros(3, 1, dtype=torch.int64))
    assert size(compress(certain, torch.zeros(10_000, 1, dtype=torch.int64))).payload <= 8


def test_a_model_that_predicts_nan_is_named(model, x):
    broken = FVSBN((1, 3, 3), 2)
    with torch.no_grad():
        broken.bias[4] = math.nan
    with pytest.raises(ValueError, match="model: predicts NaN at variable 4"):
        compress(broken, x)


def test_size_counts_every_byte(data, x, model):
    parts = size(data)
    assert parts.total == len(data) == parts.header + parts.payload
    (length,) = struct.unpack_from("<H", data, 5)
    assert json.loads(data[7 : 7 + length])["n"] == len(x)


def test_a_note_comes_back_and_costs_the_header_only(model, x, data):
    note = {"kind": "pixels", "dtype": "|u1", "lines": 3}
    noted = compress(model, x, note)
    assert read_about(noted) == note and read_about(data) == {}
    assert size(noted).payload == size(data).payload and size(noted).header > size(data).header
    assert torch.equal(decompress(model, noted), x)
    for position in range(8 * noted.index(b"pixels"), 8 * noted.index(b"pixels") + 48):
        damaged = bytearray(noted)
        damaged[position // 8] ^= 1 << position % 8
        with pytest.raises(CorruptFile):
            read_about(bytes(damaged))


def test_a_note_that_does_not_fit_is_refused(model, x):
    with pytest.raises(ValueError, match="about: got a header of 7"):
        compress(model, x, {"note": "x" * 70_000})
    assert len(read_about(compress(model, x, {"note": "x" * 65_000}))["note"]) == 65_000


def test_the_extra_bits_of_a_wrong_model_are_the_kl_divergence():
    """The same data coded with the source and with a wrong model: the files differ by n KL."""
    p, q = torch.tensor([0.5, 0.25, 0.125, 0.125]), torch.tensor([0.125, 0.125, 0.25, 0.5])
    n = 64_000
    x = torch.arange(4).repeat_interleave((n * p).long())[:, None]  # frequencies are exactly p
    x = x[torch.randperm(n, generator=torch.Generator().manual_seed(0))]
    bits = [8 * size(compress(Table.from_joint(d), x)).payload for d in (p, q)]
    extra = n * kl(p, q).item() / math.log(2)
    bound = 0.0005 * bits[1] + 64
    assert abs(bits[1] - bits[0] - extra) <= bound
    assert extra > 100 * bound  # the bound is far below what it measures


def test_a_long_file_has_several_segments_and_comes_back(monkeypatch):
    monkeypatch.setattr(compression, "SEGMENT_BITS", 1000)
    model = Table((3,), 4)
    x = torch.randint(4, (5000, 3), generator=torch.Generator().manual_seed(0))
    data = compress(model, x)
    assert [len(lane) for lane in compression._parse(data)[1]] == [15]
    assert torch.equal(decompress(model, data), x)
