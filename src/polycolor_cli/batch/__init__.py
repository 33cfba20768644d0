"""Many pictures: plan, stream, resume, report.

`plan` finds the pictures and names their outputs; `run` does them on this machine's cores and
`cluster.run` on many machines, both by the same `Worker`, one picture at a time.
"""

from polycolor_cli.batch.plan import FORMATS, Job, Paints, Passed, count, mark_folder, plan, target_of
from polycolor_cli.batch.run import run
from polycolor_cli.batch.work import STATES, Outcome, Worker

__all__ = [
    "FORMATS",
    "STATES",
    "Job",
    "Outcome",
    "Paints",
    "Passed",
    "Worker",
    "count",
    "mark_folder",
    "plan",
    "run",
    "target_of",
]
