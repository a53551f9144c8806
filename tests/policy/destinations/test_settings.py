"""What can be set for a destination."""

from dataclasses import fields

import pytest

from empath.errors import SyntaxViolation
from empath.policy.destinations.settings import BUILT_IN, SETTINGS, DestinationSettings

WRONG = {
    "concurrency": ("", "0", "-1", "1.5", "1000001", "12345678", "¹", "x"),
    "retry": ("", "5m*0", "soon"),
    "without_8bitmime": ("", "Convert", "send"),
    "schedule": (
        "",
        "Mon",
        "08:00",
        "08:00-18:60",
        "25:00-26:00",
        "Mo 08:00-18:00",
        "Mon-Foo 08:00-18:00",
        ",".join(["08:00-09:00"] * 51),
    ),
    "source": ("", "a b", "-x", "x" * 101),
    "overflow": ("", "a b", "-x", "x" * 101),
    "not_before": ("", "tomorrow", "2026-13-01"),
    "tls": ("", "MAY", "must", "fingerprint:", "fingerprint:SHA1:ab"),
    "rate": ("", "100", "100/0s", "100/1m burst", "100/1m burst 0", "100/1m burst 101", "100/1m burst ¹"),
    "route": ("", "MX", "relay.example", "maildir:relative"),
    "chunking": ("", "True", "1"),
    "fold_lines": ("", "yes", "FALSE"),
    "verp": ("", "yes", "1"),
}


def test_each_attribute_has_its_row():
    """
    One name for the attribute, the key of the file and the column of the view.
    """
    assert [field.name for field in fields(DestinationSettings)] == list(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_value_is_written_as_it_is_read(name):
    """
    The file, the view and `check --effective` have one form.
    """
    setting = SETTINGS[name]
    assert setting.read(setting.example) == setting.read(setting.write(setting.read(setting.example)))
    default = getattr(BUILT_IN, name)
    assert default in (None, ()) or default == setting.read(setting.write(default))


@pytest.mark.parametrize("name", SETTINGS)
def test_what_is_no_value_is_refused_in_a_sentence(name):
    """
    A row that cannot be used must say why.
    """
    for text in WRONG[name]:
        with pytest.raises(SyntaxViolation):
            SETTINGS[name].read(text)


def test_a_setting_of_reception_has_no_pattern_of_mx_hosts():
    """
    They are not known when mail comes in.
    """
    with pytest.raises(SyntaxViolation, match="names no MX hosts"):
        SETTINGS["verp"].refuse_pattern("mx:*.mail.example")
    SETTINGS["verp"].refuse_pattern("smtp:relay.example:25")
