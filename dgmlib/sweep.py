"""A search for good hyper-parameters that may be killed, gone on with, and shared by several processes.

Optuna proposes and keeps the books; it comes with ``pip install "dgmlib[train]"``.
"""

import time
import warnings
from collections.abc import Callable
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import torch
from torch import Tensor

from dgmlib.model import AutoregressiveModel, check_counts
from dgmlib.train import History, fingerprint, fit

PAUSE = 0.2  # seconds between two looks at what other workers do


def sweep(
    build: Callable[..., tuple[AutoregressiveModel, dict]],
    train: Tensor | tuple[Tensor, Tensor],
    valid: Tensor | tuple[Tensor, Tensor],
    *,
    trials: int = 20,
    storage="sqlite:///sweep.db",
    name: str = "sweep",
    seed: int = 0,
    sampler=None,
    pruner=None,
    stale_after: int = 60,
):
    """Train models with different hyper-parameters, and look for those with the lowest validation loss.

    Each trial is one :func:`dgmlib.train.fit`; its value is the validation loss of its best check, nats per example.
    At every check a trial that does worse than half of the earlier ones did there is given up (pruned), and so is one
    whose loss is no longer finite.

    The books are in ``storage``: a sweep that was killed, called again, goes on to the same total, and so do several
    processes that call it at once. A trial that a dead process left behind is noticed by its missing heartbeat, and
    another takes its place.

    The lowest of many validation losses is lower than what it stands for: report the test loss of the chosen one, once.

    Args:
        build: called with a trial, whose ``suggest_float``, ``suggest_int`` and ``suggest_categorical`` give
            hyper-parameters; returns a model and the options of ``fit``. Called with ``study.best_trial`` it makes the
            best one again.
        train: examples to learn from, as ``fit`` takes them.
        valid: examples to compare by, likewise.
        trials: how many are to be finished or pruned, over all processes and calls.
        storage: where the books are: an address as Optuna takes it, such as ``sqlite:///sweep.db``, a file of the
            working directory; one of its storages; ``None`` keeps them in memory, for one process.
        name: of the study; a storage can keep several.
        seed: trial number i starts its weights, its mini-batches and its proposals from ``seed + i``.
        sampler: makes the proposals; ``None`` is Optuna's TPE.
        pruner: gives up; ``None`` is Optuna's median pruner, from the sixth trial on.
        stale_after: seconds without a heartbeat after which a process counts as dead, at least 2.

    Returns:
        Optuna's study, as soon as so many trials are finished; it has ``best_params``, ``best_value`` and ``trials``.

    Raises:
        ValueError: if an argument is out of its range, the study of this name is of other data, or as ``fit`` does.
        ImportError: if Optuna is not installed.

    Source:
        Akiba, Sano, Yanase, Ohta and Koyama (2019) for Optuna; Bergstra, Bardenet, Bengio and Kégl (2011) for TPE;
        Golovin et al. (2017) for the median rule.

    Example:
        >>> from dgmlib.models import NADE
        >>> x = torch.tensor([[0, 0, 0], [1, 1, 1]]).repeat(20, 1)
        >>> def build(trial):
        ...     model = NADE((3,), 2, hidden=trial.suggest_int("hidden", 1, 8))
        ...     return model, {"lr": trial.suggest_float("lr", 1e-3, 0.1, log=True), "steps": 50, "batch_size": 20}
        >>> study = sweep(build, x, x, trials=3, storage=None)
        >>> len(study.trials), sorted(study.best_params), 0.69 < study.best_value < 2.08
        (3, ['hidden', 'lr'], True)
    """
    try:
        import optuna
    except ImportError as error:
        raise ImportError('Optuna is not installed: pip install "dgmlib[train]"') from error
    check_counts(trials=trials), check_counts(0, seed=seed), check_counts(2, stale_after=stale_after)
    done = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    counted = (*done, optuna.trial.TrialState.RUNNING)

    def objective(trial) -> float:
        mine["number"], mine["error"] = trial.number, None
        if hasattr(books, "record_heartbeat"):  # before any other process can ask for it
            books.record_heartbeat(trial._trial_id)
        trial.set_user_attr("begun", True)
        if sum(t.number < trial.number for t in study.get_trials(deepcopy=False, states=counted)) >= trials:
            raise _Enough
        if sampler is None:  # its own numbers for each trial, whoever runs it
            study.sampler = optuna.samplers.TPESampler(seed=seed + trial.number)
        try:
            return _run(build, train, valid, trial, seed + trial.number)
        except Exception as error:
            mine["error"] = error
            raise

    mine = {}
    with _quiet(optuna):
        books = _open(optuna, storage, stale_after)
        study = optuna.create_study(
            study_name=name,
            storage=books,
            sampler=sampler,
            pruner=pruner or optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=1),
            direction="minimize",
            load_if_exists=True,
        )
        _check_same(study, train, valid)
        while True:
            _fail_dead(study, stale_after)
            found = study.get_trials(deepcopy=False, states=counted)
            if sum(t.state in done for t in found) >= trials:
                return study
            if len(found) >= trials:  # others are at the last ones: wait, for they may die
                time.sleep(PAUSE)
                continue
            try:
                study.optimize(objective, n_trials=1, catch=(_Enough,))
            except Exception as error:
                lost = study.trials[mine["number"]].state == optuna.trial.TrialState.FAIL
                if error is mine["error"] or not lost:
                    raise  # else this process slept so long that it counted as dead: the trial is done anew


class _Enough(Exception):
    """Another process was faster: enough trials are finished or running."""


def _run(build: Callable, train, valid, trial, seed: int) -> float:
    """One trial: its lowest validation loss."""
    from optuna import TrialPruned

    def check(history: History) -> None:
        trial.report(history.valid[-1], history.step[-1])
        if wanted is not None:
            wanted(history)
        if trial.should_prune():
            raise TrialPruned

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model, options = build(trial)
        options = {"generator": torch.Generator().manual_seed(seed), **options}
        wanted = options.pop("on_check", None)
        try:
            history = fit(model, train, valid, on_check=check, **options)
        except FloatingPointError as error:
            trial.set_user_attr("stopped", str(error))
            raise TrialPruned(str(error)) from error
    trial.set_user_attr("best_step", history.step[history.best])
    return history.valid[history.best]


def _open(optuna, storage, stale_after: int):
    """A storage; that of a database expects a heartbeat from every process."""
    if not isinstance(storage, str):
        return storage
    file = storage.partition("sqlite:///")[2].partition("?")[0]
    if file and not Path(file).absolute().parent.is_dir():
        raise ValueError(f"storage: got {storage!r}, wanted a file in a folder that exists")
    patient = {"connect_args": {"timeout": 60}} if file else {}  # of processes that write at the same time, one waits
    interval = max(1, stale_after // 4)
    for attempt in range(3):
        try:
            return optuna.storages.RDBStorage(
                storage, engine_kwargs=patient, heartbeat_interval=interval, grace_period=stale_after
            )
        except Exception:  # several processes that make the same tables at once: all but one fail
            if attempt == 2:
                raise
            time.sleep(PAUSE)


def _fail_dead(study, stale_after: int) -> None:
    """Give up the trials of processes that died, those included that died before their first heartbeat."""
    import optuna

    optuna.storages.fail_stale_trials(study)
    long_ago = datetime.now() - timedelta(seconds=stale_after)
    for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        if "begun" not in trial.user_attrs and trial.datetime_start < long_ago:
            with suppress(ValueError, RuntimeError):  # another process was faster
                study.tell(trial.number, state=optuna.trial.TrialState.FAIL)


def _check_same(study, train, valid) -> None:
    """Losses on other data are no losses to compare with."""
    sets = [data if isinstance(data, (tuple, list)) else (data,) for data in (train, valid)]
    digest = " ".join(fingerprint(*map(torch.as_tensor, tensors)) for tensors in sets)
    known = study.user_attrs.get("data")
    if known is None:
        study.set_user_attr("data", digest)
    elif known != digest:
        raise ValueError(f"name: got {study.study_name!r}, wanted another: the study of this name is of other data")


@contextmanager
def _quiet(optuna):
    """Optuna without its log and without warnings that its heartbeat is experimental."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)
