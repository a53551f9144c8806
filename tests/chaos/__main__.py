"""
`python -m tests.chaos`: one long run. The exit code is 1 if a promise was broken; the files of the instance then stay.
"""

import random
import shutil
import sys
import tempfile
from pathlib import Path

import click

from tests.chaos.course import REFUSAL, run
from tests.kit.run_guard import guarded


@click.command()
@click.option("--kills", type=click.IntRange(min=1), default=100, show_default=True, help="Processes to kill.")
@click.option("--seed", type=int, help="Draw as an earlier run did; it says which.")
@click.option("--refusal", type=click.FloatRange(0, 0.9), default=REFUSAL, show_default=True, help="Share refused.")
def main(kills: int, seed: int | None, refusal: float) -> None:
    """Load, random kills, and a ledger of every recipient."""
    seed = seed if seed is not None else random.randrange(1_000_000)
    directory = Path(tempfile.mkdtemp(prefix="empath-chaos-"))
    print(f"chaos: {kills} kills, seed {seed}, in {directory}", flush=True)
    with guarded(directory):
        verdict = run(directory / "instance", kills=kills, seed=seed, refusal=refusal)
    print(*verdict.lines(), sep="\n")
    if verdict.broken:
        sys.exit(1)
    shutil.rmtree(directory)


if __name__ == "__main__":
    main()
