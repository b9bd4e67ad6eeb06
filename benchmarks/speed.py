"""How fast models sample and train, as ratios of times measured side by side in one run.

    python benchmarks/speed.py

It writes benchmarks/speed.json; no network, about ten minutes on two CPU cores, and on a GPU as well when there is one
(``--device cpu`` or ``cuda`` chooses one, ``--only sampling`` one part; the rest of the file is kept). Each pair is run
alternately; the ratio is the median of the rounds', and its smallest and largest stand beside it.

A pass over the whole for each variable is too slow to wait for: one pass is timed and multiplied by D, or, for a prefix
that grows, passes over several lengths. Two rows run what they stand for, to check that.
"""

import argparse
import copy
import json
import math
import os
import statistics
import time
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from dgmlib.models import FVSBN, MADE, NADE, RNN, GatedPixelCNN, ImageTransformer, PixelCNN, Transformer
from dgmlib.train import fit

ROUNDS = 5
IMAGE = (1, 28, 28)
DEEP = {"hidden": 32, "layers": 15}
SMALL_GPT = {"width": 128, "layers": 4, "heads": 4}


def seconds(run, device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    run()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def compare(slow, fast, device: str, times: int = 1, rounds: int = ROUNDS) -> dict:
    """Rounds of both, alternately; ``slow`` stands for ``times`` times what it runs."""
    slow(), fast()  # to warm up
    pairs = [(times * seconds(slow, device), seconds(fast, device)) for _ in range(rounds)]
    ratios = [a / b for a, b in pairs]
    return {
        "ratio": round(statistics.median(ratios), 3),
        "lowest": round(min(ratios), 3),
        "highest": round(max(ratios), 3),
        **({} if rounds < 2 * ROUNDS else {"median_between": [round(v, 3) for v in median_between(ratios)]}),
        "seconds": [round(statistics.median(column), 5) for column in zip(*pairs, strict=True)],
    }


def median_between(values: list[float]) -> tuple[float, float]:
    """The interval between two of the values that holds the median of their source with probability 0.95 or more."""
    values, n, outside = sorted(values), len(values), 0.0
    for rank in range(n):
        outside += math.comb(n, rank) / 2**n
        if outside > 0.025:
            return values[rank - 1], values[n - rank]
    raise ValueError(f"values: got {n}, wanted 6 or more")


def exponent(sizes: list[int], times: list[float]) -> float:
    """The slope of log time against log size, by least squares: 1 is linear, 2 quadratic."""
    x, y = ([math.log(v) for v in values] for values in (sizes, times))
    mx, my = statistics.mean(x), statistics.mean(y)
    return round(sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum((a - mx) ** 2 for a in x), 3)


def count(run) -> int:
    """Floating-point operations of matrix products and convolutions; torch counts no attention on a CPU."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


def forward_pass(model, n: int, device: str):
    x = torch.zeros(n, *model.event_shape, dtype=torch.int64, device=device)
    model.eval()

    @torch.no_grad()
    def run():
        model(x)

    return run


def sampling(device: str) -> dict:
    """Cached sampling, against a pass over the whole for each variable (the networks' part of ``cached=False``)."""
    rows = {}
    cases = [
        ("PixelCNN 28x28, 15 blocks", PixelCNN(IMAGE, 2, **DEEP), (1, 16, 64)),
        ("GatedPixelCNN 28x28, 15 layers", GatedPixelCNN(IMAGE, 2, **DEEP), (1, 16, 64)),
        ("ImageTransformer 28x28", ImageTransformer(IMAGE, 2, **SMALL_GPT), (1, 16)),
        ("MADE D=784, H=500", MADE((784,), 2, hidden=(500,)), (1, 16, 64)),
        ("NADE D=784, H=500", NADE((784,), 2, hidden=500), (1, 16)),
        ("FVSBN D=784", FVSBN((784,), 2), (1, 16)),
        ("GRU T=256, H=256", RNN((256,), 65, cell="gru", hidden=256), (1, 8, 64)),
        ("Transformer T=256", Transformer((256,), 65, **SMALL_GPT), (1, 8, 64)),
    ]
    for name, model, batches in cases:
        model.to(device)
        for n in batches:
            row = compare(forward_pass(model, n, device), lambda m=model, n=n: m.sample(n), device, times=model.dims)
            rows[f"{name}, B={n}"] = {**row, "slow": f"one pass, times {model.dims}"}
    for n in (1, 8, 64):  # a pass over what is there, as a plain decoder does: shorter at first
        lengths = range(16, 256, 32)
        passes = [forward_pass(Transformer((t,), 65, **SMALL_GPT).to(device), n, device) for t in lengths]
        model = Transformer((256,), 65, **SMALL_GPT).to(device)
        row = compare(lambda p=passes: [run() for run in p], lambda m=model, n=n: m.sample(n), device, times=32)
        rows[f"Transformer T=256, B={n}, growing prefix"] = {
            **row,
            "slow": "passes of 32, 64, ... 256 tokens, times 32",
        }
    for name, model in [("MADE D=784, H=500", cases[3][1]), ("Transformer T=256", cases[7][1])]:
        row = compare(lambda m=model: m.sample(1, cached=False), lambda m=model: m.sample(1), device)
        rows[f"{name}, B=1, measured whole"] = {**row, "slow": "sample(cached=False)"}
    return rows


def growth(device: str) -> dict:
    """How time and arithmetic grow with the number of variables D, cached and with a pass for each variable.

    At these sizes a step's time is mostly that of starting operations; what it computes is counted as flops: matrix
    products and convolutions, on a CPU without attention's own.
    """
    families = {
        "PixelCNN": (lambda d: PixelCNN((1, d, d), 2, hidden=16, layers=4), (8, 12, 16, 24, 32)),
        "GatedPixelCNN": (lambda d: GatedPixelCNN((1, d, d), 2, hidden=16, layers=4), (8, 12, 16, 24, 32)),
        "ImageTransformer, window 3": (
            lambda d: ImageTransformer((1, d, d), 2, width=32, layers=2, window=3),
            (8, 12, 16, 24, 32),
        ),
        "MADE, H=256": (lambda d: MADE((d,), 2, hidden=(256,), direct=False), (64, 128, 256, 512, 1024)),
        "NADE, H=256": (lambda d: NADE((d,), 2, hidden=256), (64, 128, 256, 512, 1024)),
        "GRU": (lambda d: RNN((d,), 27, cell="gru", hidden=64), (64, 128, 256, 512, 1024)),
        "Transformer": (lambda d: Transformer((d,), 27, width=64, layers=2), (64, 128, 256, 512, 1024)),
    }
    rows = {}
    for name, (make, sides) in families.items():
        models = [make(side).to(device) for side in sides]
        dims = [model.dims for model in models]
        cached, naive, flops = [], [], {"cached": [], "passes": []}
        for model in models:
            model.sample(4)
            cached.append(statistics.median(seconds(lambda m=model: m.sample(4), device) for _ in range(ROUNDS)))
            run = forward_pass(model, 4, device)
            run()
            naive.append(model.dims * statistics.median(seconds(run, device) for _ in range(ROUNDS)))
            flops["cached"].append(count(lambda m=model: m.sample(4)))
            flops["passes"].append(model.dims * count(run))
        rows[name] = {
            "variables": dims,
            "exponent": exponent(dims, cached),
            "exponent_of_passes": exponent(dims, naive),
            "flops": flops["cached"],
            "exponent_of_flops": exponent(dims, flops["cached"]) if min(flops["cached"]) else None,
            "exponent_of_flops_of_passes": exponent(dims, flops["passes"]) if min(flops["passes"]) else None,
            "seconds": [round(t, 4) for t in cached],
        }
    return rows


class Plain(nn.Module):
    """What one would write with torch alone: the same layers, and the cross-entropy of the next token."""

    def __init__(self, body: nn.Module, width: int, values: int, length: int | None = None):
        super().__init__()
        self.embedding, self.body, self.head = nn.Embedding(values + 1, width), body, nn.Linear(width, values)
        self.position = None if length is None else nn.Embedding(length, width)
        self.values = values

    def loss(self, x):
        h = self.embedding(F.pad(x[:, :-1], (1, 0), value=self.values))
        if self.position is None:
            h, _ = self.body(h)
        else:
            mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], device=x.device)
            h = self.body(h + self.position.weight, mask=mask, is_causal=True)
        return F.cross_entropy(self.head(h).flatten(0, 1), x.flatten(), reduction="sum") / len(x)


def update(model, x, loss):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    model.train()

    def run():
        for _ in range(3):
            optimizer.zero_grad()
            loss(x).backward()
            optimizer.step()

    return run


def training(device: str) -> dict:
    """Three updates of dgmlib's model, against three of torch's layers used plainly: above 1, dgmlib is faster."""
    rows = {}
    for cell, layer in (("gru", nn.GRU), ("lstm", nn.LSTM)):
        for length, hidden, batch in ((16, 128, 64), (128, 256, 32)):
            x = torch.randint(65, (batch, length), device=device)
            ours = RNN((length,), 65, cell=cell, hidden=hidden).to(device)
            plain = Plain(layer(hidden, hidden, batch_first=True), hidden, 65).to(device)
            name = f"{cell.upper()} T={length}, H={hidden}, B={batch}, against torch's layer alone"
            ours_run = update(ours, x, lambda x, m=ours: -m.log_prob(x).mean())
            rows[name] = compare(update(plain, x, plain.loss), ours_run, device)
    for length, width, layers, batch in ((64, 128, 4, 12), (256, 128, 4, 8)):
        x = torch.randint(65, (batch, length), device=device)
        ours = Transformer((length,), 65, width=width, layers=layers).to(device)
        block = nn.TransformerEncoderLayer(
            width, 4, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        body = nn.TransformerEncoder(block, layers, norm=nn.LayerNorm(width), enable_nested_tensor=False)
        plain = Plain(body, width, 65, length).to(device)
        ours_run = update(ours, x, lambda x, m=ours: -m.log_prob(x).mean())
        rows[f"Transformer T={length}, width {width}, {layers} layers, B={batch}, against nn.TransformerEncoder"] = (
            compare(update(plain, x, plain.loss), ours_run, device)
        )
    for dims, hidden in ((64, 64), (784, 200)):
        x = torch.randint(2, (100, dims), device=device)
        ours = NADE((dims,), 2, hidden=hidden).to(device)
        ours_run = update(ours, x, lambda x, m=ours: -m.log_prob(x).mean())
        rows[f"NADE D={dims}, H={hidden}, B=100, against a loop over the variables"] = compare(
            update(other := copy.deepcopy(ours), x, lambda x, m=other: -looped(m, x)), ours_run, device
        )
    return rows


def looped(model: NADE, x):
    """The mean log-likelihood of a binary NADE, one variable after another."""
    sums, total, x = model.hidden_bias, 0.0, x.to(model.weight)
    for i in range(model.dims):
        logit = torch.sigmoid(sums) @ model.out_weight[i, 0] + model.bias[i, 0]
        total = total - F.binary_cross_entropy_with_logits(logit.expand(len(x)), x[:, i])
        sums = sums + x[:, i, None] * model.weight[i]
    return total


def bare(model, data, valid, steps: int, batch_size: int):
    """What fit does in ``steps`` updates and its two checks, with nothing around it."""

    def run():
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.0)
        for step in range(steps + 1):
            if step in (0, steps):
                model.eval()
                with torch.no_grad():
                    for x in (data, valid):
                        torch.cat([model.log_prob(part) for part in x.split(500)]).mean().item()
                model.train()
            if step < steps:
                batch = data[torch.randint(len(data), (batch_size,))]
                optimizer.zero_grad()
                loss = -model.log_prob(batch).mean()
                loss.backward()
                optimizer.step()

    return run


def loop(device: str) -> dict:
    """fit against the bare loop (above 1, fit is slower), and a step of fit against drawing its mini-batch.

    The two differ by less than this machine's noise, hence many short rounds and, beside the median of their ratios,
    the interval that holds the true median 95 times in 100 (by order statistics).
    """
    rows, rounds = {}, 41
    cases = {
        "FVSBN": (FVSBN((1, 8, 8), 2), 100, 200),
        "MADE H=500": (MADE((1, 8, 8), 2, hidden=(500,)), 100, 100),
        "GRU H=64": (RNN((64,), 2, cell="gru", hidden=64), 50, 20),
        "PixelCNN H=32, 4 layers": (PixelCNN((1, 8, 8), 2, hidden=32, layers=4), 50, 10),
        "Transformer width 128, 4 layers": (Transformer((64,), 65, width=128, layers=4), 12, 10),
    }
    for name, (model, batch_size, n) in cases.items():
        model = model.to(device)
        data = torch.randint(model.values, (2 * batch_size, *model.event_shape), device=device)
        valid = data[:batch_size]
        how = {"steps": n, "batch_size": batch_size, "lr": 1e-5, "check_every": n, "patience": None}
        one = bare(model, data, valid, n, batch_size)

        def draw(d=data, b=batch_size, n=n):
            for _ in range(n):
                d[torch.randint(len(d), (b,))].to(device)

        ours = partial(fit, model, data, valid, **how)
        rows[f"{name}, B={batch_size}: fit / bare loop"] = compare(ours, one, device, rounds=rounds)
        rows[f"{name}, B={batch_size}: fit / drawing its mini-batches"] = compare(ours, draw, device)
    return rows


PARTS = {"sampling": sampling, "growth": growth, "training": training, "loop": loop}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cpu", "cuda"], action="append")
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch on the CPU")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    path = Path(__file__).with_suffix(".json")
    result = json.loads(path.read_text()) if path.exists() else {}
    for device in options.device or (["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]):
        where = result.setdefault(device, {})
        for part in options.only or PARTS:
            torch.manual_seed(0)
            where[part] = {
                "command": f"python benchmarks/speed.py --device {device} --only {part} --threads {options.threads}",
                "machine": torch.cuda.get_device_name() if device == "cuda" else f"{os.cpu_count()} CPU cores",
                "torch": torch.__version__.split("+")[0],
                "rounds": ROUNDS,
                "rows": PARTS[part](device),
            }
            path.write_text(json.dumps(result, indent=1) + "\n")
            print(json.dumps({part: where[part]}, indent=1), flush=True)


if __name__ == "__main__":
    main()
