"""A model and a range coder: bytes out, the same tensor back.

A file is what a range coder (Pasco, 1976; Martin, 1979; here that of the ``constriction`` library) makes of the data
when a model's conditionals drive it, behind a header that says what is needed to read it:

====================  =================================================================================================
``4 bytes``           ``DGMC``
``uint8``             version of the format, 2
``uint16``            length of the header's text
``text``              JSON: model (class and hash of its weights and buffers), event_shape, values, n, rows, lanes,
                      device, versions of torch, constriction and dgmlib; ``pauses``, where the model learnt on the
                      way; ``about``, if the writer noted anything there
``uint32``            CRC-32 of everything above
``segments``          uint32 steps, uint32 bytes of payload, CRC-32 of the data, CRC-32 of the segment; the payload
====================  =================================================================================================

Integers are little-endian. The n examples are cut into ``lanes`` parts, as even as can be, and each part into groups of
``rows`` examples. The examples of a group are coded side by side: a step codes one variable, the next one in the
model's order, of all of them. The segments of a lane follow each other, then those of the next lane; each is a message
of its own of at most 2^24 symbols and 2^20 steps, closed when it reaches 1 MiB, at a pause and at the lane's end, so
that reader and writer need to hold no more than a segment and a group. The CRC of the data is that of the segment's
symbols in the order in which they were coded, in the smallest of 1, 2, 4 and 8 bytes that holds all values. The CRC of
a segment goes on from that of the segment before, and in each lane's first from that of the header and the lane's
number: none can be left out, moved or taken from another file.

A decoder must compute, to the last bit, the probabilities that the encoder used. Both therefore call the same ``step``
with the same number of rows on one thread, and a file names the model's weights, the kind of device and the versions of
the libraries: where one of them differs, :func:`decompress` refuses and says so. Of a model that predicts integer
frequencies (:class:`~dgmlib.models.integer.IntegerMADE`) only the model has to be the same: its files are read with any
number of rows, on any device, by any version. The range coder is given those frequencies n_v less one: it adds one to
each and scales the rest to 2^24 - V, which they add up to already, so its own frequencies are the model's, with no
rounding.
"""

import bz2
import copy
import gzip
import json
import lzma
import math
import os
import struct
import sys
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from multiprocessing import current_process, get_context
from pathlib import Path

import constriction
import numpy as np
import torch
from torch import Tensor

from dgmlib.model import AutoregressiveModel, at_least_single, check_counts, evaluating, is_count

MAGIC, VERSION = b"DGMC", 2
ROWS = 1024  # examples that are coded side by side; a file with another number is refused, but of exact models
# what closes a segment, and bounds the work before its checksum is seen
SEGMENT_BITS, SEGMENT_SYMBOLS, SEGMENT_STEPS = 2**23, 2**24, 2**20
VERSIONS = {name: version(name).split("+")[0] for name in ("torch", "constriction", "dgmlib")}
IDENTITY = ("model", "event_shape", "values", "rows", "device", *VERSIONS)
EXACT_IDENTITY = ("model", "event_shape", "values")  # of a model that computes the same everywhere
_OTHER_PROBABILITIES = (
    "segment {} decodes to something else than was coded: "
    "this machine computes other probabilities than the encoder's did"
)
PREFIX, SEGMENT, CRC = struct.Struct("<4sBH"), struct.Struct("<III"), struct.Struct("<I")


class CorruptFile(ValueError):
    """The bytes are no compressed file, or not the ones that were written."""


class WrongDecoder(ValueError):
    """The file is sound, but this model or machine can't read it."""


@dataclass(frozen=True)
class Size:
    """Where the bytes of a compressed file go.

    Attributes:
        header: bytes that say how to read the file, checksums and lengths included.
        payload: bytes of the range coder's message: what the model's probabilities cost.

    Example:
        >>> Size(header=10, payload=32).total
        42
    """

    header: int
    payload: int

    @property
    def total(self) -> int:
        """Bytes of the whole file."""
        return self.header + self.payload


def compress(model: AutoregressiveModel, x: Tensor, about: dict | None = None, *, lanes: int = 1) -> bytes:
    r"""Code ``x`` with the model's conditionals: about :math:`-\log_2 p(x)` bits, and a header.

    Args:
        model: any autoregressive model of discrete variables.
        x: integers 0..V-1, shape ``(B, *event_shape)``.
        about: a note to keep in the header, of what JSON can write down; :func:`read_about` gives it back.
        lanes: parts that are coded at the same time, on Linux each in a process of its own; each costs a word or two.

    Returns:
        The file's bytes; :func:`size` says how many of them are the header's.

    Raises:
        ValueError: if ``x`` is no batch of the model's events, the model's variables are real, it gives a value
            probability zero (then no finite code has it) or predicts NaN, ``about`` makes the header longer than 65,535
            bytes, or ``lanes`` is not from 1 to B.

    Example:
        >>> from dgmlib.likelihood import to_bits
        >>> from dgmlib.models import Table
        >>> model = Table.from_joint(torch.tensor([[0.5, 0.125], [0.125, 0.25]]).double())
        >>> x = model.sample(1000, generator=torch.Generator().manual_seed(0))
        >>> data = compress(model, x)
        >>> torch.equal(decompress(model, data), x)
        True
        >>> promised = to_bits(-model.log_prob(x).sum().item())
        >>> promised <= 8 * size(data).payload <= 1.0005 * promised + 64
        True
    """
    sequence = _sequence(model, "x", x)  # (B, D)
    head = _head(model, len(sequence), about, lanes=lanes)
    with _ready(model):
        return b"".join(_encode(model, head, _lanes(len(sequence), lanes), lambda rows: sequence[rows]))


def decompress(model: AutoregressiveModel, data: bytes) -> Tensor:
    """Give back what :func:`compress` was given.

    Args:
        model: the model that coded the file, on the same kind of device.
        data: the file's bytes.

    Returns:
        Integers 0..V-1, int64, shape ``(B, *event_shape)``, on the model's device.

    Raises:
        CorruptFile: if the bytes are cut off, changed anywhere, or followed by others.
        WrongDecoder: if the model, its weights, the kind of device or the version of a library is not that of the
            encoder, or the file was made by :func:`compress_online`.

    Example:
        >>> from dgmlib.models import FVSBN
        >>> model = FVSBN((3,), 2)
        >>> decompress(model, compress(model, torch.tensor([[0, 1, 1]])))
        tensor([[0, 1, 1]])
    """
    header, segments = _parse(data)
    _check_decoder(model, header)
    with _ready(model):
        groups = [rows for _, rows in _decode(model, header, segments)]
    return model.to_event(torch.cat(groups).to(model.order.device))


def compress_file(model: AutoregressiveModel, source: str | Path, out: str | Path, *, lanes: int = 1) -> Size:
    """Code the array in a ``.npy`` file, a group of examples after another: it need not fit into memory.

    Args:
        model: any autoregressive model of discrete variables.
        source: a file that ``numpy.save`` wrote: integers 0..V-1, shape ``(B, *event_shape)``.
        out: where to write; it appears whole or, on any error, not at all.
        lanes: as for :func:`compress`; with more than one, the compressed bytes are held in memory.

    Raises:
        ValueError: as :func:`compress` does, or if ``source`` is no such file.
        OSError: if a file can't be read or written.

    Example:
        >>> import tempfile
        >>> from dgmlib.models import FVSBN
        >>> model = FVSBN((8,), 2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.save(f"{folder}/x.npy", np.eye(8, dtype=np.uint8))
        ...     parts = compress_file(model, f"{folder}/x.npy", f"{folder}/x.dgmc")
        ...     decompress_file(model, f"{folder}/x.dgmc", f"{folder}/y.npy")
        ...     np.array_equal(np.load(f"{folder}/y.npy"), np.eye(8)), parts.payload
        (True, 12)
    """
    try:
        array = np.lib.format.open_memmap(source, mode="r")
    except ValueError as error:
        raise ValueError(f"source: {source} is no .npy file: {error}") from error
    wanted = (len(array) if array.ndim else 0, *model.event_shape)
    if array.dtype.kind not in "iu" or array.shape != wanted or not len(array):
        shape = f"(B, {', '.join(map(str, model.event_shape))})"
        raise ValueError(f"source: got {array.dtype} of shape {array.shape}, wanted integers of shape {shape}")
    head = _head(model, len(array), {"kind": "npy", "dtype": array.dtype.str}, lanes=lanes)

    def read(rows: slice) -> Tensor:
        return _sequence(model, "source", torch.from_numpy(array[rows].astype(np.int64)))

    header = payload = 0
    with _ready(model), _whole(out) as part, open(part, "wb") as file:
        for number, chunk in enumerate(_encode(model, head, _lanes(len(array), lanes), read)):
            file.write(chunk)
            own = len(chunk) if number == 0 else SEGMENT.size + CRC.size
            header, payload = header + own, payload + len(chunk) - own
    return Size(header, payload)


def decompress_file(model: AutoregressiveModel, file: str | Path, out: str | Path) -> None:
    """Write the array that :func:`compress_file` read, with its dtype, as a ``.npy`` file in row-major order.

    Args:
        model: the model that coded the file, on the same kind of device.
        file: what :func:`compress_file` wrote; it is held in memory, the array is not.
        out: where to write; it appears whole or, on any error, not at all.

    Raises:
        CorruptFile: as :func:`decompress` does.
        WrongDecoder: as :func:`decompress` does.
        OSError: if a file can't be read or written.

    Example:
        >>> import tempfile
        >>> from dgmlib.models import FVSBN
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "damaged.dgmc")
        ...     size = path.write_bytes(compress(FVSBN((3,), 2), torch.tensor([[0, 1, 1]]))[:-1])
        ...     try:
        ...         decompress_file(FVSBN((3,), 2), path, Path(folder, "out.npy"))
        ...     except CorruptFile as error:
        ...         print(error)
        ...     Path(folder, "out.npy").exists()
        the file is cut off: its segment 0 needs 4 bytes, 3 are left
        False
    """
    header, segments = _parse(Path(file).read_bytes())
    _check_decoder(model, header)
    note = header["about"]
    try:
        dtype = np.dtype(note.get("dtype", "<i8"))
    except TypeError as error:
        raise CorruptFile(f"the header says dtype = {note['dtype']!r}, wanted one of integers") from error
    if note.get("kind", "npy") != "npy" or dtype.kind not in "iu":
        raise CorruptFile(f"the file holds {note!r}, wanted an array of integers: decompress reads it")
    with _ready(model), _whole(out) as part:
        shape = (header["n"], *model.event_shape)
        array = np.lib.format.open_memmap(part, mode="w+", dtype=dtype, shape=shape)
        for begin, rows in _decode(model, header, segments):
            if rows.max().item() > np.iinfo(dtype).max:
                raise CorruptFile(f"the header says dtype = {dtype.str!r}, which is too small for the data")
            array[begin : begin + len(rows)] = model.to_event(rows.to(model.order.device)).cpu().numpy()
        array.flush()


def compress_online(
    model: AutoregressiveModel,
    learn: Callable[[AutoregressiveModel, Tensor], object],
    x: Tensor,
    *,
    pauses: Sequence[int] | None = None,
    about: dict | None = None,
) -> bytes:
    r"""Code ``x`` with a model that learns on the way: the decoder learns the same, and no weights are sent.

    At each pause, both sides call ``learn`` with all examples so far: prequential coding. The length is

    .. math:: -\sum_k \log_2 p\big(x_{n_k+1}, \dots, x_{n_{k+1}} \mid \theta(x_1, \dots, x_{n_k})\big)

    Learning must give the same weights, to the last bit, on both sides: it runs on one thread, with torch's global
    generator seeded; what else it draws from must be seeded by itself.

    Args:
        model: what both sides start from; it is copied, not changed.
        learn: called as ``learn(model, past)``; changes the model. ``past`` are the examples so far,
            ``(B', *event_shape)``.
        x: integers 0..V-1, shape ``(B, *event_shape)``.
        pauses: after how many examples the model learns, increasing, each from 1 to B-1; ``None`` is 64, 128, 256, ...
        about: as for :func:`compress`.

    Raises:
        ValueError: as :func:`compress` does, or if ``pauses`` are no such numbers.

    Source:
        Dawid (1984) for the prequential view.

    Example:
        >>> from dgmlib.models import Table
        >>> source = Table.from_joint(torch.tensor([[0.9, 0.02], [0.02, 0.06]]).double())
        >>> x = source.sample(5000, generator=torch.Generator().manual_seed(0))
        >>> count = lambda model, past: model.count(past, smoothing=0.5)
        >>> data = compress_online(Table((2,), 2), count, x)
        >>> torch.equal(decompress_online(Table((2,), 2), count, data), x)
        True
        >>> size(compress(source, x)).payload, size(data).payload, size(compress(Table((2,), 2), x)).payload
        (392, 416, 1252)
    """
    model = copy.deepcopy(model)
    sequence = _sequence(model, "x", x)
    if pauses is None:
        pauses = [2**k for k in range(6, len(x).bit_length()) if 2**k < len(x)]
    pauses = list(pauses)
    if not _are_pauses(pauses, len(x)):
        raise ValueError(f"pauses: got {pauses!r}, wanted increasing integers from 1 to {len(x) - 1}")
    head = _head(model, len(sequence), about, pauses=pauses)
    chain = CRC.unpack(head[-CRC.size :])[0]
    writer, out = _Writer(chain, 0), [head]
    for begin, end in zip([0, *pauses], [*pauses, len(x)], strict=True):
        if begin:
            _learn(model, learn, sequence[:begin])
        with _ready(model):
            out += writer.segments(model, (sequence[rows] for rows in _groups(begin, end)), len(sequence))
    return b"".join(out)


def decompress_online(
    model: AutoregressiveModel, learn: Callable[[AutoregressiveModel, Tensor], object], data: bytes
) -> Tensor:
    """Give back what :func:`compress_online` was given, with the model and ``learn`` that it was given.

    Raises:
        CorruptFile: as :func:`decompress` does.
        WrongDecoder: as :func:`decompress` does; also if ``learn`` does not learn what it learnt in the encoder.

    Example:
        >>> from dgmlib.models import FVSBN
        >>> from dgmlib.train import fit
        >>> def learn(model, past):
        ...     fit(model, past, past, steps=5)
        >>> x = torch.arange(300)[:, None] // torch.tensor([128, 64, 32]) % 2
        >>> data = compress_online(FVSBN((3,), 2), learn, x, pauses=[100, 200])
        >>> torch.equal(decompress_online(FVSBN((3,), 2), learn, data), x)
        True
        >>> decompress_online(FVSBN((3,), 2), lambda model, past: None, data)
        Traceback (most recent call last):
        dgmlib.compression.WrongDecoder: segment 1 decodes to something else than was coded: ...
    """
    header, segments = _parse(data)
    _check_decoder(model, header, online=True)
    model, n, pauses = copy.deepcopy(model), header["n"], header["pauses"]
    reader, out = _Reader(segments[0]), []
    for begin, end in zip([0, *pauses], [*pauses, n], strict=True):
        if begin:
            _learn(model, learn, torch.cat(out))
        groups = _groups(begin, end, header["rows"])
        with _ready(model):
            out += reader.groups(model, (rows.stop - rows.start for rows in groups))
    return model.to_event(torch.cat(out).to(model.order.device))


def read_about(data: bytes) -> dict:
    """Give back the note that :func:`compress` was given; it needs no model.

    Raises:
        CorruptFile: as :func:`decompress` does.

    Example:
        >>> from dgmlib.models import FVSBN
        >>> read_about(compress(FVSBN((3,), 2), torch.tensor([[0, 1, 1]]), {"kind": "coins"}))
        {'kind': 'coins'}
    """
    return _parse(data)[0]["about"]


def size(data: bytes) -> Size:
    """Count the header's and the payload's bytes of a compressed file.

    Raises:
        CorruptFile: as :func:`decompress` does.

    Example:
        >>> from dgmlib.models import FVSBN
        >>> coins = torch.randint(2, (1000, 8), generator=torch.Generator().manual_seed(0))
        >>> size(compress(FVSBN((8,), 2), coins)).payload
        1004
    """
    _, lanes = _parse(data)
    payload = sum(len(payload) for segments in lanes for _, _, payload, _ in segments)
    return Size(header=len(data) - payload, payload=payload)


def peers(data: bytes) -> dict[str, int]:
    """Sizes that general-purpose compressors reach on ``data``, each at its strongest setting, in bytes.

    gzip, xz, zstd and brotli look for repeats (LZ77) and code them, bzip2 sorts blocks, and PPMd
    predicts each byte from the few before it and drives a range coder: of all of them it is nearest to what models do.

    Raises:
        ImportError: if zstandard, brotli or pyppmd is missing: ``pip install 'dgmlib[book]'``.

    Source:
        Cleary and Witten (1984) for PPM.

    Example:
        >>> sizes = peers(b"abracadabra" * 1000)
        >>> sorted(sizes), max(sizes.values()) < 200
        (['PPMd', 'brotli', 'bzip2', 'gzip', 'xz', 'zstd'], True)
    """
    try:
        import brotli
        import pyppmd
        import zstandard
    except ImportError as error:
        raise ImportError(f"peers needs the package {error.name}: pip install 'dgmlib[book]'") from error
    files = {
        "gzip": gzip.compress(data, 9, mtime=0),
        "bzip2": bz2.compress(data, 9),
        "xz": lzma.compress(data, preset=9 | lzma.PRESET_EXTREME),
        "zstd": zstandard.compress(data, 22),
        "brotli": brotli.compress(data, quality=11),
        "PPMd": min((pyppmd.compress(data, max_order=order) for order in (3, 4, 5, 6)), key=len),
    }
    return {name: len(file) for name, file in files.items()}


# ------------------------------------------------------------------------------------------- what both directions share


@contextmanager
def _ready(model: AutoregressiveModel):
    """In ``eval`` mode, on one thread: sums over several come out differently with their number."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with evaluating(model):
            yield
    finally:
        torch.set_num_threads(threads)


def _predictions(model: AutoregressiveModel, columns: Tensor) -> Iterator[tuple[int, np.ndarray, float]]:
    """Yield (t, probabilities of variable t, the lowest of them) in the model's order.

    Of ``columns``, (D, n), the caller may fill in row t before it goes on: it is read then.
    """
    device = model.order.device
    with torch.no_grad():
        state, last = model.init_state(columns.shape[1]), None
        for t in range(model.dims):
            if _is_exact(model):
                counts, state = model.step_frequencies(last, state)  # (n, V), each at least 1
                probs, lowest = np.ascontiguousarray((counts - 1).cpu().numpy(), dtype=np.float64), 1
            else:
                logits, state = model.step(last, state)  # (n, V)
                probs = _probabilities(at_least_single(logits))
                lowest = probs.min()
            if math.isnan(lowest):
                raise ValueError(f"model: predicts NaN at variable {t} (in the model's order), wanted probabilities")
            yield t, probs, lowest
            last = columns[t].to(device)


def _is_exact(model: AutoregressiveModel) -> bool:
    """Whether it predicts integer frequencies, which are the same wherever they are computed."""
    return hasattr(model, "step_frequencies")


def _probabilities(logits: Tensor) -> np.ndarray:
    """Of each value, (n, V), float64."""
    # the softmax of two values is a sigmoid, which is several times faster
    probs = (logits - logits.flip(1)).sigmoid_() if logits.shape[1] == 2 else logits.softmax(-1)
    return np.ascontiguousarray(probs.cpu().numpy(), dtype=np.float64)  # the coder reads other layouts wrongly


def _coder_model():
    return constriction.stream.model.Categorical(perfect=False)


def _sequence(model: AutoregressiveModel, name: str, x: Tensor) -> Tensor:
    """Examples in the model's order, (B, D), int64 on the CPU."""
    if model.values is None:
        raise ValueError(f"model: got a {type(model).__name__} of real variables, wanted one of discrete values")
    return model.to_sequence(model.check_events(name, x).to(model.order.device).long()).cpu()


def _lanes(n: int, lanes: int) -> list[range]:
    """Which examples each lane has."""
    return [range(n * lane // lanes, n * (lane + 1) // lanes) for lane in range(lanes)]


def _groups(begin: int, end: int, rows: int | None = None) -> Iterator[slice]:
    """Which examples are coded side by side; ``None`` is ROWS."""
    rows = rows or ROWS
    return (slice(start, min(start + rows, end)) for start in range(begin, end, rows))


def _most_steps(n: int, rows: int) -> int:
    """Steps of a segment, at most, in a lane of ``n`` examples."""
    return max(1, min(SEGMENT_STEPS, SEGMENT_SYMBOLS // min(n, rows)))


def _symbols_dtype(values: int) -> np.dtype:
    return next(np.dtype(f"<u{size}") for size in (1, 2, 4, 8) if values <= 256**size)


def _lane_chain(chain: int, lane: int) -> int:
    return zlib.crc32(CRC.pack(lane), chain)


def _side_by_side(model: AutoregressiveModel, jobs: list[Callable[[], Iterator]]) -> Iterator:
    """What each job yields, job after job; several run at the same time, each in a process that is a copy of this one.

    Threads would wait for each other: constriction and most of a step hold Python's lock. Elsewhere than on Linux, in a
    process that may have no children, or with a model that is not on the CPU, the jobs run one after another.
    """
    workers, alone = min(len(jobs), os.cpu_count() or 1), sys.platform != "linux" or current_process().daemon
    if workers == 1 or alone or model.order.device.type != "cpu":
        for job in jobs:
            yield from job()
        return
    with ProcessPoolExecutor(workers, get_context("fork"), initializer=_inherit, initargs=(jobs,)) as pool:
        try:
            with warnings.catch_warnings():  # from Python 3.12 on of any thread here, such as a notebook's own
                warnings.simplefilter("ignore", DeprecationWarning)
                results = pool.map(_run_inherited, range(len(jobs)))
            for items in results:
                yield from items
        except BrokenProcessPool as error:
            raise RuntimeError("a process that coded a lane was killed, perhaps for want of memory") from error


_inherited = []  # in a copied process, the jobs: they are not pickled, so that any model of any notebook will do


def _inherit(jobs: list) -> None:
    _inherited[:] = jobs
    torch.set_num_threads(1)


def _run_inherited(number: int) -> list:
    return list(_inherited[number]())


def _learn(model: AutoregressiveModel, learn: Callable, past: Tensor) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(), torch.enable_grad():
            torch.manual_seed(len(past))
            learn(model, model.to_event(past.to(model.order.device)))
    finally:
        torch.set_num_threads(threads)


def _are_pauses(pauses: object, n: int) -> bool:
    """Whether they are increasing integers from 1 to n-1."""
    if not isinstance(pauses, list) or not all(is_count(p) for p in pauses):
        return False
    return all(a < b for a, b in zip(pauses, [*pauses[1:], n], strict=True)) if pauses else True


# ---------------------------------------------------------------------------------------------------------- the encoder


def _head(model: AutoregressiveModel, n: int, about: dict | None, *, lanes: int = 1, pauses: list | None = None):
    """Everything before the segments, its checksum included."""
    check_counts(lanes=lanes)
    if lanes > n:
        raise ValueError(f"lanes: got {lanes}, wanted at most one for each of {n} examples")
    header = {**_identity(model), "n": n, "lanes": lanes}
    header |= {} if pauses is None else {"pauses": pauses}
    header |= {"about": about} if about else {}
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    if len(text) >= 2**16:
        what = "pauses" if pauses and not about else "about"
        raise ValueError(f"{what}: got a header of {len(text)} bytes with it, wanted at most {2**16 - 1}")
    head = PREFIX.pack(MAGIC, VERSION, len(text)) + text
    return head + CRC.pack(zlib.crc32(head))


def _encode(model, head: bytes, lanes: list[range], read: Callable[[slice], Tensor]) -> Iterator[bytes]:
    """The head, then each segment; ``read`` gives the examples of a slice in the model's order."""
    yield head
    chain = CRC.unpack(head[-CRC.size :])[0]
    yield from _side_by_side(
        model,
        [
            lambda lane=lane, part=part: _Writer(chain, lane).segments(
                model, map(read, _groups(part.start, part.stop)), len(part)
            )
            for lane, part in enumerate(lanes)
        ],
    )


class _Writer:
    """Makes the segments of a lane."""

    def __init__(self, chain: int, lane: int):
        self.chain = _lane_chain(chain, lane)

    def segments(self, model: AutoregressiveModel, groups: Iterable[Tensor], n: int) -> Iterator[bytes]:
        """Segments of groups of examples, each (rows, D); ``n`` is how many examples the lane has."""
        coder, steps, check = constriction.stream.queue.RangeEncoder(), 0, 0
        most, dtype = _most_steps(n, ROWS), _symbols_dtype(model.values)
        for rows in groups:
            columns = rows.T.contiguous()  # (D, rows)
            wide, narrow = columns.numpy().astype(np.int32), columns.numpy().astype(dtype)
            for t, probs, lowest in _predictions(model, columns):
                if not lowest > 0:
                    _check_possible(wide[t], probs, t)
                coder.encode(wide[t], _coder_model(), probs)
                check, steps = zlib.crc32(narrow[t], check), steps + 1
                if steps == most or coder.num_bits() >= SEGMENT_BITS:
                    yield self._close(coder, steps, check)
                    coder, steps, check = constriction.stream.queue.RangeEncoder(), 0, 0
        if steps:
            yield self._close(coder, steps, check)

    def _close(self, coder, steps: int, check: int) -> bytes:
        payload = coder.get_compressed().astype("<u4").tobytes()
        fields = SEGMENT.pack(steps, len(payload), check)
        self.chain = zlib.crc32(fields + payload, self.chain)
        return fields + CRC.pack(self.chain) + payload


def _check_possible(symbols: np.ndarray, probs: np.ndarray, t: int) -> None:
    chosen = probs[np.arange(len(symbols)), symbols]
    if not chosen.min() > 0:
        bad = int(np.flatnonzero(~(chosen > 0))[0])
        raise ValueError(
            f"x: value {symbols[bad]} at variable {t} (in the model's order) has probability {chosen[bad]} under the "
            f"model; wanted more than 0: what a model rules out has no code"
        )


# ---------------------------------------------------------------------------------------------------------- the decoder


def _decode(model: AutoregressiveModel, header: dict, segments: list[list]) -> Iterator[tuple[int, Tensor]]:
    """Yield (number of its first example, examples in the model's order) of each group."""

    dtype = _symbols_dtype(model.values)  # narrow, as it may come from another process

    def decoded(lane: range, own: list) -> Iterator[tuple[int, np.ndarray]]:
        groups = list(_groups(lane.start, lane.stop, header["rows"]))
        sizes = (rows.stop - rows.start for rows in groups)
        for group, rows in zip(groups, _Reader(own).groups(model, sizes), strict=True):
            yield group.start, rows.numpy().astype(dtype)

    lanes = zip(_lanes(header["n"], header["lanes"]), segments, strict=True)
    jobs = [lambda lane=lane, own=own: decoded(lane, own) for lane, own in lanes]
    for begin, rows in _side_by_side(model, jobs):
        yield begin, torch.from_numpy(rows.astype(np.int64))


class _Reader:
    """Reads the segments of a lane, each (its number in the file, steps, payload, checksum of the data)."""

    def __init__(self, segments: list[tuple[int, int, bytes, int]]):
        self.segments, self.left = iter(segments), 0

    def groups(self, model: AutoregressiveModel, sizes: Iterable[int]) -> Iterator[Tensor]:
        """Groups of so many examples, each (rows, D)."""
        dtype = _symbols_dtype(model.values)
        for size in sizes:
            columns = torch.zeros(model.dims, size, dtype=torch.int64)
            for t, probs, _ in _predictions(model, columns):
                if self.left == 0:
                    self.number, self.left, payload, self.wanted = next(self.segments)
                    self.coder = constriction.stream.queue.RangeDecoder(np.frombuffer(payload, "<u4").astype(np.uint32))
                    self.check = 0
                try:
                    symbols = self.coder.decode(_coder_model(), probs)
                except AssertionError as error:  # constriction's word for what these probabilities can not give
                    raise WrongDecoder(_OTHER_PROBABILITIES.format(self.number)) from error
                columns[t] = torch.from_numpy(symbols)
                self.check, self.left = zlib.crc32(symbols.astype(dtype), self.check), self.left - 1
                if self.left == 0 and self.check != self.wanted:
                    raise WrongDecoder(_OTHER_PROBABILITIES.format(self.number))
            yield columns.T


def _identity(model: AutoregressiveModel) -> dict:
    """What encoder and decoder must have in common."""
    return {
        "model": f"{type(model).__name__} {model.fingerprint()[:32]}",
        "event_shape": list(model.event_shape),
        "values": model.values,
        "rows": ROWS,
        "device": model.order.device.type,
        **VERSIONS,
    }


def _check_decoder(model: AutoregressiveModel, header: dict, online: bool = False) -> None:
    for what, mine in _identity(model).items():
        if header[what] != mine and (what in EXACT_IDENTITY or not _is_exact(model)):
            raise WrongDecoder(f"{what}: the file was coded with {header[what]!r}, this decoder has {mine!r}")
    if (header["pauses"] is not None) != online:
        made, reads = ("compress", "decompress") if online else ("compress_online", "decompress_online")
        raise WrongDecoder(f"the file was made by {made}: {reads} reads it")


def _parse(data: bytes) -> tuple[dict, list[list[tuple[int, int, bytes, int]]]]:
    """Header, and of each lane the segments: (number, steps, payload, checksum of the data).

    It checks all that needs no model.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise ValueError(f"data: got {type(data).__name__}, wanted bytes")
    data, at = bytes(data), 0

    def take(count: int, what: str) -> bytes:
        nonlocal at
        if len(data) - at < count:
            raise CorruptFile(f"the file is cut off: its {what} needs {count} bytes, {len(data) - at} are left")
        at += count
        return data[at - count : at]

    magic, number, length = PREFIX.unpack(take(PREFIX.size, "beginning"))
    if magic != MAGIC:
        raise CorruptFile(f"no compressed file of this library: it begins with {magic!r}, wanted {MAGIC!r}")
    if number != VERSION:
        raise CorruptFile(f"the file has version {number} of the format, wanted {VERSION}")
    text = take(length, "header")
    (chain,) = CRC.unpack(take(CRC.size, "header"))
    if chain != zlib.crc32(data[: PREFIX.size + length]):
        raise CorruptFile("the header was changed: its checksum does not fit")
    header, count, lanes = _parse_header(text), 0, []
    if header["lanes"] * (SEGMENT.size + CRC.size) > len(data) - at:
        raise CorruptFile(f"the file is cut off: it has no room for its {header['lanes']} lanes")
    for lane, part in enumerate(_lanes(header["n"], header["lanes"])):
        chain_here, own = _lane_chain(chain, lane), []
        most = _most_steps(len(part), header["rows"])
        for left in _steps(header, part):  # no segment goes on after a pause
            while left > 0:
                what = f"segment {count}"
                fields = take(SEGMENT.size, what)
                steps, length, check = SEGMENT.unpack(fields)
                (crc,) = CRC.unpack(take(CRC.size, what))
                payload = take(length, what)
                chain_here = zlib.crc32(fields + payload, chain_here)
                if chain_here != crc:
                    raise CorruptFile(f"{what} was changed: its checksum does not fit")
                if length % 4 or not 1 <= steps <= min(left, most):
                    wanted = f"wanted 1 to {min(left, most)} steps in whole words"
                    raise CorruptFile(f"{what} has {steps} steps in {length} bytes, {wanted}")
                own.append((count, steps, payload, check))
                left, count = left - steps, count + 1
        lanes.append(own)
    if at != len(data):
        raise CorruptFile(f"{len(data) - at} bytes follow the end of the file")
    return header, lanes


def _parse_header(text: bytes) -> dict:
    try:
        said = json.loads(text)
        header = {key: said[key] for key in (*IDENTITY, "n", "lanes")}
        header |= {"pauses": said.get("pauses"), "about": said.get("about", {})}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CorruptFile(f"the header can't be read: {error!r}") from error
    n, lanes, pauses, shape = (header[key] for key in ("n", "lanes", "pauses", "event_shape"))
    sound = {
        **{key: is_count(header[key]) for key in ("n", "lanes", "rows")},
        "lanes": is_count(lanes) and is_count(n) and lanes <= (n if pauses is None else 1),
        "event_shape": isinstance(shape, list) and all(map(is_count, shape)),
        "pauses": pauses is None or (is_count(n) and _are_pauses(pauses, n)),
        "about": isinstance(header["about"], dict),
    }
    for key, fine in sound.items():
        if not fine:
            raise CorruptFile(f"the header says {key} = {header[key]!r}, which can't be")
    return header


def _steps(header: dict, part: range) -> list[int]:
    """How many steps a lane has that codes this part of the examples, up to each pause and to the end."""
    ends, dims = [part.start, *(header["pauses"] or []), part.stop], math.prod(header["event_shape"])
    return [-(-(end - begin) // header["rows"]) * dims for begin, end in pairwise(ends)]


@contextmanager
def _whole(path: str | Path) -> Iterator[Path]:
    """A name to write to, which becomes ``path`` at the end, or vanishes on any error."""
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        with open(part, "rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise OSError(error.errno, f"can't be written: {error.strerror}", str(path)) from error
    finally:
        with suppress(OSError):  # it is gone after the rename, and was never there where it could not be made
            part.unlink()
