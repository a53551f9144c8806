"""
The command: ``python -m tests.bench.seeing [--scenarios …] [--turns N] [--json FILE]``

Tables go to stdout, progress to stderr. Exit codes: 0; 1 if a run failed, or if `--gate` is given and a floor is
missed; 64 for wrong use; 69 if a required program is missing.
"""

import argparse
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

from .. import empath
from ..__main__ import CHECKOUT, EX_UNAVAILABLE, Parser, names, positive, require, scratch_of
from ..depth.verdicts import at_least, at_most, shown
from ..floors import OURS, Verdict
from ..injection import inject_mail
from ..machine import BenchFailure, describe, raise_file_limit
from ..plan import WARM_UP
from ..report import figure, pairs_text, verdicts_text
from ..server import Setup, running
from ..traffic import Sink
from .followers import following
from .pairs import Compared, compare, pair
from .scrape import scrape

FOLLOWERS: Final = 200
INJECTED_MS: Final = 0.33
INJECTED_RATE: Final = 3000.0
# scenario -> (what the second server has, most CPU of a mail to that of one without; None: it has nothing more).
PAIRS: Final = {
    "chance": (None, None),
    "metrics": ("metrics", 1.03),
    "traces-0": ("traces-0", 1.01),
    "traces-0.01": ("traces-0.01", 1.03),
    "traces-1": ("traces-1", 1.35),
}
FOLLOWED_RATIO: Final = 1.03  # "nothing", as far as it can be measured


def main() -> int:
    """Parse, run, report."""
    options = _options()
    raise_file_limit()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        require([OURS], ())
        return _measure(options)
    except BenchFailure as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return EX_UNAVAILABLE


def _options() -> argparse.Namespace:
    parser = Parser(prog="python -m tests.bench.seeing", description="What it costs to be watched.")
    known = [*PAIRS, "followers", "scrape", "inject"]
    parser.add_argument("--scenarios", type=names, default=known, help=f"of {','.join(known)}; all by default")
    parser.add_argument("--turns", type=positive, default=20, help="bursts of mail of each server; default: 20")
    parser.add_argument("--messages", type=positive, default=6000, help="mails of inject; default: 6000")
    parser.add_argument("--scratch", type=Path, default=Path("/var/tmp/empath-bench"), help="on the disk to test")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--gate", action="store_true", help="exit 1 when a floor is missed")
    options = parser.parse_args()
    if unknown := sorted(set(options.scenarios) - set(known)):
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    if options.turns < 2:
        parser.error("--turns is at least 2")
    return options


def _measure(options: argparse.Namespace) -> int:
    verdicts: list[Verdict] = []
    failures = []
    with scratch_of(options.scratch, [OURS]) as scratch:
        about = describe(scratch) | {"empath": empath.version(CHECKOUT, scratch)}
        runs: dict[str, Callable[[], list[Verdict]]] = {
            "followers": lambda: _followers(scratch, options.turns),
            "scrape": lambda: scrape(CHECKOUT, scratch),
            "inject": lambda: _inject(scratch, options.messages),
            **{scenario: partial(_pair, scenario, scratch, options.turns) for scenario in PAIRS},
        }
        for scenario in options.scenarios:
            try:
                found = runs[scenario]()
            except BenchFailure as failure:
                failures.append(f"{scenario}: {failure}")
                print(f"bench: failed: {failures[-1]}", file=sys.stderr)
                continue
            verdicts += found
            for each in found:
                print(f"bench: {each.scenario}: {each.what} {figure(each.measured)}", file=sys.stderr, flush=True)
    print(f"{pairs_text(about)}\n\n{verdicts_text(verdicts)}")
    if options.json:
        figures = [asdict(verdict) for verdict in verdicts]
        settings = {"turns": options.turns, "messages": options.messages}
        report = {"machine": about, "settings": settings, "figures": figures, "failures": failures}
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    is_missed = any(verdict.is_gate and not verdict.is_met for verdict in verdicts)
    return 1 if failures or (options.gate and is_missed) else 0


def _pair(scenario: str, scratch: Path, turns: int) -> list[Verdict]:
    extra, most = PAIRS[scenario]
    factory = empath.empath_of(CHECKOUT)
    with pair(factory, factory, scratch, (None, extra)) as sides:
        return _verdicts(scenario, compare(sides, turns), most)


def _verdicts(scenario: str, found: Compared, most: float | None) -> list[Verdict]:
    what = "relay, CPU of a mail to that of one without"
    ratio = shown(scenario, what, found.median) if most is None else at_most(scenario, what, found.median, most)
    return [
        ratio,
        shown(scenario, "wrong by chance, about", found.error),
        shown(scenario, "CPU ms/mail without", found.plain_ms),
        shown(scenario, "CPU ms/mail", found.seen_ms),
    ]


def _followers(scratch: Path, turns: int) -> list[Verdict]:
    """Both servers keep events; one has followers. httpd writes to them, and its CPU is shown apart."""
    factory = empath.empath_of(CHECKOUT)
    with pair(factory, factory, scratch, ("events", "events")) as sides:
        seen = sides[1]
        with following(seen.server.http_port, seen.server.token("read"), FOLLOWERS):
            before, mails = seen.httpd_cpu_s(), seen.sent
            found = compare(sides, turns)
            ms = (seen.httpd_cpu_s() - before) / (seen.sent - mails) * 1e3
    name = f"{FOLLOWERS} followers"
    return [*_verdicts(name, found, FOLLOWED_RATIO), shown(name, "CPU ms/mail of httpd", ms)]


def _inject(scratch: Path, messages: int) -> list[Verdict]:
    """Mail by HTTP in batches of a hundred, 4 KiB each, while delivery is held."""
    with (
        Sink(scratch) as sink,
        running(
            empath.empath_of(CHECKOUT), "inject", scratch, Setup(sink.port, is_held=True, extra="inject")
        ) as server,
    ):
        token = server.token()
        inject_mail(server.http_port, token, WARM_UP)
        before = server.account.cpu_s()
        seconds = inject_mail(server.http_port, token, messages)
        ms = (server.account.cpu_s() - before) / messages * 1e3
        server.wait_queued(WARM_UP + messages, 10)
    return [
        at_most("inject", "CPU ms/mail", ms, INJECTED_MS),
        at_least("inject", "mails/s", messages / seconds, INJECTED_RATE, is_gate=False),
    ]


if __name__ == "__main__":
    sys.exit(main())
