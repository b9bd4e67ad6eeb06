"""k models trained as one, against k runs of fit one after another: dgmlib.validation.cross_validate, both ways.

    python benchmarks/folds.py

writes benchmarks/folds.json. Both sides train the same models on the same folds of the 8x8 digits with the same
mini-batches, with evaluation at the same checks and without early stopping, in one process with the same number of
threads. They run alternately; the ratio of their wall-clock times is the median of the rounds', above 1 the models
together are faster.

"difference" is the largest one between any weights and any losses (nats) of the two sides; in float64, that of the law
in tests/test_validation.py. "reversed" is what becomes of the same comparison when fit itself sums its batches up in
reverse order: no two ways of adding agree better than that in single precision.
"""

import argparse
import json
import os
import statistics
import time
from functools import partial
from pathlib import Path

import torch

from dgmlib import data
from dgmlib.models import FVSBN, MADE, NADE, Transformer
from dgmlib.validation import CrossValidation, cross_validate, k_fold

ROUNDS = 5
K = 10


class Reversed(MADE):
    """Batches in reverse order: the same but for rounding."""

    def log_prob(self, x):
        return super().log_prob(x.flip(0)).flip(0)


def timed(run) -> tuple[float, CrossValidation]:
    start = time.perf_counter()
    found = run()
    return time.perf_counter() - start, found


def difference(one: CrossValidation, other: CrossValidation) -> dict:
    weights = [
        (p - q).abs().max().item()
        for a, b in zip(one.models, other.models, strict=True)
        for p, q in zip(a.parameters(), b.parameters(), strict=True)
    ]
    losses = [
        abs(a - b)
        for h, o in zip(one.histories, other.histories, strict=True)
        for a, b in zip(h.train + h.valid, o.train + o.valid, strict=True)
    ]
    return {"weights": float(f"{max(weights):.1e}"), "losses": float(f"{max(losses):.1e}")}


def compare(make, x, steps: int, batch_size: int, lr: float) -> dict:
    folds = k_fold(len(x), K)
    run = partial(cross_validate, make, x, folds, steps=steps, batch_size=batch_size, lr=lr, patience=None)
    run(together=False, steps=10), run(together=True, steps=10)  # to warm up
    alone, together = [], []
    for _ in range(ROUNDS):
        seconds, one = timed(lambda: run(together=False))
        alone.append(seconds)
        seconds, other = timed(lambda: run(together=True))
        together.append(seconds)
    ratios = [a / b for a, b in zip(alone, together, strict=True)]
    return {
        "ratio": round(statistics.median(ratios), 2),
        "lowest": round(min(ratios), 2),
        "highest": round(max(ratios), 2),
        "seconds": [round(statistics.median(alone), 3), round(statistics.median(together), 3)],
        "difference": difference(one, other),
        "mean_nats": [round(one.mean, 4), round(other.mean, 4)],
    }


def precision(x) -> dict:
    """What the differences are made of."""
    folds, made = k_fold(len(x), K), {"event_shape": (1, 8, 8), "hidden": (64,)}
    run = partial(cross_validate, x=x, folds=folds, steps=300, patience=None)
    one = run(partial(MADE, **made), together=False)
    rows = {
        "float32": difference(one, run(partial(MADE, **made), together=True)),
        "float32, reversed": difference(one, run(partial(Reversed, **made), together=False)),
    }
    torch.set_default_dtype(torch.float64)
    rows["float64"] = difference(*(run(partial(MADE, **made), together=t) for t in (False, True)))
    torch.set_default_dtype(torch.float32)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1, help="of torch, for both sides")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    digits = data.load("digits", binarize=True)
    x = torch.cat([digits.train, digits.valid])
    shape = (1, 8, 8)
    cases = {
        "MADE, one hidden layer of 64, batch 100": (partial(MADE, shape, hidden=(64,)), 300, 100),
        "MADE, one hidden layer of 64, batch 50": (partial(MADE, shape, hidden=(64,)), 300, 50),
        "MADE, two hidden layers of 64, batch 100": (partial(MADE, shape, hidden=(64, 64)), 300, 100),
        "FVSBN, batch 100": (partial(FVSBN, shape), 300, 100),
        "NADE, 64 hidden units, batch 100": (partial(NADE, shape, hidden=64), 60, 100),
        "Transformer, width 16, 1 layer, batch 20": (partial(Transformer, shape, 2, width=16, layers=1), 20, 20),
        "Transformer, width 64, 1 layer, batch 20": (partial(Transformer, shape, 2, width=64, layers=1), 20, 20),
    }
    result = {
        "command": f"python benchmarks/folds.py --threads {options.threads}",
        "machine": f"{os.cpu_count()} CPU cores",
        "torch": torch.__version__.split("+")[0],
        "rounds": ROUNDS,
        "folds": K,
        "rows": {},
    }
    path = Path(__file__).with_suffix(".json")
    for name, (make, steps, batch_size) in cases.items():
        some = x if steps > 100 else x[:300]  # where updates are slow, fewer of them, and less to evaluate
        lr = 0.001 if "Transformer" in name else 0.01
        row = compare(make, some, steps, batch_size, lr)
        result["rows"][name] = {"steps": steps, "examples": len(some), "lr": lr, **row}
        path.write_text(json.dumps(result, indent=1) + "\n")
        print(name, json.dumps(result["rows"][name]), flush=True)
    result["difference after 300 updates of MADE"] = precision(x)
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result["difference after 300 updates of MADE"]))


if __name__ == "__main__":
    main()
