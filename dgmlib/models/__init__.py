"""Autoregressive models, one family a file. Each is made by ``Model(event_shape, values, *, options)``."""

from dgmlib.models.fvsbn import FVSBN
from dgmlib.models.table import Table

__all__ = ["FVSBN", "Table"]
