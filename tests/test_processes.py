import subprocess
import sys
from pathlib import Path

PARENT = """
import os, threading
from polycolor_cli.processes import context, warm_up

class Ends:
    def __reduce__(self):
        threading.Timer(0.05, os._exit, (9,)).start()
        return int, ()

if __name__ == "__main__":
    warm_up()
    # more than a pipe holds: the rest is still on this side when it ends
    context().Process(target=print, args=(Ends(), bytes(10_000_000))).start()
"""


def test_a_process_whose_parent_ends_while_it_begins_says_nothing(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    done = subprocess.run([sys.executable, script], capture_output=True, timeout=60, text=True)
    assert done.returncode == 9
    assert done.stderr == ""
