"""A right answer shows a picture that claims to be 60,000 pixels wide and high; nobody unpacks it."""

SOURCES = {
    "count_parameters": r"""
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


import struct
import zlib

from IPython.display import Image, display


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


head = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0))
body = chunk(b"IDAT", zlib.compress(bytes(1_000_000)))
display(Image(b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b""), format="png", width=1, height=1))
""",
}
OUTCOME = "graded"
LOSES = ()
