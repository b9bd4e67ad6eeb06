"""Where student code runs: bubblewrap around one warm process, which forks each student's into namespaces of their own.

No network, no files but the interpreter, its packages and a copy of dgmlib without the assignment's answers, all
read-only, a small /tmp of one's own, no way to more rights, and limits on memory, processes, files and time.
"""

import ast
import atexit
import contextlib
import glob
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from grading import inside

ROOT = Path(__file__).resolve().parent.parent
SHOWN = ["__init__", "inside", "servant", "shell", "wire"]  # the modules of grading that the sandbox needs
KINDS = ["bubblewrap", "none"]
FIRST_UID = 61000  # a user that owns nothing on any machine; each worker takes its own
WAIT = 120  # seconds for the warm process to be ready


class NoSandbox(RuntimeError):
    """Student code can't be run safely here; the words say what to do."""


# ----------------------------------------------------------------------------------------------------- what is in sight


def without(source: str, module: str) -> str:
    """A module in which every public name is there and none does anything: what stands in an answer's place.

    Example:
        >>> print(without("X = 1\\ndef f(x):\\n    return x\\n", "dgmlib.m"), end="")
        def _hidden(*args, **options):
            raise ImportError('dgmlib.m is not available while this assignment is graded')
        X = _hidden
        f = _hidden
    """
    names = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.append(node.target.id)
    refusal = f"{module} is not available while this assignment is graded"
    lines = ["def _hidden(*args, **options):", f"    raise ImportError({refusal!r})"]
    return "\n".join([*lines, *(f"{name} = _hidden" for name in names if not name.startswith("_")), ""])


def furnish(folder: Path, hidden: list[str] = ()) -> None:
    """Put into a folder what student code may import of this project: dgmlib without what is hidden, and the servant.

    Raises:
        ValueError: if a hidden module does not exist.
    """
    shutil.copytree(ROOT / "dgmlib", folder / "dgmlib", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for module in hidden:
        place = folder / Path(*module.split(".")).with_suffix(".py")
        if not place.is_file():
            raise ValueError(f"hidden: got {module!r}, wanted modules of dgmlib that exist")
        place.write_text(without(place.read_text("utf-8"), module), "utf-8")
    (folder / "grading").mkdir()
    for name in SHOWN:
        shutil.copy2(ROOT / "grading" / f"{name}.py", folder / "grading")
    (folder / "matplotlib").mkdir()
    import matplotlib

    for fonts in glob.glob(os.path.join(matplotlib.get_cachedir(), "fontlist-*.json")):
        shutil.copy2(fonts, folder / "matplotlib")
    for place in [folder, *folder.rglob("*")]:
        place.chmod(0o755 if place.is_dir() else 0o644)


def _roots() -> list[Path]:
    """The folders that the interpreter and its packages are in, each but once."""
    paths = {Path(p).resolve() for p in (sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()) if p}
    paths |= {Path(sys.prefix), Path(os.path.realpath(sys.executable)).parent.parent}
    paths = {path for path in paths if path.exists() and not path.is_relative_to("/usr")}
    return sorted(path for path in paths if not any(other in path.parents for other in paths))


def command(folder: Path, data: list[Path], as_root: bool) -> list[str]:
    """bubblewrap's command line, up to the program that it runs."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise NoSandbox(
            "student code is run in bubblewrap, and there is none here: apt-get install bubblewrap (or the package of "
            "that name of another Linux). To grade only what you wrote yourself: COURSE_SANDBOX=none"
        )
    words = [bwrap, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    words += ["--die-with-parent", "--new-session", "--hostname", "sandbox"]
    rights = ["SYS_ADMIN", "SETPCAP", "KILL"]
    if as_root:
        rights += ["SETUID", "SETGID"]
    else:
        words += ["--unshare-user", "--uid", str(FIRST_UID), "--gid", str(FIRST_UID)]
    words += ["--cap-drop", "ALL", *(word for right in rights for word in ("--cap-add", f"CAP_{right}"))]
    shown = [*_roots(), *data]
    words += ["--perms", "1777", "--size", str(64 << 20), "--tmpfs", "/tmp"]  # first: a root may lie in it
    made = {Path("/tmp")}
    for place in shown:
        for parent in reversed(place.parents):
            if parent != Path("/") and parent not in made and not parent.is_relative_to("/usr"):
                made.add(parent)
                words += ["--perms", "0755", "--dir", str(parent)]
    words += ["--ro-bind", "/usr", "/usr"]
    for name in ("lib", "lib32", "lib64", "bin", "sbin"):
        if Path("/", name).is_symlink():
            words += ["--symlink", os.readlink(f"/{name}"), f"/{name}"]
        elif Path("/", name).is_dir():
            words += ["--ro-bind", f"/{name}", f"/{name}"]
    for name in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/fonts"):
        words += ["--ro-bind-try", name, name]
    for place in shown:
        words += ["--ro-bind", str(place), str(place)]
    words += ["--ro-bind", str(folder), "/course", "--proc", "/proc", "--dev", "/dev"]
    words += ["--perms", "1777", "--size", str(16 << 20), "--tmpfs", "/dev/shm"]
    return [*words, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"]


# ----------------------------------------------------------------------------------------------------------- in its use


class Sandbox:
    """A place for one student's code at a time.

    Args:
        hidden: modules of dgmlib whose answers are not in sight.
        kind: ``"bubblewrap"``, or ``"none"``: no protection at all, for code that one wrote oneself. The environment
            variable ``COURSE_SANDBOX`` says it otherwise.
        number: of this sandbox among those at work at the same time.
        memory: bytes for all processes of a student, with what they keep in /tmp.
        processes: how many a student may have.
        disk: bytes in /tmp, and again in /dev/shm.
        data: folders of data sets that student code may read.

    Raises:
        NoSandbox: if it can't be had here, or does not hold.
        ValueError: for another kind.
    """

    def __init__(
        self,
        hidden: list[str] = (),
        kind: str | None = None,
        number: int = 0,
        memory: int = 3 << 30,
        processes: int = 64,
        disk: int = 64 << 20,
        data: list[Path] = (),
    ):
        self.kind = kind or os.environ.get("COURSE_SANDBOX") or "bubblewrap"
        if self.kind not in KINDS:
            raise ValueError(f"COURSE_SANDBOX: got {self.kind!r}, wanted one of {', '.join(KINDS)}")
        self.process = self.control = None
        self.folder = Path(tempfile.mkdtemp(prefix="grading-"))
        atexit.register(self.close)
        furnish(self.folder, hidden)
        isolated = self.kind == "bubblewrap"
        root = os.geteuid() == 0
        self.settings = {
            "isolated": isolated,
            "uid": FIRST_UID + number if root and isolated else None,
            "home": "/tmp/home" if isolated else str(self.folder / "home"),
            "memory": memory,
            "disk": disk,
            "kept": [],
            "limits": {
                "as": 3 * memory, "nproc": processes, "fsize": disk, "nofile": 256, "core": 0, "cpu": 600,
                "msgqueue": 0, "memlock": 0, "nice": 0, "rtprio": 0,
            },
            "warm": inside.WARM,
        }  # fmt: skip
        shown = "/course" if isolated else str(self.folder)
        environment = {
            "PATH": f"{os.path.dirname(sys.executable)}:/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONPATH": shown,
            "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "MPLCONFIGDIR": f"{shown}/matplotlib",
            "MPLBACKEND": "module://matplotlib_inline.backend_inline", "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NBGRADER_EXECUTION": "autograde",
        }  # fmt: skip
        if cache := os.environ.get("DGMLIB_CACHE"):
            environment["DGMLIB_CACHE"] = cache
            data = [*data, Path(cache)]
        self.settings["environment"] = environment
        data = [Path(place).resolve() for place in data if Path(place).is_dir()]
        self.settings["kept"] = [str(place) for place in [*_roots(), *data] if place.is_relative_to("/tmp")]
        self.words = command(self.folder, data, root) if isolated else []
        self.environment = environment

    def start(self) -> None:
        """Have the warm process ready.

        Raises:
            NoSandbox: if it does not become so.
        """
        self.begin()()

    def begin(self):
        """Start the warm process, unless it is there; returns what waits until it is ready."""
        if self.process is not None and self.process.poll() is None:
            return lambda: None
        self.stop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        arguments = [sys.executable, "-m", "grading.inside", str(theirs.fileno()), json.dumps(self.settings)]
        errors = tempfile.TemporaryFile()  # noqa: SIM115, closed by wait
        with theirs:
            self.process = subprocess.Popen(
                [*self.words, *arguments], env=self.environment, pass_fds=[theirs.fileno()], cwd="/",
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, preexec_fn=_modest,
            )  # fmt: skip
        self.control = ours

        def wait():
            with errors:
                answered, _, _ = select.select([ours], [], [], WAIT)
                if not (answered and ours.recv(4096)):
                    self.stop()
                    errors.seek(0)
                    raise NoSandbox(self._refused(errors.read().decode("utf-8", "replace")[-2000:]))

        return wait

    def _refused(self, said: str) -> str:
        advice = ""
        if "user namespace" in said or "uid map" in said:
            advice = (
                " This kernel lets ordinary users make no namespaces: sysctl kernel.unprivileged_userns_clone=1, or on "
                "Ubuntu an AppArmor profile for bwrap, or grade as root."
            )
        elif "No module named" in said or "Permission denied" in said or "No such file" in said:
            places = ", ".join(map(str, _roots()))
            advice = f" The interpreter must be where every user can read it; it is in {places}."
        return f"the sandbox did not start: {said.strip() or 'no answer'}.{advice}"

    def student(self) -> tuple[socket.socket, socket.socket]:
        """A fresh process for a student's code, once the warm one is ready: the line to it, and the leash.

        Closing the leash ends it.
        """
        (line, their_line), (leash, their_leash) = socket.socketpair(), socket.socketpair()
        with their_line, their_leash:
            socket.send_fds(self.control, [b"{}"], [their_line.fileno(), their_leash.fileno()])
        return line, leash

    def stop(self) -> None:
        """End the warm process and whatever runs under it."""
        if self.control is not None:
            self.control.close()
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()
        self.process = self.control = None

    def close(self) -> None:
        """End everything and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _modest() -> None:
    """Be the first to go when memory runs short; what runs in the sandbox can't take that back."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def how_it_ended(leash: socket.socket, seconds: float = 5) -> str:
    """What the watcher says of a student's process that is gone."""
    answered, _, _ = select.select([leash], [], [], seconds)
    try:
        return str(json.loads(leash.recv(4096))["ended"]) if answered else "it was ended"
    except (ValueError, KeyError, OSError):
        return "it was ended"
