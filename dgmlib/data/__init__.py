"""Data sets that a chapter can load in one line, and sources whose every probability is known exactly.

``digits``, ``given_names`` and ``surnames`` come with packages and need no network. ``mnist``, ``fashion_mnist`` and
``tiny_shakespeare`` are downloaded once, into the user's cache, and their SHA-256 is checked each time that they are
read. Two environment variables move that: ``DGMLIB_CACHE`` names another folder for the cache, ``DGMLIB_MIRROR``
another address to download from (see :mod:`dgmlib.data.downloaded`).
"""

import inspect

from dgmlib.data.dataset import Alphabet, Dataset, Splits
from dgmlib.data.downloaded import DownloadError, fashion_mnist, mnist, tiny_shakespeare
from dgmlib.data.embedded import digits, given_names, surnames
from dgmlib.data.sources import BarsAndStripes, MarkovSource, TableSource

__all__ = [
    "Alphabet",
    "BarsAndStripes",
    "Dataset",
    "DownloadError",
    "MarkovSource",
    "Splits",
    "TableSource",
    "catalogue",
    "digits",
    "fashion_mnist",
    "given_names",
    "load",
    "mnist",
    "surnames",
    "tiny_shakespeare",
]

_LOADERS = {f.__name__: f for f in (digits, given_names, surnames, mnist, fashion_mnist, tiny_shakespeare)}


def catalogue() -> dict[str, str]:
    """Name every data set that :func:`load` knows, with one line about each.

    Example:
        >>> for name, line in catalogue().items():
        ...     print(f"{name}: {line}")
        digits: 1,797 handwritten digits of 8x8 pixels (offline, needs scikit-learn).
        given_names: 5,163 given names of the US census of 1990 (offline, needs names).
        surnames: 88,799 surnames of the US census of 1990 (offline, needs names).
        mnist: 70,000 handwritten digits of 28x28 pixels (downloads 11 MB once).
        fashion_mnist: 70,000 pictures of clothing, 28x28 pixels (downloads 31 MB once).
        tiny_shakespeare: 1,115,394 characters of Shakespeare's plays (downloads 1 MB once).
    """
    return {name: inspect.getdoc(loader).splitlines()[0] for name, loader in _LOADERS.items()}


def load(name: str, **options) -> Dataset:
    """Load a data set by its name.

    Args:
        name: one of :func:`catalogue`.
        **options: those of the function of the same name, such as :func:`digits`.

    Raises:
        ValueError: if the name or an option's value is unknown.
        TypeError: if an option is unknown.
        ImportError: if the package that carries an embedded data set is not installed.
        DownloadError: if a file can't be downloaded whole, or is not the file that was wanted.
        OSError: if the cache can't be written.

    Example:
        >>> digits = load("digits", binarize=True)
        >>> digits.train.shape, digits.values
        (torch.Size([1200, 1, 8, 8]), 2)
    """
    if name not in _LOADERS:
        raise ValueError(f"name: got {name!r}, wanted one of {', '.join(_LOADERS)}")
    known = inspect.signature(_LOADERS[name]).parameters
    for option in options:
        if option not in known:
            raise TypeError(f"{name}: got the option {option!r}, wanted one of {', '.join(known)}")
    return _LOADERS[name](**options)
