"""Compressed files: what is damaged is refused, what is not decodes, and nothing else ever comes out."""

import json
import math
import os
import signal
import struct

import numpy as np
import pytest
import torch
from oracles import randomise

from dgmlib import compression
from dgmlib.compression import (
    CorruptFile,
    WrongDecoder,
    compress,
    compress_file,
    compress_online,
    decompress,
    decompress_file,
    decompress_online,
    read_about,
    size,
)
from dgmlib.divergences import kl
from dgmlib.models import FVSBN, MADE, RNADE, Table


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


def test_real_variables_have_no_code():
    with pytest.raises(ValueError, match="model: got a RNADE of real variables, wanted one of discrete values"):
        compress(RNADE((3,), None), torch.zeros(4, 3))


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


# -------------------------------------------------------------------------------------------------- lanes and threads


@pytest.mark.parametrize("lanes", [2, 3, 40])
def test_lanes_come_back_in_order_and_cost_a_word_or_two_each(model, x, data, lanes):
    parallel = compress(model, x, lanes=lanes)
    assert torch.equal(decompress(model, parallel), x)
    assert size(parallel).payload <= size(data).payload + 8 * lanes


@pytest.mark.parametrize("lanes", [0, 1.5, 41])
def test_lanes_that_can_not_be_are_named(model, x, lanes):
    with pytest.raises(ValueError, match="lanes: got"):
        compress(model, x, lanes=lanes)


def test_two_lanes_of_many_examples_keep_the_law():
    model = Table((2,), 3)
    x = torch.randint(3, (5000, 2), generator=torch.Generator().manual_seed(0))
    bits = [8 * size(compress(model, x, lanes=lanes)).payload for lanes in (1, 2)]
    promised = 10_000 * math.log2(3)
    assert promised - 1 <= bits[0] <= 1.0005 * promised + 64 and bits[1] <= 1.0005 * promised + 2 * 64


def test_the_number_of_threads_changes_nothing_and_stays(model, x, data):
    before = torch.get_num_threads()
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            assert compress(model, x) == data and torch.equal(decompress(model, data), x)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("processors", [1, 2, 5])
def test_the_number_of_processors_changes_nothing(model, x, monkeypatch, processors):
    wanted = b"".join(compression._encode(model, *parts_of(model, x, 3)))
    monkeypatch.setattr(compression.os, "cpu_count", lambda: processors)
    data = compress(model, x, lanes=3)
    assert data == wanted and torch.equal(decompress(model, data), x)


def parts_of(model, x, lanes):
    return (
        compression._head(model, len(x), None, lanes=lanes),
        compression._lanes(len(x), lanes),
        lambda rows: model.to_sequence(x[rows]),
    )


@pytest.fixture
def processes(monkeypatch):
    """The processes that code lanes, where this machine has any."""
    if compression.sys.platform != "linux":
        pytest.skip("no process can be copied here")
    monkeypatch.setattr(compression.os, "cpu_count", lambda: 2)


def test_lanes_run_in_processes_of_their_own(model, x, processes, monkeypatch):
    seen, step = [], FVSBN.step
    monkeypatch.setattr(FVSBN, "step", lambda self, *args: seen.append(1) or step(self, *args))
    compress(model, x, lanes=2)
    assert not seen  # here, nothing
    compress(model, x)
    assert len(seen) == 9


def test_lanes_after_work_on_several_threads_do_not_hang(model, x, processes):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        torch.randn(500, 500) @ torch.randn(500, 500)
        assert torch.equal(decompress(model, compress(model, x, lanes=2)), x)
    finally:
        torch.set_num_threads(before)


def test_errors_in_a_lane_come_out_as_in_one(model, x, processes, monkeypatch):
    certain, last = Table((1,), 2).count(torch.zeros(3, 1, dtype=torch.int64)), torch.tensor([[0], [0], [0], [1]])
    with pytest.raises(ValueError, match=r"value 1 at variable 0 .* has probability 0\.0"):
        compress(certain, last, lanes=2)
    data, step = compress(model, x, lanes=2), FVSBN.step

    def off(self, x_prev, state):
        logits, state = step(self, x_prev, state)
        return logits * 1.01, state

    monkeypatch.setattr(FVSBN, "step", off)
    with pytest.raises(WrongDecoder, match="decodes to something else than was coded"):
        decompress(model, data)


def test_a_killed_lane_is_an_error_and_no_endless_wait(model, x, processes, monkeypatch):
    data, parent = compress(model, x, lanes=2), os.getpid()

    def killed(self, x_prev, state):
        assert os.getpid() != parent
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(FVSBN, "step", killed)
    for run in (lambda: compress(model, x, lanes=2), lambda: decompress(model, data)):
        with pytest.raises(RuntimeError, match="a process that coded a lane was killed"):
            run()


def test_data_that_cost_nothing_are_cut_into_segments_too(monkeypatch):
    """Certain data cost no bits: their segments end after a number of steps instead."""
    monkeypatch.setattr(compression, "SEGMENT_SYMBOLS", 4096)
    certain = Table((4,), 2).count(torch.zeros(3, 4, dtype=torch.int64))
    x = torch.zeros(3000, 4, dtype=torch.int64)
    data = compress(certain, x)
    assert [steps for _, steps, _, _ in compression._parse(data)[1][0]] == [4, 4, 4]
    assert torch.equal(decompress(certain, data), x)


# -------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("dtype", ["uint8", "int16", ">i4", "uint64"])
@pytest.mark.parametrize("lanes", [1, 2])
def test_a_file_comes_back_with_its_dtype(model, x, data, tmp_path, dtype, lanes):
    np.save(tmp_path / "x.npy", x.numpy().astype(dtype))
    parts = compress_file(model, tmp_path / "x.npy", tmp_path / "x.dgmc", lanes=lanes)
    packed = (tmp_path / "x.dgmc").read_bytes()
    assert parts == size(packed) and torch.equal(decompress(model, packed), x)
    decompress_file(model, tmp_path / "x.dgmc", tmp_path / "y.npy")
    assert (tmp_path / "y.npy").read_bytes() == (tmp_path / "x.npy").read_bytes()
    assert len(list(tmp_path.iterdir())) == 3


def test_an_array_by_columns_comes_back_by_rows(model, x, tmp_path):
    np.save(tmp_path / "x.npy", np.asfortranarray(x.numpy()))
    compress_file(model, tmp_path / "x.npy", tmp_path / "x.dgmc")
    decompress_file(model, tmp_path / "x.dgmc", tmp_path / "y.npy")
    back = np.load(tmp_path / "y.npy")
    assert back.flags.c_contiguous and np.array_equal(back, x.numpy())


def test_a_file_of_compress_becomes_an_array_of_integers(model, x, data, tmp_path):
    (tmp_path / "x.dgmc").write_bytes(data)
    decompress_file(model, tmp_path / "x.dgmc", tmp_path / "y.npy")
    assert np.array_equal(np.load(tmp_path / "y.npy"), x.numpy()) and np.load(tmp_path / "y.npy").dtype == np.int64


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (np.zeros((3, 9), np.uint8), r"source: got uint8 of shape \(3, 9\), wanted integers of shape \(B, 1, 3, 3\)"),
        (np.zeros((3, 1, 3, 3)), "source: got float64"),
        (np.zeros((0, 1, 3, 3), int), "source: got int64 of shape"),
        (np.array(7), "source: got int64 of shape"),
        (np.full((3, 1, 3, 3), 2), r"source: got values 2\.\.2, wanted 0\.\.1"),
        (b"no array", "is no .npy file"),
        (b"", "is no .npy file"),
        (b"PK\3\4 as numpy.savez writes", "is no .npy file"),
        (np.array([[None]]), "is no .npy file"),
    ],
)
def test_a_source_that_is_no_batch_is_named_and_nothing_is_written(model, tmp_path, content, says):
    if isinstance(content, bytes):
        (tmp_path / "x.npy").write_bytes(content)
    else:
        np.save(tmp_path / "x.npy", content)
    with pytest.raises(ValueError, match=says):
        compress_file(model, tmp_path / "x.npy", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["x.npy"]


def test_an_error_half_way_leaves_what_was_there(tmp_path, monkeypatch):
    monkeypatch.setattr(compression, "ROWS", 4)
    monkeypatch.setattr(compression, "SEGMENT_BITS", 8)
    model, x = FVSBN((3,), 2), np.arange(36).reshape(12, 3) % 7 % 2
    np.save(tmp_path / "x.npy", x)
    (tmp_path / "out").write_bytes(b"old")
    compress_file(model, tmp_path / "x.npy", tmp_path / "good")
    x[11, 2] = 5  # segments before it are written by then
    np.save(tmp_path / "x.npy", x)
    with pytest.raises(ValueError, match=r"source: got values 0\.\.5"):
        compress_file(model, tmp_path / "x.npy", tmp_path / "out")
    sound = (tmp_path / "good").read_bytes()
    step = FVSBN.step

    def off(self, x_prev, state):
        logits, state = step(self, x_prev, state)
        return logits + torch.arange(2.0), state

    monkeypatch.setattr(FVSBN, "step", off)
    with pytest.raises(WrongDecoder):
        decompress_file(model, tmp_path / "good", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"old" and (tmp_path / "good").read_bytes() == sound
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good", "out", "x.npy"]


@pytest.mark.parametrize("what", ["source", "out"])
def test_a_place_that_is_not_there_is_named(model, x, tmp_path, what):
    np.save(tmp_path / "x.npy", x.numpy())
    paths = {"source": tmp_path / "x.npy", "out": tmp_path / "y", what: tmp_path / "missing" / "z"}
    with pytest.raises(OSError, match="missing"):
        compress_file(model, paths["source"], paths["out"])


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({"kind": "lines"}, "wanted an array of integers"),
        ({"dtype": "|O"}, "wanted an array of integers"),
        ({"dtype": "nonsense"}, "says dtype = 'nonsense'"),
        ({"dtype": 3}, "says dtype = 3|wanted an array"),
        ({"dtype": "|i1"}, "too small for the data"),
    ],
)
def test_a_file_that_holds_no_array_is_refused(tmp_path, about, says):
    wide = Table((1,), 300)
    (tmp_path / "file").write_bytes(compress(wide, torch.tensor([[299]]), about))
    with pytest.raises(CorruptFile, match=says):
        decompress_file(wide, tmp_path / "file", tmp_path / "out")
    assert len(list(tmp_path.iterdir())) == 1


# -------------------------------------------------------------------------------------------------- learning on the way


@pytest.fixture(scope="module")
def skewed():
    source = Table.from_joint(torch.tensor([[[0.4, 0.02], [0.02, 0.06]], [[0.02, 0.06], [0.02, 0.4]]]))
    return source.sample(700, generator=torch.Generator().manual_seed(0))


def by_gradient(model, past):
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(40):
        batch = past[torch.randint(len(past), (32,))]
        optimizer.zero_grad()
        (-model.log_prob(batch).mean()).backward()
        optimizer.step()


def test_what_is_learnt_on_the_way_needs_no_weights(skewed):
    torch.manual_seed(1)
    model = MADE((3,), 2, hidden=(16,), dropout=0.2)
    before = model.fingerprint()
    data = compress_online(model, by_gradient, skewed, pauses=[64, 200], about={"a": 1})
    torch.manual_seed(2)  # the decoder's own state of the world
    torch.rand(5)
    assert torch.equal(decompress_online(model, by_gradient, data), skewed)
    assert model.fingerprint() == before and read_about(data) == {"a": 1}
    assert size(data).payload < 0.8 * size(compress(model, skewed)).payload


def test_the_length_is_that_of_the_predictions_at_the_time(skewed):
    pauses, promised = [100, 300], 0.0
    for begin, end in ((0, 100), (100, 300), (300, 700)):
        model = Table((3,), 2)
        if begin:
            model.count(skewed[:begin], smoothing=0.5)
        promised -= model.log_prob(skewed[begin:end]).sum().item() / math.log(2)
    data = compress_online(Table((3,), 2), lambda m, past: m.count(past, smoothing=0.5), skewed, pauses=pauses)
    assert promised - 3 <= 8 * size(data).payload <= 1.0005 * promised + 3 * 64


def test_another_way_to_learn_is_noticed_at_the_first_pause(skewed):
    seen = []

    def other(model, past):
        seen.append(len(past))
        model.count(past, smoothing=0.6)

    data = compress_online(Table((3,), 2), lambda m, past: m.count(past, smoothing=0.5), skewed, pauses=[100, 300])
    with pytest.raises(WrongDecoder, match="segment 1 decodes to something else"):
        decompress_online(Table((3,), 2), other, data)
    assert seen == [100]  # and it learns only from what was checked


def test_each_kind_of_file_names_its_reader(skewed):
    model = Table((3,), 2)
    with pytest.raises(WrongDecoder, match="made by compress_online: decompress_online reads it"):
        decompress(model, compress_online(model, by_gradient, skewed, pauses=[]))
    with pytest.raises(WrongDecoder, match="made by compress: decompress reads it"):
        decompress_online(model, by_gradient, compress(model, skewed))


@pytest.mark.parametrize("pauses", [[0], [700], [5, 5], [6, 5], [1.5], [True]])
def test_pauses_that_can_not_be_are_named(skewed, pauses):
    with pytest.raises(ValueError, match="pauses: got"):
        compress_online(Table((3,), 2), by_gradient, skewed, pauses=pauses)
