"""A consumer of the configuration."""

from empath.policy.events.consumer import types_text


def test_types_are_written_in_one_order():
    """
    A change of their order in the file is none.
    """
    assert "bounced held" == types_text({"held", "bounced"})
