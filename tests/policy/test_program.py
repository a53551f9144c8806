"""Programs: their arguments, and what their end means."""

import pytest

from empath.errors import SyntaxViolation
from empath.policy.program import ProgramEnd, arguments_for, check_arguments, reply_of

RECIPIENTS = ["one@a.test", "two@b.test"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["/p", "-f", "{sender}", "--", "{recipient}"], ["/p", "-f", "s@c.test", "--", "one@a.test", "two@b.test"]),
        (["/p", "{local_part}+{domain}"], ["/p", "one+a.test", "two+b.test"]),
        (["/p", "--id={queue_id}", "{}", "{x"], ["/p", "--id=01Q", "{}", "{x"]),
        (["/p"], ["/p"]),
    ],
)
def test_placeholders_are_filled_in(arguments, expected):
    """
    An argument about the recipient is there once for each of them.
    """
    check_arguments(arguments)
    assert expected == arguments_for(arguments, "s@c.test", RECIPIENTS, "01Q")


@pytest.mark.parametrize(
    ("argument", "sender"), [("{recipient}", "s@c.test"), ("{local_part}", "s@c.test"), ("{sender}", "-s@c.test")]
)
def test_an_address_is_never_an_option(argument, sender):
    """
    `-oX@example.org` is a valid address, and an option of many programs.
    """
    recipients = ["-f@a.test"] if sender == "s@c.test" else RECIPIENTS
    with pytest.raises(SyntaxViolation, match="dash"):
        arguments_for(["/p", argument], sender, recipients, "01Q")
    assert ["/p", "--to=-f@a.test"] == arguments_for(["/p", "--to={recipient}"], sender, ["-f@a.test"], "01Q")
    assert ["/p", "-x"] == arguments_for(["/p", "-x"], "", ["a@b.test"], "01Q")


def test_a_value_is_not_read_for_placeholders_again():
    """
    A recipient may be called {sender}.
    """
    assert ["/p", "{sender}@a.test"] == arguments_for(["/p", "{recipient}"], "s@c.test", ["{sender}@a.test"], "01Q")


@pytest.mark.parametrize("arguments", [[], ["p"], ["/{domain}"], ["/p", "{rcpt}"], ["/p", "a\nb"], ["/p\x00"]])
def test_an_impossible_command_is_refused(arguments):
    """
    At the reload, and not at the first mail.
    """
    with pytest.raises(SyntaxViolation):
        check_arguments(arguments)


@pytest.mark.parametrize(
    ("end", "reply"),
    [
        (ProgramEnd(0), "250 2.0.0 delivered to pipe p"),
        (ProgramEnd(0, b"\n saved \nmore"), "250 2.0.0 delivered to pipe p: saved"),
        (ProgramEnd(0, b"5.1.1 not me"), "250 2.0.0 delivered to pipe p: 5.1.1 not me"),
        (ProgramEnd(67), "550 5.1.1 pipe p: user unknown"),
        (ProgramEnd(67, b"no such box\x07"), "550 5.1.1 pipe p: user unknown: no such box?"),
        (ProgramEnd(75, b"busy"), "451 4.3.0 pipe p: temporary failure: busy"),
        (ProgramEnd(78), "550 5.3.5 pipe p: local configuration error"),
        (ProgramEnd(1), "550 5.3.0 pipe p: exit code 1"),
        (ProgramEnd(127, b"sh: x: not found"), "451 4.3.5 pipe p: a program was not found: sh: x: not found"),
        (ProgramEnd(1, b"4.2.2 mailbox full\n"), "451 4.2.2 pipe p: mailbox full"),
        (ProgramEnd(75, b"5.02.1"), "550 5.2.1 pipe p: temporary failure"),
        (ProgramEnd(1, b"4.2.2.2 odd"), "550 5.3.0 pipe p: exit code 1: 4.2.2.2 odd"),
        (ProgramEnd(-11, b"x"), "451 4.3.0 pipe p: ended by signal 11: x"),
        (ProgramEnd(-9, b"x", "too late"), "451 4.3.0 pipe p: too late"),
        (ProgramEnd(1, b"y" * 999), f"550 5.3.0 pipe p: exit code 1: {'y' * 300}"),
        (ProgramEnd(1, b"\xff\xfe"), "550 5.3.0 pipe p: exit code 1: \N{REPLACEMENT CHARACTER}" * 1),
    ],
)
def test_the_end_of_a_program_decides(end, reply):
    """
    As pipe(8) of Postfix: 0 delivers, 75 and signals defer, anything else bounces; a status in the output goes first.
    """
    assert str(reply_of("p", end)).startswith(reply)
