"""Draw the README's picture of a page, from the built book: make book, then python tests/site/picture.py."""

import io

from conftest import QUIET, ROOT, system_browser
from PIL import Image
from playwright.sync_api import sync_playwright

PAGE, BEGIN = "chain_rule.html", ".admonition.predict"


def main():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=system_browser(), args=[*QUIET, "--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1280, "height": 1060}, color_scheme="light")
        tab.goto((ROOT / "_build" / "html" / PAGE).as_uri())
        tab.wait_for_selector("mjx-container")
        tab.locator(BEGIN).first.evaluate("e => scrollTo(0, e.getBoundingClientRect().top - 200)")
        tab.wait_for_timeout(1000)  # the sidebars follow what is read
        picture = Image.open(io.BytesIO(tab.screenshot()))
        browser.close()
    # Few colours: a picture of a page is text, and half the size.
    picture.convert("RGB").quantize(256).save(ROOT / "book" / "_assets" / "page.png", optimize=True)


if __name__ == "__main__":
    main()
