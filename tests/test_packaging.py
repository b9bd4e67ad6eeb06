"""dgmlib installs alone: a wheel with the library and nothing else, that works beside its dependencies only."""

import json
import shutil
import subprocess
import sys
import textwrap
import tomllib
import venv
import zipfile
from email.parser import Parser
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[1]
DEPENDENCIES = {"torch", "numpy", "constriction", "pooch", "safetensors", "tqdm", "click"}


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy, so that the working tree stays clean; all of the tree, so that something could slip in."""
    copy, out = tmp_path_factory.mktemp("source") / "tree", tmp_path_factory.mktemp("wheel")
    top = {"_ext", "benchmarks", "book", "dgmlib", "exercises", "grading", "solutions", "tests"}
    files = [p for p in REPOSITORY.iterdir() if p.is_file() or p.name in top]
    copy.mkdir()
    for path in files:
        if path.is_dir():
            shutil.copytree(path, copy / path.name, ignore=shutil.ignore_patterns("__pycache__", "_build", ".*"))
        else:
            shutil.copy(path, copy)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, copy)
    (built,) = out.iterdir()
    return built


def metadata_of(wheel):
    with zipfile.ZipFile(wheel) as opened:
        (name,) = (n for n in opened.namelist() if n.endswith(".dist-info/METADATA"))
        return Parser().parsestr(opened.read(name).decode())


def required(message) -> set[str]:
    """What a package needs here, without its extras."""
    needs = map(Requirement, message.get_all("Requires-Dist") or [])
    return {canonicalize_name(n.name) for n in needs if n.marker is None or n.marker.evaluate({"extra": ""})}


def test_the_wheel_holds_the_library_and_nothing_else(wheel):
    info = f"dgmlib-{metadata_of(wheel)['Version']}.dist-info"
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"dgmlib", info}
    modules = {str(p.relative_to(REPOSITORY)) for p in (REPOSITORY / "dgmlib").rglob("*.py")}
    assert {name for name in names if name.startswith("dgmlib/")} == modules
    assert f"{info}/licenses/LICENSE" in names


def test_the_wheel_says_what_it_needs(wheel):
    message = metadata_of(wheel)
    assert required(message) == DEPENDENCIES
    assert message["License-Expression"] == "MIT" and message["Requires-Python"] == ">=3.11"
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert set(message.get_all("Provides-Extra")) == set(project["optional-dependencies"]) >= {"notebook"}


@pytest.fixture(scope="module")
def empty_environment(wheel, tmp_path_factory):
    """A Python that has the wheel, what the wheel's metadata ask for, and nothing else; returns its executable."""
    folder = tmp_path_factory.mktemp("environment")
    beside = folder / "dependencies"
    beside.mkdir()
    seen, todo = set(), required(metadata_of(wheel))
    while todo:
        distribution = metadata.distribution(todo.pop())
        name = canonicalize_name(distribution.metadata["Name"])
        if name in seen:
            continue
        seen.add(name)
        todo |= required(distribution.metadata)
        for top in {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}:
            if not (beside / top).exists():
                (beside / top).symlink_to(distribution.locate_file(top))
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "dependencies.pth").write_text(f"{beside}\n")
    return python


def test_the_library_works_beside_its_dependencies_only(empty_environment, tmp_path):
    probe = """
        import importlib, json, os, pkgutil, sys
        import dgmlib

        report = {"home": dgmlib.__file__, "imported": [], "refused": {}}
        for name in ("matplotlib", "sklearn", "names", "IPython", "pytest", "scipy", "pip", "grading", "tests"):
            if importlib.util.find_spec(name):
                sys.exit(f"the environment is not empty: it has {name}")
        for module in pkgutil.walk_packages(dgmlib.__path__, "dgmlib."):
            if module.name not in ("dgmlib.plot", "dgmlib.__main__"):
                importlib.import_module(module.name)
                report["imported"].append(module.name)

        import torch
        from dgmlib import compression, data, models

        def refusal(name, call, *arguments):
            try:
                call(*arguments)
            except (ImportError, OSError) as error:
                report["refused"][name] = f"{type(error).__name__}: {error}"

        refusal("plot", importlib.import_module, "dgmlib.plot")
        for name in ("digits", "surnames", "tiny_shakespeare"):
            refusal(name, data.load, name)
        table = data.TableSource(torch.full((2, 2, 2), 0.125))
        x = table.sample(9)
        model = models.Table.from_joint(table.probs)
        report["same"] = torch.equal(compression.decompress(model, compression.compress(model, x)), x)
        print(json.dumps(report))
    """
    # Nothing listens on port 9 of this machine: that the refusal is one of the download shows that pooch is there.
    environment = {"DGMLIB_CACHE": str(tmp_path), "DGMLIB_MIRROR": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
    report = json.loads(run(empty_environment, "-I", "-c", textwrap.dedent(probe), env=environment, cwd=tmp_path))
    assert Path(report["home"]).is_relative_to(empty_environment.parents[1])
    expected = {
        ".".join(p.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")
        for p in (REPOSITORY / "dgmlib").rglob("*.py")
    }
    assert set(report["imported"]) == expected - {"dgmlib", "dgmlib.plot", "dgmlib.__main__"}
    assert report["same"]
    refused = report["refused"]
    assert set(refused) == {"plot", "digits", "surnames", "tiny_shakespeare"}
    for name, package in {"plot": "matplotlib", "digits": "scikit-learn", "surnames": "names"}.items():
        assert refused[name].startswith("ImportError") and package in refused[name]
        assert "pip install 'dgmlib[notebook]'" in refused[name]
    assert refused["tiny_shakespeare"].startswith("DownloadError") and "no connection" in refused["tiny_shakespeare"]
