"""empath-admin dns, with a scripted name server."""

import time

import pytest

from tests.cli.admin.kit import AdminTool
from tests.kit.dns import ScriptedDns
from tests.kit.process import configuration

ROUTES = '"*" = "mx"\n"fixed.test" = "smtp://relay.test:2525"\n"here.test" = "maildir:mail"'


@pytest.fixture
def script():
    """A running name server that knows nothing yet."""
    with ScriptedDns() as server:
        yield server


@pytest.fixture
def tool(tmp_path, script):
    """A configuration with some routes, and that name server."""
    made = AdminTool(tmp_path)
    table = f'[dns]\nnameservers = ["{script.address}"]\nallowed_networks = ["203.0.113.0/24"]'
    made.config.write_text(configuration(2525, table, ROUTES))
    yield made
    made.queue.close()


def test_exchangers_are_shown_as_a_worker_would_use_them(tool, script):
    """
    Refused addresses are shown, too, with the reason.
    """
    script.mx("x.test", (20, "b.test"), (10, "a.test"), (5, "in.test"), (30, "mx.example.test")).ttl("x.test", 300)
    script.a("a.test", "203.0.113.1").a("b.test", "203.0.113.2").a("in.test", "10.0.0.1").fail("b.test", "AAAA")
    failed = f"AAAA look-up failed: SERVFAIL from {script.address}"
    assert [
        "domain       x.test",
        "route        mx",
        "destination  x.test",
        "mx           found",
        "mx_ttl_s     300",
        "reply        -",
        "",
        "ORDER  PREFERENCE  HOST             ADDRESS      PORT  TTL_S  FATE     WHY",
        "-      5           in.test          10.0.0.1     25    60     refused  private",
        "1      10          a.test           203.0.113.1  25    60     tried    -",
        "2      20          b.test           203.0.113.2  25    60     tried    -",
        f"-      20          b.test           -            -     -      failed   {failed}",
        "-      30          mx.example.test  -            -     -      ours     own name",
    ] == tool.lines("dns", "X.Test")


def test_the_record_has_the_same_in_json(tool, script):
    """
    One object; a missing value is null.
    """
    script.mx("x.test", (10, "a.test")).a("a.test", "203.0.113.1").ttl("a.test", 30)
    host = {
        "order": 1,
        "preference": 10,
        "host": "a.test",
        "address": "203.0.113.1",
        "ttl_s": 30,
        "fate": "tried",
        "why": "",
    }
    expected = {"domain": "x.test", "route": "mx", "destination": "x.test", "mx": "found", "ttl_s": 60, "port": 25}
    assert expected | {"hosts": [host], "reply": None, "dnssec": None} == tool.record("dns", "x.test")


def test_what_dnssec_says_is_shown_where_it_is_asked_for(tool, script):
    """
    The weakest look-up decides: DANE applies only if all are secure.
    """
    tool.config.write_text(tool.config.read_text().replace("[dns]", '[dns]\ndnssec = "log"'))
    script.mx("x.test", (10, "a.test")).a("a.test", "203.0.113.1").secure("x.test", "a.test")
    assert "dnssec       secure" in tool.lines("dns", "x.test")
    script.insecure("a.test")
    assert "insecure" == tool.record("dns", "x.test")["dnssec"]


@pytest.mark.parametrize(
    ("domain", "mx", "reply"),
    [
        ("null.test", "found", "556 5.1.10 null.test accepts no mail"),
        ("gone.test", "NXDOMAIN", "550 5.4.4 no address for gone.test"),
        ("broken.test", "failed: SERVFAIL from {}", "451 4.4.3 broken.test: MX look-up failed: SERVFAIL from {}"),
        ("us.test", "found", "550 5.4.6 mail for us.test loops back to myself"),
        ("[127.0.0.1]", None, "550 5.4.6 mail for [127.0.0.1] loops back to myself"),
        ("fixed.test", None, "451 4.3.5 next hop relay.test: no address for relay.test"),
    ],
)
def test_what_mail_is_given_where_there_is_no_host(tool, script, domain, mx, reply):
    """
    The reply says whether mail bounces or waits.
    """
    script.mx("null.test", (0, ".")).fail("broken.test", "MX").mx("us.test", (5, "mx.example.test"))
    record = tool.record("dns", domain)
    assert (mx and mx.format(script.address), reply.format(script.address)) == (record["mx"], record["reply"])
    words = "bounces" if reply.startswith("5") else "waits and is tried again"
    assert [f"empath-admin: no host to try: mail {words}"] == tool.words("dns", domain)


def test_a_fixed_host_is_shown_with_its_port(tool, script):
    """
    A fixed host needs no MX look-up.
    """
    script.a("relay.test", "10.0.0.1")
    record = tool.record("dns", "fixed.test")
    assert ("smtp://relay.test:2525", "smtp:relay.test:2525", 2525) == (
        record["route"],
        record["destination"],
        record["port"],
    )
    assert [("10.0.0.1", "tried")] == [(host["address"], host["fate"]) for host in record["hosts"]]
    assert ["empath-admin: 1 address to try, equal ones in random order for each connection"] == tool.words(
        "dns", "fixed.test"
    )


def test_a_route_without_hosts_and_no_route_are_said(tool, script):
    """
    Neither needs a look-up.
    """
    assert ["empath-admin: this route needs no look-up"] == tool.words("dns", "here.test")
    tool.config.write_text(configuration(2525, routes='"here.test" = "maildir:mail"'))
    assert ["empath-admin: no route: new mail for this domain is refused; queued mail waits"] == tool.words(
        "dns", "x.test"
    )
    assert {"domain": "x.test", "route": None} == {
        key: tool.record("dns", "x.test")[key] for key in ("domain", "route")
    }
    assert [] == script.asked


def test_what_a_zone_says_does_not_steer_the_terminal(tool, script):
    """
    A name in the DNS may have any octets.
    """
    script.mx("x.test", (5, "\\027[31m.test"))
    assert all(line.isprintable() for line in tool.lines("dns", "x.test"))


@pytest.mark.parametrize("domain", ["", "a@x.test", "203.0.113.1", "[x]", "a b"])
def test_what_is_no_domain_is_wrong_use(tool, domain):
    """
    A mistyped domain causes no look-up.
    """
    assert 64 == tool.run("dns", domain).code


def test_questions_are_asked_at_once(tool, script):
    """
    Eight exchangers that do not answer cost one timeout, not sixteen.
    """
    script.mx("x.test", *((10, f"h{number}.test") for number in range(8)))
    for number in range(8):
        script.ignore(f"h{number}.test", "A").ignore(f"h{number}.test", "AAAA")
    tool.config.write_text(tool.config.read_text().replace("[dns]", '[dns]\ntimeout = "1s"\ntry_timeout = "1s"'))
    began = time.monotonic()
    assert {"failed"} == {host["fate"] for host in tool.record("dns", "x.test")["hosts"]}
    assert time.monotonic() - began < 6
