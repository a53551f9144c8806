"""import-postfix: real-world shapes of main.cf become configurations that `check` takes and that do the same."""

import stat
import tempfile
import tracemalloc
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner

from empath.cli import common
from empath.cli.empathd import empathd
from empath.config import load_config
from empath.config.postfix.draft import Draft
from empath.config.postfix.source import Line, Postfix, Row, lines, split
from empath.config.postfix.translate import translate
from empath.mail.domain import Domain
from empath.policy.router import SentBy
from tests.cli.admin.kit import AdminTool, run
from tests.docs.placed import here, make_files

SHAPES = Path(__file__).parent / "shapes"
NAMES = sorted(each.name for each in SHAPES.iterdir())
# Where mail to an address goes, by shape.
ROUTES = {
    "backup-mx": {"a@ours.dev": "ours.dev", "a@x.friends.dev": "x.friends.dev"},
    "debian": {"root@ours.dev": "maildir:/var/lib/empath/Maildir", "a@else.dev": "else.dev"},
    "gatekeeper": {"a@ours.dev": "smtp:10.1.2.3:25"},
    "lan-relay": {
        "a@ours.dev": "smtp:10.1.2.3:25",
        "a@lab.ours.dev": "lmtp:10.1.2.4:2400",
        "a@x.lab.ours.dev": "smtp:10.1.2.5:2525",
    },
    "null-client": {"a@else.dev": "ours.dev"},
    "office": {"a@shop.dev": "lmtp:/var/spool/postfix/private/dovecot-lmtp", "a@else.dev": "else.dev"},
    "program": {"a@lists.dev": "pipe:lists", "root@localhost": "lmtp:/run/dovecot/lmtp"},
    "proxied": {"a@ours.dev": "smtp:mail.ours.dev:2525"},
    "smarthost": {"a@else.dev": "smtp:smtp.relay.dev:587"},
}
# Parts of the file that must be there, by shape.
LINES = {
    "backup-mx": ['"*" = ["mx", "backup smtp://mx3.ours.dev:25"]', 'dnssec = "log"', 'lifetime = "30d"'],
    "bulk": [
        'rate = "1/2s"',
        "concurrency = 5",
        '"@shop.dev" = "smtp://bulk.relay.dev:2525"',
        'hostname = "out1.ours.dev"',
    ],
    "debian": ['delimiter = "+"', 'postmaster = "postmaster@ours.dev"', 'tls = "starttls"', "enabled = true"],
    "forwarder": ['"ours.dev" = "listed"', '"bl.lists.dev=127.0.0.[2..11]" = 1'],
    "gatekeeper": ['greet_delay = "4s"', '"good.lists.dev" = -3', "threshold = 3", "soft_bounce = true", '"verify"'],
    "lan-relay": ['message_size = "50MiB"', '"listed:recipients-ours.dev.txt"', '"2001:db8:1::/48"', '"100/1m"'],
    "null-client": ['address = "127.0.0.1:25"', 'role = "internal"', 'postmaster = "postmaster@ours.dev"'],
    "office": [
        *('role = "submission"', 'tls = "required"', 'tls = "implicit"', 'minimum = "TLSv1.3"', "hide_clients = true"),
        *('["dovecot:/var/spool/postfix/private/auth"]', 'address = "inet:127.0.0.1:11332"', 'on_failure = "accept"'),
    ],
    "program": ['"--list", "{local_part}", "-f", "{sender}"]', "delivered_to = true"],
    "proxied": ['proxy_protocol = ["127.0.0.0/8"]', '["127.0.0.0/8", "10.2.0.0/16"]'],
    "smarthost": ['username = "mailer"', 'tls = "verify"', 'tls = "encrypt"'],
}
# What is told, by shape: where, and a part of the words. Nothing else is, but for what is in ALWAYS.
TOLD = {
    "backup-mx": [("main.cf:4", "mysql:")],
    "bulk": [],
    "debian": [("aliases:4", "a program is a route")],
    "forwarder": [
        *(("main.cf:4", "a table of patterns"), ("main.cf:5", "rewrites no addresses")),
        *(("main.cf:6", "reject_non_fqdn_recipient"), ("main.cf:6", "check_recipient_access hash:/etc/postfix/access")),
    ],
    "gatekeeper": [("main.cf:10", "name is looked up"), ("main.cf:10", "Postgrey"), ("main.cf:10", "policyd-spf")],
    "lan-relay": [("transport:4", "such mail is refused")],
    "null-client": [],
    "odd": [
        *(("main.cf:1", "not a setting"), ("main.cf:3", "not a setting"), ("main.cf:5", "no such setting")),
        *(("main.cf:6", "not a domain name"), ("main.cf:7", "has a limit"), ("main.cf:8", "must be at least 100")),
        *(("main.cf:9", "not a time"), ("main.cf:10", "milter protocol"), ("main.cf:11", "IP address and the port")),
        *(
            ("main.cf:12", "no such setting"),
            ("master.cf:10", "local_header_rewrite_clients"),
            ("master.cf:13", "port"),
        ),
    ],
    "office": [
        ("header_checks:1", "where a user was"),
        ("header_checks:2", "a filter"),
        ("master.cf:9", "cleanup_service"),
    ],
    "program": [("main.cf:6", "copies"), ("master.cf:10", "$extension"), ("master.cf:10", "not as list")],
    "proxied": [("main.cf:4", "missing"), ("main.cf:7", "open relay"), ("master.cf:1", "proxies")],
    "smarthost": [("tls_policy:1", "match=relay.dev")],
}
ALWAYS = ("Empath has no mailboxes of users", "Postfix took mail for names below")


@pytest.fixture(scope="module")
def imported():
    """Each shape as it was imported: its directory, and what was printed."""
    with tempfile.TemporaryDirectory(prefix="shape-") as directory:
        found = {}
        for name in NAMES:
            result = run("import-postfix", str(SHAPES / name / "main.cf"), f"{directory}/{name}")
            assert 0 == result.code, result.err
            found[name] = Path(directory) / name, result.out
        yield found


@pytest.mark.parametrize("name", NAMES)
def test_check_takes_what_was_imported(name, imported):
    """
    A file with a mistake would leave a person alone with two servers.
    """
    folder, _ = imported[name]
    with tempfile.TemporaryDirectory(prefix="r-") as root, ExitStack() as stack:
        text = here((folder / "empath.toml").read_text(), Path(root))
        file = folder / "checked.toml"
        file.write_text(text)
        make_files(text, Path(root), stack)
        with CliRunner(env={"EMPATH_CONFIG": None}).isolation() as (_, err, _):
            code = common.run(empathd, "empathd", ["-c", str(file), "check"])
            assert 0 == code, err.getvalue().decode()


@pytest.mark.parametrize("name", NAMES)
def test_mail_goes_where_it_went(name, imported):
    """
    By the router that the service has.
    """
    folder, _ = imported[name]
    config = load_config(folder / "empath.toml")
    for address, destination in ROUTES.get(name, {}).items():
        domain = address.partition("@")[2]
        assert destination == config.router.decide(address, Domain(domain), SentBy()).destination(domain)


@pytest.mark.parametrize("name", NAMES)
def test_what_has_a_counterpart_is_in_the_file_and_the_rest_is_told(name, imported):
    """
    Each line of main.cf is one or the other; a person looks at what is told only.
    """
    folder, out = imported[name]
    text = (folder / "empath.toml").read_text()
    assert [] == [part for part in LINES.get(name, ()) if part not in text]
    told = [line for line in out.splitlines() if not any(words in line for words in ALWAYS)]
    assert len(TOLD[name]) == len(told), told
    for place, words in TOLD[name]:
        assert any(line.startswith(f"{place}: ") and words in line for line in told), (place, words, told)


def test_passwords_and_aliases_are_files_of_their_own(imported):
    """
    A password is readable for its owner alone; aliases are rows, so commands make them.
    """
    folder, _ = imported["smarthost"]
    secret = folder / "smtp.relay.dev_587.secret"
    assert ("top:secret\n", 0o600) == (secret.read_text(), stat.S_IMODE(secret.stat().st_mode))
    assert "top:secret" not in (folder / "empath.toml").read_text()
    commands = (imported["office"][0] / "aliases.sh").read_text().splitlines()
    assert "empath-admin alias add -- info@ours.dev ann@ours.dev bob@ours.dev" in commands
    assert "empath-admin alias add -- @shop.dev ann@ours.dev" in commands
    commands = (imported["debian"][0] / "aliases.sh").read_text().splitlines()
    assert "empath-admin alias add -- postmaster@ours.dev root@ours.dev" in commands


def test_the_commands_make_the_aliases(imported, tmp_path):
    """
    They are typed as they are printed, on a queue of their own.
    """
    tool = AdminTool(tmp_path)
    for command in (imported["office"][0] / "aliases.sh").read_text().splitlines()[3:]:
        assert 0 == tool.run(*command.split()[1:]).code
    assert {"info@ours.dev", "@shop.dev"} == {each["pattern"] for each in tool.records("alias", "list")}


def test_nothing_is_written_over_and_a_missing_file_is_named(tmp_path, imported):
    """
    An import that is repeated must not lose what was changed by hand.
    """
    (tmp_path / "kept").write_text("x")
    result = run("import-postfix", str(SHAPES / "debian/main.cf"), str(tmp_path))
    assert (64, "is not empty" in result.err) == (result.code, True)
    result = run("import-postfix", str(tmp_path / "none.cf"), str(tmp_path / "new"))
    assert (66, "cannot be read" in result.err) == (result.code, True)
    assert not (tmp_path / "new").exists()


def test_logical_lines_and_lists_are_those_of_postfix():
    """
    postconf(5): a line that begins with a blank goes on the one before, also after a comment.
    """
    text = "a = 1\n# x = 2\n  b,\n\n\tc\nd = e\n"
    assert [Line("f:1", "a = 1 b, c"), Line("f:6", "d = e")] == [*lines(text, "f")]
    assert ["a", "{ b, c }", "d"] == split("a, { b, c } d")


@pytest.mark.parametrize(
    ("value", "expanded"),
    [
        ("$myhostname", "mx.ours.dev"),
        ("${mydomain}", "ours.dev"),
        ("${a?yes}${a:no}", "yes"),
        ("${none?yes}${none:no}", "no"),
        ("${a?{yes}:{no}}", "yes"),
        ("${none?{yes}:{$a}}", "1"),
        ("$x $x", ""),
        ("$none", ""),
    ],
)
def test_values_name_others(value, expanded):
    """
    A value that names itself ends, whatever it says.
    """
    main = f"x = {value}\na = 1\nb = $b$b$b$b\n"
    postfix = Postfix.parse(main, "", lambda _: None, "mx.ours.dev")
    assert expanded == postfix.value("x")
    assert "" == postfix.value("b")


def test_tables_are_read_by_their_kind():
    """
    In memory, from a file, and not at all.
    """
    postfix = Postfix.parse("", "", {"/t": "a  b c\n d\n"}.get, "mx.ours.dev")
    assert [Row("a", "b c d", "t:1")] == postfix.table("hash:/t", "n")
    assert [Row("a", "b c d", "t:1")] == postfix.table("proxy:btree:/t", "n")
    assert [("k", "v w"), ("l", "m")] == [
        (row.key, row.value) for row in postfix.table("inline:{ {k = v w}, l=m }", "n")
    ]
    assert [("*", "x")] == [(row.key, row.value) for row in postfix.table("static:x", "n")]
    assert [] == postfix.told
    assert [] == postfix.table("ldap:/t", "n") + postfix.table("hash:/none", "n")
    assert 2 == len(postfix.told)


def test_a_value_never_grows_beyond_its_bound():
    """
    Nine hundred names of one long value took its memory nine hundred times.
    """
    postfix = Postfix.parse(
        f"a = {'b' * 60_000}\nlong = {'$a ' * 900}\nshort = $a\n", "", lambda _: None, "mx.ours.dev"
    )
    tracemalloc.start()
    try:
        assert ("", 60_000) == (postfix.value("long"), len(postfix.value("short")))
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_what_is_told_is_told_once_and_in_order():
    """
    Each word was compared with all before: a table of 100,000 odd lines took ten minutes.
    """
    draft = Draft()
    for number in range(20_000):
        draft.tell("main.cf:1", f"n{number % 10_000}", "odd")
    assert [f"n{number}" for number in range(10_000)] == [each.name for each in draft.told]


ODD = [
    "smtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = inline:{ {[-x]:y = a:b} }",
    "smtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = inline:{ {a\x7fb#c.dev = a:b} }",
    "smtp_tls_policy_maps = inline:{ {a]:5 = encrypt} }",
    "smtp_bind_address = nowhere",
    "smtpd_tls_cert_file = \x01\nsmtpd_tls_security_level = may\nsmtpd_sasl_auth_enable = yes",
    "inet_interfaces = $nothing, 999.1.1.1",
    "myorigin = not a name",
    "transport_maps = inline:{ {a.dev = pipe:} {b.dev = none:x} {c.dev = smtp:[::1} }",
    "relayhost = [[x]:1:2",
]


@pytest.mark.parametrize("main", ODD)
def test_a_value_that_empath_refuses_is_told_and_the_rest_stays(main, tmp_path):
    """
    One odd entry must not keep a person from the translation of a hundred others.
    """
    postfix = Postfix.parse(f"myhostname = mx.ours.dev\nmessage_size_limit = 1048576\n{main}\n", "", lambda _: None, "")
    made = translate(postfix, str(tmp_path), has_ipv6=False)
    assert 'message_size = "1MiB"' in made.text
    assert any(told.name in main for told in made.told), made.told


def test_where_each_service_has_an_address_the_interfaces_are_not_told(tmp_path):
    """
    The setting is read all the same: it has no effect in Postfix either.
    """
    main = "myhostname = mx.ours.dev\nmydestination =\ninet_interfaces = all\nlocal_transport = error:off\n"
    postfix = Postfix.parse(main, "127.0.0.1:25 inet n - y - - smtpd\n", lambda _: None, "")
    assert [] == translate(postfix, str(tmp_path), has_ipv6=False).told


def test_a_host_without_a_name_is_a_mistake_of_main_cf(tmp_path):
    """
    No other name would be right.
    """
    (tmp_path / "main.cf").write_text("myhostname = not a name\n")
    result = run("import-postfix", str(tmp_path / "main.cf"), str(tmp_path / "new"))
    assert (78, True) == (result.code, "main.cf:1: myhostname: Empath refuses the value" in result.err)
    assert not (tmp_path / "new").exists()
