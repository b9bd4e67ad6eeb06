"""What each model learns: average negative log-likelihood on data that it has not seen.

    python benchmarks/quality.py digits
    python benchmarks/quality.py names
    python benchmarks/quality.py shakespeare
    python benchmarks/quality.py mnist --model PixelCNN

Each writes benchmarks/quality_<task>.json, result by result: what stands there already is not computed again, so an
interrupted run goes on, and several may run at once. First every combination of a model's alternatives in ``TASKS`` is
trained with seed 0 and judged by the validation set (``tried``); the best one is then trained with every seed, and only
these runs look at the test set, once each. ``remarks`` are written by hand into the file, and kept.

The digits and names need no network; MNIST's test file (2 MB) and Shakespeare's plays (1 MB) are downloaded once (see
dgmlib.data). On one busy core
names take a quarter of an hour, digits three times and mnist six times as long. That is with glibc told to keep memory
between updates, which saves about 30 %: MALLOC_MMAP_THRESHOLD_=10000000000 MALLOC_TRIM_THRESHOLD_=20000000000.
"""

import argparse
import fcntl
import itertools
import json
import math
import os
import re
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR

from dgmlib import data
from dgmlib.likelihood import nll, standard_error
from dgmlib.models import (
    FVSBN,
    MADE,
    NADE,
    RNN,
    GatedPixelCNN,
    ImageTransformer,
    OrderEnsemble,
    PixelCNN,
    Table,
    Transformer,
)
from dgmlib.train import fit

PIECE = 200  # examples that are evaluated at once: all of MNIST's would not fit into memory


class Search(NamedTuple):
    """A model, with its options and those of ``fit``: a list holds alternatives, of which validation chooses one.

    ``fit``'s ``lr`` is a tuple: training goes on from the best weights so far with each of the rates, each time until
    ``steps`` or ``patience`` end it. With ``trial``, alternatives are compared after so many steps at the first rate.
    """

    model: type
    options: dict
    fit: dict
    trial: int | None = None

    def alternatives(self) -> list[tuple[dict, dict]]:
        keys = [*self.options, *self.fit]
        lists = [v if isinstance(v, list) else [v] for v in (*self.options.values(), *self.fit.values())]
        n = len(self.options)
        each = [
            (dict(zip(keys[:n], c[:n], strict=True)), dict(zip(keys[n:], c[n:], strict=True)))
            for c in itertools.product(*lists)
        ]
        return [json.loads(json.dumps(pair)) for pair in each]  # as they will be read back


class Task(NamedTuple):
    load: object
    unit: str
    seeds: tuple[int, ...]
    searches: dict[str, Search | list[Search]]  # several of one model: alternatives that are no product


SHORT = {"steps": 20_000, "batch_size": 50, "check_every": 50, "patience": 10}
SLOW = {"steps": 5000, "batch_size": 50, "check_every": 100, "patience": 4}
BRIEF = {"steps": 2000, "batch_size": 50, "check_every": 100, "patience": 4}
RATES = [(0.03, 0.003), (0.01, 0.001), (0.003, 0.0003), (0.001, 0.0001)]

DIGITS = {
    "FVSBN": Search(FVSBN, {}, {"lr": RATES, **SHORT}),
    "NADE": Search(NADE, {"hidden": [50, 200]}, {"lr": RATES[:3], **SHORT}),
    "MADE": [
        Search(
            MADE,
            {"hidden": [(256,), (512,), (1024,), (2048,), (512, 512)], "direct": [True, False]},
            {"lr": RATES[2:], **SHORT},
        ),
        Search(
            MADE,
            {"hidden": [(1024,), (2048,)], "direct": False},
            {"lr": (0.003, 0.0003), **SHORT, "batch_size": 20},
        ),
        Search(
            MADE,
            {"hidden": (512,), "activation": ["relu", "sigmoid"], "dropout": [0.0, 0.1]},
            {"lr": (0.01, 0.001), "weight_decay": 0.1, **SHORT, "steps": 6000},
        ),
        Search(
            MADE,
            {"hidden": (1024,), "activation": ["relu", "sigmoid"], "dropout": [0.1, 0.2]},
            {"lr": (0.01, 0.001), "weight_decay": 0.3, **SHORT, "steps": 6000},
        ),
    ],
    "OrderEnsemble": [
        Search(OrderEnsemble, {"orders": 8, "hidden": (512,)}, {"lr": RATES[2:], **SHORT}),
        Search(OrderEnsemble, {"orders": [8, 32], "hidden": (1024,)}, {"lr": (0.003, 0.0003), **SLOW}),
    ],
    "RNN": Search(RNN, {"cell": "gru", "hidden": 64, "dropout": 0.2}, {"lr": (0.01, 0.001), **BRIEF}),
    "Transformer": Search(Transformer, {"width": 32, "layers": 2, "dropout": 0.1}, {"lr": (0.001, 0.0003), **BRIEF}),
    "PixelCNN": Search(PixelCNN, {"hidden": 32, "layers": [2, 4]}, {"lr": (0.003, 0.0003), **SLOW}, trial=1500),
    "GatedPixelCNN": Search(GatedPixelCNN, {"hidden": 32, "layers": 4}, {"lr": (0.003, 0.0003), **BRIEF}),
    "ImageTransformer": Search(
        ImageTransformer, {"width": 32, "layers": 2, "window": 3, "dropout": 0.1}, {"lr": (0.001, 0.0003), **BRIEF}
    ),
}

# GRU, LSTM and Transformer have 28.5, 28.6 and 27.8 thousand parameters.
NAMES = {
    "bigram": Search(Table, {"memory": 1, "shared": True}, {"smoothing": [0.03, 0.1, 0.3, 1.0, 3.0]}),
    "GRU": Search(RNN, {"cell": "gru", "hidden": 64, "dropout": [0.0, 0.2]}, {"lr": RATES[1:3], **SHORT}),
    "LSTM": Search(RNN, {"cell": "lstm", "hidden": 56, "dropout": 0.2}, {"lr": RATES[1:3], **SHORT}, trial=2000),
    "Transformer": Search(
        Transformer, {"width": 32, "layers": 2, "dropout": [0.0, 0.2]}, {"lr": RATES[2], **SHORT}, trial=2000
    ),
}

ONCE = {"patience": 2}  # checks cost more than they tell: only at each rate's end
MNIST = {
    "FVSBN": Search(
        FVSBN,
        {},
        {"lr": [(0.03, 0.003), (0.01, 0.001)], "steps": 4000, "batch_size": 100, "check_every": 80, "patience": 5},
    ),
    "NADE": Search(
        NADE,
        {"hidden": 200},
        {"lr": (0.003, 0.0005), "steps": 1500, "batch_size": 32, "check_every": 500, "patience": 2},
    ),
    "MADE": Search(
        MADE,
        {"hidden": (500,)},
        {"lr": (0.002, 0.0002), "steps": 4000, "batch_size": 100, "check_every": 80, "patience": 4},
    ),
    "PixelCNN": Search(
        PixelCNN,
        {"hidden": 24, "layers": 6},
        {
            "lr": [(0.003, 0.001, 0.0002), (0.001, 0.0005, 0.0002)],
            "steps": 2400,
            "batch_size": 16,
            "check_every": 2400,
            **ONCE,
        },
        trial=300,
    ),
    "GatedPixelCNN": Search(
        GatedPixelCNN,
        {"hidden": 20, "layers": 5},
        {"lr": (0.002, 0.001, 0.0002), "steps": 1500, "batch_size": 16, "check_every": 1500, **ONCE},
    ),
    "ImageTransformer": Search(
        ImageTransformer,
        {"width": 32, "layers": 2, "heads": 2, "window": 6},
        {"lr": (0.003, 0.0005), "steps": 2000, "batch_size": 8, "check_every": 2000, **ONCE},
    ),
}

# nanoGPT's recipe for a CPU (Karpathy, 2022), with nothing to choose. What it validates on is our test set, and it
# learns from train and valid, so that valid says nothing here. It also predicts no first character of a window.
SHAKESPEARE = {
    "Transformer": Search(
        Transformer,
        {"width": 128, "layers": 4, "heads": 4},
        {
            "lr": (0.001,),
            "warmup": 100,
            "cosine": True,
            "betas": (0.9, 0.99),
            "weight_decay": 0.1,
            "clip": 64.0,  # 1 a character, as a loss here is the sum over a window
            "steps": 2000,
            "batch_size": 12,
            "check_every": 500,
            "patience": None,
        },
    ),
}

TASKS = {
    "digits": Task(lambda: data.load("digits", binarize=True), "nats per image", (0, 1, 2), DIGITS),
    "names": Task(
        lambda: data.load("given_names"),
        "nats per character: -log p of each name and the '.' that ends it, summed over all names, divided by the number"
        " of letters and one '.' for each name; what fills a name up after its '.' is not counted, neither as nats nor"
        " as characters",
        (0, 1, 2),
        NAMES,
    ),
    "shakespeare": Task(
        lambda: data.load("tiny_shakespeare", context_length=64),
        "nats per character, in windows of 64 that know nothing of what stands before them",
        (0, 1, 2),
        SHAKESPEARE,
    ),
    "mnist": Task(lambda: data.load("mnist", files="test", binarize="threshold"), "nats per image", (0,), MNIST),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--model", action="append", help="one of the task's models; may be repeated; default: all")
    parser.add_argument("--weights", type=Path, help="folder for the final weights; default: they are not kept")
    arguments = parser.parse_args()
    task = TASKS[arguments.task]
    for name in arguments.model or task.searches:
        if name not in task.searches:
            parser.error(f"--model: got {name!r}, wanted one of {', '.join(task.searches)}")
    torch.set_num_threads(1)
    loaded, results = task.load(), Results(arguments.task)
    for name in arguments.model or task.searches:
        searches = task.searches[name] if isinstance(task.searches[name], list) else [task.searches[name]]
        alternatives = [(search, *pair) for search in searches for pair in search.alternatives()]
        for search, options, how in alternatives:
            if results.tried(name, options, how) is None and len(alternatives) > 1:
                quick = {} if search.trial is None else {"steps": search.trial, "lr": how["lr"][:1]}
                _, run = train(search.model, loaded, options, {**how, **quick}, seed=0)
                results.add(name, "tried", {"options": options, "fit": how, **quick, **run})
        search, options, how = min(alternatives, key=lambda a: (results.tried(name, *a[1:]) or {"valid": 0})["valid"])
        results.choose(name, options, how)
        for seed in task.seeds:
            if seed not in results.seeds(name):
                model, run = train(search.model, loaded, options, how, seed)
                test, error = score(model, loaded.test)
                run = {"seed": seed, "test": test, "standard_error_over_examples": error, **run}
                run |= {"train": score(model, loaded.train)[0]}
                if loaded.name == "tiny_shakespeare":
                    run |= {"test_without_first_of_window": score(model, loaded.test, skip=1)[0]}
                results.add(name, "runs", run)
                if arguments.weights:
                    model.save(arguments.weights / f"{arguments.task}-{name}-{seed}.safetensors")


def train(family: type, loaded: data.Dataset, options: dict, how: dict, seed: int):
    """Make a model and train it; also what to write down about that, of which nothing comes from the test set."""
    torch.manual_seed(seed)
    began, steps, best = time.monotonic(), 0, 0
    model = family(loaded.event_shape, loaded.values, **options)
    if family is Table:
        model.count(loaded.train, **how)
    else:
        generator = torch.Generator().manual_seed(seed)
        for lr in how["lr"]:
            history = fit(
                model, windows(loaded), loaded.valid, **options_of_fit({**how, "lr": lr}), generator=generator
            )
            best = steps + history.step[history.best] if history.best else best
            steps += history.step[-1]
    model.eval()
    run = {"valid": score(model, loaded.valid)[0]}
    run |= {"parameters": parameters(model), "steps": steps, "best_step": best}
    run |= {"minutes": round((time.monotonic() - began) / 60, 2)}
    print(f"{family.__name__} {options} {how} seed {seed}: {run}", flush=True)
    return model, run


def windows(loaded: data.Dataset) -> Tensor:
    """What to learn from: of the plays, train and valid as elsewhere, in windows that begin anywhere."""
    if loaded.name != "tiny_shakespeare":
        return loaded.train
    plays = data.load(loaded.name)
    return torch.cat([plays.train, plays.valid]).unfold(0, *loaded.event_shape, 1)


def options_of_fit(how: dict) -> dict:
    """A recipe as one writes it down, as ``fit`` takes it."""
    how = dict(how)
    warmup, cosine, betas = how.pop("warmup", 0), how.pop("cosine", False), how.pop("betas", None)
    if betas:
        how["optimizer"] = partial(torch.optim.AdamW, betas=tuple(betas))
    if cosine:
        how["schedule"] = lambda optimizer: SequentialLR(
            optimizer,
            [
                LinearLR(optimizer, 1 / (warmup + 1), 1.0, warmup),
                CosineAnnealingLR(optimizer, how["steps"] - warmup, eta_min=how["lr"] / 10),
            ],
            [warmup],
        )
    return how


def parameters(model) -> int:
    """How many numbers were learnt; what a mask hides is none, unless another order's mask shows it."""
    if isinstance(model, OrderEnsemble):
        return sum(p.numel() for p in model.parameters())
    masked = sum(int((~m.mask).sum()) for m in model.modules() if isinstance(getattr(m, "mask", None), Tensor))
    return sum(p.numel() for p in model.parameters()) - masked


@torch.no_grad()
def score(model, x: Tensor, skip: int = 0) -> tuple[float, float]:
    """Nats per image, or per character of texts, and its standard error over the examples.

    Of windows of a long text, ``skip`` leaves out the first characters, which have nothing to be predicted from.
    """
    if len(model.event_shape) == 3:
        log_prob = torch.cat([model.log_prob(piece) for piece in x.split(PIECE)])
        return round(nll(log_prob), 4), round(standard_error(log_prob), 4)
    if model.event_shape[0] == 64:  # windows of a long text
        each = torch.cat([model.conditionals(piece).log_prob(piece) for piece in x.split(PIECE)]).double()  # (N, 64)
        nats = -each[:, skip:].mean(1)
        return round(nats.mean().item(), 4), round(standard_error(nats), 4)
    ends = (x == 0).long().argmax(1, keepdim=True)  # place of the '.'
    counted = torch.arange(x.shape[1]) <= ends
    nats = -(model.conditionals(x).log_prob(x) * counted).sum(1).double()
    mean, characters = (nats.sum() / counted.sum()).item(), counted.sum(1).double()
    error = standard_error(nats - mean * characters) / characters.mean().item()  # of a ratio, to first order
    return round(mean, 4), round(error, 4)


class Results:
    """The file of results: read, changed and replaced under a lock, so that two runs can share it."""

    def __init__(self, task: str):
        self.path = Path(__file__).with_name(f"quality_{task}.json")
        loaded = TASKS[task].load()
        self.about = {
            "command": f"python benchmarks/quality.py {task}",
            "data": loaded.name,
            "protocol": f"{len(loaded.train)}/{len(loaded.valid)}/{len(loaded.test)} examples; {loaded.protocol}",
            "unit": TASKS[task].unit,
            "training": "AdamW, early stopping on valid; the alternatives in tried, with seed 0, were judged by valid "
            "alone; test was evaluated once for each run",
            "seeds": list(TASKS[task].seeds),
            "machine": f"{os.cpu_count()} CPU cores",
            "torch": torch.__version__,
            "threads": 1,
        }
        self._change(lambda models: None)

    def tried(self, name: str, options: dict, how: dict) -> dict | None:
        entries = self._model(name).get("tried", [])
        return next((e for e in entries if e["options"] == options and e["fit"] == how), None)

    def seeds(self, name: str) -> list[int]:
        return [run["seed"] for run in self._model(name).get("runs", [])]

    def choose(self, name: str, options: dict, how: dict) -> None:
        def change(models):
            model = models.setdefault(name, {})
            if (model.get("options"), model.get("fit")) != (options, how):
                models[name] = {"options": options, "fit": how, **{k: model[k] for k in ("tried",) if k in model}}

        self._change(change)

    def add(self, name: str, where: str, entry: dict) -> None:
        self._change(lambda models: models.setdefault(name, {}).setdefault(where, []).append(entry))

    def _model(self, name: str) -> dict:
        return json.loads(self.path.read_text())["models"].get(name, {})

    def _change(self, change) -> None:
        with open(__file__) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            models = json.loads(self.path.read_text())["models"] if self.path.exists() else {}
            change(models)
            known = TASKS[self.about["command"].split()[-1]].searches
            ordered = {name: summary(models[name]) for name in known if name in models}
            part = self.path.with_suffix(f".{os.getpid()}.part")
            text = json.dumps({**self.about, "models": ordered}, indent=1)
            part.write_text(re.sub(r"\[\s+([^][{}]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text) + "\n")
            part.replace(self.path)


def summary(model: dict) -> dict:
    """A model's entry with its averages over seeds, in the order in which one wants to read it."""
    runs = model.get("runs", [])
    means = {}
    for split in ("test", "valid") if runs else ():
        each = torch.tensor([run[split] for run in runs], dtype=torch.float64)
        means[split] = {"mean": round(each.mean().item(), 4)}
        if len(each) > 1:
            means[split]["standard_error_over_seeds"] = round(standard_error(each), 4)
    if runs:
        errors = [run["standard_error_over_examples"] for run in runs]
        means["test"]["standard_error_over_examples"] = round(math.fsum(errors) / len(errors), 4)
        means |= {key: runs[0][key] for key in ("parameters",)}
        means |= {key: round(sum(run[key] for run in runs) / len(runs), 2) for key in ("steps", "minutes")}
    kept = {key: model[key] for key in ("remarks", "options", "fit", "runs", "tried") if key in model}
    return {**means, **kept}


if __name__ == "__main__":
    main()
