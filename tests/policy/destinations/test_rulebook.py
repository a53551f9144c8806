"""What holds of a destination, by the layers of rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.mail.identity import Timestamp
from empath.policy.destinations.rulebook import (
    DestinationPattern,
    Layer,
    Origin,
    RuleBook,
    RuleRow,
    domain_and_next_hop,
)
from empath.policy.destinations.settings import BUILT_IN, SETTINGS
from empath.policy.limits.rate import Rate
from empath.policy.retry import RetrySchedule

RELAY = "smtp:relay.example.net:25"
OVER_NETWORK = {"tls", "source", "overflow"}
IN_SESSION = {"without_8bitmime", "chunking", "fold_lines", "verp"}
MX = ("a.mail.example.com", "b.mail.example.com")


def book(file=(), rows=()):
    """A book in which the concurrency of each pattern is its place, from 1."""
    entries = [(DestinationPattern.parse(text), {"concurrency": place}) for place, text in enumerate(file, 1)]
    return RuleBook(BUILT_IN, entries, rows)


def row(number, pattern="example.org", value="3", setting="concurrency", **more):
    return RuleRow(number, pattern, setting, value, **more)


def test_without_a_rule_the_built_in_values_hold():
    """
    A configuration without the table needs none.
    """
    assert (BUILT_IN, Origin(Layer.BUILT_IN)) == (book().find("a.test"), book().origin("concurrency", "a.test"))
    assert "built-in" == str(book().origin("concurrency", None))


@pytest.mark.parametrize(
    ("left_out", "best"),
    list(
        enumerate(
            [
                "example.org",
                RELAY,
                "*.org",
                "mx:a.mail.example.com",
                "mx:b.mail.example.com",
                "mx:*.mail.example.com",
                "mx:*.example.com",
                "*",
            ]
        )
    ),
)
def test_the_most_exact_pattern_that_fits_decides(left_out, best):
    """
    Whatever the order in the file: the domain, the next hop, what is above the domain, the MX hosts, all.
    """
    order = [
        "example.org", RELAY, "*.org", "mx:a.mail.example.com", "mx:b.mail.example.com", "mx:*.mail.example.com",
        "mx:*.example.com", "*",
    ]  # fmt: skip
    rules = book([*reversed(order[left_out:]), "mx:*.test", "*.example.org", "other.test"])
    assert best == rules.origin("concurrency", "example.org", RELAY, MX).pattern
    assert len(order) - left_out - order[left_out:].index(best) == rules.find("example.org", RELAY, MX).concurrency


def test_each_setting_is_found_apart():
    """
    An exception for one setting does not hide the others of a wider pattern.
    """
    rules = RuleBook(
        BUILT_IN,
        [
            (DestinationPattern("*"), {"concurrency": 4, "retry": ((60.0, 1),)}),
            (DestinationPattern("example.org"), {"retry": ((90.0, 1),)}),
        ],
    )
    found = rules.find("example.org")
    assert (4, ((90.0, 1),), "convert") == (found.concurrency, found.retry, found.without_8bitmime)
    assert ["*", "example.org", None] == [
        rules.origin(name, "example.org").pattern for name in ("concurrency", "retry", "without_8bitmime")
    ]
    assert [True, False] == [rules.gives(name) for name in ("retry", "without_8bitmime")]


def test_a_row_comes_before_the_file_at_the_same_pattern_only():
    """
    A row for all destinations does not undo what the file says of one.
    """
    rules = book(["example.org", "a.test"], [row(7, "Example.ORG", "9"), row(8, "*", "8", reason="slow today")])
    assert [9, 2, 8] == [rules.find(name).concurrency for name in ("example.org", "a.test", "b.test")]
    origin = rules.origin("concurrency", "b.test")
    assert (Layer.ROW, 8, "rule 8 for *: slow today") == (origin.layer, origin.rule_id, str(origin))
    assert '[destinations."a.test"]' == str(rules.origin("concurrency", "a.test"))


def test_a_row_with_an_end_stands_in_for_one_without():
    """
    What a person set for good is in force again when the exception is over.
    """
    until = Timestamp(2_000_000_000.0)
    rules = book(rows=[row(1, value="5", expires_at=until), row(2, value="6"), row(3, "b.test", expires_at=until + 1)])
    assert (5, until) == (rules.find("example.org").concurrency, rules.ends_at)
    assert "rule 1 for example.org until 2033-05-18T03:33:20Z" == str(rules.origin("concurrency", "example.org"))


def test_a_row_that_nothing_can_be_made_of_is_left_out():
    """
    A row of a newer version, or a slip of a pen, must not take the other rules away.
    """
    rules = book(rows=[row(1, "a b"), row(2, value="many"), row(3, setting="speed"), row(4, "good.test")])
    assert 3 == rules.find("good.test").concurrency
    assert [1, 2, 3] == [rule.row.rule_id for rule in rules.unusable]
    assert all(rule.words for rule in rules.unusable)


def test_a_destination_is_a_domain_or_a_next_hop():
    """
    A limit of a next hop counts for all domains that share it.
    """
    assert ("example.org", None) == domain_and_next_hop("example.org")
    assert ("[IPv6:2001:db8::1]", None) == domain_and_next_hop("[IPv6:2001:db8::1]")
    assert (None, RELAY) == domain_and_next_hop(RELAY)
    rules = book(["example.org", RELAY])
    assert [1, 2] == [rules.of_destination(name).concurrency for name in ("example.org", RELAY)]


def test_a_book_remembers_what_it_found_up_to_a_bound():
    """
    Who keeps what follows from a setting may compare by identity; mail to a million domains needs no memory for each.
    """
    rules = book(["example.org"])
    first = rules.find("example.org", None, MX)
    assert first is rules.find("example.org")
    for number in range(10_001):
        rules.find(f"{number}.test")
    again = rules.find("example.org")
    assert first == again
    assert first is not again
    assert book(["*"]).find("a.test") is not None
    assert [False, True] == [rules.has_mx, book(["mx:a.test"]).has_mx]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("*", "*"),
        ("Bücher.Example.", "xn--bcher-kva.example"),
        ("*.Example.org", "*.example.org"),
        ("[IPv6:2001:DB8::1]", "[IPv6:2001:db8::1]"),
        ("mx:Mail.Example.org", "mx:mail.example.org"),
        ("mx:*.Example.org", "mx:*.example.org"),
        ("smtp:Relay.example.net", RELAY),
        ("smtp://relay.example.net", RELAY),
        ("smtp:[2001:DB8::1]:26", "smtp:[2001:db8::1]:26"),
        ("smtp:/run/filter", "smtp:/run/filter"),
        ("maildir:/var/mail/a b", "maildir:/var/mail/a b"),
        ("discard:", "discard:"),
    ],
)
def test_a_pattern_has_one_spelling(text, folded):
    """
    A rule that looks right fits.
    """
    assert folded == str(DestinationPattern.parse(text))
    assert folded == str(DestinationPattern.parse(folded))


@pytest.mark.parametrize(
    "text", ["", "a b", "mx:*", "mx:", "mx:[192.0.2.1]", "*.", "smtp:a:0", "x\x01:y", "Maildir:/a", "[x]"]
)
def test_what_is_no_pattern_is_refused(text):
    """
    A rule that fits nothing would be a mistake that nobody sees.
    """
    with pytest.raises(SyntaxViolation):
        DestinationPattern.parse(text)


PATTERNS = ["a.test", "*.a.test", "*.test", "*", RELAY, "mx:a.test", "mx:*.a.test"]
NAMES = st.sampled_from(["a.test", "b.a.test", "c.b.a.test", "test", "[192.0.2.1]"])


@given(
    patterns=st.lists(
        st.sampled_from(["a.test", "*.a.test", "*.test", "*", RELAY, "mx:a.test", "mx:*.a.test"]), unique=True
    ),
    domain=NAMES,
    next_hop=st.none() | st.just(RELAY),
    hosts=st.lists(st.sampled_from(["a.test", "b.a.test"]), unique=True).map(tuple),
)
def test_value_and_origin_agree(patterns, domain, next_hop, hosts):
    """
    An explanation that names another rule than the one in force is worse than none.
    """
    rules = book(patterns)
    origin = rules.origin("concurrency", domain, next_hop, hosts)
    expected = BUILT_IN.concurrency if origin.pattern is None else 1 + patterns.index(origin.pattern)
    assert expected == rules.find(domain, next_hop, hosts).concurrency


def rates(**by_pattern):
    """A book of rates of so many a minute; None for a pattern that lifts the rate."""
    entries = [
        (DestinationPattern.parse(text), {"rate": None if count is None else Rate(count, 60.0)})
        for text, count in by_pattern.items()
    ]
    return RuleBook(BUILT_IN, entries)


def test_a_destination_has_a_bucket_of_its_own_and_one_of_its_provider():
    """
    The provider counts all mail to its hosts; a domain may have less.
    """
    found = rates(**{"*": 9, "example.org": 1, "mx:*.mail.example.com": 5, "mx:*.example.com": 7, "mx:b.x": 8})
    assert [("destination example.org", 1), ("provider mx:*.mail.example.com", 5)] == [
        (bucket.name, bucket.rate.count) for bucket in found.buckets("example.org", MX)
    ]
    assert [("destination a.test", 9)] == [(bucket.name, bucket.rate.count) for bucket in found.buckets("a.test")]
    assert [(f"destination {RELAY}", 9)] == [(bucket.name, bucket.rate.count) for bucket in found.buckets(RELAY)]


def test_a_more_exact_pattern_lifts_a_rate():
    """
    "none" is a value as any other.
    """
    found = rates(**{"*": 9, "example.org": None, "mx:*.example.com": 7, "mx:*.mail.example.com": None})
    assert () == found.buckets("example.org", MX)
    assert () == book(["*"]).buckets("example.org", MX)


def test_the_delays_of_a_rule_replace_the_usual_ones():
    """
    The jitter stays: mail that came together should not all be tried again at once.
    """
    usual, steps = RetrySchedule(60.0, 3600.0, 0.1), ((300.0, 2), (3600.0, 1))
    rules = RuleBook(BUILT_IN, [(DestinationPattern.parse("example.org"), {"retry": steps})])
    assert RetrySchedule(60.0, 3600.0, 0.1, steps) == rules.retries_of(usual, "example.org")
    assert RetrySchedule(60.0, 3600.0, 0.1, steps) == rules.retries_of(usual, RELAY, "example.org")
    assert usual is rules.retries_of(usual, "a.test")


def test_a_row_that_gives_a_route_to_a_next_hop_is_unusable():
    """
    A route says what the next hop is.
    """
    rules = RuleBook(
        BUILT_IN, rows=[RuleRow(1, "smtp:relay.test:25", "route", "mx"), RuleRow(2, "a.test", "route", "mx")]
    )
    assert [1] == [each.row.rule_id for each in rules.unusable]
    assert ["a.test"] == [origin.pattern for _, origin in rules.each("route")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("smtp://a.test*2, smtp://b.test", "smtp:a.test:25,smtp:b.test:25"),
        ("smtp:A.test:25,smtps:b.test", "smtp:a.test:25,smtps:b.test:465"),
        ("smtps://a.test", "smtps:a.test:465"),
        ("lmtp:/run/a,b", "lmtp:/run/a,b"),
    ],
)
def test_a_list_of_next_hops_is_a_pattern_by_its_name(text, name):
    """
    Its limits hold of all its hops together.
    """
    assert name == str(DestinationPattern.parse(text))


def test_every_setting_is_explained_by_the_destination_or_by_the_recipient():
    """
    A connection to a next hop carries mail of many domains, so only what holds of a recipient follows its domain.
    """
    rules = RuleBook(
        BUILT_IN,
        [
            (DestinationPattern(RELAY), {"concurrency": 3}),
            (DestinationPattern("example.org"), {"concurrency": 4, "retry": ((60.0, 1),)}),
        ],
    )
    found = {each.setting: (each.value, str(each.origin)) for each in rules.explain(RELAY, "example.org")}
    assert {
        "concurrency": ("3", f'[destinations."{RELAY}"]'),
        "retry": ("1m", '[destinations."example.org"]'),
        "without_8bitmime": ("convert", "built-in"),
        "schedule": ("", "built-in"),
    } == {name: found[name] for name in ("concurrency", "retry", "without_8bitmime", "schedule")}
    own = {each.setting: each.value for each in rules.explain("example.org")}
    assert ("4", "1m") == (own["concurrency"], own["retry"])


@pytest.mark.parametrize(
    ("destination", "absent"),
    [
        ("example.org", set()),
        ("[2001:db8::1]", set()),
        (RELAY, {"route"}),
        ("smtps:relay.example.net:465,smtp:other.example:25", {"route"}),
        ("lmtp:/run/lmtp", {"route", *OVER_NETWORK}),
        ("maildir:/m", {"route", *OVER_NETWORK, *IN_SESSION}),
        ("pipe:a", {"route", *OVER_NETWORK, *IN_SESSION}),
        ("https://a.example/", {"route", *OVER_NETWORK, *IN_SESSION}),
    ],
)
def test_a_setting_without_an_effect_on_the_destination_is_left_out(destination, absent):
    """
    A program speaks no TLS: who sees the setting there would rely on it.
    """
    found = {each.setting for each in RuleBook(BUILT_IN).explain(destination)}
    assert SETTINGS.keys() - absent == found


def test_without_entries_each_destination_has_the_built_in_settings():
    """
    Nothing is looked up then.
    """
    assert BUILT_IN == RuleBook(BUILT_IN).of_destination("example.org")
