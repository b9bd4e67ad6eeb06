"""A file with 64 GiB of nothing and many small ones lie beside the notebook."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def files(folder):
    """What lies beside the notebook."""
    with open(folder / "data.bin", "wb") as file:
        file.truncate(1 << 36)
    for number in range(2000):
        (folder / f"small-{number}.txt").write_text("x")
