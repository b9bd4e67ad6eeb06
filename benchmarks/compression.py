"""Models against compressors, on the same bytes, in one run.

    python benchmarks/quality.py digits --weights weights       (and names, mnist: see there)
    python benchmarks/compression.py --weights weights
    python benchmarks/compression.py --only speed
    python benchmarks/compression.py --demo     (no network: learns digits and packs others)

It writes benchmarks/compression.json, row by row: what stands there already is not computed again, so an interrupted
run goes on. Two models have no weights from there: they are trained here, in minutes, and kept in the same folder. It
needs MNIST's test file and tiny Shakespeare (see dgmlib.data).

A model has three columns. ``bytes`` is the whole file's size, its header included, with the model at hand on both
sides; ``with_model`` adds the model's own file as gzip packs it, once as it is and once with its weights rounded to 16
bits (whose predictions are then other ones: that column codes with the rounded model); ``online`` is another model of
its family, that learns as it goes, so nothing else is sent. Each compressor codes the same examples: as one byte a
value, and binary images also as eight pixels a byte, of which the smaller counts; a text as it is. An image coder gets
all images in one picture.

JPEG XL counts where the package pillow-jxl-plugin is installed.
"""

import argparse
import copy
import gzip
import io
import json
import lzma
import math
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import constriction
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from dgmlib import data
from dgmlib.compression import compress, compress_online, decompress, decompress_online, peers, size
from dgmlib.files import write_whole
from dgmlib.likelihood import to_bits
from dgmlib.models import MADE, RNADE, RNN, PixelCNN, Table, load
from dgmlib.train import fit

try:
    import pillow_jxl  # registers JPEG XL
except ImportError:
    pillow_jxl = None
PATH = Path(__file__).with_suffix(".json")
ROUNDS = 5


class Task(NamedTuple):
    load: Callable[[], data.Dataset]
    weights: dict[str, str]  # name: file of its weights
    online: tuple[Callable, Callable, list[int]]  # the model, how it learns, and when
    train: Callable | None = None  # makes the weights where there are none


def learn_by_fit(steps: int) -> Callable:
    """Goes on from the weights so far, always for the same number of steps."""

    def learn(model, past):
        how = {"steps": steps, "check_every": steps, "check_at_most": 100, "patience": None}
        how |= {"batch_size": min(16, len(past)), "lr": 0.003, "weight_decay": 0.1}
        fit(model, past, past, generator=torch.Generator().manual_seed(0), **how)

    return learn


def learn_by_counting(smoothing: float) -> Callable:
    return lambda model, past: model.count(past, smoothing=smoothing)


def train_digits(dataset: data.Dataset):
    torch.manual_seed(0)
    model = RNADE(dataset.event_shape, dataset.values, components=5, hidden=64)
    generator = torch.Generator().manual_seed(0)
    fit(model, dataset.train, dataset.valid, lr=0.005, steps=1500, generator=generator)
    return model


def train_shakespeare(dataset: data.Dataset):
    torch.manual_seed(0)
    model = RNN(dataset.event_shape, dataset.values, cell="gru", hidden=256, embedding=64)
    text = torch.cat([data.load("tiny_shakespeare").train, dataset.valid.flatten()])  # as published figures do
    for lr in (0.005, 0.001):
        how = {"steps": 400, "batch_size": 16, "check_every": 400, "check_at_most": 200, "patience": None, "clip": 1.0}
        windows = text.unfold(0, *dataset.event_shape, 1)
        fit(model, windows, dataset.valid, lr=lr, generator=torch.Generator().manual_seed(0), **how)
    return model


TASKS = {
    "names": Task(
        lambda: data.load("given_names"),
        {"GRU": "names-GRU-0"},
        (lambda d: Table(d.event_shape, d.values, memory=1, shared=True), learn_by_counting(0.1), [32, 64, 128, 256]),
    ),
    "digits": Task(
        lambda: data.load("digits"),
        {"RNADE": "compression-digits-RNADE"},
        (
            lambda d: PixelCNN(d.event_shape, d.values, hidden=32, layers=2, first_kernel=5),
            learn_by_fit(80),
            [24, 48, 96, 144, 192, 240],
        ),
        train_digits,
    ),
    "digits, binary": Task(
        lambda: data.load("digits", binarize=True),
        {"MADE": "digits-MADE-0", "Transformer": "digits-Transformer-0"},
        (
            lambda d: PixelCNN(d.event_shape, 2, hidden=16, layers=2, first_kernel=5),
            learn_by_fit(80),
            [24, 48, 96, 144, 192, 240],
        ),
    ),
    "MNIST, binary": Task(
        lambda: data.load("mnist", files="test", binarize="threshold"),
        {"MADE": "mnist-MADE-0", "GatedPixelCNN": "mnist-GatedPixelCNN-0"},
        (
            lambda d: PixelCNN(d.event_shape, 2, hidden=16, layers=2),
            learn_by_fit(60),
            [16, 48, 96, 192, 384, 640],
        ),
    ),
    "tiny Shakespeare": Task(
        lambda: data.load("tiny_shakespeare", context_length=256),
        {"GRU": "compression-shakespeare-GRU"},
        (
            lambda d: Table(d.event_shape, d.values, memory=2, shared=True),
            learn_by_counting(0.02),
            [4, 8, 16, 32, 64, 96, 128, 192, 256, 320, 384],
        ),
        train_shakespeare,
    ),
}


# ---------------------------------------------------------------------------------------------------------- compressors


def compressors(dataset: data.Dataset, x: Tensor) -> dict[str, int]:
    """Sizes in bytes."""
    if dataset.alphabet is not None:
        texts = dataset.alphabet.decode(x if dataset.alphabet.end is not None else x.flatten())
        return peers(("\n".join(texts) + "\n" if dataset.alphabet.end is not None else texts).encode())
    pixels = x.numpy().astype(np.uint8)
    sizes = peers(pixels.tobytes())
    if dataset.values == 2:
        packed = peers(np.packbits(pixels).tobytes())
        sizes = {name: min(sizes[name], packed[name]) for name in sizes}
    grey = (pixels[:, 0].astype(np.int64) * 255 // (dataset.values - 1)).astype(np.uint8)
    wide = math.isqrt(len(grey))
    grey = np.concatenate([grey, np.zeros((-len(grey) % wide, *grey.shape[1:]), np.uint8)])
    high, side = len(grey) // wide, grey.shape[1:]
    mosaic = grey.reshape(high, wide, *side).swapaxes(1, 2).reshape(high * side[0], wide * side[1])
    picture = Image.fromarray(mosaic)
    formats = {"PNG": {"format": "PNG", "optimize": True}}
    formats["WebP"] = {"format": "WebP", "lossless": True, "quality": 100, "method": 6}
    if pillow_jxl is not None:
        for effort in (7, 9, 10):  # more is not always smaller
            formats[f"JPEG XL {effort}"] = {"format": "JXL", "lossless": True, "effort": effort}
    if dataset.values == 2:
        formats["fax, group 4"] = {"format": "TIFF", "compression": "group4"}
    for name, options in formats.items():
        few = picture.convert("1") if dataset.values == 2 and name in ("PNG", "fax, group 4") else picture
        file = io.BytesIO()
        few.save(file, **options)
        name = "JPEG XL" if name.startswith("JPEG XL") else name
        sizes[name] = min(len(file.getvalue()), sizes.get(name, math.inf))
    return sizes


# --------------------------------------------------------------------------------------------------------------- models


def coded(model, x: Tensor) -> dict:
    """What a model makes of the examples; that they come back is checked."""
    start = time.perf_counter()
    file = compress(model, x)
    middle = time.perf_counter()
    back = decompress(model, file)
    end = time.perf_counter()
    assert torch.equal(back, x.long())
    with torch.no_grad():
        promised = to_bits(-sum(model.log_prob(part).double().sum().item() for part in x.split(200)))
    assert 8 * size(file).payload <= 1.0005 * promised + 64
    return {
        "bytes": len(file),
        "payload": size(file).payload,
        "cross_entropy_bytes": round(promised / 8, 1),
        "seconds": [round(middle - start, 1), round(end - middle, 1)],
    }


def packed(model) -> int:
    """Bytes of the model's own file, as gzip packs it."""
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder, "model"))
        return len(gzip.compress(Path(folder, "model").read_bytes(), 9))


def rounded(model):
    """The same model, its weights rounded to 16 bits: half of a float32 is zeros then, which gzip removes."""
    model = copy.deepcopy(model)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(p.bfloat16())
    return model


def sizes(name: str, task: Task, folder: Path, result: dict) -> None:
    dataset = task.load()
    x = dataset.test
    row = result.setdefault(name, {"data": dataset.name, "examples": len(x), "protocol": dataset.protocol})
    row["values"], row["unit"] = x.numel(), "bits per pixel" if dataset.alphabet is None else "bits per character"
    if dataset.alphabet is not None and dataset.alphabet.end is not None:
        row["values"] = int((x != 0).sum()) + len(x)
    if "compressors" not in row:
        row["compressors"] = compressors(dataset, x)
        if name == "tiny Shakespeare":  # as if each had seen the rest, as the model has
            text = dataset.alphabet.decode(torch.cat([data.load("tiny_shakespeare").train, dataset.valid.flatten()]))
            own = dataset.alphabet.decode(x.flatten())
            both, before = peers((text + own).encode()), peers(text.encode())
            row["compressors_given_the_rest"] = {key: both[key] - before[key] for key in both}
        keep(result)
    models = row.setdefault("models", {})
    for model_name, file in task.weights.items():
        if model_name in models:
            continue
        path = folder / f"{file}.safetensors"
        if not path.exists():
            if task.train is None:
                print(f"{name}: no {path}, so no {model_name}", flush=True)
                continue
            model = task.train(dataset)
            folder.mkdir(exist_ok=True)
            model.save(path)
        model = load(path)
        entry = coded(model, x)
        entry["with_model"] = entry["bytes"] + packed(model)
        half = rounded(model)
        entry["with_rounded_model"] = len(compress(half, x)) + packed(half)
        models[model_name] = entry
        keep(result)
        print(name, model_name, entry, flush=True)
    if "online" not in row:
        make, learn, pauses = task.online
        torch.manual_seed(0)
        start, model = time.perf_counter(), make(dataset)
        file = compress_online(model, learn, x, pauses=pauses)
        middle = time.perf_counter()
        assert torch.equal(decompress_online(model, learn, file), x.long())
        row["online"] = {
            "model": type(model).__name__,
            "bytes": len(file),
            "payload": size(file).payload,
            "pauses": pauses,
            "seconds": [round(middle - start, 1), round(time.perf_counter() - middle, 1)],
        }
        keep(result)
        print(name, "online", row["online"], flush=True)


# ----------------------------------------------------------------------------------------------------------------- demo


def demo() -> dict[str, int]:
    """Train on 1,200 handwritten digits, pack 297 others beside the compressors' files, unpack them, and say so."""
    task = TASKS["digits"]
    dataset = task.load()
    x = dataset.test
    print(f"{len(dataset.train):,} digits of 8 x 8 pixels in 17 grey levels to learn from; {len(x)} others to pack.")
    print("Training an RNADE with logistic mixtures ...", flush=True)
    model = task.train(dataset)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "digits.dgmc")
        path.write_bytes(compress(model, x))
        files = {"as they are, a byte a pixel": x.numel(), **compressors(dataset, x), "RNADE": path.stat().st_size}
        back = decompress(model, path.read_bytes())
    for name, count in sorted(files.items(), key=lambda item: -item[1]):
        print(f"{name:28} {count:7,d} bytes  {8 * count / x.numel():.3f} bits a pixel")
    if not torch.equal(back, x.long()):
        raise SystemExit("what came back is not what went in")
    print(f"Unpacked: all {x.numel():,} pixels came back as they were.")
    print(f"What is not in the file is the model, {packed(model):,} bytes, which both sides must have: see --weights.")
    return files


# ---------------------------------------------------------------------------------------------------------------- speed


PEERS = {"gzip": lambda pixels: gzip.compress(pixels, 9), "xz": lambda pixels: lzma.compress(pixels, preset=9)}


def processor_time() -> float:
    """Seconds of this process and of those that it has started and that have ended, as lanes have."""
    return sum(
        u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def speed() -> dict:
    """MADE on binary images of MNIST's size: rounds of each part, one after another; medians, millions of pixels/s.

    Processor time is about what one core takes that has nothing else to do; two lanes need the clock on the wall. gzip
    and xz are given eight pixels a byte.
    """
    torch.manual_seed(0)
    model = MADE((1, 28, 28), 2, hidden=(500,)).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(0.05 * torch.randn(p.shape))
    x = model.sample(4096, generator=torch.Generator().manual_seed(0))
    sequence = model.to_sequence(x)
    torch.set_num_threads(1)

    @torch.no_grad()
    def one_pass():
        for part in x.split(1024):
            model(part)

    @torch.no_grad()
    def steps():
        for part in sequence.split(1024):
            state, last = model.init_state(len(part)), None
            for t in range(model.dims):
                _, state = model.step(last, state)
                last = part[:, t]

    probs = [
        np.ascontiguousarray(p)
        for part in x.split(1024)
        for p in model.conditionals(part).probs.detach().double().flatten(1, 3).swapaxes(0, 1).numpy()
    ]
    symbols = [c for part in sequence.split(1024) for c in part.T.numpy().astype(np.int32, order="C")]
    family = constriction.stream.model.Categorical(perfect=False)

    def coder():
        encoder = constriction.stream.queue.RangeEncoder()
        for column, p in zip(symbols, probs, strict=True):
            encoder.encode(column, family, p)
        return encoder

    message = coder().get_compressed()

    def coder_back():
        decoder = constriction.stream.queue.RangeDecoder(message)
        for p in probs:
            decoder.decode(family, p)

    files = {lanes: compress(model, x, lanes=lanes) for lanes in (1, 2)}
    pixels = np.packbits(x.numpy().astype(np.uint8)).tobytes()
    runs = {
        "pass": one_pass,
        "steps": steps,
        "coder, encoding": coder,
        "coder, decoding": coder_back,
        "compress": lambda: compress(model, x),
        "decompress": lambda: decompress(model, files[1]),
        "compress, 2 lanes": lambda: compress(model, x, lanes=2),
        "decompress, 2 lanes": lambda: decompress(model, files[2]),
        **{name: lambda run=run: run(pixels) for name, run in PEERS.items()},
    }
    clocks = {"processor": processor_time, "wall": time.perf_counter}
    times = {clock: {name: [] for name in runs} for clock in clocks}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            before = {clock: read() for clock, read in clocks.items()}
            run()
            for clock, read in clocks.items():
                times[clock][name].append(read() - before[clock])
    mid = {clock: {name: statistics.median(t) for name, t in each.items()} for clock, each in times.items()}
    busy = mid["processor"]
    return {
        "command": "python benchmarks/compression.py --only speed",
        "model": "MADE, 784 variables, 500 hidden units, float32, random weights",
        "examples": len(x),
        "rounds": ROUNDS,
        "load": [round(load, 1) for load in os.getloadavg()],
        "million_pixels_per_second": {
            clock: {name: round(x.numel() / 1e6 / t, 3) for name, t in each.items()} for clock, each in mid.items()
        },
        "ratios_of_processor_time": {
            "coder, encoding / steps": round(busy["coder, encoding"] / busy["steps"], 3),
            "coder, decoding / steps": round(busy["coder, decoding"] / busy["steps"], 3),
            "decompress / compress": round(busy["decompress"] / busy["compress"], 3),
        },
        "compress / compress in 2 lanes, wall": round(mid["wall"]["compress"] / mid["wall"]["compress, 2 lanes"], 3),
    }


# ----------------------------------------------------------------------------------------------------------------- main


def keep(result: dict) -> None:
    for row in result.values():
        if "values" in row:
            bits = {name: 8 * b / row["values"] for name, b in row.get("compressors", {}).items()}
            for name, entry in row.get("models", {}).items():
                bits[name] = 8 * entry["bytes"] / row["values"]
                together = min(entry["with_model"], entry["with_rounded_model"])
                bits[f"{name}, with its weights"] = 8 * together / row["values"]
            if "online" in row:
                bits[f"{row['online']['model']}, online"] = 8 * row["online"]["bytes"] / row["values"]
            row["rate"] = {name: round(b, 4) for name, b in sorted(bits.items(), key=lambda pair: pair[1])}
    write_whole(PATH, (json.dumps(result, indent=1) + "\n").encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="folder of quality.py's weights")
    parser.add_argument("--only", choices=[*TASKS, "speed"], action="append")
    parser.add_argument("--demo", action="store_true", help="only show it on embedded digits, and write nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.demo:
        demo()
        return
    result = json.loads(PATH.read_text()) if PATH.exists() else {}
    result["about"] = {
        "command": "python benchmarks/compression.py --weights weights",
        "online": "Family, pauses and learning steps of the online rows were chosen after their sizes on these very "
        "test examples had been seen: they are somewhat too good.",
        "machine": f"{os.cpu_count()} CPU cores, one thread",
        "torch": torch.__version__.split("+")[0],
    }
    for name in options.only or [*TASKS, "speed"]:
        if name != "speed":
            sizes(name, TASKS[name], options.weights, result)
        elif "speed" not in result or options.only:
            result["speed"] = speed()
            print(result["speed"])
        keep(result)


if __name__ == "__main__":
    main()
