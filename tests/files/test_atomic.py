"""Files that appear whole or not at all, one by one and many together."""

import os
from pathlib import Path

import pytest

from polycolor_cli.errors import FileError
from polycolor_cli.files import atomic as files
from polycolor_cli.files.atomic import place, stage, sweep, write_whole


@pytest.mark.parametrize("together", [True, False])
def test_many_together_fail_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: bool) -> None:
    if not together:
        monkeypatch.setattr(files, "_syncfs", None)
    (tmp_path / "b").mkdir()
    staged = [stage(tmp_path / name, name.encode()) for name in "abcd"]
    assert not (tmp_path / "a").exists()
    staged[2].fresh.unlink()
    wrong = place(staged)
    assert {path.name for path in wrong} == {"b", "c"}
    assert str(wrong[tmp_path / "b"]).startswith(f"{tmp_path / 'b'}: cannot be written (")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "d"]
    assert (tmp_path / "d").read_bytes() == b"d"


def test_a_file_system_that_takes_long_is_not_waited_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(files, "_syncfs", lambda file: calls.append(file))
    monkeypatch.setattr(files, "SLOW", 0.0)
    for _ in range(2):
        assert not place([stage(tmp_path / name, b"x") for name in "ab"])
    assert len(calls) == 1


def test_ctrl_c_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "_sync", pressed)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "a", b"x")
    assert not list(tmp_path.iterdir())


def test_what_a_dead_process_left_is_swept(tmp_path: Path) -> None:
    mine = stage(tmp_path / "a", b"mine").fresh
    dead = tmp_path / mine.name.replace(str(os.getpid()), str(2**22 + 1))
    dead.write_bytes(b"half")
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [mine]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / "out.bin"
    path.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal = pytest.importorskip("signal")
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        with pytest.raises(FileError, match="cannot be written"):
            write_whole(path, bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1
