"""Where executed chapters are kept, and the execution of all of them at once.

``python _ext/execution.py`` executes every chapter whose result is not in the cache, several at a time, so that the
book's build finds them all executed.
"""

import hashlib
import logging
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CELL_TIMEOUT = 300  # seconds; also what _config.yml says


def cache_path() -> Path:
    """Return the folder of the execution cache, which changes with all that chapters use beside their own cells.

    That is dgmlib, the figures that benchmarks stored, the pinned versions and Python. The cache itself compares only a
    chapter's own cells, so a chapter would keep showing what an older dgmlib did, or quote an older measurement.
    """
    digest = hashlib.sha256(f"{sys.version_info.major}.{sys.version_info.minor}".encode())
    stored = sorted((ROOT / "benchmarks").glob("*.json"))
    for path in [ROOT / "constraints.txt", *stored, *sorted((ROOT / "dgmlib").rglob("*.py"))]:
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return ROOT / "_build" / ".jupyter_cache" / digest.hexdigest()[:16]


def chapters() -> list[Path]:
    """Return the pages of the book that have cells to execute."""
    return [path for path in sorted((ROOT / "book").glob("*.md")) if "\n```{code-cell}" in path.read_text("utf-8")]


def execute() -> int:
    """Execute the chapters that are not in the cache, one process each, and return how many of them failed."""
    from jupyter_cache import get_cache
    from jupyter_cache.executors import load_executor

    # Kernels read no start-up file of the reader's, and keep to themselves what is no error.
    profile = ROOT / "_build" / ".ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text("c.IPKernelApp.log_level = 'ERROR'\n")
    os.environ["IPYTHONDIR"] = str(profile.parent)

    cache = get_cache(cache_path())
    for record in cache.list_project_records():
        cache.remove_nb_from_project(record.pk)
    for path in chapters():
        cache.add_nb_to_project(str(path), read_data={"name": "myst_nb_md", "type": "plugin"})
    for record in cache.list_unexecuted():
        print(f"executing {Path(record.uri).relative_to(ROOT)}", flush=True)
    logging.basicConfig(level=logging.ERROR)
    outcome = load_executor("local-parallel", cache, logging.getLogger("execution")).run_and_cache(timeout=CELL_TIMEOUT)
    for path in outcome.succeeded:
        print(f"executed {Path(path).relative_to(ROOT)}")
    failed = outcome.excepted + outcome.errored
    for path in failed:
        print(f"failed {Path(path).relative_to(ROOT)}\n{cache.get_project_record(path).traceback}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(1 if execute() else 0)
