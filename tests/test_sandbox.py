"""What holds student code: as root, which becomes somebody else, and as an ordinary user. The attacks are in
``test_hostile.py``; here is what each of them stands on, and that nothing is run without it."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from stations import job

from grading.referee import Station
from grading.sandbox import ENGINES, ROOT, NoSandbox, Sandbox, command, container_command, furnish, without

# Each line prints what it could do; the right answer is the one that could do nothing.
PROBES = """
import ctypes, os, socket, subprocess
libc = ctypes.CDLL(None, use_errno=True)
def tried(name, work):
    try:
        print(name, work())
    except Exception as error:
        print(name, "no:", type(error).__name__)
def calls(name, *args):
    return "no" if getattr(libc, name)(*args) == -1 else "YES"
print("user namespace", calls("unshare", 0x10000000))
print("mount", calls("mount", b"none", b"/tmp", b"tmpfs", 0, None))
print("ptrace", calls("ptrace", 0, 0, 0, 0))
tried("internet", lambda: socket.socket(socket.AF_INET))
tried("vsock", lambda: socket.socket(40))
tried("write /", lambda: open("/x", "w"))
tried("write library", lambda: open("/course/dgmlib/__init__.py", "a"))
tried("repository", lambda: os.listdir(REPOSITORY + "/solutions"))
tried("home", lambda: [n for n in os.listdir(HOME) if not n.startswith(".pyenv")] or "no: empty")
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
print({name: status[name].strip() for name in ("CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp")})
print("processes", sorted(int(n) for n in os.listdir("/proc") if n.isdigit())[-1] < 30)
print("secrets", [name for name in os.environ if name in ("COURSE_SEED", "MY_TOKEN")])
import dgmlib.models.table
tried("answer", lambda: dgmlib.models.table.Table((2,), 2))
"""
WANTED = [
    "user namespace no", "mount no", "ptrace no", "internet no: OSError", "vsock no: OSError", "write / no: OSError",
    "write library no", "repository no: FileNotFoundError", "home no", "'CapEff': '0000000000000000'",
    "'CapPrm': '0000000000000000'", "'CapBnd': '0000000000000000'", "'NoNewPrivs': '1'", "'Seccomp': '2'",
    "processes True", "secrets []", "answer no: ImportError",
]  # fmt: skip
SCRIPT = """
import json, sys
from grading.referee import Station
with Station(["dgmlib.models.table"], **json.loads(sys.argv[2])) as station:
    print(json.dumps(station.grade(json.loads(sys.argv[1]))))
"""


def probes():
    names = f"REPOSITORY, HOME = {str(ROOT)!r}, {os.path.expanduser('~')!r}\n"
    return job(("probes", "answer", names + PROBES))


def said(result):
    assert "error" not in result, result
    return "".join(o.get("text", o.get("evalue", "")) for o in result["cells"]["probes"]["outputs"])


def run(words, options=None):
    """The probes in a station of a process that is started by some words, with a seed that nobody should see."""
    command = [*words, sys.executable, "-c", SCRIPT, json.dumps(probes()), json.dumps(options or {})]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COURSE_SEED": "a secret", "MY_TOKEN": "another"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd="/", timeout=300)
    assert done.returncode == 0, done.stderr
    return said(json.loads(done.stdout.splitlines()[-1]))


def as_ordinary_user():
    """The words that make a command that of a user without rights who can read the interpreter."""
    if os.geteuid() != 0:
        return []
    home, tmp = Path.home(), Path("/tmp")
    words = ["bwrap", "--bind", "/", "/", "--dev-bind", "/dev", "/dev"]
    words += ["--perms", "0755", "--tmpfs", str(home), "--perms", "1777", "--tmpfs", str(tmp)]
    for place in (Path(sys.base_prefix), ROOT):
        for hidden in (home, tmp):
            if place.is_relative_to(hidden):
                parents = [parent for parent in reversed(place.parents) if parent.is_relative_to(hidden)][1:]
                words += [word for parent in parents for word in ("--perms", "0755", "--dir", str(parent))]
                words += ["--ro-bind", str(place), str(place)]
    who = [
        "setpriv",
        "--reuid",
        "65534",
        "--regid",
        "65534",
        "--clear-groups",
        "--inh-caps=-all",
        "--bounding-set=-all",
    ]
    return [*words, "--", *who, "env", "HOME=/tmp"]


def test_as_whoever_runs_the_tests():
    came = run([])
    assert [words for words in WANTED if words not in came] == [], came


def test_as_an_ordinary_user():
    came = run(as_ordinary_user())
    assert [words for words in WANTED if words not in came] == [], came


def test_the_probes_tell_a_sandbox_from_none():
    came = run([], {"kind": "none"})
    assert "internet <socket" in came and "repository ['" in came
    assert "answer no: ImportError" in came


def test_without_bubblewrap_nothing_runs(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(NoSandbox, match=r"apt-get install bubblewrap.*COURSE_SANDBOX=none"):
        Sandbox()


def test_a_station_without_a_sandbox_says_so(tmp_path, monkeypatch):
    (tmp_path / "bwrap").write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new user namespace' >&2\nexit 1\n"
    )
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(NoSandbox, match=r"did not start.*No permissions.*unprivileged_userns_clone"):
        Station()


def test_an_unknown_kind_is_refused(monkeypatch):
    monkeypatch.setenv("COURSE_SANDBOX", "strong")
    with pytest.raises(
        ValueError, match="COURSE_SANDBOX: got 'strong', wanted one of bubblewrap, podman, docker, none"
    ):
        Sandbox()


# ------------------------------------------------------------------------------------------- in bubblewrap's place


def engine(folder, name="podman"):
    """A stand-in for an engine on the PATH; where its image will lie."""
    (folder / name).write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT}/tests/engine.py "$@"\n')
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "ENGINE_IMAGE": str(folder / "image.tar")}


@pytest.mark.parametrize("name", ENGINES)
def test_a_container_engine_holds_as_well(name, tmp_path, monkeypatch):
    for variable, value in engine(tmp_path, name).items():
        monkeypatch.setenv(variable, value)
    came = run([], {"kind": name})
    assert [words for words in WANTED if words not in came] == [], came
    with tarfile.open(tmp_path / "image.tar") as image:
        assert all(entry.isdir() for entry in image) and "course" in image.getnames()


@pytest.mark.skipif(os.geteuid() != 0, reason="an engine's container becomes other users")
def test_what_an_engine_started_ends_with_its_sandbox(tmp_path, monkeypatch):
    for variable, value in engine(tmp_path).items():
        monkeypatch.setenv(variable, value)
    made = Sandbox(kind="podman")
    made.start()
    process, door = made.process, made.folder / "door"
    assert not door.exists()  # shut behind the one that came in: no student's code finds it
    line, leash = made.student()
    with line:
        leash.close()
        made.close()
        assert line.recv(1) == b"" and not made.folder.exists()
    assert process.returncode == 0  # it ended by itself, as its control was closed


def test_without_the_engine_nothing_runs(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(NoSandbox, match=r"COURSE_SANDBOX=docker: there is no docker here; install it, or bubblewrap"):
        Sandbox(kind="docker")


@pytest.mark.parametrize(
    ("does", "words"), [("import", "makes no image: no space"), ("run", "did not start: no space")]
)
def test_an_engine_that_fails_is_quoted(does, words, tmp_path, monkeypatch):
    (tmp_path / "podman").write_text(
        f'#!/bin/sh\ncase $1 in image) exit 1;; {does}) echo "no space" >&2; exit 125;; esac\ncat > /dev/null\n'
    )
    (tmp_path / "podman").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(NoSandbox, match=words):
        Sandbox(kind="podman").start()


def test_an_engine_shows_what_bubblewrap_shows(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_SANDBOX_OPTIONS", "--cgroups=disabled --label 'two words'")
    by_bwrap = command(tmp_path, [], True)
    shown = {by_bwrap[i + 2] for i, word in enumerate(by_bwrap) if word in ("--ro-bind", "--ro-bind-try", "--symlink")}
    shown = {place for place in shown if os.path.exists(place) or place == "/course"}
    for name in ENGINES:
        words = container_command(name, tmp_path, [], {"A": "b c"})
        volumes = [words[i + 1].split(":") for i, word in enumerate(words) if word == "--volume"]
        assert {target for _, target, _ in volumes} == shown
        assert {mode for *_, mode in volumes} == {"ro"}
        assert words[-4:] == ["--cgroups=disabled", "--label", "two words", "course-sandbox"]
        assert "A=b c" in words and words[words.index("--network") + 1] == "none" and "--read-only" in words


def test_what_is_hidden_is_there_and_does_nothing(tmp_path):
    (tmp_path / "a").mkdir()
    furnish(tmp_path / "a", ["dgmlib.models.table"])
    assert "not available while this assignment is graded" in (tmp_path / "a/dgmlib/models/table.py").read_text()
    assert not list((tmp_path / "a").rglob("*.pyc"))
    code = "import dgmlib.models as m; m.Table((2,), 2)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path / "a")
    assert "ImportError: dgmlib.models.table is not available" in done.stderr
    with pytest.raises(ValueError, match=r"hidden: got 'dgmlib.alchemy', wanted modules of dgmlib that exist"):
        furnish(tmp_path / "b", ["dgmlib.alchemy"])


def test_every_public_name_of_a_hidden_module_is_kept():
    source = "import x\nA = 1\nB: int = 2\n_C = 3\nclass D:\n    pass\nasync def e(): pass\ndef f(): pass\n"
    names = {}
    exec(without(source, "m"), names)
    assert {name for name in names if not name.startswith("_")} == {"A", "B", "D", "f"}
    with pytest.raises(ImportError, match="m is not available"):
        names["D"]()


def test_nothing_is_left_behind():
    made = Sandbox(kind="none")
    folder = made.folder
    made.start()
    process = made.process
    made.close()
    assert not folder.exists() and process.poll() is not None
