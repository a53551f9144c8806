"""The record by which a domain asks for reports about TLS, RFC 8460 §3."""

import pytest

from empath.mail.address import Address
from empath.policy.tlsrpt import MOST_URIS, TlsReportWish, read_wish, record_name, record_of

A = Address.parse("a@a.test")


@pytest.mark.parametrize(
    ("texts", "wish"),
    [
        (["v=TLSRPTv1; rua=mailto:a@a.test"], TlsReportWish((A,))),
        (["v=TLSRPTv1;rua=mailto:a@a.test,https://a.test/v1;"], TlsReportWish((A,), ("https://a.test/v1",))),
        (["x", "v = TLSRPTv1 ; x=y; rua = MAILTO:%61@a.test?x , ,mailto:b, http://a.test/"], TlsReportWish((A,))),
        (["v=TLSRPTv1; rua=mailto:a@a.test"] * 2, None),
        (["v=TLSRPTv2; rua=mailto:a@a.test"], None),
        (["v=TLSRPTv1; rua=ftp://a.test"], None),
        (["v=TLSRPTv1; rua=https://"], None),
        (["v=TLSRPTv1"], None),
        ([], None),
    ],
)
def test_a_record_names_who_gets_the_reports(texts, wish):
    """
    One that names nobody asks for nothing.
    """
    assert wish == read_wish(texts)


def test_only_the_first_addresses_count():
    """
    A record could have one report sent to a thousand hosts.
    """
    wish = read_wish(["v=TLSRPTv1; rua=" + ",".join(f"mailto:a@{n}.test" for n in range(100))])
    assert wish is not None
    assert MOST_URIS == len(wish.addresses)


def test_our_own_record_is_read_as_it_was_meant():
    """
    `empath-admin tls --publish` prints it.
    """
    assert "_smtp._tls.a.test" == record_name("a.test")
    assert TlsReportWish((A,)) == read_wish([record_of(["a@a.test"])])
