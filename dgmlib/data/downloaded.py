"""Data sets that are downloaded once, into the user's cache.

A file is written under another name, and gets its own only when its SHA-256 is right; it is checked again at every use.

``DGMLIB_CACHE``
    The folder that holds the files; by default the operating system's folder for caches, and ``dgmlib`` in it.
``DGMLIB_MIRROR``
    An address to download from instead of each file's home, for a class behind one connection: a plain web server over
    a folder that holds the files as the cache does. The cache itself is such a folder.
"""

import gzip
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dgmlib.data.dataset import Alphabet, Dataset, Splits


class DownloadError(OSError):
    """A file could not be downloaded whole, or is not the file that was wanted. Nothing of it was kept."""


@dataclass(frozen=True)
class _File:
    home: str
    sha256: str


_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_FASHION = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/b2617bb6d3ffa2e429640350f613e3291e10b141/data/"
)
_SHAKESPEARE = "https://raw.githubusercontent.com/karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/"

# By their path in the cache and under a mirror. MNIST's and Fashion-MNIST's files have the same names.
_FILES = {
    "train-images-idx3-ubyte.gz": _File(
        _MNIST + "train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "train-labels-idx1-ubyte.gz": _File(
        _MNIST + "train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
    "t10k-images-idx3-ubyte.gz": _File(
        _MNIST + "t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "t10k-labels-idx1-ubyte.gz": _File(
        _MNIST + "t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    ),
    "fashion_mnist/train-images-idx3-ubyte.gz": _File(
        _FASHION + "fashion/train-images-idx3-ubyte.gz",
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    ),
    "fashion_mnist/train-labels-idx1-ubyte.gz": _File(
        _FASHION + "fashion/train-labels-idx1-ubyte.gz",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    ),
    "fashion_mnist/t10k-images-idx3-ubyte.gz": _File(
        _FASHION + "fashion/t10k-images-idx3-ubyte.gz",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    ),
    "fashion_mnist/t10k-labels-idx1-ubyte.gz": _File(
        _FASHION + "fashion/t10k-labels-idx1-ubyte.gz",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
    "tiny_shakespeare.txt": _File(
        _SHAKESPEARE + "tinyshakespeare/input.txt", "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
    ),
}


def mnist(*, binarize: str | None = None, files: str = "all") -> Dataset:
    """70,000 handwritten digits of 28x28 pixels (downloads 11 MB once).

    Shape ``(1, 28, 28)``, grey levels 0..255 as uint8. The splits are the customary 50,000/10,000/10,000: the last
    10,000 of the training file are for validation, and the test file is for testing.

    Args:
        binarize: ``"threshold"`` makes a pixel 1 above 127 and else 0, always the same. Most published figures in nats
            on binarised MNIST draw the pixels at random instead, once (fixed) or at each use (dynamic): they don't
            compare.
        files: ``"all"``, or ``"test"``, which downloads the test file only (2 MB) and cuts its 10,000 digits by
            position into 8,000/1,000/1,000, for quick measurements that compare with no published figure.

    Raises:
        ValueError: if an option has a value that is not among these.
        DownloadError: if a file can't be downloaded whole, or is not the file that was wanted.
        OSError: if the cache can't be written.

    Source:
        LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition.

    Example:
        ``mnist(binarize="threshold").train`` has the shape ``(50000, 1, 28, 28)``. What can be refused is refused
        before anything is downloaded:

        >>> mnist(files="train")
        Traceback (most recent call last):
        ...
        ValueError: files: got 'train', wanted 'all' or 'test'
    """
    return _images(
        "mnist",
        "",
        binarize,
        files,
        licence="not stated by its authors, LeCun and Cortes; commonly given as CC BY-SA 3.0 (Keras's documentation)",
        source="LeCun, Bottou, Bengio and Haffner (1998), from digits that NIST collected",
    )


def fashion_mnist(*, binarize: str | None = None, files: str = "all") -> Dataset:
    """70,000 pictures of clothing, 28x28 pixels (downloads 31 MB once).

    As :func:`mnist` in shape, values, splits and options. Labels: 0 T-shirt, 1 trouser, 2 pullover, 3 dress, 4 coat,
    5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 ankle boot.

    Args:
        binarize: as for :func:`mnist`.
        files: as for :func:`mnist`; the test file alone is 4 MB.

    Raises:
        ValueError: if an option has a value that is not among these.
        DownloadError: if a file can't be downloaded whole, or is not the file that was wanted.
        OSError: if the cache can't be written.

    Source:
        Xiao, Rasul and Vollgraf (2017), Fashion-MNIST: a novel image dataset for benchmarking machine learning
        algorithms.

    Example:
        ``fashion_mnist(files="test").test`` has the shape ``(1000, 1, 28, 28)``.

        >>> fashion_mnist(binarize="dynamic")
        Traceback (most recent call last):
        ...
        ValueError: binarize: got 'dynamic', wanted None or 'threshold'
    """
    return _images(
        "fashion_mnist",
        "fashion_mnist/",
        binarize,
        files,
        licence="MIT (Zalando SE)",
        source="Xiao, Rasul and Vollgraf (2017), from photographs in Zalando's shop",
    )


def tiny_shakespeare(*, context_length: int | None = None) -> Dataset:
    """1,115,394 characters of Shakespeare's plays (downloads 1 MB once).

    40,000 lines in one file, of 65 different characters, cut by position: ``test`` is the last 111,540 characters,
    which elsewhere are customarily called validation; ``valid`` is the 111,540 before them, and ``train`` the first
    892,314. Published figures come from models that learnt from the first 1,003,854 characters, our ``train`` and
    ``valid`` together: choose on ``valid``, then train on both before you compare.

    Args:
        context_length: cuts each split into windows of this many characters that follow each other without overlap,
            shape ``(N, context_length)``; what is left at the end is dropped. Each window is an example with no memory
            of the one before, so a longer context scores better. ``None`` leaves each split in one piece, shape
            ``(n,)``.

    Raises:
        ValueError: if ``context_length`` is no integer 1..111,540.
        DownloadError: if the file can't be downloaded whole, or is not the file that was wanted.
        OSError: if the cache can't be written.

    Source:
        Karpathy (2015), The Unreasonable Effectiveness of Recurrent Neural Networks.

    Example:
        With ``plays = tiny_shakespeare()``, ``plays.alphabet.decode(plays.train[:14])`` is ``'First Citizen:'``.

        >>> tiny_shakespeare(context_length=0)
        Traceback (most recent call last):
        ...
        ValueError: context_length: got 0, wanted None or an integer 1..111540
    """
    T, sizes = context_length, [892_314, 111_540, 111_540]
    if T is not None and (isinstance(T, bool) or not isinstance(T, int) or not 1 <= T <= min(sizes)):
        raise ValueError(f"context_length: got {T!r}, wanted None or an integer 1..{min(sizes)}")
    text = _fetch("tiny_shakespeare", "tiny_shakespeare.txt").read_text(encoding="ascii")
    alphabet = Alphabet("".join(sorted(set(text))))
    pieces = alphabet.encode(text).split(sizes)
    if T is not None:
        pieces = [piece[: len(piece) // T * T].view(-1, T) for piece in pieces]  # (N, T)
    return Dataset(
        "tiny_shakespeare",
        *pieces,
        event_shape=() if T is None else (T,),
        values=len(alphabet),
        licence="public domain (the plays); the repository karpathy/char-rnn that holds the file, MIT",
        source="Karpathy (2015), 40,000 lines from plays by Shakespeare",
        protocol="80/10/10 by position; test is what others call validation, and train with valid what they train on"
        + ("" if T is None else f"; windows of {T} without overlap"),
        alphabet=alphabet,
    )


def _images(name: str, folder: str, binarize: str | None, files: str, licence: str, source: str) -> Dataset:
    if binarize not in (None, "threshold"):
        raise ValueError(f"binarize: got {binarize!r}, wanted None or 'threshold'")
    if files not in ("all", "test"):
        raise ValueError(f"files: got {files!r}, wanted 'all' or 'test'")

    def read(file: str) -> Tensor:
        return _read_idx(_fetch(name, f"{folder}{file}-ubyte.gz"))

    x, labels = read("t10k-images-idx3"), read("t10k-labels-idx1")
    if files == "all":
        x = torch.cat([read("train-images-idx3"), x])
        labels = torch.cat([read("train-labels-idx1"), labels])
        sizes, how = [50_000, 10_000, 10_000], "50,000/10,000 of the training file by position, and the test file"
    else:
        sizes = [8_000, 1_000, 1_000]
        how = "8,000/1,000/1,000 of the test file by position, not comparable with published figures"
    x = x[:, None]  # (N, 1, 28, 28)
    return Dataset(
        name,
        *(x if binarize is None else (x > 127).to(torch.uint8)).split(sizes),
        event_shape=(1, 28, 28),
        values=256 if binarize is None else 2,
        licence=licence,
        source=source,
        protocol=how + ("; grey levels 0..255" if binarize is None else "; 1 above 127, not drawn at random"),
        labels=Splits(*labels.long().split(sizes)),
    )


def _read_idx(path: Path) -> Tensor:
    data = gzip.decompress(path.read_bytes())
    dims = data[3]  # the header: 0, 0, 8 for unsigned bytes, the number of dimensions, then each size in four bytes
    sizes = np.frombuffer(data, ">u4", dims, offset=4).tolist()
    return torch.from_numpy(np.frombuffer(data, np.uint8, offset=4 + 4 * dims).reshape(sizes).copy())


def _fetch(name: str, path: str) -> Path:
    """Return where a file lies in the cache, after downloading it if it is not there, or not what it should be."""
    import pooch  # here, because a program that downloads nothing should not wait for requests to be imported
    import requests

    file = _FILES[path]
    cache = Path(os.environ.get("DGMLIB_CACHE") or pooch.os_cache("dgmlib")).expanduser()
    mirror = os.environ.get("DGMLIB_MIRROR")
    if mirror and not mirror.startswith(("http://", "https://")):
        raise ValueError(f"DGMLIB_MIRROR: got {mirror!r}, wanted an address that begins with http:// or https://")
    url = f"{mirror.rstrip('/')}/{path}" if mirror else file.home
    remedy = (
        "Nothing of it was kept. Try again; or set DGMLIB_MIRROR to an address that serves the file; "
        f"or put the file there yourself: {cache / path}"
    )

    def download(url, output_file, pooch):  # pooch's own leaves the connection open when it breaks off
        # A server may offer to compress on the way, which would change the bytes that are hashed: decline.
        identity = {"Accept-Encoding": "identity"}
        with (
            requests.get(url, stream=True, timeout=30, headers=identity) as response,
            open(output_file, "wb") as output,
        ):
            response.raise_for_status()
            for chunk in response.iter_content(2**16):
                output.write(chunk)

    try:
        return Path(pooch.retrieve(url, f"sha256:{file.sha256}", path, cache, downloader=download))
    # 'from None' spares the reader the hundred lines of traceback inside the network libraries.
    except requests.exceptions.HTTPError as error:
        answer = f"{error.response.status_code} {error.response.reason}"
        raise DownloadError(f"{name}: could not download {url}: the server answered {answer}. {remedy}") from None
    except requests.exceptions.ChunkedEncodingError:
        raise DownloadError(f"{name}: could not download {url}: the connection was cut off. {remedy}") from None
    except requests.exceptions.RequestException as error:
        why = "no answer in 30 seconds" if isinstance(error, requests.exceptions.Timeout) else "no connection"
        raise DownloadError(f"{name}: could not download {url}: {why} ({type(error).__name__}). {remedy}") from None
    except ValueError:  # pooch's word for a wrong hash
        raise DownloadError(
            f"{name}: {url} gave a file of another SHA-256 than {file.sha256}: it is corrupt or not the file. {remedy}"
        ) from None
    except OSError as error:
        raise OSError(
            f"{name}: can't write the cache {cache} ({error}). Set DGMLIB_CACHE to a folder that you may write to"
        ) from None
