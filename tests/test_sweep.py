"""A sweep finds what is better, prunes what is worse, outlives its processes and is shared between them."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import torch

from dgmlib.likelihood import nll
from dgmlib.models import FVSBN, NADE
from dgmlib.sweep import _fail_dead, _quiet, sweep
from dgmlib.train import fit

optuna = pytest.importorskip("optuna")
REPOSITORY = Path(__file__).parents[1]
STATES = optuna.trial.TrialState
FAST = {"steps": 20, "batch_size": 20, "check_every": 10}


def pairs(n=60):
    """Four bits of which all agree."""
    return torch.randint(2, (n, 1), generator=torch.Generator().manual_seed(0)).expand(n, 4).contiguous()


def build(trial):
    return FVSBN((4,), 2), {"lr": trial.suggest_float("lr", 1e-5, 1.0, log=True), **FAST}


def states(study):
    return [t.state.name for t in study.trials]


def test_it_finds_the_better_step_size_and_its_value_is_that_of_fit():
    x = pairs()
    study = sweep(build, x, x, trials=6, storage=None, pruner=optuna.pruners.NopPruner())
    assert states(study) == ["COMPLETE"] * 6
    assert study.best_value == min(t.value for t in study.trials) < max(t.value for t in study.trials) - 0.5
    model, options = build(study.best_trial)
    generator = torch.Generator().manual_seed(study.best_trial.number)
    history = fit(model, x, x, generator=generator, **options)
    assert min(history.valid) == study.best_value == pytest.approx(nll(model.log_prob(x).detach()))
    assert study.best_trial.user_attrs["best_step"] == history.step[history.best]
    reported = study.best_trial.intermediate_values
    assert list(reported) == history.step and list(reported.values()) == history.valid


def test_it_is_the_same_again_and_leaves_the_generator_alone():
    def build(trial):
        torch.rand(3)
        return NADE((4,), 2, hidden=trial.suggest_int("hidden", 1, 9)), FAST

    x, state = pairs(), torch.get_rng_state()
    one, same, other = (sweep(build, x, x, trials=3, storage=None, seed=s) for s in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert [(t.params, t.value) for t in one.trials] == [(t.params, t.value) for t in same.trials]
    assert [t.value for t in one.trials] != [t.value for t in other.trials]
    assert len({t.params["hidden"] for t in one.trials}) > 1


def test_a_trial_that_is_worse_than_most_is_pruned():
    """The first five are good, and the median of their losses is known at every check; the sixth hardly moves."""

    def build(trial):
        return FVSBN((4,), 2), {"lr": 0.1 if trial.number < 5 else 1e-9, **FAST}

    x = pairs()
    study = sweep(build, x, x, trials=6, storage=None)
    assert states(study) == ["COMPLETE"] * 5 + ["PRUNED"]
    assert list(study.trials[5].intermediate_values) == [0, 10], "it was given up at the first check that could tell"
    patient = sweep(build, x, x, trials=6, storage=None, pruner=optuna.pruners.NopPruner())
    assert states(patient) == ["COMPLETE"] * 6


def test_a_loss_that_is_not_finite_prunes_the_trial_and_not_the_sweep():
    def build(trial):
        return FVSBN((4,), 2), {"lr": 1e308 if trial.number == 0 else 0.1, **FAST}

    x = pairs()
    study = sweep(build, x, x, trials=3, storage=None)
    assert states(study) == ["PRUNED", "COMPLETE", "COMPLETE"]
    assert "at update 1" in study.trials[0].user_attrs["stopped"]


def test_an_error_ends_the_sweep_and_does_not_count(tmp_path):
    storage, x = f"sqlite:///{tmp_path}/sweep.db", pairs()

    def fails(trial):
        if trial.number == 1:
            raise ZeroDivisionError("of the user")
        return build(trial)

    with pytest.raises(ZeroDivisionError, match="of the user"):
        sweep(fails, x, x, trials=3, storage=storage)
    study = sweep(fails, x, x, trials=3, storage=storage)
    assert states(study) == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]


def test_the_options_of_fit_reach_it():
    seen, x = [], pairs()

    def build(trial):
        return FVSBN((4,), 2), {**FAST, "on_check": lambda history: seen.append(history.step[-1])}

    sweep(build, x, x, trials=1, storage=None)
    assert seen == [0, 10, 20]


def test_it_is_quiet(capfd):
    before = optuna.logging.get_verbosity()
    sweep(build, pairs(), pairs(), trials=2, storage=None)
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == before


def test_bad_input_is_named(tmp_path, monkeypatch):
    x = pairs()
    for options, says in [
        ({"trials": 0}, "trials: got 0, wanted a positive integer"),
        ({"seed": -1}, "seed: got -1"),
        ({"stale_after": 1}, "stale_after: got 1, wanted an integer of at least 2"),
        ({"storage": f"sqlite:///{tmp_path}/none/sweep.db"}, "storage: got .* wanted a file in a folder that exists"),
    ]:
        with pytest.raises(ValueError, match=says):
            sweep(build, x, x, **{"trials": 1, "storage": None, **options})
    with pytest.raises(ValueError, match="train: got an empty batch"):
        sweep(build, x[:0], x, trials=1, storage=None)
    storage = f"sqlite:///{tmp_path}/sweep.db"
    assert len(sweep(build, x, x, trials=2, storage=storage).trials) == 2
    assert len(sweep(build, x, x, trials=1, storage=storage).trials) == 2, "there were enough"
    with pytest.raises(ValueError, match="name: got 'sweep', wanted another: the study of this name is of other data"):
        sweep(build, 1 - x, x, trials=3, storage=storage)
    assert len(sweep(build, 1 - x, x, trials=1, storage=storage, name="another").trials) == 1
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match=r'Optuna is not installed: pip install "dgmlib\[train\]"'):
        sweep(build, x, x, trials=1)


def test_the_books_are_kept_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sweep(build, pairs(), pairs(), trials=1)
    assert Path("sweep.db").exists()


WORKER = """
    import sys, time
    import torch
    from dgmlib.models import FVSBN
    from dgmlib.sweep import sweep

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    x = torch.randint(2, (60, 1), generator=torch.Generator().manual_seed(0)).expand(60, 4).contiguous()
    storage, trials, hangs, pause = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])

    def build(trial):
        print(trial.number, flush=True)
        time.sleep(1000 if trial.number == hangs else pause)
        lr = trial.suggest_float("lr", 1e-5, 1.0, log=True)
        return FVSBN((4,), 2), {"lr": lr, "steps": 20, "batch_size": 20, "check_every": 10}

    sweep(build, x, x, trials=trials, storage=storage, stale_after=5)
"""


def worker(storage, trials, hangs=-1, pause=0.0):
    command = [
        sys.executable,
        "-W",
        "error",
        "-c",
        textwrap.dedent(WORKER),
        storage,
        str(trials),
        str(hangs),
        str(pause),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_sweep_that_was_killed_goes_on_to_the_same_total(tmp_path):
    storage, x = f"sqlite:///{tmp_path}/sweep.db", pairs()
    process = worker(storage, trials=4, hangs=2)
    while process.stdout.readline() != "2\n":
        assert process.poll() is None, process.stderr.read()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    left = optuna.load_study(study_name="sweep", storage=storage)
    assert states(left) == ["COMPLETE", "COMPLETE", "RUNNING"]
    study = sweep(build, x, x, trials=4, storage=storage, stale_after=5)
    assert states(study) == ["COMPLETE", "COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    assert [t.value for t in study.trials[:2]] == [t.value for t in left.trials[:2]]
    whole = sweep(build, x, x, trials=2, storage=None)
    assert [t.value for t in whole.trials] == [t.value for t in study.trials[:2]]


def test_processes_share_a_study(tmp_path):
    """Each trial is run by one of them, and together they finish exactly as many as were asked for."""
    storage = f"sqlite:///{tmp_path}/sweep.db"
    workers = [worker(storage, trials=8, pause=0.3) for _ in range(2)]
    outputs = [w.communicate(timeout=120) for w in workers]
    assert [w.returncode for w in workers] == [0, 0], outputs
    numbers = [[int(n) for n in out.split()] for out, _ in outputs]
    assert all(numbers) and not set(numbers[0]) & set(numbers[1]), numbers
    study = optuna.load_study(study_name="sweep", storage=storage)
    finished = [t for t in study.trials if t.state in (STATES.COMPLETE, STATES.PRUNED)]
    assert len(finished) == 8 and not study.get_trials(states=(STATES.RUNNING,))
    assert len({t.params["lr"] for t in finished}) == 8


def test_a_worker_waits_for_the_last_trials_of_others_and_takes_them_over(tmp_path):
    storage, x = f"sqlite:///{tmp_path}/sweep.db", pairs()
    process = worker(storage, trials=2, hangs=1)
    while process.stdout.readline() != "1\n":
        assert process.poll() is None, process.stderr.read()
    killed = []

    class Watch(optuna.samplers.RandomSampler):
        def before_trial(self, study, trial):
            killed.append(process.poll())

    timer = threading.Timer(1.0, lambda: (process.kill(), process.wait()))
    timer.start()
    study = sweep(build, x, x, trials=2, storage=storage, stale_after=5, sampler=Watch(seed=0))
    timer.join(), process.communicate()
    assert killed == [-signal.SIGKILL], "it began while the other was alive"
    assert states(study) == ["COMPLETE", "FAIL", "COMPLETE"]


def test_a_process_that_slept_through_its_own_death_goes_on(tmp_path):
    """While it slept, another one gave its trial up; what it found meanwhile is not counted twice."""
    storage, x = f"sqlite:///{tmp_path}/sweep.db", pairs()

    def asleep(trial):
        if trial.number == 1:
            optuna.load_study(study_name="sweep", storage=storage).tell(1, state=STATES.FAIL)
        return build(trial)

    study = sweep(asleep, x, x, trials=3, storage=storage)
    assert states(study) == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]


def test_who_died_before_the_first_heartbeat_is_noticed_too():
    study = optuna.create_study()
    study.ask(), study.ask().set_user_attr("begun", True)
    with _quiet(optuna):
        _fail_dead(study, 2)
        assert states(study) == ["RUNNING", "RUNNING"]
        time.sleep(0.01)
        _fail_dead(study, 0)
    assert states(study) == ["FAIL", "RUNNING"]
    assert study.trials[0].datetime_start > datetime.now() - timedelta(seconds=60)
