"""
SPF of this host beside that of pyspf and of spftrace, over records that are made at random.

pyspf is the Debian package python3-spf, and spftrace is of PyPI; `make interop` runs this and `make test` does not know
it. Names that do not exist are left out, because pyspf and this host count them at different moments; so are modifiers
in capitals, a macro in a name that is too long, a PTR that fails, one unknown modifier twice, and a record that
includes itself behind the term that decides, of which pyspf judges otherwise than RFC 7208 says.
"""

from collections import Counter
from random import Random
from typing import Any

import pytest

from tests.authentication.test_spf import check
from tests.kit.spf_peer import pyspf

NAMES = ("a.example", "b.example", "c.example", "d.example", "e.example")
CLIENTS = ("192.0.2.1", "192.0.2.9", "198.51.100.7", "2001:db8::1", "2001:db8:1::7")
CHECKS = 3_000


def term(random: Random, own: str) -> str:
    """A term of the record of *own*, which is wrong now and then."""
    name = random.choice(NAMES)
    other = random.choice([each for each in NAMES if each != own])
    bits = random.choice(("", "/24", "/32", "//64", "/24//64", "/33", "/0"))
    written = random.choice((
        f"a:{name}{bits}", f"a{bits}", f"mx:{name}{bits}", f"mx{bits}", f"include:{other}", f"exists:{name}",
        "exists:%{d}", "a:%{d2}", "exists:%{l}.example", "a:%{h}", "a:%{d",
        f"ip4:{random.choice(CLIENTS)}{random.choice(('', '/24', '/16', '/33'))}",
        f"ip6:{random.choice(CLIENTS)}{random.choice(('', '/64', '/32', '/129'))}",
        "all", f"x{random.randrange(10**6)}=y", f"redirect={name}", "ip4:1.2.3", "any", "a:",
    ))  # fmt: skip
    return random.choice(("", "", "", "-", "~", "?", "+")) * ("=" not in written) + written


def record(random: Random, own: str) -> str:
    """A record of *own*, or something that is none."""
    start = random.choice(("v=spf1",) * 20 + ("v=spf10", "V=SPF1", "spf1"))
    return " ".join([start, *(term(random, own) for _ in range(random.randrange(5)))])


def case(random: Random) -> dict[str, Any]:
    """A check of a client against a zone."""
    zone = {}
    for name in NAMES:
        addresses = [each for each in CLIENTS if random.random() < 0.4]
        zone[name] = {
            "TXT": [record(random, name) for _ in range(random.choice((1,) * 12 + (2,)))],
            "A": [each for each in addresses if ":" not in each] or ["203.0.113.1"],
            "AAAA": [each for each in addresses if ":" in each] or ["2001:db8:ffff::1"],
            "MX": [(10, random.choice(NAMES)) for _ in range(random.randrange(1, 3))],
        }
    return {
        "zone": zone,
        "client": random.choice(CLIENTS),
        "mail_from": f"{random.choice('abc')}@{random.choice(NAMES)}",
        "helo": random.choice(NAMES),
    }


def test_random_records_are_judged_as_pyspf_judges_them() -> None:
    """
    Every result comes up, and none is another one.
    """
    random = Random(20)
    checks = [case(random) for _ in range(CHECKS)]
    ours = [str(check(each["zone"], each["mail_from"], each["client"], each["helo"]).result) for each in checks]
    theirs = pyspf(checks)
    differing = [(us, them, each) for us, them, each in zip(ours, theirs, checks, strict=True) if us != them]
    assert [] == differing[:3], f"{len(differing)} of {CHECKS} differ"
    assert {"pass", "fail", "softfail", "neutral", "permerror", "none"} == set(Counter(ours))


def test_random_records_are_judged_as_spftrace_judges_them() -> None:
    """
    Two readings of RFC 7208 may be wrong in the same way; three are less likely to be.
    """
    spftrace = pytest.importorskip("spftrace", reason="`pip install spftrace` of PyPI; `make interop` does")
    random = Random(21)
    differing = []
    for each in (case(random) for _ in range(CHECKS)):
        zone = spftrace.ZoneResolver({name: _records(kinds) for name, kinds in each["zone"].items()})
        ours = str(check(each["zone"], each["mail_from"], each["client"], each["helo"]).result)
        theirs = spftrace.check(each["client"], each["mail_from"], each["helo"], resolver=zone).result
        if ours != theirs:
            differing.append((ours, theirs, each))
    assert [] == differing[:3], f"{len(differing)} of {CHECKS} differ"


def _records(kinds: dict[str, list[Any]]) -> list[tuple[str, str]]:
    """The records of a name as spftrace has them: an exchanger is a name without a preference."""
    return [(kind, value[1] if kind == "MX" else value) for kind, values in kinds.items() for value in values]
