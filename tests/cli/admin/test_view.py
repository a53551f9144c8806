"""test_view - `empath-admin view`: everything about one message"""

import hashlib

from empath.mail.identity import QueueId, Timestamp
from empath.mail.status import RecipientStatus
from empath.storage.spool import SpoolFile
from tests.cli.admin.kit import NEVER, AdminTool
from tests.kit.queue import T0, write

MESSAGE_KEYS = [
    "id", "node", "sender", "size_octets", "digest", "received_at", "body_type", "is_smtputf8", "dsn_return",
    "envelope_id", "listener", "client_address", "client_name", "account", "tls_version", "tls_cipher",
    "header_message_id", "subject", "content_locator", "recipient_count", "recipients", "frozen_since", "settings",
    "transcripts",
]  # fmt: skip
RECIPIENT_KEYS = [
    "recipient_id", "recipient", "original", "domain", "destination", "status", "ordered", "priority", "attempts",
    "next_retry_at", "expires_at", "lost_leases", "notify", "original_recipient", "last_reply", "reason", "settled_at",
    "suspended_until", "sent_as", "feedback", "blocked_by", "attempt_log",
]  # fmt: skip
ATTEMPT_KEYS = [
    "attempt_id", "started_at", "duration_s", "connect_s", "destination", "host", "peer_address", "stage", "code",
    "enhanced", "reply", "tls_policy", "tls_version", "tls_cipher", "tls_peer", "tls_failure", "dnssec", "source",
    "outcome", "decided_status", "decided_next_retry_at", "bounce_class",
]  # fmt: skip
ULID = str(QueueId.make(Timestamp(T0), bytes(9) + b"\xff"))


def accept(tool: AdminTool, *destinations: str, **attributes):
    tool.queue.accept(*destinations, queue_id=QueueId(ULID), **attributes)


def settle(tool: AdminTool, status: RecipientStatus, destination: str = "a.example"):
    lease = next(lease for lease in tool.queue.lease(now=T0 + 10_000) if lease.destination == destination)
    tool.queue.run(tool.queue.new_settle(lease, status, next_retry_at=NEVER))


def test_view_shows_message_recipient_and_attempts(tool: AdminTool):
    """
    People first ask what happened to a mail and when its next try is.
    """
    content = b"Subject: x\r\n\r\ny\r\n"
    accept(tool, content=content)
    settle(tool, RecipientStatus.DEFERRED)
    assert [
        f"id           {ULID}",
        "sender       <sender@example.test>",
        "received     2023-11-14T22:13:20Z",
        "client       192.0.2.1 (client.example)",
        "listener     127.0.0.1:2525 of mx.example.test",
        "size_octets  17",
        "parameters   BODY=7BIT",
        "message-id   <1@example.test>",
        "subject      x",
        f"digest       {hashlib.sha256(content).hexdigest()}",
        "content      inline",
        "recipients   1",
        "",
        "recipient  1 <r1@a.example>",
        "  status      deferred",
        "  next hop    a.example",
        "  attempts    1",
        "  next try    2096-10-02T07:06:40Z",
        "  expires     2023-11-14T22:13:20Z",
        "  last try    2023-11-14T22:13:21Z",
        "  last reply  451 4.7.1 greylisted",
        "  notify      FAILURE",
        "  AT                    SECONDS  OUTCOME   STAGE        CLASS  HOST                       REPLY",
        "  2023-11-14T22:13:20Z  0.500    deferred  end-of-data  -      mx.a.example 192.0.2.2:25  "
        "451 4.7.1 greylisted",
    ] == tool.lines("view", ULID)


def test_a_ulid_may_be_given_in_either_case(tool: AdminTool):
    """
    People and programs copy it from a log, a reply or a bounce.
    """
    accept(tool)
    assert ULID == tool.record("view", ULID.lower())["id"]


def test_json_has_these_keys(tool: AdminTool):
    """
    The documented keys are an interface: scripts depend on each of them.
    """
    accept(tool)
    settle(tool, RecipientStatus.BOUNCED)
    record = tool.record("view", ULID)
    recipient = record["recipients"][0]
    assert MESSAGE_KEYS == list(record)
    assert RECIPIENT_KEYS == list(recipient)
    assert ATTEMPT_KEYS == list(recipient["attempt_log"][0])


def test_final_recipients_are_shown(tool: AdminTool):
    """
    The fate of each recipient is shown, not only of waiting ones.
    """
    accept(tool, "a.example", "b.example", "c.example")
    leases = {lease.destination: lease for lease in tool.queue.lease()}
    tool.queue.run(
        tool.queue.new_settle(leases["a.example"], RecipientStatus.DELIVERED),
        tool.queue.new_settle(leases["b.example"], RecipientStatus.BOUNCED),
    )
    record = tool.record("view", ULID)
    assert [(1, "delivered"), (2, "bounced"), (3, "leased")] == [
        (recipient["recipient_id"], recipient["status"]) for recipient in record["recipients"]
    ]
    assert [["250 2.0.0 Ok"], ["550 5.1.1 no such mailbox"], []] == [
        [attempt["reply"] for attempt in recipient["attempt_log"]] for recipient in record["recipients"]
    ]


def test_a_final_recipient_has_no_next_try(tool: AdminTool):
    """
    An instant without an attempt would mislead.
    """
    accept(tool)
    settle(tool, RecipientStatus.BOUNCED)
    names = [line.strip().split("  ")[0] for line in tool.lines("view", ULID)]
    assert set() == {"next try", "expires"} & set(names)


def test_mail_that_no_host_was_asked_about_has_no_last_try(tool: AdminTool):
    """
    A person, or a module, may hold it before its first attempt; the instant is that of the hold.
    """

    def names() -> set[str]:
        return {line.strip().split("  ")[0] for line in tool.lines("view", ULID)} & {
            "last try",
            "held since",
            "changed",
        }

    accept(tool)
    tool.lines("hold", "--id", ULID)
    assert {"held since"} == names()
    tool.lines("release", "--id", ULID)
    assert "last try" not in names()


def test_a_recipients_number_shows_that_one_of_the_message(tool: AdminTool):
    """
    The number selects one of perhaps a thousand; the message still has the count of all.
    """
    accept(tool, "a.example", "b.example")
    settle(tool, RecipientStatus.DEFERRED, "b.example")
    record = tool.record("view", "2")
    assert (ULID, 2, ["r2@b.example"]) == (
        record["id"],
        record["recipient_count"],
        [recipient["recipient"] for recipient in record["recipients"]],
    )
    assert "recipients   2, 1 shown" in tool.lines("view", "2")


def test_what_is_unusual_is_shown(tool: AdminTool):
    """
    Lost leases, reasons, orders and parameters are rare, and important where they occur.
    """
    accept(tool)
    write(tool.path, "UPDATE _message SET is_smtputf8 = 1, dsn_return = 'HDRS', envelope_id = 'E+2B1', account = 'ann'")
    write(
        tool.path,
        """UPDATE _recipient SET status = 'held', reason = 'looks odd', original = 'alias@a.example',
           ordered_status = 'cancelled', original_recipient = 'rfc822;alias@a.example'""",
    )
    lines = tool.lines("view", ULID)
    assert "parameters   BODY=7BIT SMTPUTF8=yes RET=HDRS ENVID=E+2B1" in lines
    assert "account      ann" in lines
    assert [
        "  status    held",
        "  next hop  a.example",
        "  attempts  0",
        "  given as  <alias@a.example>",
        "  ordered   cancelled",
        "  reason    looks odd",
        "  expires   2023-11-14T22:13:20Z",
        "  notify    FAILURE",
        "  orcpt     rfc822;alias@a.example",
    ] == lines[-9:]
    assert True is tool.record("view", ULID)["is_smtputf8"]
    write(tool.path, "UPDATE _recipient SET ordered_status = NULL")  # only a leased recipient has an order


def test_the_null_reverse_path_is_shown_as_such(tool: AdminTool):
    """
    An empty field would look like a fault.
    """
    accept(tool)
    write(tool.path, "UPDATE _message SET reverse_path = ''")
    assert "sender       <>" in tool.lines("view", ULID)


def test_headers_are_those_of_inline_content(tool: AdminTool):
    """
    Lines are unchanged but for escaped control characters, and nothing of the body follows.
    """
    accept(tool, content=b"Subject: a\x1b\r\n\tb\r\nX-Raw: \xff\xc3\xbc\r\n\r\nbody\r\n")
    assert ["", "Subject: a\\x1b", "\tb", "X-Raw: \\xffü"] == tool.lines("view", ULID, "--headers")[-4:]
    assert ["Subject: a\x1b", "\tb", "X-Raw: \\xffü"] == tool.record("view", ULID, "--headers")["headers"]


def test_headers_are_those_of_spooled_content(tool: AdminTool):
    """
    The place of the content makes no difference.
    """
    tool.spool.mkdir()
    file = SpoolFile(tool.spool, "mx.example.test", QueueId(ULID))
    file.write(b"Subject: large\r\n\r\n" + b"x" * 3_000_000)
    file.complete()
    file.close()
    accept(tool, content=None, size=3_000_018, locator=file.locator, added_fields=b"Received: y\r\n")
    assert ["Received: y", "Subject: large"] == tool.record("view", ULID, "--headers")["headers"]


def test_a_spool_file_that_is_missing_is_an_io_error(tool: AdminTool):
    """
    Silence would hide the loss of a file.
    """
    accept(tool, content=None, size=5, locator=f"spool:mx.example.test/{ULID}")
    said = tool.run("view", ULID, "--headers")
    assert (74, "") == (said.code, said.out)
    assert said.err.endswith(f"{ULID}: No such file or directory\n")


def test_headers_of_a_message_without_any(tool: AdminTool):
    """
    A message may begin with the blank line.
    """
    accept(tool, content=b"\r\nbody\r\n")
    assert [] == tool.record("view", ULID, "--headers")["headers"]


def test_headers_go_with_the_content(tool: AdminTool):
    """
    After delivery only the rows are left, and `view` says so.
    """
    accept(tool)
    settle(tool, RecipientStatus.DELIVERED)
    result = tool.invoke("view", ULID, "--headers")
    assert "content      removed" in result.stdout.splitlines()
    assert "empath-admin: the content was removed, and its headers with it\n" == result.stderr
    assert None is tool.record("view", ULID, "--headers")["headers"]


def test_an_id_that_no_row_has_is_exit_66(tool: AdminTool):
    """
    A script must tell a missing row from a wrong id.
    """
    for reference, words in ((ULID, f"no message {ULID}"), ("17", "no recipient 17")):
        said = tool.run("view", reference)
        assert (66, "") == (said.code, said.out)
        assert said.err.startswith(f"empath-admin: {words} in the queue database")


def test_what_is_no_id_is_exit_64(tool: AdminTool):
    """
    A mistyped id causes no look-up.
    """
    for text in ("0", "-", ULID[:5], "9" * 20, f"{ULID}x", "1;", "\u0661", "\x1b[31m", "-1"):
        said = tool.run("view", "--", text)
        assert (64, "", 1) == (said.code, said.out, said.err.count("\n"))
        assert said.err.rstrip("\n").isprintable()


def test_stats_count_the_attempts_by_class(tool: AdminTool):
    """
    An operator sees at once whether a provider blocks this host or lists have gone stale.
    """
    assert [] == tool.lines("stats", "--by", "class")
    tool.queue.accept("a.example", "b.example")
    for lease in tool.queue.lease():
        work = tool.queue.new_settle(lease, RecipientStatus.DEFERRED)
        work.fates = tuple(fate._replace(bounce_class="rate") for fate in work.fates)
        tool.queue.run(work)
    assert [
        "CLASS ATTEMPTS RECIPIENTS DESTINATIONS DEFERRED BOUNCED EXPIRED LAST",
        "rate 2 2 2 2 0 0 2023-11-14T22:13:20Z",
    ] == [" ".join(line.split()) for line in tool.lines("stats", "--by", "class")]
    [found] = tool.record("stats", "--by", "class")["classes"]
    assert ("rate", 2, 0) == (found["bounce_class"], found["attempts"], found["next_host"])


def test_forwarding_and_what_was_reported_later_are_shown(tool: AdminTool):
    """
    The status says what the next hop said; what came later is next to it, and in the life of the message.
    """
    accept(tool)
    write(tool.path, "UPDATE _recipient SET sent_as = 'bounces+x@b.example'")
    keep = "INSERT INTO _feedback (at, report_ulid, kind, ulid, recipient_id, address, class, reply, suppressed_until)"
    write(tool.path, f"{keep} VALUES ({T0}, ?, 'failure', ?, 1, 'r1@a.example', 'quota', '552 full', 9.0)", ULID, ULID)
    shown = [" ".join(line.split()) for line in tool.lines("view", ULID)]
    assert "sent as <bounces+x@b.example>" in shown
    assert "feedback failure: 552 full" in shown
    assert any(
        "reported failure" in line and "quota, 552 full, suppressed" in line for line in tool.lines("track", ULID)
    )
    settle(tool, RecipientStatus.DELIVERED)
    assert any("reported later: failure 552 full" in line for line in tool.lines("explain", ULID))
