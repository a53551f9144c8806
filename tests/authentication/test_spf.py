"""SPF, RFC 7208."""

import ipaddress
import time
import tracemalloc

import pytest

from empath.authentication.spf import MAX_EXPLANATION, Identity, SpfResult, SpfVerdict, check_host
from empath.mail.lookup import Addresses, Question
from tests.kit.cases import in_one_test
from tests.kit.vectors import cases, vectors
from tests.kit.zones import Zone, questions, run

CLIENT = "203.0.113.7"


def check(zone: Zone, mail_from="u@a.example", client=CLIENT, helo="h.example", asked=None) -> SpfVerdict:
    """Check a client against *zone*."""
    local_part, _, domain = (mail_from or f"postmaster@{helo}").rpartition("@")
    identity = Identity(local_part or "postmaster", domain, helo)
    return run(
        check_host(ipaddress.ip_address(client), identity, receiver="receiver.example", now=1_700_000_000), zone, asked
    )


def of_record(*records: str, **names) -> SpfVerdict:
    """Check against the record of a.example."""
    return check({"a.example": {"TXT": list(records)}, **names})


@in_one_test("case", cases("spf-rfc7208"))
def test_the_public_suite_is_judged_as_it_says(case):
    """
    openspf.org, release 2014.04.
    """
    zone = vectors("spf-rfc7208")["zones"][case["zone"]]["zone"]
    found = check(zone, case["mail_from"], case["client"], case["helo"])
    assert found.result in case["result"]
    if "explanation" in case:
        assert case["explanation"] == (found.explanation or "DEFAULT")


@pytest.mark.parametrize("case", [case for case in cases("spf-own") if "zone" in case.values[0]])
def test_what_other_implementations_get_wrong(case):
    """
    Each case says which section decides.
    """
    assert check(case["zone"], case["mail_from"], case["client"], case["helo"]).result in (
        case["result"] or [SpfResult.PERMERROR]
    )


@pytest.mark.parametrize("case", [case for case in cases("spf-own") if "pieces" in case.values[0]])
def test_a_hostile_record_is_refused_before_it_costs_anything(case):
    """
    One of these took 14 s in another implementation. A record beyond 8,192 octets is not read at all.
    """
    record = "".join(piece if isinstance(piece, str) else piece[0] * piece[1] for piece in case["pieces"])
    asked: list[Question] = []
    began_s = time.process_time()
    found = check({"a.example": {"TXT": [record]}}, asked=asked)
    assert (SpfResult.PERMERROR, 1) == (found.result, len(asked))
    assert time.process_time() - began_s < 2


@pytest.mark.parametrize("term", ["%{i}.", "%{lr-}", "%{l1r-}", "%{s9r.-+,/_=}", "%{d}%{h}%{o}", "%{p}."])
def test_a_record_full_of_macros_costs_in_proportion_to_the_name(term):
    """
    A name has 253 octets, so the macros that stand before these are not expanded.
    """
    record = f"v=spf1 exists:{term * (8_000 // len(term))}x.example -all"
    identity = Identity("a-" * 5_000, "a.example", "h-" * 5_000)
    steps = check_host(ipaddress.ip_address(CLIENT), identity, receiver="r", now=0)
    began_s = time.process_time()
    assert SpfResult.FAIL is run(steps, {"a.example": {"TXT": [record]}}).result
    assert time.process_time() - began_s < 2


@pytest.mark.parametrize(
    ("terms", "most"),
    [
        (" ".join(f"mx:m{n}.example" for n in range(10)), 111),
        (" ".join(f"include:i{n}.example" for n in range(10)), 11),
        ("include:a.example include:a.example", 11),
    ],
)
def test_the_number_of_questions_has_a_bound(terms, most):
    """
    RFC 7208 §4.6.4: ten terms, and ten exchangers for each.
    """
    zone: dict[str, dict[str, object]] = {"a.example": {"TXT": [f"v=spf1 {terms} -all"]}}
    for n in range(10):
        zone[f"m{n}.example"] = {"MX": [[k, f"h{n}-{k}.example"] for k in range(10)]}
        zone |= {f"h{n}-{k}.example": {"A": ["192.0.2.1"]} for k in range(10)}
        zone[f"i{n}.example"] = {"TXT": ["v=spf1 " + " ".join(f"include:i{k}.example" for k in range(10))]}
    asked: list[Question] = []
    check(zone, asked=asked)
    assert most == len(asked)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("v=spf1 a:x.example/33 -all", "record of a.example: not a length of a prefix: 33"),
        ("v=spf1 a:x.example//129", "record of a.example: not a length of a prefix: 129"),
        ("v=spf1 ip4:1.2.3", "record of a.example: not an address: 1.2.3"),
        ("v=spf1 ip4:1.2.3.4/033", "record of a.example: not a length of a prefix: 033"),
        ("v=spf1 ip6:fe80::1%eth0", "record of a.example: not an address: fe80::1%eth0"),
        ("v=spf1 ip6:1::2::3", "record of a.example: not an address: 1::2::3"),
        ("v=spf1 exists", "record of a.example: exists needs a domain"),
        ("v=spf1 a/x", "record of a.example: a needs a domain"),
        ("v=spf1 all:x", "record of a.example: not a mechanism: all:x"),
        ("v=spf1 -", "record of a.example: not a term: -"),
        ("v=spf1 a:%{x}.example", "record of a.example: not a macro: %{x}.example"),
        ("v=spf1 a:%{c}.example", "record of a.example: the macro c is for explanations"),
        ("v=spf1 a:x.123", "record of a.example: not a name: x.123"),
        ("v=spf1 a:", "record of a.example: not a name: "),
        ("v=spf1 exp=a.b exp=c.d", "record of a.example: exp stands twice"),
        ("v=spf1 other=%", "record of a.example: not a macro: %"),
        ("v=spf1 include:%{l}..example", "include of what is not a name"),
        ("v=spf1 redirect=%{l}..example", "redirect to what is not a name"),
        ("v=spf1 redirect=b.example", "b.example has no record"),
        ("v=spf1 include:b.example", "b.example is included and has no record"),
        ("v=spf1 mx:many.example", "many.example has more than 10 exchangers"),
        (
            "v=spf1 a:n1.example a:n2.example a:n3.example",
            "more than 2 questions find nothing, the last A of n3.example",
        ),
    ],
)
def test_an_error_says_what_is_wrong(record, reason):
    """
    The operator of the other domain reads it in a report, and ours in the log.
    """
    found = of_record(record, **{"many.example": {"MX": [[n, f"m{n}.example"] for n in range(11)]}})
    assert (SpfResult.PERMERROR, reason) == (found.result, found.reason)


@pytest.mark.parametrize(
    ("record", "result", "reason"),
    [
        ("v=spf1 a:%%x.example ~all", SpfResult.SOFTFAIL, "~all"),
        ("v=spf1 ip6:2001:db8::/32 ip6:::1 ip4:203.0.113.7 -all", SpfResult.PASS, "ip4:203.0.113.7"),
        ("v=spf1 mx:null.example mx:b.example -all", SpfResult.PASS, "mx:b.example"),
        ("v=spf1 a:%{i500}.example ?all", SpfResult.NEUTRAL, "?all"),
        ("v=spf1 a:b.example/24 -all", SpfResult.PASS, "a:b.example/24"),
        ("v=spf1 exists:%{d}.%_ -all", SpfResult.FAIL, "-all"),
        ("v=spf1", SpfResult.NEUTRAL, "no term matches"),
        ("v=spf1 include:soft.example -all", SpfResult.FAIL, "-all"),
        ("v=spf1 -ptr:%{p} ?all", SpfResult.FAIL, "-ptr:%{p}"),
    ],
)
def test_the_term_that_decides_is_named(record, result, reason):
    zone: Zone = {
        "a.example": {"TXT": [record]},
        "null.example": {"MX": [[0, ""]]},
        "b.example": {"MX": [[0, "b.example"]], "A": ["203.0.113.9", CLIENT]},
        "soft.example": {"TXT": ["v=spf1 ~all"]},
        "7.113.0.203.in-addr.arpa": {"PTR": ["other.example", "bad..example", "b.example"]},
        "other.example": {"A": ["192.0.2.1"]},
    }
    found = check(zone)
    assert (result, reason) == (found.result, found.reason)


@pytest.mark.parametrize(
    ("client", "result"),
    [
        ("203.0.113.7", SpfResult.PASS),
        ("2001:db8::7", SpfResult.PASS),
        ("2001:db8::8", SpfResult.SOFTFAIL),
    ],
)
def test_a_record_with_hosts_of_ipv4_is_right_for_clients_of_ipv6_too(client, result):
    """
    Large senders include such records. That a name has no AAAA record is no question that finds nothing: the name is
    there.
    """
    hosts = {f"h{n}.example": {"A": [f"203.0.113.{n}"]} for n in range(9)}
    record = "v=spf1 mx a:h1.example a:h2.example a:h3.example ip6:2001:db8::7 ~all"
    zone: Zone = {"a.example": {"TXT": [record], "MX": [[n, f"h{n}.example"] for n in range(4, 9)]}, **hosts}
    assert result is check(zone, client=client).result


def test_a_name_that_is_not_there_counts_for_clients_of_ipv6_too():
    zone: Zone = {"a.example": {"TXT": ["v=spf1 a:n1.example a:n2.example a:n3.example ?all"]}}
    assert SpfResult.PERMERROR is check(zone, client="2001:db8::7").result


@pytest.mark.parametrize("domain", ["localhost", "a..example", f"{'x' * 64}.example", "[192.0.2.1]", "a.é.example", ""])
def test_a_domain_that_cannot_be_in_the_dns_has_no_record(domain):
    asked: list[Question] = []
    found = check({}, f"u@{domain}", asked=asked)
    assert (SpfResult.NONE, []) == (found.result, questions(asked))


def test_a_failure_of_the_dns_is_no_fail():
    """
    An outage of a name server must refuse nobody.
    """
    found = of_record("v=spf1 a:dead.example -all", **{"dead.example": {"*": "FAILS"}})
    assert (SpfResult.TEMPERROR, "A of dead.example: no answer in time") == (found.result, found.reason)


def test_without_a_record_nothing_is_said():
    assert (SpfResult.NONE, "a.example has no record") == (of_record("other").result, of_record("other").reason)


@pytest.mark.parametrize(
    ("name", "text", "explanation"),
    [
        ("e.example", "%{c} is not %{r} at %{t} %{U}", ""),
        ("e.example", "%{c} %{o}, %{r} at %{t}", f"{CLIENT} a.example, receiver.example at 1700000000"),
        ("e.example", "%{S}", "u%40a.example"),
        ("e.example", "é", ""),
        ("e.example", "a\rb", ""),
        ("e.example", "x" * 600, "x" * MAX_EXPLANATION),
        ("e.example", "%{i}" * 300, (CLIENT * 300)[:MAX_EXPLANATION]),
        ("e.example", "client %{v} %{p}", "client in-addr unknown"),
        ("%{l}..example", "x", ""),
        ("gone.example", "x", ""),
    ],
)  # fmt: skip
def test_the_explanation_is_foreign_text(name, text, explanation):
    """
    RFC 7208 §6.2: nothing is said where anything is wrong.
    """
    found = of_record(f"v=spf1 -all exp={name}", **{"e.example": {"TXT": [text]}})
    assert (SpfResult.FAIL, explanation) == (found.result, found.explanation)


def test_an_explanation_that_finds_too_little_is_left_out():
    record = "v=spf1 a:n1.example a:n2.example -all exp=%{p}.example"
    assert (SpfResult.FAIL, "") == (of_record(record).result, of_record(record).explanation)


def test_a_name_is_cut_on_the_left_by_labels():
    """
    RFC 7208 §7.3.
    """
    label = "x" * 50
    asked: list[Question] = []
    check({"a.example": {"TXT": [f"v=spf1 exists:{f'{label}.' * 8}b.example -all"]}}, asked=asked)
    assert f"{f'{label}.' * 4}b.example" == asked[1].name


def test_a_domain_below_that_of_the_record_is_the_name_of_the_client():
    """
    RFC 7208 §7.3: of several names that of the domain counts most, then one below it.
    """
    zone = {
        "a.example": {"TXT": ["v=spf1 exists:%{p}.x -all"]},
        "7.113.0.203.in-addr.arpa": {"PTR": ["b.example", "h.a.example"]},
        "h.a.example": {"A": [CLIENT]},
        "b.example": {"A": [CLIENT]},
        "h.a.example.x": {"A": ["127.0.0.1"]},
    }
    assert SpfResult.PASS is check(zone).result


def test_a_domain_with_two_records_has_made_a_mistake():
    found = of_record("v=spf1 -all", "v=spf1 +all")
    assert (SpfResult.PERMERROR, "a.example has 2 records") == (found.result, found.reason)


@pytest.mark.parametrize("term", ["mx", "mx:gone.example", "exists:%{l}.e.example"])
def test_a_term_that_asks_for_nothing_does_not_match(term):
    """
    Here a domain has no exchanger, and the local part makes no name of the DNS.
    """
    found = check({"a.example": {"TXT": [f"v=spf1 {term} -all"]}}, mail_from=f"{'x' * 70}@a.example")
    assert SpfResult.FAIL is found.result


def test_an_answer_of_another_kind_is_none():
    """
    A resolver that does not keep to the question must not end a session.
    """
    steps = check_host(ipaddress.ip_address(CLIENT), Identity("u", "a.example", "h.example"), receiver="r", now=0)
    next(steps)
    with pytest.raises(StopIteration) as ended:
        steps.send(Addresses(("192.0.2.1",), 60))
    assert SpfResult.NONE is ended.value.value.result


@pytest.mark.parametrize("term", ["a", "ip4:192.0.2.1", "ip6:2001:db8::1", "a:%{s}.x"])
def test_long_records_of_strangers_take_no_memory(term):
    """
    Four thousand of them took 3 GiB.
    """
    terms = " ".join([term] * (8_000 // (len(term) + 1)))
    tracemalloc.start()
    try:
        for number in range(5):
            of_record(f"v=spf1 x={number} {terms} -all")
        assert tracemalloc.get_traced_memory()[0] < 125_000
    finally:
        tracemalloc.stop()
