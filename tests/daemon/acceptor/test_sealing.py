"""Mail that is sealed by ARC while it is accepted, because it is passed on."""

import itertools
from typing import Any, cast

import pytest

from empath.authentication.signer import Signer
from empath.authentication.verify import Result
from empath.daemon.acceptor.authentication import Authenticator, OverrideRows
from empath.daemon.acceptor.sealing import Sealing, sealing_of
from empath.mail.domain import Domain
from empath.net.dns_cache import CachingResolver
from empath.net.resolver import DnsResolver
from empath.policy.access import Role
from empath.policy.limits.refusal_log import RefusalMeter
from empath.telemetry.occurrences.acceptor import Accepted, NotSealed
from tests.authentication.kit import MESSAGE, NOW, TEXTS, key, signed
from tests.authentication.test_sealer import judged
from tests.daemon.acceptor.kit import emitter_to
from tests.daemon.acceptor.test_authentication import Rows, columns
from tests.kit.dns import ScriptedDns
from tests.kit.waiting import DEADLINE_S

CLIENT = "192.0.2.1"
KEYS = Signer({"example.com": [("e", key("e")), ("r", key("r"))]})
ARC = '[arc]\ndomain = "example.com"\n'
WANTED = {"spf": True, "dkim": True, "arc": True, "dmarc": "reject"}


class Away:
    """Aliases: each address of d.test leads elsewhere, but `here@d.test`. No loop is found: one host stands for two."""

    marks = itertools.count()

    def resolve(self, address, *, is_known=False):
        """As of Recipients."""
        return (address,) if address.local_part == "here" else (type(address)("u", Domain("far.test")),)

    def loop_mark(self, _address):
        """The same."""
        return f"{next(self.marks):016}"


@pytest.fixture
def names():
    with ScriptedDns() as server:
        server.txt("example.com", "v=spf1 ip4:192.0.2.1 -all").txt("_dmarc.example.com", "v=DMARC1; p=reject")
        server.txt("bank.example", "v=spf1 ip4:203.0.113.1 -all").txt("_dmarc.bank.example", "v=DMARC1; p=reject")
        for name, text in TEXTS.items():
            server.txt(name, *[text])
        yield server


@pytest.fixture
def heard():
    return []


@pytest.fixture
def make(make_context, names, heard):
    """Makes a context that judges mail and seals what is passed on."""

    def made(more=ARC, signer=KEYS, **wanted):
        context = make_context(more=f'[relay]\ndomains = ["d.test"]\n{more}', role=Role.MX)
        context.emit = emitter_to(heard)
        asker = DnsResolver((names.address,), timeout_s=DEADLINE_S, try_timeout_s=DEADLINE_S)
        context.authentication = Authenticator(
            context.config,
            context.listener.authentication.model_copy(update={**WANTED, **wanted}),
            CachingResolver(asker, question_s=DEADLINE_S),
            OverrideRows(cast(Any, Rows())),
            counts={},
            receiver="mx.example.test",
            clock=lambda: NOW,
        )
        context.recipients = Away()
        if context.config.arc.domain is not None:
            meter = RefusalMeter(per_second=1, per_client=1)
            context.sealing = Sealing(context.config, lambda: signer, context.emit, meter, lambda: NOW)
        return context

    return made


@pytest.fixture
def pass_on(make, visit):
    """Sends a message to a context, and gives what goes on."""

    def pass_on(context, message, *recipients, host=CLIENT):
        client = visit(context, host=host)
        client.hear()
        lines = [b"EHLO mail.example.com", b"MAIL FROM:<joe@example.com>"]
        lines += [b"RCPT TO:<%b>" % each.encode() for each in recipients or ("u@d.test",)]
        for line in (*lines, b"DATA"):
            client.say(line + b"\r\n")
        assert client.say(message + b".\r\n").startswith(b"250 ")
        message = context.writer.messages[-1]
        assert message.size == len(message.added_fields + message.content)
        return message.added_fields + message.content

    return pass_on


def test_forwarded_mail_passes_by_its_seal_where_this_host_is_trusted(make, pass_on, heard):
    """
    At this host SPF proves the author. The next one sees another client, and finds nothing that proves it but the seal.
    """
    first = make()
    message = pass_on(first, MESSAGE, "u@d.test", "here@d.test")
    assert Result.PASS == judged(message).result
    assert "example.com:r i=1 cv=none" == columns(first)["sealed_by"]
    assert ["example.com:r i=1 cv=none"] == [each.sealed_by for each in heard if isinstance(each, Accepted)]
    assert {("sealed",): 1} == first.sealing.counts
    assert message.startswith(b"ARC-Seal: ")

    second = make(more='[authentication]\ntrusted_sealers = ["example.com"]\n')
    pass_on(second, message, "here@d.test", host="192.0.2.99")
    found = columns(second)
    assert ("fail", "pass", "fail", "tag") == tuple(found[name] for name in ("spf", "arc", "dmarc", "disposition"))
    assert found["reason"].endswith(", but example.com is trusted to have passed it on")


def test_what_stays_here_is_not_sealed(make, pass_on):
    context = make()
    assert b"ARC-" not in pass_on(context, signed(), "here@d.test")
    assert {} == context.sealing.counts
    assert b"ARC-Seal: " in pass_on(make(more=f'{ARC}seal = "all"\n'), signed(), "here@d.test")


def test_a_chain_goes_on(make, pass_on):
    once = pass_on(make(), signed())
    twice = pass_on(make(), once)
    assert (Result.PASS, 2) == (judged(twice).result, judged(twice).last)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"signer": Signer({})}, "there is no key of example.com; see `empath-admin dkim list`"),
        (
            {"more": f'{ARC}selector = "x"\n'},
            "there is no key of example.com with the selector x; see `empath-admin dkim list`",
        ),
        (
            {"arc": False},
            "its listener does not judge chains: set arc in its table authentication",
        ),
    ],
)
def test_mail_that_cannot_be_sealed_goes_on_without(make, pass_on, heard, more, why):
    """
    The log says so, as often as it bears.
    """
    context = make(**more)
    for _ in range(2):
        assert b"ARC-" not in pass_on(context, signed())
    assert [why] == [each.reason for each in heard if isinstance(each, NotSealed)]
    assert {("not-sealed",): 2} == context.sealing.counts


def test_mail_of_users_is_not_sealed(make, pass_on, heard):
    """
    It was not judged, and it is signed.
    """
    assert b"ARC-" not in pass_on(make(), MESSAGE, host="127.0.0.1")
    assert [] == [each for each in heard if isinstance(each, NotSealed)]


def test_nothing_is_sealed_where_no_domain_seals(make_context):
    context = make_context()
    meter = RefusalMeter(per_second=1, per_client=1)
    assert sealing_of(context.config, lambda: KEYS, emitter_to([]), meter) is None
    sealing = sealing_of(make_context(ARC).config, lambda: KEYS, emitter_to([]), meter)
    assert sealing is not None
    assert not sealing.seals_all
