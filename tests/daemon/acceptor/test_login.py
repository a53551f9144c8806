"""Logins of a receiving session: real rows and scripted back ends, over a real socket."""

import base64
import hashlib
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address

import gevent
import pytest

from empath.daemon.acceptor.login.accounts import Accounts
from empath.daemon.acceptor.login.logins import LoginClient, Logins
from empath.daemon.acceptor.login.module import ModuleBackend
from empath.daemon.acceptor.rates import RateMeter
from empath.daemon.process.hub_writer import HubWriter
from empath.errors import QueueBusy
from empath.policy.access import Role
from empath.policy.login.backend import Backend, BackendUnavailable, LoginPeer, Verdict
from empath.policy.senders import Senders
from empath.smtp.sasl.mechanisms import Mechanism
from empath.storage.admin.accounts import AddAccount, Secrets
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.acceptor import Accepted, LoginFailed, LoginSucceeded, LoginUnavailable, Refused
from tests.kit.queue import T0, Queue, write
from tests.smtp.sasl.kit import ScramClient

ALICE = "alice@example.org"
STRANGER = "192.0.2.7"  # an address outside [relay] networks
RIGHT = base64.b64encode(f"\0{ALICE}\0pencil".encode())
WRONG = base64.b64encode(f"\0{ALICE}\0pen".encode())
UNKNOWN = base64.b64encode(b"\0bob\0pencil")
GREETING = b"EHLO c.test\r\n"
REFUSED = b"535 5.7.8 Authentication credentials invalid\r\n"
MESSAGE = b"From: alice@example.org\r\nSubject: x\r\n\r\ntext\r\n.\r\n"


class QueueWriter(HubWriter):
    """Commits to a queue in the calling greenlet."""

    def __init__(self, queue):
        self.queue = queue

    def commit(self, write, *, is_last=False):
        self.queue.run(write)
        return write


class Locked(HubWriter):
    """Another program holds the write lock."""

    def __init__(self):
        pass

    def commit(self, write, *, is_last=False):
        raise QueueBusy("locked")


class Scripted(Backend):
    """Answers as it is told to, and remembers what it was asked."""

    mechanisms = frozenset(Mechanism)

    def __init__(self, verdict=Verdict.UNKNOWN, token_name=None, error=None, sleep_s=0.0):
        self.asked = []
        self._verdict, self._token_name, self._error, self._sleep_s = verdict, token_name, error, sleep_s

    def check_password(self, name, password, peer):
        self.asked.append((name, peer))
        gevent.sleep(self._sleep_s)
        if self._error is not None:
            raise self._error
        return self._verdict

    def name_of_token(self, token, peer):
        return self._token_name if token == "good" else None

    def keys_of(self, name):
        return None


@pytest.fixture(scope="module")
def secrets():
    """Those of the password `pencil`."""
    return Secrets("pencil")


@pytest.fixture
def queue(tmp_path, secrets):
    """A queue with the account of Alice."""
    made = Queue(tmp_path / "queue.db")
    made.run(AddAccount(ALICE, Senders.parse(f"{ALICE} @shop.example"), secrets, who="test", now=T0))
    yield made
    made.close()


@pytest.fixture
def heard():
    """What was reported."""
    return []


@pytest.fixture
def make_lobby(make_context, queue, heard):
    """Makes the context of a listener of role submission where clients log in, in the clear."""

    def make(*backends, more="", role=Role.SUBMISSION, meter=None, **listener):
        quick = 'failure_delay = "1ms"\n'
        more = more.replace("[auth]\n", f"[auth]\n{quick}") if "[auth]" in more else f"[auth]\n{quick}{more}"
        context = make_context(more=more, role=role)
        emit = Emitter("acceptor-1", (lambda _, what: heard.append(what),))
        accounts = Accounts(queue.engine.open_reader(), QueueWriter(queue))
        settings = context.config.auth
        return replace(
            context,
            emit=emit,
            listener=context.listener.model_copy(update={"auth_in_clear": True, **listener}),
            logins=Logins(
                settings,
                accounts,
                backends or (accounts,),
                emit,
                context.refusals,
                meter=meter or RateMeter(QueueWriter(queue), 1),
            ),
        )

    return make


@pytest.fixture
def knock(visit):
    """Makes a visit of a stranger that has said EHLO."""

    def make(context, host=STRANGER):
        client = visit(context, host=host)
        client.hear()
        return client, client.say(GREETING)

    return make


def plain(client, response=RIGHT):
    return client.say(b"AUTH PLAIN " + response + b"\r\n")


def test_a_client_that_has_logged_in_may_relay(make_lobby, knock, heard):
    """
    C4, RFC 6409 §4.3. The account is in the log, in the row, and in the trace field as ESMTPA.
    """
    context = make_lobby()
    client, offer = knock(context)
    assert b"250-AUTH " not in offer.split(b"\r\n")[-2]
    assert b"AUTH PLAIN LOGIN SCRAM-SHA-256\r\n" in offer
    assert b"530 5.7.0 Authentication required\r\n" == client.say(b"MAIL FROM:<alice@example.org>\r\n")
    assert b"235 2.7.0 Authentication successful\r\n" == plain(client)
    assert b"AUTH" not in client.say(GREETING)
    client.say(b"MAIL FROM:<alice@example.org>\r\nRCPT TO:<b@elsewhere.example>\r\nDATA\r\n")
    assert client.say(MESSAGE).startswith(b"250 ")
    [message] = context.writer.messages
    assert ALICE == message.account
    assert b"with ESMTPA id" in message.added_fields
    assert b"from c.test ([192.0.2.7])" in message.added_fields
    assert [ALICE] == [what.account for what in heard if isinstance(what, Accepted)]
    assert [LoginSucceeded(client=STRANGER, account=ALICE, mechanism="PLAIN")] == [
        what for what in heard if isinstance(what, LoginSucceeded)
    ]


def test_the_client_of_an_account_can_be_hidden(make_lobby, knock):
    """
    Whoever gets the mail need not know where its author lives.
    """
    context = make_lobby(hides_clients=True)
    client, _ = knock(context)
    plain(client)
    client.say(b"MAIL FROM:<alice@example.org>\r\nRCPT TO:<b@elsewhere.example>\r\nDATA\r\n")
    client.say(MESSAGE)
    [message] = context.writer.messages
    assert message.added_fields.startswith(b"Received: by mx.example.test (Empath) with ESMTPA id")
    assert STRANGER.encode() not in message.added_fields


def test_login_asks_for_name_and_password(make_lobby, knock):
    client, _ = knock(make_lobby())
    assert b"334 VXNlcm5hbWU6\r\n" == client.say(b"AUTH LOGIN\r\n")
    assert b"334 UGFzc3dvcmQ6\r\n" == client.say(base64.b64encode(ALICE.encode()) + b"\r\n")
    assert client.say(base64.b64encode(b"pencil") + b"\r\n").startswith(b"235 ")


def test_scram_proves_the_password_without_sending_it(make_lobby, knock):
    """
    RFC 5802 in RFC 4954: server-final is a challenge, and the response to it is empty.
    """
    client, _ = knock(make_lobby())
    scram = ScramClient(ALICE, "pencil")
    challenge = client.say(b"AUTH SCRAM-SHA-256 " + base64.b64encode(scram.first) + b"\r\n")
    final = scram.final(base64.b64decode(challenge[4:]))
    signature = base64.b64decode(client.say(base64.b64encode(final) + b"\r\n")[4:])
    assert signature.startswith(b"v=")
    assert client.say(b"\r\n").startswith(b"235 ")


def test_a_name_without_an_account_has_scram_keys_that_stay(make_lobby, knock):
    """
    A salt that changed, or other iterations, would tell which names exist.
    """
    lobby = make_lobby()
    challenges = []
    for _ in range(2):
        client, _ = knock(lobby)
        first = base64.b64encode(ScramClient("bob", "pencil").first)
        challenges.append(base64.b64decode(client.say(b"AUTH SCRAM-SHA-256 " + first + b"\r\n")[4:]))
    salts = {challenge.partition(b",s=")[2] for challenge in challenges}
    assert 1 == len(salts)
    assert salts.pop().endswith(b",i=65536")


def test_an_unknown_name_and_a_wrong_password_have_the_same_reply(make_lobby, knock, heard):
    """
    C4. Only the log says which it was, and it names no account that does not exist: it may be a password.
    """
    client, _ = knock(make_lobby())
    assert REFUSED == plain(client, WRONG)
    assert REFUSED == plain(client, UNKNOWN)
    assert [ALICE, None] == [what.account for what in heard if isinstance(what, LoginFailed)]


def test_a_disabled_account_cannot_log_in(make_lobby, knock, queue):
    write(queue.path, "UPDATE account SET status = 'disabled'")
    client, _ = knock(make_lobby())
    assert REFUSED == plain(client)
    scram = ScramClient(ALICE, "pencil")
    challenge = client.say(b"AUTH SCRAM-SHA-256 " + base64.b64encode(scram.first) + b"\r\n")
    assert REFUSED == client.say(base64.b64encode(scram.final(base64.b64decode(challenge[4:]))) + b"\r\n")


def test_a_disabled_account_cannot_log_in_by_another_back_end(make_lobby, knock, queue):
    """
    Dovecot knows the password; the row says no.
    """
    write(queue.path, "UPDATE account SET status = 'disabled'")
    client, _ = knock(make_lobby(Scripted(Verdict.PROVED)))
    assert REFUSED == plain(client)


def test_a_second_auth_is_503(make_lobby, knock):
    """
    C4, RFC 4954 §4.
    """
    client, _ = knock(make_lobby())
    plain(client)
    assert client.say(b"AUTH PLAIN\r\n").startswith(b"503 5.5.1 ")


def test_a_mechanism_that_is_not_offered_is_504(make_lobby, knock):
    client, _ = knock(make_lobby())
    assert client.say(b"AUTH CRAM-MD5\r\n").startswith(b"504 5.5.4 ")
    assert client.say(b"AUTH OAUTHBEARER\r\n").startswith(b"504 5.5.4 ")
    assert client.say(b"AUTH PLAIN bm90IHBsYWlu\r\n").startswith(b"501 5.5.2 ")


def test_auth_is_absent_in_the_clear(make_lobby, knock):
    """
    C4: unless the listener says that passwords may be read on the way.
    """
    client, offer = knock(make_lobby(auth_in_clear=False))
    assert b"AUTH" not in offer
    assert client.say(b"AUTH PLAIN " + RIGHT + b"\r\n").startswith(b"502 ")


def test_an_account_sends_as_its_own_addresses_only(make_lobby, knock, heard):
    """
    The log line of the refusal names the account: its user asks why.
    """
    client, _ = knock(make_lobby())
    plain(client)
    assert client.say(b"MAIL FROM:<bob@example.org>\r\n").startswith(b"553 5.7.1 ")
    assert [ALICE] == [each.account for each in heard if isinstance(each, Refused)]
    assert client.say(b"MAIL FROM:<any@shop.example>\r\n").startswith(b"250 ")
    client.say(b"RSET\r\n")
    assert client.say(b"MAIL FROM:<>\r\n").startswith(b"250 ")


def test_the_addresses_of_accounts_can_be_left_open(make_lobby, knock):
    client, _ = knock(make_lobby(more="[auth]\ncheck_sender = false\n"))
    plain(client)
    assert client.say(b"MAIL FROM:<bob@example.org>\r\n").startswith(b"250 ")


def test_a_name_without_a_row_sends_as_itself(make_lobby, knock):
    """
    Another back end has proved it.
    """
    client, _ = knock(make_lobby(Scripted(Verdict.PROVED)))
    assert client.say(b"AUTH PLAIN " + base64.b64encode(b"\0bob@example.org\0x") + b"\r\n").startswith(b"235 ")
    assert client.say(b"MAIL FROM:<alice@example.org>\r\n").startswith(b"553 5.7.1 ")
    assert client.say(b"MAIL FROM:<bob@example.org>\r\n").startswith(b"250 ")


def test_back_ends_are_asked_until_one_knows_the_account(make_lobby, knock):
    """
    A wrong password goes to no other back end.
    """
    first, second, third = Scripted(Verdict.UNKNOWN), Scripted(Verdict.WRONG), Scripted(Verdict.PROVED)
    client, _ = knock(make_lobby(first, second, third))
    assert REFUSED == plain(client)
    assert [(ALICE, LoginPeer(STRANGER, is_secured=False))] == first.asked == second.asked
    assert [] == third.asked


def test_a_token_says_who_the_client_is(make_lobby, knock):
    """
    RFC 7628. A bad one is first named in a challenge.
    """
    client, offer = knock(make_lobby(Scripted(token_name=ALICE)))
    assert b"OAUTHBEARER XOAUTH2" in offer
    bad = base64.b64encode(b"n,,\x01auth=Bearer bad\x01\x01")
    assert b'{"status":"invalid_token"}' == base64.b64decode(client.say(b"AUTH OAUTHBEARER " + bad + b"\r\n")[4:])
    assert REFUSED == client.say(b"AQ==\r\n")
    other = base64.b64encode(b"user=bob\x01auth=Bearer good\x01\x01")
    assert client.say(b"AUTH XOAUTH2 " + other + b"\r\n").startswith(b"334 ")
    assert REFUSED == client.say(b"\r\n")
    good = base64.b64encode(b"n,,\x01auth=Bearer good\x01\x01")
    assert client.say(b"AUTH OAUTHBEARER " + good + b"\r\n").startswith(b"235 ")
    assert client.say(b"MAIL FROM:<alice@example.org>\r\n").startswith(b"250 ")


@pytest.mark.parametrize(
    "backend",
    [Scripted(error=BackendUnavailable("dovecot:/x: no such file or directory")), Scripted(sleep_s=30.0)],
    ids=["fault", "silence"],
)
def test_a_back_end_that_does_not_answer_is_454(make_lobby, knock, heard, backend):
    """
    RFC 4954 §4.7: the client keeps its password and tries again.
    """
    client, _ = knock(make_lobby(backend, more='[auth]\ndeadline = "50ms"\n'))
    assert plain(client).startswith(b"454 4.7.0 ")
    [fault] = [what for what in heard if isinstance(what, LoginUnavailable)]
    assert fault.reason in ("dovecot:/x: no such file or directory", "no answer within 0.05 s")


class Careless(Scripted):
    """Takes every error for a wrong password, as many programs do."""

    def check_password(self, name, password, peer):
        with suppress(Exception):
            gevent.sleep(30.0)
        return Verdict.WRONG


def test_the_deadline_of_a_login_is_no_error_that_a_back_end_catches(make_lobby, knock):
    """
    A right password would be refused for good, and count as a guess.
    """
    client, _ = knock(make_lobby(ModuleBackend("mine", Careless()), more='[auth]\ndeadline = "50ms"\n'))
    assert plain(client).startswith(b"454 4.7.0 ")


LIMITED = '[auth]\nfailures_per_client = "1/1h"\nfailures_per_account = "1/1h"\n'


def test_a_client_that_fails_too_often_may_not_try(make_lobby, knock):
    """
    R7. The right password, too, would then tell a guesser that it is right.
    """
    lobby = make_lobby(more=LIMITED)
    client, _ = knock(lobby)
    assert REFUSED == plain(client, UNKNOWN)
    assert plain(client).startswith(b"454 4.7.0 Too many")
    other, _ = knock(lobby, host="192.0.2.8")
    assert plain(other).startswith(b"235 ")


def test_guessing_does_not_lock_out_the_owner(make_lobby, knock):
    """
    R7. Where its owner has logged in before, an account takes further logins.
    """
    lobby = make_lobby(more=LIMITED)
    assert plain(knock(lobby)[0]).startswith(b"235 ")
    guesser, _ = knock(lobby, host="192.0.2.8")
    assert REFUSED == plain(guesser, WRONG)
    assert plain(knock(lobby, host="192.0.2.9")[0]).startswith(b"454 4.7.0 Too many")
    assert plain(knock(lobby)[0]).startswith(b"235 ")


def test_acceptors_count_failures_together(make_lobby, knock, queue):
    """
    R7. Each had a count of its own, so that two acceptors gave a guesser twice as many guesses.
    """
    clock = [100.0]
    limits = LIMITED.replace('per_client = "1/', 'per_client = "4/').replace('per_account = "1/', 'per_account = "9/')
    lobbies = [make_lobby(more=limits, meter=RateMeter(QueueWriter(queue), 2, lambda: clock[0])) for _ in range(2)]
    clients = [knock(lobby)[0] for lobby in lobbies]
    for client in clients:
        assert [REFUSED] * 2 == [plain(client, WRONG) for _ in range(2)]
    clock[0] += 1.1  # what an acceptor holds, it holds for a second
    assert [b"454 4.7.0 Too many"] * 2 == [plain(client)[:18] for client in clients]


def test_the_owner_of_an_account_is_known_to_all_acceptors(make_lobby, knock, queue):
    """
    R7. Guessers at one acceptor lock the owner out at none.
    """
    limits = LIMITED.replace('"1/', '"2/')
    first, second = (make_lobby(more=limits, meter=RateMeter(QueueWriter(queue), 2)) for _ in range(2))
    assert plain(knock(first)[0]).startswith(b"235 ")
    gevent.sleep(0)
    guesser, _ = knock(second, host="192.0.2.8")
    assert REFUSED == plain(guesser, WRONG)
    assert plain(guesser).startswith(b"454 4.7.0 Too many")
    assert plain(knock(second)[0]).startswith(b"235 ")


def test_no_row_shows_a_name_without_an_account(make_lobby, knock, queue):
    """
    People type their password where the name belongs.
    """
    client, _ = knock(make_lobby())
    plain(client, UNKNOWN)
    plain(client, WRONG)
    holders = queue.select("SELECT holder FROM rate WHERE name = 'failures_per_account' ORDER BY holder")
    assert (5, "#", ALICE) == (len(holders[0][0]), holders[0][0][0], holders[1][0])


def test_nobody_guesses_while_failures_cannot_be_counted(make_lobby, knock, queue):
    """
    No mail could be accepted either.
    """
    client, _ = knock(make_lobby(meter=RateMeter(Locked(), 1)))
    assert [b"454 4.7.0 Too many"] * 2 == [plain(client)[:18] for _ in range(2)]


def test_a_trusted_client_is_not_limited(make_lobby, knock):
    """
    A webmail host logs in for many users.
    """
    client, _ = knock(make_lobby(more=LIMITED), host="127.0.0.1")
    assert REFUSED == plain(client, UNKNOWN)
    assert plain(client).startswith(b"235 ")


def test_the_last_login_is_in_the_row(make_lobby, knock, queue):
    client, _ = knock(make_lobby())
    plain(client)
    gevent.sleep(0)
    [(used, last_client)] = queue.select("SELECT last_used_unix, last_client FROM account")
    assert used > T0
    assert STRANGER == last_client


def test_plus_is_offered_where_the_channel_has_a_binding(make_lobby):
    """
    RFC 5802 §6.
    """
    logins = make_lobby(more='[auth]\nmechanisms = ["PLAIN", "SCRAM-SHA-256-PLUS"]\n').logins
    assert (Mechanism.PLAIN,) == logins.mechanisms(is_bound=False)
    bound = LoginClient(LoginPeer(STRANGER, is_secured=True), ip_address(STRANGER), {"tls-server-end-point": b"x"})
    assert Mechanism.SCRAM_SHA_256_PLUS in logins.mechanisms(is_bound=True)
    assert logins.begin("SCRAM-SHA-256-PLUS", bound) is not None


@pytest.mark.parametrize(
    ("author", "code"),
    [(b"Ann <alice@example.org>", b"250 "), (b'"alice@example.org" <bob@example.org>', b"550 5.7.1 ")],
)
def test_the_author_can_be_bound_to_the_account(make_lobby, knock, author, code):
    """
    On request: some people write as others, with their consent.
    """
    client, _ = knock(make_lobby(more="[auth]\ncheck_from = true\n"))
    plain(client)
    client.say(b"MAIL FROM:<alice@example.org>\r\nRCPT TO:<b@elsewhere.example>\r\nDATA\r\n")
    assert client.say(b"From: " + author + b"\r\n\r\ntext\r\n.\r\n").startswith(code)


@pytest.mark.parametrize(("role", "has_bcc"), [(Role.SUBMISSION, False), (Role.INTERNAL, True)])
def test_blind_copies_leave_no_submission_listener(make_lobby, knock, role, has_bcc):
    """
    RFC 5322 §3.6.3. The digest is that of what is stored.
    """
    context = make_lobby(role=role)
    client, _ = knock(context, host="127.0.0.1")
    client.say(b"MAIL FROM:<alice@example.org>\r\nRCPT TO:<b@elsewhere.example>\r\nDATA\r\n")
    client.say(b"To: a@b.example\r\nBcc: secret@c.example,\r\n more@c.example\r\n\r\ntext\r\n.\r\n")
    [message] = context.writer.messages
    assert has_bcc == (b"secret@c.example" in message.content)
    assert hashlib.sha256(message.content).hexdigest() == message.digest
    assert len(message.content) + len(message.added_fields) == message.size


def test_a_back_end_that_is_down_locks_out_no_client(make_lobby, knock):
    """
    R7. What was not judged is no failure.
    """
    backend = Scripted(error=BackendUnavailable("down"))
    client, _ = knock(make_lobby(backend, more=LIMITED))
    for _ in range(3):
        assert plain(client).startswith(b"454 4.7.0 Temporary")


@pytest.mark.parametrize(
    ("backend", "answer"),
    [
        (Scripted(Verdict.PROVED), "235 2.7.0 Authentication successful"),
        (Scripted(Verdict.WRONG), "535 5.7.8 Authentication credentials invalid"),
        (Scripted(error=BackendUnavailable("its directory is away")), "454 4.7.0 Temporary authentication failure"),
        (Scripted(error=ValueError("a bug")), "454 4.7.0 Temporary authentication failure"),
        (Scripted(error=SystemExit(3)), "454 4.7.0 Temporary authentication failure"),
        (Scripted(error=KeyboardInterrupt()), "454 4.7.0 Temporary authentication failure"),
        (Scripted(verdict=True), "454 4.7.0 Temporary authentication failure"),
    ],
)
def test_a_module_proves_who_a_client_is_and_its_mistakes_end_no_session(make_lobby, knock, heard, backend, answer):
    """
    M3 for `module:NAME`: whatever it raises or answers, the client hears 454 and may try again.
    """
    client, _ = knock(make_lobby(ModuleBackend("mine", backend)))
    assert plain(client).decode().startswith(answer)
    reasons = [what.reason for what in heard if isinstance(what, LoginUnavailable)]
    assert answer.startswith("454") == bool(reasons)
    assert all("directory" in reason or reason.startswith("module:mine: ") for reason in reasons)
    assert client.say(b"NOOP\r\n").startswith(b"250 ")


def test_a_module_answers_for_tokens_and_keys():
    """
    The other questions of a back end.
    """
    peer = LoginPeer("192.0.2.7", is_secured=True)
    backend = ModuleBackend("mine", Scripted(token_name="alice"))
    assert ("alice", None, None) == (
        backend.name_of_token("good", peer), backend.name_of_token("bad", peer), backend.keys_of("alice"),
    )  # fmt: skip
