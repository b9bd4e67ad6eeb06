"""Data sets that come with packages: they need no network."""

import string
from importlib import metadata
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dgmlib.data.dataset import Alphabet, Dataset, Splits

# Where each of the digits' 14 forms begins. Every writer copied out the same form of some 130 digits, so the labels
# repeat, with a few digits missing, and the beginnings can be read off them (tests/test_data.py does it again).
_FORMS = (0, 130, 256, 386, 516, 646, 776, 906, 1029, 1157, 1287, 1415, 1545, 1667)


def digits(*, binarize: bool = False, split: str = "index", seed: int = 0) -> Dataset:
    """1,797 handwritten digits of 8x8 pixels (offline, needs scikit-learn).

    Each pixel counts the inked dots among 4x4, so it has 17 grey levels, 0..16. The test part of the UCI set, as
    scikit-learn ships it. Its description says that it came from 13 writers, none of whom wrote for UCI's training
    part. The file does not say who wrote which digit, but its labels give it away: they repeat one form of some 130
    digits, 14 times. The form stands in for the writer, as ``groups`` (0..13): pixel for pixel, the nearest other digit
    is from the same form for 54 % of the digits, where chance would give 7 %.

    Args:
        binarize: ``True`` makes a pixel 1 above 7.5 and else 0.
        split: ``"index"`` takes 1200/300/297 by position, so no form is in both train and test; ``"shuffled"`` deals
            the digits at random, in the same sizes, so every form is in every split, which flatters a model;
            ``"blocks"`` deals whole forms at random, 10/2/2, so no form is in two splits.
        seed: of the deal; ``"index"`` takes no notice of it.

    Raises:
        ImportError: if scikit-learn is not installed.
        ValueError: if an option has a value that is not among these.

    Source:
        Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository.

    Example:
        >>> digits(split="blocks", seed=1).groups.test.unique()
        tensor([ 5, 11])
    """
    if not isinstance(binarize, bool):
        raise ValueError(f"binarize: got {binarize!r}, wanted True or False")
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError("digits: wanted scikit-learn: pip install 'dgmlib[notebook]'") from error
    file = load_digits()
    grey = torch.from_numpy(file.images)[:, None]  # (1797, 1, 8, 8)
    x = (grey > 7.5).long() if binarize else grey.long()
    forms = np.searchsorted(_FORMS, np.arange(len(x)), side="right") - 1
    if split == "index":
        parts, how = _cut(np.arange(len(x)), 300, 297), "1200/300/297 by position"
    elif split == "shuffled":
        parts, how = _cut(_permutation(len(x), seed), 300, 297), f"1200/300/297 shuffled, seed {seed}"
    elif split == "blocks":
        parts = [np.flatnonzero(np.isin(forms, part)) for part in _cut(_permutation(len(_FORMS), seed), 2, 2)]
        how = f"whole forms, 10/2/2 of 14, dealt with seed {seed}"
    else:
        raise ValueError(f"split: got {split!r}, wanted 'index', 'shuffled' or 'blocks'")
    return Dataset(
        "digits",
        *(x[part] for part in parts),
        event_shape=(1, 8, 8),
        values=2 if binarize else 17,
        licence="CC BY 4.0 (UCI); the copy in scikit-learn, BSD 3-Clause",
        source="Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, the part in scikit-learn",
        protocol=f"{how}; {'1 above 7.5' if binarize else 'grey levels 0..16'}",
        labels=Splits(*(torch.from_numpy(file.target)[part].long() for part in parts)),
        groups=Splits(*(torch.from_numpy(forms)[part].long() for part in parts)),
    )


def given_names(*, seed: int = 0) -> Dataset:
    """5,163 given names of the US census of 1990 (offline, needs names).

    Every name that the census bureau lists as frequent, for women or for men; one that is in both lists (331 are)
    stands here once, so that none is both learnt from and tested on. A rare name weighs as much as a common one: this
    is a distribution over names, not over people. Names are in lower case, a-z, 2 to 11 letters, and end with ".", the
    value 0, which also fills the rest of the T = 12 variables. After the first "." nothing is left to predict: quote
    nats per name, or count the letters and one ".", rather than divide by T.

    Args:
        seed: of the permutation that deals the names, four fifths to train and a tenth each to valid and test.

    Raises:
        ImportError: if the package names is not installed.
        ValueError: if ``seed`` is no integer 0..2^32-1.

    Source:
        US Census Bureau (1995), Frequently Occurring First Names and Surnames from the 1990 Census.

    Example:
        >>> names = given_names()
        >>> names.alphabet.decode(names.train[:3])
        ['barbra', 'elfriede', 'farah']
    """
    return _names("given_names", ("dist.female.first", "dist.male.first"), seed)


def surnames(*, seed: int = 0) -> Dataset:
    """88,799 surnames of the US census of 1990 (offline, needs names).

    Every surname that the census bureau lists as frequent, once, without its frequency. In lower case, a-z, 2 to 13
    letters, filled with "." to T = 14 variables: what :func:`given_names` says of that holds here too.

    Args:
        seed: of the permutation that deals the names, four fifths to train and a tenth each to valid and test.

    Raises:
        ImportError: if the package names is not installed.
        ValueError: if ``seed`` is no integer 0..2^32-1.

    Source:
        US Census Bureau (1995), Frequently Occurring First Names and Surnames from the 1990 Census.

    Example:
        >>> surnames().train.shape
        torch.Size([71041, 14])
    """
    return _names("surnames", ("dist.all.last",), seed)


def _names(name: str, files: tuple[str, ...], seed: int) -> Dataset:
    # The package is found by its metadata: 'import names' would find a student's own names.py first.
    try:
        folder = Path(metadata.distribution("names").locate_file("names"))
        lines = [line for file in files for line in (folder / file).read_text(encoding="ascii").splitlines()]
    except (metadata.PackageNotFoundError, FileNotFoundError) as error:
        raise ImportError(f"{name}: wanted the package names: pip install 'dgmlib[notebook]'") from error
    found = sorted({line.split()[0].lower() for line in lines})  # a set, so that no name is in two splits
    alphabet = Alphabet("." + string.ascii_lowercase, end=".", length=max(map(len, found)) + 1)
    # The same as alphabet.encode on each name, for all names at once: '`' comes before 'a' as '.' does in the alphabet.
    codes = np.array([word.ljust(alphabet.length, "`").encode() for word in found]).view(np.uint8) - ord("`")
    x = torch.from_numpy(codes.reshape(len(found), alphabet.length)).long()  # (N, T)
    tenth = len(found) // 10
    return Dataset(
        name,
        *(x[part] for part in _cut(_permutation(len(found), seed), tenth, tenth)),
        event_shape=(alphabet.length,),
        values=len(alphabet),
        licence="public domain (US government); the package names that carries them, MIT",
        source="US Census Bureau (1995), Frequently Occurring First Names and Surnames from the 1990 Census",
        protocol=f"each name once, 80/10/10 dealt with seed {seed}; a-z, filled with '.' to {alphabet.length}",
        alphabet=alphabet,
    )


def _permutation(n: int, seed: int) -> np.ndarray:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed: got {seed!r}, wanted an integer 0..2^32-1")
    # numpy promises that RandomState's stream never changes; its newer generators and torch's have no such promise.
    return np.random.RandomState(seed).permutation(n)


def _cut(index: np.ndarray, valid: int, test: int) -> list[Tensor]:
    return np.split(index, [len(index) - valid - test, len(index) - test])
