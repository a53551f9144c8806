"""Characters that steer a terminal are escaped."""

from empath.mail.printable import printable


def test_text_without_such_characters_is_left_alone() -> None:
    """
    It may have letters of every script, quotes and backslashes.
    """
    assert "ü\"'\\[日本]" == printable("ü\"'\\[日本]")


def test_what_steers_a_terminal_is_escaped() -> None:
    """
    C0, C1, DEL, line ends, marks of writing direction and lone surrogates are escaped, and nothing else.
    """
    text = "\x00\x1b\x7f\x9b\n\u2028\u202e\u2066\u200b\ud800 ü"
    assert r"\x00\x1b\x7f\x9b\n\u2028\u202e\u2066\u200b\ud800 ü" == printable(text)
