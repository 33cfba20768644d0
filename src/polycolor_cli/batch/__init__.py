"""Many pictures: plan, stream, resume, report.

`plan` finds the pictures and names their outputs; `run` does them on this machine's cores and
`cluster.run` on many machines, both by the same `Worker`, one picture at a time.
"""
