"""Files that appear whole or not at all, even if the power fails.

Bytes are written beside their place, brought to the disk, and only then put there by a rename.
"""

import ctypes
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from polycolor_cli.errors import FileError

SLOW = 1.0
"""Seconds that bringing a whole file system to the disk may take before files are brought there one by one."""
_FRESH = f".polycolor-{platform.node() or 'here'}-"


@dataclass(frozen=True)
class Staged:
    """Bytes that lie, as the file `fresh`, beside the place `path` that they are meant for."""

    path: Path
    fresh: Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it appears complete or not at all. Raises FileError where it cannot be written."""
    try:
        staged = stage(path, data)
    except OSError as error:
        raise _trouble(path, error) from None
    for trouble in place([staged]).values():
        raise trouble


def stage(path: Path, data: bytes) -> Staged:
    """Write a file's bytes beside its place. Raises OSError, and leaves nothing, where they cannot be written."""
    fresh = fresh_beside(path)
    try:
        # by the system's own calls: Python's files take longer to open than a small picture to write
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(file, left) :]
        finally:
            os.close(file)
    except BaseException:
        # Ctrl-C leaves nothing either
        fresh.unlink(missing_ok=True)
        raise
    return Staged(path, fresh)


def fresh_beside(path: Path) -> Path:
    """A name, beside a place, for what is not whole yet; `sweep` knows it."""
    note(path.parent)
    return path.with_name(f"{_FRESH}{os.getpid()}-{os.urandom(6).hex()}.tmp")


def place(staged: Sequence[Staged]) -> dict[Path, FileError]:
    """Bring staged files to the disk and put each in its place; returns what went wrong, by place.

    Many together cost hardly more than one: a disk is told once to write down what it holds.
    """
    wrong, left = {}, list(staged)
    try:
        synced = len(staged) > 1 and _sync_all(staged)
        for one in staged:
            try:
                if not synced:
                    _sync(one.fresh)
                one.fresh.replace(one.path)
                left.remove(one)
            except OSError as error:
                wrong[one.path] = _trouble(one.path, error)
    finally:
        for one in left:
            one.fresh.unlink(missing_ok=True)
    return wrong


def _trouble(path: Path, error: OSError) -> FileError:
    return FileError(f"{path}: cannot be written ({error.strerror or error})")


def _sync(path: Path) -> None:
    # Windows brings only files to the disk that are open for writing
    file = os.open(path, os.O_RDWR)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _sync_all(staged: Sequence[Staged]) -> bool:
    """Bring the file systems of all these files to the disk, if this system can do that; returns whether it did."""
    global _syncfs
    if _syncfs is None:
        return False
    began, seen = time.monotonic(), set()
    # files of one folder are of one file system; to ask for each one's parent takes as long as to ask the system
    folders = {os.path.dirname(one.fresh): one.fresh for one in staged}  # noqa: PTH120
    for fresh in folders.values():
        try:
            device = fresh.stat().st_dev
            if device in seen:
                continue
            file = os.open(fresh, os.O_RDONLY)
        except OSError:
            return False
        try:
            if _syncfs(file):
                return False
            seen.add(device)
        finally:
            os.close(file)
    if time.monotonic() - began > SLOW:
        # somebody else writes much here, and we would wait for that each time
        _syncfs = None
    return True


_syncfs = getattr(ctypes.CDLL(None), "syncfs", None) if platform.system() == "Linux" else None
"""Linux's syncfs(2): a whole file system at once, where fsync makes its journal wait for every file."""


_written: set[Path] = set()


def note(folder: Path) -> None:
    """Remember that this process, or one that it began, may leave something half-written in a folder."""
    _written.add(folder)


def sweep_all() -> None:
    """Remove what this process, which is about to end, and those it began have left half-written."""
    for folder in list(_written):
        sweep(folder, ending=True)


def sweep(folder: Path, ending: bool = False) -> None:
    """Remove what processes that are no more have left half-written in a folder; with `ending` this one's too."""
    try:
        left = [path for path in folder.iterdir() if path.name.startswith(_FRESH)]
        for path in left:
            pid = path.name.removeprefix(_FRESH).partition("-")[0]
            if pid.isdigit() and (not alive(int(pid)) or (ending and int(pid) == os.getpid())):
                path.unlink(missing_ok=True)
    except OSError:
        return


def alive(pid: int) -> bool:
    """Whether a process of this machine still runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    try:
        # a zombie has ended, though its parent has not asked
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True
