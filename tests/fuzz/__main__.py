"""
python -m tests.fuzz - search for a case that breaks a promise, for a given time

Cases come from the grammar, from random octets, and mostly from mutation of the corpus and of cases with new paths. The
seed is printed; the same seed makes the same cases in the same order. A case that breaks a promise is shortened and
saved in the corpus, where the suite replays it.
"""

import argparse
import itertools
import sys
import time
import traceback
from random import Random, SystemRandom

from tests.fuzz.case import Case
from tests.fuzz.corpus import CORPUS, TARGETS, corpus, failure, judge
from tests.fuzz.grammar import GENERATORS, mutated, raw_case

_MAX_POOL = 2000  # cases of each target that are kept for mutation
_REPORT_S = 30.0


class Hunt:
    """One target, its pool of cases, and the paths that they reached."""

    def __init__(self, target: str, random: Random) -> None:
        self.target = target
        self.count = 0
        self._random = random
        self.pool = corpus(target)
        self._reached: set[tuple[str, str]] = set()
        for case in self.pool:
            self._note(case)

    def step(self) -> Case | None:
        """Try one more case; return it if it breaks a promise."""
        random = self._random
        kind = random.random()
        if kind < 0.1:
            case = raw_case(random)
        elif kind < 0.4:
            case = GENERATORS[self.target](random)
        else:
            case = mutated(random, random.choice(self.pool), random.choice(self.pool))
        self.count += 1
        try:
            if self._note(case) and len(self.pool) < _MAX_POOL:
                self.pool.append(case)
        except Exception:  # noqa: BLE001 - any exception is a finding
            return case
        return None

    def _note(self, case: Case) -> bool:
        """Run *case*; say whether it reached a pair of steps that no case before it did."""
        reached = judge(self.target, case)
        new = set(itertools.pairwise(reached)) - self._reached
        self._reached |= new
        return bool(new)


def smallest(target: str, case: Case) -> Case:
    """Shorten *case*: remove pieces as long as it still fails in the same way."""
    kind = failure(target, case)
    octets, size = case.octets, len(case.octets)
    while size := size // 2:
        at = 0
        while at < len(octets):
            shorter = Case.parse(octets[:at] + octets[at + size :])
            if len(shorter.octets) < len(octets) and failure(target, shorter) == kind:
                octets = shorter.octets
            else:
                at += size
    return Case.parse(octets)


def main() -> int:
    """Search for the given time; return 1 if a case broke a promise."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(2**32))
    parser.add_argument("--target", choices=TARGETS, action="append", help="one or more; by default all")
    wanted = parser.parse_args()
    print(f"fuzz: seed {wanted.seed}, {wanted.seconds:g} s", flush=True)

    hunts = [Hunt(target, Random(f"{wanted.seed} {target}")) for target in wanted.target or TARGETS]
    end = time.monotonic() + wanted.seconds
    report_at = time.monotonic() + _REPORT_S
    for hunt in itertools.cycle(hunts):
        if (found := hunt.step()) is not None:
            small = smallest(hunt.target, found)
            path = CORPUS / hunt.target / f"found-{small.name}.case"
            path.write_bytes(small.octets)
            print(f"fuzz: {hunt.target} breaks a promise, seed {wanted.seed}: {path}\n{small.octets!r}", flush=True)
            try:
                judge(hunt.target, small)
            except Exception:  # noqa: BLE001 - any exception is a finding
                traceback.print_exc()
            return 1
        if time.monotonic() >= report_at:
            report_at += _REPORT_S
            print(_progress(hunts), flush=True)
        if time.monotonic() >= end:
            break
    print(_progress(hunts))
    return 0


def _progress(hunts: list[Hunt]) -> str:
    return "fuzz: " + ", ".join(f"{hunt.target} {hunt.count} cases, {len(hunt.pool)} kept" for hunt in hunts)


if __name__ == "__main__":
    sys.exit(main())
