"""
The command: ``python -m tests.bench.depth [--scenarios …] [--recipients N] [--json FILE]``

Tables go to stdout, progress to stderr. Exit codes: 0; 1 if a run failed, or if `--gate` is given and a floor that is
not "about" is missed; 64 for wrong use; 69 if a required program is missing.
"""

import argparse
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from .. import empath
from ..__main__ import CHECKOUT, EX_UNAVAILABLE, Parser, names, positive, require, scratch_of
from ..floors import OURS, Verdict
from ..machine import BenchFailure, describe, raise_file_limit
from ..plan import Plan
from ..report import figure, pairs_text, verdicts_text
from .fill import RECIPIENTS, fill
from .large_work import large_work
from .pages import pages
from .served import fillings, place
from .serving import crowded, dead_zone, depth, dripping, hanging, workers
from .steering import steering
from .verdicts import shown

SCENARIOS: Final = (
    "steering",
    "large-work",
    "pages",
    "depth",
    "hanging",
    "dripping",
    "crowded",
    "dead-zone",
    "workers",
)


def main() -> int:
    """Parse, build the queues, run, report."""
    options = _options()
    raise_file_limit()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return _measure(options)
    except BenchFailure as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return EX_UNAVAILABLE


def _options() -> argparse.Namespace:
    parser = Parser(prog="python -m tests.bench.depth", description="What a deep queue costs.")
    parser.add_argument(
        "--scenarios", type=names, default=list(SCENARIOS), help=f"of {','.join(SCENARIOS)}; all by default"
    )
    parser.add_argument("--recipients", type=positive, default=1_000_000, help="in each deep queue; default: 1000000")
    parser.add_argument("--repeat", type=positive, default=3, help="runs of accept and relay on each; default: 3")
    parser.add_argument("--messages", type=positive, default=4000, help="mails of accept and relay; default: 4000")
    parser.add_argument("--drain", type=positive, default=10_000, help="mails that four workers share; default: 10000")
    parser.add_argument("--scratch", type=Path, default=Path("/var/tmp/empath-bench"), help="on the disk to test")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--gate", action="store_true", help='exit 1 when a floor that is not "about" is missed')
    options = parser.parse_args()
    if unknown := sorted(set(options.scenarios) - set(SCENARIOS)):
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    if options.recipients % RECIPIENTS:
        parser.error(f"--recipients takes a multiple of {RECIPIENTS}, the recipients of one message")
    return options


def _measure(options: argparse.Namespace) -> int:
    if set(options.scenarios) - {"steering"}:
        require([OURS], ())
    verdicts: list[Verdict] = []
    failures = []
    with scratch_of(options.scratch, [OURS], is_fresh=False) as directory:
        about = describe(directory) | {"empath": empath.version(CHECKOUT, directory)}
        plan = Plan(directory, messages=options.messages, drained=options.drain)
        templates: dict[str, Path] = {}
        steered: dict[str, Path] = {}
        flows = bool({"steering", "pages", "depth"} & set(options.scenarios))
        if {"steering", "large-work", "pages", "depth"} & set(options.scenarios):
            for filling in fillings(options.recipients):
                if {"steering", "large-work"} & set(options.scenarios) if filling.retained else flows:
                    name, template = filling.name, directory / f"{len(steered)}.db"
                    verdicts.append(shown(name, f"filling with {filling.recipients:,}, s", fill(template, filling)))
                    _say(verdicts[-1:])
                    steered[name] = template
                    if not filling.retained:
                        templates[name] = template
        runs: dict[str, Callable[[], list[Verdict]]] = {
            "steering": lambda: _steering(directory, steered),
            "large-work": lambda: [
                verdict
                for name, template in steered.items()
                if name not in templates
                for verdict in large_work(name, CHECKOUT, template, directory, 5 * options.recipients)
            ],
            "pages": lambda: [
                verdict
                for name, template in templates.items()
                for verdict in pages(name, CHECKOUT, template, directory)
            ],
            "depth": lambda: depth(CHECKOUT, templates, plan, options.repeat),
            "hanging": lambda: hanging(CHECKOUT, plan),
            "dripping": lambda: dripping(CHECKOUT, plan),
            "crowded": lambda: crowded(CHECKOUT, plan),
            "dead-zone": lambda: dead_zone(CHECKOUT, plan),
            "workers": lambda: workers(CHECKOUT, plan),
        }
        for scenario in options.scenarios:
            try:
                found = runs[scenario]()
            except BenchFailure as failure:
                failures.append(f"{scenario}: {failure}")
                print(f"bench: failed: {failures[-1]}", file=sys.stderr)
                continue
            verdicts += found
            _say(found)
    print(f"{pairs_text(about)}\n\n{verdicts_text(verdicts)}")
    if options.json:
        settings = {"recipients": options.recipients, "repeat": options.repeat, "messages": options.messages}
        figures = [asdict(verdict) for verdict in verdicts]
        report = {"machine": about, "settings": settings, "figures": figures, "failures": failures}
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    is_missed = any(verdict.is_gate and not verdict.is_met for verdict in verdicts)
    return 1 if failures or (options.gate and is_missed) else 0


def _steering(directory: Path, templates: dict[str, Path]) -> list[Verdict]:
    found = []
    for name, template in templates.items():
        place(template, directory / "queue.db", "smtp:127.0.0.1:25")
        found += steering(name, directory / "queue.db", CHECKOUT)
        for path in directory.glob("queue.db*"):
            path.unlink()
    return found


def _say(verdicts: list[Verdict]) -> None:
    for each in verdicts:
        verdict = "" if each.floor == "-" else f" ({each.floor}: {'pass' if each.is_met else 'FAIL'})"
        print(f"bench: {each.scenario}: {each.what} {figure(each.measured)}{verdict}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
