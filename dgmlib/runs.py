"""Runs: folders that hold all of one training, from its settings to the weights that it ended with.

=====================  =================================================================================================
``run.json``           the settings, the data's protocol and alphabet, the versions of the library and of torch
``checkpoint.pt``      what :func:`dgmlib.train.fit` needs to go on
``history.json``       its losses so far, nats per example
``model.safetensors``  the best weights, written when it has ended; :func:`dgmlib.models.load` reads them
=====================  =================================================================================================

The command line (``python -m dgmlib``) is a shell around this module.
"""

import inspect
import io
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from dgmlib import __version__, data, models
from dgmlib.data import Alphabet, Dataset
from dgmlib.files import remove_parts, write_whole
from dgmlib.likelihood import bits_per_dim, nll, standard_error, to_bits
from dgmlib.model import AutoregressiveModel, check_counts
from dgmlib.train import History, choose_device, fit, to_tensorboard, together

PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16}
SCHEDULES = ("constant", "cosine")
STEPS = inspect.signature(fit).parameters["steps"].default
SEEDS = 2**64  # torch's generators take as many
FILES = ("run.json", "checkpoint.pt", "history.json", "model.safetensors")
# As for a checkpoint: a run may go on for longer than was planned.
MAY_CHANGE = {"training.steps", "training.patience", "training.save_every"}


@dataclass(frozen=True)
class Settings:
    """All that decides what a run learns.

    Args:
        model: name of a class of ``dgmlib.models``.
        data: name of a data set, one of :func:`dgmlib.data.catalogue`.
        options: those of the model's constructor; shape, values and classes follow from the data.
        data_options: those of the data set's function.
        conditional: whether the model is told the labels.
        training: options of :func:`dgmlib.train.fit` that are numbers, such as ``steps`` and ``lr``.
        schedule: "constant", or "cosine": the step size falls to zero along half a cosine.
        warmup: updates over which the step size first rises, evenly, to ``lr``.
        precision: "float32"; or "bfloat16", in which torch.autocast computes where that is safe.
        seed: of the first weights, of dropout and of the mini-batches.

    Raises:
        ValueError: if a name is unknown, ``warmup`` is negative, or ``seed`` is not from 0 to 2**64 - 1.

    Example:
        >>> settings = Settings("FVSBN", "digits", data_options={"binarize": True}, training={"steps": 100})
        >>> settings.schedule
        'constant'
    """

    model: str
    data: str
    options: dict = field(default_factory=dict)
    data_options: dict = field(default_factory=dict)
    conditional: bool = False
    training: dict = field(default_factory=dict)
    schedule: str = "constant"
    warmup: int = 0
    precision: str = "float32"
    seed: int = 0

    def __post_init__(self):
        known = {
            "model": [name for name in models.__all__ if name != "load"],
            "data": data.catalogue(),
            "schedule": SCHEDULES,
            "precision": PRECISIONS,
        }
        for name, wanted in known.items():
            if getattr(self, name) not in wanted:
                raise ValueError(f"{name}: got {getattr(self, name)!r}, wanted one of {', '.join(wanted)}")
        check_counts(0, warmup=self.warmup, seed=self.seed)
        if self.seed >= SEEDS:
            raise ValueError(f"seed: got {self.seed}, wanted an integer of at most {SEEDS - 1}")


@dataclass(frozen=True)
class Score:
    """How well a run's model predicts a split; each error is one standard error.

    Attributes:
        split: "valid" or "test".
        examples: how many it has.
        nats: negative log-likelihood, nats per example.
        nats_error: its standard error.
        bits: bits per dimension, or per character of a text; of a text that ends early, its end counts as one.
        bits_error: its standard error.
        unit: "dimension" or "character".

    Example:
        >>> Score("test", 297, 62.1, 0.5, 1.4, 0.011, "dimension").unit
        'dimension'
    """

    split: str
    examples: int
    nats: float
    nats_error: float
    bits: float
    bits_error: float
    unit: str


class Run:
    """A run's folder, opened to use what it learnt.

    Args:
        folder: where :func:`train` wrote.

    Attributes:
        settings: its :class:`Settings`.
        protocol: how its data were split and binarised.
        ended: whether it was trained to its end.
        alphabet: of a text; ``None`` for images.

    Raises:
        ValueError: if the folder's ``run.json`` is damaged.
        OSError: if there is none.

    Example:
        >>> import tempfile
        >>> settings = Settings("FVSBN", "digits", data_options={"binarize": True}, training={"steps": 20})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     history = train(folder, settings, device="cpu")
        ...     run = Run(folder)
        ...     score = run.evaluate("valid")
        >>> run.settings.model, score.examples, abs(score.nats - history.valid[-1]) < 1e-4
        ('FVSBN', 300, True)
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        try:
            said = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
            self.settings, self.version = Settings(**said["settings"]), said["dgmlib"]
            self.protocol, ended, alphabet = said["protocol"], said["ended"], said["alphabet"]
            self.alphabet = None if alphabet is None else Alphabet(**alphabet)
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{folder}: no run: it holds no run.json") from error
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{folder}/run.json: damaged, or no run's: {error}") from error
        self.weights = self.folder / "model.safetensors"
        self.ended = ended and self.weights.exists()

    def model(self, device: str = "cpu") -> AutoregressiveModel:
        """The model with its best weights, ready to predict.

        Args:
            device: as for :func:`dgmlib.train.choose_device`.

        Raises:
            ValueError: if there are no weights yet, they are damaged, or the device is not there.

        Example:
            >>> import tempfile
            >>> settings = Settings("Table", "given_names", {"memory": 1, "shared": True}, training={"steps": 5})
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     history = train(folder, settings, device="cpu")
            ...     Run(folder).model().sample(2).shape
            torch.Size([2, 12])
        """
        device = choose_device(device)
        if not self.weights.exists():
            raise ValueError(f"{self.folder}: has no weights yet: give its train command again, to train it to its end")
        return getattr(models, self.settings.model).load(self.weights).to(device)

    def evaluate(self, split: str = "test", device: str = "cpu", batch_size: int = 500) -> Score:
        """Measure the model on a split of its data: choose on ``valid``, report ``test`` once.

        Args:
            split: "valid" or "test".
            device: as for :func:`dgmlib.train.choose_device`.
            batch_size: examples that are evaluated at once.

        Raises:
            ValueError: if an argument is out of its range, or the data are not those that it was trained on.

        Example:
            >>> import tempfile
            >>> settings = Settings("Table", "given_names", {"memory": 1, "shared": True}, training={"steps": 5})
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     history = train(folder, settings, device="cpu")
            ...     score = Run(folder).evaluate("test")
            >>> score.unit, score.examples
            ('character', 516)
        """
        if split not in ("valid", "test"):
            raise ValueError(f"split: got {split!r}, wanted 'valid' or 'test'")
        model, dataset = self.model(device), load_data(self.settings)
        if dataset.protocol != self.protocol:
            raise ValueError(f"{self.folder}: trained on {self.protocol!r}, but the data are {dataset.protocol!r} now")
        x = getattr(dataset, split)
        each = log_prob(model, x, getattr(dataset.labels, split) if self.settings.conditional else None, batch_size)
        nats, error = nll(each), standard_error(each)
        if self.alphabet is None:
            bits = bits_per_dim(nats, model.dims), bits_per_dim(error, model.dims)
            return Score(split, len(x), nats, error, *bits, "dimension")
        characters = _characters(self.alphabet, x).double()
        per_text, cost = characters.mean().item(), to_bits(-each)
        rate = cost.mean().item() / per_text
        spread = standard_error(cost - rate * characters) / per_text  # of a ratio of two means
        return Score(split, len(x), nats, error, rate, spread, "character")

    def to_tensor(self, content: bytes) -> tuple[Tensor, dict]:
        """Read a file as examples of the model, with a note that :meth:`to_content` needs to write the same bytes.

        Args:
            content: a ``.npy`` file of integers, shape ``(N, *event_shape)``. For a run on texts also text: a name a
                line; or one long text, which is cut into windows, the last of which is filled up.

        Raises:
            ValueError: if it is neither, or would not come back byte for byte.

        Example:
            >>> import tempfile
            >>> settings = Settings("Table", "given_names", {"memory": 1, "shared": True}, training={"steps": 5})
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     history = train(folder, settings, device="cpu")
            ...     x, note = Run(folder).to_tensor(b"anna\\nbo\\n")
            >>> x.shape, note
            (torch.Size([2, 12]), {'kind': 'lines', 'last_newline': True})
        """
        if not content:
            raise ValueError("the file is empty, wanted at least one example")
        if content.startswith(np.lib.format.MAGIC_PREFIX):
            x, note = _from_npy(content)
        elif self.alphabet is None:
            raise ValueError(f"wanted a .npy file, as numpy.save writes it: {self.settings.data} are no texts")
        elif self.alphabet.end is None:
            x, note = self._from_text(content)
        else:
            x, note = self._from_lines(content)
        if self.to_content(x, note) != content:
            raise ValueError("would not come back byte for byte: load it and save it again, with numpy.save")
        return x, note

    def to_content(self, x: Tensor, note: dict) -> bytes:
        """Write the file that :meth:`to_tensor` read.

        Args:
            x: the examples.
            note: as :meth:`to_tensor` gave it; an empty one stands for a ``.npy`` file of int64.

        Raises:
            ValueError: if it is no such note.

        Example:
            >>> import tempfile
            >>> settings = Settings("Table", "given_names", {"memory": 1, "shared": True}, training={"steps": 5})
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     history = train(folder, settings, device="cpu")
            ...     run = Run(folder)
            ...     run.to_content(*run.to_tensor(b"anna\\nbo"))
            b'anna\\nbo'
        """
        write = {
            "npy": lambda dtype="<i8", fortran_order=False: to_npy(x, dtype, fortran_order),
            "lines": lambda last_newline: ("\n".join(self.alphabet.decode(x)) + "\n" * last_newline).encode(),
            "text": lambda length: self.alphabet.decode(x.flatten()[:length]).encode(),
        }
        try:
            return write[note.get("kind", "npy")](**{k: v for k, v in note.items() if k not in ("kind", "cond")})
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"note: got {note!r}, wanted one that a run on {self.settings.data} wrote") from error

    def _from_lines(self, content: bytes) -> tuple[Tensor, dict]:
        lines = _text(content).split("\n")
        last_newline = lines[-1] == ""
        rows = []
        for number, line in enumerate(lines[: len(lines) - last_newline], 1):
            try:
                rows.append(self.alphabet.encode(line))
            except ValueError as error:
                raise ValueError(f"line {number}: {str(error).removeprefix('text: ')}") from error
        return torch.stack(rows), {"kind": "lines", "last_newline": last_newline}

    def _from_text(self, content: bytes) -> tuple[Tensor, dict]:
        x = self.alphabet.encode(_text(content))
        size = self.settings.data_options["context_length"]
        filled = torch.cat([x, x.new_zeros(-len(x) % size)])
        return filled.view(-1, size), {"kind": "text", "length": len(x)}


def train(
    folder: str | Path,
    settings: Settings,
    *,
    device: str = "auto",
    tensorboard: bool = False,
    progress: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> History:
    """Train a model into a folder; a folder in which the same run was begun goes on from its checkpoint.

    A run that has ended is left as it is, unless it is given more ``steps`` or another ``patience``. Started by
    ``torchrun``, several processes share the work, and only the first reads the folder, writes and speaks.

    Args:
        folder: made where it is missing; it is written to from the first check on.
        settings: what to learn, and how.
        device: as for :func:`dgmlib.train.choose_device`.
        tensorboard: whether to write curves for TensorBoard into the folder.
        progress: show a bar instead of saying each check.
        say: called with each line that tells what happens.

    Raises:
        ValueError: if a setting is out of its range, or the folder holds another run; it names what differs.
        FloatingPointError: if the loss is no longer finite.
        MemoryError: if a batch does not fit into memory.
        OSError: if the folder can't be written, or the data can't be loaded.
        ImportError: if the data or TensorBoard need a package that is not installed.

    Example:
        >>> import tempfile
        >>> settings = Settings("Table", "given_names", {"memory": 1, "shared": True}, training={"steps": 5})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     history = train(folder, settings, device="cpu")
        ...     sorted(path.name for path in Path(folder).iterdir())
        ...     again = train(folder, settings, device="cpu", say=lambda line: print(line.split(": ")[1]))
        ['checkpoint.pt', 'history.json', 'model.safetensors', 'run.json']
        has ended
        >>> again == history
        True
    """
    folder, device = Path(folder), choose_device(device)
    settings = Settings(**json.loads(json.dumps(asdict(settings), sort_keys=True)))  # as run.json gives it back
    with together(device) as (rank, world):
        say = say if rank == 0 else lambda line: None
        begun, ended = _from_first(rank, world, lambda: _begun(folder, settings))
        if ended is not None:
            say(f"{folder}: has ended: {_best(ended)}")
            return ended
        dataset = load_data(settings)
        torch.manual_seed(settings.seed)
        model = make_model(settings, dataset).to(device)
        parameters = sum(p.numel() for p in model.parameters())
        where = f"{device}, {world} processes" if world > 1 else f"{device}"
        say(f"{settings.model} of {parameters:,} parameters on {settings.data} ({dataset.protocol}), {where}")
        files = {name: folder / name for name in FILES}
        if files["checkpoint.pt"].exists():
            say(f"goes on from {files['checkpoint.pt']}")
        curves = to_tensorboard(folder / "tensorboard") if tensorboard and rank == 0 else None

        def keep(history: History) -> None:
            if history.step[-1] == 0 or begun is None or begun.settings != settings:
                write_whole(files["run.json"], _record(settings, dataset, ended=False))
            write_whole(files["history.json"], json.dumps(asdict(history) | {"best": history.best}).encode())

        def on_check(history: History) -> None:
            keep(history)
            if curves is not None:
                curves(history)
            if not progress:
                step, *losses = (column[-1] for column in (history.step, history.train, history.valid))
                say("update {:>6}: train {:.3f}, valid {:.3f} nats per example".format(step, *losses))

        new = [f for f in (folder, *folder.parents) if not f.exists()] if rank == 0 else []
        try:
            if rank == 0:
                folder.mkdir(parents=True, exist_ok=True)
                for path in files.values():
                    remove_parts(path)
            history = fit(
                model,
                *_examples(settings, dataset, device),
                **settings.training,
                schedule=_schedule(settings),
                precision=PRECISIONS[settings.precision],
                checkpoint=files["checkpoint.pt"],
                on_check=on_check if rank == 0 else None,
                progress=progress,
                generator=torch.Generator().manual_seed(settings.seed),
            )
        except BaseException:
            for made in new:  # a run that did not begin leaves nothing
                if made.exists() and not any(made.iterdir()):
                    made.rmdir()
            raise
        if _steps(settings) < history.step[-1]:  # it came too late to have fewer
            settings = _with_steps(settings, history.step[-1])
        if rank == 0:
            keep(history)  # a run that was killed after its last checkpoint has no check left to tell of
            model.save(files["model.safetensors"])
            write_whole(files["run.json"], _record(settings, dataset, ended=True))
        say(f"{_best(history)}; weights in {files['model.safetensors']}")
    return history


def load_data(settings: Settings) -> Dataset:
    """Load the data set of some settings.

    Raises:
        ValueError: if an option is unknown or out of its range, or the model is to be told labels that there aren't.

    Example:
        >>> load_data(Settings("FVSBN", "digits", data_options={"binarize": True})).values
        2
    """
    try:
        dataset = data.load(settings.data, **settings.data_options)
    except TypeError as error:
        raise ValueError(str(error)) from error
    if not dataset.event_shape:
        raise ValueError(f"context_length: got None, wanted the length of the windows that {settings.data} is cut into")
    if settings.conditional and dataset.labels is None:
        raise ValueError(f"conditional: got True, wanted False: {settings.data} has no labels")
    return dataset


def make_model(settings: Settings, dataset: Dataset) -> AutoregressiveModel:
    """Make the model of some settings, untrained, for a data set.

    Raises:
        ValueError: if an option is unknown or out of its range, or the model is none for such data.

    Example:
        >>> settings = Settings("PixelCNN", "digits", {"hidden": 4}, conditional=True)
        >>> make_model(settings, load_data(settings)).classes
        10
    """
    options = dict(settings.options)
    if settings.conditional:
        options["classes"] = 1 + max(int(labels.max()) for labels in dataset.labels)
    try:
        return getattr(models, settings.model)(dataset.event_shape, dataset.values, **options)
    except TypeError as error:
        raise ValueError(f"options: {settings.model} does not take them: {error}") from error
    except ValueError as error:
        if str(error).partition(":")[0] in options:
            raise
        raise ValueError(f"data: {settings.model} does not fit {settings.data}: {error}") from error


@torch.no_grad()
def log_prob(model: AutoregressiveModel, x: Tensor, cond: Tensor | None = None, batch_size: int = 500) -> Tensor:
    """Log-probability of each example, nats, float64 on the CPU, shape ``(N,)``; computed in parts.

    Args:
        model: in the mode in which it is to predict.
        x: examples, on any device.
        cond: their classes, for a model with classes only.
        batch_size: examples in a part.

    Raises:
        ValueError: if ``x`` is no batch of the model's events, or ``batch_size`` is not positive.

    Example:
        >>> log_prob(models.FVSBN((3,), 2), torch.zeros(1200, 3, dtype=torch.int64)).shape
        torch.Size([1200])
    """
    check_counts(batch_size=batch_size)
    tensors = (x,) if cond is None else (x, cond)
    parts = zip(*(t.split(batch_size) for t in tensors), strict=True)
    return torch.cat([model.log_prob(*(t.to(model.order.device) for t in part)).cpu().double() for part in parts])


def read_history(folder: str | Path) -> History:
    """Read a run's losses.

    Raises:
        ValueError: if they are damaged.
        OSError: if there are none.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     text = '{"step": [0], "train": [2.5], "valid": [2.75], "best": 0}'
        ...     _ = Path(folder, "history.json").write_text(text)
        ...     read_history(folder)
        History(step=[0], train=[2.5], valid=[2.75])
    """
    try:
        said = json.loads(Path(folder, "history.json").read_text(encoding="utf-8"))
        checks = list(zip(said["step"], said["train"], said["valid"], strict=True))
        if not checks or not all(isinstance(number, (int, float)) for check in checks for number in check):
            raise ValueError("wanted numbers, of at least one check")
        return History(*map(list, zip(*checks, strict=True)))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{folder}/history.json: damaged: {error}") from error


def to_npy(x: Tensor, dtype: str = "<i8", fortran_order: bool = False) -> bytes:
    """The bytes of a ``.npy`` file, as ``numpy.save`` writes it.

    Args:
        x: integers.
        dtype: numpy's name of the numbers in the file.
        fortran_order: whether the first index varies fastest.

    Example:
        >>> np.load(io.BytesIO(to_npy(torch.tensor([[0, 16]]), "|u1"))).tolist()
        [[0, 16]]
    """
    file = io.BytesIO()
    np.save(file, np.asarray(x.cpu().numpy().astype(dtype), order="F" if fortran_order else "C"))
    return file.getvalue()


def _from_npy(content: bytes) -> tuple[Tensor, dict]:
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"is cut off, or no .npy file of numbers: {error}") from error
    if array.dtype.kind not in "biu":
        raise ValueError(f"holds {array.dtype}, wanted integers")
    if array.size and array.max() > np.iinfo(np.int64).max:  # it would become a negative number
        raise ValueError(f"holds {array.max()}, wanted the model's values")
    fortran_order = array.flags.f_contiguous and not array.flags.c_contiguous
    note = {"kind": "npy", "dtype": array.dtype.str} | ({"fortran_order": True} if fortran_order else {})
    return torch.from_numpy(array.astype(np.int64, order="C")), note


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"is no text in UTF-8: {error}") from error


def _characters(alphabet: Alphabet, x: Tensor) -> Tensor:
    """How many characters of each text there are to predict: up to the first end symbol, and it."""
    if alphabet.end is None:
        return torch.full((len(x),), x.shape[1])
    inside = (x != alphabet.symbols.index(alphabet.end)).cumprod(1).sum(1)
    return (inside + 1).clamp(max=x.shape[1])


def _examples(settings: Settings, dataset: Dataset, device: torch.device) -> list:
    """What fit takes, on the device. A long text is learnt from all of its windows, wherever they begin."""
    train, valid = dataset.train, dataset.valid
    size = settings.data_options.get("context_length")
    if size is not None:
        whole = data.load(settings.data, **{**settings.data_options, "context_length": None})
        return [whole.train.to(device).unfold(0, size, 1), valid.to(device)]
    if not settings.conditional:
        return [train.to(device), valid.to(device)]
    pairs = (train, dataset.labels.train), (valid, dataset.labels.valid)
    return [tuple(t.to(device) for t in pair) for pair in pairs]


class _StepSize:
    """The factor of lr after so many updates; its attributes are what a checkpoint compares."""

    def __init__(self, warmup: int, steps: int | None):
        self.warmup, self.steps = warmup, steps

    def __call__(self, step: int) -> float:
        if step < self.warmup:
            return (step + 1) / (self.warmup + 1)
        if self.steps is None:
            return 1.0
        return (1 + math.cos(math.pi * min(1.0, (step - self.warmup) / max(1, self.steps - self.warmup)))) / 2


def _schedule(settings: Settings) -> Callable | None:
    if settings.schedule == "constant" and settings.warmup == 0:
        return None
    factor = _StepSize(settings.warmup, _steps(settings) if settings.schedule == "cosine" else None)
    return lambda optimizer: LambdaLR(optimizer, factor)


def _steps(settings: Settings) -> int:
    return settings.training.get("steps", STEPS)


def _with_steps(settings: Settings, steps: int) -> Settings:
    return replace(settings, training={**settings.training, "steps": steps})


def _record(settings: Settings, dataset: Dataset, ended: bool) -> bytes:
    """What run.json says."""
    record = {
        "dgmlib": __version__,
        "torch": torch.__version__,
        "ended": ended,
        "settings": asdict(settings),
        "protocol": dataset.protocol,
        "alphabet": None if dataset.alphabet is None else asdict(dataset.alphabet),
    }
    return (json.dumps(record, indent=2) + "\n").encode()


def _begun(folder: Path, settings: Settings) -> tuple[Run | None, History | None]:
    """The run that the folder holds, if any, and its losses, if it has ended and is not asked for more."""
    run = _same(folder, settings)
    if run is None or not run.ended or not (folder / "history.json").exists():
        return run, None
    history = read_history(folder)
    done = history.step[-1]
    fewer = _steps(settings) <= done and _with_steps(settings, done) == _with_steps(run.settings, done)
    return run, history if fewer or settings == run.settings else None


def _from_first(rank: int, world: int, find: Callable):
    """What the first process finds, or the error that it meets; the others may not see its disk."""
    found = [None, None]
    if rank == 0:
        try:
            found = [find(), None]
        except (ValueError, OSError) as error:
            found = [None, error]
    if world > 1:
        dist.broadcast_object_list(found)
    if found[1] is not None:
        raise found[1]
    return found[0]


def _same(folder: Path, settings: Settings) -> Run | None:
    """The run that the folder holds, if any; raises if it is another one."""
    if not (folder / "run.json").exists():
        return None
    run = Run(folder)
    there, here = ({"dgmlib": v, **_flat(asdict(s))} for v, s in ((run.version, run.settings), (__version__, settings)))
    free = MAY_CHANGE if settings.schedule == "constant" else MAY_CHANGE - {"training.steps"}
    names = [n for n in {**there, **here} if there.get(n) != here.get(n) and n not in free]
    for whole, parts in (("model", "options."), ("data", "data_options.")):
        if whole in names:  # then its options are others too
            names = [n for n in names if not n.startswith(parts)]
    if names:
        short = {n: n.removeprefix("training.").removeprefix("options.").replace("_options.", " ") for n in names}
        differ = "; ".join(f"{short[n]} {there.get(n)!r} there, {here.get(n)!r} here" for n in names)
        raise ValueError(f"{folder}: holds another run: {differ}. Train into another folder, or delete this one")
    return run


def _flat(nested: dict, above: str = "") -> dict:
    flat = {}
    for name, value in nested.items():
        flat |= _flat(value, f"{above}{name}.") if isinstance(value, dict) else {above + name: value}
    return flat


def _best(history: History) -> str:
    return f"best after {history.step[history.best]} updates, valid {history.valid[history.best]:.4f} nats per example"
