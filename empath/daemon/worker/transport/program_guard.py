"""
program_guard - ends the programs of a worker that has died

THEORY
    A program outlives a worker that is killed, and has no deadline then, while its mail goes out again.  So each worker
    that runs programs has one guard: a process that reads from a pipe which groups of processes are under way.  The
    pipe ends with the worker, however that dies, and the guard kills what is left.

    The guard is this file, run by an interpreter without any package: it starts quickly, and is small.
"""

import os
import signal


def guard(descriptor: int) -> None:
    """Read lines: a number when its group begins, minus the number when its leader has ended. Then kill the rest."""
    groups: set[int] = set()
    rest = b""
    while octets := os.read(descriptor, 4096):
        *lines, rest = (rest + octets).split(b"\n")
        for number in map(int, lines):
            if number > 0:
                groups.add(number)
            else:
                groups.discard(-number)
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except OSError:
            pass


if __name__ == "__main__":
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # the worker may still wait for its programs
    guard(0)
