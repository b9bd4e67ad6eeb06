"""Models against compressors, on the same bytes, in one run.

    python benchmarks/quality.py digits --weights weights       (and names, mnist: see there)
    python benchmarks/compression.py --weights weights
    python benchmarks/compression.py --only speed
    python benchmarks/compression.py --table    (what stands in the file, as tables)
    python benchmarks/compression.py --demo     (no network: learns digits and packs others)

It writes benchmarks/compression.json, row by row: what stands there already is not computed again, so an interrupted
run goes on. Models that have no weights from there are trained here, in minutes, and kept in the same folder. It
needs MNIST's test file and tiny Shakespeare (see dgmlib.data).

A model has three columns. ``bytes`` is the whole file's size, its header included, with the model at hand on both
sides; ``with_model`` adds the model's own file as gzip packs it, once as it is and once with its weights rounded to 16
bits (whose predictions are then other ones: that column codes with the rounded model); ``online`` is another model,
that learns as it goes, so nothing else is sent. No setting was chosen on the examples that are coded: of the online
models, each that is in TASKS codes the validation examples first, and the one whose file is smallest codes the others;
so do the mixtures for text (see text_mixture.py), with a network that has not seen them. Each compressor codes the same
examples: as one byte a value, and binary images also as eight pixels a byte, of which the smaller counts; a text as it
is. An image coder gets all images in one picture.

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
from text_mixture import Mixture, train_network
from torch import Tensor

from dgmlib import data
from dgmlib.compression import compress, compress_online, decompress, decompress_online, peers, size
from dgmlib.files import write_whole
from dgmlib.likelihood import to_bits
from dgmlib.model import AutoregressiveModel
from dgmlib.models import MADE, RNADE, RNN, PixelCNN, Table, load
from dgmlib.train import fit

try:
    import pillow_jxl  # registers JPEG XL
except ImportError:
    pillow_jxl = None
PATH = Path(__file__).with_suffix(".json")
ROUNDS = 5


class Online(NamedTuple):
    """A model that learns as it goes."""

    make: Callable[[data.Dataset], AutoregressiveModel]
    learn: Callable | None = None  # None: it learns after each variable, by itself
    pauses: list[int] | None = None


class Task(NamedTuple):
    load: Callable[[], data.Dataset]
    weights: dict[str, str]  # name: file of its weights
    online: dict[str, Online]  # of these, the one that codes the validation examples best
    train: dict[str, Callable] = {}  # noqa: RUF012, name: makes the weights where there are none


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
    text = the_rest(dataset)
    for lr in (0.005, 0.001):
        how = {"steps": 400, "batch_size": 16, "check_every": 400, "check_at_most": 200, "patience": None, "clip": 1.0}
        windows = text.unfold(0, *dataset.event_shape, 1)
        fit(model, windows, dataset.valid, lr=lr, generator=torch.Generator().manual_seed(0), **how)
    return model


def the_rest(dataset: data.Dataset) -> Tensor:
    """Of tiny Shakespeare, all that is not for testing, as published figures learn from it; shape ``(n,)``."""
    return torch.cat([data.load("tiny_shakespeare").train, dataset.valid.flatten()])


def count_online(memory: int, smoothing: float, pauses: list[int]) -> Online:
    def make(dataset):
        return Table(dataset.event_shape, dataset.values, memory=memory, shared=True)

    return Online(make, learn_by_counting(smoothing), pauses)


def fit_online(hidden: int, steps: int, pauses: list[int], **options) -> Online:
    def make(dataset):
        return PixelCNN(dataset.event_shape, dataset.values, hidden=hidden, layers=2, **options)

    return Online(make, learn_by_fit(steps), pauses)


def mix_online(**options) -> Online:
    return Online(lambda dataset: Mixture((dataset.test.numel(),), dataset.values, **options))


MIXTURE = "LSTM and counts"
MIXTURES = {  # settings to choose from
    f"memory {memory}, discount {discount}, network rate {rate}": {
        "memory": memory,
        "discount": discount,
        "network_rate": rate,
    }
    for memory, discount, rate in ((7, 0.9, 0.0), (7, 0.9, 0.05), (7, 0.9, 0.1), (9, 0.8, 0.1))
}
DOUBLING, STEADY = [24, 48, 96, 192], [24, 48, 96, 144, 192, 240]
DIGITS = {
    f"hidden {hidden}, {steps} steps after {', '.join(map(str, pauses))}": fit_online(
        hidden, steps, pauses, first_kernel=5
    )
    for hidden in (16, 32)
    for steps in (40, 80)
    for pauses in (DOUBLING, STEADY)
}
TASKS = {
    "names": Task(
        lambda: data.load("given_names"),
        {"GRU": "names-GRU-0"},
        {
            f"memory {memory}, smoothing {smoothing}, counts after {', '.join(map(str, pauses))}": count_online(
                memory, smoothing, pauses
            )
            for memory in (0, 1, 2)
            for smoothing in (0.1, 0.3, 1.0)
            for pauses in ([64, 192], [32, 64, 128, 256], [16, 32, 64, 96, 128, 192, 256, 384])
        },
    ),
    "digits": Task(
        lambda: data.load("digits"),
        {"RNADE": "compression-digits-RNADE"},
        DIGITS,
        {"RNADE": train_digits},
    ),
    "digits, binary": Task(
        lambda: data.load("digits", binarize=True),
        {"MADE": "digits-MADE-0", "Transformer": "digits-Transformer-0"},
        DIGITS,
    ),
    "MNIST, binary": Task(
        lambda: data.load("mnist", files="test", binarize="threshold"),
        {"MADE": "mnist-MADE-0", "GatedPixelCNN": "mnist-GatedPixelCNN-0"},
        {
            f"hidden 16, {steps} steps after {', '.join(map(str, pauses))}": fit_online(16, steps, pauses)
            for steps in (30, 60)
            for pauses in ([16, 64, 256], [16, 48, 96, 192, 384, 640])
        },
    ),
    "tiny Shakespeare": Task(
        lambda: data.load("tiny_shakespeare", context_length=256),
        {"GRU": "compression-shakespeare-GRU", MIXTURE: "compression-shakespeare-LSTM"},
        {
            f"counts, memory {memory}, discount {discount}": mix_online(memory=memory, discount=discount)
            for memory in (4, 5)
            for discount in (0.8, 0.9)
        },
        {
            "GRU": train_shakespeare,
            MIXTURE: lambda dataset: train_network(the_rest(dataset), dataset.values),
        },
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
    """Bytes of the model's own file, as gzip packs it; of a mixture, of its network's and of the text before."""
    if isinstance(model, Mixture):
        return packed(model.network) + len(gzip.compress(model.before.numpy().tobytes(), 9))
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
            text = dataset.alphabet.decode(the_rest(dataset))
            own = dataset.alphabet.decode(x.flatten())
            both, before = peers((text + own).encode()), peers(text.encode())
            row["compressors_given_the_rest"] = {key: both[key] - before[key] for key in both}
        keep(result)
    models = row.setdefault("models", {})
    for model_name, file in task.weights.items():
        if model_name in models:
            continue
        path = folder / f"{file}.safetensors"
        model = trained(path, task.train.get(model_name), dataset)
        if model is None:
            print(f"{name}: no {path}, so no {model_name}", flush=True)
            continue
        chosen = {}
        if model_name == MIXTURE:
            model, chosen = chosen_mixture(model, folder / f"{file}-train.safetensors", dataset)
        own = x.view(-1, *model.event_shape)  # a mixture takes a text as one example
        entry = coded(model, own)
        entry["with_model"] = entry["bytes"] + packed(model)
        half = rounded(model)
        entry["with_rounded_model"] = len(compress(half, own)) + packed(half)
        models[model_name] = entry | chosen
        keep(result)
        print(name, model_name, entry, flush=True)
    if "tried_on_valid" not in row.get("online", {}):
        tried = {label: len(coders(way, dataset, dataset.valid)[1]()) for label, way in task.online.items()}
        chosen = min(tried, key=tried.get)
        model, pack, unpack = coders(task.online[chosen], dataset, x)
        start = time.perf_counter()
        file = pack()
        middle = time.perf_counter()
        assert torch.equal(unpack(file), x.long())
        row["online"] = {
            "model": type(model).__name__,
            "bytes": len(file),
            "payload": size(file).payload,
            "chosen": chosen,
            "tried_on_valid": tried,
            "seconds": [round(middle - start, 1), round(time.perf_counter() - middle, 1)],
        }
        keep(result)
        print(name, "online", row["online"], flush=True)


def trained(path: Path, train: Callable | None, dataset: data.Dataset) -> AutoregressiveModel | None:
    """The model in a file; made first where there is none, if it is known how."""
    if not path.exists():
        if train is None:
            return None
        path.parent.mkdir(exist_ok=True)
        train(dataset).save(path)
    return load(path)


def coders(way: Online, dataset: data.Dataset, x: Tensor) -> tuple[AutoregressiveModel, Callable, Callable]:
    """A model that learns as it goes, what makes a file of the examples with it, and what reads that."""
    torch.manual_seed(0)
    model = way.make(dataset)
    if way.learn is None:
        own = x.view(-1, *model.event_shape)
        return model, lambda: compress(model, own), lambda file: decompress(model, file).view_as(x)
    return (
        model,
        lambda: compress_online(model, way.learn, x, pauses=way.pauses),
        lambda file: decompress_online(model, way.learn, file),
    )


def chosen_mixture(network: RNN, path: Path, dataset: data.Dataset) -> tuple[Mixture, dict]:
    """The mixture for the test text, with the settings that best code where the validation text begins.

    The network that tries them has learnt from the training text only, and is kept in a file of its own.
    """
    train, valid = data.load("tiny_shakespeare").train, dataset.valid[:96].view(1, -1)
    small = trained(path, lambda _: train_network(train, dataset.values), dataset)
    tried = {}
    for label, settings in MIXTURES.items():
        model = Mixture(valid.shape[1:], dataset.values, network=small, before=train, **settings)
        tried[label] = len(compress(model, valid))
        print(label, tried[label], flush=True)
    chosen = min(tried, key=tried.get)
    settings = {"network": network, "before": the_rest(dataset), **MIXTURES[chosen]}
    model = Mixture((dataset.test.numel(),), dataset.values, **settings)
    return model, {"chosen": chosen, "tried_on_valid": tried, "tried_on": f"{valid.numel()} characters"}


# ----------------------------------------------------------------------------------------------------------------- demo


def demo() -> dict[str, int]:
    """Train on 1,200 handwritten digits, pack 297 others beside the compressors' files, unpack them, and say so."""
    task = TASKS["digits"]
    dataset = task.load()
    x = dataset.test
    print(f"{len(dataset.train):,} digits of 8 x 8 pixels in 17 grey levels to learn from; {len(x)} others to pack.")
    print("Training an RNADE with logistic mixtures ...", flush=True)
    model = task.train["RNADE"](dataset)
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
    for name, row in result.items():
        if "values" in row:
            row["command"] = f'python benchmarks/compression.py --weights weights --only "{name}"'
            bits = {name: 8 * b / row["values"] for name, b in row.get("compressors", {}).items()}
            for name, entry in row.get("models", {}).items():
                bits[name] = 8 * entry["bytes"] / row["values"]
                together = min(entry["with_model"], entry["with_rounded_model"])
                bits[f"{name}, with its weights"] = 8 * together / row["values"]
            if "online" in row:
                bits[f"{row['online']['model']}, online"] = 8 * row["online"]["bytes"] / row["values"]
            row["rate"] = {name: round(b, 4) for name, b in sorted(bits.items(), key=lambda pair: pair[1])}
    write_whole(PATH, (json.dumps(result, indent=1) + "\n").encode())


def tables(result: dict) -> str:
    """What was measured, as tables in Markdown: bytes for the same examples, smallest first."""
    parts = []
    for name, row in result.items():
        if "compressors" not in row:
            continue
        given = row.get("compressors_given_the_rest", {})
        given = {peer: f"{b:,d}" for peer, b in given.items()}
        lines = [(b, f"| {peer} | {b:,d} | {b:,d} | {given.get(peer, '')} |") for peer, b in row["compressors"].items()]
        for model, entry in row.get("models", {}).items():
            both = min(entry["with_model"], entry["with_rounded_model"])
            lines.append((entry["bytes"], f"| **{model}** | {entry['bytes']:,d} | {both:,d} | {entry['bytes']:,d} |"))
        if "online" in row:
            b = row["online"]["bytes"]
            lines.append((b, f"| **{row['online']['model']}, online** | {b:,d} | {b:,d} | |"))
        head = ["coder", "file", "file and model", "given the rest"]
        lines = ["| " + " | ".join(head) + " |", "|---|--:|--:|--:|", *(line for _, line in sorted(lines))]
        if not given:
            lines = [line.rsplit("|", 2)[0] + "|" for line in lines]
        about = f"{row['examples']} examples, {row['values']:,d} values, in bytes ({row['protocol']})"
        parts.append("\n".join([f"**{name}**: {about}", "", *lines, "", f"`{row['command']}`"]))
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="folder of quality.py's weights")
    parser.add_argument("--only", choices=[*TASKS, "speed"], action="append")
    parser.add_argument("--table", action="store_true", help="only print what stands in the file, as tables")
    parser.add_argument("--demo", action="store_true", help="only show it on embedded digits, and write nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.demo:
        demo()
        return
    result = json.loads(PATH.read_text()) if PATH.exists() else {}
    if options.table:
        print(tables(result))
        return
    result["about"] = {
        "command": "python benchmarks/compression.py --weights weights",
        "settings": "Of the online models and of the mixtures for text, those in tried_on_valid coded the validation "
        "examples, and the one with the smallest file codes the test examples. The lists hold settings of earlier "
        "runs.",
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
