"""Draw the README's picture of a page, from the built book: make book, then python tests/site/picture.py."""

from conftest import QUIET, ROOT, system_browser
from playwright.sync_api import sync_playwright

PAGE = "chain_rule.html#every-order-is-exact"


def main():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=system_browser(), args=[*QUIET, "--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1180, "height": 860}, color_scheme="light")
        tab.goto((ROOT / "_build" / "html").as_uri() + "/" + PAGE)
        tab.wait_for_selector("mjx-container")
        tab.evaluate("document.fonts.ready")
        tab.screenshot(path=ROOT / "book" / "_assets" / "page.png")
        browser.close()


if __name__ == "__main__":
    main()
