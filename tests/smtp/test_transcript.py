"""What both sides of a session say, without secrets and content."""

import base64
import gc

import pytest

from empath.mail.protocol import Protocol
from empath.mail.reply import Reply
from empath.smtp.client.events import ContentWanted
from empath.smtp.client.opening import Opening
from empath.smtp.client.session import ClientSession
from empath.smtp.sasl.client import ClientLogin
from empath.smtp.server.extensions import ALL, Extensions
from empath.smtp.server.limits import ServerLimits
from empath.smtp.server.session import ServerSession
from empath.smtp.transcript import MOST_CHARACTERS, MOST_LINES, MOST_RECENT, RecentTranscript, Transcript, bounded_text
from tests.smtp.client.kit import GO_ON, OK, Dialogue, greeting, transaction
from tests.smtp.server.kit import WITH_AUTH

SECRET = base64.b64encode(b"\0user\0secret")


def lines(transcript: Transcript) -> list[str]:
    """Each line with its speaker."""
    return [f"{line.speaker}: {line.text}" for line in transcript.take()]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"MAIL FROM:<a@b.example> SIZE=5\r\n", "C: MAIL FROM:<a@b.example> SIZE=5"),
        (b"auth plain " + SECRET, "C: auth plain (16 octets)"),
        (b"AUTH PLAIN", "C: AUTH PLAIN"),
        (b"AUTH " + b"x" * 99, "C: AUTH " + "x" * 20),
        (SECRET, "C: (unknown command of 16 octets)"),
        (b".\r\n", "C: ."),
        (b"\xff", "C: (unknown command of 1 octets)"),
        (b"EHLO \xff", "C: EHLO \\xff"),
        (b"EHLO " + b"x" * 5000, "C: EHLO " + "x" * (MOST_CHARACTERS - 5) + "…"),
        (b"Help yourself", "C: Help (8 octets)"),
        (b"mail me", "C: mail (2 octets)"),
        (b"rcpt to:<a@b.example>", "C: rcpt to:<a@b.example>"),
        (b"XCLIENT NAME=x LOGIN=ann", "C: XCLIENT NAME=x LOGIN=..."),
    ],
)
def test_a_command_is_shown_without_what_could_be_a_secret(line, shown):
    """
    A client that lost step sends its password where a command is due.
    """
    transcript = Transcript()
    transcript.command(line)
    assert [shown] == lines(transcript)


def test_replies_content_and_notes_have_their_lines():
    """
    A challenge of AUTH may hold a name, so it has its size alone.
    """
    transcript = Transcript()
    transcript.reply(b"250-a\r\n250 b\r\n334 abcd\r\n")
    transcript.command(b"*", is_response=True)
    transcript.content(5)
    transcript.note("TLSv1.3")
    assert [
        "S: 250-a", "S: 250 b", "S: 334 (challenge of 4 octets)", "C: (response of 1 octets)",
        "C: (content of 5 octets)", "-: TLSv1.3",
    ] == lines(transcript)  # fmt: skip
    assert [] == lines(transcript)


def test_a_transcript_that_nobody_takes_is_bounded():
    """
    A client may send thousands of commands in one piece.
    """
    transcript = Transcript()
    for _ in range(MOST_LINES + 3):
        transcript.command(b"NOOP")
    taken = lines(transcript)
    assert (MOST_LINES + 1, "-: (3 lines are left out)") == (len(taken), taken[-1])


def heard(octets: bytes, answers: dict[str, str], extensions: Extensions = ALL) -> list[str]:
    """What the transcript of a server session has that gets *octets*, and these answers instead of 250."""
    session = ServerSession("mx.example.test", ServerLimits(message_octets=1000), extensions)
    session.transcript = Transcript()
    session.next_event()
    session.answer(Reply.of("220 mx.example.test"))
    found = []
    for piece in octets.splitlines(keepends=True):
        session.octets_to_send()
        session.receive(piece)
        while (event := session.next_event()) is not None:
            name = type(event).__name__
            if name not in {"Content", "ContentRefused", "TransactionReset", "Closed"}:
                session.answer(Reply.of(answers.get(name, "250 2.0.0 Ok")))
        session.octets_to_send()
        found += lines(session.transcript)
    return found


def test_a_server_session_has_commands_replies_and_the_size_of_content():
    """
    What a person would see on the wire, but for the content.
    """
    octets = b"HELO a\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n"
    octets += b"Subject: secret\r\n\r\nsecret\r\n.\r\nQUIT\r\n"
    found = heard(octets, {"DataOffered": "354 Go ahead"})
    assert [
        "S: 220 mx.example.test", "C: HELO a", "S: 250 2.0.0 Ok", "C: MAIL FROM:<a@b.test>", "S: 250 2.0.0 Ok",
        "C: RCPT TO:<c@d.test>", "S: 250 2.0.0 Ok", "C: DATA", "S: 354 Go ahead", "C: (content of 27 octets)",
        "S: 250 2.0.0 Ok", "C: QUIT", "S: 221 2.0.0 mx.example.test closing connection",
    ] == found  # fmt: skip


def test_a_server_session_shows_no_chunk():
    """
    The command says its size.
    """
    octets = b"EHLO a\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nBDAT 8 LAST\r\nsecret\r\n"
    found = heard(octets, {"DataOffered": "354 Go ahead"})
    assert ["C: BDAT 8 LAST", "S: 250 2.0.0 Ok"] == found[-2:]
    assert "secret" not in str(found)


def test_a_server_session_shows_nothing_of_an_exchange():
    """
    Neither the initial response, nor what follows a challenge.
    """
    octets = b"EHLO a\r\nAUTH PLAIN\r\n" + SECRET + b"\r\nAUTH PLAIN " + SECRET + b"\r\n"
    answers = {"AuthOffered": "334 ", "AuthResponded": "535 5.7.8 No"}
    found = heard(octets, answers, WITH_AUTH)
    assert ["C: AUTH PLAIN", "S: 334 (challenge of 0 octets)", "C: (response of 16 octets)", "S: 535 5.7.8 No"] == [
        line for line in found if "250" not in line
    ][2:6]
    assert SECRET.decode() not in str(found)


def test_a_client_session_has_both_sides_and_the_size_of_content():
    """
    Content goes out in pieces, and a person wants to know how much it was.
    """
    session = ClientSession("me.test")
    session.transcript = Transcript()
    dialogue = Dialogue(session).hear(b"220 peer.test\r\n", greeting(("PIPELINING",))).begin(transaction())
    dialogue.hear(OK, OK, GO_ON)
    assert ContentWanted() in dialogue.events
    session.content(b"secret\r\n")
    dialogue.note()
    session.content(b"more\r\n")
    session.end_content()
    dialogue.note().hear(OK)
    session.quit()
    dialogue.note()
    assert [
        "S: 220 peer.test", "C: EHLO me.test", "S: 250-peer.test", "S: 250 PIPELINING", "C: MAIL FROM:<a@example.org>",
        "C: RCPT TO:<b@example.net>", "C: DATA", "S: 250 2.0.0 Ok", "S: 250 2.0.0 Ok", "S: 354 Go ahead",
        "C: (content of 14 octets)", "S: 250 2.0.0 Ok", "C: QUIT",
    ] == lines(session.transcript)  # fmt: skip


def test_a_client_session_shows_a_chunk_by_its_command():
    """
    The command goes out with the content, and without a reply in between.
    """
    session = ClientSession("me.test")
    session.transcript = Transcript()
    dialogue = Dialogue(session).hear(b"220 peer.test\r\n", greeting(("CHUNKING",)))
    dialogue.begin(transaction(may_chunk=True)).hear(OK, OK)
    session.content(b"text\r\n")
    session.end_content()
    dialogue.note().hear(OK)
    assert [line for line in lines(session.transcript) if "BDAT" in line or "content" in line] == [
        "C: BDAT 5 LAST", "C: (content of 6 octets)",
    ]  # fmt: skip


def test_a_client_session_shows_nothing_of_its_login():
    """
    The password of this host at another one is as secret as that of a client.
    """
    opening = Opening(login=ClientLogin("user", "secret"), may_log_in_clear=True)
    session = ClientSession("me.test", opening=opening)
    session.transcript = Transcript()
    dialogue = Dialogue(session).hear(b"220 peer.test\r\n", greeting(("AUTH LOGIN",)))
    dialogue.hear(b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n", b"235 2.7.0 Ok\r\n")
    assert [
        "C: AUTH LOGIN", "S: 334 (challenge of 12 octets)", "C: (response of 8 octets)",
        "S: 334 (challenge of 12 octets)", "C: (response of 8 octets)", "S: 235 2.7.0 Ok",
    ] == lines(session.transcript)[4:]  # fmt: skip


def test_a_client_session_that_sends_no_content_says_so_by_a_dot():
    """
    A peer that pipelines may say 354 after it refused each recipient.
    """
    session = ClientSession("me.test", protocol=Protocol.SMTP)
    session.transcript = Transcript()
    dialogue = Dialogue(session).hear(b"220 peer.test\r\n", greeting(("PIPELINING",))).begin(transaction())
    dialogue.hear(OK, b"550 5.1.1 No\r\n", GO_ON)
    assert "C: ." == lines(session.transcript)[-1]


def kept(transcript: RecentTranscript) -> list[str]:
    """What is kept, as text."""
    return bounded_text(transcript.lines(), 100_000).split("\n")


def test_the_recent_lines_are_those_of_a_transcript():
    """
    Octets become text when they are asked for, and a secret is no octets.
    """
    recent = RecentTranscript()
    recent.reply(b"220 a\r\n")
    recent.command(b"EHLO b\r\n")
    recent.reply(b"250-a\r\n250 AUTH PLAIN\r\n")
    recent.command(b"AUTH PLAIN " + SECRET)
    recent.command(SECRET, is_response=True)
    recent.command(b"RCPT TO:<" + b"x" * 400 + b"@a.example>")
    recent.content(7)
    recent.note("TLSv1.3")
    assert [
        "S: 220 a", "C: EHLO b", "S: 250-a", "S: 250 AUTH PLAIN", "C: AUTH PLAIN (16 octets)",
        "C: (response of 16 octets)", "C: RCPT TO:<" + "x" * 400 + "@a.example>", "C: (content of 7 octets)",
        "-: TLSv1.3",
    ] == kept(recent)  # fmt: skip
    assert SECRET not in repr(vars_of(recent)).encode()


def vars_of(recent: RecentTranscript) -> list[object]:
    """All that it holds."""
    return gc.get_referents(recent)


def test_commands_that_go_out_together_are_shown_one_by_one():
    """
    Of very many the last ones: a message may have thousands of recipients.
    """
    recent = RecentTranscript()
    recent.group(b"MAIL FROM:<a@b.example>\r\nDATA\r\n", is_login=False)
    recent.heard(Reply.of("354 Go ahead"))
    recent.group(b"AUTH PLAIN\r\n", is_login=True)
    recent.group(SECRET + b"\r\n", is_login=True)
    assert [
        "C: MAIL FROM:<a@b.example>", "C: DATA", "S: 354 Go ahead", "C: AUTH PLAIN", "C: (response of 16 octets)",
    ] == kept(recent)  # fmt: skip
    recent.begin()
    recent.begin()
    recent.group(b"RCPT TO:<%s@b.example>\r\n" % (b"x" * 300) * 20 + b"DATA\r\n", is_login=False)
    assert 5 < len(kept(recent)) - 5 < 9
    assert "C: DATA" == kept(recent)[-1]


def test_the_opening_stays_and_an_earlier_transaction_does_not():
    """
    What was said of another message is not the business of who looks for this one.
    """
    recent = RecentTranscript()
    recent.begin(is_asked=True)  # nothing was said yet
    recent = RecentTranscript()
    recent.reply(b"220 a\r\n")
    recent.begin()
    recent.command(b"MAIL FROM:<first@a.example>")
    recent.command(b"MAIL FROM:<second@a.example>")
    recent.begin(is_asked=True)
    recent.reply(b"250 b\r\n")
    assert ["S: 220 a", "C: MAIL FROM:<second@a.example>", "S: 250 b"] == kept(recent)


def test_the_recent_lines_are_bounded():
    """
    The last ones count: they say why the session failed.
    """
    recent = RecentTranscript()
    for number in range(MOST_RECENT + 5):
        recent.command(b"EHLO %d" % number)
    transcript = Transcript()
    transcript.note("heard by others")
    recent.extend(transcript.take())
    found = kept(recent)
    assert MOST_RECENT + 1 == len(found)
    assert "-: (what came in between is left out)" == found[0]
    assert [f"C: EHLO {MOST_RECENT + 4}", "-: heard by others"] == found[-2:]


@pytest.mark.parametrize("octets", [60, 200, 1000])
def test_a_text_that_is_too_long_loses_its_middle(octets):
    """
    Its beginning says who spoke.
    """
    recent = RecentTranscript()
    for number in range(30):
        recent.command(b"EHLO %d" % number + b"x" * 30)
    text = bounded_text(recent.lines(), octets)
    assert len(text) <= octets
    assert text.count("left out") == 1
    if octets > 60:
        assert text.startswith("C: EHLO 0") or octets == 200
        assert text.endswith("C: EHLO 29" + "x" * 30)
