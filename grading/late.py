"""What handing in late costs: a policy for ``AssignLatePenalties``, in settings of ``nbgrader_config.py``.

.. code-block:: python

    c.AssignLatePenalties.plugin_class = "grading.late.LatePolicy"
    c.LatePolicy.grace = 15  # minutes
    c.LatePolicy.per_day = 0.1
"""

import math

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Float, TraitError, validate

DAY = 24 * 60 * 60


class BadSetting(TraitError, ValueError):
    """A late policy that can't be meant."""


class LatePolicy(LateSubmissionPlugin):
    """A share of the points for each started day, which the end of a time of grace begins.

    Without settings nothing is taken.

    Raises:
        BadSetting: for a share outside 0..1, a negative time, or a setting that there is not.

    Example:
        >>> policy = LatePolicy(grace=15, per_day=0.1, most=0.5, refuse_after=7)
        >>> [policy.late_submission_penalty("ada", 20, 60 * minutes) for minutes in (10, 20, 1455, 1456, 9000, 20000)]
        [None, 2.0, 2.0, 4.0, 10.0, 20.0]
    """

    grace = Float(0, help="Minutes after the due date that cost nothing.").tag(config=True)
    per_day = Float(0, help="Share of the points that each started day costs, 0 to 1.").tag(config=True)
    most = Float(1, help="Share of the points that days can cost together, 0 to 1.").tag(config=True)
    refuse_after = Float(None, allow_none=True, help="Days after which all points are lost; None is never.").tag(
        config=True
    )

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        if strange := sorted(set(self.config.get("LatePolicy", {})) - set(self.trait_names(config=True))):
            raise BadSetting(
                f"LatePolicy.{strange[0]}: there is no such setting; wanted grace, per_day, most or refuse_after"
            )
        if self.penalty_method != "none":
            raise BadSetting(
                f"LateSubmissionPlugin.penalty_method: got {self.penalty_method!r}, which LatePolicy does not use; "
                "LatePolicy.refuse_after = 0 takes all points from the first second"
            )

    @validate("per_day", "most")
    def _share(self, proposal):
        name, value = proposal["trait"].name, proposal["value"]
        if not 0 <= value <= 1:
            raise BadSetting(f"LatePolicy.{name}: got {value}, wanted a share of the points, 0 to 1")
        return value

    @validate("grace", "refuse_after")
    def _time(self, proposal):
        name, value = proposal["trait"].name, proposal["value"]
        if value is not None and not 0 <= value < math.inf:
            unit = "minutes" if name == "grace" else "days, or None"
            raise BadSetting(f"LatePolicy.{name}: got {value}, wanted a number of {unit}, not negative")
        return value

    def share(self, seconds: float) -> float:
        """The share of the points that is lost.

        Args:
            seconds: between the due date and handing in.
        """
        late = seconds - 60 * self.grace
        if late <= 0:
            return 0.0
        if self.refuse_after is not None and late > DAY * self.refuse_after:
            return 1.0
        return min(self.most, self.per_day * math.ceil(late / DAY))

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """The points that are lost, as nbgrader asks for them; ``None`` for none.

        Args:
            student_id: has no influence.
            score: the points of the notebook.
            total_seconds_late: between the due date, with the student's extension, and handing in.
        """
        return self.share(total_seconds_late) * score or None


def renew(gradebook, stem: str, policy: LatePolicy) -> dict[str, tuple[float, float]]:
    """Reckon all penalties of an assignment anew: nbgrader does so only when it grades, not when a person has read.

    Args:
        gradebook: nbgrader's, open.
        stem: the assignment.
        policy: what is taken.

    Returns:
        The penalties before and after, in points, of the students for whom they differ.
    """
    changed = {}
    for submission in gradebook.assignment_submissions(stem):
        late = 0 if submission.assignment.duedate is None else submission.total_seconds_late
        for notebook in submission.notebooks:
            before = notebook.late_submission_penalty
            lost = policy.late_submission_penalty(submission.student.id, notebook.score, late) if late > 0 else None
            after = None if lost is None else min(max(lost, 0.0), notebook.score)
            if (before or 0) != (after or 0):
                notebook.late_submission_penalty = after
                was, is_ = changed.get(submission.student.id, (0.0, 0.0))
                changed[submission.student.id] = (was + (before or 0), is_ + (after or 0))
    gradebook.db.commit()
    return changed
