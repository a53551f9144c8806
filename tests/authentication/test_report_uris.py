"""Where reports of DMARC go, RFC 9989 §4.7 and RFC 9990 §4."""

import pytest

from empath.authentication.dmarc import DnsFailed
from empath.authentication.report_uris import MOST_URIS, agreed_uris, parse_uris
from tests.kit.zones import run


def texts(found):
    """*found* in short."""
    return [(str(uri.address), uri.most_octets) for uri in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mailto:a@a.test", [("a@a.test", None)]),
        (" MAILTO:a@a.test!10M , mailto:b@b.test!50k,mailto:c@c.test!9", [
            ("a@a.test", 10 * 2**20), ("b@b.test", 50 * 2**10), ("c@c.test", 9),
        ]),
        ("mailto:a%21b@a.test,mailto:x%2Cy@a.test", [("a!b@a.test", None)]),
        ("mailto:a@a.test?subject=x,mailto:A@a.test", [("a@a.test", None)]),
        ("https://a.test/,mailto:,mailto:a,mailto:a@b@,x", []),
        ("", []),
    ],
)  # fmt: skip
def test_addresses_and_their_limits_are_read(text, expected):
    """
    What is no address is passed over, and the others count.
    """
    assert expected == texts(parse_uris(text))


def test_only_the_first_addresses_count():
    """
    A record could have one mail sent to a thousand hosts.
    """
    assert MOST_URIS == len(parse_uris(",".join(f"mailto:a@{n}.test" for n in range(100))))


ZONE = {
    "_dmarc.a.test": {"TXT": ["v=DMARC1; p=none"]},
    "a.test._report._dmarc.yes.test": {"TXT": ["v=DMARC1"]},
    "a.test._report._dmarc.other.test": {"TXT": ["x", "v=DMARC1; rua=mailto:here@other.test"]},
    "a.test._report._dmarc.evil.test": {"TXT": ["v=DMARC1; rua=mailto:victim@victim.test"]},
    "a.test._report._dmarc.odd.test": {"TXT": ["v=spf1 -all"]},
}


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("mailto:x@a.test", ["x@a.test"]),
        ("mailto:x@mail.a.test", ["x@mail.a.test"]),
        ("mailto:x@yes.test", ["x@yes.test"]),
        ("mailto:x@other.test", ["here@other.test"]),
        ("mailto:x@evil.test", []),
        ("mailto:x@odd.test", []),
        ("mailto:x@victim.test", []),
        (f"mailto:x@{'.'.join(['a' * 60] * 4)}", []),
    ],
)
def test_a_host_of_another_organization_must_agree(uri, expected):
    """
    Else anybody could have reports of thousands of hosts sent to a victim.
    """
    assert expected == [str(each.address) for each in run(agreed_uris("a.test", parse_uris(uri)), ZONE)]


@pytest.mark.parametrize(
    ("name", "uri"),
    [("_dmarc.a.test", "mailto:x@mail.a.test"), ("a.test._report._dmarc.yes.test", "mailto:x@yes.test")],
)
def test_what_the_dns_does_not_say_now_is_asked_later(name, uri):
    """
    A domain must not lose its reports for an outage.
    """
    with pytest.raises(DnsFailed):
        run(agreed_uris("a.test", parse_uris(uri)), {**ZONE, name: {"*": "FAILS"}})


def test_an_address_counts_once():
    """
    Two addresses of one host may be replaced by the same one.
    """
    uris = parse_uris("mailto:x@other.test,mailto:y@other.test")
    assert ["here@other.test"] == [str(each.address) for each in run(agreed_uris("a.test", uris), ZONE)]
