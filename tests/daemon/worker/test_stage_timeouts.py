"""Each wait for a host has its own limit, RFC 5321 §4.5.3.2: a scripted stream and a clock that the test moves."""

import pytest

from empath.config import load_config
from empath.daemon.worker.connection import LEAST_RATE
from empath.daemon.worker.pool import ConnectionPool
from empath.mail.outcome import Stage
from empath.net.stream import Deadlines, StreamTimeout
from empath.policy.hosts.search import Host
from empath.smtp.client.session import ClientRecipient, Transaction
from tests.kit.process import configuration

HOST = Host("mx.test", "192.0.2.1", 25)
MAIL = Transaction("a@b.test", {1: ClientRecipient("c@d.test")}, 10)
REPLIES = [b"220 x\r\n", b"250 x\r\n", b"250 Ok\r\n", b"250 Ok\r\n", b"354 Go\r\n", b"250 Ok\r\n"]
STAGES = [Stage.GREETING, Stage.EHLO, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.END_OF_DATA]
NAMES = [stage.replace("-", "_") for stage in (Stage.CONNECT, *STAGES, Stage.CONTENT)]
LIMITS = {name: 100.0 + place for place, name in enumerate(NAMES)}
DEFAULTS = {
    "connect": 30.0, "greeting": 300.0, "ehlo": 300.0, "mail": 300.0, "rcpt": 300.0, "data": 120.0, "content": 180.0,
    "end_of_data": 600.0,
}  # fmt: skip


class SilentHost:
    """A host that falls silent after some replies; `now` is the clock, which moves to the end of each wait in vain."""

    def __init__(self, replies, *, takes_content=True, is_there=True):
        self.now = 1000.0
        self.deadline_at = self.now
        self.replies = REPLIES[:replies]
        self.takes_content = takes_content
        self.is_there = is_there
        self.is_closed = False

    def connect(self, address, port, *, deadlines, timeout_s):
        if not self.is_there:
            self.now += timeout_s
            raise StreamTimeout("timed out")
        return self

    def receive_next(self):
        if not self.replies:
            self.wait_in_vain()
        return self.replies.pop(0)

    def receive_now(self):
        return None

    def is_acknowledged(self):
        return True

    def send_part(self, octets):
        if b"content" in bytes(octets) and not self.takes_content:
            self.wait_in_vain()
        return len(octets)

    def send_now(self, octets):
        pass

    def close(self):
        self.is_closed = True

    def wait_in_vain(self):
        self.now = self.deadline_at
        raise StreamTimeout("timed out")


def waited(tmp_path, host, limits, pieces=lambda: iter([b"content\r\n" * 10_000, b"more\r\n"])):
    """The duration of a message, the stage at which it ended, and the reply."""
    file = tmp_path / "empath.toml"
    lines = "\n".join(f'{name}_timeout = "{seconds:.0f}s"' for name, seconds in limits.items())
    file.write_text(configuration(2525, f"[delivery]\n{lines}"))
    pool = ConnectionPool(load_config(file).delivery, "me.test", Deadlines(), host.connect, lambda: host.now)
    result = pool.send(HOST, MAIL, pieces, lambda: True)
    one = result.results[1]
    assert host.is_closed == host.is_there
    return host.now - 1000.0, one.stage, str(one.reply)[:9], result.is_in_doubt


@pytest.mark.parametrize(("limits", "expected"), [(LIMITS, LIMITS), ({}, DEFAULTS)])
@pytest.mark.parametrize(("replies", "stage"), list(enumerate(STAGES)))
def test_f6_f14_a_silent_host_is_waited_for_as_long_as_its_stage_says(tmp_path, replies, stage, limits, expected):
    """
    Above all at the final dot a shorter wait would make duplicates.
    """
    limit_s = expected[stage.replace("-", "_")]
    in_doubt = stage is Stage.END_OF_DATA
    assert (limit_s, stage, "451 4.4.2", in_doubt) == waited(tmp_path, SilentHost(replies), limits)


@pytest.mark.parametrize(("limits", "expected"), [(LIMITS, LIMITS), ({}, DEFAULTS)])
def test_a_host_that_is_not_there_is_waited_for_as_long_as_a_connection_may_take(tmp_path, limits, expected):
    """
    4.4.1, because there was no session.
    """
    host = SilentHost(0, is_there=False)
    assert (expected["connect"], Stage.CONNECT, "451 4.4.1", False) == waited(tmp_path, host, limits)


@pytest.mark.parametrize(("limits", "expected"), [(LIMITS, LIMITS), ({}, DEFAULTS)])
def test_a_host_that_takes_no_content_is_waited_for_as_long_as_a_piece_may_take(tmp_path, limits, expected):
    """
    The dot was not sent, so the mail is not in doubt.
    """
    host = SilentHost(5, takes_content=False)
    assert (expected["content"], Stage.CONTENT, "451 4.4.2", False) == waited(tmp_path, host, limits)


class DrippingHost(SilentHost):
    """A host that takes 7 seconds for each octet of one reply, and for each piece of content."""

    def __init__(self, replies):
        super().__init__(replies)
        self.drip = b"250-"
        self.taken = 0

    def receive_next(self):
        if self.replies:
            return self.replies.pop(0)
        self.now += 7.0
        octet, self.drip = self.drip[:1], self.drip[1:] or b"x"
        return octet

    def send_part(self, octets):
        if len(octets) < 100_000:
            return len(octets)
        self.now += 7.0
        self.taken += 500
        return 500


@pytest.mark.parametrize(("replies", "stage"), list(enumerate(STAGES)))
def test_f14_octets_do_not_prolong_the_wait_for_a_reply(tmp_path, replies, stage):
    """
    A host that drips one octet at a time would hold its lease for days.
    """
    limit_s = LIMITS[stage.replace("-", "_")]
    waited_s, at, said, _ = waited(tmp_path, DrippingHost(replies), LIMITS)
    assert (True, stage, "451 4.4.2") == (limit_s <= waited_s < limit_s + 7.0, at, said)


def test_f14_the_wait_for_a_reply_begins_when_the_one_before_is_whole(tmp_path):
    """
    A host may take its time for each of many recipients that it checks.
    """

    class LateHost(SilentHost):
        def receive_next(self):
            self.now += 99.0
            return super().receive_next()

    host = LateHost(6)
    assert (6 * 99.0, Stage.END_OF_DATA, "250 Ok", False) == waited(tmp_path, host, dict.fromkeys(NAMES, 100.0))


def test_f14_content_has_a_least_rate(tmp_path):
    """
    A host that takes a buffer now and then could hold its lease for days. It may lag by the time of one buffer.
    """
    host = DrippingHost(5)
    waited_s, stage, said, is_in_doubt = waited(tmp_path, host, LIMITS, lambda: iter([b"x" * 200_000] * 100))
    assert (Stage.CONTENT, "451 4.4.2", False) == (stage, said, is_in_doubt)
    assert host.taken / LEAST_RATE < waited_s <= LIMITS["content"] + (host.taken + 200_000) / LEAST_RATE


def test_the_least_rate_is_over_all_content(tmp_path):
    """
    Faster content makes up for a pause.
    """

    class LateHost(SilentHost):
        def send_part(self, octets):
            self.now += 100.0 * (len(octets) > 10_000)
            return len(octets)

    host = LateHost(6)
    waited_s, _, said, _ = waited(tmp_path, host, LIMITS, lambda: iter([b"x" * 100_000] * 20))
    assert (2000.0, "250 Ok") == (waited_s, said)
