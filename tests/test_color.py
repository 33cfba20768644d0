import pytest

from polycolor_cli.color import PALETTE, ColorError, css_names, parse_color


@pytest.mark.parametrize(
    ("text", "rgb"),
    [
        ("red", (255, 0, 0)),
        ("green", (0, 255, 0)),  # the field's green, not CSS's
        (" MaGenta ", (255, 0, 255)),
        ("rebeccapurple", (102, 51, 153)),
        ("Dark Slate Blue", (72, 61, 139)),
        ("light-sea-green", (32, 178, 170)),
        ("#F0a", (255, 0, 170)),
        ("# ff00aa", (255, 0, 170)),
        ("#ff00aaff", (255, 0, 170)),
        ("rgb(1, 2, 3)", (1, 2, 3)),
        ("RGB( 1 2 3 )", (1, 2, 3)),
        ("rgb(100% 0% 50%)", (255, 0, 128)),
        ("rgb(300, 0, 0)", (255, 0, 0)),
        ("rgb(-9 0 300)", (0, 0, 255)),
        ("ff0000", (255, 0, 0)),
        ("FFF", (255, 255, 255)),
        ("0a0", (0, 170, 0)),
        ("hsl(120, 100%, 25%)", (0, 128, 0)),
        ("hsl(0.5turn 100% 50%)", (0, 255, 255)),
        ("hwb(194 0% 0%)", (0, 195, 255)),
        ("lab(29.2345% 39.3825 20.0664)", (125, 35, 41)),  # the example of CSS Color 4
        ("oklch(40.101% 0.12332 21.555)", (125, 35, 41)),  # the same colour there
        ("rgb(1 2 3 / 100%)", (1, 2, 3)),
    ],
)
def test_reads_what_a_person_types(text: str, rgb: tuple[int, int, int]) -> None:
    assert parse_color(text) == rgb


def test_knows_the_palette_and_every_css_name() -> None:
    assert len(PALETTE) == 11
    assert len({*PALETTE, *css_names()}) == 148
    assert all(parse_color(name) == rgb for name, rgb in {**PALETTE, **css_names()}.items())


def test_brings_colours_outside_srgb_into_it() -> None:
    red, green, blue = parse_color("oklch(70% 0.4 150)")
    assert green > 150
    assert max(red, blue) < green


@pytest.mark.parametrize(("text", "hint"), [("magneta", "magenta"), ("Rde", "red"), ("blu", "blue")])
def test_suggests_the_nearest_names(text: str, hint: str) -> None:
    with pytest.raises(ColorError, match=f"did you mean .*{hint}"):
        parse_color(text)


@pytest.mark.parametrize("text", ["", "#12", "#12345", "rgb(1,2)", "notacolorname", "12", "hsl(a b c)", "\0"])
def test_refuses_what_is_no_colour(text: str) -> None:
    with pytest.raises(ColorError):
        parse_color(text)


@pytest.mark.parametrize("text", ["#ff00aa80", "#f0a8", "rgb(1 2 3 / 50%)", "transparent", "hsl(1 2% 3% / 0.99)"])
def test_refuses_transparent_colours_with_the_reason(text: str) -> None:
    with pytest.raises(ColorError, match="transparent"):
        parse_color(text)


def test_names_that_pillow_has_used_before() -> None:
    from PIL import Image

    Image.new("RGB", (1, 1), "teal")
    assert parse_color("teal") == (0, 128, 128)
