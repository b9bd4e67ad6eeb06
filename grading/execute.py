"""Where a submission's code runs. Today that is an ordinary kernel, with all the rights of whoever grades."""

import logging
import os
from functools import cache

from nbgrader import utils
from nbgrader.preprocessors import Execute

WARNING = """
********************************************************************************************************
* STUDENT CODE RUNS UNPROTECTED: as you, on this machine, with your files, your gradebook and your     *
* network within its reach, and it can bend its own mark. Grade only submissions whose authors you     *
* trust, or on a machine that holds nothing else.                                                      *
********************************************************************************************************"""


@cache
def warn_once() -> None:
    """Say loudly, once a process, that student code runs unprotected."""
    logging.getLogger("grading").warning(WARNING)


class Unprotected(Execute):
    """Runs all cells in one kernel without any protection; only an error in a check costs its points.

    nbgrader takes the first thing that a check puts out for its mark: a number would be partial credit, and anything on
    stderr, such as a warning from C code beside a right answer, would be zero.
    """

    def preprocess(self, nb, resources=None, km=None):
        """Run the notebook, then take all but errors and printed text out of the checks."""
        warn_once()
        # Kernels side by side on a few cores, each with a thread for every core, slow each other down.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        nb, resources = super().preprocess(nb, resources, km)
        for cell in nb.cells:
            if cell.cell_type == "code" and utils.is_grade(cell) and not utils.is_solution(cell):
                cell.outputs = [output for output in cell.outputs if output.output_type in ("error", "stream")]
                for output in cell.outputs:
                    if output.output_type == "stream":
                        output.name = "stdout"
        return nb, resources
