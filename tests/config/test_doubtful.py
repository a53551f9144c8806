"""Settings that work, but hardly as they are meant."""

import os
import pwd
import socket
import tempfile
from pathlib import Path

import pytest

from empath.config.doubtful import doubts
from empath.config.load import load_config

BASE = 'hostname = "mx.empath.dev"\npostmaster = "admin@empath.dev"\nqueue.path = "queue.db"\n'
LISTENER = '[[listener]]\naddress = "127.0.0.1:2525"\n'
TLS = '[tls]\ncertificate = "c.pem"\nkey = "k.pem"\n'
USERS = '[[listener]]\naddress = "127.0.0.1:587"\nrole = "submission"\n'
RELAY = '[routes]\n"*" = "smtp://relay.test:587"\n'
LOGIN = '[credentials."relay.test"]\nusername = "me"\npassword_file = "secret"\n'
MAILDIR = '[routes]\n"*" = "maildir:/m"\n'
B_TEST = '[destinations."*.b.test"]\n'
POLICY = '[mta_sts."a.test"]\nmx = ["mx.empath.dev"]\n'
A_TEST = '[relay]\ndomains = ["a.test", "*.b.test"]\n[recipients]\n'


def found(directory, text):
    (directory / "c.toml").write_text(BASE + text)
    return [(each.keys, each.words, each.is_warning) for each in doubts(load_config(directory / "c.toml"))]


@pytest.mark.parametrize(
    ("text", "keys", "words"),
    [
        (USERS, ("listener", 0, "role"), "no client can log in without TLS, so only [relay] networks may send here"),
        (
            f'[[listener]]\naddress = "[::1]:465"\ntls = "starttls"\n{TLS}', ("listener", 0, "tls"),
            'clients of port 465 begin with TLS; set tls = "implicit"',
        ),
        (f'{USERS}tls = "implicit"\n{TLS}', ("listener", 0, "tls"), "clients of port 587 begin without TLS"),
        (
            f'[[listener]]\naddress = "127.0.0.1:25"\ntls = "required"\n{TLS}', ("listener", 0, "tls"),
            "hosts that speak no TLS can send no mail here",
        ),
        (
            f'{LISTENER}[dkim]\nexpires = "1h"\n', ("dkim", "expires"),
            "mail may wait for 5d, and its signature is over after 1h",
        ),
        (
            f"{LISTENER}[http]\nopen_console = true\n", ("http", "open_console"),
            "nothing is served without an address",
        ),
        (
            f'{LISTENER}[dmarc_reports]\nsend = true\naddress = "a@empath.dev"\n', ("dmarc_reports", "send"),
            "no listener judges mail by DMARC",
        ),
        (
            f'{LISTENER}[tls_reports]\nreceive = ["a@other.test"]\n', ("tls_reports", "receive", 0),
            "other.test is not in [relay] domains",
        ),
        (f"{LISTENER}[events]\nstream = true\n", ("events", "stream"), "nothing is served without [http] address"),
        (f'{LISTENER}[arc]\ndomain = "a.test"\n', ("arc", "domain"), "nothing is sealed: no listener has arc = true"),
        (
            f'{LISTENER}[feedback]\naddress = "a@other.test"\n', ("feedback", "address"),
            "other.test is not in [relay] domains, so other hosts cannot send complaints there",
        ),
        (f"{LISTENER}{POLICY}", ("mta_sts", "a.test"), "nothing serves the policy; set [http] address"),
        (
            f'{LISTENER}[http]\naddress = "0.0.0.0:443"\ntoken_networks = []\n{POLICY}', ("mta_sts", "a.test"),
            "hosts read the policy by HTTPS only",
        ),
        (
            f'{LISTENER}[destinations."smtp:a.test:26"]\nconcurrency = 3\n',
            ("destinations", "smtp:a.test:26", "concurrency"), "no route leads to smtp:a.test:26",
        ),
        (
            f'{LISTENER}[routes]\n"*.b.test" = "smtp://a.test:26"\n"*" = "mx"\n{B_TEST}concurrency = 3\n',
            ("destinations", "*.b.test", "concurrency"), "goes to smtp:a.test:26, and concurrency is found by that",
        ),
        (
            f'{LISTENER}[routes]\n"*" = "mx"\n{B_TEST}tls = "dane"\n', ("destinations", "*.b.test", "tls"),
            "DANE never applies without DNSSEC",
        ),
        (
            f'{LISTENER}{MAILDIR}[destinations."maildir:/m"]\ntls = "verify"\n',
            ("destinations", "maildir:/m", "tls"), "mail to maildir:/m does not use tls",
        ),
        (
            f'{LISTENER}[routes]\n"*" = "smtp://b.test"\n{LOGIN}', ("credentials", "relay.test"),
            "no route names relay.test, so this login is never used",
        ),
        (
            f'{LISTENER}{RELAY}{LOGIN}', ("credentials", "relay.test"),
            'in place of relay.test, as tls is "may"; set tls = "verify" in [destinations."smtp:relay.test:587"]',
        ),
        (
            f'{LISTENER}{RELAY}{LOGIN}[destinations."*"]\ntls = "none"\n', ("credentials", "relay.test"),
            'no login goes over a connection without TLS, and tls is "none", so the mail waits; set tls = "verify"',
        ),
        (
            f'{LISTENER}[routes]\n"*" = ["mx", "backup smtps://relay.test"]\n{LOGIN}', ("credentials", "relay.test"),
            'set tls = "verify" in [destinations."*"]',
        ),
        (
            f'{LISTENER}[warmup."a"]\naddress = "192.0.2.1"\nstarted_at = "2026-12-01"\ndays = "5"\n',
            ("warmup", "a", "address"), "no pool of [sources] has 192.0.2.1, so the plan counts no mail",
        ),
        (f"{LISTENER}[delivery]\nsink = true\n", ("delivery", "sink"), "all mail is discarded"),
        (f"{LISTENER}[delivery]\nsoft_bounce = true\n", ("delivery", "soft_bounce"), "waits until it expires"),
        (f'{LISTENER}[audit.redaction]\naddresses = "drop"\n', ("audit", "redaction"), "without an age"),
        (
            f'{LISTENER}[audit.redaction]\nafter = "30d"\naddresses = "keep"\nsubjects = "keep"\nclients = "keep"\n',
            ("audit", "redaction", "after"),
            'nothing is redacted, as addresses, subjects and clients are all "keep"',
        ),
        (
            f'{LISTENER}[track]\nkeep = true\nretention = "7d"\n', ("track", "retention"),
            "the queue itself remembers mail for 7d",
        ),
        (f"{LISTENER}{TLS}", ("tls", "certificate"), "no listener speaks TLS"),
        (f"{LISTENER}[auth]\ncheck_from = true\n", ("auth",), "no listener lets clients log in"),
        (f'{USERS}auth = false\n[dnsbl]\n"zen.test" = 1\n', ("dnsbl",), "no listener has the role mx"),
        (f"{USERS}auth = false\n[greylist]\nenabled = true\n", ("greylist", "enabled"), "no listener has the role mx"),
        (f'{LISTENER}[relay]\ndomains = ["a.test", "b.test", "A.test"]\n', ("relay", "domains", 0), "more than once"),
        (f'{LISTENER}{A_TEST}"c.test" = "listed"\n', ("recipients", "c.test"), "is not in [relay] domains"),
        (
            f'{LISTENER}{A_TEST}"a.test" = "verify"\n[routes]\n"*" = "mx"\n"a.test" = "discard:"\n',
            ("recipients", "a.test"), 'discard: takes every address, so "verify" refuses none; use "listed"',
        ),
        (f'{LISTENER}{A_TEST}"a.test" = "listed:list"\n', ("recipients", "a.test"), "has no address in a.test"),
        (
            f'{USERS}auth_in_clear = true\n[auth]\nbackends = ["dovecot:/no/socket"]\n', ("auth", "backends", 0),
            "there is no socket /no/socket; is Dovecot running?",
        ),
        (
            f'{USERS}auth_in_clear = true\n[auth]\nbackends = ["dovecot:/etc/passwd"]\n', ("auth", "backends", 0),
            "/etc/passwd is not a socket",
        ),
        (
            f'{LISTENER}[routes]\n"*" = "lmtp:/no/socket"\n', ("routes", "*"),
            "there is no socket /no/socket; is its server running?",
        ),
        (f'{LISTENER}[routes]\n"*" = "smtp:/etc/passwd"\n', ("routes", "*"), "/etc/passwd is not a socket"),
        (
            f'{LISTENER}[modules]\n"mine" = {{ deadlin = "1s", dead = 1 }}\n', ("modules", "mine", "deadlin"),
            "is a setting of the module itself (did you mean deadline?)",
        ),
    ],
)  # fmt: skip
def test_what_a_person_hardly_meant_is_a_warning(tmp_path, text, keys, words):
    """
    The service starts, and nobody would notice: mail is refused, or let in, for a reason that no log names.
    """
    (tmp_path / "list").write_text("someone@c.test\n")
    [(its_keys, its_words, is_warning)] = found(tmp_path, text)
    assert (keys, True) == (its_keys, is_warning)
    assert words in its_words


@pytest.mark.parametrize(
    "text",
    [
        f"{LISTENER}[auth]\ncheck_from = false\n",
        f'{LISTENER}[audit.redaction]\naddresses = "mask"\nsubjects = "drop"\nclients = "mask"\n',
        f'{LISTENER}[track]\nretention = "7d"\n', f'{LISTENER}[track]\nkeep = true\nretention = "8d"\n',
        f"{USERS}auth = false\n", f"{USERS}auth_in_clear = true\n", f'{USERS}tls = "required"\n{TLS}',
        '[[listener]]\naddress = "unix:socket"\nrole = "submission"\n',
        '[[listener]]\naddress = "127.0.0.1:465"\nproxy_protocol = ["192.0.2.1/32"]\n',
        f'{LISTENER}{A_TEST}"a.test" = "listed:list"\n"x.b.test" = "listed"\n"*.b.test" = "verify"\n',
        f'{LISTENER}{A_TEST}"a.test" = "verify:lmtp://127.0.0.1"\n[routes]\n"*" = "discard:"\n',
        f'{LISTENER}{A_TEST}"a.test" = "listed:no-such-file"\n',
        f'{LISTENER}{RELAY}{LOGIN}[destinations."smtp:relay.test:587"]\ntls = "verify"\n',
        f"{LISTENER}{RELAY}{LOGIN}in_clear = true\n",
        f'{LISTENER}[routes]\n"*" = "smtp://127.0.0.1"\n{LOGIN.replace("relay.test", "127.0.0.1")}',
        f'{LISTENER}[routes]\n"*" = "smtp://localhost"\n{LOGIN.replace("relay.test", "localhost")}',
        f"{LISTENER}{LOGIN}[modules]\n\"mine\" = {{}}\n",
    ],
)  # fmt: skip
def test_what_a_person_may_well_have_meant_is_none(tmp_path, text):
    (tmp_path / "list").write_text("someone@a.test\n")
    assert [] == found(tmp_path, text)


def test_a_dovecot_whose_socket_the_processes_may_not_use_is_found(tmp_path):
    """
    Root starts Empath and may write anywhere; its processes become another user.
    """
    with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_UNIX) as dovecot:
        folder = Path(name)
        folder.chmod(0o755)
        path = folder / "auth"
        text = f'{USERS}auth_in_clear = true\n[auth]\nbackends = ["dovecot:{path}"]\n[process]\nuser = "nobody"\n'
        dovecot.bind(str(path))
        path.chmod(0o600)
        assert [f"user nobody may not write to {path}"] == [words for _, words, _ in found(tmp_path, text)]
        path.chmod(0o666)
        assert [] == found(tmp_path, text)
        folder.chmod(0o700)
        assert [f"user nobody may not enter {folder}"] == [words for _, words, _ in found(tmp_path, text)]


def test_a_directory_whose_files_the_server_may_not_read_is_found():
    """
    The files have the group of the directory only by its setgid bit; else the mail would wait there for good.
    """
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        drop = Path(name, "drop")
        drop.mkdir()
        nobody = pwd.getpwnam("nobody")
        text = f'{LISTENER}[pickup]\ndirectory = "drop"\n[aliases]\nenabled = true\n[process]\nuser = "nobody"\n'
        for mode, gid, expected in ((0o1733, nobody.pw_gid, True), (0o3733, nobody.pw_gid, False), (0o3733, 0, True)):
            if os.geteuid() == 0:
                os.chown(drop, -1, gid)
            elif gid == nobody.pw_gid:
                continue
            drop.chmod(mode)
            words = [words for _, words, _ in found(Path(name), text)]
            assert expected == any("may not read what others leave" in each for each in words), (mode, gid)


@pytest.mark.parametrize(
    ("mode", "words"),
    [(0o755, ["only the owner of"]), (0o770, ["users may remove mail of others in"]), (0o3730, []), (0o3733, [])],
)
def test_a_directory_where_no_user_may_leave_mail_is_found(tmp_path, mode, words):
    """
    The users that meet it are not the person who made it. With an alias for root mail of cron has somewhere to go.
    """
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop").chmod(mode)
    text = LISTENER + '[pickup]\ndirectory = "drop"\n'
    aliases = "[aliases]\nenabled = true\n"
    assert words == [its.partition(f" {tmp_path}")[0] for _, its, _ in found(tmp_path, text + aliases)]
    assert "mail to local users, such as root, goes to mx.empath.dev" in found(tmp_path, text)[0][1]


@pytest.mark.parametrize(
    ("networks", "places"),
    [
        ('"127.0.0.0/8", "::1/128", "10.0.0.0/8", "fd00::/8"', []),
        ('"0.0.0.0/0", "::1/128", "::/0", "8.0.0.0/8"', [0, 2, 3]),
    ],
)
def test_metrics_that_the_internet_may_read_are_found(tmp_path, networks, places):
    """
    They name destinations. A UNIX socket is for this host, whatever the networks.
    """
    for address, expected in (("0.0.0.0:8025", places), ("unix:/run/http", [])):
        http = f'[http]\naddress = "{address}"\nnetworks = [{networks}]\n'
        all_found = [keys for keys, _, _ in found(tmp_path, LISTENER + http)]
        assert [("http", "networks", place) for place in expected] == [keys for keys in all_found if "http" in keys]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('overflow = "b"', "no destination has a source, so no mail can go over to it"),
        ('source = "b"\noverflow = "b"', "b is the pool of source itself, so no mail can go over to it"),
        ('source = "a"\noverflow = "b"', None),
    ],
)
def test_an_overflow_that_takes_no_mail_is_found(tmp_path, table, words):
    """
    Its mail would wait for the next day of the plan, and the operator thinks that it goes out.
    """
    pools = "".join(f'[sources."{name}"]\naddresses = ["127.0.0.1"]\n' for name in "ab")
    text = f'{LISTENER}[routes]\n"*" = "mx"\n{pools}[destinations."*"]\n{table}\n'
    assert words == next((each for keys, each, _ in found(tmp_path, text) if keys[-1] == "overflow"), None)
