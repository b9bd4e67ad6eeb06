"""Figures: both themes, alternative text, the same bytes each time."""

import base64
import re

import pytest
import torch

from dgmlib import plot


@pytest.fixture
def figure():
    return plot.Figure(lambda ax, palette: ax.plot([0, 1], color=palette["model"]), alt='A line  that "rises".')


def test_a_figure_shows_itself_in_both_themes_and_says_what_it_shows(figure):
    bundle = figure._repr_mimebundle_()
    assert bundle["text/plain"] == 'A line that "rises".'
    assert bundle["text/html"].count('alt="A line that &quot;rises&quot;."') == 2
    light, dark = (base64.b64decode(s).decode() for s in re.findall(r"base64,([^\"]+)", bundle["text/html"]))
    assert plot.colors("light")["model"].lower() in light and plot.colors("dark")["model"].lower() in dark
    assert 'class="only-light"' in bundle["text/html"] and 'class="only-dark"' in bundle["text/html"]
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")


def test_a_figure_is_the_same_bytes_each_time(figure):
    assert figure.render("light", "svg") == figure.render("light", "svg")


def test_a_figure_without_alternative_text_is_refused():
    with pytest.raises(ValueError, match="alt: got ' ', wanted a sentence"):
        plot.Figure(lambda ax, palette: None, alt=" ")


def test_themes_have_the_same_names():
    assert plot.colors("light").keys() == plot.colors("dark").keys()
    with pytest.raises(ValueError, match="theme: got 'blue'"):
        plot.colors("blue")


def luminance(colour):
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("theme", "page"), [("light", "#ffffff"), ("dark", "#121212")])
def test_every_colour_can_be_told_from_the_page(theme, page):
    """WCAG asks for a contrast of 3 between graphics and their background, of 4.5 for text."""
    for name, colour in plot.colors(theme).items():
        high, low = sorted((luminance(colour), luminance(page)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= (4.5 if name == "ink" else 3), name


def test_images_are_laid_out_pixel_for_pixel():
    seen = []
    x = torch.arange(3 * 4).view(3, 1, 2, 2) % 2
    plot.Figure(lambda ax, palette: seen.append(plot.images(ax, x, columns=2).images[0].get_array()), alt="x").render(
        "light", "png"
    )
    sheet = torch.from_numpy(seen[0].filled(float("nan")))
    assert sheet.shape == (5, 5)
    assert torch.equal(sheet[:2, 3:], x[1, 0].to(sheet)) and sheet[2].isnan().all() and sheet[:, 2].isnan().all()


def test_images_of_another_shape_are_named():
    with pytest.raises(ValueError, match=r"x: got shape \(2, 3, 4, 4\)"):
        plot.images(None, torch.zeros(2, 3, 4, 4))
