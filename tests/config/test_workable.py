"""Settings that are valid alone but cannot work together."""

import grp
import os
import pwd
import socket
import tempfile
from pathlib import Path

import pytest

from empath.config.file_uses import unreloadable
from empath.config.load import load_config
from empath.config.workable.check import contradictions
from empath.config.workable.contradiction import located
from empath.config.workable.delivering import obstacle_to_rule

LEAST = """\
hostname = "mx.empath.dev"
postmaster = "admin@empath.dev"
queue.path = "queue.db"
listener = [{address = "127.0.0.1:2525"}]
"""
NO_WAY_OUT = "routes: no route leads outside, so reports to senders there wait until they expire;"

NO_POSTMASTER = (
    "2: postmaster: empath.dev has no route, so mail to the postmaster is refused for now; add one to [routes]"
)


def test_directories_that_the_user_of_the_processes_may_not_use_are_found():
    """
    Root starts Empath, and its processes become another user.
    """
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        (place / "closed").mkdir(mode=0o700)
        (place / "open").mkdir(mode=0o755)
        file = place / "c.toml"
        user = "nobody"
        text = LEAST + '[log]\nfile = "closed/empath.log"\n[process]\nuser = "nobody"\n[routes]\n"*" = "mx"\n'
        file.write_text(text + '"a.test" = "maildir:closed/mail"\n"b.test" = "maildir:open/mail"\n')
        found = [each.words for each in contradictions(load_config(file))]
        closed = place / "closed"
        expected = [
            f"the Maildir {closed}/mail cannot be used: user {user} may not write in {closed}",
            f"the Maildir {place}/open/mail cannot be used: user {user} may not write in {place}/open",
            f"user {user} may not enter {closed}, so no process can open the log again; correct its owner or mode",
        ]
        assert expected == found


def test_a_list_of_recipients_that_the_processes_may_not_read_is_found():
    """
    Root, who runs `check`, may read it. The start and the reload refuse it, too.
    """
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        (place / "list").touch(mode=0o600)
        file = place / "c.toml"
        rules = '[recipients]\n"a.test" = "listed:list"\n"b.test" = "listed:none"\n[auth]\noidc_secret_file = "list"\n'
        file.write_text(f'{LEAST}[process]\nuser = "nobody"\n[routes]\n"*" = "mx"\n{rules}')
        config = load_config(file)
        a_test = (("recipients", "a.test"), f"user nobody may not read {place}/list")
        b_test = (("recipients", "b.test"), f"there is no file {place}/none")
        assert [a_test, b_test] == [each[:2] for each in contradictions(config)]
        assert [a_test, b_test] == [each[:2] for each in unreloadable(config, file)]
        file.write_text(file.read_text().replace('2525"}', '2525", auth = true, auth_in_clear = true}'))
        secret = (("auth", "oidc_secret_file"), f"user nobody may not read {place}/list")
        assert [secret, a_test, b_test] == [each[:2] for each in contradictions(load_config(file))]


def test_the_command_for_a_directory_of_pickup_gives_it_the_group_of_the_processes(tmp_path):
    """
    Files that users leave there get it, and without it the processes could not read them.
    """
    file = tmp_path / "c.toml"
    group = grp.getgrgid(pwd.getpwnam("nobody").pw_gid).gr_name
    for user, options in (('user = "nobody"\n', f"-m 3730 -o nobody -g {group}"), ("", "-m 3733")):
        file.write_text(f'{LEAST}[process]\n{user}[pickup]\ndirectory = "drop"\n[routes]\n"*" = "mx"\n')
        [found] = contradictions(load_config(file))
        assert f"make it with `install -d {options} {tmp_path}/drop`" in found.words


def test_hours_in_a_zone_that_this_machine_does_not_know_are_found(tmp_path):
    """
    The mail would go at any time.
    """
    file = tmp_path / "c.toml"
    hours = (
        '[destinations]\n"a.test" = {schedule = "08:00-09:00 Mars/Olympus"}\n"b.test" = {schedule = "08:00-09:00"}\n'
    )
    file.write_text(f'{LEAST}[routes]\n"*" = "mx"\n{hours}')
    [found] = contradictions(load_config(file))
    assert ("destinations", "a.test", "schedule") == found.keys
    assert "knows no time zone 'Mars/Olympus'" in found.words


@pytest.mark.parametrize(
    ("listener", "more", "expected"),
    [
        ("", "", []),
        ('authentication = {spf = true, dkim = true, dmarc = "reject"}', "", []),
        (
            'role = "internal", authentication = {spf = true}',
            "",
            [("mail is judged on role mx only, and 127.0.0.1:2525 is internal",)],
        ),
        (
            'authentication = {spf = true, dmarc = "hold"}',
            "",
            [("hold needs spf and dkim: with one of them alone DMARC finds honest mail to be false",)],
        ),
        (
            'authentication = {spf = true, dkim = true, dmarc = "quarantine-route"}',
            "",
            [("there is no quarantine_route in [authentication]",)],
        ),
        (
            'authentication = {spf = true, dkim = true, dmarc = "quarantine-route"}',
            '[authentication]\nquarantine_route = "discard:"\n',
            [],
        ),
    ],
)
def test_a_judgement_that_cannot_be_is_found(tmp_path, listener, more, expected):
    """
    Honest mail would be refused, or nothing would be judged at all.
    """
    file = tmp_path / "c.toml"
    least = LEAST.replace('"127.0.0.1:2525"}', f'"127.0.0.1:2525"{", " * bool(listener)}{listener}}}')
    file.write_text(f'{least}{more}[routes]\n"*" = "mx"\n')
    assert expected == [(each.words,) for each in contradictions(load_config(file))]


def test_a_pool_that_there_is_not_is_found(tmp_path):
    """
    The mail would be deferred.
    """
    file = tmp_path / "c.toml"
    tables = '[sources.a]\naddresses = ["127.0.0.2"]\n[destinations]\n'
    pools = tables + '"a.test" = {source = "a"}\n"b.test" = {source = "b"}\n'
    file.write_text(f'{LEAST}[routes]\n"*" = "mx"\n{pools}')
    assert [(("destinations", "b.test", "source"), "there is no pool b in [sources]")] == [
        each[:2] for each in contradictions(load_config(file))
    ]


def test_senders_for_each_recipient_need_their_domain(tmp_path):
    """
    The destination would keep the sender, and nobody would know.
    """
    file = tmp_path / "c.toml"
    asked = '[destinations]\n"a.test" = {verp = true}\n"b.test" = {verp = false}\n'
    file.write_text(f'{LEAST}[routes]\n"*" = "mx"\n{asked}')
    expected = (("destinations", "a.test", "verp"), "[verp] has no domain, that of the new senders")
    assert [expected] == [each[:2] for each in contradictions(load_config(file))]
    words = obstacle_to_rule(load_config(file), "verp", "true")
    assert "[verp] has no domain, that of the new senders, so its mail keeps its sender" == words
    assert not obstacle_to_rule(load_config(file), "verp", "false")


def test_a_directory_that_this_user_may_not_see_is_not_judged():
    """
    `check` may be run by another user than the service.
    """
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        (place / "closed").mkdir(mode=0)
        file = place / "c.toml"
        file.write_text(LEAST + '[log]\nfile = "closed/log/empath.log"\n')
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(65534)
        try:
            assert [] == contradictions(load_config(file))
        finally:
            if is_root:
                os.seteuid(0)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (LEAST, []),
        (LEAST + '[relay]\ndomains = ["example.org", "*.example.org"]\n', []),
        (
            LEAST
            + '[relay]\ndomains = ["example.org",\n"*.example.net"]\n'
            + '[routes]\n"example.net" = "mx"\n"*.invalid" = "mx"\n',
            [
                NO_POSTMASTER,
                "6: relay.domains[1]: example.org has no route, so mail to it is refused; add one to [routes]",
                "7: relay.domains[2]: *.example.net has no route, so mail to it is refused; add one to [routes]",
            ],
        ),
        (LEAST + '[log]\nfile = "none/empath.log"\n', ["6: log.file: there is no directory "]),
        (LEAST + '[log]\nfile = "empath.log"\n', []),
        (
            LEAST + '[process]\nuser = "no-such-user"\n',
            ["6: process.user: there is no user 'no-such-user'; add it with useradd"],
        ),
        (LEAST + '[routes]\n"empath.dev" = "mx"\n', [f"5: {NO_WAY_OUT}"]),
        (LEAST.replace('2525"', '2525", role = "internal"') + '[routes]\n"empath.dev" = "mx"\n', []),
        (
            LEAST.replace('2525"', '2525", role = "internal"') + '[routes]\n"example.org" = "mx"\n',
            [NO_POSTMASTER],
        ),
        (LEAST.replace("2525", "25"), []),
        (LEAST.replace("empath.dev", "example.com"), []),
        (LEAST.replace("2525", "25").replace("mx.empath.dev", "mx.example.com"), ["1: hostname: mx.example.com is a"]),
        (LEAST.replace("2525", "25").replace("mx.empath.dev", "example.org"), ["1: hostname: example.org is a"]),
        (LEAST.replace("2525", "25").replace("mx.empath.dev", "mx.test"), ["1: hostname: mx.test is a name for tests"]),
        (
            LEAST.replace(
                '"127.0.0.1:2525"}', '"127.0.0.1:2525"}, {address = "0.0.0.0:2525"}, {address = "[::]:2525"}'
            ),
            ["4: listener[2].address: 0.0.0.0:2525 and 127.0.0.1:2525 cannot be bound together; leave one out"],
        ),
        (
            LEAST + '[http]\naddress = "127.0.0.1:2525"\n',
            ["6: http.address: 127.0.0.1:2525 and 127.0.0.1:2525 cannot be bound together; leave one out"],
        ),
        (LEAST + '[http]\naddress = "unix:no/socket"\n', ["6: http.address: there is no directory "]),
        (
            LEAST
            + '[routes]\n"*" = "mx"\n"a.example" = "smtp://127.0.0.1:2525"\n"b.example" = "smtp://127.0.0.1:25"\n',
            ['7: routes."a.example": smtp://127.0.0.1:2525 is a listener of this server: mail would go in a circle'],
        ),
        (
            LEAST.replace("127.0.0.1", "[::]") + '[routes]\n"*" = "smtp://[::1]:2525"\n',
            ['6: routes."*": smtp://[::1]:2525 is a listener of this server: mail would go in a circle'],
        ),
        *(
            (
                LEAST.replace("127.0.0.1", bound) + f'[routes]\n"*" = "smtp://{shown}:2525"\n',
                [f'6: routes."*": smtp://{shown}:2525 is a listener of this server: mail would go in a circle'],
            )
            for bound, shown in (
                ("127.0.0.1", "0.0.0.0"),
                ("0.0.0.0", "0.0.0.0"),
                ("[::1]", "[::]"),
                ("127.0.0.1", "[::ffff:0:0]"),
                ("127.0.0.1", "[::ffff:7f00:1]"),
            )
        ),
        (
            LEAST + '[routes]\n"*" = "mx"\n"a.example" = "maildir:c.toml/mail"\n"b.example" = "maildir:new/mail"\n',
            ['7: routes."a.example": the Maildir '],
        ),
        (LEAST + '[log]\nfile = "."\n', ["6: log.file: "]),
        (
            LEAST.replace("127.0.0.1:2525", "unix:no/socket"),
            ["4: listener[1].address: there is no directory "],
        ),
        (
            LEAST.replace("127.0.0.1:2525", "unix:c.toml"),
            ["4: listener[1].address: "],
        ),
        (LEAST.replace("2525", "25").replace("mx.empath.dev", "localhost"), ["1: hostname: localhost is a name"]),
        (LEAST.replace("2525", "25").replace("mx.empath.dev", "myexample.com"), []),
    ],
)
def test_what_cannot_work_is_found_before_the_start(tmp_path: Path, text: str, lines: list[str]):
    """
    Each finding has its line. Such a configuration would refuse mail, or keep reports until they expire.
    """
    file = tmp_path / "c.toml"
    file.write_text(text)
    found = located(file, contradictions(load_config(file))).splitlines()
    assert len(lines) == len(found)
    assert all(line.startswith(f"{file}:{start}") for line, start in zip(found, lines, strict=True)), found


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ('[[listener]]\naddress = "127.0.0.1:587"\nauth = true\n', "no client can log in without TLS"),
        (
            '[auth]\nmechanisms = ["PLAIN"]\nbackends = ["accounts", "oidc:https://a.test/"]\n',
            "oidc:https://a.test/ serves no mechanism of [auth] mechanisms; add OAUTHBEARER, XOAUTH2",
        ),
        ('[auth]\nmechanisms = ["XOAUTH2"]\nbackends = ["dovecot:/run/a"]\n', "add LOGIN, PLAIN"),
        ('[auth]\noidc_secret_file = "secret"\n', "there is no file"),
        ('[auth]\nbackends = ["module:mine"]\n', "there is no module mine in [modules]"),
    ],
)
def test_logins_that_cannot_succeed_are_found(tmp_path, more, expected):
    """
    Better at the start than by the first user.
    """
    file = tmp_path / "c.toml"
    submission = '[[listener]]\naddress = "127.0.0.1:2526"\nrole = "submission"\n'
    least = LEAST.replace('listener = [{address = "127.0.0.1:2525"}]\n', "")
    file.write_text(f'{least}[routes]\n"*" = "mx"\n{submission}{more}')
    [found] = contradictions(load_config(file))
    assert expected in found.words


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("[[tls.sni]]\nnames = []\n", "is empty, so no client gets this certificate"),
        ('[[tls.sni]]\nnames = ["a.test", "A.test"]\n', "a.test is there twice"),
        ('[dnsbl]\n"zen.test" = 2\n"good.test" = -1\nthreshold = 3\n', "more than all weights together, 2"),
        ('[dnsbl]\n"good.test" = -1\n', "more than all weights together, 0"),
    ],
)
def test_a_certificate_or_a_list_without_effect_is_found(tmp_path, more, expected):
    """
    Its owner believes that it protects.
    """
    file = tmp_path / "c.toml"
    files = 'certificate = "c.pem"\nkey = "k.pem"\n' if "sni" in more else ""
    file.write_text(f'{LEAST}[routes]\n"*" = "mx"\n{more}{files}')
    [found] = contradictions(load_config(file))
    assert expected in found.words


def test_logins_that_can_succeed_have_no_finding(tmp_path):
    file = tmp_path / "c.toml"
    least = LEAST.replace('listener = [{address = "127.0.0.1:2525"}]\n', "")
    listener = '[[listener]]\naddress = "127.0.0.1:2526"\nauth = true\nauth_in_clear = true\n'
    (tmp_path / "secret").write_text("x")
    auth = '[auth]\nbackends = ["module:mine", "accounts"]\noidc_secret_file = "secret"\n[modules]\nmine = {}\n'
    file.write_text(f'{least}[routes]\n"*" = "mx"\n{listener}{auth}')
    assert [] == contradictions(load_config(file))


@pytest.mark.parametrize(
    ("mechanisms", "tls", "found"),
    [
        ('["PLAIN", "SCRAM-SHA-256-PLUS"]', "none", [("auth", "mechanisms", 1)]),
        ('["PLAIN", "SCRAM-SHA-256-PLUS"]', "starttls", []),
        ('["PLAIN"]', "none", []),
    ],
)
def test_a_mechanism_that_binds_to_tls_needs_it_somewhere(tmp_path, mechanisms, tls, found):
    file = tmp_path / "c.toml"
    least = LEAST.replace('2525"}', f'2525", auth = true, auth_in_clear = true, tls = "{tls}"}}')
    pair = "certificate = 'c.pem'\nkey = 'k.pem'\n" if tls != "none" else ""
    file.write_text(f"{least}routes.'*' = 'mx'\n[auth]\nmechanisms = {mechanisms}\n[tls]\n{pair}")
    assert found == [each.keys for each in contradictions(load_config(file)) if each.keys[0] == "auth"]


@pytest.mark.parametrize(("own", "found"), [(101, [("listener", 0, "limits", "connections")]), (100, [])])
def test_a_listener_cannot_have_more_connections_than_all_together(tmp_path, own, found):
    file = tmp_path / "c.toml"
    least = LEAST.replace('2525"}', f'2525", limits = {{connections = {own}, errors = 9}}}}')
    file.write_text(f"{least}routes.'*' = 'mx'\n[receiving.limits]\nconnections = 100\n")
    assert found == [each.keys for each in contradictions(load_config(file)) if each.is_warning]


@pytest.mark.parametrize(
    ("networks", "proxies", "found"),
    [
        ('["127.0.0.0/8", "::1/128"]', '["10.0.0.0/8", "127.0.0.1/32"]', [("listener", 0, "proxy_protocol", 1)]),
        ('["192.0.2.0/24"]', '["127.0.0.1/32", "::1/128"]', []),
    ],
)
def test_a_proxy_that_may_relay_is_a_warning(tmp_path, networks, proxies, found):
    """
    Where it names no client, the proxy itself is the client: any client of it could send mail anywhere.
    """
    file = tmp_path / "c.toml"
    listener = f'127.0.0.1:2525", proxy_protocol = {proxies}}}'
    file.write_text(LEAST.replace('127.0.0.1:2525"}', listener) + f"relay.networks = {networks}\nroutes.'*' = 'mx'\n")
    warnings = [each for each in contradictions(load_config(file)) if each.is_warning]
    assert found == [each.keys for each in warnings if "proxy_protocol" in each.keys]


@pytest.mark.parametrize(
    ("dnssec", "servers", "trusted", "expected"),
    [
        ("enforce", '["192.0.2.1"]', "[]", False), ("log", '["192.0.2.1"]', "[]", True),
        ("off", '["192.0.2.1"]', "[]", None), ("enforce", "[]", "[]", None),
        ("enforce", '["192.0.2.1", "127.0.0.1"]', "[]", None), ("enforce", '["192.0.2.1"]', '["192.0.2.0/24"]', None),
    ],
)  # fmt: skip
def test_dnssec_needs_a_resolver_that_is_trusted(tmp_path, dnssec, servers, trusted, expected):
    """
    With "enforce" no mail would go out; with "log" nothing would be known. None: no finding.
    """
    file = tmp_path / "c.toml"
    file.write_text(LEAST + f'[dns]\ndnssec = "{dnssec}"\nnameservers = {servers}\ntrusted = {trusted}\n')
    found = [each.is_warning for each in contradictions(load_config(file)) if each.keys[:1] == ("dns",)]
    assert ([] if expected is None else [expected]) == found


def test_filters_that_cannot_be_asked_are_found(tmp_path):
    """
    Each would put all mail off, or see none.
    """
    (tmp_path / "file").touch()
    milters = [
        ('unix:none/filter.sock', '["mx"]'), ('unix:file', '["mx"]'), ('unix:later.sock', '["mx"]'),
        ('inet:127.0.0.1:2525', '["mx"]'), ('inet:127.0.0.1:11332', '["127.0.0.1:25", "mx"]'),
        ('inet:127.0.0.1:11333', '["submission"]'), ('inet:127.0.0.1:11334', '["pickup"]'),
        ('inet:127.0.0.1:11335', '["127.0.0.1:2525"]'),
    ]  # fmt: skip
    tables = "".join(f'[[milter]]\naddress = "{address}"\nlisteners = {names}\n' for address, names in milters)
    file = tmp_path / "c.toml"
    file.write_text(LEAST + tables + '[routes]\n"*" = "mx"\n')
    found = [(each.keys[1:], each.words, each.is_warning) for each in contradictions(load_config(file))]
    unseen = "no listener has this role or address, so the filter sees no mail"
    assert [
        ((0, "address"), f"there is no directory {tmp_path}/none; start the filter first, or correct the path", False),
        ((1, "address"), f"{tmp_path}/file is there and is not a socket; name that of the filter", False),
        (
            (3, "address"),
            "127.0.0.1:2525 is a listener of this server, which speaks SMTP and not the milter protocol",
            False,
        ),
        ((4, "listeners", 0), "there is no listener 127.0.0.1:25", False),
        ((5, "listeners"), unseen, True),
        ((6, "listeners"), unseen, True),
    ] == found


def test_a_socket_of_a_filter_that_the_processes_may_not_use_is_found():
    """
    Root, who runs `check`, may.
    """
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        (place / "closed").mkdir(mode=0o700)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(place / "filter.sock"))
            (place / "filter.sock").chmod(0o660)
            file = place / "c.toml"
            tables = "".join(f'[[milter]]\naddress = "unix:{path}"\n' for path in ("closed/x", "filter.sock"))
            file.write_text(LEAST + '[process]\nuser = "nobody"\n' + tables + '[routes]\n"*" = "mx"\n')
            found = [each.words for each in contradictions(load_config(file))]
        remedy = "make it a member of the group of the filter"
        assert [
            f"user nobody may not enter {place}/closed; {remedy}",
            f"user nobody may not write to {place}/filter.sock; {remedy}",
        ] == found


@pytest.mark.parametrize(
    ("table", "key", "words"),
    [
        ('[arc]\nselector = "s2026"\n', ("arc", "selector"), "needs domain, that of the seals"),
        (
            '[feedback]\naddress = "a@b.test"\n[tls_reports]\nreceive = ["a@b.test"]\n',
            ("feedback", "address"),
            "is in receive of [tls_reports]; it needs an address of its own",
        ),
        ('[arc]\nseal = "all"\n', ("arc", "seal"), "needs domain, that of the seals"),
        ('[events.files.a]\npath = "."\n', ("events", "files", "a", "path"), "is a directory; name a file in it"),
    ],
)
def test_a_table_that_can_do_nothing_is_found(tmp_path, table, key, words):
    """
    Nothing else said that no message is sealed, and the publisher alone that its file is none.
    """
    file = tmp_path / "c.toml"
    file.write_text(LEAST + table + "[routes]\n'*' = 'mx'\n")
    [found] = [each for each in contradictions(load_config(file)) if each.keys == key]
    assert found.words.endswith(words)
