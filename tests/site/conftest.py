"""The built book behind a plain static server, and a browser."""

import functools
import os
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Error, sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "_ext"))

from paper import system_browser  # noqa: E402

# A test must see each request that a page makes, and none that the browser makes for itself.
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def html() -> Path:
    """The folder of the site, built by the same command as everybody's; make knows whether it is up to date."""
    subprocess.run(["make", "book"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return ROOT / "_build" / "html"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def serve():
    """A function that serves a folder on the loopback and returns its address."""
    servers = []

    def start(folder: Path) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def site(html, serve) -> str:
    """The address of the built book."""
    return serve(html)


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        # The kernel keeps root out of the browser's own sandbox.
        flags = QUIET + ["--no-sandbox"] * (os.geteuid() == 0)
        try:
            browser = playwright.chromium.launch(executable_path=system_browser(), args=flags)
        except Error as error:
            reason = f"no browser: make setup says what to install ({str(error).splitlines()[0]})"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
        yield browser
        browser.close()
