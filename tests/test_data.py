"""Data sets: what they hold, how they split, what a broken download leaves behind; and sources that are known exactly.

The downloads come from a web server on this machine. It serves the real files from the folder that the environment
variable DGMLIB_TEST_DATA names (by default ../shared/data), checked by their pinned hashes; in place of a file that is
not there it serves one of the same shape that the test makes, under a hash of its own.
"""

import gzip
import hashlib
import math
import os
import re
import socket
import tomllib
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch
from oracles import chi_square_p_value, every_point

from dgmlib import data
from dgmlib.data import Alphabet, BarsAndStripes, Dataset, MarkovSource, Splits, TableSource, downloaded
from dgmlib.divergences import entropy

REPOSITORY = Path(__file__).parents[1]
REAL = Path(os.environ.get("DGMLIB_TEST_DATA") or REPOSITORY.parent / "shared" / "data")
OFFLINE = ["digits", "given_names", "surnames"]


# --------------------------------------------------------------------------------------------- a server on this machine


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return gzip.compress(header + array.tobytes(), compresslevel=1, mtime=0)


def made(path: str) -> bytes:
    """A file of the right shape: pictures that are numbered, labels that count, a text of 65 symbols."""
    if path.endswith(".txt"):
        symbols = np.frombuffer(bytes(range(58, 58 + 65)), np.uint8)
        return symbols[np.random.RandomState(0).permutation(1_115_394) % 65].tobytes()
    n = 60_000 if "train" in path else 10_000
    if "labels" in path:
        return idx((np.arange(n) % 10).astype(np.uint8))
    pictures = np.zeros((n, 28, 28), np.uint8)
    pictures[:, 0, :2] = np.arange(n, dtype="<u2").view(np.uint8).reshape(n, 2)
    pictures[:, 0, 2] = 1 if "fashion" in path else 2
    return idx(pictures)


@pytest.fixture(scope="module")
def files():
    return {p: (REAL / p).read_bytes() if (REAL / p).exists() else made(p) for p in downloaded._FILES}


@pytest.fixture(scope="module")
def server(files):
    """An address; its first folder says how the server behaves."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            manner, path = self.path.lstrip("/").split("/", 1)
            self.server.requests.append(path)
            content = files[path]
            if manner == "absent":
                return self.send_error(404)
            if manner == "wrong":
                content = bytes([content[0] ^ 1]) + content[1:]
            if manner == "page":
                content = b"<html>Sign in to the network</html>"
            self.send_response(200)
            if manner != "cut_unannounced":
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            half = len(content) // 2
            self.wfile.write(content[:half])
            self.wfile.flush()
            cache = os.environ["DGMLIB_CACHE"]
            self.server.seen_half_way.append(os.path.exists(os.path.join(cache, path)))
            if not manner.startswith("cut"):
                self.wfile.write(content[half:])

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.requests, server.seen_half_way = [], []
        server.address = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def mirror(server, files, tmp_path, monkeypatch):
    """A function that sets how the server behaves; the cache is empty."""
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(variable, "127.0.0.1")
    monkeypatch.setenv("DGMLIB_CACHE", str(tmp_path / "cache"))
    own = {p: downloaded._File("", hashlib.sha256(files[p]).hexdigest()) for p in files if not (REAL / p).exists()}
    monkeypatch.setattr(downloaded, "_FILES", downloaded._FILES | own)
    server.requests.clear()
    server.seen_half_way.clear()

    def behave(manner):
        monkeypatch.setenv("DGMLIB_MIRROR", f"{server.address}/{manner}/")
        return server

    behave("good")
    return behave


def left_behind(tmp_path):
    return [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


# ------------------------------------------------------------------------------------------------------ what is in them


@pytest.mark.parametrize("name", data.catalogue())
def test_every_data_set_says_what_it_is_and_is_so(name, mirror):
    loaded = data.load(name)
    count = int(re.match(r"[\d,]+", data.catalogue()[name]).group().replace(",", ""))
    assert count == sum(len(x) for x in (loaded.train, loaded.valid, loaded.test))
    for split in Splits._fields:
        x = getattr(loaded, split)
        assert x.shape[1:] == loaded.event_shape and x.min() >= 0 and x.max().item() < loaded.values
        assert x.dtype == (torch.uint8 if "mnist" in name else torch.int64)
        for beside in (loaded.labels, loaded.groups):
            assert beside is None or (getattr(beside, split).shape == (len(x),) and beside.train.dtype == torch.int64)
    shown = repr(loaded)
    for fact in (name, f"{len(loaded.train):,} train", loaded.licence, loaded.source, loaded.protocol):
        assert fact in shown
    assert f"0..{loaded.values - 1}" in shown and (not loaded.event_shape or str(loaded.event_shape) in shown)


@pytest.mark.parametrize("name", OFFLINE)
def test_what_is_embedded_needs_no_network(name, mirror):
    server = mirror("absent")
    data.load(name)
    assert not server.requests


@pytest.mark.parametrize("name", OFFLINE)
def test_a_split_is_the_same_each_time_and_another_with_another_seed(name):
    options = {"split": "shuffled"} if name == "digits" else {}
    first, again, other = (data.load(name, seed=seed, **options).train for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


def all_splits(splits):
    return torch.cat([splits.train, splits.valid, splits.test])


@pytest.fixture(scope="module")
def digits_file():
    from sklearn.datasets import load_digits

    return load_digits()


def test_digits_by_index_are_scikit_learns_in_its_order(digits_file):
    loaded = data.digits()
    assert [len(loaded.train), len(loaded.valid), len(loaded.test)] == [1200, 300, 297]
    assert torch.equal(all_splits(loaded)[:, 0].double(), torch.from_numpy(digits_file.images))
    assert torch.equal(all_splits(loaded.labels), torch.from_numpy(digits_file.target))
    assert not set(loaded.groups.train.tolist()) & set(loaded.groups.test.tolist())


@pytest.mark.parametrize("split", ["index", "shuffled", "blocks"])
def test_digits_binarized_are_one_above_half(split):
    grey, binary = data.digits(split=split), data.digits(split=split, binarize=True)
    assert binary.values == 2
    for part in Splits._fields:
        assert torch.equal(getattr(binary, part), (getattr(grey, part) >= 8).long())


@pytest.mark.parametrize("split", ["shuffled", "blocks"])
def test_digits_are_dealt_without_loss(split):
    by_index, dealt = data.digits(), data.digits(split=split, seed=3)

    def rows(loaded):
        parts = (all_splits(loaded.labels)[:, None], all_splits(loaded.groups)[:, None], all_splits(loaded).flatten(1))
        return Counter(map(tuple, torch.cat(parts, 1).tolist()))

    assert rows(by_index) == rows(dealt)
    assert not torch.equal(all_splits(by_index), all_splits(dealt))


@pytest.mark.parametrize("seed", range(5))
def test_blocks_keep_each_form_whole(seed):
    groups = [set(g.tolist()) for g in data.digits(split="blocks", seed=seed).groups]
    assert [len(g) for g in groups] == [10, 2, 2] and len(set.union(*groups)) == 14
    shuffled = [set(g.tolist()) for g in data.digits(split="shuffled", seed=seed).groups]
    assert [len(g) for g in shuffled] == [14, 14, 14]


def test_forms_of_the_digits_can_be_read_off_their_labels(digits_file):
    """Each form counts 0 to 9 three times, then goes on 0955650989; a few digits are missing from some."""

    def counts(text):  # whether the text is '0123456789' three times, with digits left out
        script = iter("0123456789" * 3)
        return all(digit in script for digit in text)

    labels = "".join(map(str, digits_file.target))
    after = [match.start() for match in re.finditer("0955650989", labels)]
    forms = [min(start for start in range(max(0, a - 31), a) if counts(labels[start:a])) for a in after]
    groups = all_splits(data.digits().groups)
    assert forms == [(groups == form).nonzero()[0].item() for form in range(14)]
    assert torch.equal(groups, groups.sort().values)


def test_a_digit_looks_most_like_one_from_the_same_form(digits_file):
    x = torch.from_numpy(digits_file.images).flatten(1)
    groups = all_splits(data.digits().groups)
    nearest = torch.cdist(x, x).fill_diagonal_(math.inf).argmin(1)
    assert round(100 * (groups[nearest] == groups).double().mean().item()) == 54
    assert round(100 * (groups.bincount() / len(groups)).square().sum().item()) == 7


@pytest.mark.parametrize(
    "name, files, longest", [("given_names", ["female.first", "male.first"], 11), ("surnames", ["all.last"], 13)]
)
def test_names_are_the_census_s_each_once(name, files, longest):
    folder = metadata.distribution("names").locate_file("names")
    listed = {line.split()[0].lower() for f in files for line in (folder / f"dist.{f}").read_text().splitlines()}
    loaded = data.load(name)
    spelled = loaded.alphabet.decode(all_splits(loaded))
    assert len(spelled) == len(set(spelled)) and set(spelled) == listed
    assert loaded.event_shape == (longest + 1,) and loaded.values == 27
    for row in (0, 1, -1):
        assert torch.equal(loaded.alphabet.encode(spelled[row]), all_splits(loaded)[row])
    ends = (all_splits(loaded) == 0).int()
    assert (ends[:, -1] == 1).all() and (ends.diff(dim=1) >= 0).all(), "a letter after the end symbol"


def test_mnist_is_split_by_position(mirror, files):
    loaded = data.load("mnist")
    raw = {path: gzip.decompress(files[path]) for path in files if path.startswith(("train", "t10k"))}
    pictures = np.frombuffer(raw["train-images-idx3-ubyte.gz"][16:], np.uint8).reshape(-1, 1, 28, 28)
    labels = np.frombuffer(raw["train-labels-idx1-ubyte.gz"][8:], np.uint8)
    assert np.array_equal(loaded.train, pictures[:50_000]) and np.array_equal(loaded.valid, pictures[50_000:])
    assert np.array_equal(torch.cat(loaded.labels[:2]), labels)
    test = np.frombuffer(raw["t10k-images-idx3-ubyte.gz"][16:], np.uint8).reshape(-1, 1, 28, 28)
    assert np.array_equal(loaded.test, test)
    assert np.array_equal(loaded.labels.test, np.frombuffer(raw["t10k-labels-idx1-ubyte.gz"][8:], np.uint8))


def test_mnist_s_test_file_alone(mirror):
    server = mirror("good")
    loaded = data.load("mnist", files="test", binarize="threshold")
    assert sorted(server.requests) == ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"]
    assert [len(loaded.train), len(loaded.valid), len(loaded.test)] == [8000, 1000, 1000]
    assert "not comparable" in loaded.protocol
    grey = data.load("mnist", files="test")
    assert torch.equal(all_splits(loaded), (all_splits(grey) > 127).to(torch.uint8)) and loaded.values == 2
    assert torch.equal(all_splits(loaded.labels), all_splits(grey.labels))


def test_fashion_mnist_and_mnist_share_a_cache(mirror, files):
    digits, fashion = data.load("mnist", files="test"), data.load("fashion_mnist", files="test")
    raw = gzip.decompress(files["fashion_mnist/t10k-images-idx3-ubyte.gz"])
    assert all_splits(fashion).numpy().tobytes() == raw[16:]
    again = data.load("mnist", files="test")
    assert torch.equal(again.train, digits.train) and not torch.equal(digits.train, fashion.train)


def test_tiny_shakespeare_is_split_by_position(mirror, files):
    loaded = data.load("tiny_shakespeare")
    text = files["tiny_shakespeare.txt"].decode()
    assert [len(x) for x in (loaded.train, loaded.valid, loaded.test)] == [892_314, 111_540, 111_540]
    assert len(loaded.train) + len(loaded.valid) == 1_003_854
    assert loaded.alphabet.decode(all_splits(loaded)) == text
    assert loaded.alphabet.symbols == "".join(sorted(set(text))) and loaded.values == 65


def test_windows_follow_each_other(mirror):
    whole, windows = data.load("tiny_shakespeare"), data.load("tiny_shakespeare", context_length=1000)
    assert windows.event_shape == (1000,) and windows.train.shape == (892, 1000)
    assert torch.equal(windows.train.flatten(), whole.train[:892_000])
    assert torch.equal(windows.test[1], whole.test[1000:2000])


# ---------------------------------------------------------------------------------------------- downloads that go wrong


def test_a_file_is_downloaded_once(mirror):
    server = mirror("good")
    first = data.load("tiny_shakespeare")
    assert server.requests == ["tiny_shakespeare.txt"]
    mirror("absent")
    assert torch.equal(data.load("tiny_shakespeare").train, first.train)
    assert server.requests == ["tiny_shakespeare.txt"]


def test_a_file_has_its_name_only_when_it_is_whole(mirror, tmp_path):
    server = mirror("good")
    data.load("tiny_shakespeare")
    assert server.seen_half_way == [False]
    assert left_behind(tmp_path) == [tmp_path / "cache" / "tiny_shakespeare.txt"]


def test_a_file_that_rotted_in_the_cache_is_downloaded_again(mirror, tmp_path, files):
    data.load("tiny_shakespeare")
    cached = tmp_path / "cache" / "tiny_shakespeare.txt"
    cached.write_bytes(files[cached.name][:-1])
    data.load("tiny_shakespeare")
    assert cached.read_bytes() == files[cached.name]
    cached.write_bytes(files[cached.name][:-1])
    mirror("absent")
    with pytest.raises(data.DownloadError):
        data.load("tiny_shakespeare")


@pytest.mark.parametrize("name", ["mnist", "tiny_shakespeare"])
@pytest.mark.parametrize(
    "manner, says",
    [
        ("cut", "the connection was cut off"),
        ("cut_unannounced", "corrupt"),
        ("wrong", "corrupt"),
        ("page", "corrupt"),
        ("absent", "the server answered 404"),
    ],
)
def test_a_broken_download_is_one_clear_error_and_leaves_nothing(name, manner, says, mirror, tmp_path):
    options = {"files": "test"} if name == "mnist" else {}
    server = mirror(manner)
    with pytest.raises(data.DownloadError, match=says) as caught:
        data.load(name, **options)
    for hint in (name, server.address, "DGMLIB_MIRROR", str(tmp_path / "cache")):
        assert hint in str(caught.value)
    assert left_behind(tmp_path) == []
    mirror("good")
    assert len(data.load(name, **options).train)


def test_no_server_at_all(mirror, tmp_path, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("DGMLIB_MIRROR", f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(data.DownloadError, match="no connection"):
            data.load("tiny_shakespeare")
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("inside", ["", "folder"])
def test_an_unwritable_cache(inside, mirror, tmp_path, monkeypatch):
    # A plain file stands where the folder should be, which stops even a superuser.
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DGMLIB_CACHE", str(tmp_path / "file" / inside))
    with pytest.raises(OSError, match=r"can't write the cache .*file.* DGMLIB_CACHE") as caught:
        data.load("tiny_shakespeare")
    assert not isinstance(caught.value, data.DownloadError)
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_cache_that_is_full_of_what_is_needed_may_be_read_only(mirror, tmp_path):
    data.load("tiny_shakespeare")
    (tmp_path / "cache").chmod(0o555)
    mirror("absent")
    data.load("tiny_shakespeare")
    (tmp_path / "cache").chmod(0o755)


def test_a_mirror_that_is_no_address(mirror, monkeypatch):
    monkeypatch.setenv("DGMLIB_MIRROR", "/some/folder")
    with pytest.raises(ValueError, match="DGMLIB_MIRROR: got '/some/folder', wanted an address"):
        data.load("tiny_shakespeare")


def test_every_pinned_file_has_a_hash_and_a_home():
    assert len({file.sha256 for file in downloaded._FILES.values()}) == len(downloaded._FILES) == 9
    for path, file in downloaded._FILES.items():
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert file.home.startswith("https://")
        assert path == "tiny_shakespeare.txt" or file.home.endswith("/" + Path(path).name)


# ------------------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    "name, options, error, says",
    [
        ("cifar", {}, ValueError, "name: got 'cifar', wanted one of digits, given_names"),
        ("digits", {"binarise": True}, TypeError, "got the option 'binarise', wanted one of binarize, split, seed"),
        ("digits", {"split": "random"}, ValueError, "split: got 'random', wanted 'index', 'shuffled' or 'blocks'"),
        ("digits", {"binarize": "threshold"}, ValueError, "binarize: got 'threshold', wanted True or False"),
        ("digits", {"split": "shuffled", "seed": -1}, ValueError, "seed: got -1, wanted an integer"),
        ("surnames", {"seed": 0.5}, ValueError, "seed: got 0.5, wanted an integer"),
        ("mnist", {"binarize": True}, ValueError, "binarize: got True, wanted None or 'threshold'"),
        ("mnist", {"files": "train"}, ValueError, "files: got 'train', wanted 'all' or 'test'"),
        ("fashion_mnist", {"files": None}, ValueError, "files: got None, wanted 'all' or 'test'"),
        ("tiny_shakespeare", {"context_length": 0}, ValueError, "context_length: got 0, wanted None or"),
        ("tiny_shakespeare", {"context_length": 10**6}, ValueError, "context_length: got 1000000, wanted None or"),
    ],
)
def test_a_wrong_name_or_option_is_refused_before_anything_is_downloaded(name, options, error, says, mirror):
    server = mirror("good")
    with pytest.raises(error, match=re.escape(says)):
        data.load(name, **options)
    assert not server.requests


def test_a_missing_package_is_named_with_the_extra_that_brings_it(monkeypatch):
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    brought = {re.match(r"[\w-]+", requirement).group() for requirement in extras["notebook"]}
    assert {"scikit-learn", "names"} <= brought
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=re.escape("scikit-learn: pip install 'dgmlib[notebook]'")):
        data.load("digits")

    def not_there(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", not_there)
    with pytest.raises(ImportError, match=re.escape("names: pip install 'dgmlib[notebook]'")):
        data.load("surnames")


x = torch.tensor([[0, 1], [1, 1]])


@pytest.mark.parametrize(
    "train, says",
    [
        (x[:, :1], r"train: got shape (2, 1), wanted (B, 2)"),
        (x[0], r"train: got shape (2,), wanted (B, 2)"),
        (x[:0], r"train: got an empty batch"),
        (x + 1, r"train: got values 1..2, wanted 0..1"),
        (-x, r"train: got values -1..0, wanted 0..1"),
        (x.double(), r"train: got torch.float64, wanted integers 0..1"),
        (x.double() * math.nan, r"train: got torch.float64, wanted integers 0..1"),
        (x.bool(), r"train: got torch.bool, wanted integers 0..1"),
        (x.tolist(), r"train: got list, wanted an integer tensor"),
    ],
)
def test_a_dataset_holds_what_it_says_or_is_refused(train, says):
    facts = {"name": "", "event_shape": (2,), "values": 2, "licence": "", "source": "", "protocol": ""}
    assert Dataset(train=x, valid=x, test=x, **facts).dims == 2
    with pytest.raises(ValueError, match=re.escape(says)):
        Dataset(train=train, valid=x, test=x, **facts)


def test_an_alphabet_encodes_what_it_decodes():
    letters = Alphabet(".ab", end=".", length=4)
    assert letters.decode(letters.encode("abb")) == "abb" and letters.decode(letters.encode("")) == ""
    assert letters.decode(torch.tensor([[1, 0, 2, 2], [2, 2, 2, 2]])) == ["a", "bbbb"]
    assert len(letters) == 3 and Alphabet("ab").encode("abba").tolist() == [0, 1, 1, 0]
    wrong = [
        (lambda: letters.encode("abc"), "text: got the symbols 'c', wanted only those of '.ab'"),
        (lambda: letters.encode("a.b"), "text: got the symbols '.', wanted only those of '.ab'"),
        (lambda: letters.encode("abab"), "text: got 4 symbols, wanted at most 3"),
        (lambda: letters.decode(torch.tensor([3])), "x: got values 3..3, wanted 0..2"),
        (lambda: letters.decode(torch.tensor(1)), "x: got shape (), wanted (T,) or (B, T)"),
        (lambda: Alphabet("aa"), "symbols: got 'aa', wanted"),
        (lambda: Alphabet("ab", end="c"), "end: got 'c', wanted one of 'ab'"),
        (lambda: Alphabet("ab", length=3), "length: got 3 without an end symbol"),
    ]
    for call, says in wrong:
        with pytest.raises(ValueError, match=re.escape(says)):
            call()


# --------------------------------------------------------------------------------------- sources that are known exactly


def random_table(*shape, zeros=0.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    p = torch.rand(shape, generator=generator, dtype=torch.float64)
    p[torch.rand(shape, generator=generator) < zeros] = 0
    return p / p.sum()


def random_rows(n, seed=0):
    p = random_table(n, n, seed=seed)
    return p / p.sum(-1, keepdim=True)


class Sequences:
    """A Markov source's sequences of one length, with the face of the other sources."""

    def __init__(self, source, length):
        self.source, self.length, self.values, self.event_shape = source, length, source.values, (length,)
        self.log_prob = source.log_prob

    def sample(self, n, generator):
        return self.source.sample(n, self.length, generator)

    def entropy(self):
        return self.source.entropy(self.length)


LEAVING_A = torch.tensor([[0.0, 0.7, 0.3], [0.0, 0.5, 0.5], [0.0, 0.25, 0.75]], dtype=torch.float64)
SOURCES = {
    "Markov": Sequences(MarkovSource(random_table(3), random_rows(3)), 4),
    "Markov of length 1": Sequences(MarkovSource(random_table(4), random_rows(4)), 1),
    "Markov with zeros": Sequences(MarkovSource(torch.tensor([0.5, 0.5, 0.0]), LEAVING_A), 5),
    "table": TableSource(random_table(3, 3, 3)),
    "table with zeros": TableSource(random_table(2, 2, 2, 2, zeros=0.4)),
    "table of one variable": TableSource(random_table(5)),
    "bars and stripes 1": BarsAndStripes(1),
    "bars and stripes 2": BarsAndStripes(2),
    "bars and stripes 3": BarsAndStripes(3),
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_is_a_distribution_with_the_entropy_that_it_states(name):
    source = SOURCES[name]
    p = source.log_prob(every_point(source.event_shape, source.values)).exp()
    assert p.dtype == torch.float64
    assert abs(p.sum().item() - 1) < 1e-12
    assert abs(source.entropy() - entropy(p).item()) < 1e-12


def law_agreement(source):
    """Samples come as often as the source's probabilities say."""
    points = every_point(source.event_shape, source.values).flatten(1)
    n = 20_000
    drawn = source.sample(n, torch.Generator().manual_seed(1)).flatten(1)
    assert drawn.dtype == torch.int64 and drawn.shape[0] == n
    index = (drawn * source.values ** torch.arange(points.shape[1]).flip(0)).sum(1)
    expected = n * source.log_prob(points.view(-1, *source.event_shape)).exp()
    assert chi_square_p_value(index.bincount(minlength=len(points)).double(), expected) > 1e-3


@pytest.mark.parametrize("name", SOURCES)
def test_samples_agree_with_the_probabilities(name):
    law_agreement(SOURCES[name])


def wrong(source, sampler):
    source.sample = sampler.__get__(source)
    return source


WRONG_SAMPLERS = {
    "every symbol drawn from the first one's distribution": lambda: Sequences(
        wrong(
            MarkovSource(random_table(3), random_rows(3)),
            lambda self, n, length, g: torch.multinomial(self.initial.expand(n, -1), length, True, generator=g),
        ),
        4,
    ),
    "read from the last variable to the first": lambda: wrong(
        TableSource(random_table(3, 3)), lambda self, n, g: TableSource.sample(self, n, g).flip(1)
    ),
    "a coin decides between rows and columns": lambda: wrong(
        BarsAndStripes(2),
        lambda self, n, g: torch.where(
            torch.rand(n, 1, 1, 1, generator=g) < 0.5,
            (rows := torch.randint(2, (n, 1, 2, 1), generator=g).expand(-1, -1, -1, 2)),
            rows.mT,
        ),
    ),
    "never a pattern that has probability": lambda: wrong(
        BarsAndStripes(2), lambda self, n, g: torch.eye(2).long().expand(n, 1, 2, 2)
    ),
}


@pytest.mark.parametrize("name", WRONG_SAMPLERS)
def test_wrong_samplers_are_rejected(name):
    with pytest.raises(AssertionError):
        law_agreement(WRONG_SAMPLERS[name]())


def test_joint_is_what_log_prob_says():
    source = MarkovSource(random_table(3), random_rows(3))
    assert torch.allclose(source.joint(4).flatten(), source.log_prob(every_point((4,), 3)).exp(), rtol=0, atol=1e-15)


def test_two_symbols_in_closed_form():
    """Leaving 0 with a and 1 with b: stationary (b, a)/(a + b), and the rate is the mean of two binary entropies."""
    a, b = 0.1, 0.4
    source = MarkovSource(torch.tensor([0.3, 0.7]), torch.tensor([[1 - a, a], [b, 1 - b]]))
    assert torch.allclose(source.stationary(), torch.tensor([b, a]) / (a + b), rtol=0, atol=1e-15)

    def h(p):
        return -p * math.log(p) - (1 - p) * math.log(1 - p)

    rate = (b * h(a) + a * h(b)) / (a + b)
    assert abs(source.entropy_rate() - rate) < 1e-14
    assert abs(source.entropy(500) - source.entropy(499) - rate) < 1e-12  # any start is forgotten
    at_home = MarkovSource(source.stationary(), source.transition)
    assert abs(at_home.entropy(7) - (h(0.8) + 6 * rate)) < 1e-13


@pytest.mark.parametrize("seed", range(5))
def test_a_step_leaves_the_stationary_distribution_as_it_is(seed):
    transition = random_rows(7, seed=seed)
    p = MarkovSource(random_table(7), transition).stationary()
    assert torch.allclose(p @ transition, p, rtol=0, atol=1e-15) and abs(p.sum().item() - 1) < 1e-15
    assert torch.allclose(torch.linalg.matrix_power(transition, 200)[0], p, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    "transition, stationary",
    [
        ([[0, 1, 0], [0, 0, 1], [1, 0, 0]], [1 / 3, 1 / 3, 1 / 3]),  # periodic: powers never settle
        ([[0.0, 0.7, 0.3], [0.0, 0.5, 0.5], [0.0, 0.25, 0.75]], [0, 1 / 3, 2 / 3]),  # a symbol that never comes back
        ([[0.5, 0.5], [0.0, 1.0]], [0, 1]),  # a trap
        ([[1 - 1e-14, 1e-14], [2e-14, 1 - 2e-14]], [2 / 3, 1 / 3]),  # two parts that hardly ever meet
        ([[1.0]], [1]),
    ],
)
def test_stationary_of_awkward_chains(transition, stationary):
    transition = torch.tensor(transition, dtype=torch.float64)
    source = MarkovSource(torch.full((len(transition),), 1 / len(transition)), transition)
    assert torch.allclose(source.stationary(), torch.tensor(stationary, dtype=torch.float64), rtol=1e-12, atol=0)


def test_a_chain_of_two_parts_has_no_one_stationary_distribution():
    source = MarkovSource(torch.tensor([0.5, 0.5]), torch.eye(2))
    for call in (source.stationary, source.entropy_rate):
        with pytest.raises(ValueError, match="several stationary distributions"):
            call()
    assert abs(source.entropy(9) - math.log(2)) < 1e-15  # the rest is known once the first symbol is


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_bars_and_stripes_are_the_patterns_that_a_search_finds(size):
    source = BarsAndStripes(size)
    points = every_point((1, size, size), 2)
    found = [p for p in points[:, 0].tolist() if all(len(set(r)) == 1 for r in p) or all(r == p[0] for r in p)]
    assert source.points[:, 0].tolist() == found and len(found) == 2 * 2**size - 2
    log_prob = source.log_prob(points)
    assert log_prob.isfinite().sum() == len(found)
    assert (log_prob[log_prob.isfinite()] == -math.log(len(found))).all()


def test_float32_tables_are_put_right_in_float64():
    rows = torch.full((3, 3), 1 / 3, dtype=torch.float32)
    source = MarkovSource(rows[0], rows)
    assert abs(source.joint(3).sum().item() - 1) < 1e-15
    assert abs(TableSource(rows / 3).probs.sum().item() - 1) < 1e-15


half = torch.tensor([0.5, 0.5])
fair = half.expand(2, 2)
coin = MarkovSource(half, fair)
table = TableSource(torch.full((2, 2), 0.25))
bars = BarsAndStripes(2)


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: MarkovSource([0.5, 0.5], fair), "initial: got list, wanted"),
        (lambda: MarkovSource(half + 0.1, fair), "initial: row () sums to 1.2, wanted 1"),
        (lambda: MarkovSource(half, fair / 2), "transition: row (0,) sums to 0.5, wanted 1"),
        (lambda: MarkovSource(half, torch.tensor([[1.5, -0.5], [0, 1]])), "transition: got -0.5 at index (0, 1)"),
        (lambda: MarkovSource(half * math.nan, fair), "initial: got NaN at index (0,)"),
        (lambda: MarkovSource(fair, fair), "initial: got shape (2, 2), wanted (V,)"),
        (lambda: MarkovSource(half, half), "transition: got shape (2,), wanted (2, 2)"),
        (lambda: MarkovSource(half[:1] * 2, fair), "transition: got shape (2, 2), wanted (1, 1)"),
        (lambda: MarkovSource(x[0], fair), "initial: got torch.int64, wanted a floating-point tensor"),
        (lambda: coin.log_prob(x[0]), "x: got shape (2,), wanted (B, T)"),
        (lambda: coin.log_prob(x + 1), "x: got values 1..2, wanted 0..1"),
        (lambda: coin.log_prob(x[:0]), "x: got an empty batch"),
        (lambda: coin.log_prob(x.double()), "x: got torch.float64, wanted integers 0..1"),
        (lambda: coin.sample(0, 3), "n: got 0, wanted a positive integer"),
        (lambda: coin.sample(3, 1.5), "length: got 1.5, wanted a positive integer"),
        (lambda: coin.entropy(0), "length: got 0, wanted a positive integer"),
        (lambda: coin.joint(25), "length: got 25: 2^25 sequences, wanted at most 2^24"),
        (lambda: TableSource([[0.5, 0.5]]), "probs: got list, wanted a floating-point tensor"),
        (lambda: TableSource(torch.ones(2, 3) / 6), "probs: got shape (2, 3), wanted (V, ..., V)"),
        (lambda: TableSource(torch.tensor(1.0)), "probs: got shape (), wanted (V, ..., V)"),
        (lambda: TableSource(fair), "probs: row () sums to 2, wanted 1"),
        (lambda: TableSource(fair - 1), "probs: got -0.5 at index (0,)"),
        (lambda: TableSource(fair * math.nan), "probs: got NaN"),
        (lambda: table.log_prob(x[:, :1]), "x: got shape (2, 1), wanted (B, 2)"),
        (lambda: table.sample(-1), "n: got -1, wanted a positive integer"),
        (lambda: BarsAndStripes(0), "size: got 0, wanted a positive integer"),
        (lambda: BarsAndStripes(13), "size: got 13, wanted an integer 1..12"),
        (lambda: bars.log_prob(x), "x: got shape (2, 2), wanted (B, 1, 2, 2)"),
        (lambda: bars.log_prob(2 * x[None, None]), "x: got values 0..2, wanted 0..1"),
        (lambda: bars.sample(True), "n: got True, wanted a positive integer"),
    ],
)
def test_bad_input_of_sources_is_named(call, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        call()
