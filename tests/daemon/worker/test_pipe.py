"""Delivery to programs."""

import os
import pwd
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from empath.config.tables.transports import Pipe
from empath.daemon.worker.connection import Abandoned
from empath.daemon.worker.transport import program
from empath.daemon.worker.transport.carrier import Body, DeliveryJob
from empath.daemon.worker.transport.choose import choose_carrier
from empath.daemon.worker.transport.pipe import PipeCarrier
from empath.daemon.worker.transport.program import Guarded
from empath.daemon.worker.transport.program_guard import guard
from empath.errors import ContentGone
from empath.net.stream import StreamClosed
from empath.policy.routing import PipeRoute
from empath.storage.queue.accept import INLINE
from tests.daemon.worker.test_delivery import message
from tests.kit.waiting import eventually

CONTENT = b"Subject: x\r\n\r\nline\r\n.\r\nmore\r\n"
ROOT = Path(__file__).parents[3]
RUNS_AS_ROOT = os.geteuid() == 0
USER = "nobody" if RUNS_AS_ROOT else None


@pytest.fixture(scope="module", autouse=True)
def no_guard_is_left():
    """The guard of this process would end with it, and Python then says that it still runs."""
    yield
    guard = program.GUARDED.guard
    if guard is not None:
        guard.stdin.close()
        guard.wait()
        program.GUARDED.guard = None


@pytest.fixture
def place():
    """A directory in which the programs may write."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


def script(place: Path, text: str) -> str:
    """The path of a program in Python; `place` there is its directory."""
    file = place / "program"
    file.write_text(f"#!{_python()} -SI\nimport os, sys, time\nplace = {str(place)!r}\n{text}\n")
    file.chmod(0o755)
    return str(file)


def _python() -> str:
    """An interpreter that any user may execute."""
    return "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable


def job(recipients=1, *, content=CONTENT, may_end=lambda: True, spool=Path("/tmp"), size=None):
    """One message."""
    leased = message(1, recipients, content=content)
    return DeliveryJob(leased, leased.recipients, Body(content, spool, INLINE, size or len(content)), may_end)


def carrier(place, text, *arguments, **settings):
    """A carrier to a program."""
    command = [script(place, text), *arguments]
    pipe = Pipe(command=command, **{"user": USER, **settings})
    return PipeCarrier("p", pipe, "pipe:p")


def replies(carrier, job):
    """The reply to each recipient."""
    return [str(answer.said.reply) for attempt in carrier.carry(job) for answer in attempt.answers]


def test_a_program_gets_the_message_once_for_each_recipient(place):
    """
    With its arguments as they are: no shell reads them. Lines end in LF.
    """
    text = "print(sys.argv[1:], sys.stdin.buffer.read())"
    one = carrier(place, text, "{sender}", "{recipient}", "$HOME `id`")
    body = CONTENT.replace(b"\r\n", b"\n")
    expected = [f"['s@b.test', 'r{n}@a.test', '$HOME `id`'] {body!r}" for n in range(2)]
    found = replies(one, job(2))
    assert [f"250 2.0.0 delivered to pipe p: {each}" for each in expected] == [
        each.replace("\\\\", "\\") for each in found
    ]


def test_a_program_may_get_a_message_with_all_its_recipients(place):
    """
    They share its end.
    """
    one = carrier(place, "print(sys.argv[1:])", "{recipient}", per="message")
    attempts = list(one.carry(job(2)))
    assert [2] == [len(attempt.answers) for attempt in attempts]
    assert "['r0@a.test', 'r1@a.test']" in str(attempts[0].answers[0].said.reply)


def test_the_fields_of_final_delivery_come_first(place):
    """
    Lines may end in CRLF, too.
    """
    one = carrier(place, "print(sys.stdin.buffer.read()[:58])", return_path=True, delivered_to=True, line_end="crlf")
    [reply] = replies(one, job())
    assert r"Return-Path: <s@b.test>\\r\\nDelivered-To: r0@a.test\\r\\nSubj" in reply


def test_a_message_that_was_here_before_is_a_loop(place):
    """
    A program that sends mail on to its own address would go on for ever.
    """
    one = carrier(place, "open(place + '/ran', 'w')", delivered_to=True)
    found = replies(one, job(content=b"Delivered-To: R0@a.test\r\n\r\n"))
    assert (["554 5.4.6"], False) == ([each[:9] for each in found], (place / "ran").exists())


def test_a_large_message_is_whole(place):
    """
    It goes through a file; pieces may be cut between CR and LF.
    """
    content = b"x: y\r\n\r\n" + b"0123456789\r\n" * 200_000
    one = carrier(place, "print(len(sys.stdin.buffer.read()))")
    assert [f"250 2.0.0 delivered to pipe p: {len(content) - 200_002}"] == replies(one, job(content=content))


def test_a_message_that_cannot_be_written_defers(place, capfd):
    """
    The disk may be full, or the spool gone. Nothing is printed by a thread.
    """
    one = carrier(place, "open(place + '/ran', 'w')")
    large = job(content=b"\r\n" * 600_000, spool=place / "gone")
    expected = "451 4.3.0 pipe p: the message cannot be written: No such file or directory"
    assert ([expected], False, "") == (replies(one, large), (place / "ran").exists(), capfd.readouterr().err)


def test_damaged_content_starts_nothing(place):
    """
    A program cannot be told afterwards that it has read half a message.
    """
    one = carrier(place, "open(place + '/ran', 'w')")
    with pytest.raises(ContentGone):
        replies(one, job(size=7))
    assert not (place / "ran").exists()


def test_a_process_that_others_take_for_dead_starts_nothing(place):
    """
    Another worker runs the program by then.
    """
    one = carrier(place, "open(place + '/ran', 'w')")
    with pytest.raises(Abandoned):
        replies(one, job(may_end=lambda: False))
    assert not (place / "ran").exists()


@pytest.mark.parametrize(("text", "reply"), [("sys.exit(67)", "550 5.1.1"), ("os.kill(os.getpid(), 15)", "451 4.3.0")])
def test_the_exit_code_decides(place, text, reply):
    """
    See tests/policy/test_program.py for all of them.
    """
    assert [reply] == [each[:9] for each in replies(carrier(place, text), job())]


HANGS = """
if not os.fork():
    open(place + "/child", "w").write(str(os.getpid()))
    time.sleep(600)
while not os.path.exists(place + "/child") or not os.path.getsize(place + "/child"):
    time.sleep(0.01)
open(place + "/ready", "w")
"""


def is_running(place: Path) -> bool:
    """Whether the child of a program runs."""
    try:
        with open(f"/proc/{(place / 'child').read_text()}/stat") as file:
            return file.read().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_a_program_that_takes_too_long_is_killed_with_its_group(place):
    """
    The mail is deferred, and in doubt: the program may have delivered it.
    """
    one = carrier(place, f"{HANGS}\ntime.sleep(600)", timeout="2s")
    [attempt] = one.carry(job())
    [answer] = attempt.answers
    assert "451 4.3.0 pipe p: it took longer than 2 s, and was killed" == str(answer.said.reply)
    assert (True, True) == (answer.is_in_doubt, one.is_failing)
    eventually(lambda: not is_running(place), "the end of the group")


def test_a_program_that_prints_without_an_end_is_killed(place):
    """
    Its output would fill the memory.
    """
    one = carrier(place, "while True: print('x' * 1000)", output="4KiB")
    assert ["451 4.3.0 pipe p: it wrote more than 4096 octets, and was killed"] == replies(one, job())


def test_a_child_that_keeps_the_output_open_delays_only_a_little(place):
    """
    Some programs leave work to a child. It is not killed when its parent has delivered.
    """
    one = carrier(place, f"{HANGS}\nprint('done', flush=True)")
    try:
        assert ["250 2.0.0 delivered to pipe p: done"] == replies(one, job())
        assert is_running(place)
    finally:
        os.kill(int((place / "child").read_text()), 9)


def test_a_lease_that_gives_up_ends_its_program(place):
    """
    At the end of a drain the worker ends, and nobody would see how the program ends.
    """
    one = carrier(place, f"{HANGS}\ntime.sleep(600)")
    under_way = gevent.spawn(lambda: list(one.carry(job())))
    while not (place / "ready").exists():
        gevent.sleep(0.01)
    gevent.get_hub().loop.run_callback(under_way.throw, StreamClosed("this server stopped"))
    [attempt] = under_way.get(timeout=10)
    [answer] = attempt.answers
    assert ("451 4.3.0 pipe p: this server stopped", True) == (str(answer.said.reply), answer.is_in_doubt)
    eventually(lambda: not is_running(place), "the end of the group")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"user": "no-such-user"}, "there is no user no-such-user"),
        ({"directory": "/no/such"}, "/no/such: No such file or directory"),
    ],
)
def test_a_program_that_cannot_run_defers(place, settings, words):
    """
    The mistake is ours, and not the mail's.
    """
    one = carrier(place, "", **settings)
    assert ([f"451 4.3.5 pipe p: {words}"], True) == (replies(one, job()), one.is_failing)


def test_a_program_that_is_not_there_defers():
    """
    The operator may still be installing it.
    """
    one = PipeCarrier("p", Pipe(command=["/no/program"], user=USER), "pipe:p")
    assert ["451 4.3.5 pipe p: /no/program: No such file or directory"] == replies(one, job())


def test_a_program_has_no_more_memory_than_it_may(place):
    """
    It fails by itself, and the machine goes on.
    """
    one = carrier(
        place, "sys.stdin.read()\ntry:\n  x = bytearray(10**9)\nexcept MemoryError: sys.exit(75)", memory="256MiB"
    )
    assert ["451 4.3.0 pipe p: temporary failure"] == replies(one, job())


def test_a_program_has_the_rights_of_its_user_and_nothing_of_ours(place):
    """
    Neither descriptors nor the environment of the worker.
    """
    text = (
        "print(os.getuid(), len(os.getgroups()) < 3, os.getsid(0) == os.getpid(), sorted(os.environ),"
        " [fd for fd in os.listdir('/proc/self/fd') if int(fd) > 3], os.getcwd())"
    )
    [reply] = replies(carrier(place, text, directory=str(place)), job())
    uid = pwd.getpwnam(USER).pw_uid if USER else os.geteuid()
    names = ["HOME", "LANG", "LOGNAME", "PATH", "USER"]
    assert f"250 2.0.0 delivered to pipe p: {uid} True True {names} [] {place}" == reply


IN_WORKER = """
from empath.daemon.process.patching import patch_all
patch_all()
from pathlib import Path
from empath.daemon.worker.transport.program import Limits, run_program, write_input
limits = Limits({user!r}, Path("/"), 9.0, {memory!r}, 99)
print(run_program(["/bin/cat"], write_input(iter([b"text"]), 4, Path("/tmp")), limits))
"""


@pytest.mark.parametrize("memory", [None, 512 * 1024 * 1024])
def test_a_program_runs_in_a_process_that_gevent_has_patched(memory):
    """
    As a worker is. There, the original class of `subprocess` could start nothing.
    """
    code = IN_WORKER.format(user=USER, memory=memory)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert "ProgramEnd(status=0, output=b'text', stopped='')" == ran.stdout.strip(), ran.stderr


@pytest.mark.skipif(not RUNS_AS_ROOT, reason="needs root")
def test_nothing_runs_as_root(place):
    """
    Mail decides what a program does.
    """
    one = carrier(place, "", user=None)
    assert ["451 4.3.5 pipe p: it would run as root; set its user"] == replies(one, job())
    assert ["451 4.3.5 pipe p: it would run as root; set its user"] == replies(carrier(place, "", user="root"), job())


def test_a_pipe_that_is_not_configured_defers():
    """
    A rule or a queued message may name one that the operator has removed.
    """
    unused: Any = None
    config: Any = SimpleNamespace(pipes={}, delivery=SimpleNamespace(sink=False))
    one = choose_carrier(unused, unused, config, PipeRoute("gone"), "pipe:gone")
    assert ["451 4.3.5 pipe:gone is not configured"] == replies(one, job())


def test_a_program_ends_with_its_worker(place):
    """
    However that dies; else it would go on without a deadline, while its mail goes out again.
    """
    text = "os.fork()\nopen(f'{place}/{os.getpid()}.pid', 'w').close()\ntime.sleep(600)"
    user = "None" if USER is None else f"{USER!r}"
    code = f"""
import sys
from pathlib import Path
from empath.daemon.worker.transport.program import Limits, run_program, write_input
file = write_input(iter((b"x",)), 1, Path("/tmp"))
run_program([{script(place, text)!r}], file, Limits({user}, Path("/"), 600.0, None, 1000))
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) as worker:
        eventually(lambda: len([*place.glob("*.pid")]) == 2, "two processes")
        watched = [os.pidfd_open(int(each.stem)) for each in place.glob("*.pid")]
        worker.kill()
    for pidfd in watched:
        assert select.select([pidfd], [], [], 10.0)[0]
        os.close(pidfd)


def test_a_guard_that_was_ended_is_replaced():
    """
    It knows all programs that are under way.
    """
    guarded = Guarded()
    guarded.ready()
    first = guarded.guard
    assert guarded.ready() == first.stdin.fileno()
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as left:
        guarded.begin(left.pid)
        first.kill()
        first.wait()
        guarded.end(2**22 + 1)  # no such group
        guarded.ready()
        assert guarded.guard is not first
        guarded.guard.stdin.close()
        assert 0 == guarded.guard.wait()
    assert -signal.SIGKILL == left.returncode


def test_a_program_runs_without_a_guard_where_none_can_be_started(place, monkeypatch):
    """
    At a limit of processes the mail matters more.
    """
    monkeypatch.setattr("sys.executable", "/nowhere")
    guarded = Guarded()
    monkeypatch.setattr("empath.daemon.worker.transport.program.GUARDED", guarded)
    assert ["250 2.0.0 delivered to pipe p: x"] == replies(carrier(place, "print('x')"), job())
    assert None is guarded.guard


def test_a_guard_kills_the_groups_that_are_left():
    """
    Lines may come in pieces.
    """
    ends = os.pipe()
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as left:
        for piece in (f"{left.pid}\n{2**22 + 1}\n{2**22 + 2}\n-{2**22}".encode(), b"1\n-4194306\n"):
            os.write(ends[1], piece)
        os.close(ends[1])
        guard(ends[0])
    os.close(ends[0])
    assert -signal.SIGKILL == left.returncode
