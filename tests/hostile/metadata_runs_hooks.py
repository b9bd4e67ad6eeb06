"""The notebook's metadata name start-up files, extensions and paths for the tools that may read them."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def damage(notebook):
    """The notebook as it is handed in."""
    notebook["metadata"] |= {
        "papermill": {"parameters": {"x": 1}, "output_path": "/tmp/hostile"},
        "jupytext": {"formats": "ipynb,py", "main_language": "bash"},
        "nbconvert": {"template_paths": ["/tmp"], "exporter": "script"},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"x" * 1000: {"state": []}}}},
        "title": "{{ 7 * 7 }}<script>alert(1)</script>",
        "authors": [{"name": "</title><script>alert(1)</script>"}],
    }
    return notebook
