# ruff: noqa: E501
"""Submissions from folders and from what Moodle and Canvas give out, friendly and not."""

import datetime
import io
import json
import os
import re
import stat
import struct
import tracemalloc
import zipfile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grading import intake, unpack
from grading.unpack import STUDENT, handed_in, read_roster

STEM = "chain_rule"
NAME = "chain_rule.ipynb"
WHEN = (2027, 3, 1, 12, 0, 0)


def member(name, date=WHEN, mode=stat.S_IFREG | 0o644, kind=zipfile.ZIP_DEFLATED):
    info = zipfile.ZipInfo(name, date)
    info.external_attr, info.compress_type = mode << 16, kind
    return info


def packed(*files, **more):
    """The bytes of an archive of files: pairs of a name, or what is known of a member, and content."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", **more) as archive:
        for name, content in files:
            archive.writestr(member(name) if isinstance(name, str) else name, content)
    return data.getvalue()


@pytest.fixture
def take(tmp_path):
    """Unpack files from an archive, and say what came of it: what was placed by student, and the lines."""

    def do(*files, data=None, **more):
        path = tmp_path / "download.zip"
        path.write_bytes(packed(*files) if data is None else data)
        done = unpack.unpack(path, tmp_path / "submitted", STEM, **more)
        return placed(tmp_path), done

    return do


def placed(tmp_path):
    """What lies in the submissions' folder, by student; nothing may lie elsewhere in it."""
    found = {}
    for path in (tmp_path / "submitted").rglob("*"):
        if not path.is_dir():
            student, stem, name = path.relative_to(tmp_path / "submitted").parts
            assert stem == STEM and name in (NAME, "timestamp.txt") and not path.is_symlink()
            if name == NAME:
                found[student] = path.read_text()
    return found


# ------------------------------------------------------------------------------------------------ Moodle and Canvas

MOODLE = {
    "folders": ["Ada Lovelace_101_assignsubmission_file/chain_rule.ipynb", "Zoë O'Neill_102_assignsubmission_file/chain_rule.ipynb"],
    "folders of older versions": ["Ada Lovelace_101_assignsubmission_file_/chain_rule.ipynb", "Z_102_assignsubmission_file_/chain_rule.ipynb"],
    "no folders": ["Ada Lovelace_101_assignsubmission_file_chain_rule.ipynb", "_102_assignsubmission_file_chain_rule.ipynb"],
    "without names": ["Participant_101_assignsubmission_file/chain_rule.ipynb", "Participant_102_assignsubmission_file/chain_rule.ipynb"],
    "a folder around": ["week 3/A_101_assignsubmission_file/chain_rule.ipynb", "week 3/B_102_assignsubmission_file/x/chain_rule.ipynb"],
    "backslashes": ["A_101_assignsubmission_file\\chain_rule.ipynb", "B_102_assignsubmission_file\\chain_rule.ipynb"],
}  # fmt: skip
CANVAS = {
    "plain": ["lovelaceada_101_9001_chain_rule.ipynb", "oneillzoë_102_9002_chain_rule.ipynb"],
    "late": ["lovelaceada_LATE_101_9001_chain_rule.ipynb", "x_LATE_102_9002_chain_rule.ipynb"],
    "handed in again": ["lovelaceada_101_9001_chain_rule-3.ipynb", "x_LATE_102_9002_chain_rule-1-1.ipynb"],
    "names with underscores": ["o_brien_101_9001_chain_rule.ipynb", "a_b_c_LATE_102_9002_chain_rule.ipynb"],
    "names that end in a number": ["ada_7_LATE_101_9001_chain_rule.ipynb", "x_102_9002_chain_rule.ipynb"],
    "other file names": ["ada_101_9001_my_solution.ipynb", "x_102_9002_.ipynb"],
    "a folder around": ["submissions/ada_101_9001_chain_rule.ipynb", "submissions/x_102_9002_chain_rule.ipynb"],
}


@pytest.mark.parametrize("names", [*MOODLE.values(), *CANVAS.values()], ids=[*MOODLE, *(f"Canvas {n}" for n in CANVAS)])
def test_the_names_of_moodle_and_canvas(take, names):
    found, done = take(*zip(names, ("one", "two"), strict=True))
    if names == CANVAS["other file names"]:  # a name that is nothing but an ending is no notebook's
        assert found == {"101": "one"} and "102: no notebook among what was handed in" in done.lines
    else:
        assert found == {"101": "one", "102": "two"} and done.written == ["101", "102"]


def test_anonymous_students_of_canvas(take):
    assert set(take(("anon_aB3xY_9001_chain_rule.ipynb", "x"), ("LATE_anon_7KqzW_9002_chain_rule.ipynb", "y"))[0]) == {
        "anon_aB3xY", "anon_7KqzW",
    }  # fmt: skip


def test_what_was_typed_is_listed(take):
    found, done = take(
        ("A_1_assignsubmission_file/chain_rule.ipynb", "x"), ("A_1_assignsubmission_onlinetext/onlinetext.html", "y")
    )
    assert found == {"1": "x"}
    assert done.lines == [
        "A_1_assignsubmission_onlinetext/onlinetext.html: it is what Moodle calls onlinetext, no file"
    ]
    files = [
        ("a_1_2_chain_rule.ipynb", "x"),
        ("b_3_text.html", "y"),
        ("c_LATE_4_link.html", "z"),
        ("d_5_text.html", ""),
    ]
    assert [line.split(": ")[1] for line in take(*files)[1].lines] == ["it was typed into Canvas, and is no file"] * 3


def test_a_name_that_claims_another_student_is_no_ones(take):
    # Whoever may choose a name in Canvas could take one that ends in another student's number.
    found, done = take(("ada_101_9001_chain_rule.ipynb", "x"), ("eve_101_102_9002_chain_rule.ipynb", "forged"))
    assert found == {"101": "x"}
    assert done.lines == ["eve_101_102_9002_chain_rule.ipynb: its name fits 101 and 102: place it by hand"]


WORDS = st.text("abcé_0123456789", max_size=12)


@given(
    WORDS,
    st.booleans(),
    st.integers(1, 10**6),
    st.integers(1, 10**7),
    st.text("ab_-0123456789.", min_size=1, max_size=12),
)
def test_no_name_in_canvas_leads_to_another_student(name, late, user, file, original):
    name = re.sub(r"_(\d+)_", r"\1", name).lower()  # as Canvas makes it
    name = re.sub(r"[^\w]", "", "_".join([name, *(["LATE"] if late else []), str(user)]))
    fit = unpack._canvas((f"{name}_{file}_{original}",))
    assert isinstance(fit, str) or fit == (str(user), (original,), file, late) or (fit is None and "_" in name[:1])


def test_one_file_that_looks_like_canvas_changes_nothing_for_others(take):
    found, done = take(("ada.ipynb", "a"), ("bob.ipynb", "b"), ("cyd.ipynb", "c"), ("x_101_9_y.ipynb", "d"))
    assert (
        found == {"ada": "a", "bob": "b", "cyd": "c", "x_101_9_y": "d"}
        and done.lines == ["x_101_9_y: x_101_9_y.ipynb: taken for chain_rule.ipynb"]
    ) or {"ada", "bob", "cyd"} <= set(found)


# ---------------------------------------------------------------------------------------- which file of a student


def of_ada(*names):
    return [(f"Ada_1_assignsubmission_file/{name}", name) for name in names]


WHICH = [
    ([NAME], NAME),
    (["data.csv", NAME, "notes.ipynb"], NAME),
    (["anything.ipynb"], "anything.ipynb"),
    (["chain_rule (1).ipynb", "chain_rule (2).ipynb"], "chain_rule (2).ipynb"),
    (["chain_rule-2.ipynb", "chain_rule-10.ipynb"], "chain_rule-10.ipynb"),
    ([NAME, "chain_rule (2).ipynb"], NAME),
    ([NAME, f"old/{NAME}"], NAME),
    ([f".ipynb_checkpoints/{NAME}", f"__MACOSX/{NAME}", "x.IPYNB"], "x.IPYNB"),
    (["one.ipynb", "two.ipynb"], None),
    ([f"a/{NAME}", f"b/{NAME}"], None),
    (["essay.pdf"], None),
    ([f"chain_rule-{'9' * 5000}.ipynb"[:240] + ".ipynb", "b.ipynb"], None),
]


@pytest.mark.parametrize(("names", "chosen"), WHICH)
def test_which_notebook_is_taken(take, names, chosen):
    found, done = take(*of_ada(*names))
    assert found == ({"1": chosen} if chosen else {})
    told = "\n".join(done.lines)
    assert all(name in told for name in names if name != chosen)  # nothing is dropped without a word
    if chosen != NAME:
        assert ("taken for chain_rule.ipynb" if chosen else "1: ") in told


def test_the_newest_of_canvas(take):
    found, done = take(
        ("ada_1_30_chain_rule.ipynb", "old"),
        ("ada_1_31_chain_rule-1.ipynb", "new"),
        ("bob_LATE_2_5_chain_rule.ipynb", "b"),
    )
    assert found == {"1": "new", "2": "b"}
    assert (
        "1: chain_rule.ipynb: left out" in done.lines and "2: late, as Canvas says, but not by how much" in done.lines
    )


def test_a_students_own_archive(take):
    inner = packed((f"work/{NAME}", "inside"), ("work/data.csv", "1"), ("work/more.zip", packed((NAME, "too deep"))))
    found, done = take(*of_ada("readme.txt"), ("Ada_1_assignsubmission_file/work.zip", inner))
    assert found == {"1": "inside"}
    assert sorted(done.lines) == [
        "1: readme.txt: left out", "1: work.zip/work/data.csv: left out", "1: work.zip/work/more.zip: left out",
    ]  # fmt: skip


def test_an_archive_beside_the_notebook_stays_closed(take):
    found, done = take(*of_ada(NAME), ("Ada_1_assignsubmission_file/work.zip", packed((NAME, "inside"))))
    assert found == {"1": NAME} and done.lines == ["1: work.zip: left out"]


# ---------------------------------------------------------------------------------------------------------- a folder


def test_a_folder_of_notebooks(tmp_path):
    folder = tmp_path / "inbox"
    for name, content in (
        ("ada.ipynb", "a"),
        ("bob/chain_rule.ipynb", "b"),
        ("Cyd C/mine.ipynb", "c"),
        (".hidden.ipynb", "h"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    (folder / "dan.zip").write_bytes(packed((NAME, "d")))
    (folder / "emil").mkdir()
    (folder / "note.txt").write_text("no student's")
    done = unpack.unpack(folder, tmp_path / "submitted", STEM)
    assert placed(tmp_path) == {"ada": "a", "bob": "b", "Cyd C": "c", "dan": "d"}
    told = "\n".join(done.lines)
    assert all(text in told for text in ("emil: no notebook", "note.txt: its name says no student", ".hidden.ipynb"))


def test_a_folder_that_was_an_archive_of_moodle(tmp_path):
    folder = tmp_path / "inbox" / "Ada_101_assignsubmission_file"
    folder.mkdir(parents=True)
    (folder / NAME).write_text("a")
    unpack.unpack(tmp_path / "inbox", tmp_path / "submitted", STEM)
    assert placed(tmp_path) == {"101": "a"}


def test_links_and_devices_in_a_folder(tmp_path):
    folder, secret = tmp_path / "inbox", tmp_path / "secret"
    for student in ("ada", "bob", "cyd", "dan"):
        (folder / student).mkdir(parents=True)
    secret.mkdir()
    (secret / NAME).write_text("the answers")
    (folder / "ada" / NAME).symlink_to(secret / NAME)
    (folder / "bob" / "here").symlink_to(secret)
    os.mkfifo(folder / "cyd" / NAME)
    (folder / "dan" / NAME).write_text("d")
    (folder / "eve").symlink_to(secret)
    done = unpack.unpack(folder, tmp_path / "submitted", STEM)
    assert placed(tmp_path) == {"dan": "d"}
    told = "\n".join(done.lines)
    for text in ("ada: chain_rule.ipynb: it can't be opened", "here: left out", "cyd: chain_rule.ipynb: it is no ordinary",
                 "eve: its name says no student"):  # fmt: skip
        assert text in told


# -------------------------------------------------------------------------------------------------- hostile archives


@pytest.mark.parametrize("name", ["../../evil.ipynb", "/evil.ipynb", "..\\evil.ipynb", "a/../../evil.ipynb", "C:\\evil.ipynb",
                                  "..", "../ada_1_assignsubmission_file/chain_rule.ipynb"])  # fmt: skip
def test_no_path_leads_outside(take, tmp_path, name):
    found, done = take((name, "evil"), *of_ada(NAME))
    assert found == {"1": NAME} and len(done.lines) == 1
    found, done = take((name, "evil"), ("ada/chain_rule.ipynb", "a"))
    assert "ada" in found and all(STUDENT.fullmatch(student) for student in found)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["download.zip", "submitted"]


def test_members_that_are_no_files(take):
    found, done = take(
        (member("A_1_assignsubmission_file/chain_rule.ipynb", mode=stat.S_IFLNK | 0o777), "/etc/passwd"),
        (member("B_2_assignsubmission_file/chain_rule.ipynb", mode=stat.S_IFIFO), "x"),
        (member("C_3_assignsubmission_file/chain_rule.ipynb", kind=zipfile.ZIP_LZMA), "x"),
        (member("D_4_assignsubmission_file/chain_rule.ipynb", mode=0), "fine"),
    )
    assert found == {"4": "fine"}
    assert [line.split(": ")[-1] for line in done.lines] == [
        "it is a link or no ordinary file", "it is a link or no ordinary file", "it is compressed in a way other than deflate",
    ]  # fmt: skip


def test_what_has_a_password_is_listed(take):
    data = bytearray(packed(*of_ada(NAME)))
    for start in (data.find(b"PK\x03\x04") + 6, data.find(b"PK\x01\x02") + 8):
        data[start] |= 1
    assert take(data=bytes(data))[1].lines == ["1: chain_rule.ipynb: it has a password"]


def test_a_bomb_takes_no_memory(take):
    bomb = packed(
        (f"Ada_1_assignsubmission_file/{NAME}", b"0" * (200 << 20)), ("Bob_2_assignsubmission_file/x.ipynb", "b")
    )
    tracemalloc.start()
    found, done = take(data=bomb)
    assert tracemalloc.get_traced_memory()[1] < 4 * intake.BYTES
    tracemalloc.stop()
    assert found == {"2": "b"} and "1: chain_rule.ipynb: it has more than 10 MiB" in done.lines


def test_a_bomb_that_says_it_is_small(take):
    data = bytearray(packed(("Ada_1_assignsubmission_file/chain_rule.ipynb", b"0" * (1 << 20))))
    at = data.find(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 10)
    found, done = take(data=bytes(data))
    assert found == {} and "it is damaged" in done.lines[0]


def test_archives_in_archives(take):
    inner = packed((NAME, b"0" * (11 << 20)))
    many = packed(*((f"{number}.txt", "") for number in range(unpack.INNER + 1)))
    wide = packed(("x", b"0" * (unpack.ARCHIVE + 1)), compression=zipfile.ZIP_STORED)
    found, done = take(
        ("A_1_assignsubmission_file/a.zip", inner), ("B_2_assignsubmission_file/b.zip", many),
        (member("C_3_assignsubmission_file/c.zip"), wide + b"0" * (unpack.ARCHIVE + 1)), ("D_4_assignsubmission_file/d.zip", "no"),
        ("E_5_assignsubmission_file/e.zip", packed(("../../chain_rule.ipynb", "outside"))),
        *((f"F_6_assignsubmission_file/{number}.zip", packed(("x.txt", ""))) for number in range(9)),
    )  # fmt: skip
    told = "\n".join(done.lines)
    assert found == {}
    for text in ("1: a.zip/chain_rule.ipynb: it has more than 10 MiB", f"2: b.zip: it has more than {unpack.INNER} files",
                 "3: c.zip: it has more than 20 MiB", "4: d.zip: it is no archive", "5: e.zip/../chain_rule.ipynb: left out",
                 "6: 8.zip: left out", "6: 0.zip/x.txt: left out"):  # fmt: skip
        assert text in told


def test_the_same_name_twice(take):
    with pytest.warns(UserWarning, match="Duplicate name"):
        files = packed(*of_ada(NAME), (f"Ada_1_assignsubmission_file/{NAME}", "second"))
    found, done = take(data=files)
    assert found == {} and done.lines[0] == "1: 2 notebooks, and no telling which"


def test_names_move_no_cursor(take):
    lines = take(*of_ada(NAME, "\x1b[2J\n\u202e.txt"))[1].lines
    assert lines == ["1: �[2J��.txt: left out"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**4), st.integers(0, 255)), max_size=8), st.integers(0, 400))
def test_a_damaged_archive_of_a_students_stops_no_other(tmp_path_factory, changes, cut):
    tmp_path = tmp_path_factory.mktemp("damaged")
    data = bytearray(packed((NAME, json.dumps({"cells": [], "nbformat": 4})), ("x/y.csv", "1,2" * 50)))
    for place, value in changes:
        data[place % len(data)] = value
    inner = bytes(data[: max(1, len(data) - cut)]) if cut < 200 else bytes(data)
    (tmp_path / "d.zip").write_bytes(
        packed(("A_1_assignsubmission_file/a.zip", inner), ("B_2_assignsubmission_file/b.ipynb", "b"))
    )
    done = unpack.unpack(tmp_path / "d.zip", tmp_path / "submitted", STEM)
    found = placed(tmp_path)
    assert found["2"] == "b" and (("1" in found) or any(line.startswith("1: ") for line in done.lines))


@pytest.mark.parametrize("data", [b"", b"PK", b"x" * 100, b"PK\x05\x06" + b"\xff" * 18])
def test_no_archive(take, data):
    with pytest.raises(ValueError, match=r"source: .*download\.zip is no archive that can be read"):
        take(data=data)


def test_nothing_there(tmp_path):
    with pytest.raises(ValueError, match="source: there is no"):
        unpack.unpack(tmp_path / "none.zip", tmp_path / "submitted", STEM)


def test_too_many_files(take, monkeypatch):
    monkeypatch.setattr("grading.unpack.ENTRIES", 2)
    with pytest.raises(ValueError, match="has more than 2 files"):
        take(*of_ada("a", "b", "c"))


# -------------------------------------------------------------------------------------------------- again, and times


def moodle(date, content):
    return packed((member(f"Ada_1_assignsubmission_file/{NAME}", date=date), content))


def test_only_what_is_newer_takes_a_place(take):
    assert take(data=moodle((2027, 3, 1, 12, 0, 0), "first"))[1].written == ["1"]
    assert take(data=moodle((2027, 3, 1, 12, 0, 0), "first"))[1].same == ["1"]
    found, done = take(data=moodle((2027, 2, 1, 12, 0, 0), "older"))
    assert found == {"1": "first"} and done.lines == [
        "1: chain_rule.ipynb: another submission is there that is not older: kept"
    ]
    assert take(data=moodle((2027, 3, 2, 12, 0, 0), "newer"))[0] == {"1": "newer"}
    assert take(data=moodle((2027, 2, 1, 12, 0, 0), "older"), force=True)[0] == {"1": "older"}


def test_no_time_of_hand_in_unless_it_is_known(take, tmp_path):
    stamp = tmp_path / "submitted/1/chain_rule/timestamp.txt"
    take(data=moodle(WHEN, "x"))
    assert not stamp.exists()  # Moodle and Canvas write the moment of the download
    take(data=moodle(WHEN, "y"), zip_times=True, force=True)
    told = datetime.datetime.strptime(stamp.read_text(), "%Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=datetime.UTC)
    assert told == datetime.datetime(*WHEN).astimezone(datetime.UTC)
    take(data=moodle((2027, 3, 2, 12, 0, 0), "z"))
    assert not stamp.exists()  # that was of another submission


def test_times_from_elsewhere_decide(take, tmp_path):
    stamp = tmp_path / "submitted/1/chain_rule/timestamp.txt"
    early, late = (datetime.datetime(2027, 3, day, 18, tzinfo=ZoneInfo("Europe/Berlin")) for day in (1, 2))
    take(data=moodle(WHEN, "x"), times={"1": late})
    assert stamp.read_text() == "2027-03-02 17:00:00.000000 UTC"
    assert take(data=moodle((2030, 1, 1, 0, 0, 0), "y"), times={"1": early})[0] == {"1": "x"}
    assert take(data=moodle((2020, 1, 1, 0, 0, 0), "y"), times={"1": late + datetime.timedelta(1)})[0] == {"1": "y"}


def test_a_time_of_the_archive_to_the_second(take, tmp_path):
    info = member(f"Ada_1_assignsubmission_file/{NAME}", date=(1980, 1, 1, 0, 0, 0))
    info.extra = struct.pack("<HHBI", 0x5455, 5, 1, 1_800_000_000)
    take((info, "x"), zip_times=True)
    assert (tmp_path / "submitted/1/chain_rule/timestamp.txt").read_text() == "2027-01-15 08:00:00.000000 UTC"
    info = member(f"Bob_2_assignsubmission_file/{NAME}", date=(1980, 1, 1, 0, 0, 0))  # which stands for none
    take((info, "x"), zip_times=True)
    assert not (tmp_path / "submitted/2/chain_rule/timestamp.txt").exists()


def test_links_where_submissions_go(take, tmp_path):
    outside = tmp_path / "outside"
    (outside / STEM).mkdir(parents=True)
    (tmp_path / "submitted/2" / STEM).mkdir(parents=True)
    (tmp_path / "submitted/1").symlink_to(outside)
    (outside / "gradebook.db").write_text("marks")
    (tmp_path / "submitted/2" / STEM / NAME).symlink_to(outside / "gradebook.db")
    done = take(*of_ada(NAME), (f"Bob_2_assignsubmission_file/{NAME}", "b"))[1] if False else None
    (tmp_path / "d.zip").write_bytes(packed(*of_ada(NAME), (f"Bob_2_assignsubmission_file/{NAME}", "b")))
    done = unpack.unpack(tmp_path / "d.zip", tmp_path / "submitted", STEM)
    assert (outside / "gradebook.db").read_text() == "marks" and list((outside / STEM).iterdir()) == []
    assert (tmp_path / "submitted/2" / STEM / NAME).read_text() == "b" and "1 is no folder" in done.lines[0]


# ---------------------------------------------------------------------------------------------------------- rosters

WORKSHEET = """\ufeffIdentifier,Full name,Email address,Status,Grade,Last modified (submission)
Participant 101,Ada L,ada@x.edu,Submitted,,"Monday, 1 March 2027, 5:02 PM"
Participant 102,Bob B,bob@x.edu,No submission,,-
"""
GRADEBOOK = """Student,ID,SIS User ID,SIS Login ID,Section,Chain rule (5)
    Points Possible,,,,,16
"L, Ada",101,s1,ada,One,
"Student, Test",103,,,One,
"""


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_rosters_of_moodle_and_canvas(tmp_path):
    assert read_roster(write(tmp_path / "w.csv", WORKSHEET)) == {"101": "ada@x.edu", "102": "bob@x.edu"}
    assert read_roster(write(tmp_path / "g.csv", GRADEBOOK)) == {"101": "ada"}
    assert read_roster(tmp_path / "g.csv", "SIS User ID") == {"101": "s1"}
    assert read_roster(write(tmp_path / "s.csv", GRADEBOOK.replace(",", ";").replace('"L; Ada"', '"L, Ada"'))) == {
        "101": "ada"
    }


BAD = [
    ("a,b\n1,2\n", "no column Identifier"),
    ("ID,Name\n1,ada\n", "no column Username or"),
    ("ID,Username\n1,ada\n2,ada\n", "2 or ada for the second time"),
    ("ID,Username\n1,ada\n1,bob\n", "1 or bob for the second time"),
    ("ID,Username\n1,../ada\n", r"line 2: got '1' and '\.\./ada'"),
    ("ID,Username\nx,ada\n", "line 2: got 'x' and 'ada'"),
    ("ID,Username\n1\n", "line 2: 1 cells"),
    ("", "it is empty"),
    ('ID,"Username\n', "no table in CSV"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_rosters_that_are_none(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_roster(write(tmp_path / "r.csv", text))


def test_only_students_of_the_roster_are_placed(take):
    files = [("A_101_assignsubmission_file/chain_rule.ipynb", "a"), ("B_102_assignsubmission_file/chain_rule.ipynb", "b"),
             ("C_7_assignsubmission_file/chain_rule.ipynb", "c")]  # fmt: skip
    found, done = take(*files, roster={"101": "ada", "103": "7"})  # 7 is a name here, and another's number there
    assert found == {"ada": "a"}
    assert done.lines == ["102/chain_rule.ipynb: not in the roster", "7/chain_rule.ipynb: not in the roster"]


def test_a_roster_for_a_folder_of_names(take):
    found, done = take(
        ("ada.ipynb", "a"), ("101/chain_rule.ipynb", "b"), ("cyd.ipynb", "c"), roster={"1": "ada", "101": "bob"}
    )
    assert found == {"ada": "a", "bob": "b"} and done.lines[-1] == "cyd/cyd.ipynb: not in the roster"


def test_two_numbers_of_one_student(take):
    files = [(f"A_{number}_assignsubmission_file/{NAME}", number) for number in "12"]
    found, done = take(*files, roster={"1": "ada", "2": "ada"})
    assert found == {"ada": "1"} and done.lines == ["2/chain_rule.ipynb: ada for the second time"]


def test_when_moodle_says_that_they_handed_in(tmp_path):
    times = handed_in(write(tmp_path / "w.csv", WORKSHEET), ZoneInfo("Europe/Berlin"))
    assert times == {"101": datetime.datetime(2027, 3, 1, 17, 2, tzinfo=ZoneInfo("Europe/Berlin"))}
    with pytest.raises(ValueError, match=r"line 2: got 'Montag, 1. März', wanted a time such as"):
        handed_in(
            write(tmp_path / "w.csv", WORKSHEET.replace("Monday, 1 March 2027, 5:02 PM", "Montag, 1. März")),
            ZoneInfo("UTC"),
        )
    with pytest.raises(ValueError, match=r"no column Last modified \(submission\)"):
        handed_in(write(tmp_path / "g.csv", "Identifier,x\n1,2\n"), ZoneInfo("UTC"))


@pytest.mark.parametrize("name", ["ada", "7", "ada.lovelace@x.edu", "Ada Lovelace", "zoë", "a" * 128])
def test_names_of_students(name):
    assert STUDENT.fullmatch(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".ada", "ada/", "a/b", "a\\b", "*", "a?", "[a]", "{a}", "-a", "a\n", " a", "a" * 129]
)
def test_no_names_of_students(name):
    assert not STUDENT.fullmatch(name)
