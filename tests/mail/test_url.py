"""Addresses of HTTP endpoints."""

import pytest

from empath.errors import SyntaxViolation
from empath.mail.url import is_private, parse_broker_url, parse_secure_url, parse_url


def test_a_secret_goes_by_tls_or_stays_on_this_host():
    """
    What is no secret may go anywhere.
    """
    for url in ("https://a.test/x", "http://127.0.0.1:8080", "http://[::1]/", "http://localhost/x?y"):
        assert parse_url(url) == parse_secure_url(url)
        assert is_private(parse_url(url))
    assert not is_private(parse_url("http://a.test"))
    with pytest.raises(SyntaxViolation, match="use https"):
        parse_secure_url("http://a.test")


@pytest.mark.parametrize(
    "url", ["", "a.test", "ftp://a.test", "http://u@a.test", "http://a.test/#x", "http://:1", "http://a:x", "http://é"]
)
def test_anything_else_is_no_url(url):
    """
    Neither of the two takes it.
    """
    for parse in (parse_url, parse_secure_url):
        with pytest.raises(SyntaxViolation, match="not a URL"):
            parse(url)


def test_the_password_of_a_user_is_not_said():
    """
    A configuration that is refused at a reload is named in the log.
    """
    for parse in (parse_url, parse_secure_url):
        with pytest.raises(SyntaxViolation, match=r"'https://…@a\.test/x'") as caught:
            parse("https://me:p@ss@a.test/x")
        assert "ss" not in str(caught.value)


def test_a_broker_is_reached_by_tls_or_is_on_this_host():
    """
    Its scheme says which.
    """
    for url in ("amqps://mq.test/mail", "amqps://mq.test:1", "amqp://127.0.0.1:5672/%2f", "amqp://[::1]"):
        assert url == parse_broker_url(url, "amqps", "amqp").geturl()
    for url in ("amqp://mq.test", "https://mq.test", "amqps://mq.test/a?b=c", "amqps://me:pw@mq.test"):
        with pytest.raises(SyntaxViolation, match="use amqps://host, or amqp:// for") as caught:
            parse_broker_url(url, "amqps", "amqp")
        assert "pw" not in str(caught.value)
