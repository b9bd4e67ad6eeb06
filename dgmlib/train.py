"""The training loop that the book shows, and what keeps a long run safe.

A run of :func:`fit` is decided by its arguments and by the states of two generators, its own and torch's. All of these
go into a checkpoint, so that a run that was killed, at whatever moment, goes on as if nothing had happened: on one CPU,
to the last bit.

Started by ``torchrun``, inside of :func:`together`, several processes share the work: each takes its part of every
mini-batch, and torch's DistributedDataParallel averages their gradients.
"""

import copy
import hashlib
import inspect
import io
import json
import math
import os
import pickle
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from traceback import clear_frames

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.lr_scheduler import ReduceLROnPlateau
from tqdm import tqdm

from dgmlib.files import remove_parts, write_whole
from dgmlib.likelihood import bits_per_dim, nll
from dgmlib.model import AutoregressiveModel, check_counts, out_of_memory

PART = 500  # examples that are evaluated at once, so that a set need not fit through the model as a whole


@dataclass
class History:
    """What :func:`fit` saw on its way, one entry a check.

    Attributes:
        step: number of updates before the check.
        train: negative log-likelihood of the training set, nats per example.
        valid: that of the validation set; the model ends with the weights of its minimum.

    Example:
        >>> History(step=[0, 50, 100], train=[3.0, 2.0, 1.0], valid=[3.0, 2.5, 2.7]).best
        1
    """

    step: list[int] = field(default_factory=list)
    train: list[float] = field(default_factory=list)
    valid: list[float] = field(default_factory=list)

    @property
    def best(self) -> int:
        """Index of the check with the lowest validation loss, the first of equals.

        Raises:
            ValueError: if there was no check yet.
        """
        if not self.valid:
            raise ValueError("valid: got no check, wanted at least one")
        return min(range(len(self.valid)), key=self.valid.__getitem__)


def fit(
    model: AutoregressiveModel,
    train: Tensor | tuple[Tensor, Tensor],
    valid: Tensor | tuple[Tensor, Tensor],
    *,
    steps: int = 2000,
    batch_size: int = 100,
    lr: float = 0.01,
    weight_decay: float = 0.0,
    optimizer: Callable = torch.optim.AdamW,
    schedule: Callable | None = None,
    clip: float | None = None,
    precision: torch.dtype | None = None,
    check_every: int = 50,
    check_at_most: int = 10_000,
    patience: int | None = 5,
    checkpoint: str | Path | None = None,
    save_every: float = 10.0,
    on_check: Callable[[History], None] | None = None,
    progress: bool = False,
    generator: torch.Generator | None = None,
) -> History:
    r"""Maximise the average log-likelihood of ``train`` on mini-batches, and stop by ``valid``.

    .. math:: \max_\theta \; \frac{1}{N} \sum_{n=1}^{N} \log p_\theta(x^{(n)})

    Every ``check_every`` updates, and after the last, both sets are evaluated. After ``patience`` checks without a new
    best validation loss, or after ``steps`` updates, the weights of the best check are put back. They are, too, when an
    error or Ctrl-C ends the run.

    Args:
        model: trained in place; ends in ``eval`` mode.
        train: examples to learn from, ``(N, *event_shape)``; for a model with classes, a pair of them and their
            classes, ``(N,)``. Best on the model's device; from elsewhere each batch is brought there. Data larger than
            memory may lie in a file: ``torch.from_numpy(numpy.load(path, mmap_mode="c"))``. The windows of one long
            text need no copies: ``text.unfold(0, T, 1)``.
        valid: examples to stop by, likewise; never the test set.
        steps: updates at the most.
        batch_size: examples in an update, drawn with replacement; of all processes together.
        lr: the optimizer's step size.
        weight_decay: every weight shrinks by this times ``lr`` in each update, apart from Adam's step (AdamW).
        optimizer: a class of ``torch.optim``, or what makes one: it is called with the parameters, ``lr`` and, if it
            knows of that, ``weight_decay``. ``functools.partial(torch.optim.SGD, momentum=0.9)`` gives it others.
        schedule: called with the optimizer, gives one of torch's schedules of the step size, which then moves on after
            each update (``ReduceLROnPlateau``: at each check, by the validation loss).
        clip: longer gradients are cut to this Euclidean norm.
        precision: ``torch.bfloat16`` lets torch.autocast compute in it where that is safe; weights stay in float32.
        check_every: updates between two checks.
        check_at_most: of a larger set, so many examples, spread evenly, are evaluated.
        patience: checks without progress before it stops; ``None`` goes on to the end.
        checkpoint: file to keep all that the run needs to go on; a run that finds it there goes on from it. Everything
            but ``steps``, ``patience`` and what only shows or saves must be as it was; of sets above 100 MB, ten
            thousand examples are compared.
        save_every: seconds between two checkpoints; the first and the last check always make one.
        on_check: called with the history after each check; what it raises ends the run.
        progress: show a bar with nats per example and bits per dimension.
        generator: source of the mini-batches; without one, a CPU generator seeded with 0.

    Raises:
        ValueError: if ``train`` or ``valid`` is no set of the model's events, an option is out of its range, ``train``
            has fewer examples than a batch, or the checkpoint is damaged or of another run.
        FloatingPointError: if the loss is no longer finite; it says at which update and where.
        MemoryError: if a batch does not fit into memory; it says how many examples do.
        OSError: if the checkpoint can't be written; it names the file.

    Source:
        Kingma and Ba (2015) for Adam; Loshchilov and Hutter (2019) for its weight decay; Prechelt (1998) for early
        stopping.

    Example:
        >>> from dgmlib.models import Table
        >>> x = torch.tensor([[0], [1], [1], [1]])
        >>> coin = Table((1,), 2)
        >>> history = fit(coin, x, x, batch_size=4)
        >>> round(coin.log_prob(torch.tensor([[1]])).exp().item(), 2)
        0.75
    """
    _check_tools(model, optimizer, schedule, precision, generator)
    train, valid = _Examples(model, "train", train), _Examples(model, "valid", valid)
    check_counts(steps=steps, batch_size=batch_size, check_every=check_every, check_at_most=check_at_most)
    check_counts(**({} if patience is None else {"patience": patience}))
    _check_rates(lr=lr, weight_decay=weight_decay, clip=clip, save_every=save_every)
    if batch_size > len(train):
        raise ValueError(f"batch_size: got {batch_size}, wanted at most the {len(train)} examples of train")
    rank, world = _place()
    if batch_size % world:
        raise ValueError(f"batch_size: got {batch_size}, wanted a multiple of the {world} processes")
    generator = generator or torch.Generator().manual_seed(0)
    optimizer = optimizer(model.parameters(), lr=lr, **_decay_of(optimizer, weight_decay))
    schedule = schedule and schedule(optimizer)
    run = _Run(model, optimizer, schedule, generator)
    if checkpoint is not None:
        how = {"batch_size": batch_size, "clip": clip, "check_every": check_every, "check_at_most": check_at_most}
        run.keep_in(checkpoint, save_every, train, valid, how | {"precision": str(precision), "processes": world})
    log_prob = model.log_prob if world == 1 else DistributedDataParallel(_LogProb(model))
    history = run.history

    def backpropagate(index: Tensor) -> Tensor:
        optimizer.zero_grad()
        with nullcontext() if precision is None else torch.autocast(model.order.device.type, precision):
            each = log_prob(*train[index])  # (B,), nats
        loss = -each.mean()
        if not math.isfinite(loss.item()):
            raise FloatingPointError(_where_not_finite(model, loss, each, index, step, lr))
        loss.backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        return loss if world == 1 else sum(_from_all(loss.item())) / world  # the same for optimizers that look at it

    def finished() -> bool:
        if not history.step:
            return False
        return history.step[-1] >= steps or len(history.valid) - 1 - history.best >= (patience or steps)

    begun, done = history.step[-1] if history.step else 0, finished()
    model.train()
    bar = tqdm(initial=begun, total=steps, unit=" updates", disable=not progress or rank > 0)
    try:
        for step in range(begun, max(steps, begun) + 1):
            if step not in history.step[-1:] and (step % check_every == 0 or step == steps):
                run.check(step, *(_evaluate(model, data, check_at_most, step, lr) for data in (train, valid)))
                if isinstance(schedule, ReduceLROnPlateau):
                    schedule.step(history.valid[-1])
                run.save(always=step == 0 or finished())
                bar.set_postfix_str(_in_words(history, model.dims))
                if on_check is not None:
                    on_check(history)
                model.train()
                done = finished()
            if done:
                break
            index = torch.randint(len(train), (batch_size,), generator=generator, device=generator.device)
            with _Memory() as memory:
                optimizer.step(partial(backpropagate, index[rank::world]))
            if memory.full:
                raise MemoryError(_what_fits(backpropagate, index[rank::world], batch_size))
            if schedule is not None and not isinstance(schedule, ReduceLROnPlateau):
                schedule.step()
            bar.update()
    finally:
        bar.close()
        model.load_state_dict(run.best)
        model.eval()
    return history


def choose_device(name: str = "auto") -> torch.device:
    """The device that a name means: ``auto`` is a CUDA device, else Apple's GPU (``mps``), else the CPU.

    Under ``torchrun``, ``auto`` and ``cuda`` are the CUDA device of this process.

    Args:
        name: ``auto``, or what torch calls a device: ``cpu``, ``cuda``, ``cuda:1``, ``mps``.

    Raises:
        ValueError: if it is no such name, or the device is not there.

    Example:
        >>> choose_device("cpu")
        device(type='cpu')
        >>> choose_device("cuda:999")
        Traceback (most recent call last):
        ValueError: device: got 'cuda:999', wanted one that is here: cpu
    """
    here = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    here += ["mps"] if torch.backends.mps.is_available() else []
    local = f"cuda:{os.environ.get('LOCAL_RANK', 0)}"
    chosen = {"auto": (local if "cuda:0" in here else here[-1]), "cuda": local}.get(name, name)
    if chosen not in here:
        raise ValueError(f"device: got {name!r}, wanted one that is here: {', '.join(here)}")
    return torch.device(chosen)


@contextmanager
def together(device: torch.device) -> Iterator[tuple[int, int]]:
    """Join the other processes that ``torchrun`` started, and leave them at the end; alone, do nothing.

    Inside, :func:`fit` shares its work with them. They talk by NCCL about tensors on CUDA, else by gloo.

    Args:
        device: where this process computes.

    Yields:
        The number of this process and how many there are; ``(0, 1)`` alone.

    Example:
        >>> with together(torch.device("cpu")) as (rank, world):
        ...     rank, world
        (0, 1)
    """
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        yield 0, 1
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield _place()
    finally:
        dist.destroy_process_group()


def to_tensorboard(folder: str | Path) -> Callable[[History], None]:
    """What :func:`fit` can call at its checks (``on_check``) to draw both curves in TensorBoard.

    Args:
        folder: where TensorBoard looks: ``tensorboard --logdir folder``.

    Raises:
        ImportError: if TensorBoard is not installed.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     to_tensorboard(folder)(History(step=[0], train=[3.0], valid=[3.1]))
        ...     len(list(Path(folder).iterdir()))
        1
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ImportError('TensorBoard is not installed: pip install "dgmlib[train]"') from error
    writer = []

    def write(history: History) -> None:
        if not writer:  # what a killed run wrote beyond its last checkpoint is replaced
            writer.append(SummaryWriter(str(folder), purge_step=history.step[-1]))
        for name in ("train", "valid"):
            writer[0].add_scalar(f"nats/{name}", getattr(history, name)[-1], history.step[-1])
        writer[0].flush()

    return write


class _Examples:
    """A set of the model's events, with their classes if it has some; checked once, in parts."""

    def __init__(self, model: AutoregressiveModel, name: str, data: Tensor | tuple[Tensor, Tensor]):
        data = data if isinstance(data, (tuple, list)) else (data,)
        if len(data) != 1 + (model.classes is not None):
            wanted = "a pair of examples and their classes" if model.classes else "examples alone"
            raise ValueError(f"{name}: got {len(data)} tensors, wanted {wanted}")
        x, *cond = data
        parts = x.split(2**16) if isinstance(x, Tensor) and x.dim() and len(x) else [x]
        for part in parts:
            model.check_events(name, part)
        self.tensors = (x, *(model._check_cond(c, len(x)) for c in cond))
        self.device = model.order.device

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, index: Tensor | slice) -> list[Tensor]:
        index_at = index.to if isinstance(index, Tensor) else lambda device: index
        return [t[index_at(t.device)].to(self.device, non_blocking=True) for t in self.tensors]


def fingerprint(*tensors: Tensor) -> str:
    """SHA-256 of a data set, as 64 hexadecimal digits.

    Args:
        tensors: examples along the first dimension. Of more than 100 MB, only the shape and ten thousand of them count.

    Example:
        >>> fingerprint(torch.zeros(3, 2)) == fingerprint(torch.zeros(2, 3))
        False
    """
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(f"{tuple(tensor.shape)} {tensor.dtype} ".encode())
        all_of_it = tensor.numel() * tensor.element_size() <= 10**8
        some = tensor if all_of_it else tensor[spread(len(tensor), 10_000).to(tensor.device)]
        digest.update(some.cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def spread(n: int, at_most: int) -> Tensor:
    """At most so many of the numbers 0..n-1, from the first to the last, evenly.

    Example:
        >>> spread(9, 5).tolist(), spread(3, 5).tolist()
        ([0, 2, 4, 6, 8], [0, 1, 2])
    """
    return torch.arange(n) if n <= at_most else torch.linspace(0, n - 1, at_most, dtype=torch.float64).round().long()


class _LogProb(nn.Module):
    """A model's log_prob as a forward pass, which is what DistributedDataParallel can follow."""

    def __init__(self, model: AutoregressiveModel):
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, *cond: Tensor) -> Tensor:
        return self.model.log_prob(x, *cond)


class _Run:
    """All that changes in the course of a run, and its checkpoint."""

    FORMAT = 1

    def __init__(self, model: AutoregressiveModel, optimizer, schedule, generator: torch.Generator):
        self.model, self.optimizer, self.schedule, self.generator = model, optimizer, schedule, generator
        self.history, self.best = History(), copy.deepcopy(model.state_dict())
        self.path, self.saved = None, 0.0

    def check(self, step: int, train: float, valid: float) -> None:
        self.history.step.append(step), self.history.train.append(train), self.history.valid.append(valid)
        if self.history.best == len(self.history.valid) - 1:
            self.best = copy.deepcopy(self.model.state_dict())

    def keep_in(self, path: str | Path, save_every: float, train: _Examples, valid: _Examples, how: dict) -> None:
        """Save from now on to ``path``; if it is there already, go on from it."""
        self.path, self.save_every = Path(path), save_every
        plan = {} if self.schedule is None else self.schedule.state_dict()
        self.settings = {
            "model": f"{type(self.model).__name__}, made with "
            + json.dumps(self.model._made_with, sort_keys=True, default=str),
            "dtype": str(next(self.model.parameters()).dtype),
            "train": fingerprint(*train.tensors),
            "valid": fingerprint(*valid.tensors),
            "optimizer": type(self.optimizer).__name__,
            **{f"optimizer's {name}": repr(value) for name, value in self.optimizer.defaults.items()},
            "schedule": self.schedule and type(self.schedule).__name__,
            **{f"schedule's {name}": repr(value) for name, value in plan.items()},
            **how,
        }
        content = _from_all(self._read() if _place()[0] == 0 else None)[0]  # the first process tells the others
        if content is not None:
            self._go_on_from(content)
            remove_parts(self.path)

    def save(self, always: bool) -> None:
        if self.path is None or not (always or time.monotonic() - self.saved >= self.save_every):
            return
        states = _from_all((torch.get_rng_state(), _device_state(self.model.order.device)))
        if _place()[0] == 0:
            content = {
                "format": self.FORMAT,
                "dgmlib": version("dgmlib"),
                "settings": self.settings,
                "model": self.model.state_dict(),
                "best": self.best,
                "optimizer": self.optimizer.state_dict(),
                "schedule": self.schedule and self.schedule.state_dict(),
                "generator": self.generator.get_state(),
                "torch": states,
                "history": asdict(self.history),
            }
            file = io.BytesIO()
            torch.save(content, file)
            if self.saved == 0:  # what can't be read again must not come to light only when it is needed
                try:
                    torch.load(io.BytesIO(file.getbuffer()), weights_only=True)
                except pickle.UnpicklingError as error:
                    raise ValueError(f"a checkpoint could not be read again: {error}") from error
            write_whole(self.path, file.getbuffer())
        self.saved = time.monotonic()

    def _read(self) -> dict | None:
        if not self.path.exists():
            return None
        try:
            with zipfile.ZipFile(self.path) as file:
                damaged = file.testzip()
            if damaged is not None:
                raise ValueError(f"checkpoint {self.path}: was changed after it was written: {damaged}")
            content = torch.load(self.path, map_location="cpu", weights_only=True)
            if content["format"] != self.FORMAT or content["dgmlib"] != version("dgmlib"):
                raise ValueError(
                    f"checkpoint {self.path}: of format {content['format']} and version {content['dgmlib']} of dgmlib, "
                    f"wanted {self.FORMAT} and {version('dgmlib')}"
                )
        except (zipfile.BadZipFile, pickle.UnpicklingError, RuntimeError, KeyError, TypeError) as error:
            raise ValueError(f"checkpoint {self.path}: cut off, or no checkpoint: {error}") from error
        return content

    def _go_on_from(self, content: dict) -> None:
        came, wanted = content["settings"], self.settings
        both = [name for name in came if name in wanted]  # of another optimizer, its name says enough
        others = [f"{name} {came[name]}, wanted {wanted[name]}" for name in both if came[name] != wanted[name]]
        if others:
            raise ValueError(f"checkpoint {self.path}: of another run: got {'; '.join(others)}")
        self.model.load_state_dict(content["model"])
        self.best = {name: t.to(self.model.order.device) for name, t in content["best"].items()}
        self.optimizer.load_state_dict(content["optimizer"])
        if self.schedule is not None:
            self.schedule.load_state_dict(content["schedule"])
        self.generator.set_state(content["generator"])
        cpu, device = content["torch"][_place()[0]]
        torch.set_rng_state(cpu)
        if device is not None and self.model.order.device.type == "cuda":
            torch.cuda.set_rng_state(device, self.model.order.device)
        elif device is not None and self.model.order.device.type == "mps":
            torch.mps.set_rng_state(device)
        self.history = History(**content["history"])


@torch.no_grad()
def _evaluate(model: AutoregressiveModel, data: _Examples, at_most: int, step: int, lr: float) -> float:
    """Nats per example of at most so many of a set, of which every process takes its part."""
    rank, world = _place()
    places = spread(len(data), at_most)[rank::world]
    model.eval()
    sums, start, size = [0.0, 0], 0, PART
    while start < len(places):
        part = places[start : start + size]
        with _Memory() as memory:
            log_prob = model.log_prob(*data[part])
        if memory.full:
            if size == 1:
                raise MemoryError("valid: a single example does not fit into memory: wanted a smaller model")
            size //= 2
            continue
        if log_prob.isnan().any():
            raise FloatingPointError(f"the loss is nan after {step} updates: a smaller lr than {lr} may help")
        sums[0] += nll(log_prob) * len(part)
        sums[1] += len(part)
        start += size
    totals = [sum(column) for column in zip(*_from_all(sums), strict=True)]
    return totals[0] / totals[1]


def _in_words(history: History, dims: int) -> str:
    """For a bar: the losses of the last check."""
    train, valid = history.train[-1], history.valid[-1]
    return f"train {train:.3f}, valid {valid:.3f} nats ({bits_per_dim(valid, dims):.3f} bits/dim)"


def _where_not_finite(model: AutoregressiveModel, loss: Tensor, each: Tensor, index: Tensor, step: int, lr) -> str:
    """What is wrong: the examples whose log-probability is not finite, and the parameters that are not."""
    bad = (~each.isfinite()).nonzero().flatten().cpu()
    examples = index.cpu()[bad].tolist() or index.tolist()
    examples = ", ".join(map(str, examples[:5])) + (", ..." if len(examples) > 5 else "")
    parameters = [name for name, p in model.named_parameters() if not p.isfinite().all()]
    blame = f"; not finite: {', '.join(parameters)}" if parameters else "; all parameters are finite"
    return (
        f"the loss is {loss.item()} at update {step}, on {len(bad)} of {len(each)} examples of the batch (in train: "
        f"{examples}){blame}; a smaller lr than {lr} may help"
    )


def _what_fits(backpropagate: Callable, index: Tensor, batch_size: int) -> str:
    """Say how many examples fit into memory, found by trying."""
    rows, per_process = len(index) // 2, len(index)
    while rows:
        with _Memory() as memory:
            backpropagate(index[:rows])
        if not memory.full:
            fits = rows * batch_size // per_process
            return f"batch_size: {batch_size} examples don't fit into memory, and {fits} do"
        rows //= 2
    return f"batch_size: {batch_size} examples don't fit into memory, nor does a single one: wanted a smaller model"


class _Memory:
    """Notes that memory did not suffice, and lets go of the error, which would keep what was computed alive."""

    full = False

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback) -> bool:
        self.full = isinstance(error, RuntimeError) and out_of_memory(error)
        if self.full:
            clear_frames(traceback)
        return self.full


def _place() -> tuple[int, int]:
    """The number of this process and how many there are."""
    there = dist.is_available() and dist.is_initialized()
    return (dist.get_rank(), dist.get_world_size()) if there else (0, 1)


def _from_all(mine) -> list:
    """What each process has, in the order of their numbers."""
    gathered = [mine] * _place()[1]
    if len(gathered) > 1:
        dist.all_gather_object(gathered, mine)
    return gathered


def _device_state(device: torch.device) -> Tensor | None:
    """The state of the device's own generator, from which dropout draws there."""
    if device.type == "cuda":
        return torch.cuda.get_rng_state(device)
    return torch.mps.get_rng_state() if device.type == "mps" else None


def _decay_of(optimizer: Callable, weight_decay: float) -> dict[str, float]:
    """The option for an optimizer that has it: their own defaults differ."""
    twice = sorted({"lr", "weight_decay"} & getattr(optimizer, "keywords", {}).keys())
    if twice:
        raise ValueError(f"optimizer: got one with {' and '.join(twice)} of its own, wanted that as an option of fit")
    if "weight_decay" in inspect.signature(optimizer).parameters:
        return {"weight_decay": weight_decay}
    if weight_decay:
        name = getattr(optimizer, "__name__", repr(optimizer))
        raise ValueError(f"weight_decay: got {weight_decay!r}, wanted 0: {name} has no such option")
    return {}


def _check_tools(model, optimizer, schedule, precision, generator) -> None:
    """Name what is no tool for training."""
    if not isinstance(model, AutoregressiveModel):
        raise ValueError(f"model: got {type(model).__name__}, wanted an AutoregressiveModel")
    if not any(p.requires_grad for p in model.parameters()):
        raise ValueError(f"model: got a {type(model).__name__} whose weights are all frozen, wanted some to train")
    for name, made, example in (
        ("optimizer", optimizer, "torch.optim.AdamW"),
        ("schedule", schedule, "functools.partial(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=2000)"),
    ):
        if not callable(made) and not (made is None and name == "schedule"):
            came = repr(made) if isinstance(made, str) else type(made).__name__
            raise ValueError(f"{name}: got {came}, wanted what makes one, such as {example}")
    if precision not in (None, torch.bfloat16):
        raise ValueError(f"precision: got {precision!r}, wanted None or torch.bfloat16")
    if not isinstance(generator, torch.Generator | None):
        raise ValueError(f"generator: got {generator!r}, wanted a torch.Generator")


def _check_rates(*, lr: float, weight_decay: float, clip: float | None, save_every: float) -> None:
    numbers = {"lr": lr, "clip": 1.0 if clip is None else clip, "weight_decay": weight_decay, "save_every": save_every}
    for name, number in numbers.items():
        least = "a positive number" if name in ("lr", "clip") else "a number of at least 0"
        good = isinstance(number, (int, float)) and not isinstance(number, bool)
        if not good or not (0 < number < float("inf") or (number == 0 and least != "a positive number")):
            raise ValueError(f"{name}: got {number!r}, wanted {least}")
