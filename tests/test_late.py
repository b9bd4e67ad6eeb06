"""What handing in late costs."""

import datetime
import logging
import math
import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_notebook
from nbgrader.api import Gradebook
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties
from traitlets.config import Config

from grading.late import DAY, BadSetting, LatePolicy, renew

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's, for a newer SQLAlchemy

MINUTE = 60
HOUR = 60 * MINUTE
DUE = datetime.datetime(2027, 3, 1, 12)

# Settings, seconds late, and what 20 points lose, reckoned by hand.
CASES = [
    ({}, 100 * DAY, None),
    ({"grace": 15, "per_day": 0.1}, 0, None),
    ({"grace": 15, "per_day": 0.1}, 15 * MINUTE, None),  # the last moment of grace
    ({"grace": 15, "per_day": 0.1}, 15 * MINUTE + 1, 2),  # the first day has started: 20 * 0.1
    ({"grace": 15, "per_day": 0.1}, DAY + 15 * MINUTE, 2),  # ... and ends
    ({"grace": 15, "per_day": 0.1}, DAY + 15 * MINUTE + 1, 4),  # the second: 20 * 0.2
    ({"per_day": 0.1}, 1, 2),
    ({"per_day": 0.1}, 2.5 * DAY, 6),  # 3 started days
    ({"per_day": 0.25}, 100 * DAY, 20),  # never more than all
    ({"per_day": 0.1, "most": 0.25}, 2 * DAY, 4),
    ({"per_day": 0.1, "most": 0.25}, 3 * DAY, 5),  # 0.3 is more than 0.25
    ({"per_day": 0.1, "most": 0.25, "refuse_after": 7}, 7 * DAY, 5),
    ({"per_day": 0.1, "most": 0.25, "refuse_after": 7}, 7 * DAY + 1, 20),
    ({"refuse_after": 0}, 1, 20),
    ({"refuse_after": 0, "grace": 60}, HOUR, None),
    ({"refuse_after": 0.5}, 12 * HOUR, None),
    ({"refuse_after": 0.5}, 12 * HOUR + 1, 20),
]


@pytest.mark.parametrize(("settings", "seconds", "lost"), CASES)
def test_penalties_reckoned_by_hand(settings, seconds, lost):
    assert LatePolicy(**settings).late_submission_penalty("ada", 20, seconds) == (lost and pytest.approx(lost))


@given(
    st.floats(0, 600), st.floats(0, 1), st.floats(0, 1), st.none() | st.floats(0, 30),
    st.floats(0, 1e7), st.floats(0, 1e7), st.floats(0, 1000),
)  # fmt: skip
def test_later_never_costs_less_and_never_more_than_all(grace, per_day, most, refuse_after, one, other, score):
    policy = LatePolicy(grace=grace, per_day=per_day, most=most, refuse_after=refuse_after)
    early, late = (policy.late_submission_penalty("ada", score, when) or 0 for when in sorted([one, other]))
    assert 0 <= early <= late <= score


def test_the_test_of_order_finds_a_wrong_policy():
    class Forgetful(LatePolicy):
        def share(self, seconds):
            return super().share(seconds % (2 * DAY))

    policy = Forgetful(per_day=0.1)
    assert policy.share(2 * DAY - 1) > policy.share(2 * DAY + 1)


BAD = [
    ({"per_day": 10}, r"LatePolicy\.per_day: got 10.0, wanted a share of the points, 0 to 1"),
    ({"per_day": -0.1}, r"LatePolicy\.per_day: got -0.1"),
    ({"per_day": math.nan}, r"LatePolicy\.per_day: got nan"),
    ({"most": 1.01}, r"LatePolicy\.most: got 1.01"),
    ({"grace": -1}, r"LatePolicy\.grace: got -1.0, wanted a number of minutes"),
    ({"grace": math.inf}, r"LatePolicy\.grace: got inf"),
    ({"refuse_after": -1}, r"LatePolicy\.refuse_after: got -1.0, wanted a number of days, or None"),
    ({"per_days": 0.1}, r"LatePolicy\.per_days: there is no such setting; wanted grace, per_day, most"),
    ({"penalty_method": "zero"}, "penalty_method: got 'zero', which LatePolicy does not use"),
]


@pytest.mark.parametrize(("settings", "message"), BAD)
def test_settings_that_can_not_be_meant(settings, message):
    with pytest.raises(ValueError, match=message) as caught:
        LatePolicy(config=Config(LatePolicy=settings))
    assert isinstance(caught.value, BadSetting)


def test_words_are_no_number():
    with pytest.raises(Exception, match="'per_day' trait of a LatePolicy instance expected a float"):
        LatePolicy(config=Config(LatePolicy={"per_day": "ten percent"}))


def test_nbgrader_takes_it_by_name():
    config = Config(AssignLatePenalties={"plugin_class": "grading.late.LatePolicy"}, LatePolicy={"per_day": 0.5})
    step = AssignLatePenalties(config=config)
    step.init_plugin()
    assert isinstance(step.plugin_inst, LatePolicy) and step.plugin_inst.per_day == 0.5
    assert issubclass(LatePolicy, LateSubmissionPlugin)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A gradebook without submissions, made once: nbgrader runs alembic for each."""
    place = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        with Gradebook(f"sqlite:///{place}") as gradebook:
            gradebook.add_assignment("chain_rule", duedate=DUE)
            gradebook.add_notebook("chain_rule", "chain_rule")
            gradebook.add_grade_cell("check", "chain_rule", "chain_rule", max_score=10, cell_type="code")
    return place


@pytest.fixture
def book(empty, tmp_path):
    shutil.copy(empty, tmp_path / "gradebook.db")
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as gradebook:
        for student, hours, points in (("ada", -1, 10), ("bob", 30, 8), ("cyd", 30, 0)):
            gradebook.add_student(student)
            gradebook.add_submission("chain_rule", student, timestamp=DUE + datetime.timedelta(hours=hours))
            gradebook.find_grade("check", "chain_rule", "chain_rule", student).auto_score = points
        gradebook.db.commit()
        yield gradebook


def penalties(book):
    return {s.student.id: s.late_submission_penalty for s in book.assignment_submissions("chain_rule")}


def test_nbgraders_own_step_writes_them(book, tmp_path, caplog):
    caplog.set_level(logging.CRITICAL)
    config = Config(AssignLatePenalties={"plugin_class": LatePolicy}, LatePolicy={"per_day": 0.1})
    for student in ("ada", "bob"):
        about = {"notebook": "chain_rule", "assignment": "chain_rule", "student": student}
        step = AssignLatePenalties(config=config)
        step.preprocess(new_notebook(), {"nbgrader": {**about, "db_url": f"sqlite:///{tmp_path}/gradebook.db"}})
    book.db.expire_all()
    assert penalties(book) == {"ada": 0, "bob": pytest.approx(1.6), "cyd": 0}  # 30 hours: two started days of 8 points


def test_penalties_follow_what_a_person_has_read(book):
    policy = LatePolicy(per_day=0.1)
    assert renew(book, "chain_rule", policy) == {"bob": (0, pytest.approx(1.6))}
    book.find_grade("check", "chain_rule", "chain_rule", "bob").manual_score = 10
    book.db.commit()
    assert renew(book, "chain_rule", policy) == {"bob": (pytest.approx(1.6), pytest.approx(2))}
    assert renew(book, "chain_rule", policy) == {}
    assert renew(book, "chain_rule", LatePolicy()) == {"bob": (pytest.approx(2), 0)}
    assert set(penalties(book).values()) == {0}


def test_an_extension_counts_and_no_due_date_is_never_late(book):
    book.grant_extension("chain_rule", "bob", hours=24)
    assert renew(book, "chain_rule", LatePolicy(per_day=0.1)) == {"bob": (0, pytest.approx(0.8))}
    book.update_or_create_assignment("chain_rule", duedate=None)
    assert renew(book, "chain_rule", LatePolicy(per_day=0.1)) == {"bob": (pytest.approx(0.8), 0)}
