"""The command line: ``python -m dgmlib``. What it does is in :mod:`dgmlib.runs`; what it is told is read here.

A model's options, their kinds and their help come from its constructor and its docstring, so that one place knows them.
torch is imported where it is needed: ``--help`` and a mistyped option should not wait for it.
"""

import inspect
import json
import re
import sys
from dataclasses import asdict
from math import isqrt
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import click

from dgmlib import __version__

SHADES = " .:-=+*#%@"  # of a picture in a terminal, from paper to ink
WIDTH = 80
FROM_THE_DATA = {"event_shape", "values", "classes"}  # a model's arguments that nobody types
OF_FIT = (
    *("steps", "batch_size", "lr", "weight_decay", "clip"),
    *("check_every", "check_at_most", "patience", "save_every"),
)


# --------------------------------------------------------------------------------------------------------- the shell


class Option(click.Option):
    """An option that stands under a heading in the help, with its default."""

    def __init__(self, *args, heading: str = "Options", show_default: bool | str = True, **attributes):
        super().__init__(*args, show_default=show_default, **attributes)
        self.heading = heading


class Command(click.Command):
    """A command that turns every error that can be foreseen into one line: 2 is a wrong use, 1 any other error."""

    def format_options(self, context, formatter):
        sections = {}
        for parameter in self.get_params(context):
            record = parameter.get_help_record(context)
            if record is not None:
                sections.setdefault(getattr(parameter, "heading", "Options"), []).append(record)
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records)

    def invoke(self, context):
        try:
            return super().invoke(context)
        except BrokenPipeError:
            raise
        except (ValueError, OSError, ArithmeticError, ImportError, MemoryError, NotImplementedError) as error:
            raise _in_one_line(error, context) from error
        except RuntimeError as error:
            from dgmlib.model import out_of_memory

            if not out_of_memory(error):
                raise
            raise _in_one_line(MemoryError(), context) from error


def _in_one_line(error: Exception, context: click.Context) -> click.ClickException:
    """The library says 'name: got this, wanted that'; where the name is an option's, that option was used wrongly."""
    options = {p.name: p for p in context.command.params}
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, MemoryError) and not error.args:
        smaller = "--batch-size or model" if "batch_size" in options else "model"
        text = f"memory does not suffice: a smaller {smaller} may fit"
    name, _, rest = text.partition(": ")
    option = options.get(name)
    if isinstance(error, ValueError) and option is not None:
        return click.BadParameter(rest, context, option)
    if isinstance(error, OSError) and error.filename and error.strerror:
        return click.ClickException(f"{error.filename}: {error.strerror}")
    return click.ClickException(text)


def option(*names, **attributes):
    return click.option(*names, cls=Option, **attributes)


class Models(click.Group):
    """A command for each model of the library, made when it is asked for."""

    def list_commands(self, context):
        return sorted(_models())

    def get_command(self, context, name):
        known = {_letters(typed): typed for typed in _models()}
        if _letters(name) not in known:
            raise click.UsageError(f"no model is called {name!r}: wanted one of {', '.join(_models())}", context)
        typed = known[_letters(name)]
        return _train_command(typed, _models()[typed])


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="dgmlib", message="%(prog)s %(version)s")
def main():
    """Train autoregressive models, measure them, draw from them, and compress with them.

    \b
    python -m dgmlib train pixelcnn --data digits --out runs/pixelcnn
    python -m dgmlib evaluate runs/pixelcnn
    python -m dgmlib sample runs/pixelcnn --n 16 --out samples.png
    """


SEED = click.IntRange(0, 2**64 - 1)  # as many as torch's generators take
run_folder = click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
any_device = option("--device", default="auto", help="Where to compute: auto, cpu, cuda, cuda:1, mps.")
one_device = option("--device", default="cpu", help="Where to compute; the same kind must compress and decompress.")


# ------------------------------------------------------------------------------------------------------------- train


@main.group(cls=Models, subcommand_metavar="MODEL [OPTIONS]", short_help="Train a model, or go on with it.")
def train():
    """Train a model into a folder; the same command again goes on from where it was stopped.

    The options depend on the model: python -m dgmlib train MODEL --help

    \b
    python -m dgmlib train fvsbn --data digits --binarize --out runs/fvsbn
    python -m dgmlib train transformer --data tiny_shakespeare --context-length 64 --out runs/plays
    torchrun --nproc_per_node 2 -m dgmlib train pixelcnn --data mnist --out runs/mnist
    """


def _models() -> dict:
    """The models that can be trained by the names that are typed: GatedPixelCNN is gated-pixelcnn."""
    from dgmlib import models

    names = [name for name in models.__all__ if name not in ("load", "IntegerMADE")]
    return {re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "-", name).lower(): getattr(models, name) for name in names}


def _letters(name: str) -> str:
    """What counts of a model's name: gated-pixelcnn, gated_pixelcnn and GatedPixelCNN are one."""
    return re.sub("[-_]", "", name).lower()


def _train_command(name: str, model: type) -> click.Command:
    from dgmlib import runs
    from dgmlib.train import fit

    options = [p for p in _parameters(model) if p.name not in FROM_THE_DATA]
    of_model = [made for p in options if (made := _option(p, "Model")) is not None]
    of_fit = [_option(p, "Training") for p in _parameters(fit) if p.name in OF_FIT]
    own = _own_options()
    if all(p.name != "classes" for p in _parameters(model)):
        del own["Data"]["--conditional"]
    made = {heading: [Option([n], heading=heading, **a) for n, a in rows.items()] for heading, rows in own.items()}
    parameters = [*made["Data"], *of_model, *of_fit, *made["Training"], *made["Run"]]

    def callback(out, device, tensorboard, progress, **given):
        data_options = _data_options(given["data"], given["binarize"], given["context_length"], given["data_option"])
        settings = runs.Settings(
            model.__name__,
            given["data"],
            {p.name: given[p.name] for p in of_model},
            data_options,
            given.get("conditional", False),
            {n: given[n] for n in OF_FIT},
            *(given[n] for n in ("schedule", "warmup", "precision", "seed")),
        )
        progress = sys.stderr.isatty() if progress is None else progress
        try:
            runs.train(out, settings, device=device, tensorboard=tensorboard, progress=progress, say=click.echo)
        except KeyboardInterrupt:
            click.echo(f"stopped: the same command goes on from {out / 'checkpoint.pt'}", err=True)
            raise click.exceptions.Exit(130) from None

    docs = _prose(inspect.getdoc(model).split("\n\n")[0])
    return Command(name, params=parameters, callback=callback, help=docs, short_help=docs)


def _own_options() -> dict[str, dict[str, dict]]:
    """What no docstring knows of: heading, then name, then attributes of each option."""
    from dgmlib import data, runs

    return {
        "Data": {
            "--data": {"type": click.Choice(list(data.catalogue())), "required": True, "help": "What to learn from."},
            "--binarize": {"is_flag": True, "help": "Make pixels black or white; of pictures."},
            "--context-length": {
                "type": int,
                "help": "Cut one long text into windows of so many characters, 64 unless told otherwise; it is learnt "
                "from windows that begin anywhere.",
            },
            "--data-option": {
                "metavar": "NAME=VALUE",
                "multiple": True,
                "help": "Another option of the data set, such as split=blocks of digits or files=test of mnist.",
            },
            "--conditional": {"is_flag": True, "help": "Tell the model the labels."},
        },
        "Training": {
            "--schedule": {
                "type": click.Choice(runs.SCHEDULES),
                "default": "constant",
                "help": "How the step size changes: cosine lets it fall to zero at the last update.",
            },
            "--warmup": {"type": int, "default": 0, "help": "Updates over which the step size first rises to lr."},
            "--precision": {
                "type": click.Choice(list(runs.PRECISIONS)),
                "default": "float32",
                "help": "bfloat16 computes in it where that is safe.",
            },
            "--seed": {"type": SEED, "default": 0, "help": "Of the first weights, dropout and the mini-batches."},
        },
        "Run": {
            "--out": {
                "type": click.Path(file_okay=False, path_type=Path),
                "required": True,
                "help": "The run's folder.",
            },
            "--device": {"default": "auto", "help": "Where to compute: auto, cpu, cuda, cuda:1, mps."},
            "--tensorboard": {"is_flag": True, "help": "Write curves for TensorBoard into the folder."},
            "--progress/--no-progress": {
                "default": None,
                "show_default": "in a terminal",
                "help": "Show a bar instead of a line for each check.",
            },
        },
    }


def _data_options(name: str, binarize: bool, context_length: int | None, more: tuple[str, ...]) -> dict:
    """Options of a data set's function, in its own kinds."""
    from dgmlib import data

    wanted = inspect.signature(getattr(data, name)).parameters
    options = {}
    if binarize:
        if "binarize" not in wanted:
            raise ValueError(f"binarize: {name} holds no pictures")
        options["binarize"] = True if wanted["binarize"].default is False else "threshold"
    if "context_length" in wanted:
        options["context_length"] = 64 if context_length is None else context_length
    elif context_length is not None:
        raise ValueError(f"context_length: {name} is not one long text")
    for item in more:
        key, equals, value = item.partition("=")
        others = [n for n in wanted if n not in ("binarize", "context_length")]
        if not equals or key not in others:
            raise ValueError(f"data_option: got {item!r}, wanted NAME=VALUE; {name} has {', '.join(others) or 'none'}")
        kind = type(wanted[key].default)
        try:
            options[key] = kind(value)
        except ValueError as error:
            raise ValueError(f"data_option: got {item!r}, wanted a value of type {kind.__name__}") from error
    return options


# ----------------------------------------------------------------------------- options from signatures and docstrings


class Integers(click.ParamType):
    """Several positive integers with commas between them."""

    name = "integers"

    def convert(self, value, parameter, context):
        if isinstance(value, (tuple, list)):
            return tuple(value)
        try:
            return tuple(int(part) for part in value.split(","))
        except ValueError:
            self.fail(f"got {value!r}, wanted integers with commas between them, such as 500,500", parameter, context)


class OrNone(click.ParamType):
    """A value of another type, or ``none``."""

    def __init__(self, of: type):
        self.of = click.types.convert_type(of)
        self.name = self.of.name

    def convert(self, value, parameter, context):
        return None if value in (None, "none") else self.of.convert(value, parameter, context)


def _option(parameter: SimpleNamespace, heading: str) -> Option | None:
    """An option of the command line for an argument; ``None`` where it can't be typed, such as a tensor."""
    name, default, docs = parameter.name, parameter.default, parameter.docs
    dashed = name.replace("_", "-")
    quoted = re.findall(r'"(\w+)"', docs)
    scalars = [t for t in (int, float) if t in (get_args(parameter.annotation) or (parameter.annotation,))]
    common = {"heading": heading, "default": default, "help": _prose(docs)}
    if isinstance(default, bool):
        return Option([f"--{dashed}/--no-{dashed}"], **common)
    if isinstance(default, tuple):
        shown = ",".join(map(str, default))
        return Option([f"--{dashed}"], **{**common, "type": Integers(), "metavar": "N,N,...", "show_default": shown})
    if isinstance(default, str):
        return Option([f"--{dashed}"], type=click.Choice(quoted), **common)
    if not scalars:
        return None
    optional = type(None) in get_args(parameter.annotation)
    kind = OrNone(scalars[0]) if optional else scalars[0]
    return Option([f"--{dashed}"], **{**common, "type": kind, "show_default": "none" if default is None else True})


def _parameters(made) -> list[SimpleNamespace]:
    """What a function or constructor takes and its docstring says of it: each with name, default, annotation, docs.

    Where a docstring refers to another class ('those of'), and for ``**options``, the other class is asked.
    """
    from dgmlib import models

    docs, found = _arguments(made), []
    for parameter in inspect.signature(made).parameters.values():
        text = docs.get(parameter.name, "")
        other = re.match(r"those of :class:`(\w+)`", text)
        others = {p.name: p for p in _parameters(getattr(models, other[1]))} if other else {}
        if parameter.kind is parameter.VAR_KEYWORD:
            found += [p for p in others.values() if p.name not in {q.name for q in found} and p.name != "order"]
        elif parameter.name in others:
            found.append(others[parameter.name])
        else:
            found.append(
                SimpleNamespace(
                    name=parameter.name, default=parameter.default, annotation=parameter.annotation, docs=text
                )
            )
    return found


def _arguments(made) -> dict[str, str]:
    """What the section Args of a docstring says of each argument."""
    section = re.search(r"^Args:\n((?:    .*\n|\n)+)", inspect.getdoc(made) + "\n", re.MULTILINE)
    entries = re.findall(r"^    ([\w*, ]+): (.*(?:\n     .*)*)", section[1] if section else "", re.MULTILINE)
    return {n.strip(" *"): " ".join(text.split()) for names, text in entries for n in names.split(",")}


def _prose(text: str) -> str:
    """A docstring's text without its markup, as a sentence."""
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?([^`]*)`", r"\1", " ".join(text.split()))
    text = text.replace("``None``", "none").replace("``", "")
    return text[:1].upper() + text[1:] if re.match(r"[a-z]{2,}\b", text) else text


# --------------------------------------------------------------------------------------- evaluate, sample, compress


def _opened(folder: Path):
    from dgmlib.runs import Run

    run = Run(folder)
    if run.weights.exists() and not run.ended:
        click.echo(f"{folder}: goes on and has not ended: these are the weights of its end before", err=True)
    return run


@main.command(cls=Command, short_help="Measure a model on its data.")
@run_folder
@option("--split", type=click.Choice(["valid", "test"]), default="test", help="Choose on valid, report test once.")
@option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@option("--batch-size", type=int, default=500, help="Examples that are evaluated at once.")
@any_device
def evaluate(run, split, as_json, batch_size, device):
    """Measure the model in the folder RUN on its data: nats, and bits, each with one standard error."""
    opened = _opened(run)
    score = opened.evaluate(split, device, batch_size)
    if as_json:
        about = {"run": str(run), "model": opened.settings.model, "data": opened.settings.data}
        click.echo(json.dumps(about | {"protocol": opened.protocol} | asdict(score)))
        return
    click.echo(f"{opened.settings.model} on {opened.settings.data}, {split}: {score.examples:,} examples")
    click.echo(f"({opened.protocol})")
    for unit, mean, error in (
        ("nats per example", score.nats, score.nats_error),
        (f"bits per {score.unit}", score.bits, score.bits_error),
    ):
        click.echo(f"  {unit:20}{mean:10.4f} ± {error:.4f}")


@main.command(cls=Command, short_help="Draw pictures or texts from a model.")
@run_folder
@option("--n", type=int, default=16, help="How many.")
@option("--temperature", type=float, default=1.0, help="Divides the logits; at any value but 1, not the model's own.")
@option("--top-k", type=int, help="Draw from the k likeliest values only; not the model's own either.")
@option("--prefix", help="How each text begins.")
@option("--cond", type=int, help="The class, of a model that is told it; without it, each class in turn.")
@option("--seed", type=SEED, default=0)
@option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A .png of pictures, a .npy, or a .txt.")
@any_device
def sample(run, n, temperature, top_k, prefix, cond, seed, out, device):
    """Draw from the model in the folder RUN. Without --out, texts and pictures go to the terminal."""
    import torch

    from dgmlib.files import write_whole
    from dgmlib.runs import to_npy

    opened = _opened(run)
    suffix = "" if out is None else out.suffix.lower()
    if suffix not in ("", ".png", ".npy", ".txt"):
        raise ValueError(f"out: got {str(out)!r}, wanted a .png, .npy or .txt")
    if suffix == ".png" and opened.alphabet is not None:
        raise ValueError(f"out: got {str(out)!r}, wanted a text file: {opened.settings.data} are texts")
    model = opened.model(device)
    if prefix is not None:
        prefix = _prefix(opened, prefix)
    if cond is None and model.classes is not None and n > 0:
        cond = torch.arange(n) % model.classes
    generator = torch.Generator().manual_seed(seed)
    x = model.sample(n, prefix, temperature, generator, cond=cond, top_k=top_k).cpu()
    if suffix == ".png":
        write_whole(out, _png(x, model.values))
    elif suffix == ".npy":
        write_whole(out, to_npy(x))
    else:
        text = _pictures(x, model.values) if opened.alphabet is None else _texts(opened.alphabet, x)
        if out is None:
            click.echo(text)
        else:
            write_whole(out, f"{text}\n".encode())


def _prefix(run, text: str):
    """The values of a text's beginning, which is not filled up to any length."""
    from dgmlib.data import Alphabet

    if run.alphabet is None:
        raise ValueError(f"prefix: got {text!r}, wanted none: {run.settings.data} are no texts")
    try:
        return Alphabet(run.alphabet.symbols).encode(text)
    except ValueError as error:
        raise ValueError(f"prefix: {str(error).removeprefix('text: ')}") from error


def _texts(alphabet, x) -> str:
    """A name a line; long texts with a line between them."""
    between = "\n" if alphabet.end is not None else f"\n{'-' * WIDTH}\n"
    return between.join(alphabet.decode(x))


def _pictures(x, values: int) -> str:
    """Pictures in characters, as many side by side as fit; a pixel is two characters wide, the mean of its colours."""
    levels = (x.float().mean(1) * (len(SHADES) - 1) / (values - 1)).round().int()  # (N, H, W)
    columns = max(1, (WIDTH + 2) // (2 * levels.shape[2] + 2))
    rows = []
    for group in levels.split(columns):
        lines = group.transpose(0, 1).tolist()  # (H, pictures side by side, W)
        drawn = ["  ".join("".join(2 * SHADES[level] for level in part) for part in line) for line in lines]
        rows.append("\n".join(line.rstrip() for line in drawn))
    return "\n\n".join(rows)


def _png(x, values: int) -> bytes:
    """Pictures in a grid that is about a square."""
    from dgmlib import plot

    count, _, height, width = x.shape
    columns = -(-count // max(1, isqrt(count)))
    rows = -(-count // columns)
    inches = [0.05 * ((side + 1) * many - 1) for side, many in ((width, columns), (height, rows))]  # 8 dots a pixel

    def draw(ax, palette):
        plot.images(ax, x, columns, values).set_position((0, 0, 1, 1))
        ax.figure.set_layout_engine("none")

    return plot.Figure(draw, alt=f"{count} pictures that a model drew", size=inches).render("light", "png")


@main.command(cls=Command, short_help="Compress a file with a model.")
@run_folder
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option("--out", type=click.Path(dir_okay=False, path_type=Path), show_default="FILE.dgmc", help="Where to write.")
@option("--cond", type=int, help="The class of all that is in FILE, for a model that is told it.")
@one_device
def compress(run, file, out, cond, device):
    """Compress FILE with the model in the folder RUN.

    FILE is a .npy of integers, one example a row; or a text, for a model of texts. Decompressing needs the same run.
    """
    from dgmlib import compression
    from dgmlib.files import write_whole
    from dgmlib.likelihood import to_bits
    from dgmlib.runs import log_prob

    out = _not_there(file.with_name(f"{file.name}.dgmc")) if out is None else out
    opened, content = _opened(run), file.read_bytes()
    model = _told(opened.model(device), cond)
    try:
        x, note = opened.to_tensor(content)
        model.check_events("examples", x)
    except ValueError as error:
        raise click.ClickException(f"{file}: {error}") from error
    data = compression.compress(model, x, note if cond is None else {**note, "cond": cond})
    promised = to_bits(-log_prob(model, x).sum().item()) / 8
    write_whole(out, data)
    parts = compression.size(data)
    click.echo(
        f"{file}: {len(content):,} bytes; {out}: {parts.total:,} bytes (header {parts.header:,}, "
        f"payload {parts.payload:,}); the likelihood promises {promised:,.1f}"
    )


@main.command(cls=Command, short_help="Give a compressed file back.")
@run_folder
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), show_default="FILE less .dgmc", help="Where to write."
)
@one_device
def decompress(run, file, out, device):
    """Give back, byte for byte, what was compressed into FILE with the model in the folder RUN."""
    from dgmlib import compression
    from dgmlib.files import write_whole

    if out is None:
        if file.suffix != ".dgmc":
            raise ValueError(f"out: got none, wanted a name: {file.name} does not end with .dgmc")
        out = _not_there(file.with_suffix(""))
    opened, data = _opened(run), file.read_bytes()
    try:
        note = compression.read_about(data)
        x = compression.decompress(_told(opened.model(device), note.get("cond")), data)
        content = opened.to_content(x, note)
    except compression.CorruptFile as error:
        raise click.ClickException(f"{file}: {error}") from error
    write_whole(out, content)
    click.echo(f"{out}: {len(content):,} bytes")


def _told(model, cond: int | None):
    """A model with classes, told one; any other as it is."""
    if cond is None and model.classes is not None:
        raise ValueError(f"cond: got none, wanted a class 0..{model.classes - 1}: the model is told it")
    return model if cond is None else model.given(cond)


def _not_there(path: Path) -> Path:
    if path.exists():
        raise ValueError(f"out: got none, and {path} is there already: name a file")
    return path


if __name__ == "__main__":
    main(prog_name="python -m dgmlib")
