"""A model and a range coder: bytes out, the same tensor back.

A file is one message of a range coder (Pasco, 1976; Martin, 1979; here that of the ``constriction`` library) that is
driven by a model's conditionals, behind a header that says what is needed to read it:

====================  =================================================================================================
``4 bytes``           ``DGMC``
``uint8``             version of the format, 1
``uint16``            length of the header's text
``text``              JSON: model (class and hash of its weights and buffers), event_shape, values, n, device, torch;
                      about, if the writer noted anything there
``uint32``            CRC-32 of everything above
``segments``          uint32 rows, uint32 bytes of payload, CRC-32 of the data, CRC-32 of segment; the payload
====================  =================================================================================================

Integers are little-endian. A decoder must compute, to the last bit, the probabilities that the encoder used. Both
therefore call the same ``step`` with the same number of rows, and a file names the model's weights, the kind of device
and the version of torch: where one of them differs, :func:`decompress` refuses and says so.
"""

import bz2
import gzip
import json
import lzma
import struct
import zlib
from dataclasses import dataclass

import constriction
import numpy as np
import torch
from torch import Tensor

from dgmlib.model import AutoregressiveModel, evaluating

MAGIC, VERSION = b"DGMC", 1
ROWS = 1024  # examples that are coded side by side; part of the format
SEGMENT_BITS = 2**23  # a segment is closed when its message reaches 1 MiB, so that a decoder need not hold a whole file
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


def compress(model: AutoregressiveModel, x: Tensor, about: dict | None = None) -> bytes:
    r"""Code ``x`` with the model's conditionals: about :math:`-\log_2 p(x)` bits, and a header.

    Args:
        model: any autoregressive model of discrete variables.
        x: integers 0..V-1, shape ``(B, *event_shape)``.
        about: a note to keep in the header, of what JSON can write down; :func:`read_about` gives it back.

    Returns:
        The file's bytes; :func:`size` says how many of them are the header's.

    Raises:
        ValueError: if ``x`` is no batch of the model's events, the model gives one of its values probability zero (then
            no finite code has it), its predictions are NaN, or ``about`` makes the header longer than 65,535 bytes.

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
    sequence = model.to_sequence(model.check_events("x", x).to(model.order.device).long()).cpu()  # (B, D)
    header = {**_identity(model), "n": len(sequence), **({"about": about} if about else {})}
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    if len(text) >= 2**16:
        raise ValueError(f"about: got a header of {len(text)} bytes with it, wanted at most {2**16 - 1}")
    head = PREFIX.pack(MAGIC, VERSION, len(text)) + text
    parts = [head, CRC.pack(zlib.crc32(head))]
    encoder, begun = constriction.stream.queue.RangeEncoder(), 0
    for start in range(0, len(sequence), ROWS):
        rows = sequence[start : start + ROWS]
        for t, probs in _predictions(model, rows):  # coded
            symbols = rows[:, t].numpy()
            chosen = probs[np.arange(len(symbols)), symbols]
            if not (chosen > 0).all():
                bad = int(np.flatnonzero(~(chosen > 0))[0])
                raise ValueError(
                    f"x: value {symbols[bad]} at variable {t} (in the model's order) has probability {chosen[bad]} "
                    f"under the model; wanted more than 0: what a model rules out has no code"
                )
            encoder.encode(symbols.astype(np.int32), _coder_model(), probs)
        end = start + len(rows)
        if end == len(sequence) or encoder.num_bits() >= SEGMENT_BITS:
            payload = encoder.get_compressed().astype("<u4").tobytes()
            fields = SEGMENT.pack(end - begun, len(payload), _checksum(sequence[begun:end]))
            parts += [fields, CRC.pack(zlib.crc32(fields + payload)), payload]
            encoder, begun = constriction.stream.queue.RangeEncoder(), end
    return b"".join(parts)


def decompress(model: AutoregressiveModel, data: bytes) -> Tensor:
    """Give back what :func:`compress` was given.

    Args:
        model: the model that coded the file, on the same kind of device.
        data: the file's bytes.

    Returns:
        Integers 0..V-1, int64, shape ``(B, *event_shape)``, on the model's device.

    Raises:
        CorruptFile: if the bytes are cut off, changed anywhere, or followed by others.
        WrongDecoder: if the model, its weights, the kind of device or the version of torch is not that of the encoder.

    Example:
        >>> from dgmlib.models import FVSBN
        >>> model = FVSBN((3,), 2)
        >>> decompress(model, compress(model, torch.tensor([[0, 1, 1]])))
        tensor([[0, 1, 1]])
    """
    header, segments = _parse(data)
    for what, mine in _identity(model).items():
        if header[what] != mine:
            raise WrongDecoder(f"{what}: the file was coded with {header[what]!r}, this decoder has {mine!r}")
    out = []
    for count, payload, checksum in segments:
        decoder = constriction.stream.queue.RangeDecoder(np.frombuffer(payload, "<u4").astype(np.uint32))
        segment = torch.zeros(count, model.dims, dtype=torch.int64)
        for rows in segment.split(ROWS):  # views: what is decoded into rows stands in segment
            for t, probs in _predictions(model, rows):
                try:
                    rows[:, t] = torch.from_numpy(decoder.decode(_coder_model(), probs).astype(np.int64))
                except AssertionError as error:  # constriction's word for what these probabilities can not give
                    raise WrongDecoder(_OTHER_PROBABILITIES.format(len(out))) from error
        if _checksum(segment) != checksum:
            raise WrongDecoder(_OTHER_PROBABILITIES.format(len(out)))
        out.append(segment)
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
    _, segments = _parse(data)
    payload = sum(len(p) for _, p, _ in segments)
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


def _predictions(model: AutoregressiveModel, rows: Tensor):
    """Yield (t, probabilities of variable t) in the model's order; ``rows[:, t]`` is read once the caller goes on."""
    with torch.no_grad(), evaluating(model):
        state, last = model.init_state(len(rows)), None
        for t in range(model.dims):
            logits, state = model.step(last, state)  # (n, V)
            probs = logits.cpu().double().softmax(-1).numpy()
            if np.isnan(probs).any():
                raise ValueError(f"model: predicts NaN at variable {t} (in the model's order), wanted probabilities")
            yield t, probs
            last = rows[:, t].to(model.order.device)


def _coder_model():
    return constriction.stream.model.Categorical(perfect=False)


def _identity(model: AutoregressiveModel) -> dict:
    """What encoder and decoder must have in common."""
    return {
        "model": f"{type(model).__name__} {model.fingerprint()[:32]}",
        "event_shape": list(model.event_shape),
        "values": model.values,
        "device": model.order.device.type,
        "torch": torch.__version__.split("+")[0],
    }


def _checksum(rows: Tensor) -> int:
    return zlib.crc32(rows.numpy().astype("<i8").tobytes())


def _parse(data: bytes) -> tuple[dict, list[tuple[int, bytes, int]]]:
    """Header, and (rows, payload, checksum of the data) of each segment; checks all that needs no model."""
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise ValueError(f"data: got {type(data).__name__}, wanted bytes")
    data, at = bytes(data), 0

    def take(count: int, what: str) -> bytes:
        nonlocal at
        if len(data) - at < count:
            raise CorruptFile(f"the file is cut off: its {what} needs {count} bytes, {len(data) - at} are left")
        at += count
        return data[at - count : at]

    magic, version, length = PREFIX.unpack(take(PREFIX.size, "beginning"))
    if magic != MAGIC:
        raise CorruptFile(f"no compressed file of this library: it begins with {magic!r}, wanted {MAGIC!r}")
    if version != VERSION:
        raise CorruptFile(f"the file has version {version} of the format, wanted {VERSION}")
    text = take(length, "header")
    if CRC.unpack(take(CRC.size, "header"))[0] != zlib.crc32(data[: PREFIX.size + length]):
        raise CorruptFile("the header was changed: its checksum does not fit")
    try:
        said = json.loads(text)
        header = {key: said[key] for key in ("model", "event_shape", "values", "device", "torch", "n")}
        header["about"] = dict(said.get("about", {}))
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptFile(f"the header can't be read: {error!r}") from error
    left, segments = header["n"], []
    if not isinstance(left, int) or left < 1:
        raise CorruptFile(f"the header says n = {left!r}, wanted a positive integer")
    while left > 0:
        fields = take(SEGMENT.size, f"segment {len(segments)}")
        rows, length, data_checksum = SEGMENT.unpack(fields)
        (checksum,) = CRC.unpack(take(CRC.size, f"segment {len(segments)}"))
        payload = take(length, f"segment {len(segments)}")
        if zlib.crc32(fields + payload) != checksum or length % 4 or not 1 <= rows <= left:
            raise CorruptFile(f"segment {len(segments)} was changed: its checksum does not fit")
        segments.append((rows, payload, data_checksum))
        left -= rows
    if at != len(data):
        raise CorruptFile(f"{len(data) - at} bytes follow the end of the file")
    return header, segments
