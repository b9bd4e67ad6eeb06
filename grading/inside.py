"""What runs inside the sandbox: a warm process that only forks, a watcher for each student, and the student's process.

    python -m grading.inside CONTROL SETTINGS

CONTROL is the number of an open socket, or the path of one that can be connected to. The warm process has
imported what notebooks import, and never sees a submission. For each one it forks a watcher, which enters namespaces of
its own and forks the student's process there. The watcher ends all of it when the student's process ends, when too much
memory is in use, or when whoever asked lets go of the leash.
"""

import contextlib
import ctypes
import errno
import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from pathlib import Path

NEW_NAMESPACES, NEW_PIDS, NEW_IPC = 0x00020000, 0x20000000, 0x08000000
# Every flag of clone that makes a namespace: mount, cgroup, uts, ipc, user, pid, network, time.
NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x00000080)
DUMPABLE, NO_NEW_PRIVILEGES, DROP_BOUND, DEATH_SIGNAL = 4, 38, 24, 1
# What no answer needs: namespaces and mounts, other processes' memory, kernel keys and programs, and memory that no
# process is charged for.
FORBIDDEN = [
    "unshare", "setns", "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsmount",
    "fsconfig", "fspick", "mount_setattr", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp",
    "userfaultfd", "perf_event_open", "bpf", "keyctl", "add_key", "request_key", "init_module", "finit_module",
    "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff", "acct", "quotactl", "syslog",
    "open_by_handle_at", "name_to_handle_at", "personality", "io_uring_setup", "io_uring_enter", "io_uring_register",
    "memfd_create", "memfd_secret", "shmget", "msgget", "semget", "mq_open", "setdomainname", "sethostname",
    "settimeofday", "clock_settime", "adjtimex", "clock_adjtime", "iopl", "ioperm", "fanotify_init", "vhangup",
    "nfsservctl", "lookup_dcookie",
]  # fmt: skip
PERIOD = 0.05  # seconds between two looks at the student's processes
WARM = [
    "torch", "numpy", "matplotlib.pyplot", "sklearn.datasets", "torch._dynamo", "dgmlib.checks", "dgmlib.data",
    "dgmlib.plot", "IPython.core.interactiveshell", "matplotlib_inline.backend_inline",
]  # fmt: skip


def _libc():
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *args) -> None:
    if getattr(_libc(), name)(*args) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _mount(kind: str, target: str, options: str = "") -> None:
    nosuid_nodev = 2 | 4
    _call("mount", kind.encode(), target.encode(), kind.encode(), nosuid_nodev, options.encode())


def syscalls():
    """The filter of system calls for a student's process."""
    import pyseccomp as seccomp

    filter_ = seccomp.SyscallFilter(seccomp.ALLOW)
    for name in FORBIDDEN:
        with contextlib.suppress(OSError, ValueError, RuntimeError):  # a name that this kernel or library has not
            filter_.add_rule(seccomp.ERRNO(errno.EPERM), name)
    for flag in NAMESPACES:
        filter_.add_rule(seccomp.ERRNO(errno.EPERM), "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    filter_.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")  # its flags can't be seen; libraries then use clone
    for family in range(64):
        if family != socket.AF_UNIX:
            rule = seccomp.Arg(0, seccomp.EQ, family)
            filter_.add_rule(seccomp.ERRNO(errno.EAFNOSUPPORT), "socket", rule)
    return filter_


# ------------------------------------------------------------------------------------------------ the student's process


def drop_rights(uid: int | None) -> None:
    """Become an ordinary user for good: no capabilities, none to be had, and of another identity where one is given."""
    for capability in range(64):
        _libc().prctl(DROP_BOUND, capability, 0, 0, 0)  # beyond the last one it fails, as it does without the right
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())
    _call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def set_limits(limits: dict) -> None:
    """Limits of the process and of each of its children."""
    for name, value in limits.items():
        number = getattr(resource, f"RLIMIT_{name.upper()}")
        _, hard = resource.getrlimit(number)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (value, value))


def be_student(line: socket.socket, settings: dict) -> None:
    """Answer at one end of the line, with the rights of a stranger, until it is closed."""
    from grading.servant import Servant
    from grading.shell import Shell, keep_descriptors
    from grading.wire import Line, WireError

    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    home = settings["home"]
    os.makedirs(home, exist_ok=True)
    os.chdir(home)
    keep = sorted({0, 1, 2, line.fileno(), keep_descriptors(home)})
    for low, high in zip(keep, [*keep[1:], 1 << 16], strict=True):
        os.closerange(low + 1, high)
    os.environ.clear()
    os.environ.update(settings["environment"], HOME=home, TMPDIR=home, IPYTHONDIR=f"{home}/.ipython")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    shell = Shell.instance(namespace={})
    with contextlib.suppress(WireError):
        Servant(Line(line), shell.user_ns, shell.run).serve()


def enter(settings: dict, line: socket.socket) -> None:
    """The first process of a new process namespace: sets it up, drops all rights, and waits for what it forks."""
    if settings["isolated"]:
        private_recursive = 0x40000 | 0x4000
        _call("mount", b"none", b"/", None, private_recursive, None)
        _mount("proc", "/proc")
        kept = [(os.open(place, os.O_PATH), place) for place in settings["kept"]]
        for folder in ("/tmp", "/dev/shm"):
            _mount("tmpfs", folder, f"size={settings['disk']},nr_inodes=20000,mode=1777")
        for handle, place in kept:  # read-only, as it was
            os.makedirs(place)
            bind_recursive = 0x1000 | 0x4000
            _call("mount", f"/proc/self/fd/{handle}".encode(), place.encode(), None, bind_recursive, None)
            os.close(handle)
        set_limits(settings["limits"])
        filter_ = syscalls()
        drop_rights(settings["uid"])
        filter_.load()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))  # a stop or a signal can't end what waits
    pid = os.fork()
    if pid == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _call("prctl", DUMPABLE, 1, 0, 0, 0)
        be_student(line, settings)
        return
    line.close()
    while True:
        ended, status = os.wait()  # adopts what daemons leave behind
        if ended == pid:
            os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


# ---------------------------------------------------------------------------------------------------------- the watcher


def memory_in_use(isolated: bool, pid: int) -> int:
    """Bytes of the student's processes that belong to no file, and of what they keep in /tmp and /dev/shm."""
    total = 0
    if isolated:
        processes = [entry for entry in os.listdir("/proc") if entry.isdigit()]
        for folder in ("/tmp", "/dev/shm"):
            about = os.statvfs(folder)
            total += (about.f_blocks - about.f_bfree) * about.f_bsize
    else:
        processes = [str(pid)]
    for process in processes:
        with contextlib.suppress(OSError, ValueError):
            for row in Path("/proc", process, "status").read_text().splitlines():
                if row.startswith(("RssAnon:", "RssShmem:")):
                    total += int(row.split()[1]) << 10
    return total


def watch(line: socket.socket, leash: socket.socket, settings: dict) -> str:
    """Fork the student's process and see to its end, whichever comes first; returns how it came."""
    isolated = settings["isolated"]
    if isolated:
        _call("unshare", NEW_NAMESPACES | NEW_PIDS | NEW_IPC)
    pid = os.fork()
    if pid == 0:
        leash.close()
        if not isolated:
            os.setsid()
        enter(settings, line)
        os._exit(0)
    line.close()
    ended, ready = "", isolated is False
    while not ended:
        letting_go, _, _ = select.select([leash], [], [], PERIOD)
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return "it ended" if code == 0 else f"it ended with code {code}"
        if letting_go:
            ended = "let go"
        if not ready:  # until the new /proc is there, the one in sight is the warm process's
            ready = not os.path.exists(f"/proc/{os.getpid()}/status") or os.getpid() == 1
        elif memory_in_use(isolated, pid) > settings["memory"]:
            ended = f"it used more than {settings['memory'] >> 20} MiB of memory"
    if isolated:
        os.kill(pid, signal.SIGKILL)  # the first of its namespace takes all others with it
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return ended


# ----------------------------------------------------------------------------------------------------- the warm process


def main() -> None:
    """Import, say so, and fork on request until the control line is closed."""
    if sys.argv[1].isdigit():
        control = socket.socket(fileno=int(sys.argv[1]))
    else:
        control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        control.connect(sys.argv[1])
    settings = json.loads(sys.argv[2])
    _libc().prctl(DUMPABLE, 0, 0, 0, 0)
    for name in settings["warm"]:
        with contextlib.suppress(ImportError):
            __import__(name)
    import torch

    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()
    tasks = len(os.listdir("/proc/self/task"))
    control.send(json.dumps({"ready": True, "threads": tasks}).encode())
    while True:
        try:
            message, handles, _, _ = socket.recv_fds(control, 65536, 2)
        except InterruptedError:
            continue
        if not message:
            return
        for_this = {**settings, **json.loads(message)}
        line, leash = (socket.socket(fileno=handle) for handle in handles)
        pid = os.fork()
        if pid == 0:
            control.close()
            start = time.monotonic()
            try:
                words = watch(line, leash, for_this)
            except OSError as error:
                words = f"the sandbox could not be entered: {error}"
            with contextlib.suppress(OSError):
                leash.send(json.dumps({"ended": words, "seconds": time.monotonic() - start}).encode())
            os._exit(0)
        line.close()
        leash.close()
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
