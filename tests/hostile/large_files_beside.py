"""A file of 300 MiB and 2,000 small ones lie beside the notebook; none of them is of use."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def files(folder):
    """What lies beside the notebook."""
    with open(folder / "data.bin", "wb") as file:
        file.truncate(300 << 20)
    for number in range(2000):
        (folder / f"small-{number}.txt").write_text("x")
