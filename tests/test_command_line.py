"""The command line: what it writes, that it goes on where it was stopped, and one clear line for every wrong use."""

import inspect
import io
import json
import math
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from matplotlib import image

from dgmlib import __main__ as command_line
from dgmlib import data, models, runs
from dgmlib.compression import read_about
from dgmlib.data import downloaded
from dgmlib.likelihood import bits_per_dim
from dgmlib.train import History, fit

MODELS = command_line._models()
PICTURES = ("train", "fvsbn", "--data", "digits", "--binarize", "--steps", "20", "--check-every", "10")


def call(*words):
    """Run a command in this process; an error that is no clear line comes through as itself."""
    result = CliRunner().invoke(command_line.main, [str(word) for word in words], prog_name="dgmlib")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return SimpleNamespace(code=result.exit_code, said=result.output, out=result.stdout, err=result.stderr)


def done(*words) -> str:
    result = call(*words)
    assert result.code == 0, result.said
    return result.said


def contents(folder) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def learnt(folder) -> tuple:
    """What a run came to, to the last bit."""
    return (
        models.load(folder / "model.safetensors").fingerprint(),
        *((folder / name).read_text() for name in ("run.json", "history.json")),
    )


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A run on binary digits."""
    folder = tmp_path_factory.mktemp("runs") / "pictures"
    done(*PICTURES, "--out", folder)
    return folder


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A run whose model is told the digits' classes."""
    folder = tmp_path_factory.mktemp("runs") / "told"
    options = ("--hidden", 4, "--layers", 1, "--steps", 40, "--lr", 0.1, "--check-at-most", 50)
    done("train", "pixelcnn", "--data", "digits", "--binarize", "--conditional", *options, "--out", folder)
    return folder


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "names"
    done("train", "rnn", "--data", "given_names", "--hidden", 8, "--cell", "gru", "--steps", 20, "--out", folder)
    return folder


@pytest.fixture(scope="module")
def plays(tmp_path_factory):
    """A run on one long text, of the right length and alphabet but made up."""
    folder = tmp_path_factory.mktemp("plays")
    symbols = np.frombuffer(b"\nabcdefg", np.uint8)
    text = symbols[np.random.RandomState(0).randint(len(symbols), size=1_115_394)].tobytes()
    (folder / "text.txt").write_bytes(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(downloaded, "_fetch", lambda name, path: folder / "text.txt")
        options = ("--context-length", 16, "--memory", 1, "--shared", "--steps", 3, "--check-at-most", 100)
        done("train", "table", "--data", "tiny_shakespeare", *options, "--out", folder / "run")
        yield folder / "run"


# -------------------------------------------------------------------------------------------------------------- help


def test_help_names_every_command_and_every_model():
    said = done("--help")
    for command in ("train", "evaluate", "sample", "compress", "decompress"):
        assert f"\n  {command} " in said
    said = done("train", "--help")
    for name in ("fvsbn", "nade", "made", "order-ensemble", "rnn", "transformer", "pixelcnn", "gated-pixelcnn"):
        assert f"\n  {name} " in said
    assert len(MODELS) == len(models.__all__) - 2 and set(MODELS) >= {"image-transformer", "rnade", "table"}


def test_help_and_the_version_do_not_wait_for_torch():
    script = (
        "import sys\nfrom dgmlib.__main__ import main\n"
        "for words in (['--help'], ['--version'], ['evaluate', '--help'], ['sample', '--help']):\n"
        "    main(words, standalone_mode=False)\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True).returncode == 0


@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_the_options_of_its_constructor_with_their_defaults_and_help(name):
    said = done("train", name, "--help")
    assert ":class:" not in said and "``" not in said
    with click.Context(click.Command("train")) as context:
        command = command_line._train_command(name, MODELS[name])
        options = {p.name: p for p in command.params}
        constructors = [MODELS[name], *([models.MADE] if name == "order-ensemble" else [])]
        arguments = {k: v for c in constructors for k, v in inspect.signature(c).parameters.items()}
        for argument in set(arguments) - {"event_shape", "values", "order", "classes", "options"}:
            assert f"--{argument.replace('_', '-')}" in said
            assert options[argument].help, f"{argument} has no help"
            assert options[argument].get_default(context) == arguments[argument].default
        assert ("conditional" in options) == ("classes" in arguments)
        for option in command_line.OF_FIT:
            assert options[option].get_default(context) == inspect.signature(fit).parameters[option].default


def test_choices_are_those_that_the_constructor_takes():
    chosen = {}
    for name, model in MODELS.items():
        for parameter in command_line._train_command(name, model).params:
            if isinstance(parameter.type, click.Choice) and parameter.heading == "Model":
                chosen[name, parameter.name] = parameter.type.choices
                for choice in parameter.type.choices:
                    model((1, 4, 4), 2, **{parameter.name: choice})
                with pytest.raises(ValueError, match=parameter.name):
                    model((1, 4, 4), 2, **{parameter.name: "another"})
                assert call("train", name, "--data", "digits", "--out", "x", f"--{parameter.name}", "another").code == 2
    assert list(chosen["rnn", "cell"]) == ["rnn", "gru", "lstm"]
    assert set(chosen) >= {("made", "activation"), ("transformer", "positions"), ("gated-pixelcnn", "output")}


@pytest.mark.parametrize("typed", ["gated-pixelcnn", "GatedPixelCNN", "gated_pixelcnn", "GATED-PIXELCNN"])
def test_a_model_is_known_by_the_name_of_its_class_too(typed):
    assert "Two stacks" in done("train", typed, "--help")


def test_no_two_models_have_the_same_letters():
    assert len({command_line._letters(name) for name in MODELS}) == len(MODELS)
    assert all(command_line._letters(model.__name__) == command_line._letters(n) for n, model in MODELS.items())


def test_options_reach_the_model(tmp_path):
    made = ("train", "made", "--data", "digits", "--binarize", "--steps", 1, "--check-at-most", 10, "--batch-size", 5)
    done(*made, "--hidden", "7,5", "--no-direct", "--activation", "sigmoid", "--out", tmp_path / "made")
    model = models.load(tmp_path / "made" / "model.safetensors")
    assert [layer.weight.shape for layer in model.layers] == [(7, 64), (5, 7)] and model.direct is None
    assert model.activation is torch.sigmoid


class Fits:
    """Stands in for :func:`dgmlib.train.fit` and keeps what it was called with."""

    def __call__(self, model, train, valid, **options):
        self.model, self.train, self.valid, self.options = model, train, valid, options
        return History([0], [1.0], [1.0])


@pytest.fixture
def fits(monkeypatch):
    fits = Fits()
    monkeypatch.setattr(runs, "fit", fits)
    return fits


DIGITS = ("--data", "digits", "--binarize")


def test_every_option_reaches_fit(fits, tmp_path):
    """None has its default, so that none that is forgotten is right by chance."""
    options = {
        "steps": 7,
        "batch_size": 9,
        "lr": 0.02,
        "weight_decay": 0.03,
        "clip": 0.5,
        "check_every": 3,
        "check_at_most": 77,
        "patience": 4,
        "save_every": 1.5,
    }
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    words += ["--schedule", "cosine", "--warmup", 2, "--precision", "bfloat16", "--seed", 5, "--progress"]
    done("train", "pixelcnn", *DIGITS, "--conditional", "--hidden", 4, "--layers", 1, *words, "--out", tmp_path)
    defaults = {n: p.default for n, p in inspect.signature(fit).parameters.items() if p.default is not inspect._empty}
    assert set(fits.options) == set(defaults) - {"optimizer"}
    assert {name: fits.options[name] for name in options} == options
    assert fits.options["precision"] is torch.bfloat16 and fits.options["progress"] is True
    assert fits.options["checkpoint"] == tmp_path / "checkpoint.pt" and callable(fits.options["on_check"])
    fresh = torch.Generator().manual_seed(5)
    assert torch.equal(fits.options["generator"].get_state(), fresh.get_state())
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.6)
    schedule, rates = fits.options["schedule"](optimizer), []
    for _ in range(8):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step(), schedule.step()
    cosine = [0.3 * (1 + math.cos(math.pi * k / 5)) for k in range(6)]
    assert rates == pytest.approx([0.2, 0.4, *cosine], abs=1e-12)
    assert not any(fits.options[name] == defaults[name] for name in fits.options)
    torch.manual_seed(5)
    wanted = models.PixelCNN((1, 8, 8), 2, hidden=4, layers=1, classes=10)
    assert type(fits.model) is models.PixelCNN and fits.model.fingerprint() == wanted.fingerprint()
    digits = data.load("digits", binarize=True)
    for split in ("train", "valid"):
        x, cond = getattr(fits, split)
        assert torch.equal(x, getattr(digits, split)) and torch.equal(cond, getattr(digits.labels, split))


def test_what_is_not_told_is_the_default_of_fit(fits, tmp_path):
    done("train", "fvsbn", *DIGITS, "--patience", "none", "--out", tmp_path)
    defaults = {n: p.default for n, p in inspect.signature(fit).parameters.items() if n in command_line.OF_FIT}
    wanted = {**defaults, "patience": None, "schedule": None, "precision": None, "progress": False}
    assert {name: fits.options[name] for name in wanted} == wanted
    torch.manual_seed(0)
    assert fits.model.fingerprint() == models.FVSBN((1, 8, 8), 2).fingerprint()
    digits = data.load("digits", binarize=True)
    assert torch.equal(fits.train, digits.train) and torch.equal(fits.valid, digits.valid)


@pytest.mark.parametrize(("words", "bar"), [((), True), (("--no-progress",), False), (("--progress",), True)])
def test_a_bar_is_shown_in_a_terminal(fits, tmp_path, monkeypatch, words, bar):
    with CliRunner().isolation():  # what sys.stderr is inside of call
        terminal = type(sys.stderr)
    monkeypatch.setattr(terminal, "isatty", lambda stream: True, raising=False)
    done("train", "fvsbn", *DIGITS, *words, "--out", tmp_path)
    assert fits.options["progress"] is bar


def test_every_setting_is_written_down(fits, tmp_path):
    words = ("--schedule", "cosine", "--warmup", 2, "--precision", "bfloat16", "--seed", 2**64 - 1, "--hidden", "7,5")
    done("train", "made", *DIGITS, "--data-option", "split=blocks", *words, "--lr", 0.5, "--out", tmp_path)
    said = json.loads((tmp_path / "run.json").read_text())["settings"]
    assert said["options"]["hidden"] == [7, 5] and said["training"]["lr"] == 0.5
    assert said["data_options"] == {"binarize": True, "split": "blocks"}
    wanted = {"schedule": "cosine", "warmup": 2, "precision": "bfloat16", "seed": 2**64 - 1, "conditional": False}
    assert {name: said[name] for name in wanted} == wanted


# ------------------------------------------------------------------------------------------------------------- train


def test_a_run_is_four_files(pictures):
    assert set(contents(pictures)) == {"run.json", "checkpoint.pt", "history.json", "model.safetensors"}
    said = json.loads((pictures / "run.json").read_text())
    assert said["settings"]["model"] == "FVSBN" and said["settings"]["training"]["steps"] == 20
    assert said["dgmlib"] == "0.1.0" and "1200/300/297" in said["protocol"] and said["ended"] is True
    history = json.loads((pictures / "history.json").read_text())
    assert history["step"] == [0, 10, 20] and history["best"] == 2
    assert history["valid"][0] == pytest.approx(64 * math.log(2), rel=1e-6) and history["valid"][2] < 40
    model, digits = models.load(pictures / "model.safetensors"), data.load("digits", binarize=True)
    assert -model.log_prob(digits.valid).mean().item() == pytest.approx(history["valid"][2], rel=1e-6)


def test_the_same_command_again_says_that_it_has_ended_and_touches_nothing(pictures):
    before = contents(pictures)
    assert "has ended: best after 20 updates" in done(*PICTURES, "--out", pictures)
    assert contents(pictures) == before


def interrupted(monkeypatch, *words):
    """A command that is stopped by the keyboard when it tells of update 20."""
    with monkeypatch.context() as patch:
        echo = click.echo

        def stop(line=None, **options):
            if "update     20" in str(line):
                raise KeyboardInterrupt
            echo(line, **options)

        patch.setattr(click, "echo", stop)
        return call(*words)


def test_a_stopped_command_goes_on_to_the_same_weights(tmp_path, monkeypatch):
    made = ("train", "made", "--data", "digits", "--binarize", "--hidden", "9", "--dropout", 0.3, "--save-every", 0)
    made = (*made, "--steps", 40, "--check-every", 10, "--lr", 0.02, "--schedule", "cosine", "--warmup", 5, "--out")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    done(*made, whole)
    stopped = interrupted(monkeypatch, *made, parts)
    assert stopped.code == 130 and "goes on from" in stopped.said and "Traceback" not in stopped.said
    assert not (parts / "model.safetensors").exists()
    unfinished = call("evaluate", parts)
    assert unfinished.code == 1 and "give its train command again" in unfinished.said
    said = done(*made, parts)
    assert "goes on from" in said and "update     20" not in said and "update     30" in said
    assert learnt(whole) == learnt(parts)


def test_more_steps_go_on_and_are_ended_only_at_their_end(tmp_path, monkeypatch):
    run = ("train", "fvsbn", "--data", "digits", "--binarize", "--check-every", 10, "--save-every", 0)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    done(*run, "--steps", 30, "--out", whole)
    done(*run, "--steps", 10, "--out", parts)
    assert interrupted(monkeypatch, *run, "--steps", 30, "--out", parts).code == 130
    said = json.loads((parts / "run.json").read_text())
    assert said["settings"]["training"]["steps"] == 30 and said["ended"] is False
    (parts / "x.npy").write_bytes(npy(data.load("digits", binarize=True).test[:3].numpy()))
    for words in (("evaluate", parts, "--json"), ("sample", parts), ("compress", parts, parts / "x.npy")):
        result = call(*words)
        assert result.code == 0 and len(result.err.splitlines()) == 1
        assert result.err.startswith(f"{parts}: goes on and has not ended: these are the weights of its end before")
    result = call("decompress", parts, parts / "x.npy.dgmc", "--out", parts / "x.npy")
    assert result.code == 0 and "has not ended" in result.err
    assert "has ended" not in done(*run, "--steps", 30, "--out", parts)
    assert call("evaluate", parts, "--json").err == ""
    assert learnt(whole) == learnt(parts)
    assert "has ended" in done(*run, "--steps", 30, "--out", parts)


def test_fewer_steps_than_were_done_leave_an_ended_run_as_it_is(pictures):
    before = contents(pictures)
    for steps in (5, 19):
        assert "has ended: best after 20 updates" in done(*PICTURES, "--steps", steps, "--out", pictures)
    assert contents(pictures) == before


def test_a_run_that_was_stopped_and_is_asked_for_fewer_steps_ends_where_it_is(tmp_path, monkeypatch):
    run = ("train", "fvsbn", "--data", "digits", "--binarize", "--check-every", 10, "--save-every", 0)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    done(*run, "--steps", 20, "--out", whole)
    assert interrupted(monkeypatch, *run, "--steps", 50, "--out", parts).code == 130
    done(*run, "--steps", 10, "--out", parts)
    assert learnt(whole) == learnt(parts)  # run.json, too, says 20
    assert "has ended" in done(*run, "--steps", 10, "--out", parts)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (("--lr", 0.02), "lr 0.01 there, 0.02 here"),
        (("--seed", 7), "seed 0 there, 7 here"),
        (("--data-option", "split=blocks"), "data split None there, 'blocks' here"),
        (("--schedule", "cosine"), "schedule 'constant' there, 'cosine' here"),
    ],
)
def test_another_command_into_the_same_folder_is_refused_with_the_difference(pictures, changed, says):
    before = contents(pictures)
    result = call(*PICTURES, *changed, "--out", pictures)
    assert result.code == 1 and f"holds another run: {says}. Train into another folder" in result.said
    assert contents(pictures) == before


def test_another_model_is_named_without_its_options(pictures):
    result = call("train", "made", *PICTURES[2:], "--out", pictures)
    assert result.code == 1 and "model 'FVSBN' there, 'MADE' here. Train" in result.said


def test_with_a_cosine_the_number_of_steps_is_part_of_the_run(tmp_path):
    run = ("train", "fvsbn", "--data", "digits", "--binarize", "--schedule", "cosine", "--out", tmp_path / "run")
    done(*run, "--steps", 2)
    assert "steps 2 there, 3 here" in call(*run, "--steps", 3).said
    assert "has ended" in done(*run, "--steps", 2)


def test_the_order_in_which_options_are_given_is_nothing(tmp_path):
    """A run's settings come from a command, from run.json and from notebooks, each in another order."""
    there = runs.Settings("Table", "given_names", {"memory": 1, "shared": True}, training={"steps": 4, "lr": 0.1})
    here = runs.Settings("Table", "given_names", {"shared": True, "memory": 1}, training={"lr": 0.1, "steps": 5})
    runs.train(tmp_path, there, device="cpu")
    assert runs.train(tmp_path, here, device="cpu").step == [0, 4, 5]


def test_a_cosine_is_that_of_torch_and_a_warmup_rises_evenly():
    def rates(schedule):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        schedule, seen = schedule(optimizer), []
        for _ in range(11):
            seen.append(optimizer.param_groups[0]["lr"])
            optimizer.step(), schedule.step()
        return seen

    def settings(**options):
        return runs.Settings("FVSBN", "digits", training={"steps": 10}, **options)

    cosine = rates(runs._schedule(settings(schedule="cosine")))
    assert cosine == pytest.approx(rates(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 10)), abs=1e-12)
    assert rates(runs._schedule(settings(warmup=3))) == pytest.approx([0.25, 0.5, 0.75] + [1.0] * 8)
    both = rates(runs._schedule(settings(schedule="cosine", warmup=3)))
    assert both[:4] == pytest.approx([0.25, 0.5, 0.75, 1.0]) and both[10] == pytest.approx(0) and both[9] > 0
    assert runs._schedule(settings()) is None


def test_a_long_text_is_learnt_from_windows_that_begin_anywhere(plays):
    settings = runs.Run(plays).settings
    assert settings.data_options == {"context_length": 16}
    train, valid = runs._examples(settings, runs.load_data(settings), torch.device("cpu"))
    assert train.shape == (892_314 - 15, 16) and valid.shape == (111_540 // 16, 16)
    assert torch.equal(train[1, :15], train[0, 1:])


def test_tensorboard_gets_its_curves(tmp_path):
    pytest.importorskip("tensorboard")
    done("train", "fvsbn", "--data", "digits", "--binarize", "--steps", 2, "--tensorboard", "--out", tmp_path)
    assert list((tmp_path / "tensorboard").glob("events*"))


# ------------------------------------------------------------------------------------------------------- wrong usage


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--lr", 0), "Invalid value for '--lr': got 0.0, wanted a positive number"),
        (("--lr", "nan"), "Invalid value for '--lr': got nan"),
        (("--lr", "fast"), "Invalid value for '--lr'"),
        (("--steps", 0), "Invalid value for '--steps': got 0, wanted a positive integer"),
        (("--patience", "never"), "Invalid value for '--patience'"),
        (("--batch-size", 5000), "Invalid value for '--batch-size': got 5000, wanted at most the 1200 examples"),
        (("--device", "cuda:77"), "Invalid value for '--device': got 'cuda:77', wanted one that is here"),
        (("--device", "gpu"), "Invalid value for '--device': got 'gpu', wanted one that is here"),
        (("--warmup", -1), "Invalid value for '--warmup': got -1"),
        (("--seed", -1), "Invalid value for '--seed': -1 is not in the range"),
        (("--seed", 2**64), "Invalid value for '--seed': 18446744073709551616 is not in the range"),
        (("--hidden", 5), "No such option '--hidden'"),
        (("--conditional",), "No such option '--conditional'"),
        (("--data", "cifar"), "Invalid value for '--data'"),
        (("--context-length", 5), "Invalid value for '--context-length': digits is not one long text"),
        (("--data-option", "split"), "Invalid value for '--data-option': got 'split', wanted NAME=VALUE; digits has"),
        (("--data-option", "seed=x"), "Invalid value for '--data-option': got 'seed=x', wanted a value of type int"),
        (("--data-option", "binarize=1"), "Invalid value for '--data-option'"),
    ],
)
def test_a_wrong_use_of_train_is_named_and_leaves_no_folder(tmp_path, words, says):
    result = call("train", "fvsbn", "--data", "digits", "--out", tmp_path / "new" / "run", *words)
    assert result.code == 2 and says in result.said, result.said
    assert len(result.said.split("Error: ")[1].strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("train", "pixelcnn", "--data", "given_names"),
            "'--data': PixelCNN does not fit given_names: event_shape: got",
        ),
        (("train", "table", "--data", "digits"), "'--data': Table does not fit digits: a table of 64 variables"),
        (("train", "pixelcnn", "--data", "given_names", "--conditional"), "'--conditional': got True, wanted False"),
        (("train", "made", "--data", "given_names", "--binarize"), "'--binarize': given_names holds no pictures"),
        (("train", "made", "--data", "digits", "--hidden", "5,x"), "'--hidden': got '5,x', wanted integers"),
        (("train", "made", "--data", "digits", "--hidden", "0"), "'--hidden': got (0,), wanted positive"),
        (("train", "made", "--data", "digits", "--dropout", 1.5), "'--dropout': got 1.5, wanted a number"),
        (("train", "pixelcm", "--data", "digits"), "no model is called 'pixelcm': wanted one of fvsbn, "),
        (("train", "fvsbn"), "Missing option '--data'"),
        (("learn",), "No such command 'learn'"),
        (("evaluate",), "Missing argument 'RUN'"),
        (("evaluate", "nowhere"), "Directory 'nowhere' does not exist"),
    ],
)
def test_a_wrong_use_is_named(tmp_path, words, says):
    result = call(*words, *(("--out", tmp_path / "run") if words[0] == "train" else ()))
    assert result.code == 2 and says in result.said.replace("[", "(").replace("]", ")").replace("(0)", "(0,)"), (
        result.said
    )


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MemoryError("batch_size: 100 examples don't fit into memory, and 50 do"), "and 50 do"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried\nto allocate"), "memory does not suffice"),
        (FloatingPointError("the loss is nan at update 3: a smaller lr than 1 may help"), "a smaller lr"),
        (OSError(28, "can't be written: No space left on device", "x/checkpoint.pt"), "x/checkpoint.pt: can't be"),
        (ImportError("digits: wanted scikit-learn"), "wanted scikit-learn"),
    ],
)
def test_what_goes_wrong_in_training_is_one_line(tmp_path, monkeypatch, error, says):
    def fails(*args, **options):
        raise error

    monkeypatch.setattr(runs, "fit", fails)
    result = call(*PICTURES, "--out", tmp_path / "run")
    assert result.code == 1 and says in result.said
    assert result.said.splitlines()[-1].startswith("Error: ") and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("MPS backend out of memory (MPS allocated: 9.06 GB, other allocations: 1 KB, max allowed: 9 GB)."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 20 GiB"),
        MemoryError(),
    ],
    ids=lambda error: str(error)[:20],
)
def test_too_little_memory_is_one_line_on_every_device(pictures, monkeypatch, error):
    def fails(*args, **options):
        raise error

    monkeypatch.setattr(models.FVSBN, "sample", fails)
    monkeypatch.setattr(models.FVSBN, "log_prob", fails)
    for words, says in ((("sample",), "a smaller model may fit"), (("evaluate",), "a smaller --batch-size or model")):
        result = call(*words, pictures)
        assert result.code == 1 and result.said.startswith(f"Error: memory does not suffice: {says}")
        assert len(result.said.splitlines()) == 1


def test_a_seed_has_one_range_everywhere():
    assert runs.Settings("FVSBN", "digits", seed=2**64 - 1).seed == 2**64 - 1
    torch.manual_seed(2**64 - 1), torch.Generator().manual_seed(2**64 - 1)
    for seed in (-1, 2**64, 1.0):
        with pytest.raises(ValueError, match=f"seed: got {seed}, wanted an integer of at"):
            runs.Settings("FVSBN", "digits", seed=seed)


def test_an_error_that_nobody_foresaw_is_not_hidden(tmp_path, monkeypatch):
    def fails(*args, **options):
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(runs, "fit", fails)
    with pytest.raises(RuntimeError, match="shapes differ"):
        call(*PICTURES, "--out", tmp_path / "run")


@pytest.mark.parametrize("name", ["run.json", "history.json", "checkpoint.pt", "model.safetensors"])
def test_a_damaged_file_is_named(pictures, tmp_path, name):
    folder = tmp_path / "run"
    shutil.copytree(pictures, folder)
    (folder / name).write_bytes((pictures / name).read_bytes()[:-20])
    words = ("evaluate", folder) if name == "model.safetensors" else (*PICTURES, "--out", folder)
    words = (*words, "--steps", 30) if name == "checkpoint.pt" else words
    result = call(*words)
    assert result.code == 1 and name in result.said.splitlines()[-1], result.said


@pytest.mark.parametrize(
    "text",
    [
        '{"step": [], "train": [], "valid": [], "best": 0}',
        '{"step": [0, 10], "train": [2.5], "valid": [2.75], "best": 0}',
        '{"step": [0], "train": [null], "valid": [2.75], "best": 0}',
        '{"step": 0, "train": 2.5, "valid": 2.75, "best": 0}',
        '{"step": [0], "train": [2.5]}',
        "[]",
    ],
)
def test_losses_that_are_none_are_named(pictures, tmp_path, text):
    folder = tmp_path / "run"
    shutil.copytree(pictures, folder)
    (folder / "history.json").write_text(text)
    result = call(*PICTURES, "--out", folder)
    assert result.code == 1 and f"{folder}/history.json: damaged: " in result.said
    assert len(result.said.splitlines()) == 1


def test_losses_that_are_lost_come_back_from_the_checkpoint(tmp_path):
    done(*PICTURES, "--out", tmp_path)
    before = learnt(tmp_path)
    (tmp_path / "history.json").unlink()
    done(*PICTURES, "--out", tmp_path)
    assert learnt(tmp_path) == before


def test_a_checkpoint_of_another_model_is_named(pictures, names, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copy(names / "checkpoint.pt", folder)
    result = call(*PICTURES, "--out", folder)
    assert result.code == 1 and "of another run: got model RNN" in result.said.splitlines()[-1]
    shutil.copytree(pictures, folder, dirs_exist_ok=True)
    shutil.copy(names / "model.safetensors", folder)
    for words in (("evaluate", folder), ("sample", folder)):
        result = call(*words)
        assert result.code == 1 and "holds RNN, wanted FVSBN" in result.said


def test_a_run_of_another_version_is_refused(pictures, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(pictures, folder)
    said = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(said | {"dgmlib": "0.0.1"}))
    assert "dgmlib '0.0.1' there, '0.1.0' here" in call(*PICTURES, "--out", folder).said


# ---------------------------------------------------------------------------------------------------------- evaluate


@torch.no_grad()
def test_evaluate_says_what_the_model_says(pictures):
    model, digits = models.load(pictures / "model.safetensors"), data.load("digits", binarize=True)
    for split in ("valid", "test"):
        x = getattr(digits, split)
        each = -model.log_prob(x)
        said = json.loads(done("evaluate", pictures, "--split", split, "--json", "--batch-size", 7))
        assert said["examples"] == len(x) and said["split"] == split and said["unit"] == "dimension"
        assert said["nats"] == pytest.approx(each.mean().item(), rel=1e-6)
        assert said["nats_error"] == pytest.approx(each.std().item() / math.sqrt(len(x)), rel=1e-5)
        assert said["bits"] == pytest.approx(bits_per_dim(each.mean().item(), 64), rel=1e-6)
        assert said["bits_error"] == pytest.approx(bits_per_dim(said["nats_error"], 64), rel=1e-6)
    table = done("evaluate", pictures)
    assert "FVSBN on digits, test: 297 examples" in table and f"{said['nats']:.4f} ± {said['nats_error']:.4f}" in table
    assert f"{said['bits']:.4f} ± {said['bits_error']:.4f}" in table


@torch.no_grad()
def test_a_text_costs_bits_per_character_and_its_end_is_one(names):
    model, dataset = models.load(names / "model.safetensors"), data.load("given_names")
    texts = dataset.alphabet.decode(dataset.test)
    bits = -model.log_prob(dataset.test).sum().item() / math.log(2)
    said = json.loads(done("evaluate", names, "--json"))
    assert said["unit"] == "character" and said["bits"] == pytest.approx(
        bits / sum(len(t) + 1 for t in texts), rel=1e-6
    )
    # the error of a ratio of means, against the spread that resampling shows
    cost = -model.log_prob(dataset.test).double() / math.log(2)
    length = torch.tensor([len(t) + 1.0 for t in texts], dtype=torch.float64)
    draws = torch.randint(len(texts), (2000, len(texts)), generator=torch.Generator().manual_seed(0))
    spread = (cost[draws].sum(1) / length[draws].sum(1)).std().item()
    assert said["bits_error"] == pytest.approx(spread, rel=0.1)


def test_a_long_text_has_as_many_characters_as_its_window(plays):
    said = json.loads(done("evaluate", plays, "--json"))
    assert said["unit"] == "character"
    assert said["bits"] == pytest.approx(bits_per_dim(said["nats"], 16), rel=1e-9)
    assert said["bits_error"] == pytest.approx(bits_per_dim(said["nats_error"], 16), rel=1e-9)
    assert said["bits"] == pytest.approx(3, abs=0.05)  # 8 symbols, evenly drawn


@torch.no_grad()
def test_a_model_that_is_told_the_class_is_measured_with_it(told):
    model, digits = models.load(told / "model.safetensors"), data.load("digits", binarize=True)
    said = json.loads(done("evaluate", told, "--json"))
    assert said["nats"] == pytest.approx(-model.log_prob(digits.test, digits.labels.test).mean().item(), rel=1e-6)
    wrong = -model.log_prob(digits.test, (digits.labels.test + 1) % 10).mean().item()
    assert wrong != pytest.approx(said["nats"], rel=1e-6)


def test_other_data_under_the_same_name_are_refused(pictures, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(pictures, folder)
    said = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(said | {"protocol": "another"}))
    result = call("evaluate", folder)
    assert result.code == 1 and "trained on 'another', but the data are '1200/300/297" in result.said


def test_a_folder_that_holds_no_run_is_named(tmp_path):
    for words in (("evaluate", tmp_path), ("sample", tmp_path)):
        result = call(*words)
        assert result.code == 1 and result.said == f"Error: {tmp_path}: no run: it holds no run.json\n"


# ------------------------------------------------------------------------------------------------------------ sample


def test_a_seed_decides_what_is_drawn(names):
    first, same, other = (done("sample", names, "--n", 5, "--seed", seed) for seed in (1, 1, 2))
    assert first == same != other and len(first.splitlines()) == 5


def test_samples_are_the_models_own(pictures, tmp_path):
    done("sample", pictures, "--n", 6, "--seed", 3, "--out", tmp_path / "x.npy")
    drawn = models.load(pictures / "model.safetensors").sample(6, generator=torch.Generator().manual_seed(3))
    assert np.array_equal(np.load(tmp_path / "x.npy"), drawn.numpy())
    done("sample", pictures, "--n", 6, "--seed", 3, "--temperature", 0.1, "--out", tmp_path / "cold.npy")
    assert not np.array_equal(np.load(tmp_path / "cold.npy"), drawn.numpy())


def test_pictures_are_drawn_into_a_png_and_a_terminal(pictures, tmp_path):
    done("sample", pictures, "--n", 6, "--seed", 3, "--out", tmp_path / "x.png")
    drawn = models.load(pictures / "model.safetensors").sample(6, generator=torch.Generator().manual_seed(3))
    sheet = image.imread(tmp_path / "x.png")  # 2 rows of 3
    high, wide = sheet.shape[:2]
    ink = (sheet[..., 0] < 0.5) & (sheet[..., 3] > 0.5)
    for k, picture in enumerate(drawn[:, 0]):
        top, left = (k // 3) * 9, (k % 3) * 9
        rows = ((torch.arange(8) + top + 0.5) / 17 * high).long()
        columns = ((torch.arange(8) + left + 0.5) / 26 * wide).long()
        assert np.array_equal(ink[rows][:, columns], picture.numpy() == 1)
    said = done("sample", pictures, "--n", 6, "--seed", 3)
    lines = [line.ljust(80) for line in said.split("\n")]
    for k, picture in enumerate(drawn[:4, 0]):
        read = [[line[18 * k + 2 * c] == "@" for c in range(8)] for line in lines[:8]]
        assert torch.equal(torch.tensor(read), picture == 1)


def test_texts_begin_as_told(names, plays, tmp_path):
    for line in done("sample", names, "--n", 4, "--prefix", "mar", "--top-k", 5).splitlines():
        assert line.startswith("mar")
    done("sample", plays, "--n", 2, "--prefix", "cab\n", "--out", tmp_path / "plays.txt")
    texts = (tmp_path / "plays.txt").read_text().split(f"\n{'-' * 80}\n")
    assert len(texts) == 2 and all(text.startswith("cab\n") for text in texts)
    assert [len(text) for text in texts] == [16, 17]  # a file of text ends with a newline


def test_classes_are_drawn_as_told_or_in_turn(told, tmp_path):
    model = models.load(told / "model.safetensors")
    for words, cond in (((), torch.arange(12) % 10), (("--cond", 7), 7)):
        done("sample", told, "--n", 12, *words, "--out", tmp_path / "x.npy")
        drawn = model.sample(12, generator=torch.Generator().manual_seed(0), cond=cond)
        assert np.array_equal(np.load(tmp_path / "x.npy"), drawn.numpy())
    sevens = np.load(tmp_path / "x.npy")
    done("sample", told, "--n", 12, "--cond", 1, "--out", tmp_path / "x.npy")
    assert not np.array_equal(np.load(tmp_path / "x.npy"), sevens)


@pytest.mark.parametrize(
    ("run", "words", "says"),
    [
        ("names", ("--n", 0), "'--n': got 0, wanted a positive integer"),
        ("names", ("--temperature", 0), "'--temperature': got 0.0, wanted a positive number"),
        ("names", ("--top-k", 0), "'--top-k': got 0, wanted a positive integer"),
        ("names", ("--prefix", "Mar"), "'--prefix': got the symbols 'M', wanted only those of"),
        ("names", ("--prefix", "a" * 13), "'--prefix': got shape"),
        ("names", ("--cond", 3), "'--cond': got 3, wanted none"),
        ("names", ("--out", "x.png"), "'--out': got 'x.png', wanted a text file: given_names are texts"),
        ("names", ("--out", "x.doc"), "'--out': got 'x.doc', wanted a .png, .npy or .txt"),
        ("pictures", ("--out", "x.JPG"), "'--out': got 'x.JPG', wanted a .png, .npy or .txt"),
        ("pictures", ("--seed", -1), "'--seed': -1 is not in the range"),
        ("pictures", ("--seed", 2**64), "'--seed': 18446744073709551616 is not in the range"),
        ("pictures", ("--prefix", "a"), "'--prefix': got 'a', wanted none: digits are no texts"),
        ("told", ("--cond", 10), "'--cond': got values 10..10, wanted integers 0..9"),
    ],
)
def test_a_wrong_use_of_sample_is_named(request, run, words, says, tmp_path, monkeypatch):
    run = request.getfixturevalue(run)
    monkeypatch.chdir(tmp_path)
    result = call("sample", run, *words)
    assert result.code == 2 and says in result.said, result.said
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------------------------ compress, decompress


def there_and_back(run, file, *words, back=None) -> str:
    """Compress, take the file away, decompress, compare; returns what compress said."""
    content = file.read_bytes()
    said = done("compress", run, file, *words)
    file.unlink()
    packed = file.with_name(f"{file.name}.dgmc")
    assert f"{file}: {len(content):,} bytes" in done("decompress", run, packed)
    assert file.read_bytes() == content
    assert f"{len(content):,} bytes; {packed}: {packed.stat().st_size:,} bytes" in said
    return said


@pytest.mark.parametrize("dtype", ["|u1", "|b1", "<i4", ">i8", "<u2"])
def test_arrays_come_back_byte_for_byte(pictures, tmp_path, dtype):
    digits = data.load("digits", binarize=True).test[:30].numpy().astype(dtype)
    np.save(tmp_path / "x.npy", digits)
    said = there_and_back(pictures, tmp_path / "x.npy")
    model = models.load(pictures / "model.safetensors")
    with torch.no_grad():
        promised = -model.log_prob(torch.from_numpy(digits.astype(np.int64))).sum().item() / math.log(2) / 8
    assert f"the likelihood promises {promised:,.1f}" in said
    np.save(tmp_path / "f.npy", np.asfortranarray(digits))
    there_and_back(pictures, tmp_path / "f.npy")


@pytest.mark.parametrize("text", ["anna\nbob\n", "anna\nbob", "anna", "\n", "anna\n\nbob\n\n"])
def test_names_come_back_byte_for_byte(names, tmp_path, text):
    (tmp_path / "names.txt").write_text(text, newline="")
    there_and_back(names, tmp_path / "names.txt")


@pytest.mark.parametrize("length", [1, 15, 16, 17, 333])
def test_a_long_text_comes_back_byte_for_byte(plays, tmp_path, length):
    (tmp_path / "play.txt").write_text(("\nfacade\nbad cafe".replace(" ", "g") * 30)[:length], newline="")
    there_and_back(plays, tmp_path / "play.txt")


def test_arrays_of_a_text_run_are_arrays(names, tmp_path):
    np.save(tmp_path / "x.npy", data.load("given_names").test[:9].numpy())
    there_and_back(names, tmp_path / "x.npy")


def test_the_class_is_kept_in_the_file(told, tmp_path):
    digits = data.load("digits", binarize=True)
    np.save(tmp_path / "x.npy", digits.test[digits.labels.test == 3][:5].numpy())
    there_and_back(told, tmp_path / "x.npy", "--cond", 3)
    assert read_about((tmp_path / "x.npy.dgmc").read_bytes())["cond"] == 3
    result = call("compress", told, tmp_path / "x.npy", "--out", tmp_path / "y")
    assert result.code == 2 and "'--cond': got none, wanted a class 0..9" in result.said
    result = call("compress", told, tmp_path / "x.npy", "--out", tmp_path / "y", "--cond", 10)
    assert result.code == 2 and "'--cond': got" in result.said


def npy(array) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize(
    ("run", "content", "says"),
    [
        ("pictures", b"", "the file is empty"),
        ("pictures", b"hello", "wanted a .npy file"),
        ("pictures", npy(np.zeros((0, 1, 8, 8), int)), "got an empty batch"),
        ("pictures", npy(np.zeros((2, 8, 8), int)), "got shape (2, 8, 8), wanted (B, 1, 8, 8)"),
        ("pictures", npy(np.full((2, 1, 8, 8), 2)), "got values 2..2, wanted 0..1"),
        ("pictures", npy(np.array(1)), "got shape (), wanted (B, 1, 8, 8)"),
        ("pictures", npy(np.full((2, 1, 8, 8), -1)), "got values -1..-1, wanted 0..1"),
        ("pictures", npy(np.zeros((2, 1, 8, 8))), "holds float64, wanted integers"),
        ("pictures", npy(np.zeros((2, 1, 8, 8), int))[:-1], "is cut off"),
        ("pictures", npy(np.zeros((2, 1, 8, 8), int)) + b"!", "would not come back byte for byte"),
        ("names", b"", "the file is empty"),
        ("names", b"anna\nBob\n", "line 2: got the symbols 'B', wanted only those of"),
        ("names", b"anna\r\n", "line 1: got the symbols '\\r'"),
        ("names", b"an.na", "line 1: got the symbols '.'"),
        ("names", b"annabellamariaanna", "line 1: got 18 symbols, wanted at most 11"),
        ("names", b"\xff\xfe", "is no text in UTF-8"),
        ("plays", b"xyz", "got the symbols 'xyz'"),
        ("pictures", npy(np.full((2, 1, 8, 8), 2**64 - 1, np.uint64)), "holds 18446744073709551615, wanted"),
        ("pictures", npy(np.full((2, 1, 8, 8), 2**63, np.uint64)), "holds 9223372036854775808, wanted"),
        ("pictures", npy(np.full((2, 1, 8, 8), 2**63 - 1, np.uint64)), "got values 9223372036854775807..9"),
    ],
)
def test_a_file_that_can_not_be_compressed_is_named_and_nothing_is_written(request, tmp_path, run, content, says):
    (tmp_path / "file").write_bytes(content)
    result = call("compress", request.getfixturevalue(run), tmp_path / "file", "--out", tmp_path / "out")
    assert result.code == 1 and says in result.said and len(result.said.splitlines()) == 1, result.said
    assert result.said.startswith(f"Error: {tmp_path / 'file'}: ")
    assert not (tmp_path / "out").exists()


def test_what_can_not_be_decompressed_is_named_and_leaves_no_file(names, pictures, tmp_path):
    (tmp_path / "names.txt").write_text("anna\nbob\n")
    done("compress", names, tmp_path / "names.txt", "--out", tmp_path / "sound")
    sound = (tmp_path / "sound").read_bytes()
    damaged = bytearray(sound)
    damaged[-1] ^= 1
    (tmp_path / "damaged").write_bytes(damaged)
    (tmp_path / "short").write_bytes(sound[:-3])
    (tmp_path / "other").write_bytes(b"something else")
    (tmp_path / "kept").write_text("kept")
    for run, file, says in (
        (names, "damaged", "damaged: segment 0 was changed"),
        (names, "short", "short: the file is cut off"),
        (names, "other", "other: no compressed file"),
        (pictures, "sound", "model: the file was coded with 'RNN"),
    ):
        for out in ("new", "kept"):
            result = call("decompress", run, tmp_path / file, "--out", tmp_path / out)
            assert result.code == 1 and says in result.said and len(result.said.splitlines()) == 1, result.said
    assert not (tmp_path / "new").exists() and (tmp_path / "kept").read_text() == "kept"
    done("decompress", names, tmp_path / "sound", "--out", tmp_path / "new")
    assert (tmp_path / "new").read_text() == "anna\nbob\n"


def test_a_note_that_is_none_of_ours_is_named(names, pictures):
    x = torch.zeros(1, 12, dtype=torch.int64)
    for run, note in ((names, {"kind": "pdf"}), (names, {"kind": "text"}), (pictures, {"kind": "npy", "dtype": "zz"})):
        with pytest.raises(ValueError, match=r"note: got .* wanted one that a run on"):
            runs.Run(run).to_content(x, note)
    with pytest.raises(ValueError, match="note: got"):
        runs.Run(pictures).to_content(x, {"kind": "lines", "last_newline": True})


def test_a_file_that_nobody_named_is_not_replaced(names, tmp_path):
    (tmp_path / "names.txt").write_text("anna\n")
    done("compress", names, tmp_path / "names.txt")
    for words in (("compress", "names.txt"), ("decompress", "names.txt.dgmc")):
        result = call(words[0], names, tmp_path / words[1])
        assert result.code == 2 and "is there already: name a file" in result.said
    result = call("decompress", names, tmp_path / "names.txt")
    assert result.code == 2 and "'--out': got none, wanted a name: names.txt does not end with .dgmc" in result.said


def test_a_model_without_conditionals_samples_but_does_not_compress(tmp_path):
    run = tmp_path / "run"
    options = ("--orders", 2, "--hidden", 4, "--steps", 1, "--check-at-most", 10)
    done("train", "order-ensemble", "--data", "digits", "--binarize", *options, "--out", run)
    done("evaluate", run)
    done("sample", run, "--n", 3, "--out", tmp_path / "x.npy")
    result = call("compress", run, tmp_path / "x.npy")
    assert result.code == 1 and "has no conditionals in one order" in result.said
    assert not (tmp_path / "x.npy.dgmc").exists()


# --------------------------------------------------------------------------------------------------- in real processes


def process(*words, launcher=(sys.executable,)) -> subprocess.CompletedProcess:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [*launcher, "-m", "dgmlib", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_exit_codes_are_those_of_the_process(pictures, tmp_path):
    version = process("--version")
    assert (version.returncode, version.stdout) == (0, "dgmlib 0.1.0\n")
    wrong = process("evaluate", pictures, "--split", "train")
    assert wrong.returncode == 2 and "Invalid value for '--split'" in wrong.stderr and not wrong.stdout
    fails = process("evaluate", tmp_path)
    assert fails.returncode == 1 and fails.stderr == f"Error: {tmp_path}: no run: it holds no run.json\n"


@pytest.fixture(scope="module")
def start():
    """Starts a function in a process of its own; torch is imported once for all of them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch", "sklearn.datasets", "dgmlib.runs"])

    def begin(target, *args):
        child = context.Process(target=target, args=args)
        child.start()
        return child

    return begin


def short_run(folder: Path, steps: int = 20) -> None:
    training = {"steps": steps, "check_every": 10, "save_every": 0}
    how = {"model": "MADE", "options": {"hidden": [8], "dropout": 0.3}, "training": training}
    runs.train(folder, runs.Settings(data="digits", data_options={"binarize": True}, **how), device="cpu")


def killed(folder: Path, when: str, n: int) -> bool:
    """Whether a short run, in a fork of this process, was killed before or after it put its n-th file in place."""
    child = os.fork()
    if child:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in (0, -signal.SIGKILL)
        return code != 0
    count, put = [0], os.replace

    def dying(*args, **options):
        count[0] += 1
        if (when, n) == ("before", count[0]):
            os.kill(os.getpid(), signal.SIGKILL)
        put(*args, **options)
        if (when, n) == ("after", count[0]):
            os.kill(os.getpid(), signal.SIGKILL)

    code = 1
    try:
        os.replace = dying
        short_run(folder)
        code = 0
    finally:
        os._exit(code)


def killed_everywhere(folder: Path, before: int) -> None:
    """A run that nobody disturbs; and one for each moment, that is killed there and begun again."""
    torch.set_num_threads(1)
    os.fsync = lambda file: None  # the processes are killed, not the machine

    def begun(name) -> Path:
        if before:
            shutil.copytree(folder / "begun", folder / name)
        return folder / name

    if before:
        short_run(folder / "begun", before)
    short_run(begun("whole"))
    for when, n in ((when, n) for n in range(1, 100) for when in ("before", "after")):
        one = begun(f"{when} {n}")
        if not killed(one, when, n):  # it does not put so many
            break
        short_run(one)


def all_of(folder: Path) -> tuple:
    """All four files; nothing may lie beside them."""
    assert set(contents(folder)) == set(runs.FILES)
    return *learnt(folder), fingerprint_of(torch.load(folder / "checkpoint.pt", weights_only=True))


def fingerprint_of(content) -> str:
    """Of numbers, texts and tensors in each other, to the last bit."""
    if isinstance(content, torch.Tensor):
        return f"{content.dtype}{content.tolist()}"
    if isinstance(content, dict):
        return str({name: fingerprint_of(part) for name, part in content.items()})
    return str([fingerprint_of(p) for p in content] if isinstance(content, (list, tuple)) else repr(content))


@pytest.mark.parametrize("before", [0, 10], ids=["new", "longer"])
def test_a_run_that_was_killed_between_any_two_files_ends_as_one_that_was_not(start, tmp_path, before):
    """Also one that had ended and was given more steps."""
    child = start(killed_everywhere, tmp_path, before)
    child.join(100)
    assert child.exitcode == 0
    whole = all_of(tmp_path / "whole")
    begun_again = [*tmp_path.glob("before *"), *tmp_path.glob("after *")]
    assert len(begun_again) > (12 if before else 20)
    for folder in begun_again:
        assert all_of(folder) == whole, folder.name


def one_of_two(folder: Path, rank: int, port: int, run: Path, lr: float, queue) -> None:
    """A process that shares a run with another, on a disk of its own."""
    torch.set_num_threads(1)
    os.environ |= {"RANK": f"{rank}", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": f"{port}"}
    settings = runs.Run(run).settings
    settings = runs.replace(settings, training={**settings.training, "lr": lr})
    try:
        queue.put(runs.train(folder, settings, device="cpu").step)
    except ValueError as error:
        queue.put(str(error))


@pytest.fixture
def on_two_disks(start, pictures, tmp_path):
    """What two processes come to, which share a run into a folder that only the first one's disk holds."""

    def share(folder: Path, lr: float) -> list:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        queue = multiprocessing.get_context("forkserver").Queue()
        folders = (folder, tmp_path / "elsewhere")
        children = [start(one_of_two, own, rank, port, pictures, lr, queue) for rank, own in enumerate(folders)]
        found = [queue.get(timeout=60) for _ in children]
        for child in children:
            child.join(60)
        assert [child.exitcode for child in children] == [0, 0]
        assert not (tmp_path / "elsewhere").exists()
        return found

    return share


def test_a_run_that_has_ended_has_ended_for_all(on_two_disks, pictures):
    assert on_two_disks(pictures, 0.01) == [[0, 10, 20]] * 2


def test_another_run_in_the_folder_of_the_first_is_refused_by_all(on_two_disks, pictures):
    assert all("holds another run: lr 0.01 there, 0.5 here" in line for line in on_two_disks(pictures, 0.5))


def test_only_the_first_of_two_needs_a_folder(on_two_disks, tmp_path):
    assert on_two_disks(tmp_path / "run", 0.02) == [[0, 10, 20]] * 2
    assert set(contents(tmp_path)) == {f"run/{name}" for name in runs.FILES}


def test_two_processes_learn_together_and_the_first_speaks(tmp_path):
    two = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
    words = (*PICTURES, "--device", "cpu", "--out", tmp_path / "run")
    result = process(*words, launcher=two)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("update     20") == 1 and "2 processes" in result.stdout
    assert set(contents(tmp_path / "run")) == {"run.json", "checkpoint.pt", "history.json", "model.safetensors"}
    assert json.loads(done("evaluate", tmp_path / "run", "--json"))["nats"] < 40
