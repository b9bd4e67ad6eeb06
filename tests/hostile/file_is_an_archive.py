"""The file is an archive that unpacks to a gigabyte of zeros; nothing unpacks it."""

import io
import zipfile

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "its bytes are no UTF-8"


def damage(notebook):
    """The notebook as it is handed in."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../gradebook.db", bytes(1 << 24))
    return packed.getvalue()
