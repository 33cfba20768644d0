"""Read any picture safely, write it atomically."""

import errno
import os
import struct
import warnings
import zlib
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, UnidentifiedImageError

from polycolor_cli.errors import FileError
from polycolor_cli.files.atomic import write_whole

FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
"""What pictures are written as, by extension."""

READABLE = {*FORMATS, ".gif"}
"""Extensions of the pictures that are read."""

OPAQUE = ("JPEG", "BMP")
"""Formats without transparency: what is transparent is laid on white there."""

MAX_PIXELS = 150_000_000
"""The largest picture that is read, in pixels."""


VISIBLE = 24
"""Levels of gray, of 255, by which something must differ from the paper to be seen on it."""

ORIENTATION = 0x0112
"""The EXIF tag that says which way up a photograph is."""


SOFTWARE = 0x0131
"""The EXIF tag that says what wrote a picture."""
_MARKED = "polycolor "
_MARKABLE = ("PNG", "JPEG", "WEBP", "TIFF")
_KNOWN = sorted({*FORMATS.values(), "GIF"})


MAX_BYTES = 8 * MAX_PIXELS
"""The largest file that is read: four channels of 16 bits, not compressed."""
_HEAD = 16
_CHUNK = 1 << 16
_BEGINNINGS = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"RIFF")
"""How the files of those formats begin."""


class PictureError(FileError):
    """A picture that cannot be read or written: which one, and why."""


@dataclass(frozen=True)
class About:
    """What a picture's file says beside its pixels, and stays true of it once a shape in it is filled.

    dpi: pixels an inch, across and down; profile: the ICC profile of its RGB values; text: words by their keywords;
    exif: EXIF data, which say no more that the picture has to be turned.
    """

    dpi: tuple[float, float] | None = None
    profile: bytes = b""
    text: tuple[tuple[str, str], ...] = ()
    exif: bytes = b""

    def as_info(self) -> dict[str, Any]:
        """The same as Pillow keeps it in an image's `info`."""
        info: dict[str, Any] = dict(self.text)
        if self.dpi:
            info["dpi"] = self.dpi
        if self.profile:
            info["icc_profile"] = self.profile
        if self.exif:
            info["exif"] = self.exif
        return info


NOTHING = About()


def about(image: Image.Image) -> About:
    """What the file of a picture that was read here said beside its pixels."""
    return image.info.get("about", NOTHING)


@dataclass(frozen=True)
class Transparency:
    """How opaque each pixel of a picture is, uint8 (H, W), and the gray of the paper that it was laid on."""

    opacity: NDArray[np.uint8]
    paper: int


def transparency(image: Image.Image) -> Transparency | None:
    """What was transparent in a picture that was read here, if anything."""
    return image.info.get("transparency")


def read_picture(source: Path | bytes, name: str | None = None) -> Image.Image:
    """A picture as it looks to a person, in mode `L` (gray) or `RGB`.

    PNG, JPEG, WebP, BMP, TIFF and GIF (its first frame), of any depth; turned upright by its EXIF
    tag, transparency laid on white, or on black where nothing would be seen on white. `name` is what errors call it,
    the path by default. Raises PictureError for anything that is not such a picture, or has over 150 million pixels.
    """
    name = name or (str(source) if isinstance(source, Path) else "the picture")
    try:
        if isinstance(source, Path):
            with source.open("rb") as file:
                source = read_bytes(file, name)
    except FileNotFoundError:
        raise PictureError(f"{name}: no such file") from None
    except (OSError, ValueError) as error:
        if isinstance(error, PictureError):
            raise
        raise PictureError(f"{name}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    return seen(opened(source, name), name)


def read_bytes(file: BinaryIO, name: str) -> bytes:
    """All of a picture's file, or as little as tells that it is none. Raises PictureError for what cannot be one."""
    data = file.read(_HEAD)
    if data and not data.startswith(_BEGINNINGS):
        raise PictureError(f"{name}: not a PNG, JPEG, WebP, BMP, TIFF or GIF picture")
    # as much at a time as the file says that it is, and no buffer for the largest of all
    step = _CHUNK
    with suppress(OSError, AttributeError, ValueError):
        step = max(step, min(os.fstat(file.fileno()).st_size, MAX_BYTES))
    rest = [data]
    size = len(data)
    while size <= MAX_BYTES and (more := file.read(step)):
        rest.append(more)
        size += len(more)
    data = b"".join(rest)
    if size > MAX_BYTES:
        raise PictureError(f"{name}: over {MAX_BYTES // 10**6} MB, more than any picture that is read here takes")
    return data


def opened(data: bytes, name: str) -> Image.Image:
    """A picture of which only the header is read: its size is known, and within the limit.

    Raises PictureError as `read_picture` does; `name` is what that calls it.
    """
    if not data:
        raise PictureError(f"{name}: the file is empty")
    try:
        with _unwarned():
            image = Image.open(BytesIO(data), formats=_KNOWN)
    except UnidentifiedImageError:
        raise PictureError(f"{name}: not a PNG, JPEG, WebP, BMP, TIFF or GIF picture") from None
    except Image.DecompressionBombError:
        raise PictureError(f"{name}: over the limit of {MAX_PIXELS // 10**6} million pixels") from None
    except Exception as error:
        raise PictureError(f"{name}: damaged picture ({error})") from None
    if image.width * image.height > MAX_PIXELS:
        raise PictureError(
            f"{name}: {image.width} x {image.height} is over the limit of {MAX_PIXELS // 10**6} million pixels"
        )
    return image


def seen(image: Image.Image, name: str) -> Image.Image:
    """An opened picture as it looks to a person, in mode `L` (gray) or `RGB`. Raises PictureError."""
    try:
        with _unwarned():
            image.load()
            return _as_seen(image)
    except Exception as error:
        # decoders meet damage in many ways, and raise as many kinds of error
        raise PictureError(f"{name}: damaged or cut-off picture ({error})") from None


def _unwarned() -> AbstractContextManager[None]:
    """Pillow warns of large pictures from a smaller size on, and of each of a damaged file's faults."""
    return warnings.catch_warnings(action="ignore")


def _as_seen(image: Image.Image) -> Image.Image:
    said, transparent = image.info, None
    orientation = image.getexif().get(ORIENTATION, 1)
    if orientation != 1:
        from PIL import ImageOps

        image = ImageOps.exif_transpose(image)
    exif = _exif(image)
    profile = said.get("icc_profile") or b""
    if image.mode.startswith("I") or image.mode == "F":
        image = Image.fromarray(_to_8_bits(np.asarray(image), image.mode))
    if image.has_transparency_data:
        image, transparent = _on_paper(image.convert("RGBA"))
    if profile and (space := _color_space(profile)) != "RGB":
        # no profile but an RGB one suits a painted picture
        image, profile = _in_srgb(image, profile, space), b""
    if image.mode in ("1", "L"):
        image = image.convert("L")
    else:
        image = image.convert("RGB")
        red, green, blue = image.split()
        # a gray picture saved with three channels is still a gray picture
        if not any(ImageChops.difference(red, other).getbbox() for other in (green, blue)):
            image = red
    image.info = {"about": About(_dpi(said), profile, _texts(said), exif)}
    if transparent is not None:
        image.info["transparency"] = transparent
    return image


def _on_paper(image: Image.Image) -> tuple[Image.Image, Transparency | None]:
    """A picture of mode RGBA as it looks on paper, and what of it is transparent: white, or black to be seen at all."""
    opacity = np.asarray(image.getchannel("A"))
    if opacity.min(initial=255) == 255:
        return image.convert("RGB"), None
    laid = []
    for name, paper in (("white", 255), ("black", 0)):
        on = Image.alpha_composite(Image.new("RGBA", image.size, name), image).convert("RGB")
        low, high = on.convert("L").getextrema()
        laid.append((on, Transparency(opacity, paper)))
        if int(high) - int(low) >= VISIBLE:  # type: ignore[arg-type]
            return laid[-1]
    return laid[0]


def _exif(image: Image.Image) -> bytes:
    """A picture's EXIF data but for what wrote it; none where there is no more, or it cannot be read."""
    try:
        exif = image.getexif()
        exif.pop(ORIENTATION, None)
        if exif.pop(SOFTWARE, None) is not None and not len(exif):
            return b""
        # a TIFF's own tags are no EXIF data
        return exif.tobytes() if len(exif) and getattr(image, "format", None) != "TIFF" else b""
    except Exception:
        # what else a file says may be damaged, and its picture whole
        return b""


def _dpi(said: dict[Any, Any]) -> tuple[float, float] | None:
    try:
        across, down = (float(value) for value in said["dpi"])
    except (KeyError, TypeError, ValueError):
        return None
    return (across, down) if 1 <= across <= 1e6 and 1 <= down <= 1e6 else None


_NO_TEXT = ("dpi", "icc_profile", "exif", "Software", "XML:com.adobe.xmp", "xmp", "Raw profile type exif")


def _texts(said: dict[Any, Any]) -> tuple[tuple[str, str], ...]:
    """The words that a PNG holds by their keywords; a JPEG's comment."""
    found = {key: str(value) for key, value in said.items() if isinstance(key, str) and isinstance(value, str)}
    comment = said.get("comment")
    if isinstance(comment, bytes):
        found["Comment"] = comment.decode("utf-8", "replace")
    return tuple(
        (key, value) for key, value in found.items() if key not in _NO_TEXT and 0 < len(key) < 80 and key.isascii()
    )


def _color_space(profile: bytes) -> str:
    """RGB, GRAY, CMYK or another; nothing where the profile cannot be read."""
    return profile[16:20].decode("ascii", "replace").strip() if profile[36:40] == b"acsp" else ""


def _in_srgb(image: Image.Image, profile: bytes, space: str) -> Image.Image:
    """A picture of gray or CMYK values as its profile means them; as it is where that cannot be used."""
    from PIL import ImageCms

    if {"GRAY": "L", "CMYK": "CMYK"}.get(space) != image.mode:
        return image
    with suppress(ImageCms.PyCMSError, OSError):
        turned = ImageCms.profileToProfile(image, BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB")
        return turned if turned is not None else image
    return image


@lru_cache
def in_profile(color: tuple[int, int, int], profile: bytes) -> tuple[int, int, int]:
    """An sRGB colour as the values that mean it under an ICC profile; as it is where there is none, or sRGB's."""
    if not profile:
        return color
    from PIL import ImageCms

    try:
        theirs = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(theirs).lower():
            return color
        pixel = Image.new("RGB", (1, 1), color)
        turned = ImageCms.profileToProfile(
            pixel, ImageCms.createProfile("sRGB"), theirs, renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC
        )
        return turned.getpixel((0, 0)) if turned is not None else color  # type: ignore[return-value]
    except (ImageCms.PyCMSError, OSError):
        return color


def _to_8_bits(values: NDArray, mode: str) -> NDArray[np.uint8]:
    if mode == "F":
        values = np.nan_to_num(values)
        scale = 255.0 if values.max(initial=0) <= 1 else 1.0
        return np.clip(np.round(values * scale), 0, 255).astype(np.uint8)
    wide = mode.startswith("I;16") or values.max(initial=0) > 255
    return np.clip(values // 257 if wide else values, 0, 255).astype(np.uint8)


def write_picture(
    image: Image.Image | NDArray[np.uint8] | NDArray[np.uint16], path: Path, mark: str = "", about: About = NOTHING
) -> None:
    """Write a picture in the format of the path's extension, whole or not at all.

    Raises PictureError for an unknown extension and a transparent picture in a format without
    transparency, and FileError for a place that cannot be written.
    """
    write_whole(path, encode(image, format_of(path), str(path), mark, about=about))


def format_of(path: Path) -> str:
    """The format that a path's extension names. Raises PictureError where it names none."""
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        known = ", ".join(sorted(FORMATS))
        what = f"unknown extension {path.suffix!r}" if path.suffix else "no extension"
        raise PictureError(f"{path}: {what}; write to one of {known}") from None


def encode(
    image: Image.Image | NDArray[np.uint8] | NDArray[np.uint16],
    format: str = "PNG",
    name: str = "the picture",
    mark: str = "",
    fast: bool = False,
    about: About = NOTHING,
) -> bytes:
    """A picture as the bytes of a file. Only JPEG loses anything.

    image: one of Pillow's, or its pixels: gray (of 8 or 16 bits), RGB or RGBA.
    mark: a word for `mark_of` to find again, kept where files name the software that wrote them.
    fast: a little larger, much sooner; a PNG only from pixels. about: what else the file is to say.
    """
    exif = _software(f"{_MARKED}{mark}", about.exif) if mark else about.exif
    if isinstance(image, np.ndarray):
        if image.dtype == np.uint16 and format != "PNG":
            raise PictureError(f"{name}: region numbers need 16 bits, which only PNG is written with")
        if fast and format == "PNG":
            return _with_chunks(_png(image, exif), about)
        image = Image.fromarray(image)
    if image.mode in ("RGBA", "LA") and format in OPAQUE:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA")).convert("RGB")
    # an image that was read carries what it was read with, and Pillow would write some of it
    image = image.copy()
    image.info = {}
    options: dict[str, dict[str, object]] = {
        "PNG": {"compress_level": 4},
        "JPEG": {"quality": 95, "subsampling": 0},
        "WEBP": {"lossless": True, "method": 0 if fast else 4},
        "TIFF": {"compression": "tiff_deflate"},
    }
    buffer = BytesIO()
    given = options.get(format, {})
    if exif and format != "BMP":
        given = given | {"exif": exif}
    if about.profile and format != "BMP":
        given = given | {"icc_profile": about.profile}
    if about.dpi and format in ("JPEG", "BMP", "TIFF"):
        given = given | {"dpi": about.dpi}
    comment = dict(about.text).get("Comment")
    if comment and format == "JPEG":
        given = given | {"comment": comment}
    try:
        image.save(buffer, format, **given)
    except (OSError, ValueError) as error:
        raise PictureError(f"{name}: cannot be written as {format} ({error})") from None
    data = buffer.getvalue()
    return _with_chunks(data, About(about.dpi, text=about.text)) if format == "PNG" else data


def _with_chunks(png: bytes, about: About) -> bytes:
    """A PNG that says something beside its pixels: chunks after its header (PNG specification, 11.3)."""
    chunks = b""
    if about.profile:
        chunks += _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(about.profile))
    if about.dpi:
        chunks += _chunk(b"pHYs", struct.pack(">IIB", *(round(value / 0.0254) for value in about.dpi), 1))
    for key, value in about.text:
        chunks += _chunk(b"iTXt", key.encode("ascii") + b"\0\0\0\0\0" + value.encode("utf-8", "replace"))
    return png[:_AFTER_HEADER] + chunks + png[_AFTER_HEADER:] if chunks else png


_AFTER_HEADER = 33


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _software(name: str, others: bytes) -> bytes:
    """EXIF data that names a software, beside others."""
    if others:
        exif = Image.Exif()
        exif.load(others)
        exif[SOFTWARE] = name
        return exif.tobytes()
    before, after = _around_software(len(name))
    return before + name.encode("ascii") + after


@lru_cache
def _around_software(letters: int) -> tuple[bytes, bytes]:
    """EXIF data before and after the name of a software; Pillow takes as long to make some as to paint a picture."""
    exif = Image.Exif()
    exif[SOFTWARE] = "x" * letters
    before, after = exif.tobytes().split(b"x" * letters)
    return before, after


def _png(pixels: NDArray[np.uint8] | NDArray[np.uint16], exif: bytes) -> bytes:
    """A PNG in a third of Pillow's time, which tries five filters on every line; drawings are no larger without any."""
    import cv2

    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    how = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE]
    about = np.frombuffer(exif.removeprefix(b"Exif\0\0"), np.uint8)
    kinds = [cv2.IMAGE_METADATA_EXIF] if exif else []
    return cv2.imencodeWithMetadata(".png", pixels, kinds, [about][: len(kinds)], how)[1].tobytes()


def can_be_marked(path: Path) -> bool:
    """Whether a picture of the path's extension keeps a mark."""
    return FORMATS.get(path.suffix.lower()) in _MARKABLE


def mark_of(path: Path) -> str | None:
    """The mark that a picture was encoded with; empty: by somebody else; None: nothing there, or damaged and ours."""
    try:
        with path.open("rb") as file, _unwarned():
            if not file.read(1):
                return None
            file.seek(0)
            image = Image.open(file, formats=_KNOWN)
            software = str(image.getexif().get(SOFTWARE, ""))
            whole = _is_whole(file, image.format or "")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception as error:
        # a name that no file can have; else, whatever it is, we have not made it
        return None if getattr(error, "errno", None) == errno.ENAMETOOLONG else ""
    if not software.startswith(_MARKED):
        return ""
    return software.removeprefix(_MARKED) if whole else None


def _is_whole(file: BinaryIO, format: str) -> bool:
    """Whether a file that says it is ours has its end too."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 12))
    end = file.read()
    if format == "WEBP":
        file.seek(4)
        return int.from_bytes(file.read(4), "little") == size - 8
    return {"PNG": end[4:8] == b"IEND", "JPEG": end.endswith(b"\xff\xd9")}.get(format, True)
