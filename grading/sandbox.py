"""Where student code runs: bubblewrap around one warm process, which forks each student's into namespaces of their own.

No network, no files but the interpreter, its packages and a copy of dgmlib without the assignment's answers, all
read-only, a small /tmp of one's own, no way to more rights, and limits on memory, processes, files and time.

Podman or Docker can take bubblewrap's place (``COURSE_SANDBOX=podman``). The container's image is empty: it is shown
the same folders at the same places, so student code meets the same interpreter and packages, and nothing is fetched.
"""

import ast
import atexit
import contextlib
import glob
import io
import json
import os
import select
import shlex
import shutil
import socket
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
from pathlib import Path

from grading import inside

ROOT = Path(__file__).resolve().parent.parent
SHOWN = ["__init__", "inside", "servant", "shell", "wire"]  # the modules of grading that the sandbox needs
ENGINES = ["podman", "docker"]
KINDS = ["bubblewrap", *ENGINES, "none"]
IMAGE = "course-sandbox"  # of the engines: folders to mount on, and nothing in them
FIRST_UID = 61000  # a user that owns nothing on any machine; each worker takes its own
WAIT = 120  # seconds for the warm process to be ready
SYSTEM = ["/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/fonts"]


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
    for name in SYSTEM:
        words += ["--ro-bind-try", name, name]
    for place in shown:
        words += ["--ro-bind", str(place), str(place)]
    words += ["--ro-bind", str(folder), "/course", "--proc", "/proc", "--dev", "/dev"]
    words += ["--perms", "1777", "--size", str(16 << 20), "--tmpfs", "/dev/shm"]
    return [*words, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"]


def container_command(engine: str, folder: Path, data: list[Path], environment: dict[str, str]) -> list[str]:
    """A container engine's command line, up to the program that it runs: the same places in sight as bubblewrap shows.

    The words of ``COURSE_SANDBOX_OPTIONS`` go before the image, for what a machine's engine wants.
    """
    words = [engine, "run", "--rm", "--network", "none", "--read-only", "--hostname", "sandbox", "--workdir", "/tmp"]
    words += ["--cap-drop", "ALL"]  # those below set up a student's place; the student's process has none
    for right in ("SYS_ADMIN", "SETPCAP", "KILL", "SETUID", "SETGID", "DAC_OVERRIDE"):
        words += ["--cap-add", right]
    # Each student's process loads a filter of its own, and mounts a /proc of its own: neither may be in its way.
    unmask = "unmask=ALL" if engine == "podman" else "systempaths=unconfined"
    for option in ("seccomp=unconfined", "apparmor=unconfined", "label=disable", unmask):
        words += ["--security-opt", option]
    if engine == "podman":  # which would write down the machine's names, and leave places to write to
        words += ["--no-hosts", "--passwd=false", "--read-only-tmpfs=false"]
    words += ["--tmpfs", f"/tmp:rw,size={64 << 20},mode=1777", "--shm-size", str(16 << 20)]
    system = [Path("/usr"), *(Path("/", name) for name in ("lib", "lib32", "lib64", "bin", "sbin")), *map(Path, SYSTEM)]
    for place in [*(place for place in system if place.exists()), *_roots(), *data]:
        words += ["--volume", f"{place}:{place}:ro"]
    words += ["--volume", f"{folder}:/course:ro"]
    for name, value in environment.items():
        words += ["--env", f"{name}={value}"]
    return [*words, *shlex.split(os.environ.get("COURSE_SANDBOX_OPTIONS", "")), IMAGE]


def have_image(engine: str) -> None:
    """See to it that the engine has the empty image.

    Raises:
        NoSandbox: if there is no such engine here, or it does not answer.
    """
    if shutil.which(engine) is None:
        raise NoSandbox(
            f"COURSE_SANDBOX={engine}: there is no {engine} here; install it, or bubblewrap (apt-get install "
            "bubblewrap) and leave COURSE_SANDBOX unset"
        )
    if subprocess.run([engine, "image", "inspect", IMAGE], capture_output=True).returncode == 0:
        return
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name in ("usr", "etc", "proc", "dev", "sys", "tmp", "course"):
            about = tarfile.TarInfo(name)
            about.type, about.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(about)
    done = subprocess.run([engine, "import", "-", IMAGE], input=archive.getvalue(), capture_output=True)
    if done.returncode:
        raise NoSandbox(f"{engine} makes no image: {done.stderr.decode('utf-8', 'replace').strip()[-1000:]}")


# ----------------------------------------------------------------------------------------------------------- in its use


class Sandbox:
    """A place for one student's code at a time.

    Args:
        hidden: modules of dgmlib whose answers are not in sight.
        kind: ``"bubblewrap"``, ``"podman"``, ``"docker"``, or ``"none"``: no protection at all, for code that one
            wrote oneself. The environment variable ``COURSE_SANDBOX`` says it otherwise.
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
        self.process = self.control = self.door = None
        self.folder = Path(tempfile.mkdtemp(prefix="grading-"))
        atexit.register(self.close)
        furnish(self.folder, hidden)
        isolated, contained = self.kind != "none", self.kind in ENGINES
        root = os.geteuid() == 0
        self.settings = {
            "isolated": isolated,
            "uid": FIRST_UID + number if contained or (root and isolated) else None,
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
        self.words, self.environment = [], environment
        if contained:
            have_image(self.kind)
            self.words = container_command(self.kind, self.folder, data, environment)
            self.environment = dict(os.environ)  # of the engine's command, which passes on what the words say
        elif isolated:
            self.words = command(self.folder, data, root)

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
        errors = tempfile.TemporaryFile()  # noqa: SIM115, closed by wait
        if self.kind in ENGINES:  # they pass on no open socket, so the warm process comes to the door
            self.door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self.door.bind(str(self.folder / "door"))
            (self.folder / "door").chmod(0o600)
            self.door.listen(1)
            theirs, end = contextlib.nullcontext(), "/course/door"
        else:
            self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            end = str(theirs.fileno())
        arguments = [sys.executable, "-m", "grading.inside", end, json.dumps(self.settings)]
        with theirs:
            self.process = subprocess.Popen(
                [*self.words, *arguments], env=self.environment, cwd="/",
                pass_fds=[] if self.door else [theirs.fileno()],
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, preexec_fn=_modest,
            )  # fmt: skip

        def wait():
            with errors:
                if self.door is not None:
                    self._let_in()
                answered = self.control and select.select([self.control], [], [], WAIT)[0]
                if not (answered and self.control.recv(4096)):
                    self.stop()
                    errors.seek(0)
                    raise NoSandbox(self._refused(errors.read().decode("utf-8", "replace")[-2000:]))

        return wait

    def _let_in(self) -> None:
        """Wait for the warm process at the door, as long as there is one, and shut the door behind it."""
        until = time.monotonic() + WAIT
        while self.control is None and self.process.poll() is None and time.monotonic() < until:
            if select.select([self.door], [], [], 0.1)[0]:
                self.control, _ = self.door.accept()
        self._shut()

    def _shut(self) -> None:
        if self.door is not None:
            self.door.close()
            (self.folder / "door").unlink(missing_ok=True)
        self.door = None

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
        self._shut()
        if self.control is not None:
            self.control.close()
        if self.process is not None:
            if self.kind in ENGINES:  # the engine's command is not the container, which ends as its control is closed
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(10)
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
