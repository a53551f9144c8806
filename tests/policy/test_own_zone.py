"""The records of a host, read by what reads those of others."""

import re
from typing import Any

import pytest

from empath.policy.own_zone import OwnZone, tlsa_name, txt_line, zone_lines
from empath.policy.sts import StsPolicy, read_record
from empath.policy.tls_demand import StsMode
from empath.policy.tlsrpt import read_wish

POLICY = StsPolicy(StsMode.TESTING, 604_800, ("mx.a.test",))


def zone(**more):
    """A host of two domains."""
    facts: dict[str, Any] = {
        "hostname": "mx.a.test",
        "domains": ("a.test", "b.test"),
        "addresses": ("192.0.2.5", "2001:db8::5"),
        "keys": (("s1", "a.test", "v=DKIM1; p=" + "x" * 300), ("s1", "b.test", "v=DKIM1; p=y")),
        "policies": {"a.test": POLICY},
        "dmarc_reports": "dmarc@a.test",
        "tls_reports": "tls@a.test",
        "sends_itself": True,
        "public_key": b"key",
    }
    return [*zone_lines(OwnZone(**facts | more))]


def records(lines):
    """Name, type and value of each line; the strings of a TXT record as one."""
    found = []
    for line in lines:
        if line and not line.startswith(";"):
            match = re.fullmatch(r"(\S+)\. IN (\S+) (.+)", line)
            assert match is not None
            name, kind, value = match.groups()
            found.append((name, kind, "".join(re.findall(r'"(.*?)"', value)) if kind == "TXT" else value))
    return found


def value(lines, name, kind):
    """The only record of a name and type."""
    [found] = [each for of, what, each in records(lines) if (of, what) == (name, kind)]
    return found


def test_a_host_with_the_name_of_a_domain_has_one_record_of_spf():
    """
    Of two no host takes either, RFC 7208 §4.5.
    """
    lines = zone(hostname="a.test", policies={})
    assert "v=spf1 mx ~all" == next(each for of, kind, each in records(lines) if (of, kind) == ("a.test", "TXT"))
    assert 1 == sum("v=spf1" in line and line.startswith("a.test. ") for line in lines)


def test_each_name_leads_back_to_the_address():
    """
    Other hosts refuse mail from an address whose name does not lead back to it.
    """
    lines = zone()
    assert "192.0.2.5" == value(lines, "mx.a.test", "A")
    assert "2001:db8::5" == value(lines, "mx.a.test", "AAAA")
    assert "mx.a.test." == value(lines, "5.2.0.192.in-addr.arpa", "PTR")
    assert 2 == sum(kind == "PTR" for _, kind, _ in records(lines))


def test_each_domain_has_what_others_look_for():
    """
    The readers of this project understand what it prints.
    """
    lines = zone()
    assert ["10 mx.a.test."] * 2 == [value(lines, domain, "MX") for domain in ("a.test", "b.test")]
    assert "v=spf1 mx ~all" == value(lines, "b.test", "TXT")
    assert "v=DMARC1; p=none; rua=mailto:dmarc@a.test" == value(lines, "_dmarc.b.test", "TXT")
    wish = read_wish([value(lines, "_smtp._tls.b.test", "TXT")])
    assert wish is not None
    assert "tls@a.test" == str(wish.addresses[0])
    assert POLICY.own_id == read_record([value(lines, "_mta-sts.a.test", "TXT")])
    assert "v=DKIM1; p=" + "x" * 300 == value(lines, "s1._domainkey.a.test", "TXT")
    assert value(lines, tlsa_name("mx.a.test"), "TLSA").startswith("3 1 1 2c70e12b7a06")


def test_reports_about_another_domain_are_wanted():
    """
    RFC 9990 §4: else no host sends them, so that nobody can be flooded.
    """
    assert "v=DMARC1" == value(zone(), "b.test._report._dmarc.a.test", "TXT")


@pytest.mark.parametrize("length", [255, 256, 600])
def test_a_long_text_is_several_strings(length):
    """
    RFC 1035 §3.3: one string of a TXT record has at most 255 octets.
    """
    parts = re.findall(r'"(x*)"', txt_line("a.test", "x" * length))
    assert "x" * length == "".join(parts)
    assert 255 >= max(map(len, parts))


def test_what_is_not_known_is_a_comment():
    """
    A host behind a smarthost has no SPF of its own; addresses that nobody told are left to a person.
    """
    lines = zone(addresses=(), sends_itself=False, policies={}, dmarc_reports=None, tls_reports=None, keys=())
    assert {"MX", "TXT", "TLSA"} == {kind for _, kind, _ in records(lines)}
    assert ["v=DMARC1; p=none"] * 2 == [text for _, kind, text in records(lines) if kind == "TXT"]
    assert "; mx.a.test. IN A and AAAA: the addresses of this host" in lines
