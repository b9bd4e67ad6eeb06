"""Nothing is lost: a run that was killed, at whatever moment, goes on as if nothing had happened, to the last bit."""

import json
import multiprocessing
import os
import signal
from functools import partial
from pathlib import Path

import pytest
import torch
from test_files import largest_file
from torch.optim.optimizer import register_optimizer_step_post_hook

from dgmlib import train as training
from dgmlib.models import FVSBN, MADE, RNN, OrderEnsemble, PixelCNN, Transformer
from dgmlib.train import fit

SCHEDULES = torch.optim.lr_scheduler
MODELS = {
    "MADE": lambda: MADE((6,), 2, hidden=(8,), dropout=0.3),
    "OrderEnsemble": lambda: OrderEnsemble((6,), 2, orders=3, hidden=(8,)),
    "RNN": lambda: RNN((6,), 2, hidden=5, layers=2, dropout=0.3),
    "Transformer": lambda: Transformer((6,), 2, width=8, heads=2, layers=1, dropout=0.3),
}
HOW = {
    "plain": {},
    "momentum": {"optimizer": partial(torch.optim.SGD, momentum=0.9), "lr": 0.05},
    "steps": {"schedule": partial(SCHEDULES.MultiStepLR, milestones=[11, 23], gamma=0.3)},
    "cosine": {"schedule": partial(SCHEDULES.CosineAnnealingLR, T_max=60)},
    "one cycle": {"schedule": partial(SCHEDULES.OneCycleLR, max_lr=0.05, total_steps=70)},
    "plateau": {"schedule": partial(SCHEDULES.ReduceLROnPlateau, patience=0, factor=0.5)},
    "clip": {"clip": 0.05, "weight_decay": 0.1},
}


def bits(n: int = 60, dims: int = 6) -> torch.Tensor:
    return torch.randint(2, (n, dims), generator=torch.Generator().manual_seed(0))


def end_of(model, history) -> tuple[list, dict]:
    return [history.step, history.train, history.valid], {k: t.clone() for k, t in model.state_dict().items()}


def same(one, other) -> bool:
    return one[0] == other[0] and all(torch.equal(t, other[1][name]) for name, t in one[1].items())


def run(make, path, *, seed: int = 0, **how):
    torch.manual_seed(seed)
    model = make()
    options = {"steps": 60, "batch_size": 20, "check_every": 7, "patience": None, "save_every": 0} | how
    return end_of(model, fit(model, bits()[:40], bits()[40:], checkpoint=path, **options))


class Interrupted(Exception):
    pass


def interrupted_at(check: int):
    def on_check(history):
        if len(history.step) == check:
            raise Interrupted

    return on_check


@pytest.mark.parametrize(
    ("name", "how"), [*((m, "plain") for m in MODELS), *(("MADE", h) for h in HOW if h != "plain")]
)
def test_an_interrupted_run_ends_as_one_that_was_not(name, how, tmp_path):
    """The second part starts with another model and other generator states: all of them come from the file."""
    whole = run(MODELS[name], None, **HOW[how])
    for check in (1, 4):
        path = tmp_path / f"at {check}"
        with pytest.raises(Interrupted):
            run(MODELS[name], path, on_check=interrupted_at(check), **HOW[how])
        assert same(run(MODELS[name], path, seed=1, **HOW[how]), whole)


@pytest.mark.parametrize("forgotten", ["optimizer", "generator", "torch", "schedule", "model", "best", "history"])
def test_what_a_checkpoint_forgets_is_found(forgotten, tmp_path, monkeypatch):
    """Each thing that a checkpoint holds is needed: without it the run ends elsewhere, or can't go on."""
    how = HOW["cosine"] | {"lr": 0.05, "steps": 30, "check_every": 10}
    if forgotten == "best":  # only seen when nothing better comes: learn what validation does not like
        how = how | {"lr": 0.5, "weight_decay": 0.5}
    whole = run(MODELS["MADE"], None, **how)
    with pytest.raises(Interrupted):
        run(MODELS["MADE"], tmp_path / "c", on_check=interrupted_at(3), **how)
    content = torch.load(tmp_path / "c", weights_only=True)
    torch.manual_seed(1)
    content[forgotten] = {
        "optimizer": {**content["optimizer"], "state": {}},
        "generator": torch.Generator().manual_seed(9).get_state(),
        "torch": [(torch.get_rng_state(), None)],
        "schedule": {**content["schedule"], "last_epoch": 0},
        "model": MODELS["MADE"]().state_dict(),
        "best": MODELS["MADE"]().state_dict(),
        "history": {"step": [0], "train": [1.0], "valid": [1.0]},
    }[forgotten]
    torch.save(content, tmp_path / "c")
    assert not same(run(MODELS["MADE"], tmp_path / "c", **how), whole)


def test_a_finished_run_is_not_run_again_and_a_longer_one_goes_on(tmp_path):
    path, updates = tmp_path / "c", []
    hook = register_optimizer_step_post_hook(lambda *_: updates.append(1))
    try:
        first = run(MODELS["MADE"], path, steps=28)
        assert len(updates) == 28
        assert same(run(MODELS["MADE"], path, steps=28, seed=1), first) and len(updates) == 28
        assert same(run(MODELS["MADE"], path, steps=14, seed=1), first) and len(updates) == 28
        longer = run(MODELS["MADE"], path, steps=60, seed=1)
        assert len(updates) == 60 and same(longer, run(MODELS["MADE"], None, steps=60))
    finally:
        hook.remove()


def test_a_run_that_ran_out_of_patience_stays_so(tmp_path):
    how = {"patience": 2, "lr": 0.5, "steps": 500, "check_every": 5}
    first = run(MODELS["MADE"], tmp_path / "c", **how)
    assert first[0][0][-1] < 500
    assert same(run(MODELS["MADE"], tmp_path / "c", seed=1, **how), first)
    assert same(run(MODELS["MADE"], tmp_path / "c", seed=1, **how | {"patience": 1}), first)
    longer = run(MODELS["MADE"], tmp_path / "c", seed=1, **how | {"patience": 4})
    assert same(longer, run(MODELS["MADE"], None, **how | {"patience": 4})) and len(longer[0][0]) > len(first[0][0])


# ------------------------------------------------------------------------------------------------------ really killed


def killed_at(moment: tuple[str, int]) -> None:
    """Arrange that this process kills itself: after an update, or before or after a call of ``os``, the n-th one."""
    what, n = moment
    count = [0]

    def count_down(*_):
        count[0] += 1
        if count[0] == n:
            os.kill(os.getpid(), signal.SIGKILL)

    if what == "update":
        register_optimizer_step_post_hook(count_down)
        return
    when, name = what.split()
    call = getattr(os, name)

    def dying(*args, **options):
        if when == "before":
            count_down()
        result = call(*args, **options)
        if when == "after":
            count_down()
        return result

    setattr(os, name, dying)


def process(folder: str, moment: tuple[str, int] | None) -> None:
    torch.set_num_threads(1), torch.set_default_dtype(torch.float64)
    if moment is not None:
        killed_at(moment)
    history, state = run(MODELS["RNN"], f"{folder}/c", seed=os.getpid() if Path(folder, "c").exists() else 0)
    torch.save({"history": history, "state": state}, f"{folder}/end")


@pytest.fixture(scope="module")
def start():
    """Runs ``process`` in a process of its own and returns how it exited; torch is imported once for all of them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch", "dgmlib.train", "dgmlib.models"])

    def run_once(folder, moment=None):
        child = context.Process(target=process, args=(str(folder), moment))
        child.start(), child.join(120)
        return child.exitcode

    return run_once


def end_in(folder: Path):
    content = torch.load(folder / "end", weights_only=True)
    return content["history"], content["state"]


@pytest.fixture(scope="module")
def undisturbed(start, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    assert start(folder) == 0
    return end_in(folder)


# Each list of moments kills one run again and again; nothing is there yet at the first saves.
MOMENTS = [
    [("before fsync", 1)],
    [("after fsync", 1), ("after replace", 1)],
    [("update", 1), ("update", 33), ("before replace", 2)],
    [("before fsync", 4), ("after fsync", 2), ("after replace", 2)],
    [("update", 59), ("before fsync", 1), ("before replace", 1)],
    [("after replace", 10)],
]


@pytest.mark.parametrize("moments", MOMENTS, ids=lambda moments: ", ".join(f"{what} {n}" for what, n in moments))
def test_a_killed_run_ends_as_one_that_was_not(moments, start, undisturbed, tmp_path):
    for moment in moments:
        assert start(tmp_path, moment) == -signal.SIGKILL
        assert not (tmp_path / "end").exists()
    assert start(tmp_path) == 0
    assert same(end_in(tmp_path), undisturbed)


def test_a_run_killed_from_outside_at_any_time(undisturbed, tmp_path):
    """Killed when its file has changed for the second, fifth, ... time, which is somewhere in an update or a save."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch", "dgmlib.train", "dgmlib.models"])
    for changes in (1, 2, 3):
        child = context.Process(target=process, args=(str(tmp_path), None))
        child.start()
        seen, path = set(), tmp_path / "c"
        while len(seen) <= changes and child.is_alive():
            if path.exists():
                seen.add(path.stat().st_mtime_ns)
        child.kill(), child.join()
    child = context.Process(target=process, args=(str(tmp_path), None))
    child.start(), child.join(120)
    assert same(end_in(tmp_path), undisturbed)


# ----------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"lr": 0.02}, "optimizer's lr 0.01, wanted 0.02$"),
        ({"batch_size": 10}, "batch_size 20, wanted 10"),
        ({"clip": 1.0}, "clip None, wanted 1.0"),
        ({"optimizer": torch.optim.SGD}, "optimizer AdamW, wanted SGD"),
        ({"check_every": 8}, "check_every 7, wanted 8"),
        (
            {"optimizer": partial(torch.optim.AdamW, betas=(0.9, 0.99))},
            r"optimizer's betas \(0.9, 0.999\), wanted \(0.9",
        ),
        (HOW["cosine"], "schedule None, wanted CosineAnnealingLR$"),
        ({"precision": torch.bfloat16}, "precision None, wanted torch.bfloat16$"),
    ],
)
def test_another_run_is_refused(how, says, tmp_path):
    run(MODELS["MADE"], tmp_path / "c", steps=7)
    before = (tmp_path / "c").read_bytes()
    with pytest.raises(ValueError, match=f"checkpoint .*/c: of another run: got {says}"):
        run(MODELS["MADE"], tmp_path / "c", steps=7, **how)
    assert (tmp_path / "c").read_bytes() == before


def test_another_model_or_other_data_are_refused(tmp_path):
    x, path = bits(), tmp_path / "c"
    fit(MADE((6,), 2, hidden=(8,)), x, x, steps=1, batch_size=9, checkpoint=path)
    for other in (MADE((6,), 2, hidden=(9,)), MADE((6,), 2, hidden=(8,), dropout=0.1), FVSBN((6,), 2)):
        with pytest.raises(ValueError, match="of another run: got model MADE, made with"):
            fit(other, x, x, steps=1, batch_size=9, checkpoint=path)
    with pytest.raises(ValueError, match="of another run: got train "):
        fit(MADE((6,), 2, hidden=(8,)), 1 - x, x, steps=1, batch_size=9, checkpoint=path)


def test_each_example_of_the_data_counts(tmp_path):
    x, path = torch.zeros(5000, 6, dtype=torch.int64), tmp_path / "c"
    fit(FVSBN((6,), 2), x, x[:9], steps=1, batch_size=9, checkpoint=path)
    x[3777, 2] = 1
    with pytest.raises(ValueError, match="of another run: got train "):
        fit(FVSBN((6,), 2), x, x[:9], steps=1, batch_size=9, checkpoint=path)


def test_weights_of_another_precision_are_another_run(tmp_path):
    x, path = bits(), tmp_path / "c"
    fit(FVSBN((6,), 2), x, x, steps=1, batch_size=9, checkpoint=path)
    with pytest.raises(ValueError, match=r"of another run: got dtype torch\.float64, wanted torch\.float32"):
        fit(FVSBN((6,), 2).float(), x, x, steps=1, batch_size=9, checkpoint=path)


def test_what_a_killed_writer_left_is_removed_when_the_run_goes_on(tmp_path):
    run(MODELS["MADE"], tmp_path / "c", steps=7)
    (tmp_path / ".c.123.part").write_bytes(b"half")
    run(MODELS["MADE"], tmp_path / "c", steps=14)
    assert os.listdir(tmp_path) == ["c"]


def test_classes_belong_to_the_data(tmp_path):
    x, cond = torch.zeros(9, 1, 1, 3, dtype=torch.int64), torch.arange(9) % 2
    for classes, goes_on in ((cond, True), (1 - cond, False)):
        model = PixelCNN((1, 1, 3), 2, hidden=4, layers=1, classes=2)
        again = partial(fit, model, (x, classes), (x, cond), steps=1, batch_size=9, checkpoint=tmp_path / "c")
        if goes_on:
            again()
        else:
            with pytest.raises(ValueError, match="of another run: got train "):
                again()


def test_a_damaged_checkpoint_is_refused(tmp_path):
    path = tmp_path / "c"
    run(MODELS["MADE"], path, steps=7)
    whole = path.read_bytes()
    for damaged in (b"", b"no checkpoint", whole[: len(whole) // 2], whole[:-1]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"checkpoint .*/c: cut off, or no checkpoint"):
            run(MODELS["MADE"], path, steps=7)
        assert path.read_bytes() == damaged  # kept: it may be somebody's
    weight = whole.index(
        torch.load(path_of(tmp_path, whole), weights_only=True)["best"]["direct.weight"].numpy().tobytes()
    )
    path.write_bytes(whole[:weight] + bytes([whole[weight] ^ 1]) + whole[weight + 1 :])
    with pytest.raises(ValueError, match=r"checkpoint .*/c: was changed after it was written"):
        run(MODELS["MADE"], path, steps=7)


def path_of(folder: Path, content: bytes) -> Path:
    (folder / "whole").write_bytes(content)
    return folder / "whole"


def test_a_checkpoint_of_another_version_is_refused(tmp_path):
    run(MODELS["MADE"], tmp_path / "c", steps=7)
    content = torch.load(tmp_path / "c", weights_only=True)
    torch.save(content | {"dgmlib": "0.0.0"}, tmp_path / "c")
    with pytest.raises(ValueError, match=r"of format 1 and version 0\.0\.0 of dgmlib, wanted 1 and"):
        run(MODELS["MADE"], tmp_path / "c", steps=7)


def test_a_folder_that_is_not_there_is_named_before_the_first_update(tmp_path):
    with pytest.raises(OSError, match=r"can't be written: there is no folder .*nowhere: '.*nowhere/c'"):
        run(MODELS["MADE"], tmp_path / "nowhere" / "c")


def test_a_full_disk_is_named_and_the_last_checkpoint_stays(tmp_path):
    path = tmp_path / "c"
    run(MODELS["MADE"], path, steps=7)
    before = path.read_bytes()
    with largest_file(len(before) // 2), pytest.raises(OSError, match=r"can't be written: File too large: '.*/c'"):
        run(MODELS["MADE"], path, steps=60)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["c"]
    assert same(run(MODELS["MADE"], path, steps=60), run(MODELS["MADE"], None, steps=60))


def test_a_checkpoint_that_could_not_be_read_is_not_relied_on(tmp_path):
    """A schedule of one's own whose state is no plain data: known at once, not when it is needed."""

    class Own(SCHEDULES.LRScheduler):
        def __init__(self, optimizer):
            self.friend = Path("friend")
            super().__init__(optimizer)

        def get_lr(self):
            return self.base_lrs

    with pytest.raises(ValueError, match="a checkpoint could not be read again"):
        run(MODELS["MADE"], tmp_path / "c", schedule=Own)
    assert not (tmp_path / "c").exists()


def test_saves_are_as_rare_as_was_asked(tmp_path, monkeypatch):
    saves, clock = [], iter(range(10**6))
    monkeypatch.setattr(training, "write_whole", lambda path, content: saves.append(json.dumps(next(clock))))
    monkeypatch.setattr(training.time, "monotonic", lambda: 2.0 * next(clock))
    run(MODELS["MADE"], tmp_path / "c", steps=60, check_every=1, save_every=10**9)
    assert len(saves) == 2  # the first check and the last
    run(MODELS["MADE"], tmp_path / "c", steps=60, check_every=1, save_every=0)
    assert len(saves) == 2 + 61
