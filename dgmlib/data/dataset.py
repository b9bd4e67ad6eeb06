"""What a data set is: three splits of integers, and all that one must know to quote a figure on them."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


class Splits(NamedTuple):
    """Three tensors: choose on ``valid``, report ``test`` once.

    Example:
        >>> Splits(torch.tensor([3, 1]), torch.tensor([4]), torch.tensor([1])).valid
        tensor([4])
    """

    train: Tensor
    valid: Tensor
    test: Tensor


@dataclass(frozen=True)
class Alphabet:
    """The symbols behind a text's integers: symbol number k stands for the value k.

    Args:
        symbols: every symbol once.
        end: the symbol, one of ``symbols``, that ends a text and fills what remains of its length; ``None``: texts
            don't end.
        length: T, the number of values that every text is filled up to; ``None``: texts keep their own length.

    Raises:
        ValueError: if a symbol comes twice, or ``end`` is none of the symbols, or ``length`` is given without ``end``.

    Example:
        >>> letters = Alphabet(".abn", end=".", length=6)
        >>> letters.encode("anna")
        tensor([1, 3, 3, 1, 0, 0])
        >>> letters.decode(torch.tensor([2, 1, 3, 0, 0, 0]))
        'ban'
    """

    symbols: str
    end: str | None = None
    length: int | None = None

    def __post_init__(self):
        if not self.symbols or len(set(self.symbols)) < len(self.symbols):
            raise ValueError(f"symbols: got {self.symbols!r}, wanted at least one symbol, and every symbol once")
        if self.end is not None and (len(self.end) != 1 or self.end not in self.symbols):
            raise ValueError(f"end: got {self.end!r}, wanted one of {self.symbols!r}")
        if self.length is not None and self.end is None:
            raise ValueError(f"length: got {self.length} without an end symbol, wanted both or none")

    def __len__(self) -> int:
        """V, the number of symbols."""
        return len(self.symbols)

    def encode(self, text: str) -> Tensor:
        """Turn a text into integers 0..V-1, int64, shape ``(T,)``, filled with the end symbol up to the length, if any.

        Raises:
            ValueError: if the text holds a symbol outside the alphabet, or is too long to end within the length.
        """
        unknown = sorted(set(text) - set(self.symbols.replace(self.end or "", "")))
        if unknown:
            raise ValueError(f"text: got the symbols {''.join(unknown)!r}, wanted only those of {self.symbols!r}")
        if self.length is not None:
            if len(text) >= self.length:
                raise ValueError(f"text: got {len(text)} symbols, wanted at most {self.length - 1} and an end")
            text = text.ljust(self.length, self.end)
        place = {symbol: value for value, symbol in enumerate(self.symbols)}
        return torch.tensor([place[symbol] for symbol in text], dtype=torch.int64)

    def decode(self, x: Tensor) -> str | list[str]:
        """Turn integers back into text, each up to its end symbol: shape ``(T,)`` gives one, ``(B, T)`` a list.

        Raises:
            ValueError: if ``x`` has another number of dimensions, is no integer tensor, or holds a value outside
                0..V-1.
        """
        check_integers("x", x, len(self))
        if x.dim() == 2:
            return [self._text(row) for row in x.tolist()]
        if x.dim() != 1:
            raise ValueError(f"x: got shape {tuple(x.shape)}, wanted (T,) or (B, T)")
        return self._text(x.tolist())

    def _text(self, values: list[int]) -> str:
        text = "".join(self.symbols[value] for value in values)
        return text if self.end is None else text.split(self.end, 1)[0]


@dataclass(frozen=True, repr=False, eq=False)
class Dataset:
    """A data set in three splits, with its shape, values, licence, source and the way it was split.

    Args:
        name: what :func:`dgmlib.data.load` calls it.
        train: integers 0..V-1, shape ``(N, *event_shape)``; int64, or uint8 where that saves memory (MNIST,
            Fashion-MNIST).
        valid: likewise, to choose on.
        test: likewise, to report once.
        event_shape: shape of one example: ``(C, H, W)``, ``(T,)``, or ``()`` for a text in one piece.
        values: V, how many values each variable has.
        licence: of the data.
        source: who made the data, and what they come from.
        protocol: how they were split and binarised, which every quoted figure depends on.
        labels: classes, int64, shape ``(N,)`` for each split; ``None`` if there are none.
        groups: what should not be torn apart, such as the writer, int64, shape ``(N,)`` for each split; ``None`` if
            unknown.
        alphabet: of a text: its ``encode`` and ``decode``; ``None`` for images.

    Raises:
        ValueError: if a split has another shape than ``event_shape``, or holds anything but integers 0..V-1.

    Example:
        >>> coin = torch.tensor([[0, 1], [1, 1]])
        >>> Dataset("coins", coin, coin[:1], coin[1:], (2,), 2, "public domain", "two tosses of one coin", "by hand")
        coins: 2 train, 1 valid, 1 test examples of shape (2,), values 0..1
          source    two tosses of one coin
          licence   public domain
          protocol  by hand
    """

    name: str
    train: Tensor
    valid: Tensor
    test: Tensor
    event_shape: tuple[int, ...]
    values: int
    licence: str
    source: str
    protocol: str
    labels: Splits | None = None
    groups: Splits | None = None
    alphabet: Alphabet | None = None

    def __post_init__(self):
        for split, x in zip(Splits._fields, (self.train, self.valid, self.test), strict=True):
            check_integers(split, x, self.values, self.event_shape)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{len(getattr(self, split)):,} {split}" for split in Splits._fields)
        unit = f"examples of shape {self.event_shape}" if self.event_shape else "characters in one piece"
        lines = [f"{self.name}: {sizes} {unit}, values 0..{self.values - 1}"]
        lines += [f"  {field:9} {getattr(self, field)}" for field in ("source", "licence", "protocol")]
        return "\n".join(lines)

    @property
    def dims(self) -> int:
        """D, the number of variables in one example.

        Example:
            >>> from dgmlib import data
            >>> data.digits().event_shape, data.digits().dims
            ((1, 8, 8), 64)
        """
        return math.prod(self.event_shape)


def check_integers(name: str, x: Tensor, values: int, event_shape: tuple[int, ...] | None = None) -> Tensor:
    """Return ``x``, or raise a ``ValueError`` that says why it is no batch of integers 0..V-1.

    Args:
        name: what to call the tensor in the message.
        x: at least one integer.
        values: V.
        event_shape: shape of one example; a -1 stands for any length; ``None`` allows every shape.

    Example:
        >>> check_integers("x", torch.tensor([[0, 2]]), values=2, event_shape=(2,))
        Traceback (most recent call last):
        ...
        ValueError: x: got values 0..2, wanted 0..1
    """
    if not isinstance(x, Tensor):
        raise ValueError(f"{name}: got {type(x).__name__}, wanted an integer tensor")
    if x.is_floating_point() or x.is_complex() or x.dtype == torch.bool:
        raise ValueError(f"{name}: got {x.dtype}, wanted integers 0..{values - 1}, such as torch.int64")
    if event_shape is not None:
        fits = x.dim() == 1 + len(event_shape)
        fits = fits and all(want in (-1, got) for got, want in zip(x.shape[1:], event_shape, strict=True))
        if not fits:
            wanted = ", ".join(["B", *("T" if size == -1 else str(size) for size in event_shape)])
            raise ValueError(f"{name}: got shape {tuple(x.shape)}, wanted ({wanted})")
    if x.numel() == 0:
        raise ValueError(f"{name}: got an empty batch (shape {tuple(x.shape)}), wanted at least one example")
    low, high = (v.item() for v in x.aminmax())
    if low < 0 or high >= values:
        raise ValueError(f"{name}: got values {low}..{high}, wanted 0..{values - 1}")
    return x
