"""Mail that comes by HTTP: the checks of a submission session, the answers, and what is queued."""

import base64
import json
from email import message_from_bytes, policy
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import gevent
import pytest
from falcon.testing import create_environ
from gevent.event import Event

from empath.authentication.signer import Signer
from empath.authentication.signing_key import SigningKey
from empath.daemon.httpd.injection.reading import mailbox_of
from empath.daemon.process.tracing import Tracing
from empath.errors import QueueBusy, SyntaxViolation
from empath.policy.router import ROUTE_KEY
from empath.policy.senders import Senders
from empath.policy.tracing.context import trace_id_of
from empath.policy.tracing.spans import PROTOCOL, SESSION
from empath.storage.admin.accounts import AddAccount
from empath.storage.admin.suppression import AddSuppressions, NewSuppression
from empath.telemetry.occurrences.acceptor import Accepted, Deduplicated, Refused
from tests.config.test_tracing import read
from tests.daemon.httpd.kit import HTTP, Web
from tests.kit.queue import T0
from tests.kit.vectors import vectors
from tests.kit.waiting import DEADLINE_S

LETTER: dict[str, Any] = {"from": "App <app@example.org>", "to": ["ann@a.example"], "subject": "Hello", "text": "text"}


@pytest.fixture
def web(tmp_path):
    """The application with the way in."""
    yield from opened(tmp_path)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """The same for all tests that queue nothing."""
    yield from opened(tmp_path_factory.mktemp("web"))


def opened(path, more="", **runtime):
    """The application with *more* settings."""
    made = Web(path, HTTP + more)
    made.take_mail(**runtime)
    yield made
    made.close()


def post(web, body, token="secret of sender", **headers):
    """The answer to JSON."""
    wanted = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    wanted |= {name.replace("_", "-"): value for name, value in headers.items()}
    return web.client.simulate_post("/api/v1/messages", body=json.dumps(body), headers=wanted)


def raw(web, octets, token="secret of sender", key=None, **query):
    """The answer to a message in its own form."""
    headers = {"Content-Type": "message/rfc822", "Authorization": f"Bearer {token}"}
    if key is not None:
        headers["Idempotency-Key"] = key
    parameters = urlencode(query, doseq=True)
    return web.client.simulate_post("/api/v1/messages", body=octets, headers=headers, query_string=parameters)


def queued(web):
    """What the queue has: for each recipient the address, the reverse-path and the message."""
    rows = web.queue.select(
        "SELECT r.address, m.reverse_path, m.added_fields, c.octets FROM _recipient AS r"
        " JOIN _message AS m USING (message_id) JOIN _content AS c USING (message_id) ORDER BY r.recipient_id"
    )
    return [
        (to, sender, message_from_bytes(added + content, policy=policy.SMTP)) for to, sender, added, content in rows
    ]


def column(web, name):
    """A column of all messages."""
    return [value for (value,) in web.queue.select(f"SELECT {name} FROM _message ORDER BY message_id")]


def refusals(answer):
    """What is said of each recipient."""
    return [each["refusal"] for each in answer.json["results"]]


def test_a_message_by_its_parts(web):
    answer = post(web, LETTER | {"cc": ["Bob <bob@b.example>"], "bcc": ["eve@c.example"], "html": "<p>text"})
    assert (202, 3, 0) == (answer.status_code, answer.json["queued"], answer.json["refused"])
    [first, second, third] = answer.json["results"]
    assert {"recipient": "ann@a.example", "id": first["id"], "refusal": None} == first
    assert first["id"] == second["id"] == third["id"] == column(web, "ulid")[0]
    found = queued(web)
    assert ["ann@a.example", "bob@b.example", "eve@c.example"] == [to for to, _, _ in found]
    _, sender, message = found[0]
    assert ("app@example.org", "ann@a.example", "Bob <bob@b.example>") == (sender, message["To"], message["Cc"])
    assert message["Bcc"] is None
    assert "eve" not in str(message)
    assert message["Received"].startswith("by mx.example.test (Empath) with HTTP id")
    assert f"<{first['id']}@mx.example.test>" == message["Message-ID"]
    assert message["Date"] is not None
    [accepted] = [each for each in web.reported if isinstance(each, Accepted)]
    assert ("http", "token:sender", "127.0.0.1", 3) == (
        accepted.protocol, accepted.account, accepted.client, accepted.recipients
    )  # fmt: skip
    assert [("http", "token:sender")] == web.queue.select("SELECT listener, account FROM message")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('"Lee, Ann" <ann@a.example>', "Lee, Ann"),
        (' "Ann \\"A\\""\t<ann@a.example> ', 'Ann "A"'),
        ('"Ann"<ann@a.example>', "Ann"),
        ("Ann Lee <ann@a.example>", "Ann Lee"),
        ("<ann@a.example>", ""),
        (" ann@a.example ", ""),
    ],
)
def test_how_an_address_with_a_name_may_be_written(text, name):
    assert (name, "ann@a.example") == (mailbox_of("to", text).name, str(mailbox_of("to", text).address))


def test_base64_may_have_lines(web):
    """
    As `base64` and the encoders of most languages write it.
    """
    content = base64.encodebytes(b"x" * 100).decode().replace("\n", "\r\n")
    assert 202 == post(web, LETTER | {"attachments": [{"content": content}]}).status_code
    assert [b"x" * 100] == [part.get_payload(decode=True) for part in queued(web)[0][2].iter_attachments()]


def test_an_address_of_blanks_is_read_in_one_go():
    """
    Looked at from each blank anew, a thousand of them kept the process busy for a minute.
    """
    with pytest.raises(SyntaxViolation, match=r"to: "):
        mailbox_of("to", " " * 300_000)


def test_a_batch_with_values_of_each_recipient(web):
    """
    A message for each, and what is wrong with one is the result of that one.
    """
    body = {
        "from": "app@example.org",
        "sender": "bounces@example.org",
        "subject": "For {{name}}",
        "html": "<b>{{name}}</b> {{town}}",
        "variables": {"town": "Ulm"},
        "recipients": [
            {"to": "Ann <ann@a.example>", "variables": {"name": "A & B"}},
            {"to": {"address": "bob@b.example", "name": "Bob"}, "variables": {"name": 7, "town": "Köln"}},
            {"to": "eve@c.example"},
            {"to": "no address"},
            {"to": {"address": "nor this"}},
        ],
    }
    answer = post(web, body)
    assert 202 == answer.status_code
    assert [None, None, "there is no value for {{name}}", *["501 5.1.3 Bad recipient address syntax"] * 2] == refusals(
        answer
    )
    assert (2, 3) == (answer.json["queued"], answer.json["refused"])
    found = queued(web)
    assert [("ann@a.example", "bounces@example.org"), ("bob@b.example", "bounces@example.org")] == [
        each[:2] for each in found
    ]
    assert ["For A & B", "For 7"] == [message["Subject"] for _, _, message in found]
    bodies = [message.get_content().strip() for _, _, message in found]
    assert ["<b>A &amp; B</b> Ulm", "<b>7</b> Köln"] == bodies
    assert ["Ann <ann@a.example>", "Bob <bob@b.example>"] == [message["To"] for _, _, message in found]


def test_all_or_none(web):
    body = LETTER | {"to": [], "recipients": [{"to": "ann@a.example"}, {"to": "nobody"}], "all_or_none": True}
    answer = post(web, body)
    assert (422, 0) == (answer.status_code, answer.json["queued"])
    assert ["another recipient of the request was refused", "501 5.1.3 Bad recipient address syntax"] == refusals(
        answer
    )
    assert [] == queued(web)
    assert 202 == post(web, body | {"all_or_none": False}).status_code
    assert 202 == post(web, body | {"recipients": body["recipients"][:1]}).status_code
    assert 2 == len(queued(web))


def test_the_same_key_gets_the_same_answer(web):
    """
    Also when the two come at the same time, or after a restart: the answer is in the queue.
    """
    first = post(web, LETTER, Idempotency_Key="order 7")
    again = post(web, LETTER, Idempotency_Key="order 7")
    assert (202, first.json, "true") == (again.status_code, again.json, again.headers["Idempotency-Replayed"])
    assert "Idempotency-Replayed" not in first.headers
    other = post(web, LETTER | {"text": "other"}, Idempotency_Key="order 7")
    assert 422 == other.status_code
    assert "another request had this Idempotency-Key" in other.json["detail"]
    web.add_token("second", role="inject")
    assert first.json != post(web, LETTER, token="secret of second", Idempotency_Key="order 7").json
    assert 2 == len(queued(web))
    assert 400 == post(web, LETTER, Idempotency_Key="x" * 256).status_code


@pytest.mark.parametrize("is_raw", [True, False])
def test_twins_are_queued_once(web, is_raw):
    """
    Both are judged before either is committed: the transaction of the second finds the row of the first.
    """
    commit, waiting = web.runtime.writer.commit, []

    def commit_later(write, **more):
        waiting.append(write)
        while len(waiting) < 2:
            gevent.sleep(0)
        return commit(write, **more)

    web.runtime.writer.commit = commit_later
    octets = b"From: app@example.org\r\nTo: ann@a.example\r\n\r\ntext\r\n"

    def ask(n):
        return raw(web, octets, key="k") if is_raw else post(web, LETTER, Idempotency_Key="k")

    twins = [gevent.spawn(ask, n) for n in range(2)]
    gevent.joinall(twins, raise_error=True)
    first, second = (each.get() for each in twins)
    assert (202, 202) == (first.status_code, second.status_code)
    assert first.json == second.json
    assert 1 == len(queued(web))
    assert 1 == sum(isinstance(each, Deduplicated) for each in web.reported)
    waiting.append(None)
    if is_raw:
        assert 422 == raw(web, octets + b"more\r\n", key="k").status_code
    assert 1 == len(queued(web))


def test_a_queue_that_cannot_be_written_says_try_again(web):
    """
    202 only comes after the commit.
    """
    post(web, {})  # the use of the token is recorded
    web.commit_error = QueueBusy("locked")
    answer = post(web, LETTER, Idempotency_Key="k")
    assert (503, "5") == (answer.status_code, answer.headers["Retry-After"])
    assert ["451 4.3.0 The message could not be stored, try again later"] == refusals(answer)
    web.commit_error = None
    assert [] == queued(web)
    assert 202 == post(web, LETTER, Idempotency_Key="k").status_code


def test_a_message_in_its_own_form(web):
    octets = b"From: Ann <ann@a.example>\nTo: bob@b.example\nBcc: eve@c.example\nSubject: x\n\nGr\xc3\xbc\xc3\x9fe"
    answer = raw(web, octets)
    assert ["bob@b.example", "eve@c.example"] == [each["recipient"] for each in answer.json["results"]]
    [(_, sender, message), _] = queued(web)
    assert ("ann@a.example", None, "x") == (sender, message["Bcc"], message["Subject"])
    assert [b"Gr\xc3\xbc\xc3\x9fe\r\n"] == [
        content.partition(b"\r\n\r\n")[2] for (content,) in web.queue.select("SELECT octets FROM _content")
    ]
    answer = raw(web, octets, **{"from": "<>", "to": ["x@y.example", "z@y.example"], "metadata": '{"job": 7}'})
    assert ["x@y.example", "z@y.example"] == [each["recipient"] for each in answer.json["results"]]
    assert ["ann@a.example", ""] == column(web, "reverse_path")
    assert ["{}", '{"job": 7}'] == column(web, "metadata")


def test_a_message_in_its_own_form_within_json(web):
    octets = "From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\n\r\ntext"
    assert 202 == post(web, {"raw": octets}).status_code
    encoded = base64.b64encode(octets.encode()).decode()
    both = {"raw_base64": encoded, "sender": "", "recipients": [{"to": "x@y.example"}, {"to": "z@y.example"}]}
    ids = [each["id"] for each in post(web, both).json["results"]]
    assert 2 == len(set(ids))
    assert ["c@d.example", "x@y.example", "z@y.example"] == [to for to, _, _ in queued(web)]
    assert ["a@b.example", "", ""] == column(web, "reverse_path")


def test_large_content_goes_to_the_spool(web):
    octets = b"From: a@b.example\r\nTo: c@d.example\r\n\r\n" + b"x" * 78 * 1024 * 8
    octets = octets.replace(b"x" * 78, b"x" * 76 + b"\r\n")
    assert 202 == raw(web, octets).status_code
    attachment = {"content": base64.b64encode(b"y" * 1_000_000).decode(), "filename": "y.bin"}
    assert 202 == post(web, LETTER | {"attachments": [attachment]}).status_code
    files = [file for file in Path(web.runtime.config.queue.spool).rglob("*") if file.is_file() and file.stat().st_size]
    assert 2 == len([file for file in files if file.stat().st_size > 100_000])
    assert all(each.startswith("spool:") for each in column(web, "content_locator"))
    assert 0 == web.contexts.budget.held_octets


def test_when_and_how_first(web):
    answer = post(web, LETTER | {"send_at": "2033-05-18T05:33:20+02:00", "priority": 4, "metadata": {"job": [1]}})
    assert (503, "501 5.5.4 This mail may not be held for so long")[1] in answer.json["detail"]
    at = web.runtime.config.limits.hold_s
    assert at > 0
    assert 202 == post(web, LETTER | {"send_at": 1.5, "priority": 4, "metadata": {"job": [1]}}).status_code
    assert [(0, '{"job": [1]}')] == web.queue.select(
        "SELECT r.priority, m.metadata FROM _recipient AS r JOIN _message AS m USING (message_id)"
    )


def test_a_token_of_an_account_sends_as_that(tmp_path):
    """
    The senders of the account hold for the reverse-path and for From; a disabled one sends nothing.
    """
    web = next(opened(tmp_path, "[auth]\ncheck_from = true\n"))
    web.queue.run(AddAccount("shop", Senders.parse("@shop.example"), None, who="test", now=T0))
    web.add_token("shop", role="inject", account="shop")
    shop = "secret of shop"
    assert 202 == post(web, LETTER | {"from": "a@shop.example"}, token=shop).status_code
    assert ["shop"] == column(web, "account")
    refused = post(web, LETTER, token=shop)
    assert (403, ["553 5.7.1 Sender address not allowed for this account"]) == (refused.status_code, refusals(refused))
    forged = post(web, LETTER | {"sender": "a@shop.example"}, token=shop)
    assert (403, ["550 5.7.1 From address not allowed for this account"]) == (forged.status_code, refusals(forged))
    web.queue.write("UPDATE account SET status = 'disabled'")
    assert 403 == post(web, LETTER | {"from": "a@shop.example"}, token=shop).status_code
    refused_lines = [each for each in web.reported if isinstance(each, Refused)]
    assert [("http", "shop", "MAIL"), ("http", "shop", "end of data")] == [
        (each.listener, each.account, each.stage) for each in refused_lines
    ]
    web.close()


def test_suppressed_addresses_and_rates(tmp_path):
    """
    What a submission session would be refused is refused here.
    """
    more = '[suppression]\nat_rcpt = "refuse"\n[receiving.limits]\nmessage_rate_per_account = "2/1h"\n'
    web = next(opened(tmp_path, more))
    web.queue.run(AddSuppressions([NewSuppression("bob@b.example", "gone")], who="test"))
    body = LETTER | {"to": ["ann@a.example", "bob@b.example"]}
    answer = post(web, body)
    assert (202, 1) == (answer.status_code, answer.json["refused"])
    assert refusals(answer)[1].startswith("550 5.7.1 suppressed")
    none = post(web, body | {"to": ["bob@b.example"]})
    assert 422 == none.status_code
    over = post(web, body)
    assert (429, "5") == (over.status_code, over.headers["Retry-After"])
    web.close()


def test_a_limit_above_the_file_holds_here_too(tmp_path):
    """
    One of all listeners does, as `[receiving.limits]`.
    """
    web = next(opened(tmp_path))
    web.queue.write("INSERT INTO listener_limit (listener, setting, value) VALUES ('*', 'message_size', '64KiB')")
    web.runtime.rules.look()
    assert 413 == raw(web, b"From: a@b.example\r\nTo: c@d.example\r\n\r\n" + b"x\r\n" * 30_000).status_code
    web.close()


def test_mail_is_signed_as_that_of_a_user(tmp_path):
    key = SigningKey.parse(vectors("dkim-signed")["private_keys"]["e"].encode())
    web = next(opened(tmp_path, signer=Signer({"example.org": [("s1", key)]}, 3600.0)))
    assert 202 == post(web, LETTER | {"html": "x"}).status_code
    [(_, _, message)] = queued(web)
    assert "d=example.org" in message["DKIM-Signature"]
    assert ["example.org:s1"] == [each.signed_by for each in web.reported if isinstance(each, Accepted)]
    web.close()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "the body: must be an object"),
        ({}, "from is missing"),
        ({"from": "a@b.example"}, "there are no recipients"),
        ({"from": "x", "to": ["a@b.example"]}, "from: "),
        (LETTER | {"to": ["x"]}, "to: "),
        (LETTER | {"sender": "x"}, "sender: "),
        (LETTER | {"recipients": [{"to": "a@b.example"}]}, "give either recipients"),
        (LETTER | {"to": ["a@b.example"] * 1001}, "to"),
        (LETTER | {"unknown": 1}, "unknown: unknown key"),
        (LETTER | {"subject": "a\nb"}, "Subject has a control character"),
        (LETTER | {"headers": {"Bcc": "x"}}, "Bcc cannot be given"),
        (LETTER | {"attachments": [{"content": "?"}]}, "attachments: this is not base64"),
        (LETTER | {"send_at": "tomorrow"}, "send_at is no instant"),
        (LETTER | {"send_at": "2033-05-18T05:33:20"}, "needs an offset from UTC"),
        (LETTER | {"send_at": 1e300}, "send_at is no instant"),
        (LETTER | {"send_at": "-1"}, "send_at is no instant"),
        (LETTER | {"send_at": "٢٠٠٠٠٠٠٠٠٠"}, "send_at is no instant"),
        (LETTER | {"priority": 10}, "priority"),
        (LETTER | {"metadata": {"x": "y" * 20_000}}, "metadata has"),
        (LETTER | {"metadata": {ROUTE_KEY: "discard:"}}, "is a key of Empath"),
        (LETTER | {"raw": "x"}, "from has no place beside raw"),
        ({"raw": "x", "raw_base64": "eA=="}, "raw_base64 has no place"),
        ({"raw_base64": "?"}, "raw_base64: this is not base64"),
        ({"raw": "From: a@b.example\n\nx"}, "there are no recipients"),
        ({"raw": "From: a, b\n\nx", "to": ["a@b.example"]}, "From in the header"),
        ({"raw": "To: <\n\nx"}, "not a list of addresses"),
        ({"raw": "x", "recipients": [{"to": "a@b.example", "variables": {"a": "b"}}]}, "variables have no place"),
    ],
)
def test_a_wrong_request_is_refused_with_a_sentence(one, body, words):
    answer = post(one, body)
    assert (400, True) == (answer.status_code, words in answer.json["detail"]), answer.json
    assert [] == queued(one)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"sender": "x"}, "no such parameter: sender; there are from, to"),
        ({"priority": "10"}, "priority is a whole number"),
        ({"priority": "x"}, "priority is a whole number"),
        ({"priority": "٣"}, "priority is a whole number"),
        ({"all_or_none": "yes"}, "all_or_none is true or false"),
        ({"metadata": "{"}, "metadata is not JSON"),
        ({"metadata": "[]"}, "metadata is no JSON object"),
        ({"send_at": "x"}, "send_at"),
    ],
)
def test_a_wrong_parameter_is_refused_with_a_sentence(one, query, words):
    answer = raw(one, b"From: a@b.example\r\nTo: c@d.example\r\n\r\nx", **query)
    assert (400, True) == (answer.status_code, words in answer.json["detail"]), answer.json


def test_content_that_no_session_would_take(web):
    """
    The rules of content are those of SMTP.
    """
    octets = b"From: a@b.example\r\nTo: c@d.example\r\n\r\nx"
    answer = raw(web, octets + b"\0")
    assert (422, ["554 5.6.0 Message has a NUL octet"]) == (answer.status_code, refusals(answer))
    many = b"Received: by x; now\r\n" * 100
    assert ["554 5.4.0 Too many hops: the message has been in a loop"] == refusals(raw(web, many + octets))
    assert [] == queued(web)
    assert 0 == web.contexts.budget.held_octets


def test_a_body_that_is_too_large_or_of_another_kind(tmp_path):
    web = next(opened(tmp_path, '[receiving.limits]\nmessage_size = "64KiB"\n'))
    large = raw(web, b"From: a@b.example\r\nTo: c@d.example\r\n\r\n" + b"x\r\n" * 30_000)
    assert (413, "a message has at most 65536 octets") == (large.status_code, large.json["detail"])
    text = post(web, LETTER | {"text": "x\n" * 40_000})
    assert (413, ["552 5.3.4 Message too big"]) == (text.status_code, refusals(text))
    huge = post(web, LETTER | {"text": "x" * 5_000_000})
    assert (413, True) == (huge.status_code, "send a large message as message/rfc822" in huge.json["detail"])
    headers = {"Authorization": "Bearer secret of sender", "Content-Type": "text/plain"}
    assert 415 == web.client.simulate_post("/api/v1/messages", body=b"x", headers=headers).status_code
    web.close()


def test_bodies_of_json_that_arrive_together_have_a_bound(tmp_path):
    """
    Each is in memory: two of the largest that a request may have are all that is held.
    """
    web = next(opened(tmp_path, '[receiving.limits]\nmessage_size = "64KiB"\n'))
    gate = Event()
    body = SimpleNamespace(read=lambda *_size: gate.wait() and b"")
    headers = {"Content-Type": "application/json", "Authorization": "Bearer secret of sender"}
    headers["Content-Length"] = str(4 * 1024 * 1024)

    def arrive():
        environ = create_environ("/api/v1/messages", method="POST", headers=headers)
        return [*web.application({**environ, "wsgi.input": body}, lambda *_answer: None)]

    arriving = [gevent.spawn(arrive) for _ in range(2)]
    gevent.sleep(0)  # until they wait
    assert 503 == post(web, LETTER).status_code
    gate.set()
    gevent.joinall(arriving, timeout=DEADLINE_S, raise_error=True)
    assert 202 == post(web, LETTER).status_code
    web.close()


@pytest.mark.parametrize(
    "value",
    ['{"n": 1, "m": [1]},' * 200_000, '"\\"", "\\\\",' * 500_000, "{" * 1_000_001],
    ids=["objects", "texts", "deep"],
)
def test_a_body_of_a_million_values_is_refused_before_each_is_checked(one, value):
    """
    The checks would take minutes, and nobody else would be served.
    """
    headers = {"Authorization": "Bearer secret of sender", "Content-Type": "application/json"}
    body = f'{{"variables": {{"a": [{value}'
    answer = one.client.simulate_post("/api/v1/messages", body=body, headers=headers)
    assert (413, "the body has too many values") == (answer.status_code, answer.json["detail"])


def test_a_long_text_is_one_value(one):
    """
    Whatever it looks like.
    """
    answer = post(one, LETTER | {"text": '{"a": [1, 2]},\n' * 200_000, "to": ["x"]})
    assert (400, True) == (answer.status_code, answer.json["detail"].startswith("to: "))


def test_each_message_of_a_large_request_lets_others_have_their_turn(web):
    """
    Another greenlet that is ready runs before the last message is taken.
    """
    turns: list[int] = []

    def other():
        while len(turns) < 50:
            turns.append(len(web.reported))
            gevent.sleep(0)

    running = gevent.spawn(other)
    answer = post(
        web, {"from": "a@b.example", "text": "x", "recipients": [{"to": f"u{n}@c.example"} for n in range(100)]}
    )
    assert 100 == answer.json["queued"]
    running.join()
    assert 0 == turns[-1]


def test_only_tokens_that_may_send_do(web):
    web.add_token("reader")
    web.add_token("boss", role="admin")
    assert 401 == post(web, LETTER, token="nothing").status_code
    assert 403 == post(web, LETTER, token="secret of reader").status_code
    assert 202 == post(web, LETTER, token="secret of boss").status_code


def test_addresses_beyond_ascii(web):
    answer = post(web, LETTER | {"to": ["Пётр <пётр@b.example>"]})
    assert 202 == answer.status_code, answer.json
    assert [(1,)] == web.queue.select("SELECT is_smtputf8 FROM _message")


def test_a_fault_in_one_message_does_not_keep_the_others(tmp_path):
    """
    The client learns which, and the log has why.
    """
    calls = []

    def broken(new_session):
        def new(*arguments, **more):
            calls.append(1)
            session = new_session(*arguments, **more)
            if len(calls) == 1:
                session.take_metadata = None
            return session

        return new

    web = next(opened(tmp_path, around=broken))
    body = LETTER | {"to": [], "recipients": [{"to": "a@b.example"}, {"to": "c@d.example"}]}
    answer = post(web, body)
    assert ["451 4.3.0 A fault in Empath; its log has `session_crashed`", None] == refusals(answer)
    assert ["c@d.example"] == [to for to, _, _ in queued(web)]
    web.close()


def test_a_client_that_is_trusted_with_it_names_the_trace_of_its_messages(tmp_path):
    """
    In a field of HTTP, as programs that trace do by themselves. Anything else in it begins a trace of its own, and the
    field of nobody else counts.
    """
    (tmp_path / "tracing").mkdir()
    tracing = Tracing(read(tmp_path / "tracing", 'endpoint = "http://127.0.0.1:4318"\nratio = 1\n'))
    given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    for name, trusted, places in (("trusted", '["127.0.0.0/8"]', [given[3:35], None]), ("other", "[]", [None, None])):
        (tmp_path / name).mkdir()
        web = next(opened(tmp_path / name, f"trust_traceparent = {trusted}\n", tracing=tracing))
        for text in (given, "no trace"):
            assert 202 == post(web, LETTER, traceparent=text).status_code
        traces = [text[3:35] for text in column(web, "traceparent")]
        own = [trace_id_of(queue_id) for queue_id in column(web, "ulid")]
        assert [place or mine for place, mine in zip(places, own, strict=True)] == traces
        web.close()
    sessions = [span for span in tracing.spans.take() if span.name is SESSION]
    assert ["00f067aa0ba902b7", None, None, None] == [span.parent_id for span in sessions]
    assert {"http"} == {dict(span.attributes)[PROTOCOL] for span in sessions}
