"""Sender Rewriting Scheme."""

import itertools
import re

import pytest

from empath.authentication.srs import MAX_AGE_DAYS, forward, reverse
from tests.kit.vectors import cases

SECRET = b"of this host"
DAY = 20_400


@pytest.mark.parametrize("case", cases("srs"))
def test_only_what_this_host_gave_out_comes_back(case):
    """
    The chain was made with Mail::SRS.
    """
    if "reverse" in case:
        local, day = case["reverse"], DAY
    else:
        local_part, domain = case.get("reverse_of") or (case["local"], case["domain"])
        local, day = forward(local_part, domain, SECRET, DAY), DAY + case.get("days_later", 0)
        assert re.fullmatch(case.get("matches", ".*"), local)
    if "hash_octets" in case:
        head, digest, rest = local.split("=", 2)
        local = f"{head}={digest[: case['hash_octets']]}={rest}"
    local = local.lower() if case.get("lower") else local
    secrets = [b"new"] if case.get("other_secret") else [b"new", SECRET]
    found = reverse(local, secrets, day)
    assert case["back"] == (None if found is None else list(found))


def test_a_short_hash_is_never_enough():
    """
    One implementation compared as many characters as the attacker sent: each 32nd try was an open relay.
    """
    for digest in map("".join, itertools.product("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", repeat=2)):
        assert reverse(f"SRS0={digest}={'T6'}=victim.example=anyone", [SECRET], DAY) is None


@pytest.mark.parametrize("separator", "=+-")
def test_an_address_of_another_forwarder_keeps_its_separator(separator):
    """
    As Mail::SRS does it: some forwarders know their own one only.
    """
    first = f"SRS0{separator}AbCd=T6=a.example=alice"
    local = forward(first, "b.example", SECRET, DAY)
    assert local.endswith(f"=b.example={separator}AbCd=T6=a.example=alice")
    assert (first, "b.example") == reverse(local, [SECRET], DAY)
    again = forward(local, "c.example", SECRET, DAY)
    assert (first, "b.example") == reverse(again, [SECRET], DAY)


def test_what_only_looks_like_a_chain_is_an_address_like_any_other():
    """
    One implementation lost the separator of the first forwarder. Its addresses come back to it.
    """
    odd = "SRS1=7g4y=6ppn=3g=a.example=alice"
    local = forward(odd, "b.example", SECRET, DAY)
    assert (odd, "b.example") == reverse(local, [SECRET], DAY)


def test_an_address_lasts_three_weeks():
    local = forward("alice", "a.example", SECRET, DAY)
    assert ("alice", "a.example") == reverse(local, [SECRET], DAY + MAX_AGE_DAYS)
    assert reverse(local, [SECRET], DAY + MAX_AGE_DAYS + 1) is None


@pytest.mark.parametrize("local", ["alice", "SRS1=AAAAAAAA=b.example==x", "SRS2=a=b=c=d"])
def test_any_other_local_part_is_not_ours(local):
    assert reverse(local, [SECRET], DAY) is None


def test_a_hash_that_is_no_text_is_a_wrong_one():
    """
    An octet beyond ASCII that is not UTF-8 comes as a lone surrogate.
    """
    assert None is reverse("SRS0=\udcff=AA=a.example=joe", [b"secret"], 0)
    assert None is reverse("SRS1=\udcff=b.example==HASH=AA=a.example=joe", [b"secret"], 0)
