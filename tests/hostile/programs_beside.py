"""Programs lie beside the notebook under names that tools run or import where they find them."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def files(folder):
    """What lies beside the notebook."""
    for name in (
        "sitecustomize.py",
        "usercustomize.py",
        "torch.py",
        "json.py",
        "conftest.py",
        "nbgrader_config.py",
        "jupyter_config.py",
        "ipython_config.py",
        "Makefile",
        ".env",
        ".pth",
    ):
        (folder / name).write_text("raise SystemExit('hostile')\n")
    (folder / "dgmlib").mkdir()
    (folder / "dgmlib" / "__init__.py").write_text("raise SystemExit('hostile')\n")
