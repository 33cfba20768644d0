import platform
import subprocess
import sys
from pathlib import Path

import pytest

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


USER = """
import resource
import numpy as np
from polycolor_cli.batch.work import Worker
from polycolor_cli.processes import keep_memory
{first}

def fill():
    picture = np.ones(4 << 20, np.uint8)
    return int((picture + picture).max())

fill()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    fill()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc alone is told")
@pytest.mark.parametrize("first", ["keep_memory()", "Worker(None)"])
def test_a_process_keeps_the_memory_of_its_last_picture_for_the_next(first: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", USER.format(first=first)], capture_output=True, timeout=60, text=True, check=True
    )
    # pages that the system had to find; all of them are some 40,000
    assert int(done.stdout) < 1000
