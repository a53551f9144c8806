"""empath-sendmail as programs of a host call it."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from empath.cli.sendmail import main
from empath.storage.drop import dropped, open_drop
from tests.kit.commands import ended, run_forked
from tests.kit.process import configuration
from tests.kit.waiting import DEADLINE_S, eventually

COMMAND = (sys.executable, "-P", "-m", "empath.cli.sendmail")
PICKUP = '[pickup]\ndirectory = "drop"\n'
MESSAGE = b"Subject: hi\nTo: A <a@example.test>\nCc: c@example.test\nBcc: b@example.test\n\nbody\n"


class Host:
    """A configuration with a directory for dropped mail, and no server."""

    def __init__(self, directory: Path):
        self.config = directory / "empath.toml"
        self.config.write_text(configuration(2525, PICKUP))
        self.drop = directory / "drop"
        self.drop.mkdir()

    def run(self, *arguments, text=MESSAGE, command=None):
        """Run the command, or as *command* whatever the host calls it."""
        # Not that of coverage: another user cannot write its file.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
        environment["EMPATH_CONFIG"] = str(self.config)
        if command is None:
            return run_forked(main, ["empath-sendmail", *arguments], text, environment)
        done = subprocess.run(
            [*command, *arguments], input=text, capture_output=True, check=False, timeout=DEADLINE_S, env=environment
        )
        return ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    def sent(self, *arguments, text=MESSAGE):
        """The envelope and the content of the only message that the call leaves."""
        assert (0, "", "") == self.run(*arguments, text=text)
        [name] = dropped(self.drop, limit=10)
        drop = open_drop(self.drop / name, max_octets=1_000_000)
        content = b"".join(drop.pieces())
        drop.close()
        (self.drop / name).unlink()
        return drop.envelope, content


@pytest.fixture
def host(tmp_path):
    """A host without a running server."""
    return Host(tmp_path)


def _addresses(envelope):
    return [recipient.address for recipient in envelope.recipients]


def test_recipients_come_from_the_command_line_or_the_header(host):
    """
    With -t from both; a name without a domain is one of this host.
    """
    assert ["x@example.test"] == _addresses(host.sent("x@example.test")[0])
    assert ["x@mx.example.test", "y@example.test"] == _addresses(host.sent("-i", "x, y@example.test", "--")[0])
    assert ["x@example.test"] == _addresses(host.sent("-e", "m", "-x", "X Y <x@example.test>")[0])
    both = _addresses(host.sent("-t", "x@example.test", "a@example.test")[0])
    assert ["x@example.test", "a@example.test", "c@example.test", "b@example.test"] == both


@pytest.mark.parametrize(
    ("arguments", "reverse_path"),
    [
        (["-f", "me@example.test"], "me@example.test"),
        (["-fme@example.test"], "me@example.test"),
        (["-r", "me@example.test"], "me@example.test"),
        (["-f", "Me <me@example.test>"], "me@example.test"),
        (["-f", "<>"], ""),
        (["-f", ""], ""),
        (["-f", "me"], "me@mx.example.test"),
    ],
)
def test_the_envelope_sender_is_the_one_that_is_given(host, arguments, reverse_path):
    assert reverse_path == host.sent(*arguments, "x@example.test")[0].reverse_path


def test_options_of_other_programs_are_taken(host):
    """
    As cron, PHP, git send-email and mailx give them.
    """
    envelope, content = host.sent(
        "-i", "-FCronDaemon", "-B8BITMIME", "-oem", "-odb", "-v", "-n", "-m", "-U", "-G", "-h", "3", "-Lx",
        "-X/dev/null", "-O", "ErrorMode=m", "-N", "success,delay", "-R", "hdrs", "-V", "a b=c", "x@example.test",
        text=b"Subject: x\n\n.\nafter the dot\n",
    )  # fmt: skip
    assert b'From: "CronDaemon" <' in content
    assert content.endswith(b"Subject: x\r\n\r\n.\r\nafter the dot\r\n")
    [recipient] = envelope.recipients
    assert ("SUCCESS,DELAY", "HDRS", "a+20b+3Dc") == (recipient.notify, envelope.dsn_return, envelope.envelope_id)


def test_a_recipient_may_be_written_with_a_name(host):
    """
    As other mail servers take it; the name is not part of the envelope.
    """
    envelope, _ = host.sent("Ann <ann@example.test>", "<bob@example.test>", text=b"x")
    assert ["ann@example.test", "bob@example.test"] == [each.address for each in envelope.recipients]


@pytest.mark.parametrize("option", ["-i", "-oi", "-O IgnoreDots=true"])
def test_a_lone_dot_ends_the_message_unless_an_option_says_otherwise(host, option):
    text = b"From: a@b.test\n\nx\n.\ny\n"
    assert host.sent("x@example.test", text=text)[1].endswith(b"\r\n\r\nx\r\n")
    assert host.sent(*option.split(), "x@example.test", text=text)[1].endswith(b"x\r\n.\r\ny\r\n")


def test_a_name_without_a_domain_in_the_header_gets_the_host(host):
    """
    Cron writes such fields, and the host that the mail goes to would refuse them.
    """
    _, content = host.sent("-i", "root", text=b"From: root (Cron Daemon)\nTo: root\nSubject: root\n\nroot\n")
    assert content.startswith(b"From: root@mx.example.test (Cron Daemon)\r\nTo: root@mx.example.test\r\n")
    assert content.endswith(b"\r\nSubject: root\r\n\r\nroot\r\n")


def test_a_name_beyond_ascii_is_encoded(host):
    """
    RFC 2047: the header is ASCII, unless an address is not.
    """
    _, content = host.sent("-F", "J\u00f6rg", "-f", "me@example.test", "x@example.test", text=b"Subject: x\n\nx\n")
    assert content.startswith(b"From: =?utf-8?b?SsO2cmc=?= <me@example.test>\r\n")


def test_text_without_a_header_gets_one(host):
    """
    As `echo x | sendmail you`; its first line must not become a field.
    """
    _, content = host.sent("-f", "me@example.test", "x@example.test", text=b"hello: there is\nno header\n")
    assert content.startswith(b"From: me@example.test\r\n")
    _, content = host.sent("-f", "me@example.test", "x@example.test", text=b"hello there\n")
    assert content == b"From: me@example.test\r\n\r\nhello there\r\n"


@pytest.mark.parametrize(
    ("arguments", "text", "code", "words"),
    [
        ([], b"x", 64, "no recipients"),
        (["-t"], b"Subject: x\n\n", 65, "no recipients"),
        (["-t"], b"To: Name <>, a@b.test\n\n", 65, "To is not a list of addresses"),
        (["a b@@c"], b"x", 65, "not an address"),
        (["<a@b.test"], b"x", 65, "not an address"),
        (["a@b.test\nc@d.test"], b"x", 65, "a control character"),
        (["-f", "a@b.test\nBcc: c@d.test", "x@y.test"], b"x", 65, "the sender is not an address"),
        (["-t"], b"To: a@b.test c@d.test\nCc: e@f.test\n\n", 65, "'a@b.test c@d.test'"),
        (["-f", "a@b.test, c@d.test", "x@y.test"], b"x", 65, "the sender is not an address"),
        (["-f", "a@@b", "x@y.test"], b"x", 65, "the sender is not an address"),
        (["-bz"], b"", 64, "no such mode"),
        (["-bd"], b"", 64, "empathd start"),
        (["-N", "often", "x@y.test"], b"x", 64, "-N"),
        (["-R", "half", "x@y.test"], b"x", 64, "-R"),
        (["-C", "/nowhere", "x@y.test"], b"x", 66, "/nowhere"),
        (["-V", "a\nb", "x@y.test"], b"x", 64, "-V"),
        (["-V", "x" * 101, "x@y.test"], b"x", 64, "-V"),
        (["--no-such-option"], b"", 64, "no-such-option"),
    ],
)
def test_a_mistake_is_one_line_and_a_code(host, arguments, text, code, words):
    found, out, err = host.run(*arguments, text=text)
    assert (code, "") == (found, out)
    assert words in err
    assert 1 == err.count("\n")
    assert [] == dropped(host.drop, limit=9)


def test_a_directory_that_is_not_there_or_not_configured_is_one_line(host):
    host.drop.rmdir()
    assert (73, 1) == (host.run("x@example.test")[0], host.run("x@example.test")[2].count("\n"))
    host.config.write_text(configuration(2525))
    assert (78, 1) == (host.run("x@example.test")[0], host.run("x@example.test")[2].count("\n"))


def test_a_message_that_is_too_large_is_refused_at_once(host):
    host.config.write_text(configuration(2525, PICKUP + '[receiving.limits]\nmessage_size = "64KiB"\n'))
    assert 65 == host.run("x@example.test", text=b"x" * 65_537)[0]
    assert [] == dropped(host.drop, limit=9)


def test_a_session_on_standard_input_leaves_each_message(host):
    """
    `-bs`, as mail readers use it: in lock-step, or all at once from a file.
    """
    commands = b"EHLO x\r\n" + 2 * (
        b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nRCPT TO:<postmaster>\r\nDATA\r\nSubject: x\r\n\r\n..y\r\n.\r\n"
    )
    code, out, err = host.run("-bs", text=commands + b"QUIT\r\n")
    assert (0, "") == (code, err)
    assert 2 == out.count("queued as")
    assert "CHUNKING" not in out  # a chunk does not end with a line: the session would wait for more
    names = dropped(host.drop, limit=9)
    assert 2 == len(names)
    drop = open_drop(host.drop / names[0], max_octets=1000)
    assert b"Subject: x\r\n\r\n.y\r\n" == b"".join(drop.pieces())
    assert ["c@d.test", "admin@example.test"] == _addresses(drop.envelope)
    drop.close()


def test_a_closed_standard_input_is_one_line_and_a_code(host):
    """
    As `sendmail x <&-`. Nothing is sent, and the caller hears of it.
    """
    command = ("/bin/sh", "-c", f"exec {shlex.join(COMMAND)} x@y.test <&-")
    code, _, err = host.run(command=command)
    assert (74, 1) == (code, err.count("\n"))
    assert [] == dropped(host.drop, limit=9)


def test_newaliases_and_flush_end_well(host):
    assert 0 == host.run("-bi")[0]
    assert (0, "", "") == host.run("-q")
    assert (0, "", "") == host.run("-q30m")


@pytest.mark.parametrize(("name", "words"), [("mailq", ""), ("newaliases", "nothing to build")])
def test_the_command_of_a_checkout_knows_its_other_names(host, name, words):
    link = host.config.parent / name
    link.symlink_to(Path(__file__).parents[2] / "bin/empath-sendmail")
    _, out, err = host.run(command=(str(link),))
    assert words in out + err


@pytest.mark.skipif(os.geteuid() != 0, reason="root can become another user")
def test_a_user_leaves_mail_and_reads_nobody_elses():
    """
    The directory may be written and not listed.
    """
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    with tempfile.TemporaryDirectory() as name:  # the directories of pytest are closed to other users
        Path(name).chmod(0o755)
        host = Host(Path(name))
        host.config.chmod(0o644)
        host.drop.chmod(0o3733)
        assert (0, "", "") == host.run("x@example.test", command=(*nobody, *COMMAND))
        [left] = dropped(host.drop, limit=9)
        assert 65534 == (host.drop / left).stat().st_uid
        other = host.drop / "01000000000000000000000000.mail"
        other.write_bytes(b"of another user")
        other.chmod(0o640)
        for command in (("ls", host.drop), ("cat", other), ("rm", "-f", other)):
            assert 0 != subprocess.run([*nobody, *command], capture_output=True, check=False).returncode


def test_mail_that_is_left_while_the_server_is_stopped_is_delivered_once(make_empathd):
    """
    Also if the file is still there after a crash, and the queue has the message already.
    """
    server = make_empathd(more=PICKUP)
    drop = server.directory / "drop"
    drop.mkdir()
    host = Host.__new__(Host)
    host.config, host.drop = server.config, drop
    assert (0, "", "") == host.run("-t", "-f", "me@example.test")
    [name] = dropped(drop, limit=9)
    shutil.copy(drop / name, server.directory / name)
    server.start()
    eventually(lambda: 3 == len(list(server.delivered())), "delivered")
    eventually(lambda: not dropped(drop, limit=9), "removed")

    os.rename(server.directory / name, drop / name)
    eventually(lambda: not dropped(drop, limit=9), "recognized")
    assert (0, "Mail queue is empty\n", "") == host.run("-bp")
    assert 3 == len(list(server.delivered()))
    assert [] == [text for text in server.delivered() if b"Bcc" in text]
    assert 0 == server.stop()


@pytest.mark.skipif(shutil.which("git") is None, reason="git")
def test_git_send_email_sends_a_patch(host, tmp_path):
    """
    As developers configure it: sendemail.sendmailCmd.
    """
    patch = tmp_path / "0001.patch"
    patch.write_text("From: A <a@example.test>\nSubject: [PATCH] x\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n\nx\n")
    command = " ".join(COMMAND)
    done = subprocess.run(
        ["git", "send-email", f"--sendmail-cmd={command}", "--from=a@example.test", "--to=b@example.test", "--quiet",
         "--confirm=never", "--suppress-cc=all", str(patch)],
        capture_output=True, check=False, cwd=tmp_path, timeout=DEADLINE_S,
        env=os.environ | {"EMPATH_CONFIG": str(host.config), "HOME": str(tmp_path), "EMAIL": "a@example.test"},
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr
    [name] = dropped(host.drop, limit=9)
    drop = open_drop(host.drop / name, max_octets=100_000)
    assert ["b@example.test"] == _addresses(drop.envelope)
    assert b"Subject: [PATCH] x" in b"".join(drop.pieces())
    drop.close()
