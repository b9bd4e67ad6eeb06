"""Runs the cells of a notebook in this process, as Jupyter's kernel does, and keeps what they put out as data.

What is kept is inert and bounded: text, pictures in PNG, and errors. Both sides of a check use it: the student's
process for given cells and answers, the referee's for given cells and checks.
"""

import base64
import os
import sys
import time

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

TEXT = 100_000  # characters of a cell's output, all in all
PICTURES = 4 << 20  # bytes of a cell's pictures, before base64
OUTPUTS = 500  # entries
CUT = "\n... more was put out than is kept\n"


class Outputs:
    """What a cell has put out so far: ``["text", words]``, ``["value", words, PNG or None]``, ``["error", name, words,
    traceback]``."""

    def __init__(self):
        self.start()

    def start(self) -> None:
        """Forget what there is."""
        self.kept, self.text, self.pictures, self.cut = [], 0, 0, False

    def room(self, words: str) -> str:
        """As much of some words as there is room for."""
        words = str(words)[: max(TEXT - self.text, 0)]
        self.text += len(words)
        return words

    def write(self, words: str) -> int:
        """Take printed text."""
        kept = self.room(words)
        if kept:
            if self.kept and self.kept[-1][0] == "text":
                self.kept[-1][1].append(kept)
            else:
                self.add("text", [kept])
        if len(kept) < len(words) and not self.cut:
            self.cut = True
            self.add("text", [CUT])
        return len(words)

    def add(self, *output) -> None:
        """Take one more entry, if there is room for it."""
        if len(self.kept) < OUTPUTS:
            self.kept.append(list(output))

    def value(self, data: dict) -> None:
        """Take what was displayed; its text, and its picture if it has one."""
        words, picture = self.room(data.get("text/plain", "")), data.get("image/png")
        if isinstance(picture, str):
            picture = base64.b64decode(picture)
        if not isinstance(picture, bytes) or self.pictures + len(picture) > PICTURES:
            picture = None
        self.pictures += len(picture or b"")
        self.add("value", words, picture)

    def taken(self) -> list:
        """All of it."""
        return [["text", "".join(o[1])] if o[0] == "text" else o for o in self.kept]


class _Stream:
    """Stands for ``sys.stdout`` and ``sys.stderr``."""

    encoding, errors, closed = "utf-8", "replace", False

    def __init__(self, outputs: Outputs):
        self.outputs = outputs

    def write(self, words) -> int:
        if not isinstance(words, str):
            raise TypeError(f"write: got {type(words).__name__}, wanted str")
        return self.outputs.write(words)

    def writelines(self, lines) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True


class _Publisher(DisplayPublisher):
    def publish(self, data, metadata=None, **options):
        self.shell.outputs.value(data)

    def clear_output(self, wait=False):
        self.shell.outputs.start()


class _Hook(DisplayHook):
    def __call__(self, result=None):
        self.check_for_underscore()
        if result is not None and not self.quiet():
            data, _ = self.compute_format_data(result)
            self.update_user_ns(result)
            self.shell.outputs.value(data)


class Shell(InteractiveShell):
    """IPython's shell without a terminal, a history on disk or configuration of the user's.

    Args:
        namespace: the names that cells see and define.
    """

    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)

    def __init__(self, namespace: dict | None = None, **options):
        self.outputs = Outputs()
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        config.DisplayFormatter.active_types = ["text/plain", "image/png"]
        super().__init__(user_ns=namespace, config=config, **options)
        if "backend_inline" in os.environ.get("MPLBACKEND", ""):
            from matplotlib_inline.backend_inline import configure_inline_support

            configure_inline_support(self, os.environ["MPLBACKEND"])  # figures are put out where a cell ends

    def init_io(self):
        """Terminals are not to be set up."""

    def ask_exit(self):
        """A cell that quits has not ended the notebook."""

    def enable_gui(self, gui=None):
        """There is none."""

    def _showtraceback(self, etype, evalue, stb):
        try:
            words = str(evalue)
        except BaseException:
            words = "an error that can't say what it is"
        lines = stb if isinstance(stb, list) else str(stb).split("\n")
        kept = [self.outputs.room(line) for line in lines[:200]]
        self.outputs.add("error", str(etype.__name__)[:200], words[:10_000], kept)

    def run(self, source: str) -> tuple[list, bool, int, float]:
        """Run a cell.

        Returns:
            What it put out (see :class:`Outputs`), whether it ended without an error, its number, and its seconds.
        """
        self.outputs.start()
        number, start = self.execution_count, time.monotonic()
        before = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = _Stream(self.outputs)
        try:
            result = self.run_cell(source, store_history=True)
        finally:
            sys.stdout, sys.stderr = before
        self.outputs.write(_written())
        return self.outputs.taken(), result.success, number, time.monotonic() - start


_file = None


def keep_descriptors(folder: str) -> int:
    """Send what code outside of Python writes to the first two descriptors into a file; returns that file's own."""
    global _file
    name = os.path.join(folder, ".written")
    _file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    os.unlink(name)
    os.dup2(_file, 1)
    os.dup2(_file, 2)
    return _file


def _written() -> str:
    if _file is None:
        return ""
    try:
        data = os.pread(_file, TEXT, 0)
        os.ftruncate(_file, 0)
    except OSError:
        return ""
    return data.decode("utf-8", "replace")
