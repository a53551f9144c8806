"""Rules for recipients, and what aliases make of an address."""

import pytest

from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.policy.recipients import (
    MOST_STEPS,
    MOST_TARGETS,
    Expansion,
    RecipientRule,
    UnusableAlias,
    catch_all,
    folded,
    hears_all_clients,
    is_of_any_postmaster,
    loop_mark,
    parse_pattern,
    spellings,
)


def address(text):
    return Address.parse(text)


def expanded(start, aliases):
    """What becomes of *start* with exact *aliases*."""
    expansion = Expansion(address(start))
    while (question := expansion.question) is not None:
        expansion.answer(aliases.get(str(question), ()))
    return [str(each) for each in expansion.recipients]


@pytest.mark.parametrize("text", ["any", "listed", "listed:/etc/list", "verify", "verify:lmtp://127.0.0.1:24"])
def test_a_rule_is_written_as_it_is_read(text):
    assert text == str(RecipientRule.parse(text))


@pytest.mark.parametrize(
    "text", ["", "some", "any:", "listed:", "verify:", "verify:smtp://127.0.0.1", "verify:lmtp://x"]
)
def test_anything_else_is_not_a_rule(text):
    with pytest.raises(SyntaxViolation):
        RecipientRule.parse(text)


def test_an_address_is_looked_up_whole_and_then_without_its_tag():
    """
    A person may give one tag a way of its own.
    """
    assert ("ann+news@d.test", "ann@d.test") == spellings(address("Ann+News@D.test"), "+")
    assert ("ann+news@d.test",) == spellings(address("ann+news@d.test"), "")
    assert ("+news@d.test",) == spellings(address("+news@d.test"), "+")


def test_only_ascii_letters_are_folded():
    """
    SQLite's lower() folds no others, and rows must be found.
    """
    assert "aÄb@d.test" == folded("AÄB@d.test")


def test_a_pattern_is_an_address_or_a_domain():
    assert ("a@d.test", "@d.test") == (parse_pattern("A@D.test"), parse_pattern("@D.test"))
    with pytest.raises(SyntaxViolation):
        parse_pattern("a")
    assert "@d.test" == catch_all(address("a@d.test"))


def test_targets_are_expanded_again():
    aliases = {"team@d.test": ("ann@d.test", "bob@d.test"), "bob@d.test": ("bob@e.test",)}
    assert ["ann@d.test", "bob@e.test"] == expanded("team@d.test", aliases)


def test_a_target_that_two_ways_lead_to_is_there_once():
    aliases = {"all@d.test": ("a@d.test", "b@d.test"), "a@d.test": ("c@d.test",), "b@d.test": ("c@d.test",)}
    assert ["c@d.test"] == expanded("all@d.test", aliases)


def test_an_alias_that_names_itself_keeps_its_mailbox():
    assert ["Ann@d.test", "ann@e.test"] == expanded("Ann@d.test", {"Ann@d.test": ("ann@d.test", "ann@e.test")})


def test_a_domain_as_target_keeps_the_local_part():
    assert ["ann@new.test"] == expanded("ann@old.test", {"ann@old.test": ("@new.test",)})


def test_a_circle_is_found():
    with pytest.raises(UnusableAlias, match=r"leads back to a@d\.test"):
        expanded("a@d.test", {"a@d.test": ("b@d.test",), "b@d.test": ("a@d.test",)})


def test_an_expansion_has_ten_steps_at_most():
    chain = {f"a{step}@d.test": (f"a{step + 1}@d.test",) for step in range(MOST_STEPS)}
    assert [f"a{MOST_STEPS}@d.test"] == expanded("a0@d.test", chain)
    chain[f"a{MOST_STEPS}@d.test"] = ("end@d.test",)
    with pytest.raises(UnusableAlias, match="more than 10 steps"):
        expanded("a0@d.test", chain)


def test_an_expansion_has_a_thousand_targets_at_most():
    wide = [f"a{number}@d.test" for number in range(MOST_TARGETS)]
    assert wide == expanded("all@d.test", {"all@d.test": wide})
    with pytest.raises(UnusableAlias, match="more than 1000 targets"):
        expanded("all@d.test", {"all@d.test": [*wide, "one@more.test"]})


def test_a_target_that_is_not_an_address_is_named():
    """
    SQL looks at rows only roughly.
    """
    with pytest.raises(UnusableAlias, match=r"a@d\.test has the target 'b@'"):
        expanded("a@d.test", {"a@d.test": ("b@",)})


def test_each_domain_has_a_postmaster():
    assert is_of_any_postmaster(address("PostMaster@d.test"))
    assert not is_of_any_postmaster(address("ann@d.test"))


def test_the_mark_of_an_alias_is_the_same_in_any_case_and_differs_by_key():
    """
    Another host cannot tell the address by it.
    """
    known = (("k", "A@x.test"), ("k", "a@X.test"), ("l", "a@x.test"))
    marks = [loop_mark(key, Address.parse(text)) for key, text in known]
    assert (16, True, False) == (len(marks[0]), marks[0] == marks[1], marks[1] == marks[2])


def test_postmaster_and_abuse_hear_all_clients():
    """
    There a client can say that a list is wrong.
    """
    heard = [hears_all_clients(Address.parse(f"{name}@x.test")) for name in ("Postmaster", "abuse", "ann")]
    assert [True, True, False] == heard
