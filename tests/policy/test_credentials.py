from typing import Any

import pytest

from empath.policy.credentials import is_secret, without_credentials


@pytest.mark.parametrize("name", ["password", "smtp_password", "tokens", "api-key", "SigningKey", "client_secret"])
def test_a_name_says_that_it_has_a_secret(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["token_name", "key", "pattern", "passes"])
def test_other_names_have_none(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"password": "x", "name": "bob"}, {"password": "…", "name": "bob"}),
        ({"password": "", "secret": None, "tokens": True}, {"password": "", "secret": None, "tokens": True}),
        ({"token": 7}, {"token": "…"}),
        ({"routes": ["smtp://bob:x@relay.example", 25]}, {"routes": ["smtp://…@relay.example", 25]}),
        ("https://a.example/?api_key=x&page=2", "https://a.example/?api_key=…&page=2"),
        ("api_key=x", "api_key=x"),
    ],
)
def test_secrets_are_masked_wherever_they_are(given: Any, expected: Any) -> None:
    assert expected == without_credentials(given)
