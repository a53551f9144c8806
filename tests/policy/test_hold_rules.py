import pytest

from empath.errors import SyntaxViolation
from empath.mail.identity import Timestamp
from empath.policy.hold_rules import Held, HoldBook, HoldPattern, HoldRule

MAIL = Held("ann@sub.shop.example", "Bob@A.example", "a.example", "smtp:relay.example:25", "shop", "192.0.2.7")
NULL = MAIL._replace(sender="", account=None, client="unix:/run/x")


def rule(number: int, scope: str, text: str, *, ends_at: float | None = None, reason: str | None = None) -> HoldRule:
    """A rule."""
    end = None if ends_at is None else Timestamp(ends_at)
    return HoldRule(number, HoldPattern.parse(scope, text), end, reason, Timestamp(1.0))


FITTING = [
    ("sender", "Ann@sub.SHOP.example"),
    ("sender", "@sub.shop.example"),
    ("sender", "@*.shop.example"),
    ("sender", "@*.example"),
    ("sender", "@*"),
    ("recipient", "bob@a.example"),
    ("recipient", "@A.example"),
    ("destination", "a.EXAMPLE"),
    ("destination", "*.example"),
    ("destination", "smtp:relay.example:25"),
    ("destination", "A.example."),
    ("destination", "smtp://RELAY.example:25"),
    ("destination", "*"),
    ("account", "shop"),
    ("client", "192.0.2.7"),
    ("client", "192.0.2.99/24"),
    ("client", "0.0.0.0/0"),
    ("client", "::ffff:192.0.2.7"),
    ("client", "::ffff:192.0.2.0/120"),
    ("client", "::ffff:0:0/96"),
]


@pytest.mark.parametrize(("scope", "text"), FITTING)
def test_a_rule_holds_what_its_pattern_names(scope: str, text: str) -> None:
    book = HoldBook([rule(1, scope, text)])
    assert (True, 1) == (bool(book), getattr(book.find(MAIL), "rule_id", None))


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        ("sender", "<>"), ("sender", "@shop.example"), ("sender", "@*.sub.shop.example"), ("recipient", "b@a.example"),
        ("recipient", "@*.a.example"), ("destination", "*.a.example"), ("destination", "relay.example"),
        ("account", "Shop"), ("client", "192.0.2.8"), ("client", "192.0.3.0/24"), ("client", "::/0"),
    ],
)  # fmt: skip
def test_it_holds_nothing_else(scope: str, text: str) -> None:
    assert None is HoldBook([rule(1, scope, text)]).find(MAIL)


def test_a_report_has_the_null_sender_and_mail_of_a_program_no_client() -> None:
    book = HoldBook([rule(1, "client", "::/0"), rule(2, "account", "shop"), rule(3, "sender", "<>")])
    assert 3 == getattr(book.find(NULL), "rule_id", None)


def test_a_client_of_ipv4_on_a_socket_of_ipv6_is_one_of_ipv4() -> None:
    book = HoldBook([rule(1, "client", "192.0.2.0/24"), rule(2, "client", "2001:db8::/33")])
    assert [1, 2, None] == [
        getattr(book.find(MAIL._replace(client=client)), "rule_id", None)
        for client in ("::ffff:192.0.2.7", "2001:db8:1::5", "2001:db8:8000::5")
    ]


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        ("recipient", "@bücher.example"), ("recipient", "R@bücher.example"), ("destination", "bücher.example"),
        ("sender", "@[IPv6:2001:DB8::1]"), ("sender", "s@[ipv6:2001:db8::1]"), ("destination", "[IPV6:2001:DB8:0::2]"),
    ],
)  # fmt: skip
def test_a_domain_is_that_of_the_envelope_however_it_is_written(scope: str, text: str) -> None:
    """
    A rule that never fits is worse than none.
    """
    book = HoldBook([rule(1, scope, text)])
    mail = Held(
        "s@[IPv6:2001:db8::1]", "r@xn--bcher-kva.example", "xn--bcher-kva.example", "[IPv6:2001:db8::2]", None, ""
    )
    assert book.find(mail) is not None


def test_of_several_rules_the_oldest_counts_and_the_first_end_is_known() -> None:
    rules = [
        rule(9, "client", "192.0.2.7", ends_at=50.0),
        rule(3, "recipient", "@a.example", ends_at=90.0, reason="a leak"),
        rule(5, "account", "shop"),
    ]
    book = HoldBook(rules)
    found = book.find(MAIL)
    assert found is not None
    assert ("hold rule 3, recipient @a.example: a leak", 50.0) == (found.words, book.ends_at)
    assert "hold rule 5, account shop" == rules[2].words


def test_without_rules_nothing_is_held() -> None:
    book = HoldBook()
    assert (False, None, None) == (bool(book), book.ends_at, book.find(MAIL))


@pytest.mark.parametrize(
    ("scope", "text", "words"),
    [
        ("subject", "x", "not a scope"),
        ("account", "", "1 to 1024 characters"),
        ("account", "x" * 1025, "1 to 1024 characters"),
        ("recipient", "<>", "neither an address nor @domain"),
        ("sender", "*@shop.example", "neither an address nor @domain nor .*: use @shop.example"),
        ("sender", "@", "neither an address nor @domain"),
        ("sender", "shop.example", "neither an address nor @domain"),
        ("client", "a.example", "not an IP address"),
        ("destination", "a b", "not a domain name"),
        ("destination", "@a.example", "not a domain name"),
        ("destination", "*a.example", "not a domain name"),
        ("destination", "a.example:25", "not a domain, a destination"),
        ("destination", "mx:mx.example", "know no MX hosts"),
    ],
)
def test_what_no_rule_can_be_is_refused(scope: str, text: str, words: str) -> None:
    with pytest.raises(SyntaxViolation, match=words):
        HoldPattern.parse(scope, text)
