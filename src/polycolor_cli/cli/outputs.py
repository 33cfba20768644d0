"""Files that commands write beside the fills: they replace their own kind, and nothing else."""

from pathlib import Path

from polycolor_cli.errors import FileError


def check_json(path: Path, begins: bytes) -> None:
    """Raise FileError where a report cannot go to a path: whatever is there must be one that began so too."""
    _check_folder(path)
    if path.suffix.lower() != ".json":
        raise FileError(f"{path}: a report is JSON; give a name that ends in .json")
    if path.exists() and (not path.is_file() or not _begins(path, begins)):
        raise FileError(f"{path}: is there already, and no report of this command; give another name")


def check_picture(path: Path, mark: str) -> None:
    """Raise FileError where a picture cannot go to a path: whatever is there must be one with that mark."""
    from polycolor_cli.files.picture import can_be_marked, format_of, mark_of

    _check_folder(path)
    format_of(path)
    if not can_be_marked(path):
        raise FileError(f"{path}: write to .png, .jpg, .webp or .tif")
    if path.exists() and mark_of(path) != mark:
        raise FileError(f"{path}: is there already, and no {mark} of polycolor's; give another name")


def _check_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise FileError(f"{path}: there is no folder {str(path.parent)!r}")


def _begins(path: Path, begins: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(begins)) == begins
    except OSError:
        return False
