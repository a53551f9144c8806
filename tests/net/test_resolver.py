"""The answers of a real resolver with a scripted name server."""

import socket
import struct
import subprocess
import sys
import time

import dns.rcode
import pytest

from empath.mail.lookup import (
    Absent,
    Addresses,
    Exchanger,
    Exchangers,
    Failed,
    Kind,
    Question,
    Security,
    Texts,
    TlsaRecord,
    TlsaRecords,
)
from empath.net.resolver import (
    MAX_ADDRESSES,
    MAX_ALIASES,
    MAX_EXCHANGERS,
    MAX_TLSA_OCTETS,
    TIMED_OUT,
    DnsResolver,
)
from empath.policy.dane import is_usable
from tests.kit.dns import ScriptedDns

MX = Question("example.org", Kind.MX)
A = Question("example.org", Kind.A)
ENOUGH_S = 20.0


@pytest.fixture
def script():
    """A running name server that knows nothing yet."""
    with ScriptedDns() as server:
        yield server


@pytest.fixture
def resolver(script):
    """A resolver that asks it."""
    return DnsResolver((script.address,), timeout_s=10.0)


def test_exchangers_come_best_first_with_their_time(script, resolver):
    """
    Names are in lower case. The root, in a null MX, is an empty name.
    """
    script.mx("example.org", (20, "B.Test"), (5, "a.test"), (9, ".")).ttl("example.org", 300)
    expected = Exchangers((Exchanger(5, "a.test"), Exchanger(9, ""), Exchanger(20, "b.test")), 300)
    assert [expected] == resolver.look_up([MX], ENOUGH_S)


def test_addresses_of_both_families_are_text(script, resolver):
    """
    They are in the shortest form, whatever the zone has.
    """
    script.a("example.org", "192.0.2.1").aaaa("example.org", "2001:DB8:0:0::1")
    questions = [A, Question("example.org", Kind.AAAA)]
    expected = [Addresses(("192.0.2.1",), 60), Addresses(("2001:db8::1",), 60)]
    assert expected == resolver.look_up(questions, ENOUGH_S)


def test_an_alias_is_followed_to_its_end(script, resolver):
    """
    The answer has the shortest time of the chain.
    """
    script.cname("example.org", "b.test").cname("b.test", "c.test").a("c.test", "192.0.2.1").ttl("b.test", 7)
    assert [Addresses(("192.0.2.1",), 7, alias_of="c.test")] == resolver.look_up([A], ENOUGH_S)


def test_aliases_in_a_circle_are_a_failure(script, resolver):
    """
    The zone has a mistake, which may be corrected.
    """
    script.cname("example.org", "b.test").cname("b.test", "example.org")
    assert [Failed(f"aliases without an end from {script.address}")] == resolver.look_up([A], ENOUGH_S)


def test_an_alias_that_comes_without_its_target_is_followed(script, resolver):
    """
    A forwarder may give the alias alone. Taken for "none of this type", mail would bounce with 5.4.4.
    """
    script.bare_cname("example.org", "b.test").ttl("example.org", 7).bare_cname("b.test", "c.test")
    script.mx("c.test", (5, "mx.test")).a("c.test", "192.0.2.1")
    expected = [Exchangers((Exchanger(5, "mx.test"),), 7), Addresses(("192.0.2.1",), 7, alias_of="c.test")]
    assert expected == resolver.look_up([MX, A], ENOUGH_S)
    assert [("example.org", "MX"), ("b.test", "MX"), ("c.test", "MX")] == script.asked[:3]


@pytest.mark.parametrize(("has_name", "why"), [(True, "NODATA"), (False, "NXDOMAIN")])
def test_what_the_target_of_an_alias_lacks_is_absent(script, resolver, has_name, why):
    """
    RFC 6604 §3: the code is that of the last name.
    """
    script.bare_cname("example.org", "b.test").negative_ttl(900).ttl("example.org", 7)
    if has_name:
        script.a("b.test", "192.0.2.1")
    assert [Absent(why, 7)] == resolver.look_up([MX], ENOUGH_S)


def test_a_target_that_the_server_has_looked_at_is_not_asked_for_again(script, resolver):
    """
    RFC 2308 §2.2: the SOA record of the target's zone says that there is nothing.
    """
    script.cname("example.org", "b.test").a("b.test", "192.0.2.1").negative_ttl(30)
    assert [Absent("NODATA", 30)] == resolver.look_up([MX], ENOUGH_S)
    assert [("example.org", "MX")] == script.asked


def test_a_failure_at_the_target_of_an_alias_is_a_failure(script, resolver):
    """
    Mail waits.
    """
    script.bare_cname("example.org", "b.test").fail("b.test", "MX")
    assert [Failed(f"SERVFAIL from {script.address}")] == resolver.look_up([MX], ENOUGH_S)


@pytest.mark.parametrize("links", [2, MAX_ALIASES + 1])
def test_aliases_without_an_end_are_a_failure_link_by_link_too(script, resolver, links):
    """
    A circle, or a chain of any length, costs a bounded number of questions.
    """
    names = ["example.org", *(f"{n}.test" for n in range(1, links))]
    for name, target in zip(names, [*names[1:], names[0]], strict=True):
        script.bare_cname(name, target)
    assert [Failed("aliases without an end")] == resolver.look_up([A], ENOUGH_S)
    assert MAX_ALIASES == len(script.asked)


@pytest.mark.parametrize(("has_name", "why"), [(True, "NODATA"), (False, "NXDOMAIN")])
def test_what_is_not_there_is_absent_for_as_long_as_the_zone_says(script, resolver, has_name, why):
    """
    RFC 2308 §5.
    """
    if has_name:
        script.a("example.org", "192.0.2.1")
    script.negative_ttl(900)
    assert [Absent(why, 900)] == resolver.look_up([MX], ENOUGH_S)


@pytest.mark.parametrize(("has_name", "why"), [(True, "NODATA"), (False, "NXDOMAIN")])
def test_what_is_absent_without_a_zone_that_says_so_is_absent_for_seconds(script, resolver, has_name, why):
    """
    RFC 2308 §5: without an SOA record nothing says for how long. A server that was empty for a moment must not bounce
    the mail of minutes.
    """
    if has_name:
        script.a("example.org", "192.0.2.1")
    assert [Absent(why, 5)] == resolver.look_up([MX], ENOUGH_S)


@pytest.mark.parametrize("code", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTIMP])
def test_an_error_of_the_server_is_a_failure_by_its_name(script, resolver, code):
    """
    The operator needs the name of the server.
    """
    script.fail("example.org", "MX", code)
    assert [Failed(f"{dns.rcode.to_text(code)} from {script.address}")] == resolver.look_up([MX], ENOUGH_S)


def test_a_name_that_a_rule_of_the_zone_makes_too_long_is_a_failure(script, resolver):
    """
    RFC 6672 §2.2: the mistake is in the zone, not in the server.
    """
    script.fail("example.org", "MX", dns.rcode.YXDOMAIN)
    assert [Failed("YXDOMAIN")] == resolver.look_up([MX], ENOUGH_S)


def test_a_referral_is_no_answer(script, resolver):
    """
    A lame server refers to others. Taken for "no MX", it would send mail to the address of the domain.
    """
    script.lame("example.org")
    assert [Failed(f"a referral from {script.address}")] == resolver.look_up([MX], ENOUGH_S)


@pytest.mark.parametrize("has_name", [True, False])
def test_records_of_another_name_alone_are_no_answer(script, resolver, has_name):
    """
    They do not say that this name has none. Taken for that, mail would bounce with 5.4.4.
    """
    script.go_astray("example.org")
    if has_name:
        script.a("example.org", "192.0.2.1")
    assert [Failed(f"records of another name from {script.address}")] == resolver.look_up([MX], ENOUGH_S)


@pytest.mark.parametrize("strays", [ScriptedDns.lame, ScriptedDns.go_astray])
def test_the_next_name_server_is_asked_where_one_gives_no_answer(script, strays):
    """
    One lame server does not defer mail that another can find a host for.
    """
    strays(script, "example.org")
    with ScriptedDns().a("example.org", "192.0.2.1") as other:
        resolver = DnsResolver((script.address, other.address))
        assert [Addresses(("192.0.2.1",), 60)] == resolver.look_up([A], ENOUGH_S)


def test_octets_that_are_no_message_are_a_failure(script):
    """
    The real answer may still come, so the resolver waits for it.
    """
    script.garble("example.org", "MX")
    resolver = DnsResolver((script.address,), timeout_s=0.3)
    assert [Failed(f"{TIMED_OUT} from {script.address}")] == resolver.look_up([MX], ENOUGH_S)


def test_silence_is_a_failure_within_the_time_of_a_question(script):
    """
    There are several tries, with one limit over all of them.
    """
    script.ignore("example.org", "MX")
    resolver = DnsResolver((script.address,), timeout_s=0.5, try_timeout_s=0.1)
    assert [Failed(f"{TIMED_OUT} from {script.address}")] == resolver.look_up([MX], ENOUGH_S)
    assert script.count("example.org", "MX") > 1


def test_all_questions_share_what_time_there_is(script):
    """
    The first question takes all of it, so the others are not asked.
    """
    script.ignore("example.org", "MX")
    resolver = DnsResolver((script.address,), timeout_s=10.0)
    assert [Failed(f"{TIMED_OUT} from {script.address}"), Failed(TIMED_OUT)] == resolver.look_up([MX, A], 0.2)
    assert 0 == script.count("example.org", "A")


def test_an_answer_that_is_truncated_is_asked_for_over_tcp(script, resolver):
    """
    RFC 7766 §5.
    """
    script.a("example.org", "192.0.2.1").truncate("example.org")
    assert [Addresses(("192.0.2.1",), 60)] == resolver.look_up([A], ENOUGH_S)
    assert [("example.org", "A")] == script.by_tcp


def test_a_truncated_answer_may_end_within_a_record(script, resolver):
    """
    RFC 2181 §9: what there is of it is ignored.
    """
    script.a("example.org", "192.0.2.1").cut("example.org")
    assert [Addresses(("192.0.2.1",), 60)] == resolver.look_up([A], ENOUGH_S)
    assert [("example.org", "A")] == script.by_tcp


def test_of_a_thousand_exchangers_the_best_hundred_are_taken(script, resolver):
    """
    They come over TCP, in any order.
    """
    script.mx("example.org", *((1000 - n, f"h{n}.test") for n in range(1000)))
    [answer] = resolver.look_up([MX], ENOUGH_S)
    assert [*range(1, MAX_EXCHANGERS + 1)] == [record.preference for record in answer.records]


def test_of_very_many_addresses_a_hundred_are_taken(script, resolver):
    """
    An attempt tries five, and SPF looks for a client among all.
    """
    script.a("example.org", *(f"192.0.2.{n}" for n in range(200)))
    [answer] = resolver.look_up([A], ENOUGH_S)
    assert MAX_ADDRESSES == len(answer.records)


def test_a_name_may_have_any_octets(script, resolver):
    """
    RFC 2181 §11. The name in the answer is printable, and can be asked for.
    """
    odd = "a\\000b\\.c\\255.test"
    script.mx("example.org", (5, odd)).a(odd, "192.0.2.1")
    assert [Exchangers((Exchanger(5, odd),), 60)] == resolver.look_up([MX], ENOUGH_S)
    assert [Addresses(("192.0.2.1",), 60)] == resolver.look_up([Question(odd, Kind.A)], ENOUGH_S)


@pytest.mark.parametrize("name", ["a" * 64 + ".test", "a..test", ".".join(["a" * 60] * 5)])
def test_a_name_that_the_dns_cannot_hold_does_not_exist(script, resolver, name):
    """
    It needs no question.
    """
    assert [Absent("NXDOMAIN", 0)] == resolver.look_up([Question(name, Kind.A)], ENOUGH_S)
    assert [] == script.asked


def test_the_next_name_server_is_asked_where_one_does_not_know(script):
    """
    One server refuses, another is unreachable.
    """
    script.fail("example.org", "A", dns.rcode.REFUSED)
    with ScriptedDns().a("example.org", "192.0.2.1") as other, socket.socket(type=socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{mute.getsockname()[1]}"
        resolver = DnsResolver((nobody, script.address, other.address), timeout_s=10.0, try_timeout_s=0.1)
        assert [Addresses(("192.0.2.1",), 60)] == resolver.look_up([A], ENOUGH_S)


def test_a_name_server_may_have_an_ipv6_address():
    """
    Its port follows the brackets.
    """
    with ScriptedDns("::1").a("example.org", "192.0.2.1") as server:
        assert [Addresses(("192.0.2.1",), 60)] == DnsResolver((server.address,)).look_up([A], ENOUGH_S)


def test_without_any_name_server_a_look_up_fails(tmp_path):
    """
    A host may have no name server and send all its mail to a fixed address.
    """
    resolver = DnsResolver(system=str(tmp_path / "resolv.conf"))
    assert [Failed("no name server is configured")] == resolver.look_up([MX], ENOUGH_S)


def test_the_name_servers_of_the_system_are_those_of_its_file(tmp_path):
    """
    Most hosts configure none in Empath.
    """
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.9\nnameserver ::1\n")
    assert ("127.0.0.9", "::1") == DnsResolver(system=str(tmp_path / "resolv.conf")).nameservers


def test_the_file_of_the_system_is_read_again_when_it_changes(tmp_path):
    """
    A worker runs for months, and DHCP or an operator changes the file. A name server that is gone must not defer all
    mail until a restart.
    """
    file = tmp_path / "resolv.conf"
    resolver = DnsResolver(system=str(file))
    seen = [resolver.nameservers]
    for text in ("nameserver 127.0.0.9\n", "nameserver 127.0.0.10\n", "nameserver nonsense\n"):
        (tmp_path / "new").write_text(text)
        (tmp_path / "new").replace(file)
        seen.append(resolver.nameservers)
    file.unlink()
    seen.append(resolver.nameservers)
    assert [(), ("127.0.0.9",), *[("127.0.0.10",)] * 3] == seen


def test_a_file_that_cannot_be_used_is_reported_once_and_only_for_a_question(tmp_path):
    """
    A host may do without the file if all its mail goes to fixed addresses. A look-up without servers needs a reason.
    """
    file = tmp_path / "resolv.conf"
    reports: list[str] = []
    resolver = DnsResolver(system=str(file), timeout_s=0.01, report=reports.append)
    assert [] == reports
    resolver.look_up([MX, A], ENOUGH_S)
    for text in ("", "nameserver 127.0.0.9\n", ""):
        file.write_text(text)
        resolver.look_up([MX, A], ENOUGH_S)
    assert [f"{file}: No such file or directory", f"{file}: it is empty", f"{file}: it is empty"] == reports


@pytest.mark.parametrize("code", [dns.rcode.FORMERR, dns.rcode.NOTIMP])
def test_a_server_that_knows_no_edns_is_asked_without_it(script, resolver, code):
    """
    RFC 6891 §7. Old servers are like this, and firewalls that answer for them.
    """
    script.without_edns(code).a("example.org", "192.0.2.1")
    assert [Addresses(("192.0.2.1",), 60)] == resolver.look_up([A], ENOUGH_S)
    assert 2 == script.count("example.org", "A")


def test_each_server_is_named_with_what_it_did(script):
    """
    Different people run the two servers.
    """
    script.fail("example.org", "MX")
    with ScriptedDns().fail("example.org", "MX", dns.rcode.REFUSED) as other:
        resolver = DnsResolver((script.address, other.address, "127.0.0.1:0"))
        expected = [
            f"SERVFAIL from {script.address}",
            f"REFUSED from {other.address}",
            "127.0.0.1:0 cannot be asked: invalid argument",
        ]
        assert [Failed(", ".join(expected))] == resolver.look_up([MX], ENOUGH_S)


def test_a_server_behind_no_interface_of_this_host_cannot_be_asked():
    """
    It gave no answer, so the words must not speak of one.
    """
    expected = "fe80::1%nosuch cannot be asked: no interface with this name"
    assert [Failed(expected)] == DnsResolver(("fe80::1%nosuch",)).look_up([MX], ENOUGH_S)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:53", "192.0.2.1"),
        ("192.0.2.1:5353", "192.0.2.1:5353"),
        ("[::1]:5353", "[::1]:5353"),
        ("::1", "::1"),
        ("[::1]", "::1"),
    ],
)
def test_name_servers_have_a_port_if_it_is_not_53(text, shown):
    """
    The configuration has the same form.
    """
    assert (shown,) == DnsResolver((text,)).nameservers


def _record(kind, data, owner=b"\xc0\x0c"):
    return owner + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


_AT = 12 + len(b"\7example\3org\0") + 4  # where the records of an answer begin
_DEEP = b"\1a" * 110 + b"\xc0\x0c"
_AGAIN = (0xC000 | _AT + 12 + 2).to_bytes(2, "big")  # the deep name in the data of the first record
_FIRST = _record(15, b"\0\x0a" + _DEEP)
HOSTILE = {
    "thousands of records, each with a name of many labels": (
        3401,
        _FIRST + b"".join(_record(15, n.to_bytes(2, "big") + b"\2%02x" % (n % 256) + _AGAIN) for n in range(3400)),
    ),
    "as many of them as there may be records": (
        1000,
        _FIRST + b"".join(_record(15, n.to_bytes(2, "big") + _AGAIN) for n in range(999)),
    ),
    "addresses without end": (4000, b"".join(_record(1, n.to_bytes(4, "big")) for n in range(4000))),
    "a record of options without end": (1, _record(41, b"\0\3\0\0" * 15_000, b"\0")),
    "more records than there are": (65_535, b""),
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_an_answer_that_would_take_long_to_read_is_a_failure(script, resolver, hostile):
    """
    The owner of a zone writes the answer. One of them once took 8 seconds, in which the process did nothing else.
    """
    script.octets("example.org", *HOSTILE[hostile])
    began_s = time.process_time()
    assert [Failed(f"an answer that is too large from {script.address}")] == resolver.look_up([MX], ENOUGH_S)
    assert time.process_time() - began_s < 1


def test_an_answer_at_the_limit_of_its_cost_is_read_aside(script):
    """
    A process with a hub reads it in a thread, so other mail goes on.
    """
    aside = []

    def run(work, *arguments):
        aside.append(work)
        return work(*arguments)

    records = _FIRST + b"".join(_record(15, n.to_bytes(2, "big") + b"\1b" + _AGAIN) for n in range(40))
    script.octets("example.org", 41, records).a("small.test", "192.0.2.1")
    resolver = DnsResolver((script.address,), timeout_s=10.0, run=run)
    began_s = time.process_time()
    [large, small] = resolver.look_up([MX, Question("small.test", Kind.A)], ENOUGH_S)
    assert time.process_time() - began_s < 1
    assert isinstance(large, Exchangers)
    assert (41, Addresses(("192.0.2.1",), 60), 1) == (len(large.records), small, len(aside))


def test_a_hundred_exchangers_with_their_addresses_are_read(script, resolver):
    """
    It is the largest answer that any domain needs.
    """
    names = [b"\7mailout\2%02d\4mail\6europe" % n + b"\xc0\x0c" for n in range(100)]
    exchangers = b"".join(_record(15, b"\0\x0a" + name) for name in names)
    addresses = b"".join(_record(28, bytes(16), name) + _record(1, bytes(4), name) for name in names)
    script.octets("example.org", 300, exchangers + addresses)
    [answer] = resolver.look_up([MX], ENOUGH_S)
    assert 100 == len(answer.records)


@pytest.mark.parametrize("kind", [55, 65, 250, 257])
def test_a_record_of_another_type_is_not_read(script, resolver, kind):
    """
    Its data may be wrong, or take long to read.
    """
    other = _record(kind, b"\xc0", b"\5other\xc0\x0c")
    script.octets("example.org", 2, _record(15, b"\0\5\2mx\xc0\x0c") + other)
    assert [Exchangers((Exchanger(5, "mx.example.org"),), 60)] == resolver.look_up([MX], ENOUGH_S)


def test_an_answer_that_is_truncated_over_tcp_is_a_failure(script, resolver):
    """
    It does not say that there is nothing. Taken for that, mail would bounce with 5.4.4.
    """
    script.octets("example.org", 0, b"", flags=0x8380)
    assert [Failed(f"a truncated answer from {script.address}")] == resolver.look_up([MX], ENOUGH_S)


def test_the_next_name_server_is_asked_where_one_truncates_its_answer(script):
    """
    That server may be broken alone.
    """
    script.octets("example.org", 0, b"", flags=0x8380)
    with ScriptedDns().mx("example.org", (5, "mx.test")) as other:
        resolver = DnsResolver((script.address, other.address))
        assert [Exchangers((Exchanger(5, "mx.test"),), 60)] == resolver.look_up([MX], ENOUGH_S)


def test_names_of_an_address_and_texts_are_read(script, resolver):
    """
    For the names of clients, and the words of blocklists. A TXT record may be of any length, and hold any octets.
    """
    script.ptr("192.0.2.1", "B.test", "a.test").txt("text.test", "one", "caf\\233", "x" * 200)
    names, texts = resolver.look_up([Question("1.2.0.192.in-addr.arpa", Kind.PTR), Question("text.test", Kind.TXT)], 5)
    assert ("a.test", "b.test") == names.records
    assert ("caf\ufffd", "one", "x" * 200) == texts.records


@pytest.mark.parametrize("hostname", ["x" * 64, "a..b"])
def test_the_kernel_may_name_this_host_as_it_likes(hostname):
    """
    It allows names that are none in the DNS, and a worker must start under each of them.
    """
    alone = ["unshare", "--map-root-user", "--uts"]
    if subprocess.run([*alone, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("no namespace of its own for a hostname")
    program = (
        "import socket, sys; socket.sethostname(sys.argv[1]); from empath.net.resolver import DnsResolver;"
        "print(*DnsResolver(('192.0.2.1',)).nameservers)"
    )
    done = subprocess.run(
        [*alone, sys.executable, "-c", program, hostname], check=False, capture_output=True, text=True
    )
    assert ("192.0.2.1\n", "") == (done.stdout, done.stderr)


def validating(script, *, is_trusted=True, only_trusted=False):
    """A resolver that asks for DNSSEC."""
    return DnsResolver((script.address,), with_dnssec=True, is_trusted=lambda _: is_trusted, only_trusted=only_trusted)


def test_the_security_of_an_answer_is_that_of_its_name_server(script):
    """
    It is known of every answer, also of "none of this type" and "no such name".
    """
    script.secure("example.org").mx("example.org", (5, "a.test")).a("a.test", "192.0.2.1")
    questions = [MX, A, Question("no.example.org", Kind.A), Question("a.test", Kind.A), Question("no.test", Kind.A)]
    found = [answer.security.value for answer in validating(script).look_up(questions, ENOUGH_S)]
    assert ["secure", "secure", "secure", "insecure", "insecure"] == found
    assert (True, True) == script.asked_flags["example.org", "MX"]


def test_without_dnssec_none_is_asked_for(script, resolver):
    """
    Signatures make answers large.
    """
    script.secure("example.org").mx("example.org", (5, "a.test"))
    assert [Exchangers((Exchanger(5, "a.test"),), 60)] == resolver.look_up([MX], ENOUGH_S)
    assert (False, False) == script.asked_flags["example.org", "MX"]


def test_the_word_of_a_name_server_that_is_not_trusted_does_not_count(script):
    """
    Anyone on the way could set the bit. That is not "insecure": the domain may well be signed.
    """
    script.secure("example.org").a("example.org", "192.0.2.1").bogus("example.org", "MX")
    a, mx = validating(script, is_trusted=False).look_up([A, MX], ENOUGH_S)
    assert (Security.UNCHECKED, Security.UNCHECKED) == (a.security, mx.security)


def test_a_name_server_that_is_not_trusted_may_not_be_asked_at_all(script):
    """
    `enforce`: an answer that nobody has checked is worth nothing.
    """
    resolver = validating(script, is_trusted=False, only_trusted=True)
    assert [Failed("no trusted name server is configured")] == resolver.look_up([A], ENOUGH_S)
    assert [] == script.asked


def test_an_alias_is_as_secure_as_its_weakest_part(script):
    """
    Whether one answer has all of it, or each part is asked for.
    """
    script.secure("example.org", "b.test", "c.test")
    script.cname("example.org", "b.test").bare_cname("b.test", "c.test").a("c.test", "192.0.2.1")
    resolver = validating(script)
    assert [Addresses(("192.0.2.1",), 60, Security.SECURE, "c.test")] == resolver.look_up([A], ENOUGH_S)
    script.insecure("c.test")
    assert [Addresses(("192.0.2.1",), 60, Security.INSECURE, "c.test")] == resolver.look_up([A], ENOUGH_S)
    script.secure("c.test").insecure("b.test")
    assert [Addresses(("192.0.2.1",), 60, Security.INSECURE, "c.test")] == resolver.look_up([A], ENOUGH_S)
    assert [Absent("NODATA", 5, Security.INSECURE)] == resolver.look_up([MX], ENOUGH_S)
    assert [Texts(("b.test",), 60, Security.SECURE)] == resolver.look_up([Question("example.org", Kind.CNAME)], 5)


def test_a_wrong_signature_is_a_failure_that_says_so(script):
    """
    A plain SERVFAIL may have any cause; RFC 8914 names it.
    """
    script.bogus("example.org", "MX").fail("example.org", "A")
    mx, a = validating(script).look_up([MX, A], ENOUGH_S)
    assert Failed(f"SERVFAIL, a wrong DNSSEC signature, from {script.address}", 5, Security.BOGUS) == mx
    assert Failed(f"SERVFAIL from {script.address}") == a
    assert isinstance(mx, Failed)
    assert mx.is_refused


def test_silence_is_not_a_refusal(script):
    """
    What a server has not said cannot be a wrong signature.
    """
    script.ignore("example.org", "A")
    [found] = DnsResolver((script.address,), timeout_s=0.1, with_dnssec=True).look_up([A], ENOUGH_S)
    assert Security.UNCHECKED is found.security
    assert isinstance(found, Failed)
    assert not found.is_refused


def test_tlsa_records_are_read(script, resolver):
    """
    A record that is too large to keep still counts as one: TLS is demanded because of it.
    """
    name = "_25._tcp.mx.test"
    script.tlsa(name, f"3 1 1 {'ab' * 32}", f"2 0 1 {'00' * 32}")
    expected = (TlsaRecord(2, 0, 1, bytes(32)), TlsaRecord(3, 1, 1, b"\xab" * 32))
    assert [TlsaRecords(expected, 60)] == resolver.look_up([Question(name, Kind.TLSA)], ENOUGH_S)
    script.tlsa(name, f"3 0 0 {'ab' * (MAX_TLSA_OCTETS + 1)}")
    [found] = resolver.look_up([Question(name, Kind.TLSA)], ENOUGH_S)
    assert [(255, 255, 255, b"")] == list(found.records)


def test_a_tlsa_record_with_a_digest_of_another_size_hides_no_other_one(script, resolver):
    """
    Such as SHA-256 where the record says SHA-512. It is a record all the same, and matches nothing.
    """
    wrong = [_record(52, octets) for octets in (b"\3\1\2" + bytes(32), b"\3\1\1", b"\3\1\1" + bytes(64))]
    script.octets("example.org", 4, b"".join(wrong) + _record(52, b"\3\1\1" + b"\xab" * 32))
    [found] = resolver.look_up([Question("example.org", Kind.TLSA)], ENOUGH_S)
    assert {(1, 32), (255, 32), (255, 0), (255, 64)} == {(each.matching, len(each.data)) for each in found.records}
    assert [b"\xab" * 32] == [each.data for each in found.records if is_usable(each)]


def test_a_server_without_edns_is_asked_for_dnssec_by_the_bit_ad(script):
    """
    RFC 6840 §5.7; the bit DO is part of EDNS.
    """
    script.without_edns().secure("example.org").a("example.org", "192.0.2.1")
    assert [Addresses(("192.0.2.1",), 60, Security.SECURE)] == validating(script).look_up([A], ENOUGH_S)
    assert (True, False) == script.asked_flags["example.org", "A"]
