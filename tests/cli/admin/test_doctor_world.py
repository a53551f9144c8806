"""doctor and how others see this host: a scripted name server, scripted servers, and what each finding says to do."""

import time

import pytest
import trustme

from empath.cli.admin.dns_answers import resolver
from empath.cli.admin.doctor_clock import clock_state, diagnose_clock
from empath.cli.admin.doctor_lists import diagnose_lists
from empath.cli.admin.doctor_name_servers import diagnose_name_servers
from empath.cli.admin.doctor_ports import diagnose_ports, diagnose_relaying, diagnose_way_out
from empath.cli.admin.doctor_senders import diagnose_senders
from empath.cli.admin.doctor_tlsa import diagnose_tlsa
from empath.cli.admin.doctor_world import Wanted, diagnose_world, outgoing_addresses
from empath.config import load_config
from empath.config.tables.tls import TlsMode
from empath.daemon.process.certificates import examine_certificates
from empath.mail.endpoint import Endpoint
from empath.net.certificate import ServerTls
from empath.policy.dane_match import subject_public_key_info
from empath.policy.health import Level
from empath.policy.own_zone import tlsa_record
from tests.kit.certificates import Pem, issued
from tests.kit.dns import ScriptedDns
from tests.kit.peer import ScriptedPeer
from tests.kit.process import configuration

OUTGOING = ("192.0.2.5", "2001:db8::5")
NAME = "mx.example.test"
MX = '"*" = "mx"'


@pytest.fixture
def script():
    """A name server."""
    with ScriptedDns() as server:
        yield server


@pytest.fixture
def make_config(tmp_path, script):
    """A configuration that asks the scripted name server."""

    def make(more="", *, port=25, routes=MX, domains=("a.test",), host="0.0.0.0"):
        file = tmp_path / "empath.toml"
        relay = ", ".join(f'"{each}"' for each in domains)
        tables = f'[dns]\nnameservers = ["{script.address}"]\n[relay]\nnetworks = ["127.0.0.1"]\ndomains = [{relay}]\n'
        file.write_text(configuration(port, tables + more, routes).replace("127.0.0.1:", f"{host}:", 1))
        return load_config(file)

    return make


def senders(config, outgoing=OUTGOING, within_s=5.0):
    """Level, text and remedy of each finding about senders, by subject and first word."""
    found = diagnose_senders(config, resolver(config), outgoing, 0.0, within_s)
    return {
        (each.subject, each.found.split()[0].rstrip(":")): (str(each.level), each.found, each.remedy) for each in found
    }


def test_a_host_that_is_well_in_the_dns(make_config, script):
    """
    Each address leads to a name and back, and SPF lets it send.
    """
    script.ptr("192.0.2.5", "other.test", NAME).ptr("2001:db8::5", NAME)
    script.a(NAME, "192.0.2.5").aaaa(NAME, "2001:db8::5").mx("a.test", (10, NAME)).txt(NAME, "v=spf1 a -all")
    script.txt("a.test", "v=spf1 mx ~all").txt("_dmarc.a.test", "v=DMARC1; p=quarantine")
    assert {
        ("reverse name", "192.0.2.5"): ("ok", f"192.0.2.5 is {NAME}, which leads back to it", ""),
        ("reverse name", "2001:db8::5"): ("ok", f"2001:db8::5 is {NAME}, which leads back to it", ""),
        ("SPF", "a.test"): ("ok", "a.test lets 192.0.2.5, 2001:db8::5 send", ""),
        ("SPF", NAME): ("ok", f"{NAME} lets 192.0.2.5, 2001:db8::5 send", ""),
        ("DMARC", "a.test"): ("ok", "a.test asks for p=quarantine", ""),
    } == senders(make_config())


def test_what_others_do_not_believe_is_told(make_config, script):
    """
    With what to do about each.
    """
    script.ptr("192.0.2.5", "liar.test").a("liar.test", "192.0.2.9")
    script.txt("a.test", "v=spf1 ip4:192.0.2.5 -all").txt("b.test", "v=spf1 nonsense:x")
    script.fail("c.test", "TXT").fail("_dmarc.c.test", "TXT").txt("_dmarc.test", "v=DMARC1; p=none")
    found = senders(make_config(domains=("a.test", "b.test", "c.test", "*.d.test", "e.example")))
    assert "does not lead back to it" in found["reverse name", "192.0.2.5"][1]
    assert "2001:db8::5 has no reverse name: many hosts refuse its mail" == found["reverse name", "2001:db8::5"][1]
    assert ("the record of a.test does not let 2001:db8::5 (fail) send", "add ip6:2001:db8::5 to it") == found[
        "SPF", "the"
    ][1:]
    assert "correct the record" == found["SPF", "b.test"][2]
    assert found["SPF", "c.test"][1].startswith("c.test: the look-up failed: ")
    assert ("warning", 'publish TXT "v=spf1 mx ~all" at e.example') == found["SPF", "e.example"][::2]
    assert ("ok", f"{NAME} has no record; one helps reports, which have no other sender") == found["SPF", NAME][:2]
    assert found["DMARC", "c.test"][1].startswith("c.test: the look-up failed: ")
    assert 'publish TXT "v=DMARC1; p=none; rua=mailto:…" at _dmarc.e.example' == found["DMARC", "e.example"][2]


def test_behind_a_smarthost_the_addresses_of_this_host_do_not_count(make_config, script):
    """
    The record must be there all the same; the smarthost's provider says what is in it.
    """
    script.txt("a.test", "v=spf1 include:relay.test -all").txt("relay.test", "v=spf1 ip4:198.51.100.7 -all")
    script.txt("_dmarc.a.test", "v=DMARC1; p=none")
    found = senders(make_config(routes='"*" = "smtp://relay.test"'))
    assert {("SPF", "a.test"), ("DMARC", "a.test")} == found.keys()
    assert ("ok", "a.test has a record; a smarthost sends its mail") == found["SPF", "a.test"][:2]


def test_bounces_of_rewritten_senders_must_come_back(make_config, script, tmp_path):
    """
    The domains of SRS and VERP need an MX that leads here, and SPF.
    """
    (tmp_path / "secrets").write_text("x" * 32 + "\n")
    tables = "".join(
        f'[{name}]\ndomain = "{name}.test"\nsecrets_file = "{tmp_path}/secrets"\n' for name in ("srs", "verp")
    )
    script.mx("srs.test", (10, NAME)).mx("verp.test", (10, "elsewhere.test"))
    script.txt("srs.test", "v=spf1 ip4:192.0.2.5 ip6:2001:db8::5 -all")
    found = senders(make_config(tables, domains=()))
    assert f"bounces to srs.test come to {NAME}" == found["SRS domain", "bounces"][1]
    assert ("warning", f"publish MX 10 {NAME}. at verp.test") == found["VERP domain", "the"][::2]
    assert "ok" == found["SPF", "srs.test"][0]
    assert "warning" == found["SPF", "verp.test"][0]


def test_the_tlsa_record_is_compared_with_the_certificate(make_config, script, tmp_path):
    """
    One of another key keeps away the mail of every host that checks it.
    """
    pem = issued(NAME)
    pem.write(tmp_path)
    config = make_config('[tls]\ncertificate = "certificate.pem"\nkey = "key.pem"\n')
    listener = config.listeners[0].model_copy(update={"tls": "starttls"})
    config = config.model_copy(update={"listeners": (listener,)})
    own = ServerTls([pem.pair()], "TLSv1.2").certificates[0]

    def look():
        [found] = diagnose_tlsa(config, resolver(config), [(("tls",), own)], time.time())
        return found

    assert f"_25._tcp.{NAME} has no record, so hosts do not insist on the certificate" == look().found
    right = tlsa_record(subject_public_key_info(own.der) or b"")
    script.tlsa(f"_25._tcp.{NAME}", f"3 1 1 {'00' * 32}")
    assert (Level.WARNING, f"publish {right} at _25._tcp.{NAME}, or remove the records") == (
        look().level,
        look().remedy,
    )
    script.tlsa(f"_25._tcp.{NAME}", f"3 1 1 {'00' * 32}", right)
    assert Level.OK is look().level
    script.fail(f"_25._tcp.{NAME}", "TLSA")
    assert "other hosts may deliver nothing while this fails" in look().remedy
    assert [] == [*diagnose_tlsa(make_config(), resolver(config), [(("tls",), own)], time.time())]


def test_a_tlsa_record_may_be_of_the_issuer_or_of_a_certificate_for_the_name_that_is_asked_for(
    make_config, script, tmp_path
):
    """
    Of the issuer is what many publish whose certificate has another key each time, RFC 7672 §3.1.2. A host that checks
    asks for this one by name.
    """
    own, other = trustme.CA().create_child_ca().issue_cert(NAME), issued("other.test")
    chain = b"".join(blob.bytes() for blob in own.cert_chain_pems)
    for name, pem in (("", other), ("own-", Pem(chain, own.private_key_pem.bytes()))):
        pem.write(tmp_path, name)
    sni = f'[[tls.sni]]\nnames = ["{NAME}"]\ncertificate = "own-certificate.pem"\nkey = "own-key.pem"\n'
    config = make_config(f'[tls]\ncertificate = "certificate.pem"\nkey = "key.pem"\n{sni}')
    listener = config.listeners[0].model_copy(update={"tls": TlsMode.STARTTLS})
    config = config.model_copy(update={"listeners": (listener,)})
    presented = examine_certificates(config).presented
    leaf, issuer = presented[1][1].der, *presented[1][1].issuers
    script.tlsa(f"_25._tcp.{NAME}", tlsa_record(subject_public_key_info(leaf) or b""))
    [found] = diagnose_tlsa(config, resolver(config), presented, time.time())
    assert Level.OK is found.level
    script.tlsa(f"_25._tcp.{NAME}", tlsa_record(subject_public_key_info(issuer) or b"").replace("3 1 1", "2 1 1"))
    [found] = diagnose_tlsa(config, resolver(config), presented, time.time())
    assert (Level.OK, f"_25._tcp.{NAME} is of {tmp_path}/own-certificate.pem") == (found.level, found.found)


def test_a_stranger_asks_each_listener_to_relay(make_config):
    """
    It is asked from an address that is not in [relay] networks, and no mail is sent.
    """
    with ScriptedPeer("127.0.0.2").reply("RCPT", "250 2.1.5 Ok", "550-no\n550 5.7.1 Relaying denied") as peer:
        port = int(peer.address.rpartition(":")[2])
        config = make_config(port=port)
        [found] = diagnose_relaying(config, frozenset({"127.0.0.1", "127.0.0.2"}), time.monotonic() + 9)
        assert Level.ERROR is found.level
        assert f"127.0.0.2:{port} takes mail of strangers to strangers: 250 2.1.5 Ok" == found.found
        [found] = diagnose_relaying(config, frozenset({"127.0.0.2"}), time.monotonic() + 9)
        assert (Level.OK, f"127.0.0.2:{port} relays nothing for 127.0.0.2: 550 5.7.1 Relaying denied") == (
            *(found.level, found.found),
        )
        peer.reply("MAIL", "530 5.7.0 Must issue STARTTLS first")
        assert "530" in next(iter(diagnose_relaying(config, frozenset({"127.0.0.2"}), time.monotonic() + 9))).found
        assert [["EHLO", "MAIL", "RCPT", "QUIT"]] * 2 == [each.verbs for each in peer.sessions][:2]
        assert [] == peer.messages
    [found] = diagnose_relaying(config, frozenset({"127.0.0.2"}), time.monotonic() + 9)
    assert Level.WARNING is found.level
    [found] = diagnose_relaying(config, frozenset({"127.0.0.1"}), time.monotonic() + 9)
    assert found.found.endswith("cannot be asked: no address of this host is outside of [relay] networks")
    assert [] == [*diagnose_relaying(make_config(host="127.0.0.1"), frozenset({"127.0.0.2"}), 0.0)]


def test_the_addresses_of_the_dns_lead_to_this_service(make_config):
    """
    Another server there means that mail goes elsewhere.
    """
    with ScriptedPeer().greeting(f"220 {NAME} ESMTP", "220 other.test ESMTP") as peer:
        port = int(peer.address.rpartition(":")[2])
        config = make_config(port=port)

        def look():
            [found] = diagnose_ports(config, ["127.0.0.1"], time.monotonic() + 9)
            return found

        assert f"127.0.0.1:{port} answers as this host" == look().found
        assert f"at 127.0.0.1:{port} another server answers: 220 other.test ESMTP" == look().found
    assert look().found.startswith(f"127.0.0.1:{port} cannot be reached from here: ")
    assert "try from outside" in look().remedy


def test_each_address_and_port_is_tried_once(make_config):
    """
    Listeners for both families at one port are two ways to one service, and the connections are few.
    """
    with ScriptedPeer().greeting(f"220 {NAME} ESMTP") as peer:
        port = int(peer.address.rpartition(":")[2])
        config = make_config(port=port)
        [first] = config.listeners
        both = (first.model_copy(update={"address": Endpoint("::", port)}), first)
        config = config.model_copy(update={"listeners": both})
        found = [*diagnose_ports(config, ["127.0.0.1", "::1"], time.monotonic() + 9)]
        assert [Level.OK, Level.WARNING] == [each.level for each in found]
        assert found[1].found.startswith(f"[::1]:{port} cannot be reached from here: ")


def test_the_way_out_is_tried_on_request(make_config, script):
    """
    Many providers close outgoing port 25, and mail then waits without a word.
    """
    config = make_config()
    with ScriptedPeer() as peer:
        port = int(peer.address.rpartition(":")[2])
        script.a("outside.test", "127.0.0.1")
        assert Level.OK is diagnose_way_out("outside.test", resolver(config), port).level
        assert Level.OK is diagnose_way_out("127.0.0.1", resolver(config), port).level
    found = diagnose_way_out("outside.test", resolver(config), port)
    assert (Level.WARNING, True) == (found.level, "open outgoing port 25" in found.remedy)
    assert "gone.test has no address in the DNS" == diagnose_way_out("gone.test", resolver(config)).found
    script.fail("down.test", "A").fail("down.test", "AAAA")
    found = diagnose_way_out("down.test", resolver(config))
    assert (True, True) == (found.found.startswith("down.test: the look-up failed: "), "name servers" in found.remedy)


def test_blocklists_are_asked_about_each_address(make_config, script):
    """
    What a list says to a resolver that it does not serve is no listing.
    """
    script.a("5.2.0.192.list.test", "127.0.0.2").a("5.2.0.192.shut.test", "127.255.255.254")
    script.a("5.2.0.192.parked.test", "203.0.113.1").fail("5.2.0.192.down.test", "A")
    zones = ("list.test", "shut.test", "parked.test", "down.test", "clean.test")
    found = [*diagnose_lists(resolver(make_config()), zones, ["192.0.2.5"])]
    assert [Level.WARNING, Level.WARNING, Level.OK, Level.WARNING, Level.OK] == [each.level for each in found]
    assert "list.test lists 192.0.2.5 as 127.0.0.2" == found[0].found
    assert "shut.test says nothing of 192.0.2.5: it answers 127.255.255.254 to this resolver" == found[1].found
    assert [] == [*diagnose_lists(resolver(make_config()), (), ["192.0.2.5"])]


def test_each_name_server_is_asked_by_itself(make_config, script):
    """
    A dead one behind a good one makes every look-up slow from time to time, and nothing fails.
    """
    with ScriptedDns("127.0.0.2").secure("test") as other:
        config = make_config()
        both = (*config.dns.nameservers, type(config.dns.nameservers[0]).parse(other.address))
        dns = config.dns.model_copy(update={"nameservers": both, "dnssec": "log"})
        found = [*diagnose_name_servers(config.model_copy(update={"dns": dns}))]
        assert [f"{script.address} answers", f"{other.address} answers"] == [each.found.split(",")[0] for each in found]
        script.fail(NAME, "A")
        [first, _] = diagnose_name_servers(config.model_copy(update={"dns": dns}))
        assert (Level.WARNING, f"{script.address}: SERVFAIL from {script.address}") == (first.level, first.found)


@pytest.mark.parametrize(("state", "level"), [(0, Level.OK), (5, Level.WARNING), (-1, Level.OK)])
def test_a_clock_that_nothing_keeps_is_told(state, level):
    """
    Signatures and certificates of others are compared with it.
    """
    assert level is diagnose_clock(state).level
    assert clock_state() in range(-1, 6)


def test_only_a_host_of_the_internet_is_looked_at(make_config, script):
    """
    A development server asks nobody; `--reach` is an order, and does.
    """
    config = make_config(port=2525)
    wanted = Wanted(frozenset({"127.0.0.1"}), is_running=True)
    assert [] == [*diagnose_world(config, resolver(config), (), wanted, 0.0)]
    assert [] == script.asked
    wanted = Wanted(frozenset(), is_running=True, reach="gone.test")
    assert ["way out"] == [each.subject for each in diagnose_world(config, resolver(config), (), wanted, 0.0)]


def test_a_host_of_the_internet_is_looked_at_from_all_sides(make_config, script):
    """
    Without an address of the Internet at its interfaces, those of its name count: a router translates.
    """
    script.a(NAME, "192.0.2.5").a("5.2.0.192.list.test", "127.0.0.2")
    config = make_config()
    wanted = Wanted(frozenset({"10.0.0.1"}), is_running=False, blocklists=("list.test",))
    found = [*diagnose_world(config, resolver(config), (), wanted, 0.0)]
    assert ["time", "name server", "reverse name", "SPF", "SPF", "DMARC", "blocklist"] == [
        each.subject for each in found
    ]
    assert {Level.OK, Level.WARNING} >= {each.level for each in found}
    assert all(each.remedy for each in found if each.level is not Level.OK)
    assert ("8.8.8.8",) == outgoing_addresses(config, frozenset({"8.8.8.8", "10.0.0.1"}))


def test_silent_name_servers_have_one_deadline(make_config, script):
    """
    Each domain is still told of.
    """
    for name in ("5.2.0.192.in-addr.arpa", NAME, *(f"{each}.test" for each in "abcdefgh")):
        for kind in ("PTR", "TXT"):
            script.ignore(name, kind).ignore(f"_dmarc.{name}", kind)
    domains = tuple(f"{each}.test" for each in "abcdefgh")
    found = senders(make_config(domains=domains), ("192.0.2.5",), within_s=0.1)
    assert {"warning"} == {level for level, _, _ in found.values()}
    assert {("SPF", each) for each in domains} | {("DMARC", each) for each in domains} <= found.keys()
