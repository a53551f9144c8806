"""
bench - Empath and Postfix side by side on this machine

Run as ``python -m tests.bench``; docs/PERFORMANCE.md holds a run and what it means. Rules of the house:
- Both servers run in the same sitting, alternating per repeat, on an empty queue each, with fsync on. Ratios are the
  result; absolute figures belong to one machine and one hour.
- CPU is that of all processes of a server, the short-lived ones included, and of nothing else: neither the generator
  nor the sink nor a control command.
- Everything listens on 127.0.0.1 on a free port, lives in a scratch directory, and only what was started is ended.
- Nothing here imports empath: the harness also measures other revisions than the one it belongs to.
"""
