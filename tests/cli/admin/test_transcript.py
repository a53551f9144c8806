"""test_transcript - what was said in sessions that failed, as people and programs see it"""

import pytest

from empath.mail.identity import QueueId
from empath.storage.queue.transcripts import KeepTranscripts, TranscriptRow
from tests.cli.admin.kit import AdminTool
from tests.kit.queue import T0

ULID = "01JD3KQ9XWV5N8T2RZC4E6MBHA"
HOST = "mx.a.example[192.0.2.9]:25"
DIALOGUE = "S: 220 mx.a.example\nC: RCPT TO:<ann@a.example>\nS: 450 4.7.1 <ann@a.example> later"
SHOWN = [
    "with        mx.a.example[192.0.2.9]:25",
    f"message     {ULID}",
    "failed at   RCPT: 450 4.7.1 later",
    *(f"  {line}" for line in DIALOGUE.split("\n")),
]


@pytest.fixture
def said(tool: AdminTool) -> AdminTool:
    """A queue in which a host and a client failed."""
    tool.queue.accept("a.example", queue_id=QueueId.parse(ULID))
    of_host = TranscriptRow(
        *(T0, "RCPT", "450 4.7.1 later", ULID, "a.example", HOST), sender="me@b.example", dialogue=DIALOGUE
    )
    of_client = TranscriptRow(
        T0 + 1, "EHLO", "501 no", listener="[::1]:25", client_address="2001:db8::1", dialogue="C: EHLO x"
    )
    tool.queue.run(KeepTranscripts([of_host, of_client]))
    return tool


def test_without_an_argument_there_is_a_list(said: AdminTool) -> None:
    """
    The newest first, with the number that shows it.
    """
    header, *rows = said.lines("transcript")
    assert ["NUMBER", "AT", "WITH", "STAGE", "REPLY"] == header.split()
    assert ["2", "1"] == [row.split()[0] for row in rows]


@pytest.mark.parametrize("about", ["1", ULID, ULID[:10].lower(), "a.example", "A.example"])
def test_a_dialogue_is_found_by_what_people_know(said: AdminTool, about: str) -> None:
    """
    Its number, the message or the destination.
    """
    assert SHOWN == said.lines("transcript", about)[2:]


def test_a_client_is_found_by_its_address_however_it_is_written(said: AdminTool) -> None:
    """
    And what programs get has the columns of the view.
    """
    record = said.record("transcript", "[2001:DB8:0::1]")
    assert ("2001:db8::1", "[::1]:25", None, "EHLO", "2023-11-14T22:13:21Z", "C: EHLO x") == tuple(
        record[name] for name in ("client", "listener", "host", "stage", "failed_at", "dialogue")
    )


def test_view_and_explain_show_the_last_one(said: AdminTool) -> None:
    """
    Who asks why mail waits need not know that there is such a verb.
    """
    for command in (("view", ULID), ("explain", ULID)):
        assert SHOWN == said.lines(*command)[-len(SHOWN) :]
        assert [1] == [each["transcript_id"] for each in said.record(*command)["transcripts"]]


def test_masked_it_names_nobody(said: AdminTool) -> None:
    """
    Support staff may read what a host said.
    """
    shown = "\n".join(said.lines("transcript", "1", "--masked"))
    assert ("ann@" in shown, "a…@a.example" in shown) == (False, True)
    assert "ann@" not in str(said.record("view", ULID, "--masked")["transcripts"])
    assert "ann@" not in str(said.lines("sql", "--masked", "SELECT dialogue FROM transcript"))


@pytest.mark.parametrize("about", ["99", "b.example", "192.0.2.1", "9" * 20])
def test_nothing_that_failed_is_an_error(said: AdminTool, about: str) -> None:
    """
    With the reason, and its own exit code.
    """
    result = said.run("transcript", about)
    assert (result.code, result.err.count("\n")) in {(66, 1), (64, 1)}
