"""empathd init: whatever is answered, `check` finds nothing wrong, and what is printed works as printed."""

import itertools
import os
import pty
import re
import stat
import subprocess
import tempfile

import pytest
from click.testing import CliRunner

from empath.authentication.signing_key import SigningKey
from empath.cli import common
from empath.cli.empathd import empathd, main
from empath.config import load_config
from empath.config.doubtful import doubts
from empath.config.workable.check import contradictions
from empath.daemon.process.certificates import examine_certificates
from tests.cli.admin.kit import read_to_end
from tests.kit.commands import ended
from tests.kit.forked import ForkedProcess
from tests.kit.process import free_port
from tests.kit.starter import STARTER
from tests.kit.waiting import DEADLINE_S, eventually

TARGETS = ("maildir", "smtp://relay.ours.dev:587", "smtps://relay.ours.dev", "lmtp:/run/x/lmtp", "lmtp://192.0.2.5:24")
SUBMITTERS = ("nobody", "local", "accounts", "local,accounts,192.0.2.0/24")
DOMAINS = (("ours.dev",), ("ours.dev", "b.ours.dev"), ("none",))
PATH = re.compile(r'(?<=[":])/(?:etc|run|var)/[^"]+')


def run(*arguments, text=None):
    """Exit code, standard output and standard error of `empathd` in this process."""
    with CliRunner().isolation(text) as (out, err, _):
        code = common.run(empathd, "empathd", [*map(str, arguments)])
        return ended(code, out.getvalue().decode(), err.getvalue().decode())


def options(domains, target, submitters):
    """The answers as options."""
    return [*itertools.chain(*(("--domain", each) for each in domains)), "--deliver", target, "--submit", submitters]


@pytest.mark.parametrize("target", TARGETS)
def test_a_development_server_has_no_findings(target, tmp_path):
    """
    Each combination of answers, by what `check` looks at. Only the socket of another server may be missing.
    """
    for place, (domains, submitters) in enumerate(itertools.product(DOMAINS, SUBMITTERS)):
        folder = tmp_path / str(place)
        given = ["--hostname", "mail.ours.dev", *options(domains, target, submitters)]
        code, _, err = run("init", folder, *given)
        if domains == ("none",) and submitters == "nobody":
            assert (64, "empathd: it receives for no domain, and nobody may submit: such a server takes no mail\n") == (
                *(code, err),
            )
            assert not folder.exists()
            continue
        assert 0 == code, err
        config = load_config(folder / "empath.toml")
        found = [*contradictions(config), *doubts(config), *examine_certificates(config).wrong]
        assert [] == [each for each in found if "/run/x/lmtp" not in each.words]


@pytest.mark.parametrize(
    ("target", "submitters", "domains"),
    [
        ("maildir", "local", DOMAINS[0]),
        ("lmtp:/run/x/lmtp", "local,accounts", DOMAINS[1]),
        (TARGETS[1], "accounts", DOMAINS[2]),
    ],
)
def test_check_finds_nothing_wrong_with_a_host(target, submitters, domains, tmp_path):
    """
    Its files are in their places below --root; the check here reads them there, and knows no user empath.
    """
    given = options(domains, target, submitters)
    code, out, err = run("init", "--host", "ours.dev", "--root", tmp_path, "--hostname", "mx.ours.dev", *given)
    assert 0 == code, err
    config = tmp_path / "etc/empath/empath.toml"
    text = PATH.sub(lambda path: f"{tmp_path}{path[0]}", config.read_text())
    config.write_text(text.replace('user = "empath"\n', "").replace('queue.db"', 'queue.db"\nreserve = "1MiB"'))
    for folder in ("var/lib/empath", "var/log/empath", "run/empath", "var/spool/empath"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "var/spool/empath").chmod(0o3730)
    code, _, found = run("-c", config, "check")
    assert 0 == code, found
    assert [] == [line for line in found.splitlines() if "no findings" not in line and "/run/x/lmtp" not in line]
    for key in (tmp_path / "etc/empath").glob("dkim/*.key"):
        domain, selector = key.name.removesuffix(".key").rsplit(".", 1)
        assert 0o600 == stat.S_IMODE(key.stat().st_mode)
        line = next(line for line in out.splitlines() if line.startswith(f"{selector}._domainkey.{domain}. "))
        assert SigningKey.parse(key.read_bytes()).record == "".join(re.findall(r'"(.*?)"', line))


def test_a_host_gets_the_files_that_start_it(tmp_path):
    """
    They name the program that made them, and an existing certificate stays.
    """
    (tmp_path / "etc/empath/tls").mkdir(parents=True)
    (tmp_path / "etc/empath/tls/fullchain.pem").write_text("none")
    given = ("init", "--host", "ours.dev", "--root", tmp_path, "--domain", "none", "--yes")
    assert (66, True) == (run(*given)[0], run(*given)[2].endswith("has no certificate in PEM form\n")) or 65 == run(
        *given
    )[0]
    (tmp_path / "etc/empath/tls/fullchain.pem").unlink()
    code, out, err = run(*given, "--address", "192.0.2.5")
    assert 0 == code, err
    assert "mx.ours.dev. IN A 192.0.2.5" in out
    unit = (tmp_path / "etc/systemd/system/empath.service").read_text()
    [program] = re.findall(r"^ExecStart=(\S+)", unit, re.MULTILINE)
    assert program in (tmp_path / "etc/logrotate.d/empath").read_text()
    assert program.endswith("/bin/empathd")
    assert (tmp_path / "etc/sysusers.d/empath.conf").is_file()
    assert (tmp_path / "etc/tmpfiles.d/empath.conf").is_file()
    code, _, err = run(*given)
    assert (73, f"empathd: {tmp_path}/etc/empath/empath.toml exists, and init writes over nothing; remove it or take"
                " another place\n") == (code, err)  # fmt: skip


@pytest.mark.parametrize(
    ("addresses", "hosts", "published"),
    [
        (("192.0.2.5",), ["0.0.0.0"], ["A 192.0.2.5"]),
        (("2001:db8::5",), ["0.0.0.0", "[::]"], ["AAAA 2001:db8::5"]),
        (("192.0.2.5", "2001:DB8:0::5", "192.0.2.5"), ["0.0.0.0", "[::]"], ["A 192.0.2.5", "AAAA 2001:db8::5"]),
        (("::ffff:192.0.2.5", "192.0.2.5"), ["0.0.0.0"], ["A 192.0.2.5"]),
    ],
)
def test_a_host_listens_at_the_addresses_that_it_publishes(addresses, hosts, published, tmp_path):
    """
    Others try AAAA first; where nobody listens there, each of their mails waits for that, or never comes.
    """
    given = [*itertools.chain(*(("--address", each) for each in addresses))]
    code, out, err = run("init", "--host", "ours.dev", "--root", tmp_path, "--submit", "accounts", "--yes", *given)
    assert 0 == code, err
    text = (tmp_path / "etc/empath/empath.toml").read_text()
    assert [f"{host}:{port}" for port in (25, 587, 465) for host in hosts] == re.findall(
        r'^\[\[listener]]\naddress = "(.*)"$', text, re.MULTILINE
    )
    assert len(hosts) == text.count("[listener.authentication]")
    assert published == re.findall(r"^mx\.ours\.dev\. IN (A .*|AAAA .*)$", out, re.MULTILINE)


@pytest.mark.parametrize(
    "address", ["fe80::1%eth0", "fe80::1", "2001:db8::5%1", "127.0.0.1", "::", "0.0.0.0", "ff02::1"]
)
def test_an_address_that_others_cannot_reach_is_refused(address, tmp_path):
    """
    Before a file is made.
    """
    code, _, err = run("init", "--host", "ours.dev", "--root", tmp_path, "--yes", "--address", address)
    assert (64, True, 1) == (code, err.startswith(f"empathd: --address: '{address}' is "), err.count("\n"))
    assert [] == [*tmp_path.iterdir()]


def test_what_a_package_of_the_system_has_is_left_to_it(tmp_path):
    """
    A copy below /etc would hide its next version.
    """
    for place in ("usr/lib/sysusers.d/empath.conf", "lib/systemd/system/empath.service", "etc/logrotate.d/empath"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("of the package")
    assert 0 == run("init", "--host", "ours.dev", "--root", tmp_path, "--domain", "none", "--yes")[0]
    assert ["empath", "logrotate.d", "tmpfiles.d"] == sorted(path.name for path in (tmp_path / "etc").iterdir())
    assert "of the package" == (tmp_path / "etc/logrotate.d/empath").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "example.org"], "mx.example.org is a name for examples, which other hosts do not accept"),
        (["--host", "a b"], "--host: not a domain name: 'a b'"),
        (["--host", "ours.dev", "there"], "a host has its files in fixed places"),
        (["--root", "x"], "--root and --address are for --host"),
        (
            ["--host", "ours.dev", "--address", "here"],
            "--address: 'here' does not appear to be",
        ),
        (["--submit", "everybody"], "--submit: 'everybody' does not appear to be"),
        (["--deliver", "discard:"], "--deliver: say maildir, a smarthost such as smtp://relay.example.net:587"),
        (["--deliver", "pigeon"], "--deliver: not a route: 'pigeon'"),
        (["--deliver", "smtp://127.0.0.1:2525"], "smtp://127.0.0.1:2525 is this server itself"),
        (["--deliver", "smtp://mail.example.test"], "smtp://mail.example.test:25 is this server itself"),
        (["--domain", "none", "--domain", "ours.dev"], "--domain: give one or more domains, or none alone"),
        (["--domain", ""], "--domain: give one or more domains, or none alone"),
        (["--submit", "local,::/0"], "--submit: ::/0 is the whole Internet, which would make this an open relay"),
        (["a\nb"], "'a\\nb' has a character that a path of the configuration cannot have"),
    ],
)
def test_a_wrong_answer_is_one_line(arguments, words, tmp_path, monkeypatch):
    """
    And nothing is made.
    """
    monkeypatch.chdir(tmp_path)
    code, out, err = run("init", "--yes", *arguments)
    assert (64, "", 1) == (code, out, err.count("\n"))
    assert err.startswith(f"empathd: {words}")
    assert [] == [*tmp_path.iterdir()]


def test_what_is_there_stays(tmp_path):
    """
    A directory with files may be anything, such as a checkout of Empath.
    """
    (tmp_path / "a").write_text("mine")
    assert (64, "", f"empathd: {tmp_path} is not empty; name another directory\n") == run("init", tmp_path, "--yes")


@pytest.mark.parametrize("given", [["x" * 300], ["--host", "ours.dev", "--root", "x" * 300, "--domain", "none"]])
def test_a_place_that_cannot_be_is_one_line(given, tmp_path, monkeypatch):
    """
    The system refuses the name before a file is made.
    """
    monkeypatch.chdir(tmp_path)
    code, out, err = run("init", "--yes", *given)
    assert (73, "", 1) == (code, out, err.count("\n"))
    assert "cannot be made: File name too long" in err
    assert [] == [*tmp_path.iterdir()]


def test_a_directory_is_no_option_in_the_commands_that_are_printed(tmp_path, monkeypatch):
    """
    `cat -d/Maildir` would ask for help.
    """
    monkeypatch.chdir(tmp_path)
    out = run("init", "--yes", "--", "-d")[1]
    assert ["./-d/empath.toml", "./-d/empath.toml", "./-d/Maildir/new/*"] == re.findall(r" (\S*-d/\S+)", out)


def test_without_a_terminal_nothing_is_asked(tmp_path):
    """
    A script would wait for ever.
    """
    code, _, err = run("init", tmp_path / "x", "--domain", "ours.dev")
    assert 64 == code
    assert err.startswith("empathd: init asks, and there is no terminal: add --yes, or all of --hostname")


def test_nothing_stays_of_what_cannot_be_whole(tmp_path):
    """
    A second try then finds no remains.
    """
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/logrotate.d").write_text("a file where a directory must be")
    code, _, err = run("init", "--host", "ours.dev", "--root", tmp_path, "--domain", "none", "--yes")
    assert 73 == code
    assert f"empathd: {tmp_path}/etc/logrotate.d" in err
    assert ["logrotate.d"] == [path.name for path in (tmp_path / "etc").iterdir()]


def test_the_four_questions_are_asked_again_until_they_are_answered(tmp_path):
    """
    Each has a default; a wrong answer is told at once.
    """
    ours, theirs = pty.openpty()
    os.write(ours, b"mail.ours.dev\n\nlmtp://192.0.2.5\nall\nnobody\n")
    with tempfile.TemporaryFile() as err:
        asking = ForkedProcess(main, ["empathd", "init", str(tmp_path / "x")], os.environ, err, theirs)
        os.close(theirs)
        read_to_end(ours)
        assert 0 == asking.wait(DEADLINE_S)
        os.close(ours)
        err.seek(0)
        words = err.read().decode()
    assert "Error: 'all' does not appear to be an IPv4 or IPv6 network" in words
    assert 2 == words.count("Who may send")
    text = (tmp_path / "x/empath.toml").read_text()
    assert 'hostname = "mail.ours.dev"' in text
    assert '"*" = "lmtp://192.0.2.5:24"' in text
    assert "networks = []" in text


def test_the_three_commands_work_as_printed(tmp_path, monkeypatch):
    """
    Only the ports are others, because a developer's own server may have these.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, module in (("empathd", "empath.cli.empathd"), ("empath-sendmail", "empath.cli.sendmail")):
        STARTER.install_program(folder / name, module)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)

    def typed(command):
        return subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=DEADLINE_S, check=False)

    start, send, see = run("init", "--yes")[1].splitlines()
    config = tmp_path / "empath/empath.toml"
    config.write_text(config.read_text().replace(":2525", f":{free_port()}").replace(":8025", f":{free_port()}"))
    try:
        assert 0 == typed(start).returncode
        assert 0 == typed(send).returncode
        eventually(lambda: "Subject: hello" in typed(see).stdout, "the mail in the Maildir")
    finally:
        assert 0 == typed("empathd -c empath/empath.toml stop").returncode
