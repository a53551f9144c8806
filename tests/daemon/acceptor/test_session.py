"""One receiving session over a real socket, with a writer that the test controls."""

import contextlib
import hashlib
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import gevent
import pytest

from empath.daemon.acceptor.space import Space
from empath.errors import QueueBusy, StorageFailure
from empath.policy.access import Role
from empath.policy.limits.refusal import Limit
from empath.policy.limits.refusal_log import RefusalMeter
from empath.storage.queue.accept import INLINE
from empath.storage.sqlite.engine import SqliteEngine
from empath.storage.sqlite.schema import prepare
from empath.telemetry.occurrence import Emitter, Occurrence
from empath.telemetry.occurrences.acceptor import Accepted, QueueGone, Refused, SessionBegan, SessionEnded
from tests.daemon.acceptor.kit import emitter_to
from tests.kit.waiting import DEADLINE_S

TO_DATA = b"EHLO c.test\r\n", b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n"
MESSAGE = b"Subject: x\r\n\r\ntext\r\n.\r\n"


# Sixty contents that are sent line by line and never end. It prints the octets sent, held, counted, and left at last.
UNFINISHED = """
import functools, pathlib, sys, tracemalloc
from empath.daemon.acceptor.content import ContentBudget, IncomingContent
from empath.daemon.process.threads import in_thread
from empath.mail.identity import QueueId, Timestamp
from empath.storage.spool import SpoolFile

budget = ContentBudget(inline_octets=64 * 1024, limit_octets=128 * 1024)
ids = [QueueId.make(Timestamp(1_700_000_000), number.to_bytes(10, "big")) for number in range(15)]
contents = []
in_thread(int)  # the memory of the first thread does not count as content
{sys.intern(f"name {number}") for number in range(30_000)}  # nor does the table of names, if it must grow for paths
tracemalloc.start()
for queue_id in ids:
    file = functools.partial(SpoolFile, pathlib.Path(sys.argv[1]), "mx.example.test", queue_id)
    content = IncomingContent(budget, file, queue_id=queue_id, begun_at=Timestamp(0), header_octets=1024 * 1024)
    content.add(b"To: a\\r\\n")
    for _ in range(1_000):
        content.add(b" member\\r\\n")
    contents.append(content)
held, counted = tracemalloc.get_traced_memory()[0], budget.held_octets
tracemalloc.stop()
for content in contents:
    content.close()
print(sum(content.size for content in contents), held, counted, budget.held_octets)
"""


class Observer:
    """Accepts all recipients, and notes for each how often another greenlet has run before."""

    def __init__(self):
        self.runs = 0
        self.noted = []

    def run(self):
        while True:
            self.runs += 1
            gevent.sleep(0)

    def resolve(self, address, *, is_known):
        self.noted.append(self.runs)
        return (address,)


def test_many_commands_in_one_read_let_other_sessions_run(make_context, visit):
    """
    Some thousand fit into one, and a client may always have sent more of them.
    """
    context, observer = make_context(), Observer()
    context.recipients = observer
    client = visit(context)
    client.hear()
    client.say(b"EHLO c.test\r\n")
    other = gevent.spawn(observer.run)
    client.say(b"MAIL FROM:<a@b.test>\r\n" + b"RCPT TO:<c@d.test>\r\n" * 200)
    other.kill()
    assert 200 == len(observer.noted)
    assert observer.noted[0] < observer.noted[-1]


def test_a_message_is_taken_when_it_is_committed(make_context, visit):
    """
    The reply has the queue id of the row.
    """
    context = make_context()
    client = visit(context)
    assert client.hear().startswith(b"220 ")
    for octets in TO_DATA:
        reply = client.say(octets)
    assert b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n" == reply
    reply = client.say(MESSAGE)
    [message] = context.writer.messages
    assert f"250 2.0.0 Ok: queued as {message.queue_id}\r\n".encode() == reply
    assert (INLINE, ("discard:",)) == (message.locator, message.destinations)


def test_the_fields_that_this_host_adds_are_kept_apart_from_what_was_received(make_context, visit):
    """
    A field with a result for the body can only be written once the whole body is there.
    """
    context = make_context(more='[relay]\nnetworks = ["127.0.0.1/32"]', role=Role.SUBMISSION)
    client = visit(context)
    client.hear()
    for octets in (*TO_DATA, MESSAGE):
        client.say(octets)

    [message] = context.writer.messages
    received = b"Subject: x\r\n\r\ntext\r\n"
    assert (received, hashlib.sha256(received).hexdigest()) == (message.content, message.digest)
    names = [line.split(b":")[0] for line in message.added_fields.splitlines() if not line.startswith(b"\t")]
    assert [b"Received", b"Date", b"Message-ID"] == names
    assert len(message.added_fields) + len(received) == message.size


@pytest.mark.parametrize(
    ("received", "below", "kept"),
    [
        (b" by forged.example; Sat\r\nSubject: x\r\n", b"\r\n", None),
        (b"\tgone\r\n", b"\r\n", None),
        (b"Hello,\r\nno header here\r\n", b"\r\n", None),
        (b"From a@b Sat Nov 29\r\nSubject: x\r\n\r\ny\r\n", b"X-Mailbox-Line: From a@b Sat Nov 29\r\n",
         b"Subject: x\r\n\r\ny\r\n"),
        (b">From c\r\n folded\r\n", b"X-Mailbox-Line: >From c\r\n\r\n", b" folded\r\n"),
        (b"\r\nbody\r\n", b"", None),
        (b"Subject: x\r\n", b"", None),
        (b"", b"", None),
    ],
)  # fmt: skip
def test_nothing_of_the_client_is_glued_to_a_field_of_ours(make_context, visit, received, below, kept):
    """
    B10: a first line that begins with a blank would continue our Received field, with a forged date and host.
    """
    context = make_context()
    client = visit(context)
    client.hear()
    for octets in (*TO_DATA, received + b".\r\n"):
        client.say(octets)

    [message] = context.writer.messages
    kept = received if kept is None else kept
    trace, end, rest = message.added_fields.partition(b" +0000\r\n")
    assert (b"Received: from ", b" +0000\r\n", below, kept) == (trace[:15], end, rest, message.content)
    assert hashlib.sha256(kept).hexdigest() == message.digest
    assert len(message.added_fields) + len(kept) == message.size


def test_a_header_section_within_its_limit_is_kept_whole(make_context, visit):
    """
    Postfix limits one field to 102,400 octets; a `To` field with 2,000 addresses is legitimate.
    """
    context = make_context()
    client = visit(context)
    client.hear()
    for octets in TO_DATA:
        client.say(octets)
    content = b"To: " + b"member@list.example,\r\n " * 20_000 + b"end\r\nMIME-Version: 1.0\r\nSubject: s\r\n\r\nx\r\n"
    client.push(content)
    assert client.say(b".\r\n").startswith(b"250 2.0.0 ")
    [message] = context.writer.messages
    [file] = [file for file in context.config.queue.spool.rglob("*") if file.is_file()]
    assert (content, "s") == (file.read_bytes(), message.subject)


@pytest.mark.parametrize("rest", [b"\r\nbody\r\n", b""])
def test_a_header_section_over_its_limit_is_refused_and_nothing_is_kept(make_context, visit, rest):
    """
    An accepted message is never cut.
    """
    context = make_context(more='[receiving.limits]\nheader_size = "100KiB"')
    client = visit(context)
    client.hear()
    for octets in TO_DATA:
        client.say(octets)
    client.push(b"X: " + b"y" * 70 + b"\r\n" + b"A: b\r\n" * 20_000 + rest)
    assert b"552 5.3.4 Message header too big\r\n" == client.say(b".\r\n")
    assert [] == context.writer.messages
    client.say(TO_DATA[1])
    assert client.say(MESSAGE).startswith(b"250 2.0.0 ")


def test_text_without_a_header_is_kept_whole_though_its_first_line_is_long(make_context, visit):
    """
    With `line_length = 0` a line may be longer than a header section.
    """
    context = make_context(line_octets=None)
    client = visit(context)
    client.hear()
    for octets in TO_DATA:
        client.say(octets)
    content = b"A" * 2_000_000 + b"\r\nmore\r\n"
    client.push(content)
    assert client.say(b".\r\n").startswith(b"250 2.0.0 ")
    [file] = [file for file in context.config.queue.spool.rglob("*") if file.is_file()]
    assert content == file.read_bytes()


def test_unfinished_content_holds_no_more_than_the_budget(tmp_path):
    """
    A thousand clients that stop in the middle, or send octet by octet, must not take the memory of the process.

    It is measured in a process of its own without coverage, whose tracer would count too.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    command = [sys.executable, "-c", UNFINISHED, str(tmp_path)]
    printed = subprocess.check_output(command, env=environment, text=True, timeout=120)
    size, held, counted, left = map(int, printed.split())
    assert (15 * 9_007, 0) == (size, left)
    assert held <= counted <= 128 * 1024 + 15 * 8 * 1024, "the objects of a content cannot be spooled, its octets can"


@pytest.mark.parametrize("error", [QueueBusy("locked"), StorageFailure("disk full")])
def test_a_message_that_cannot_be_stored_is_refused_for_now(make_context, visit, error):
    """
    The reply is neither 250 nor 5yz, and the session goes on.
    """
    context = make_context()
    context.writer.error = error
    client = visit(context)
    client.hear()
    for octets in TO_DATA:
        client.say(octets)
    assert b"451 4.3.0 The message could not be stored, try again later\r\n" == client.say(MESSAGE)
    context.writer.error = None
    client.say(TO_DATA[1])
    assert client.say(MESSAGE).startswith(b"250 2.0.0 Ok: queued as ")


def test_the_client_learns_at_the_end_of_data_that_the_spool_cannot_be_written(make_context, visit, capfd):
    """
    The client is still sending when the disk fails. A full disk is not a bug: one line in the log, and no traceback.
    """
    context = make_context()
    context.config.queue.spool.rmdir()
    context.config.queue.spool.write_text("not a directory")
    client = visit(context)
    client.hear()
    for octets in TO_DATA:
        client.say(octets)
    client.push(b"X: y\r\n\r\n" + (b"z" * 78 + b"\r\n") * 20_000)
    assert b"451 4.3.0 The message could not be stored, try again later\r\n" == client.say(b".\r\n")
    assert ([], "") == (context.writer.messages, "".join(capfd.readouterr()).partition("Traceback")[1])


def test_large_content_is_spooled_whole(make_context, visit):
    """
    Once the message is accepted its row names the file, so the session must not remove it.
    """
    context = make_context()
    client = visit(context)
    client.hear()
    for octets in TO_DATA:
        client.say(octets)
    content = b"X: y\r\n\r\n" + (b"z" * 78 + b"\r\n") * 20_000
    client.push(content)
    client.say(b".\r\n")
    [message] = context.writer.messages
    [file] = [file for file in context.config.queue.spool.rglob("*") if file.is_file()]
    assert (None, f"spool:mx.example.test/{file.name}") == (message.content, message.locator)
    assert content == file.read_bytes()
    assert len(message.added_fields) + len(content) == message.size


def test_beyond_the_memory_of_the_process_small_content_is_spooled_too(make_context, visit):
    """
    Many small messages need as much memory as a large one.
    """
    context = make_context()
    context.budget.held_octets = context.budget.limit_octets + 1
    client = visit(context)
    client.hear()
    for octets in TO_DATA:
        client.say(octets)
    client.say(MESSAGE)
    context.budget.held_octets -= context.budget.limit_octets + 1
    assert context.writer.messages[0].locator.startswith("spool:")


def test_a_message_that_broke_a_rule_leaves_nothing(make_context, visit):
    """
    Its content may be large, and already on the disk.
    """
    context = make_context()
    client = visit(context)
    client.hear()
    for octets in TO_DATA:
        client.say(octets)
    client.push(b"X: y\r\n\r\n" + (b"z" * 78 + b"\r\n") * 20_000 + b"\0\r\n")
    assert client.say(b".\r\n").startswith(b"554 5.6.0 ")
    assert [] == [file for file in context.config.queue.spool.rglob("*") if file.is_file()]


def test_without_space_mail_is_refused_for_now(make_context, visit):
    """
    The client gets the refusal before it sends content that could not be kept.
    """
    context = make_context()
    context.space.has_room = False
    client = visit(context)
    client.hear()
    client.say(TO_DATA[0])
    assert b"452 4.3.1 Insufficient system storage, try again later\r\n" == client.say(b"MAIL FROM:<a@b.test>\r\n")


def test_mail_is_refused_while_the_queue_is_not_where_it_was(make_context, visit):
    """
    What the process writes into a removed file is lost with its last close.
    """
    context = make_context()
    queue = context.config.queue.path
    prepare(queue)
    seen: list[Occurrence] = []
    engine = SqliteEngine(queue, max_leases=20)
    engine.open_reader().close()
    context = replace(
        context, space=Space(engine, context.config, Emitter("acceptor-1", (lambda _, what: seen.append(what),)))
    )
    client = visit(context)
    client.hear()
    client.say(TO_DATA[0])
    queue.rename(f"{queue}.away")
    context.space.look()
    context.space.look()
    assert b"451 4.3.0 The queue is not available, try again later\r\n" == client.say(b"MAIL FROM:<a@b.test>\r\n")

    Path(f"{queue}.away").rename(queue)
    context.space.look()

    assert b"250 2.1.0 Ok\r\n" == client.say(b"MAIL FROM:<a@b.test>\r\n")
    assert [QueueGone] == [type(each) for each in seen]


def test_f13_what_would_be_refused_for_good_is_refused_for_now(make_context, visit):
    """
    A client that gets 5yz returns the mail. A mistake of syntax is none of the configuration, and stays.
    """
    client = visit(make_context(more="[delivery]\nsoft_bounce = true\n", routes='"a.test" = "discard:"'))
    client.hear()
    client.say(b"EHLO c.test\r\n")
    client.say(b"MAIL FROM:<a@b.test>\r\n")
    assert b"45" == client.say(b"RCPT TO:<a@nowhere.test>\r\n")[:2]
    assert b"501 5.1.3" == client.say(b"RCPT TO:<a@>\r\n")[:9]


def test_a_domain_without_a_route_is_refused(make_context, visit):
    client = visit(make_context(routes='"known.test" = "discard:"'))
    client.hear()
    client.say(b"EHLO c.test\r\n")
    reply = client.say(b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@known.test>\r\nRCPT TO:<c@other.test>\r\n")
    assert [b"250 2.1.0", b"250 2.1.5", b"550 5.1.2"] == [line[:9] for line in reply.splitlines()]


@pytest.mark.parametrize(
    ("role", "codes"),
    [(Role.MX, b"501 501 354"), (Role.INTERNAL, b"250 250 354"), (Role.SUBMISSION, b"250 250 354")],
)
def test_a_client_of_our_own_is_taken_as_it_is_and_goes_on_clean(make_context, visit, role, codes):
    """
    A12. The next host gets quotes where the grammar needs them. The comment in Received has no blank of the client's
    name.
    """
    context = make_context(more='[relay]\nnetworks = ["127.0.0.1/32"]', role=role)
    client = visit(context)
    client.hear()
    client.say(b"HELO ok.test\r\n")
    name = client.say(b"HELO my p\xe4\r\n") if role is not Role.MX else client.say(b"HELO my pc\r\n")
    client.say(b"MAIL FROM:<a@b.test>\r\n")
    path = client.say(b"RCPT TO:b..c@d.test\r\n")
    client.say(b"RCPT TO:<c@d.test>\r\n")
    assert codes == b" ".join(reply[:3] for reply in (name, path, client.say(b"DATA\r\n")))
    client.say(MESSAGE)
    [message] = context.writer.messages
    if role is not Role.MX:
        assert '"b..c"@d.test' == str(message.envelope.recipients[0].address)
        assert message.added_fields.startswith(b"Received: from my?p? ([127.0.0.1])\r\n")


@pytest.mark.parametrize("greeting", [b"HELO\r\n", b"EHLO \r\n"])
def test_a_client_of_our_own_that_gives_no_name_has_its_address_for_one(make_context, visit, greeting):
    """
    A12. A UPS says HELO alone.
    """
    context = make_context(more='[relay]\nnetworks = ["127.0.0.1/32"]', role=Role.INTERNAL)
    client = visit(context)
    client.hear()
    assert client.say(greeting).startswith(b"250")
    client.say(b"MAIL FROM:\t<a@b.test>\tSIZE=5\r\n")
    client.say(b"RCPT TO:<c@d.test>\r\n")
    client.say(b"DATA\r\n")
    client.say(MESSAGE)
    [message] = context.writer.messages
    assert "[127.0.0.1]" == message.client_name
    assert message.added_fields.startswith(b"Received: from [127.0.0.1] ([127.0.0.1])\r\n")


def test_a_recipient_given_twice_gets_one_copy_and_all_notices_that_were_asked_for(make_context, visit):
    """
    D1: the first NOTIFY= alone would lose the report that the second one wants.
    """
    context = make_context()
    client = visit(context)
    client.hear()
    client.say(TO_DATA[0])
    client.say(b"MAIL FROM:<a@b.test>\r\n")
    client.say(b"RCPT TO:<c@d.test> NOTIFY=NEVER ORCPT=rfc822;one\r\nRCPT TO:<e@d.test> NOTIFY=NEVER\r\n")
    client.say(b"RCPT TO:<c@d.test> NOTIFY=FAILURE ORCPT=rfc822;two\r\n")
    client.say(b"DATA\r\n")
    client.say(MESSAGE)
    [message] = context.writer.messages
    assert [("c@d.test", "FAILURE", "rfc822;one"), ("e@d.test", "NEVER", None)] == [
        (str(address), notify, original) for address, notify, original, *_ in message.envelope.recipients
    ]
    assert 2 == len(message.destinations)


@pytest.mark.parametrize(
    "path",
    ["Postmaster", "postmaster@MX.example.test", "MAILER-DAEMON@mx.example.test", '"Postmaster"@mx.example.test'],
)
def test_mail_to_the_postmaster_of_this_host_goes_where_the_setting_says(make_context, visit, path):
    """
    A3: RFC 5321 §4.5.1. RFC 3461 §5.2.1: a report about it names the address that the sender knows.
    """
    context = make_context(more='[relay]\nnetworks = ["192.0.2.1/32"]', role=Role.MX)
    client = visit(context)
    client.hear()
    client.say(TO_DATA[0])
    client.say(b"MAIL FROM:<a@b.test>\r\n")
    assert b"554 5.7.1" == client.say(b"RCPT TO:<other@mx.example.test>\r\n")[:9]
    assert b"250 2.1.5" == client.say(f"RCPT TO:<{path}> NOTIFY=FAILURE\r\n".encode())[:9]
    client.say(b"DATA\r\n")
    client.say(MESSAGE)
    [message] = context.writer.messages
    [(address, notify, original, *_)] = message.envelope.recipients
    assert (context.config.postmaster, "FAILURE") == (address, notify)
    assert f"rfc822;{path}".replace('"', "").lower() == original.lower()


def test_an_original_recipient_of_the_postmaster_is_kept(make_context, visit):
    """
    D3: a host before this one has named it.
    """
    context = make_context()
    client = visit(context)
    client.hear()
    client.say(TO_DATA[0])
    client.say(b"MAIL FROM:<a@b.test>\r\nRCPT TO:<postmaster> ORCPT=rfc822;x@y.test\r\n")
    client.say(b"DATA\r\n")
    client.say(MESSAGE)
    assert "rfc822;x@y.test" == context.writer.messages[0].envelope.recipients[0].original_recipient


def test_a_postmaster_without_a_route_is_refused_for_now(make_context, visit):
    """
    RFC 5321 §4.5.1 has a server take such mail. The fault is in the configuration, which a person will mend.
    """
    client = visit(make_context(routes='"known.test" = "discard:"', role=Role.MX))
    client.hear()
    client.say(TO_DATA[0])
    client.say(b"MAIL FROM:<a@b.test>\r\n")
    assert b"451 4.3.5" == client.say(b"RCPT TO:<Postmaster>\r\n")[:9]


def test_the_postmaster_of_a_domain_that_is_served_here_is_its_own(make_context, visit):
    """
    The hostname may be a relay domain; then its mailboxes are on the next host.
    """
    context = make_context(more='[relay]\ndomains = ["mx.example.test"]')
    client = visit(context)
    client.hear()
    client.say(TO_DATA[0])
    client.say(b"MAIL FROM:<a@b.test>\r\nRCPT TO:<postmaster@mx.example.test>\r\n")
    client.say(b"DATA\r\n")
    client.say(MESSAGE)
    [(address, _, original, *_)] = context.writer.messages[0].envelope.recipients
    assert ("postmaster@mx.example.test", None) == (str(address), original)


def test_what_is_refused_leaves_a_line_and_what_is_accepted_its_names(make_context, visit):
    """
    The log line of a refusal has the client, its name, both paths, the stage and the reply, for the question "where is
    my mail?".
    """
    heard: list[Occurrence] = []
    context = make_context(routes='"d.test" = "discard:"')
    context.emit = emitter_to(heard)
    client = visit(context)
    client.hear()
    client.say(TO_DATA[0])
    client.say(b"MAIL FROM:<a@b.test>\r\nRCPT TO:<x@other.test> NOTIFY=NEVER\r\nRCPT TO:<c@d.test>\r\nDATA\r\n")
    client.say(b"Message-ID: <1@b.test>\r\n\0\r\n.\r\n")
    client.say(TO_DATA[1])
    client.say(b"Message-ID: <2@b.test>\r\n\r\n.\r\n")
    client.say(b"QUIT\r\n")
    client.running.join(DEADLINE_S)

    from_client: dict[str, Any] = {"client": "127.0.0.1", "name": "c.test", "ptr": None}
    from_client |= {"listener": context.address, "account": None}
    refused = [what for what in heard if isinstance(what, Refused)]
    assert [
        Refused(
            **from_client,
            sender="a@b.test",
            recipient="x@other.test",
            stage="RCPT",
            reply="550 5.1.2 No route to this domain",
        ),
        Refused(
            **from_client,
            sender="a@b.test",
            recipient=None,
            stage="end of data",
            reply="554 5.6.0 Message has a NUL octet",
        ),
    ] == refused
    [accepted] = [what for what in heard if isinstance(what, Accepted)]
    assert ("c.test", "<2@b.test>") == (accepted.name, accepted.message_id)
    assert [SessionBegan, SessionEnded] == [type(heard[0]), type(heard[-1])]
    [ended] = [what for what in heard if isinstance(what, SessionEnded)]
    assert ("quit", 1) == (ended.reason, ended.messages)


@pytest.mark.parametrize(
    ("is_early", "stage", "reply"),
    [
        (False, "HTTP or header field", "221 2.7.0 This is SMTP, goodbye"),
        (True, "octets before their time", "554 5.5.0 SMTP protocol synchronization"),
    ],
)
def test_a_client_that_speaks_http_leaves_a_line(make_context, visit, is_early, stage, reply):
    """
    A scan, or a load balancer with the wrong probe.
    """
    heard: list[Occurrence] = []
    context = make_context()
    context.emit = emitter_to(heard)
    request = b"GET / HTTP/1.1\r\nHost: mx.example.test\r\n\r\n"
    client = visit(context, early=request) if is_early else visit(context)
    client.hear()
    if not is_early:
        client.say(request)
    client.running.join(DEADLINE_S)
    [refused] = [what for what in heard if isinstance(what, Refused)]
    assert (stage, reply) == (refused.stage, refused.reply)


def test_a_flood_of_refusals_is_counted_and_not_written(make_context, visit):
    heard: list[Occurrence] = []
    context = make_context()
    context.emit = emitter_to(heard)
    context.refusals = RefusalMeter(per_second=1, per_client=1)
    client = visit(context)
    client.hear()
    client.say(b"NOPE\r\n" * 9)
    assert (1, 8) == (len([what for what in heard if isinstance(what, Refused)]), context.refusals.take_left_out())


def test_octets_before_the_banner_end_the_session(make_context, visit):
    """
    RFC 5321 §3.1: a client that does not wait for the banner does not listen to replies.
    """
    client = visit(make_context(), early=b"EHLO c.test\r\n")
    assert client.hear().startswith(b"554 5.5.0 ")
    assert b"" == client.hear()


@pytest.mark.parametrize("is_in_content", [False, True])
def test_a_silent_client_gets_421_and_is_disconnected(make_context, visit, is_in_content):
    """
    RFC 5321 §4.5.3.2.
    """
    client = visit(make_context(more='[receiving.timeouts]\ncommand = "1s"\ncontent = "1s"'))
    client.hear()
    if is_in_content:
        for octets in TO_DATA:
            client.say(octets)
    assert b"421 4.4.2 Timed out waiting for you\r\n" == client.hear()
    assert b"" == client.hear()


def test_a_session_ends_at_its_limit_though_the_client_is_active(make_context, visit):
    """
    A client that says EHLO from time to time could stay for ever.
    """
    heard_of: list[Occurrence] = []
    context = make_context(more='[receiving.timeouts]\nsession = "1s"')
    context.emit = emitter_to(heard_of)
    client = visit(context)
    heard = client.hear()
    while b"\r\n421 " not in heard:
        with contextlib.suppress(BrokenPipeError):  # it may have ended since the last reply
            client.push(TO_DATA[0])
        heard += client.hear()
    assert heard.endswith(b"\r\n421 4.4.2 Session lasted too long, try again\r\n")
    client.running.join(DEADLINE_S)
    [refused] = [what for what in heard_of if isinstance(what, Refused)]
    assert ("timeout or stop", "421 4.4.2 Session lasted too long, try again") == (refused.stage, refused.reply)
    assert isinstance(heard_of[-1], SessionEnded)
    assert "session limit" == heard_of[-1].reason


@pytest.mark.parametrize("is_pipelined", [False, True])
def test_a_transaction_outlasts_the_limit_of_its_session(make_context, visit, is_pipelined):
    """
    A client that sends steadily over a slow line gets its large message through. The session takes no further message,
    even if the client sends it at once.
    """
    context = make_context(more='[receiving.timeouts]\nsession = "1s"')
    client = visit(context)
    client.hear()
    client.say(TO_DATA[0])
    client.say(TO_DATA[1])
    began_at = time.monotonic()
    while time.monotonic() - began_at < 1.5:
        client.push(b"a line\r\n")
        gevent.sleep(0.05)
    heard = client.say(b".\r\n" + (TO_DATA[1] if is_pipelined else b""))
    while b"\r\n421 " not in heard:
        heard += client.hear()
    queued, rest = heard.split(b"\r\n", 1)
    assert queued.startswith(b"250 2.0.0 Ok: queued as ")
    assert b"421 4.4.2 Session lasted too long, try again\r\n" == rest
    assert b"" == client.hear()
    assert 1 == len(context.writer.messages)


def test_a_client_that_sends_an_octet_at_a_time_is_ended_by_the_slowest_rate(make_context, visit):
    """
    Each octet is in time for the wait between two of them; a message would take years, and hold its place for so long.
    """
    context = make_context(
        more='[receiving.timeouts]\ncontent = "250ms"\n[receiving.limits]\nminimum_content_rate = "500B/s"'
    )
    client = visit(context)
    client.hear()
    for octets in TO_DATA:
        client.say(octets)
    began_at, octets_sent = time.monotonic(), 0
    while client.running:
        with contextlib.suppress(BrokenPipeError):
            client.push(b"x")
        octets_sent += 1
        gevent.sleep(0.02)
    assert b"421 4.4.2 Content arrives too slowly, try again\r\n" == client.hear()
    assert time.monotonic() - began_at >= 0.25 + (octets_sent - 5) / 500
    assert ([], 1) == (context.writer.messages, context.tally.counts[Limit.CONTENT_RATE])


def test_a_command_that_comes_an_octet_at_a_time_has_the_time_of_one_command(make_context, visit):
    """
    Otherwise a line of 2,048 octets could keep its session for a week.
    """
    client = visit(make_context(more='[receiving.timeouts]\ncommand = "250ms"'))
    client.hear()
    while client.running:
        with contextlib.suppress(BrokenPipeError):
            client.push(b"N")
        gevent.sleep(0.02)
    assert b"421 4.4.2 Timed out waiting for you\r\n" == client.hear()


def test_recipients_do_not_keep_a_session_beyond_its_limit(make_context, visit):
    """
    An open transaction has the time of one more command. A client that goes on to send recipients is no slow client.
    """
    context = make_context(more='[receiving.timeouts]\nsession = "200ms"\ncommand = "200ms"')
    client = visit(context)
    heard = client.hear()
    heard += client.say(TO_DATA[0])
    heard += client.say(b"MAIL FROM:<a@b.test>\r\n")
    while b"\r\n421 " not in heard:
        with contextlib.suppress(BrokenPipeError):
            client.push(b"RCPT TO:<c@d.test>\r\n")
        heard += client.hear()
    assert heard.endswith(b"\r\n421 4.4.2 Session lasted too long, try again\r\n")


def test_a_session_has_a_number_of_messages_and_of_recipients(make_context, visit):
    """
    The recipients before the limit stay valid; at the number of messages the client must connect again.
    """
    context = make_context(more="[receiving.limits]\nrecipients_per_session = 100", messages=2)
    client = visit(context)
    client.hear()
    client.say(TO_DATA[0])
    client.say(b"MAIL FROM:<a@b.test>\r\n")
    for _ in range(100):
        assert b"250 2.1.5 Ok\r\n" == client.say(b"RCPT TO:<c@d.test>\r\n")
    assert b"452 4.5.3 Too many recipients in this session, connect again\r\n" == client.say(b"RCPT TO:<c@d.test>\r\n")
    assert b"354 End data with <CR><LF>.<CR><LF>\r\n" == client.say(b"DATA\r\n")
    client.say(MESSAGE)
    client.say(b"MAIL FROM:<a@b.test>\r\n")
    client.say(b"RSET\r\n")
    assert b"421 4.7.0 Too many messages in this session, connect again\r\n" == client.say(b"MAIL FROM:<a@b.test>\r\n")
    assert b"" == client.hear()
    counts = context.tally.counts
    assert (1, 1) == (counts[Limit.RECIPIENTS_PER_SESSION], counts[Limit.MESSAGES_PER_SESSION])


def test_a_timeout_within_a_transaction_leaves_a_line(make_context, visit):
    """
    The sender will ask for the message.
    """
    heard: list[Occurrence] = []
    context = make_context(more='[receiving.timeouts]\ncontent = "1s"')
    context.emit = emitter_to(heard)
    client = visit(context)
    client.hear()
    client.say(TO_DATA[0])
    client.say(TO_DATA[1])
    client.hear()
    client.running.join(DEADLINE_S)
    [refused] = [what for what in heard if isinstance(what, Refused)]
    assert ("a@b.test", "421 4.4.2 Timed out waiting for you") == (refused.sender, refused.reply)


def test_an_address_beyond_ascii_in_the_field_of_this_host_makes_the_message_8bit(make_context, visit):
    """
    The Received field names the recipient, so the message on the wire is not 7BIT and needs BODY=8BITMIME.
    """
    context = make_context()
    client = visit(context)
    client.hear()
    client.say(TO_DATA[0])
    client.say("MAIL FROM:<a@b.test> SMTPUTF8\r\nRCPT TO:<ü@d.test>\r\nDATA\r\n".encode())
    client.say(MESSAGE)
    [message] = context.writer.messages
    assert ("ü@d.test".encode() in message.added_fields, message.has_8bit) == (True, True)


def test_an_interrupt_tells_an_idle_client(make_context, visit):
    client = visit(make_context())
    client.hear()
    client.say(TO_DATA[0])
    client.session.interrupt()
    assert b"421 4.3.2 Service shutting down, try again later\r\n" == client.hear()
    assert b"" == client.hear()


def test_a_process_that_drains_greets_no_client(make_context, visit):
    """
    The connection was accepted just before the drain.
    """
    context = make_context()
    context.is_draining = True
    client = visit(context)
    assert b"421 4.3.2 Service shutting down, try again later\r\n" == client.hear()
    assert b"" == client.hear()


def test_a_client_that_met_a_reload_sends_its_first_message(make_context, visit):
    """
    A reload refuses no client: some used to get 421 in place of the greeting, or at EHLO.
    """
    context = make_context()
    context.is_draining, context.new_clients_until = True, time.monotonic() + DEADLINE_S
    client = visit(context)
    assert b"220 " == client.hear()[:4]
    client.session.interrupt_unless_busy()
    assert b"250-" == client.say(TO_DATA[0])[:4]
    client.session.interrupt_unless_busy()
    client.say(TO_DATA[1])
    heard = client.say(MESSAGE)
    while b"421 " not in heard:
        heard += client.hear()
    queued, rest = heard.split(b"\r\n", 1)
    assert queued.startswith(b"250 2.0.0 Ok: queued as ")
    assert b"421 4.3.2 Service shutting down, try again later\r\n" == rest


def test_a_client_that_sends_nothing_ends_some_time_after_the_reload(make_context, visit):
    """
    Connections that scanners leave open must not keep the processes of each reload.
    """
    context = make_context()
    context.is_draining, context.new_clients_until = True, time.monotonic() + DEADLINE_S
    client = visit(context)
    client.hear()
    context.new_clients_until = time.monotonic()
    client.session.interrupt_unless_busy()
    assert b"421 4.3.2 Service shutting down, try again later\r\n" == client.hear()


def test_a_message_that_is_arriving_is_completed_while_the_process_drains(make_context, visit):
    """
    The session ends after its reply.
    """
    context = make_context()
    client = visit(context)
    client.hear()
    for octets in TO_DATA:
        client.say(octets)
    assert client.session.outlasts_drain
    context.is_draining = True
    reply = client.say(MESSAGE)
    while not reply.endswith(b"421 4.3.2 Service shutting down, try again later\r\n"):
        reply += client.hear()
    assert (True, 1) == (reply.startswith(b"250 2.0.0 "), len(context.writer.messages))


def test_a_client_that_vanishes_costs_nothing(make_context, visit):
    """
    The fixture checks that memory and disk space are free again.
    """
    context = make_context()
    for content in (b"Subject: x\r\n", b"X: y\r\n\r\n" + (b"z" * 78 + b"\r\n") * 20_000):
        client = visit(context)
        client.hear()
        for octets in TO_DATA:
            client.say(octets)
        client.push(content)
    assert [] == context.writer.messages


def test_the_wishes_of_a_trusted_client_are_in_the_rows(make_context, visit):
    """
    FUTURERELEASE, DELIVERBY, MT-PRIORITY and TLS-Required become instants, a class and a column of the queue.
    """
    context = make_context()
    client = visit(context)
    client.hear()
    greeting = client.say(TO_DATA[0])
    assert b"FUTURERELEASE 2592000 20" in greeting
    assert b"REQUIRETLS" not in greeting
    before = time.time()
    client.say(TO_DATA[1].replace(b"\r\n", b" HOLDFOR=60 BY=3600;R MT-PRIORITY=9\r\n", 1))
    client.say(b"TLS-Required: No\r\n" + MESSAGE)
    [message] = context.writer.messages
    assert 60 <= message.release_at - before < 60 + DEADLINE_S
    assert 3600 <= message.expires_at - before < 3600 + DEADLINE_S
    assert (0, False) == (message.priority, message.requires_tls)
    assert b"501 5.5.4 " == client.say(b"MAIL FROM:<a@b.test> HOLDFOR=2592001\r\n")[:10]


def test_a_client_that_is_not_trusted_gets_the_usual_priority(make_context, visit):
    """
    RFC 6710 §5: it hears so at MAIL. It may not have its mail held either.
    """
    context = make_context('[relay]\nnetworks = []\ndomains = ["d.test"]')
    client = visit(context)
    client.hear()
    assert b"FUTURERELEASE" not in client.say(TO_DATA[0])
    assert client.say(b"MAIL FROM:<a@b.test> MT-PRIORITY=5\r\n").startswith(b"250 2.3.6 ")
    client.say(b"RCPT TO:<c@d.test>\r\nDATA\r\n")
    client.say(MESSAGE)
    assert 2 == context.writer.messages[0].priority
    assert b"555 5.5.4 " == client.say(b"MAIL FROM:<a@b.test> HOLDFOR=60\r\n")[:10]


def test_recipients_count_as_memory_and_beyond_it_a_message_has_a_hundred(make_context, visit):
    """
    R8, RFC 5321 §4.5.3.1.8. Envelopes were outside memory_size: a thousand clients held as much as they liked.
    """
    context = make_context()
    client = visit(context)
    client.hear()
    client.say(b"EHLO c.test\r\n")
    client.say(b"MAIL FROM:<a@b.test>\r\n")
    client.say(b"RCPT TO:<first@d.test>\r\n")
    one = context.budget.held_octets
    assert 0 < one < 2000
    context.budget.held_octets += context.budget.limit_octets
    codes = [client.say(b"RCPT TO:<r%d@d.test>\r\n" % number)[:9] for number in range(100)]
    context.budget.held_octets -= context.budget.limit_octets
    assert [b"250 2.1.5"] * 99 + [b"452 4.3.1"] == codes
    assert client.say(b"RCPT TO:<last@d.test>\r\n").startswith(b"250 ")
    client.say(b"RSET\r\n")
    assert 0 == context.budget.held_octets
