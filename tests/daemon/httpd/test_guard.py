"""Networks and tokens: who may read what."""

import pytest

from empath.storage.queue.api_tokens import RecordTokenRefusal, RecordTokenUse
from tests.daemon.httpd.kit import HTTP, STRANGER, Web


@pytest.fixture
def web(tmp_path):
    """The application."""
    made = Web(tmp_path, f'{HTTP}networks = ["127.0.0.0/8"]\ntoken_networks = ["0.0.0.0/0"]\n')
    yield made
    made.close()


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [("/metrics", 200, "metrics"), ("/health/live", 200, '{"status": "live"}'), ("/health/ready", 503, None)],
)
def test_this_host_reads_without_a_token_and_a_stranger_with_one(web, path, status, body):
    """
    The answer to a stranger says how to get one, in the form of RFC 9457.
    """
    web.add_token("monitor")
    for answer in (web.get(path), web.get(path, "secret of monitor", STRANGER)):
        assert (status, True) == (answer.status_code, body is None or answer.text == body)
    refused = web.get(path, client=STRANGER)
    assert (401, "Bearer", "application/problem+json") == (
        *(refused.status_code, refused.headers["www-authenticate"], refused.headers["content-type"]),
    )
    assert ("Unauthorized", 401, True) == (
        *(refused.json["title"], refused.json["status"], "empath-admin token add" in refused.json["detail"]),
    )


@pytest.mark.parametrize("token", ["secret of nobody", "", "x" * 5000, "secret of monitor ü"])
def test_a_wrong_token_is_refused_and_in_the_audit(web, token):
    """
    Once for a client that goes on, which has to wait then. Behind a proxy its address is that of everybody: a good
    token is let in all the same.
    """
    web.add_token("monitor")
    codes = [web.get("/metrics", token, STRANGER).status_code for _ in range(12)]
    assert [401] * 10 + [429] * 2 == codes
    assert 0 < int(web.get("/metrics", token, STRANGER).headers["retry-after"]) <= 7
    assert 200 == web.get("/metrics", "secret of monitor", STRANGER).status_code
    assert 200 == web.get("/metrics", "secret of monitor", "192.0.2.8").status_code
    assert [(STRANGER, "no such token")] == [(each.client, each.reason) for each in web.reported]
    assert [RecordTokenRefusal, RecordTokenUse] == [type(each) for each in web.written]
    assert [("httpd", STRANGER)] == web.queue.select("SELECT who, object FROM audit WHERE what = 'token refused'")


def test_a_token_has_networks_a_role_and_an_end(web):
    web.add_token("elsewhere", networks="198.51.100.0/24")
    web.add_token("over", expires_at=1e9)
    web.add_token("sender", role="inject")
    answers = [web.get("/metrics", f"secret of {name}", STRANGER) for name in ("elsewhere", "over", "sender")]
    assert [401, 401, 403] == [each.status_code for each in answers]
    assert "the role inject" in answers[2].json["detail"]
    assert ["the token is for other networks", "the token has expired"] == [each.reason for each in web.reported]


def test_a_clock_that_steps_back_keeps_nobody_out(web):
    """
    A wrong token of the time before would count as one that is still to come.
    """
    web.add_token("monitor")
    assert 401 == web.get("/metrics", "wrong", STRANGER).status_code
    earlier = web.guard.clock() - 3600
    web.guard.clock = lambda: earlier
    assert 200 == web.get("/metrics", "secret of monitor", STRANGER).status_code


def test_a_token_that_is_over_is_no_guess(web):
    """
    A program that goes on with it is refused, and keeps no other program of its address out. It is told of once.
    """
    web.add_token("over", expires_at=1e9)
    web.add_token("monitor")
    assert {401} == {web.get("/metrics", "secret of over", STRANGER).status_code for _ in range(30)}
    assert 200 == web.get("/metrics", "secret of monitor", STRANGER).status_code
    assert [(STRANGER, "the token has expired")] == [(each.client, each.reason) for each in web.reported]


@pytest.mark.parametrize("path", ["/metrics", "/health/live", "/health/ready", "/api/v1/queue", "/api/v1/openapi.json"])
def test_head_answers_as_get_without_the_body(web, path):
    """
    Load balancers and monitors ask by HEAD.
    """
    web.add_token("monitor")
    got, head = (web.get(path, "secret of monitor", method=method) for method in ("GET", "HEAD"))
    assert (got.status_code, got.headers["content-type"], "") == (
        *(head.status_code, head.headers["content-type"], head.text),
    )
    assert 401 == web.get(path, client=STRANGER, method="HEAD").status_code


@pytest.mark.parametrize(
    ("method", "path", "title"), [("PUT", "/metrics", "Method Not Allowed"), ("GET", "/x", "Not Found")]
)
def test_the_title_of_a_problem_is_that_of_its_status(web, method, path, title):
    assert title == web.get(path, method=method).json["title"]


def test_a_token_is_of_no_use_from_the_moment_it_is_revoked(web):
    """
    The tokens are read again after each commit, whoever made it.
    """
    web.add_token("monitor")
    assert 200 == web.get("/metrics", "secret of monitor", STRANGER).status_code
    web.queue.write("DELETE FROM token")
    assert 401 == web.get("/metrics", "secret of monitor", STRANGER).status_code


def test_the_last_use_is_written_once_a_minute(web):
    web.add_token("monitor")
    for _ in range(3):
        web.get("/metrics", "secret of monitor", STRANGER)
    assert 1 == len(web.written)
    assert [(STRANGER,)] == web.queue.select("SELECT last_client FROM token")


def test_clients_of_a_unix_socket_have_no_address(tmp_path):
    """
    The mode of the socket says who may read. Its clients are in no network.
    """
    web = Web(tmp_path, is_local=True)
    assert 200 == web.get("/metrics", client="").status_code
    web.close()


def test_an_unknown_page_is_a_problem_too(web):
    answer = web.get("/nothing")
    assert (404, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert 405 == web.get("/metrics", method="POST").status_code
