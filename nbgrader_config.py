"""nbgrader's settings for this course. Every nbgrader command that is run in this folder reads them.

Two settings are taken from the environment:

* ``COURSE_GRADEBOOK``: where the marks are kept, such as ``postgresql://user:password@host/gradebook``. Without it, in
  the file ``gradebook.db`` beside this one (SQLite).
* ``COURSE_EXCHANGE``: the folder through which assignments and submissions travel; nbgrader's own default without it.

An error in this file is swallowed by nbgrader, which then goes on with its defaults, and those run student code
unprotected: ``python -m grading sample`` is how to find out after a change.
"""

import os
import sys
import warnings
from pathlib import Path

from sqlalchemy.exc import SAWarning

here = Path(__file__).resolve().parent
if str(here) not in sys.path:
    sys.path.insert(0, str(here))  # the classes of grading/ that are named below

from grading.settings import database, with_tools  # noqa: E402

with_tools(os.environ, here)
warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")  # it was written for an older SQLAlchemy
c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "autoregressive_models"
c.CourseDirectory.root = str(here)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
if os.environ.get("COURSE_GRADEBOOK"):
    c.CourseDirectory.db_url = database(os.environ["COURSE_GRADEBOOK"])
if os.environ.get("COURSE_EXCHANGE"):
    c.Exchange.root = os.environ["COURSE_EXCHANGE"]

# A comment alone, so that a notebook runs from top to bottom before anything is written: functions give back None, and
# the checks say so.
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}
c.ClearSolutions.text_stub = "*Your answer here.*"

c.Execute.timeout = 120  # seconds for a cell
c.Execute.shutdown_kernel = "immediate"  # a polite farewell costs more than the work of most cells
# nbgrader gives 0 points to a check during which anything was written to stderr, be it a warning or a progress bar.
c.Execute.extra_arguments = [
    "--IPKernelApp.exec_lines=import sys; sys.stderr = sys.stdout",
    "--IPKernelApp.log_level=ERROR",
]

c.ExchangeFactory.collect = "grading.collect.Collect"
c.ExportApp.plugin_class = "grading.exporter.CsvExport"
# Submissions are read, run and marked by grading/ alone: see book/instructors.md.
c.Autograde.pre_convert_hook = "grading.execute.set_aside"
c.Autograde.exporter_class = "grading.execute.AnyFile"
c.Autograde.sanitize_preprocessors = ["grading.execute.Transplant"]
c.Autograde.autograde_preprocessors = [
    "grading.execute.Execute",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "grading.execute.SaveMarks",
    "nbgrader.preprocessors.AssignLatePenalties",
]
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "grading.feedback.HideKeptBack",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
