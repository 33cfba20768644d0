from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from conftest import square
from polycolor_cli.errors import FileError
from polycolor_cli.files import picture
from polycolor_cli.files.picture import (
    ORIENTATION,
    PictureError,
    about,
    encode,
    read_picture,
    write_picture,
)
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.paint import Paint
from polycolor_cli.fill.planes import halved


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_reads_every_format_as_gray(format: str) -> None:
    options = {"lossless": True} if format == "WEBP" else {}
    image = read_picture(saved(square(), format, **options))
    assert (image.mode, image.size) == ("L", (128, 128))
    assert np.abs(np.asarray(image).astype(int) - np.asarray(square())).mean() < 3


def test_reads_every_depth() -> None:
    gray = np.asarray(square()).astype(np.uint16)
    depths = {
        "16 bits": Image.fromarray(gray * 257),
        "1 bit": square().convert("1"),
        "palette": square().convert("P"),
        "three channels": square().convert("RGB"),
    }
    for name, image in depths.items():
        assert np.array_equal(np.asarray(read_picture(saved(image, "PNG"))), np.asarray(square())), name
    floats = saved(Image.fromarray(gray.astype(np.float32) / 255), "TIFF")
    assert np.array_equal(np.asarray(read_picture(floats)), np.asarray(square()))


def test_lays_transparency_on_white() -> None:
    ink = Image.new("RGBA", (128, 128), (0, 0, 0, 0))
    ink.putalpha(Image.fromarray(255 - np.asarray(square())))
    assert np.array_equal(np.asarray(read_picture(saved(ink, "PNG"))), np.asarray(square()))
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([0, 0, 0, 9, 9, 9])
    assert read_picture(saved(palette, "PNG", transparency=0)).getpixel((0, 0)) == 255


def test_turns_photographs_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read_picture(saved(Image.new("L", (20, 10)), "JPEG", exif=exif)).size == (10, 20)


def test_keeps_colours_and_reads_cmyk() -> None:
    assert read_picture(saved(Image.new("RGB", (4, 4), "red"), "PNG")).mode == "RGB"
    assert read_picture(saved(Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "TIFF")).mode == "RGB"


def test_reads_the_first_frame_of_an_animation() -> None:
    frames = [Image.new("L", (8, 8), 200), Image.new("L", (8, 8), 10)]
    assert read_picture(saved(frames[0], "GIF", save_all=True, append_images=frames[1:])).getpixel((0, 0)) == 200


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"a list of shapes", "not a PNG"),
        (saved(square(), "PNG")[:120], "cut-off"),
        (saved(square(), "JPEG")[:500], "cut-off"),
        (saved(square(), "WEBP")[:-40], "cut-off|damaged|not a PNG"),
        (saved(square(), "TIFF")[:300], "cut-off|damaged|not a PNG"),
    ],
)
def test_names_what_is_wrong_with_a_picture(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "odd.png"
    path.write_bytes(data)
    with pytest.raises(PictureError, match=rf"odd\.png: .*({reason})"):
        read_picture(path)


def test_names_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="no such file"):
        read_picture(tmp_path / "missing.png")
    with pytest.raises(PictureError, match="cannot be read"):
        read_picture(tmp_path)


def test_refuses_a_bomb_before_decoding_it(monkeypatch: pytest.MonkeyPatch) -> None:
    huge = saved(Image.new("1", (20000, 20000)), "PNG")
    with pytest.raises(PictureError, match="over the limit of 150 million pixels"):
        read_picture(huge)
    large = saved(Image.new("1", (13000, 12000)), "PNG")
    with pytest.raises(PictureError, match="13000 x 12000 is over the limit of 150 million pixels"):
        read_picture(large)
    monkeypatch.setattr(picture, "MAX_PIXELS", 160_000_000)
    assert read_picture(large).size == (13000, 12000)


@pytest.mark.parametrize("extension", sorted(picture.FORMATS))
def test_writes_exactly_but_for_jpeg(tmp_path: Path, extension: str) -> None:
    image = Image.fromarray(np.random.default_rng(1).integers(0, 255, (9, 7, 3), np.uint8))
    path = tmp_path / f"out{extension.upper()}"
    write_picture(image, path)
    same = np.array_equal(np.asarray(read_picture(path)), np.asarray(image))
    assert same != (picture.FORMATS[extension] == "JPEG")


@pytest.mark.parametrize("name", ["out.xyz", "out", "no/such/folder/out.png", "folder.png"])
def test_leaves_nothing_behind_where_it_cannot_write(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(FileError):
        write_picture(square(), tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == ["folder.png"]


def test_what_is_transparent_is_white_in_a_format_without() -> None:
    for format in ("JPEG", "BMP"):
        assert read_picture(encode(Image.new("RGBA", (4, 4)), format)).getpixel((0, 0)) == 255


def test_halving_keeps_thin_ink() -> None:
    gray = np.full((64, 64), 255, np.uint8)
    gray[:, 17] = 0
    level = (gray, gray, gray)
    for _ in range(4):
        level = halved(level)
    smallest, mean, largest = level
    assert smallest.shape == (4, 4)
    assert smallest[:, 1].max() == 0
    assert mean[0, 1] == pytest.approx(255 * 15 / 16, abs=2)
    assert largest.min() == 255


def test_an_error_is_one_line_whatever_the_file_is_called(tmp_path: Path) -> None:
    with pytest.raises(PictureError) as caught:
        read_picture(tmp_path / "two\nlines\t\x1b[31m.png")
    assert str(caught.value) == f"{tmp_path}/two\\nlines\\t\\x1b[31m.png: no such file"


def adobe_rgb() -> bytes:
    """A profile of a wider gamut than sRGB's, as Adobe RGB (1998) has: its primaries, white D65, gamma 2.2."""

    def fixed(value: float) -> bytes:
        return round(value * 65536).to_bytes(4, "big", signed=True)

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(map(fixed, values))

    description = b"Wide RGB"
    text = b"desc\0\0\0\0" + (len(description) + 1).to_bytes(4, "big") + description + b"\0" + bytes(78)
    curve = b"curv\0\0\0\0" + (1).to_bytes(4, "big") + round(2.2 * 256).to_bytes(2, "big") + b"\0\0"
    tags = {
        b"desc": text + bytes(-len(text) % 4),
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": xyz(0.9505, 1, 1.0891),
        b"rXYZ": xyz(0.60974, 0.31111, 0.01947),
        b"gXYZ": xyz(0.20528, 0.62567, 0.06087),
        b"bXYZ": xyz(0.14919, 0.06322, 0.74457),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, body, start = len(tags).to_bytes(4, "big"), b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + (start + len(body)).to_bytes(4, "big") + len(data).to_bytes(4, "big")
        body += data
    size = (start + len(body)).to_bytes(4, "big")
    header = size + b"\0\0\0\0" + bytes.fromhex("02400000") + b"mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    header += fixed(0.9642) + fixed(1) + fixed(0.8249)
    return header + bytes(128 - len(header)) + table + body


def test_resolution_text_exif_and_profile_stay_with_the_picture() -> None:
    exif = Image.Exif()
    exif[ORIENTATION], exif[0x010F] = 6, "a camera"
    given = {"dpi": (600, 600), "icc_profile": adobe_rgb(), "exif": exif}
    words = PngInfo()
    words.add_text("Title", "A house")
    words.add_itxt("Author", "Zoë")
    color = Image.merge("RGB", [square(), square(128, 3), square()])
    for format, options in {"PNG": {"pnginfo": words}, "JPEG": {}, "TIFF": {}}.items():
        drawing = read_picture(saved(color, format, **given, **options))
        filled = Colorizer().fill(drawing, Paint("red"))
        again = Image.open(BytesIO(encode(filled.pixels, format, about=filled.about, mark="x", fast=True)))
        assert tuple(map(round, again.info["dpi"])) == (600, 600), format
        assert again.info["icc_profile"] == adobe_rgb()
        assert again.getexif().get(ORIENTATION, 1) == 1
        if format != "TIFF":
            assert again.getexif()[0x010F] == "a camera"
        if format == "PNG":
            again.load()
            assert (again.info["Title"], again.info["Author"]) == ("A house", "Zoë")


def test_a_named_colour_means_the_same_under_any_profile() -> None:
    drawing = read_picture(
        saved(Image.merge("RGB", [square(), square(128, 3), square()]), "PNG", icc_profile=adobe_rgb())
    )
    painted = Colorizer().fill(drawing, Paint("red")).image
    # sRGB's red lies inside Adobe RGB: its values there are smaller
    middle = painted.getpixel((64, 64))
    assert np.abs(np.array(middle) - (219, 0, 0)).max() <= 3
    profile = ImageCms.ImageCmsProfile(BytesIO(adobe_rgb()))
    seen = ImageCms.profileToProfile(painted, profile, ImageCms.createProfile("sRGB"), renderingIntent=1)
    assert seen is not None
    assert np.abs(np.array(seen.getpixel((64, 64))) - (255, 0, 0)).max() <= 3


def test_gray_and_cmyk_pictures_lose_their_profile_but_not_their_look() -> None:
    image = read_picture(saved(square().convert("CMYK"), "JPEG", icc_profile=b"no profile at all"))
    assert np.abs(np.asarray(image.convert("L")).astype(int) - np.asarray(square())).mean() < 4
    assert about(image).profile == b"" or image.mode == "RGB"


def test_no_more_is_read_than_a_picture_can_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PictureError, match="not a PNG"):
        read_picture(Path("/dev/zero"))
    monkeypatch.setattr(picture, "MAX_BYTES", 5000)
    path = tmp_path / "large.png"
    path.write_bytes(saved(square(), "PNG") + bytes(10_000))
    with pytest.raises(PictureError, match="more than any picture"):
        read_picture(path)


def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(PictureError, match="cannot be read"):
        read_picture(Path("a\0b.png"))
