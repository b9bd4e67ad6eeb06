"""A stand-in for podman and docker on a machine that has none: the words of ``run`` and ``import``, done by bubblewrap.

What it leaves out (cgroups, layers, masks) is the engines' business; what it keeps is ours: an image that must be there
first, volumes, environment and rights as the words say, and no open descriptor passed on.
"""

import os
import subprocess
import sys
from pathlib import Path

VALUED = {
    "--network", "--hostname", "--workdir", "--cap-drop", "--cap-add", "--security-opt", "--tmpfs", "--shm-size",
    "--volume", "--env",
}  # fmt: skip
LINKS = ("lib", "lib32", "lib64", "bin", "sbin")


def run(words: list[str]) -> list[str]:
    """bubblewrap's words for those of ``run``."""
    given, rest = [], iter(words)
    for word in rest:
        if word in VALUED:
            given.append((word, next(rest)))
        elif not word.startswith("--"):
            break
    assert word == "course-sandbox", word
    bwrap = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--as-pid-1", "--clearenv", "--proc", "/proc"]
    bwrap += ["--dev", "/dev"]
    made = ["--perms", "1777", "--tmpfs", "/tmp"]  # first: a volume may lie in it
    mounted = []
    for name, value in given:
        if name == "--volume":
            source, target, _ = value.split(":")
            if target[1:] in LINKS and Path(target).is_symlink():
                mounted += ["--symlink", os.readlink(target), target]
            else:
                for parent in reversed(Path(target).parents):
                    if str(parent) not in ("/", "/tmp") and not parent.is_relative_to("/usr"):
                        mounted += ["--perms", "0755", "--dir", str(parent)]
                mounted += ["--ro-bind", source, target]
        elif name == "--env":
            mounted += ["--setenv", *value.split("=", 1)]
        elif name in ("--cap-drop", "--cap-add"):
            mounted += [name, value if value == "ALL" else f"CAP_{value}"]
        elif name == "--tmpfs":
            assert value.startswith("/tmp:")
        elif name == "--workdir":
            mounted += ["--chdir", value]
    return [*bwrap, *made, *mounted, "--perms", "1777", "--tmpfs", "/dev/shm", "--remount-ro", "/", *rest]


if __name__ == "__main__":
    image = Path(os.environ["ENGINE_IMAGE"])
    if sys.argv[1:] == ["image", "inspect", "course-sandbox"]:
        sys.exit(0 if image.exists() else 1)
    if sys.argv[1:] == ["import", "-", "course-sandbox"]:
        image.write_bytes(sys.stdin.buffer.read())
        sys.exit(0)
    assert sys.argv[1] == "run" and image.exists(), sys.argv
    sys.exit(subprocess.run(run(sys.argv[2:])).returncode)
