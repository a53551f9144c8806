"""Routes: their text, their queue key, their table."""

import pytest

from empath.errors import SyntaxViolation
from empath.mail.domain import AddressLiteral
from empath.mail.protocol import Protocol
from empath.policy.routing import (
    DiscardRoute,
    FeedbackRoute,
    ListedRoute,
    ListRoute,
    MaildirRoute,
    MxRoute,
    PipeRoute,
    ReportsRoute,
    SmtpRoute,
    SocketRoute,
    WebhookRoute,
    destination_of,
    parse_route,
    parse_route_list,
    route_text,
    single_routes,
)

LMTP = Protocol.LMTP
A = SmtpRoute("a.test")
THREE_TO_ONE = ListRoute((ListedRoute(A, 3), ListedRoute(SmtpRoute("b.test"))))
WITH_BACKUP = ListRoute((ListedRoute(A),), (ListedRoute(SocketRoute("/run/b", LMTP), 2),))


@pytest.mark.parametrize(
    ("text", "route", "destination"),
    [
        ("mx", MxRoute(), "example.org"),
        ("smtp://127.0.0.1:2526", SmtpRoute("127.0.0.1", 2526), "smtp:127.0.0.1:2526"),
        ("smtp://192.0.2.1", SmtpRoute("192.0.2.1", 25), "smtp:192.0.2.1:25"),
        ("smtp://[2001:DB8::1]:26", SmtpRoute("2001:db8::1", 26), "smtp:[2001:db8::1]:26"),
        ("smtp://Relay.Example.org:65535", SmtpRoute("relay.example.org", 65535), "smtp:relay.example.org:65535"),
        ("lmtp://mail.test", SmtpRoute("mail.test", 24, LMTP), "lmtp:mail.test:24"),
        ("lmtp://[::1]:2400", SmtpRoute("::1", 2400, LMTP), "lmtp:[::1]:2400"),
        ("lmtp:/run/dovecot/lmtp", SocketRoute("/run/dovecot/lmtp", LMTP), "lmtp:/run/dovecot/lmtp"),
        ("smtp:/run/filter", SocketRoute("/run/filter", Protocol.SMTP), "smtp:/run/filter"),
        ("smtps://relay.test", SmtpRoute("relay.test", 465, tls=True), "smtps:relay.test:465"),
        ("smtps://[::1]:4650", SmtpRoute("::1", 4650, tls=True), "smtps:[::1]:4650"),
        ("smtp+mx://Relay.test", MxRoute("relay.test"), "relay.test"),
        ("smtp://a.test*3, smtp://b.test", THREE_TO_ONE, "smtp:a.test:25,smtp:b.test:25"),
        ("smtp://a.test, backup lmtp:/run/b*2", WITH_BACKUP, "smtp:a.test:25"),
        ("mx, backup smtp://a.test", ListRoute((ListedRoute(MxRoute()),), (ListedRoute(A),)), "example.org"),
        ("maildir:/a, b", MaildirRoute("/a, b"), "maildir:/a, b"),
        ("maildir:/var/mail/all", MaildirRoute("/var/mail/all"), "maildir:/var/mail/all"),
        ("maildir:../a:b", MaildirRoute("../a:b"), "maildir:../a:b"),
        ("pipe:lists-1", PipeRoute("lists-1"), "pipe:lists-1"),
        ("webhook:hook", WebhookRoute("hook"), "webhook:hook"),
        ("https://a.test/b?c=d", WebhookRoute("https://a.test/b?c=d"), "https://a.test/b?c=d"),
        ("http://[::1]:8080/", WebhookRoute("http://[::1]:8080/"), "http://[::1]:8080/"),
        ("discard:", DiscardRoute(), "discard:"),
        ("feedback:", FeedbackRoute(), "feedback:"),
        ("reports:", ReportsRoute(), "reports:"),
    ],
)
def test_a_route_names_what_to_do_and_the_queue_key(text, route, destination):
    """
    Domains with the same next hop share a destination, so that its limits count for all of them.
    """
    parsed = parse_route(text)
    assert (route, destination) == (parsed, parsed.destination("example.org"))


@pytest.mark.parametrize(
    "route",
    [
        MxRoute(),
        SmtpRoute("2001:db8::1", 26),
        SmtpRoute("relay.example.org"),
        SmtpRoute("192.0.2.1", 24, LMTP),
        SmtpRoute("192.0.2.1", 465, tls=True),
        MxRoute("relay.test"),
        THREE_TO_ONE,
        WITH_BACKUP,
        SocketRoute("/run/a b", LMTP),
        SocketRoute("/run/c", Protocol.SMTP),
        MaildirRoute("/a:b"),
        PipeRoute("a.b"),
        WebhookRoute("a"),
        WebhookRoute("https://a.test/"),
        DiscardRoute(),
        FeedbackRoute(),
        ReportsRoute(),
    ],
)
def test_a_route_is_written_as_it_is_read(route):
    """
    The printed configuration must load again.
    """
    assert route == parse_route(route_text(route))


def test_an_address_literal_is_a_destination_of_its_own():
    """
    Mail to a literal connects to that address.
    """
    assert "[192.0.2.1]" == MxRoute().destination(str(AddressLiteral.parse("[192.0.2.1]")))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MX",
        "smtp:",
        "smtp://",
        "smtp://:25",
        "smtp://host:0",
        "smtp://host:65536",
        "smtp://host:123456",
        "smtp://host:",
        "smtp://host:٢٥",
        "smtp://host/",
        "smtp://user@host",
        "smtp://2001:db8::1",
        "smtp://[192.0.2.1]",
        "smtp://[::1",
        "smtp://[::zz]",
        "smtp://192.0.2.256",
        "smtp://a b",
        "smtps:",
        "smtps:/run/a",
        "smtp+mx://",
        "smtp+mx://relay.test:25",
        "smtp+mx://[192.0.2.1]",
        "smtp://a*3",
        "backup smtp://a",
        "smtp://a, ",
        "smtp://a, discard:",
        "smtp://a, smtp://a:25*2",
        "smtp://a, backup smtp://a",
        "smtp://a, smtp://b*0",
        "backup smtp://a, backup smtp://b",
        "mx, smtp://a",
        "smtp://a, backup mx",
        ", ".join(f"smtp://a{n}" for n in range(21)),
        "lmtp:",
        "lmtp:host",
        "lmtp:run/dovecot",
        "lmtp:/a\nb",
        "lmtp:/" + "x" * 107,
        "LMTP:/run/a",
        "pipe:",
        "pipe:/bin/cat",
        "pipe:a b",
        "webhook:",
        "webhook:https://a.test/",
        "http://a.test/",
        "https://",
        "https://u:p@a.test/",
        "https://a.test:0/",
        "https://a.test:x/",
        "https://a.test/#b",
        "https://a.test/ b",
        "https://[::1/",
        "https://\u00e4.test/",
        "pipe:" + "x" * 65,
        "maildir:",
        "maildir:/a\nb",
        "maildir",
        "discard",
        "discard:x",
    ],
)
def test_a_malformed_route_is_refused(text):
    """
    A guessed route would send mail to a wrong place.
    """
    with pytest.raises(SyntaxViolation):
        parse_route(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("smtp://a*3", "a weight needs a list of routes"),
        ("smtp://a*0, smtp://b", "a weight is a whole number from 1 to 9999"),
        ("smtp://a, smtp://b*10000", "a weight is a whole number from 1 to 9999"),
        ("smtp://a, smtp://b*x", "a weight is a whole number from 1 to 9999"),
    ],
)
def test_a_wrong_weight_is_called_so(text, words):
    """
    "Not a domain name" would make people look at the name.
    """
    with pytest.raises(SyntaxViolation, match=words):
        parse_route(text)


def test_mail_without_a_route_waits_under_a_key_of_its_own() -> None:
    """
    No host may be asked for it. A reload that adds a route finds it there.
    """
    assert ("no-route:", "discard:") == (destination_of(None, "a.example"), destination_of(DiscardRoute(), "a.example"))


def test_a_list_of_one_is_that_route():
    """
    Its destination and its rules are those of the route without brackets.
    """
    assert A == parse_route_list(["smtp://a.test"])
    assert ListRoute((ListedRoute(A, 2),)) == parse_route_list(["smtp://a.test*2"])


def test_a_list_needs_an_entry():
    """
    Mail would have no next hop, though the pattern has a route.
    """
    with pytest.raises(SyntaxViolation):
        parse_route_list([])


def test_each_route_of_a_list_is_looked_at():
    """
    `check` says of each next hop what is wrong with it.
    """
    assert [(A, SocketRoute("/run/b", LMTP)), (A,)] == [single_routes(WITH_BACKUP), single_routes(A)]
