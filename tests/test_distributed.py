"""Several processes, started by torchrun, do what one does: the same updates of the same global batch.

This file is also the program that torchrun starts; it goes through all cases, since starting takes longer than they do.
"""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch

from dgmlib import train
from dgmlib.models import MADE, RNN
from dgmlib.train import choose_device, fit, together

X = torch.randint(2, (61, 6), generator=torch.Generator().manual_seed(0))
HOW = {"batch_size": 20, "check_every": 5, "patience": None}


class Interrupted(Exception):
    pass


def after_three_checks(history):
    if len(history.step) == 3:
        raise Interrupted


def update() -> dict:
    """One of SGD, with step size 1: weights that agree to 1e-6 then mean gradients that do."""
    model = MADE((6,), 2, hidden=(8,), direct=False)
    history = fit(model, X[:40], X[:40], optimizer=torch.optim.SGD, lr=1.0, steps=1, **HOW)
    return {**vars(history), "model": model.state_dict()}


def update_without_sharing() -> dict:
    """Each process for itself: what must not pass for the same."""
    sharing, train.DistributedDataParallel = train.DistributedDataParallel, lambda module, **_: module
    try:
        return update()
    finally:
        train.DistributedDataParallel = sharing


def run(dropout: float = 0.0, **how) -> dict:
    model = RNN((6,), 2, hidden=5, layers=2, dropout=dropout)
    history = fit(model, X[:40], X[:39], lr=0.05, steps=17, **HOW, **how)  # 39 examples are no multiple of 2
    assert history.best > 0  # else the weights are those of the start
    return {**vars(history), "model": model.state_dict()}


def whole_run() -> dict:
    return run(dropout=0.3)


def interrupted_run() -> dict:
    """Then again: with dropout, for which each process has a generator state of its own."""
    path = Path(sys.argv[-1], "checkpoint")
    try:
        run(dropout=0.3, checkpoint=path, save_every=0, on_check=after_three_checks)
    except Interrupted:
        torch.manual_seed(99)
        return run(dropout=0.3, checkpoint=path)
    raise AssertionError("it was not interrupted")


def line_search() -> dict:
    optimizer = partial(torch.optim.LBFGS, line_search_fn="strong_wolfe", max_iter=5)
    model = MADE((6,), 2, hidden=(8,))
    history = fit(model, X[:40], X[:40], optimizer=optimizer, lr=1.0, steps=2, **{**HOW, "check_every": 1})
    return {**vars(history), "model": model.state_dict()}


def uneven_batch() -> dict:
    try:
        fit(MADE((6,), 2), X, X, batch_size=19)
    except ValueError as error:
        return {"error": str(error)}
    return {"error": ""}


CASES = [update, update_without_sharing, run, whole_run, interrupted_run, line_search, uneven_batch]


def go_through(cases) -> dict:
    torch.set_default_dtype(torch.float64)
    with together(choose_device("cpu")) as (rank, world):
        results = {"place": (rank, world)}
        for case in cases:
            torch.manual_seed(rank)  # other weights in each process: the first one's are everybody's
            results[case.__name__] = case()
    return results


@pytest.fixture(scope="module")
def alone():
    yield go_through([update, run])
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("distributed")


@pytest.fixture(scope="module")
def two(folder):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", __file__, folder]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}, timeout=200
    )
    assert done.returncode == 0, done.stderr
    return [torch.load(folder / str(rank), weights_only=True) for rank in (0, 1)]


def furthest(one: dict, other: dict) -> float:
    return max((t - other["model"][name]).abs().max().item() for name, t in one["model"].items())


def test_both_were_there(alone, two):
    assert alone["place"] == (0, 1) and [each["place"] for each in two] == [(0, 2), (1, 2)]


@pytest.mark.parametrize("case", ["update", "run"])
def test_two_processes_do_what_one_does(case, alone, two):
    one, first, second = alone[case], two[0][case], two[1][case]
    assert furthest(first, second) == 0 and furthest(one, first) < 1e-6
    assert one["step"] == first["step"] == second["step"]
    for name in ("train", "valid"):
        assert first[name] == second[name] and first[name] == pytest.approx(one[name], abs=1e-6)


def test_processes_that_do_not_share_their_gradients_are_found(alone, two):
    assert furthest(alone["update"], two[0]["update_without_sharing"]) > 1e-3


def test_an_interrupted_run_of_two_goes_on_as_one_that_was_not(two):
    for each in two:
        assert each["whole_run"]["valid"] == each["interrupted_run"]["valid"]
        assert furthest(each["whole_run"], each["interrupted_run"]) == 0


def test_a_checkpoint_of_two_wants_two(two, folder):
    with pytest.raises(ValueError, match="of another run: got processes 2, wanted 1"):
        run(dropout=0.3, checkpoint=folder / "checkpoint")


def test_a_line_search_sees_one_loss(two):
    """Each process sees other examples; if they went other ways, they would wait for each other for ever."""
    first, second = (each["line_search"] for each in two)
    assert furthest(first, second) == 0 and first["train"] == second["train"]
    assert len(set(first["train"])) == 3  # it moved at each step


def test_a_batch_that_can_not_be_shared_out_is_refused(two):
    assert two[0]["uneven_batch"]["error"] == "batch_size: got 19, wanted a multiple of the 2 processes"


if __name__ == "__main__":
    torch.set_num_threads(1)
    found = go_through(CASES)
    torch.save(found, Path(sys.argv[-1], str(found["place"][0])))
