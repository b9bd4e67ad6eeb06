"""What a student is shown of the checks that were kept back: what they asked and what came, never their source."""

import re

from nbconvert.filters import strip_ansi
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import List, Unicode

BEGIN, END = "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"
NOTE = "# The checks that were kept back ran here."


def without_hidden_tests(source: str) -> str:
    """The source with each region of hidden tests replaced by a note.

    Example:
        >>> print(without_hidden_tests("a = 1\\n### BEGIN HIDDEN TESTS\\nassert a == 2\\n### END HIDDEN TESTS"))
        a = 1
        # The checks that were kept back ran here.
    """
    kept, hidden = [], False
    for line in source.split("\n"):
        if BEGIN in line:
            kept.append(NOTE)
            hidden = True
        elif END in line:
            hidden = False
        elif not hidden:
            kept.append(line)
    return "\n".join(kept)


class HideKeptBack(NbGraderPreprocessor):
    """Takes the source of hidden tests out of cells, and out of the tracebacks of those that failed."""

    display_data_priority = List(Unicode(), config=True)  # nbconvert hands it to every preprocessor of a page

    def preprocess_cell(self, cell, resources, cell_index):
        """Hide what is hidden in one cell."""
        if cell.cell_type != "code" or BEGIN not in cell.source:
            return cell, resources
        cell.source = without_hidden_tests(cell.source)
        for output in cell.outputs:
            if output.output_type == "error":
                # Of the frames, only those of the student's own cells may stay. The last entry says what is wrong.
                own = f"In[{cell.execution_count}]"
                frames = [frame for frame in output.traceback[:-1] if _is_cell(frame) and own not in strip_ansi(frame)]
                output.traceback = [*frames, *output.traceback[-1:]]
        return cell, resources


def _is_cell(frame: str) -> bool:
    return re.match(r"Cell In\[\d+\]", strip_ansi(frame)) is not None
