"""What comes in from a folder that a stranger filled."""

import os
import time

import pytest
from nbgrader.exchange import ExchangeFactory

from grading.collect import FILES, Collect, take
from grading.course import Course

pytestmark = pytest.mark.filterwarnings("ignore")  # nbgrader calls newer libraries in older ways


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "inbound" / "ada+chain_rule+time"
    (folder / "data").mkdir(parents=True)
    (folder / "chain_rule.ipynb").write_text("{}")
    (folder / "data" / "table.csv").write_text("1,2")
    (folder / "timestamp.txt").write_text(time.strftime("%Y-%m-%d %H:%M:%S.0 UTC", time.gmtime()))
    return folder


def test_ordinary_files_come_in(source, tmp_path):
    assert take(source, tmp_path / "here") == []
    assert (tmp_path / "here/chain_rule.ipynb").read_text() == "{}"
    assert (tmp_path / "here/data/table.csv").read_text() == "1,2"


def test_no_link_is_followed(source, tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "solution.ipynb").write_text("the answers")
    (source / "chain_rule.ipynb").unlink()
    (source / "chain_rule.ipynb").symlink_to(tmp_path / "secret" / "solution.ipynb")
    (source / "all").symlink_to(tmp_path / "secret")
    (source / "loop").symlink_to("loop")
    os.mkfifo(source / "pipe")
    left = " ".join(take(source, tmp_path / "here"))
    assert all(name in left for name in ("chain_rule.ipynb", "all is a link", "loop", "pipe"))
    found = [entry for entry in (tmp_path / "here").rglob("*") if entry.is_file()]
    assert sorted(entry.name for entry in found) == ["table.csv", "timestamp.txt"]
    assert all("the answers" not in entry.read_text() for entry in found)


def test_a_folder_that_is_a_link_is_none(source, tmp_path):
    (tmp_path / "link").symlink_to(source)
    assert "is no folder" in take(tmp_path / "link", tmp_path / "here")[0]
    assert list((tmp_path / "here").iterdir()) == []


def test_too_many_and_too_large(source, tmp_path, monkeypatch):
    monkeypatch.setattr("grading.intake.BYTES", 100)
    (source / "big").write_bytes(b"x" * 101)
    for number in range(FILES):
        (source / f"z{number}").write_text("x")
    left = " ".join(take(source, tmp_path / "here"))
    assert "big: it has more than" in left and f"more than {FILES} files" in left
    assert not (tmp_path / "here" / "big").exists()
    assert sum(entry.is_file() for entry in (tmp_path / "here").rglob("*")) <= FILES


@pytest.mark.parametrize("told", ["1999-01-01 00:00:00.0 UTC", "last year", ""])
def test_a_time_before_the_folder_was_there_does_not_count(source, tmp_path, told):
    (source / "timestamp.txt").write_text(told)
    (line,) = take(source, tmp_path / "here")
    assert "the folder was last written to" in line
    assert (tmp_path / "here/timestamp.txt").read_text().startswith(time.strftime("%Y-%m-%d", time.gmtime()))


def test_the_course_collects_with_it(tmp_path):
    course = Course(tmp_path, tmp_path / "exchange")
    assert ExchangeFactory(config=course.config).collect is Collect
