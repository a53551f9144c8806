"""Which route decides, and what explains it."""

import pytest

from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.mail.domain import Domain
from empath.policy.pattern import DomainPattern
from empath.policy.router import (
    ROUTE_KEY,
    RouteDecision,
    RouteLayer,
    Router,
    RouteTables,
    SenderPattern,
    SentBy,
    parse_recipient_pattern,
)
from empath.policy.routing import DiscardRoute, MxRoute, SmtpRoute, parse_route

HERE = Domain("mx.here.example")
MODULE = SentBy("", None, f'{{"{ROUTE_KEY}": "smtp://module"}}')


def tables(*, routes=(), senders=(), accounts=(), rules=()):
    """Tables by the texts of their patterns and routes."""
    return RouteTables(
        tuple((parse_recipient_pattern(pattern), parse_route(route)) for pattern, route in routes),
        tuple((SenderPattern.parse(pattern), parse_route(route)) for pattern, route in senders),
        tuple((name, parse_route(route)) for name, route in accounts),
        tuple((DomainPattern.parse(pattern), parse_route(route), layer) for pattern, route, layer in rules),
    )


WHOLE = tables(
    routes=[
        ("*", "smtp://all"),
        ("*.example.org", "smtp://below"),
        ("example.org", "smtp://domain"),
        ("User@example.org", "smtp://address"),
    ],
    senders=[
        ("boss@sender.example", "smtp://boss"),
        ("@sender.example", "smtp://sender"),
        ("@*.sender.example", "smtp://senders"),
        ("<>", "smtp://reports"),
    ],
    accounts=[("shop", "smtp://shop")],
)


@pytest.mark.parametrize(
    ("recipient", "sent_by", "route", "layer", "pattern"),
    [
        ("user@example.org", SentBy("boss@sender.example", "shop"), "address", RouteLayer.ROUTES, "User@example.org"),
        ("other@example.org", SentBy("boss@sender.example", "shop"), "domain", RouteLayer.ROUTES, "example.org"),
        ("x@a.example.org", SentBy("boss@sender.example", "shop"), "below", RouteLayer.ROUTES, "*.example.org"),
        ("x@b.example", SentBy("boss@sender.example", "shop"), "shop", RouteLayer.ACCOUNT_ROUTES, "shop"),
        ("x@b.example", SentBy("BOSS@sender.example"), "boss", RouteLayer.SENDER_ROUTES, "boss@sender.example"),
        ("x@b.example", SentBy("x@sender.example", "other"), "sender", RouteLayer.SENDER_ROUTES, "@sender.example"),
        ("x@b.example", SentBy("x@a.sender.example"), "senders", RouteLayer.SENDER_ROUTES, "@*.sender.example"),
        ("x@b.example", SentBy(""), "reports", RouteLayer.SENDER_ROUTES, "<>"),
        ("x@b.example", SentBy("x@c.example"), "all", RouteLayer.ROUTES, "*"),
        ("user@example.org", MODULE, "module", RouteLayer.MODULE, "smtp://module"),
    ],
)
def test_the_first_layer_that_gives_a_route_decides(recipient, sent_by, route, layer, pattern):
    """
    Mail for a domain that has a route of its own never leaves by the smarthost of its sender.
    """
    address = Address.parse(recipient)
    expected = RouteDecision(SmtpRoute(route), layer, pattern)
    assert expected == Router(HERE, WHOLE).decide(str(address), address.domain, sent_by)


def test_the_double_bounce_address_is_discarded_before_all_else():
    """
    Mail to it must never leave: it would come back.
    """
    decision = Router(HERE, WHOLE).decide(f"double-bounce@{HERE}", HERE, MODULE)
    assert (DiscardRoute(), RouteLayer.BUILT_IN) == (decision.route, decision.layer)


@pytest.mark.parametrize(
    ("domain", "layer", "route"),
    [
        ("a.example", RouteLayer.RULE, "row"),
        ("b.example", RouteLayer.DESTINATIONS, "file"),
        ("c.example", RouteLayer.ROUTES, "exact"),
        ("d.example", RouteLayer.RULE, "rest"),
    ],
)
def test_the_most_exact_pattern_counts_and_then_the_row(domain, layer, route):
    """
    A row on "*" is an emergency exit for mail without a better pattern, not for all mail.
    """
    found = tables(
        routes=[
            ("a.example", "smtp://table"),
            ("b.example", "smtp://table"),
            ("c.example", "smtp://exact"),
            ("*", "mx"),
        ],
        rules=[
            ("a.example", "smtp://file", RouteLayer.DESTINATIONS),
            ("b.example", "smtp://file", RouteLayer.DESTINATIONS),
            ("a.example", "smtp://row", RouteLayer.RULE),
            ("*", "smtp://rest", RouteLayer.RULE),
        ],
    )
    decision = Router(HERE, found).decide_for_domain(Domain(domain))
    assert (SmtpRoute(route), layer) == (decision.route, decision.layer)


def test_a_recipient_without_a_pattern_has_no_route():
    """
    Without `*` the table is complete: no mail is sent by accident.
    """
    router = Router(HERE, tables(routes=[("example.org", "mx")], senders=[("<>", "mx")]))
    decision = router.decide("x@example.net", Domain("example.net"), SentBy("a@b.example"))
    assert (None, RouteLayer.NONE, None, "no-route:") == (
        decision.route,
        decision.layer,
        decision.pattern,
        decision.destination("example.net"),
    )


@pytest.mark.parametrize("value", ['"lmpt:/x"', "3", "null"])
def test_a_route_of_a_module_that_cannot_be_read_leads_nowhere(value):
    """
    Guessing would send the mail to a wrong place; it waits under `no-route:`, and the reason names the layer.
    """
    decision = Router(HERE, WHOLE).decide(
        "x@a.example", Domain("a.example"), SentBy(metadata=f'{{"{ROUTE_KEY}": {value}}}')
    )
    assert (None, RouteLayer.MODULE) == (decision.route, decision.layer)


def test_the_key_in_a_value_of_the_metadata_is_no_route():
    """
    Modules write what they like, such as a text about routes.
    """
    metadata = f'{{"note": "{ROUTE_KEY}"}}'
    decision = Router(HERE, tables(routes=[("*", "mx")])).decide(
        "x@a.example", Domain("a.example"), SentBy("", None, metadata)
    )
    assert RouteDecision(MxRoute(), RouteLayer.ROUTES, "*") == decision


@pytest.mark.parametrize(
    ("found", "domain", "metadata", "expected"),
    [
        (tables(routes=[("*", "mx")]), "a.example", "{}", False),
        (tables(routes=[("*", "mx")]), "a.example", MODULE.metadata, True),
        (tables(routes=[("*", "mx")]), str(HERE), "{}", True),
        (tables(routes=[("x@a.example", "mx")]), "a.example", "{}", True),
        (tables(routes=[("x@a.example", "mx")]), "b.example", "{}", False),
        (tables(accounts=[("shop", "mx")]), "b.example", "{}", True),
        (tables(senders=[("<>", "mx")]), "b.example", "{}", True),
    ],
)
def test_what_depends_on_the_domain_alone_is_decided_once_for_a_lease(found, domain, metadata, expected):
    """
    A lease asks for each recipient only where the answer may differ.
    """
    assert expected is Router(HERE, found).depends_on(domain, metadata)


def test_domains_with_addresses_are_known():
    """
    A relay domain whose only routes are those of its addresses is no mistake.
    """
    router = Router(HERE, tables(routes=[("x@a.example", "mx")]))
    assert (True, False) == (router.has_address_at("a.example"), router.has_address_at("b.example"))


@pytest.mark.parametrize("text", ["@*", "user", "@", "<", "", "a@b@"])
def test_a_malformed_sender_is_refused(text):
    """
    A pattern that fits nothing would be overlooked.
    """
    with pytest.raises(SyntaxViolation):
        SenderPattern.parse(text)


def test_a_sender_is_written_as_it_is_read():
    """
    The printed configuration must load again.
    """
    texts = ["<>", "a@example.org", "@example.org", "@*.example.org"]
    assert texts == [str(SenderPattern.parse(text)) for text in texts]


def test_the_digest_tells_tables_apart():
    """
    The housekeeper routes waiting mail again if the digest differs from the last one.
    """
    variants = [
        tables(routes=[("a.example", "mx")]),
        tables(routes=[("a.example", "discard:")]),
        tables(senders=[("<>", "mx")]),
        tables(accounts=[("a.example", "mx")]),
        tables(rules=[("a.example", "mx", RouteLayer.RULE)]),
    ]
    assert len(variants) == len({each.digest() for each in variants})
    assert variants[0].digest() == tables(routes=[("a.example", "mx")]).digest()
