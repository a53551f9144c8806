"""
bench - Empath and Postfix side by side on this machine

Run as ``python -m tests.bench``; docs/PERFORMANCE.md has the figures of a run and explains them. House rules:
- Both servers run in the same sitting, alternating per repeat, each on an empty queue, with fsync on. The ratios are
the result; absolute figures belong to one machine and one hour.
- CPU counts all processes of a server, short-lived ones included, and nothing else: not the generator, not the sink,
not a control command.
- Every server listens on 127.0.0.1 on a free port and lives in a scratch directory. The bench ends only processes that
it started.
- Nothing here imports empath, because the harness also measures other revisions.
"""
