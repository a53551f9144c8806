"""corpus - the targets, and their saved cases"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.fuzz import (
    address,
    aggregate,
    aliases,
    chunks,
    client,
    dkim,
    dns,
    edits,
    feedback,
    letters,
    milter,
    mime,
    policies,
    proxy,
    relay,
    replies,
    sasl,
    senders,
    server,
    tls,
    traceparent,
)
from tests.fuzz.case import Case

CORPUS = Path(__file__).parent / "corpus"
TARGETS: dict[str, Callable[[Case], list[str]]] = {
    "server": server.check,
    "chunks": chunks.check,
    "client": client.check,
    "relay": relay.check,
    "mime": mime.check,
    "dns": dns.check,
    "proxy": proxy.check,
    "sasl": sasl.check,
    "tls": tls.check,
    "address": address.check,
    "aliases": aliases.check,
    "edits": edits.check,
    "replies": replies.check,
    "senders": senders.check,
    "dkim": dkim.check,
    "aggregate": aggregate.check,
    "milter": milter.check,
    "feedback": feedback.check,
    "letters": letters.check,
    "policies": policies.check,
    "traceparent": traceparent.check,
}
# Limit for one case: many times the usual cost, a part of that of a quadratic step. Coverage takes four times as long.
CPU_S = 6.0 if sys.gettrace() is None else 24.0


def files(target: str) -> list[Path]:
    """The files of one target."""
    return sorted((CORPUS / target).glob("*.case"))


def corpus(target: str) -> list[Case]:
    """The cases of one target."""
    return [Case.parse(file.read_bytes()) for file in files(target)]


def judge(target: str, case: Case) -> list[str]:
    """
    The paths that *case* reached.

    Raises:
        AssertionError: it broke a promise, or took more than CPU_S seconds of the processor.
    """
    began_s = time.process_time()
    reached = TARGETS[target](case)
    spent_s = time.process_time() - began_s
    assert spent_s < CPU_S, f"a case of {len(case.octets)} octets took {spent_s:.1f} s of the processor"
    return reached


def failure(target: str, case: Case) -> str | None:
    """Say how *case* breaks a promise: the exception and the line that raised it; None if it breaks none."""
    try:
        judge(target, case)
    except Exception as exc:  # noqa: BLE001 - any exception is a finding
        frame = exc.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        where = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else ""
        return f"{type(exc).__name__} {where}"
    return None
