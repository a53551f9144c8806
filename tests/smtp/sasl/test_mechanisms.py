"""The table of mechanisms."""

import pytest

from empath.smtp.sasl.bearer import BearerServer
from empath.smtp.sasl.mechanisms import Mechanism, begin_exchange
from empath.smtp.sasl.password import LoginServer, PlainServer
from empath.smtp.sasl.scram import ScramServer


@pytest.mark.parametrize(
    ("mechanism", "kind"),
    [
        (Mechanism.PLAIN, PlainServer),
        (Mechanism.LOGIN, LoginServer),
        (Mechanism.OAUTHBEARER, BearerServer),
        (Mechanism.XOAUTH2, BearerServer),
        (Mechanism.SCRAM_SHA_256, ScramServer),
        (Mechanism.SCRAM_SHA_256_PLUS, ScramServer),
    ],
)
def test_each_mechanism_has_its_exchange(mechanism, kind):
    assert isinstance(begin_exchange(mechanism, "nonce", {}, offers_plus=False), kind)


def test_each_mechanism_needs_one_thing_of_an_account():
    """
    A back end that has only passwords offers only what needs a password, and so on.
    """
    assert all(each.has_password + each.has_token + each.has_keys == 1 for each in Mechanism)
