"""The first commands of a newcomer: `make demo`, and the next steps that `make run` prints."""

import itertools
import os
import re
import socket
import subprocess
from pathlib import Path

from tests.kit.process import free_port
from tests.kit.starter import STARTER
from tests.kit.waiting import DEADLINE_S, eventually

ROOT = Path(__file__).parents[2]


def programs(folder: Path) -> Path:
    """*folder* with the commands of a checkout as forks of the starter; that those in bin/ work is tested elsewhere."""
    folder.mkdir()
    STARTER.install_program(folder / "empathd", "empath.cli.empathd")
    STARTER.install_program(folder / "empath-admin", "empath.cli.admin.__main__")
    return folder


def test_the_demo_shows_a_mail_in_the_queue_and_in_the_maildir(tmp_path):
    """
    Its exit code is 0 only if each step succeeded.
    """
    done = subprocess.run(
        ["bash", ROOT / "tests/demo.sh"],
        env=os.environ | {"EMPATH_DEMO_BIN": str(programs(tmp_path / "bin"))},
        capture_output=True,
        text=True,
        timeout=4 * DEADLINE_S,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    assert done.stdout.endswith("\nDone.\n")
    assert (1, 1) == tuple(
        done.stderr.count(f"empath-admin: {words}") for words in ("1 recipient in", "0 recipients in")
    )


def test_make_run_says_that_it_listens_when_it_does(tmp_path):
    """
    A newcomer types the next step at once.
    """
    port = free_port()
    config = tmp_path / "dev.toml"
    text = (ROOT / "conf/dev.toml").read_text().replace(":2525", f":{port}").replace(":8025", f":{free_port()}")
    config.write_text(text.replace("../var/", f"{tmp_path}/"))
    folder = programs(tmp_path / "bin")
    # Environment and var/ of the checkout count as made.
    command = ["make", "-s", "-o", ".venv/serving", "-o", "var", "run", f"CONFIG={config}", f"COMMANDS={folder}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            lines = list(itertools.takewhile(lambda line: not line.startswith("Ctrl-C"), server.stdout))
            assert any(line.startswith("Empath listens on") for line in lines)
            with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as client:
                assert client.recv(3) == b"220"
        finally:
            subprocess.run([folder / "empathd", "-c", config, "stop"], check=True, timeout=2 * DEADLINE_S)
        assert 0 == server.wait(DEADLINE_S)


def test_the_printed_next_steps_work_as_printed(make_empathd, tmp_path):
    """
    The test uses another port and directory, because a developer's own `make run` may have the printed ones.
    """
    empathd = make_empathd()
    programs(tmp_path / "bin")
    (tmp_path / "conf").mkdir()
    (tmp_path / "var").mkdir(mode=0o750)
    empathd.config = tmp_path / "conf/dev.toml"
    text = (ROOT / "conf/dev.toml").read_text().replace(":2525", f":{empathd.port}")
    text = text.replace(":8025", f":{free_port()}")
    empathd.config.write_text(text.replace('format = "text"', f'format = "json"\nfile = "{empathd.log}"'))
    empathd.start()

    text = (ROOT / "conf/next-steps.txt").read_text()
    steps = dict(re.findall(r"^  (\w[\w ]+?)  +(\S.*?)(?:   .*)?$", text, re.MULTILINE))
    assert ["send a mail", "read it", "look at the queue", "keep mail there"] == list(steps)

    def follow(step: str) -> str:
        command = steps[step].replace("2525", str(empathd.port))
        return subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    follow("send a mail")
    eventually(lambda: list(tmp_path.glob("var/Maildir/new/*")), "delivered")
    assert "Subject: hello" in follow("read it")
    follow("keep mail there")
    follow("send a mail")
    assert "you@example.org" in follow("look at the queue")
    assert 0 == empathd.stop()
