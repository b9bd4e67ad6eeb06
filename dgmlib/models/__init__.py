"""Autoregressive models, one family a file. Each is made by ``Model(event_shape, values, *, options)``."""

from pathlib import Path

from dgmlib.model import AutoregressiveModel, read_weights
from dgmlib.models.fvsbn import FVSBN
from dgmlib.models.image_transformer import ImageTransformer
from dgmlib.models.integer import IntegerMADE
from dgmlib.models.made import MADE, OrderEnsemble
from dgmlib.models.mixtures import RNADE
from dgmlib.models.nade import NADE
from dgmlib.models.pixelcnn import GatedPixelCNN, PixelCNN
from dgmlib.models.rnn import RNN
from dgmlib.models.table import Table
from dgmlib.models.transformer import Transformer

__all__ = [
    "FVSBN",
    "MADE",
    "NADE",
    "RNADE",
    "RNN",
    "GatedPixelCNN",
    "ImageTransformer",
    "IntegerMADE",
    "OrderEnsemble",
    "PixelCNN",
    "Table",
    "Transformer",
    "load",
]


def load(path: str | Path) -> AutoregressiveModel:
    """Make whichever model :meth:`~dgmlib.model.AutoregressiveModel.save` wrote to a file, on the CPU, in eval mode.

    Args:
        path: the file.

    Raises:
        ValueError: if the file is cut off, changed, of another version of the library, or of no model of this package.
        OSError: if it can't be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     MADE((3,), 2, hidden=(4,)).save(f"{folder}/model.safetensors")
        ...     model = load(f"{folder}/model.safetensors")
        >>> type(model).__name__, model.event_shape
        ('MADE', (3,))
    """
    name = read_weights(path)[0]["model"]
    if name not in __all__ or name == "load":
        raise ValueError(f"{path}: holds {name}, wanted one of {', '.join(__all__[:-1])}")
    return globals()[name].load(path)
