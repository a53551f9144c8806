"""
The command: ``python -m tests.bench [--scenarios …] [--servers …] [--json FILE] [--compare REV]``

Tables go to stdout, progress to stderr. Exit codes: 0; 1 if a run failed, if `--gate` is given and a gate is missed, or
if `--compare` finds more CPU per mail; 64 for wrong use; 69 if a required program or user is missing.
"""

import argparse
import fcntl
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, NoReturn

from tests.kit.run_guard import guarded

from . import empath, postfix
from .accounting import open_account
from .compare import BASE, ONLY_NAMED, TOLERANCE, WORKING_TREE, changes, commit_of, worktree
from .compare import SCENARIOS as COMPARED
from .disk import MOST_FILE_MS, fresh_file_system
from .floors import OURS, THEIRS, judge
from .judged import FILTERS
from .machine import BenchFailure, describe, find_command, is_open_to_others, raise_file_limit
from .peers import PEERS, peer_version
from .plan import Plan
from .report import cell, figure, pairs_text, results_json, results_text, table, verdicts_text
from .rounds import Results, run_rounds
from .scenarios import SCENARIOS
from .server import Factory

CHECKOUT: Final = Path(__file__).resolve().parent.parent.parent
EX_USAGE: Final = 64
EX_UNAVAILABLE: Final = 69
# Programs by their Debian package: the peer, the generator and the sink; and what adds TLS to the generator.
PACKAGES: Final = {
    "postfix": ("postfix", "postconf", "postsuper", "postqueue", "smtp-source", "smtp-sink"),
    "stunnel4": ("stunnel",),
    "strace": ("strace",),
    "opendkim opendmarc": FILTERS,
}
GENERATOR: Final = ("smtp-source", "smtp-sink")


def main() -> int:
    """Parse, check what is needed, run, report."""
    options = _options()
    raise_file_limit()
    # A signal then ends a run like any error: servers are stopped, and directories removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return _compare(options) if options.compare else _measure(options)
    except BenchFailure as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return EX_UNAVAILABLE


class Parser(argparse.ArgumentParser):
    """Ends wrong use with the exit code of all our commands for it."""

    def error(self, message: str) -> NoReturn:
        print(f"bench: {message}", file=sys.stderr)
        sys.exit(EX_USAGE)


def _options() -> argparse.Namespace:
    parser = Parser(prog="python -m tests.bench", description="Empath and Postfix side by side.")
    parser.add_argument(
        "--scenarios", type=names, help=f"of {','.join(SCENARIOS)}; by default all but those with rates or metrics"
    )
    parser.add_argument(
        "--servers",
        type=names,
        default=[OURS, THEIRS],
        help="default: empath,postfix; there are exim and opensmtpd, too",
    )
    parser.add_argument("--large-servers", type=names, default=[OURS], help="who takes part in large; default: empath")
    parser.add_argument("--repeat", type=positive, help="runs of each; default: 3, with --compare 5")
    parser.add_argument("--messages", type=positive, default=4000, help="mails of accept and relay; default: 4000")
    parser.add_argument("--drain", type=positive, default=10_000, help="mails queued for drain; default: 10000")
    parser.add_argument(
        "--scratch", type=Path, default=Path("/var/tmp/empath-bench"), help="on the disk to test, open to all"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--gate", action="store_true", help="exit 1 when a floor of CPU or memory is missed")
    parser.add_argument("--compare", metavar="REV", help="measure the working tree against this revision instead")
    options = parser.parse_args()
    usual = COMPARED if options.compare else tuple(each for each in SCENARIOS if each not in ONLY_NAMED)
    scenarios = options.scenarios or list(usual)
    known = (*usual, *ONLY_NAMED)
    for given, among in (
        (scenarios, known),
        (options.servers, (OURS, THEIRS, *PEERS)),
        (options.large_servers, (OURS, THEIRS, *PEERS)),
    ):
        if unknown := sorted(set(given) - set(among)):
            parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(among)}")
    options.scenarios = scenarios
    options.repeat = options.repeat or (5 if options.compare else 3)
    return options


def names(text: str) -> list[str]:
    """The names between the commas."""
    return [name for name in text.split(",") if name]


def positive(text: str) -> int:
    """A number of at least 1, or argparse's error."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"not a whole number above 0: {text!r}")
    return int(text)


def _measure(options: argparse.Namespace) -> int:
    require(options.servers, options.scenarios)
    with scratch_of(options.scratch, options.servers) as scratch:
        versions = {}
        servers: dict[str, Factory] = {}
        if OURS in options.servers:
            versions[OURS] = empath.version(CHECKOUT, scratch)
            servers[OURS] = empath.empath_of(CHECKOUT)
        if THEIRS in options.servers:
            versions[THEIRS] = postfix.version()
            servers[THEIRS] = postfix.Postfix
        for name in [each for each in PEERS if each in options.servers]:
            versions[name] = peer_version(name)
            servers[name] = PEERS[name]
        about = describe(scratch) | versions | {"CPU counted by": _kind_of_account()}
        results = _run(options, servers, scratch, {"large": options.large_servers})
    pair = (OURS, THEIRS) if {OURS, THEIRS} <= set(servers) else None
    verdicts = judge(results)
    about["CPU of a new file, ms"] = cell(results.file_ms)
    is_worn = max(results.file_ms, default=0.0) > MOST_FILE_MS
    print(f"{pairs_text(about)}\n\nCells: least / **median** / greatest of {options.repeat}.\n")
    print(results_text(results, pair))
    if is_worn:
        print(f"\nNo verdict: a new file costs more than {MOST_FILE_MS:g} ms of CPU here, so the file system is worn.")
    elif verdicts:
        print(f"\n### floors\n\n{verdicts_text(verdicts)}")
    _write_json(options, about, results_json(results, pair) | {"floors": [asdict(verdict) for verdict in verdicts]})
    is_missed = any(verdict.is_gate and not verdict.is_met for verdict in verdicts)
    return _end(results, options.gate and (is_missed or is_worn))


def _compare(options: argparse.Namespace) -> int:
    require([OURS], options.scenarios)
    commit = commit_of(CHECKOUT, options.compare)
    with scratch_of(options.scratch, [OURS]) as scratch, worktree(CHECKOUT, commit, scratch / "checkout") as base:
        about = describe(scratch) | {
            WORKING_TREE: empath.version(CHECKOUT, scratch),
            BASE: f"{empath.version(base, scratch)}, commit {commit}",
            "CPU counted by": _kind_of_account(),
        }
        servers = {BASE: empath.empath_of(base), WORKING_TREE: empath.empath_of(CHECKOUT)}
        results = _run(options, servers, scratch)
    found = changes(results)
    print(f"{pairs_text(about)}\n\nCells: least / **median** / greatest of {options.repeat}.\n")
    print(results_text(results, (WORKING_TREE, BASE)))
    rows = [
        [
            each.scenario,
            figure(each.base_ms),
            figure(each.tree_ms),
            figure(each.ratio),
            "FAIL" if each.is_worse else "pass",
        ]
        for each in found
    ]
    print(f"\n### CPU ms/mail, at most {TOLERANCE:.0%} more\n")
    print(table(["scenario", BASE, WORKING_TREE, "ratio", ""], rows))
    _write_json(
        options, about, results_json(results, (WORKING_TREE, BASE)) | {"changes": [asdict(each) for each in found]}
    )
    return _end(results, any(each.is_worse for each in found))


def _run(
    options: argparse.Namespace,
    servers: Mapping[str, Factory],
    scratch: Path,
    only: Mapping[str, Sequence[str]] | None = None,
) -> Results:
    plan = Plan(scratch, messages=options.messages, drained=options.drain)
    return run_rounds(options.scenarios, servers, plan, options.repeat, only)


def require(servers: Sequence[str], scenarios: Sequence[str]) -> None:
    """
    Raises:
        BenchFailure: a package is not installed, or the peer needs another user; says what to install or to do.
    """
    wanted = list(PACKAGES["postfix"] if THEIRS in servers else GENERATOR)
    if any("tls" in scenario or scenario.startswith("submission") for scenario in scenarios):
        wanted += PACKAGES["stunnel4"]
    if any(scenario.startswith("syncs") for scenario in scenarios):
        wanted += PACKAGES["strace"]
    if THEIRS in servers and "accept-authenticated" in scenarios:
        wanted += FILTERS
    if missing := [name for name in wanted if find_command(name) is None]:
        packages = " ".join(package for package, names in PACKAGES.items() if set(names) & set(missing))
        raise BenchFailure(
            f"{', '.join(missing)} not found; they are programs of Debian:\n"
            f"  apt-get install --no-install-recommends {packages}"
        )
    if set(servers) != {OURS} and os.geteuid() != 0:
        raise BenchFailure("Others start as root only: run as root, or measure Empath alone with --servers empath")


@contextmanager
def scratch_of(parent: Path, servers: Sequence[str], *, is_fresh: bool = True) -> Iterator[Path]:
    """
    A directory for this run, removed afterwards; with *is_fresh* on a file system of its own where there can be one.
    Two runs on one scratch would measure each other, so one waits.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise BenchFailure(f"{parent} cannot be made: {exc.strerror}; name another directory with --scratch") from exc
    if set(servers) != {OURS} and not is_open_to_others(parent.resolve()):
        raise BenchFailure(
            f"The users of other servers must be able to enter {parent} and every directory above: use --scratch"
        )
    with (parent / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("bench: another run is under way here, waiting for its end", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        with (
            fresh_file_system(parent.resolve()) if is_fresh else nullcontext() as disk,
            tempfile.TemporaryDirectory(prefix="run-", dir=disk or parent.resolve()) as name,
        ):
            scratch = Path(name)
            scratch.chmod(0o755)
            with guarded(scratch):
                yield scratch


def _kind_of_account() -> str:
    account = open_account("kind")
    account.close()
    return account.kind


def _write_json(options: argparse.Namespace, about: Mapping[str, str], figures: Mapping[str, Any]) -> None:
    if options.json:
        settings = {"repeat": options.repeat, "messages": options.messages, "drain": options.drain}
        options.json.write_text(json.dumps({"machine": about, "settings": settings} | dict(figures), indent=2) + "\n")


def _end(results: Results, is_missed: bool) -> int:
    for failure in results.failures:
        # The full text was printed when it happened.
        print(f"bench: failed: {failure.splitlines()[0]}", file=sys.stderr)
    return 1 if results.failures or is_missed else 0


if __name__ == "__main__":
    sys.exit(main())
