"""Reading a configuration: the values of a good one, and the findings about a bad one."""

from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.config import load_config
from empath.config.load import parse_config
from empath.errors import ConfigError, MissingInput
from empath.mail.address import Address
from empath.mail.domain import Domain
from empath.mail.endpoint import Endpoint
from empath.mail.protocol import Protocol
from empath.policy.access import Role
from empath.policy.retry import RetrySchedule
from empath.policy.routing import DiscardRoute, MaildirRoute, MxRoute, SmtpRoute

LEAST = """\
hostname = "mx.example.test"
postmaster = "admin@example.test"
queue.path = "var/queue.db"
listener = [{address = "127.0.0.1:2525"}]
"""


def parsed(text):
    return parse_config(text.encode(), "c.toml", "/etc/empath")


def findings(text):
    with pytest.raises(ConfigError) as caught:
        parsed(text)
    return str(caught.value).split("\n")


def finding(setting):
    """The only finding about *setting*, on line 5 after a valid configuration."""
    [line] = findings(LEAST + setting)
    return line


def test_a_byte_order_mark_is_taken_off():
    """
    Editors of other systems write one, and no editor shows it.
    """
    assert parsed(LEAST) == parsed("\ufeff" + LEAST)
    assert findings(LEAST + "x = 1") == findings("\ufeff" + LEAST + "x = 1")


def test_a_name_a_postmaster_a_queue_and_a_listener_are_enough():
    """
    Every other setting has a default that works.
    """
    config = parsed(LEAST)
    [listener] = config.listeners
    assert (
        Domain("mx.example.test"),
        Address.parse("admin@example.test"),
        "mx.example.test",
        Path("/etc/empath/var/queue.db"),
        Path("/etc/empath/var/spool"),
        Path("/etc/empath/var/empathd.pid"),
        (Endpoint("127.0.0.1", 2525), Protocol.SMTP, Role.MX, "127.0.0.1:2525"),
        MxRoute(),
        RetrySchedule(60, 14_400, 0.2),
        (ip_network("127.0.0.0/8"), ip_network("::1/128")),
    ) == (
        config.hostname,
        config.postmaster,
        config.node.name,
        config.queue.path,
        config.queue.spool,
        config.process.pid_file,
        (listener.endpoint, listener.protocol, listener.role, listener.text),
        config.router.decide_for_domain(Domain("example.org")).route,
        config.retry.schedule,
        config.relay.networks,
    )


def test_the_default_configuration_relays_for_this_host_only():
    """
    Empath must not be an open relay, even if the operator never read about relaying.
    """
    policy, recipient = parsed(LEAST).relay.policy, Address.parse("a@example.org")
    clients = [network.network_address for network in map(ip_network, ("127.0.0.1", "::1", "192.0.2.1", "10.0.0.1"))]
    accepted = [policy.decide(Role.INTERNAL, client, recipient) is None for client in clients]
    assert [True, True, False, False] == accepted


def test_values_are_read_into_types_with_units():
    """
    Below the reader no text is an address and no bare number a time.
    """
    config = parsed(
        LEAST
        + """
[node]
name = "MX1"
[process]
user = "mail"
pid_file = "/run/empathd.pid"
[relay]
networks = ["192.0.2.0/24"]
domains = ["*.Example.NET"]
[routes]
"example.org" = "smtp://[2001:db8::1]:26"
"*.example.org" = "maildir:../var/./Maildir"
"*" = "discard:"
[retry]
base = "2m"
max = "1h"
jitter = 0
delay_warning_time = "0s"
[destinations."*.example.org"]
retry = "1m 5m*2"
[receiving.limits]
message_size = "1MiB"
line_length = 0
[dns]
nameservers = ["192.0.2.53", "[::1]:5353"]
[log]
format = "json"
file = "empath.log"
"""
    )
    assert (
        "mx1",
        ("mail", Path("/run/empathd.pid")),
        ((ip_network("192.0.2.0/24"),), ["*.example.net"]),
        SmtpRoute("2001:db8::1", 26),
        MaildirRoute("/etc/var/Maildir"),
        DiscardRoute(),
        [(), ((60.0, 1), (300.0, 2))],
        0.0,
        (1_048_576, None),
        (Endpoint("192.0.2.53", 53), Endpoint("::1", 5353)),
        ("json", Path("/etc/empath/empath.log")),
    ) == (
        config.node.name,
        (config.process.user, config.process.pid_file),
        (config.relay.networks, list(map(str, config.relay.domains))),
        config.router.decide_for_domain(Domain("example.org")).route,
        config.router.decide_for_domain(Domain("a.example.org")).route,
        config.router.decide_for_domain(Domain("example.com")).route,
        [config.rule_book().find(name).retry for name in ("example.org", "a.example.org")],
        config.retry.delay_warning_s,
        (config.limits.message_octets, config.limits.line_octets),
        config.dns.nameservers,
        (config.log.format, config.log.file),
    )


def test_paths_are_relative_to_the_file_whatever_the_working_directory(tmp_path, monkeypatch):
    """
    An init script starts the server in "/", a developer in the checkout.
    """
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "c.toml").write_text(LEAST.replace("var/", "../var/"))
    monkeypatch.chdir(tmp_path)
    assert tmp_path.resolve() / "var" / "queue.db" == load_config(Path("conf/c.toml")).queue.path


def test_all_findings_come_at_once_with_line_and_key():
    """
    An operator must not need a start for each mistake.
    """
    text = """\
postmaster = "nobody"
hostnme = "mx.example.test"

[queue]
path = "q.db"
inline_size = 7

[[listener]]
address = "127.0.0.1:2525"

[[listener]]
address = "localhost:25"
role = "smtp"

[relay]
networks = [
  "192.0.2.0/24",
  "192.0.2.1/24",
]

[routes]
"example.org" = "smtp://"
"""
    assert [
        "c.toml:1: hostname: is missing",
        "c.toml:1: postmaster: an address needs a domain: 'nobody'",
        "c.toml:2: hostnme: unknown key (did you mean hostname?)",
        "c.toml:6: queue.inline_size: must be text in quotes, not a number",
        "c.toml:12: listener[2].address: not an IP address and port: 'localhost:25' (use e.g. \"192.0.2.1:25\", "
        '"[::1]:25")',
        "c.toml:13: listener[2].role: must be 'mx', 'submission' or 'internal', not 'smtp'",
        "c.toml:18: relay.networks[2]: not a network: '192.0.2.1/24' has bits beyond its prefix "
        "(did you mean 192.0.2.0/24?)",
        "c.toml:22: routes.\"example.org\": not a route: 'smtp://' (use e.g. smtp://192.0.2.1:25, "
        "smtp://[2001:db8::1]:25 or lmtp:/path)",
    ] == findings(text)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("nothing = 1", "nothing: unknown key"),
        ("listner = 1", "listner: unknown key (did you mean listener?)"),
        ("[[milters]]", "milters: unknown key (did you mean milter?)"),
        (
            'routes.example.net = "mx"',
            "routes.example: must be text in quotes, not a table"
            '; if the name has dots, write it in quotes: "example.net"',
        ),
        (
            'dkim = {keys = "k", sign.a.test = ["s"]}',
            'dkim.sign.a: must be a list, not a table; if the name has dots, write it in quotes: "a.test"',
        ),
        (
            'mta_sts.mx.a.test.mode = "none"',
            'mta_sts.mx.a: unknown key; if the name has dots, write it in quotes: "mx.a.test"',
        ),
        (
            "destinations.a.test.tls = 1",
            'destinations.a.test: unknown key; if the name has dots, write it in quotes: "a.test"',
        ),
        ('mta_sts."a.test".mod = {x = 1}', 'mta_sts."a.test".mod: unknown key (did you mean mode?)'),
        ("routes.example = {}", "routes.example: must be text in quotes, not a table"),
        ('mta_sts."a.test".mx = {x = 1}', 'mta_sts."a.test".mx: must be a list, not a table'),
        (
            'mta_sts = {"a.test" = {mode = "none"}, "A.test" = {mode = "none"}}',
            "mta_sts.\"A.test\": is the same pattern as another key: 'a.test'",
        ),
        (
            'dkim = {keys = "k", sign = {"a.test" = ["s"], "A.test" = ["t"]}}',
            "dkim.sign.\"A.test\": is the same pattern as another key: 'a.test'",
        ),
        ("[delivery]\nworker = 1", "delivery.worker: unknown key (did you mean workers?)"),
        ("delivery.hostname = 'a.test'", "delivery.hostname: unknown key; put it above the first table"),
        ("[[delivery]]", "delivery: must be a table, not a list; write [delivery]"),
        ("delivery = 1", "delivery: must be a table, not a number"),
        ("process = 1", "process: must be a table, not a number"),
        ("routes = 1", "routes: must be a table, not a number"),
        ("dnsbl = 1", "dnsbl: must be a table, not a number"),
        ('dnsbl."a b" = 1', "dnsbl.\"a b\": not a domain name: 'a b'"),
        ('dnsbl."a.test" = "1"', 'dnsbl."a.test": must be a whole number from -1000 to 1000'),
        ('dnsbl."a.test" = 1001', 'dnsbl."a.test": must be a whole number from -1000 to 1000'),
        ("dnsbl.threshold = 0", "dnsbl.threshold: must be at least 1: no list has said anything about most clients"),
        ('suppression.classes = ["local"]', "suppression.classes: local says nothing of an address"),
        ('greylist.window = "5m"', "greylist.window: must be longer than delay, or no second try would pass"),
        ('greylist.enabled = "yes"', "greylist.enabled: must be true or false, not text"),
        (
            'dkim = {keys = "k", sign = {"a.test" = []}}',
            'dkim.sign."a.test": needs one selector or more, each once',
        ),
        (
            'dkim = {keys = "k", sign = {"a.test" = ["s", "s"]}}',
            'dkim.sign."a.test": needs one selector or more, each once',
        ),
        ("delivery.workers = 1.5", "delivery.workers: must be a whole number, not 1.5"),
        ("delivery.workers = true", "delivery.workers: must be a whole number, not a boolean"),
        ("delivery.workers = 0", "delivery.workers: must be at least 1, not 0"),
        ("delivery.workers = 257", "delivery.workers: must be at most 256, not 257"),
        ("delivery.idle = 2", "delivery.idle: must be text in quotes, not a number"),
        ("delivery.idle = 07:32:00", "delivery.idle: must be text in quotes, not a date or time"),
        ("delivery.rcpt_timeout = '0s'", "delivery.rcpt_timeout: must be longer than '0s'"),
        ("retry.jitter = '0.2'", "retry.jitter: must be a number, not text"),
        ("retry.jitter = 1.5", "retry.jitter: must be at most 1.0, not 1.5"),
        ("retry.jitter = -0.1", "retry.jitter: must be at least 0.0, not -0.1"),
        ("retry.jitter = nan", "retry.jitter: must be a number, not nan"),
        ("retry.base = '5h'", "retry.max: is less than base"),
        ("retry.max = '1s'", "retry.max: is less than base"),
        ("retry.base = '0s'", "retry.base: must be at least 1s"),
        ("receiving.limits.recipients = 99", "receiving.limits.recipients: must be at least 100, not 99"),
        (
            "receiving.limits.message_size = '1KiB'",
            "receiving.limits.message_size: must be at least 64KiB (RFC 5321 §4.5.3.1.7)",
        ),
        (
            "receiving.limits.line_length = 500",
            "receiving.limits.line_length: must be 0 for no limit, or at least 998 (RFC 5321 §4.5.3.1.6)",
        ),
        ("receiving.limits.line_length = -1", "receiving.limits.line_length: must be at least 0, not -1"),
        (
            "queue.memory_size = '1KiB'",
            "queue.memory_size: is less than inline_size, so that content of that size would never be kept in memory",
        ),
        ("node.name = 'a/b'", "node.name: not a domain name: 'a/b'"),
        ("node.name = ''", "node.name: not a domain name: ''"),
        ("process.user = ''", "process.user: must be a word without blanks, not ''"),
        ("process.user = 'a b'", "process.user: must be a word without blanks, not 'a b'"),
        ("process.user = 1", "process.user: must be text in quotes, not a number"),
        ("process.pid_file = ''", "process.pid_file: not a path: ''"),
        ('process.pid_file = "a\\u0000b"', "process.pid_file: not a path: 'a\\x00b'"),
        ("log.level = 'warn'", "log.level: must be 'debug', 'info', 'warning' or 'error', not 'warn'"),
        ("dns.nameservers = 'a'", "dns.nameservers: must be a list, not text"),
        ("tls.sni = {names = []}", "tls.sni: must be a list, not a table; write [[tls.sni]]"),
        ("recipients.'*' = 'listed'", "recipients.\"*\": '*' is every domain; name each relay domain"),
        (
            "relay.networks = ['lan']",
            'relay.networks[1]: not a network: \'lan\' (use e.g. "192.0.2.0/24", "2001:db8::/32")',
        ),
        (
            "relay.networks = ['0.0.0.0/0']",
            "relay.networks[1]: '0.0.0.0/0' is the whole Internet, which would make this an open relay",
        ),
        (
            "dns.allowed_networks = ['10.1.0.0/8']",
            "dns.allowed_networks[1]: not a network: '10.1.0.0/8' has bits beyond its prefix"
            " (did you mean 10.0.0.0/8?)",
        ),
        ("dns.own_hosts = ['a b']", "dns.own_hosts[1]: not a domain name: 'a b'"),
        ("delivery.mx_port = 65536", "delivery.mx_port: must be at most 65535, not 65536"),
        (
            "relay.domains = ['*']",
            "relay.domains[1]: '*' is every domain, which would make this an open relay",
        ),
        ("routes = {'a b' = 'mx'}", "routes.\"a b\": not a domain name: 'a b'"),
        (
            "destinations = {'mx:a.test' = {route = 'mx'}}",
            "destinations.\"mx:a.test\".route: its pattern is a domain, *.domain or *, not 'mx:a.test'",
        ),
        (
            "destinations = {'a.test' = {route = 'maildir:x'}}",
            "destinations.\"a.test\".route: the path of a Maildir begins with a slash, not 'maildir:x'",
        ),
        ("routes = {'*' = 5}", 'routes."*": must be text in quotes, not a number'),
        ("routes = {'*' = ['mx', 5]}", 'routes."*": must be text in quotes, not a number'),
        ("routes = {'*' = []}", 'routes."*": a list of routes has 1 to 20 entries, not 0'),
        (
            "routes = {'xn--bcher-kva.example' = 'mx', 'Bücher.example' = 'discard:'}",
            "routes.\"Bücher.example\": is the same pattern as another key: 'xn--bcher-kva.example'",
        ),
        (
            "destinations = {'*' = {retry = ''}}",
            'destinations."*".retry: not a list of delays: use e.g. "1m 5m*2 1h*3"',
        ),
        (
            "destinations = {'*' = {retry = '5m*0'}}",
            'destinations."*".retry: not a delay: \'5m*0\' (use e.g. "5m" or, for several times, "5m*3")',
        ),
        ("destinations = {'*' = {retry = '1m 500ms'}}", "destinations.\"*\".retry: a delay is at least 1s: '500ms'"),
        (
            "destinations = {'*' = {retry = '1m x'}}",
            'destinations."*".retry: not a duration: \'x\' (use e.g. "90s", "4h", "5d"; units ms s m h d w)',
        ),
        ("destinations = {'a.' = {}, 'A' = {}}", "destinations.A: is the same pattern as another key: 'a'"),
        ("'a\\b\"c' = 1", '"a\\\\b\\"c": unknown key'),
        ('"a\\nb" = 1', '"a\\nb": unknown key'),
    ],
)
def test_a_bad_setting_is_named_in_words(setting, words):
    """
    The message says what to write, not what a library thinks.
    """
    line = 4 + len(setting.split("\n"))
    assert f"c.toml:{line}: {words}" == finding(setting)


@pytest.mark.parametrize(
    "url", ["https://a.test:99999/x", "https://[::1/x", "https://:443/", "http://a.test/", "http://127.0.0.1:1@a.test/"]
)
def test_an_endpoint_to_which_no_token_may_go_is_no_back_end(url):
    """
    Each of these would end the acceptor, or send tokens in the clear to another host.
    """
    [found] = findings(f"{LEAST}\nauth.backends = ['oidc:{url}']")
    assert f"auth.backends[1]: not a back end: 'oidc:{url}' (use " in found


def test_a_listener_address_stands_once():
    """
    The kernel would refuse to bind the second one.
    """
    text = LEAST.replace("listener = ", "#") + "[[listener]]\naddress='[::1]:25'\n[[listener]]\naddress='[0:0::1]:25'"
    assert ["c.toml:8: listener[2].address: another listener already has the address [::1]:25"] == findings(text)


def test_two_warm_up_plans_are_not_for_the_same_mail():
    """
    It would be unclear which one counts it.
    """
    plans = "".join(
        f'[warmup."{name}"]\naddress = "192.0.2.1"\nprovider = "{provider}"\nstarted_at = "2026-12-01"\ndays = "5"\n'
        for name, provider in (("a", "*.b.test"), ("b", "*"), ("c", "*.B.test"))
    )
    [finding] = findings(LEAST + plans)
    assert finding.endswith(": warmup.c: has the address and the provider of a")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('address = "host.test"', "warmup.a.address: not an IP address"),
        ('provider = "mx*.test"', "warmup.a.provider: not a domain name"),
        ('started_at = "soon"', "warmup.a.started_at: not an instant"),
        ('days = "5*0"', "warmup.a.days: not the messages of a day: '5*0'"),
        ('days = ""', "warmup.a.days: needs the messages of 1 to 1000 days"),
    ],
)
def test_what_cannot_be_a_warm_up_plan_is_a_finding(line, words):
    """
    The checks are those of the view.
    """
    given = {"address": '"192.0.2.1"', "started_at": '"2026-12-01"', "days": '"5"'}
    key, _, value = line.partition(" = ")
    table = "".join(f"{name} = {text}\n" for name, text in (given | {key: value}).items())
    [finding] = findings(f'{LEAST}[warmup."a"]\n{table}')
    assert words in finding


@pytest.mark.parametrize(
    ("listeners", "words"),
    [("", "c.toml:1: listener: is missing"), ("listener = []", "c.toml:4: listener: needs at least one")],
)
def test_a_server_without_a_listener_is_a_mistake(listeners, words):
    """
    It would run without receiving mail, and without a hint why.
    """
    assert [words] == findings("\n".join([*LEAST.split("\n")[:3], listeners]))


def test_what_a_listener_needs_is_named_at_the_listener():
    """
    A table that is missing has no line of its own.
    """
    listeners = '[[listener]]\naddress = "[::1]:25"\n[[listener]]\naddress = "[::1]:465"\ntls = "implicit"\n'
    least = "\n".join(LEAST.split("\n")[:3])
    words = "tls.certificate: is missing; the listener [::1]:465 needs it"
    assert [f"c.toml:8: {words}"] == findings(f"{least}\n{listeners}")
    assert [f"c.toml:9: {words}"] == findings(f"{least}\n{listeners}[tls]\n")


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"a = 1\nb == 2\n", "c.toml:2: Invalid value, at column 4"),
        (b"a = 1\na = 2\n", "c.toml:2: The key is there twice, at column 6"),
        (b"[a.'b c']\n[a.'b c']\n", 'c.toml:2: The table [a."b c"] is there twice, at column 9'),
        (b"a = 1\n\nb = [1,\n", "c.toml:3: Invalid value, at the end of the file"),
        (b"a = 1\nb = '\xff'\n", "c.toml:2: not UTF-8: invalid start byte"),
        (b"a = " + b"[" * 100_000, "c.toml:1: values are nested too deeply"),
        (b"#" * 5_000_000, "c.toml:1: a configuration is at most 4 MiB"),
    ],
)
def test_what_is_no_toml_is_named_with_its_line(octets, words):
    """
    A missing quote is the most common mistake.
    """
    with pytest.raises(ConfigError) as caught:
        parse_config(octets, "c.toml", "/")
    assert words == str(caught.value)


def test_an_endless_number_is_a_finding():
    """
    Python refuses to read a number with thousands of digits.
    """
    with pytest.raises(ConfigError, match=r"^c\.toml:1: "):
        parsed("a = " + "1" * 10_000)


def test_bad_configurations_and_missing_ones_have_exit_codes_of_their_own():
    """
    sysexits.h: EX_CONFIG and EX_NOINPUT.
    """
    assert (78, 66) == (ConfigError.exit_code, MissingInput.exit_code)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("none.toml", "No such file or directory"), ("", "Is a directory"), ("a\0", "embedded null byte")],
)
def test_a_file_that_cannot_be_read_is_missing_input(tmp_path, name, reason):
    """
    One line that names the file, not a traceback.
    """
    with pytest.raises(MissingInput) as caught:
        load_config(tmp_path / name)
    assert f"{tmp_path / name}: the configuration cannot be read: {reason}; name another by -c FILE" == str(
        caught.value
    )


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_file_makes_a_traceback(octets):
    """
    Whatever the file holds, each finding is a line.
    """
    with pytest.raises(ConfigError) as caught:
        parse_config(octets, "c.toml", "/")
    assert all(line.startswith("c.toml:") for line in str(caught.value).split("\n"))


JSON = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("127.0.0.1:25"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["address", "x", "*"]), inner, max_size=2)
    ),
    max_leaves=5,
)


def written(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(key)} = {written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(character):08x}" for character in value) + '"'
    return str(value).lower()


@given(
    key=st.sampled_from(
        ["queue", "process", "listener", "relay", "routes", "delivery", "limits", "log", "dns", "retry"]
    ),
    value=JSON,
)
def test_no_value_makes_a_traceback(key, value):
    """
    A value of any type in any place is valid, or a finding about that place.
    """
    rest = "\n".join(line for line in LEAST.split("\n") if not line.startswith(key))
    try:
        parsed(f"{rest}\n{key} = {written(value)}\n")
    except ConfigError as exc:
        lines = str(exc).split("\n")
    else:
        lines = []
    assert all(line.startswith("c.toml:") for line in lines)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("address='[::1]:25'\nprotocol='lmtp'", "protocol: must not be lmtp on port 25 (RFC 2033 §5)"),
        ("address='[::1]:24'\nprotocol='uucp'", "protocol: must be 'smtp' or 'lmtp', not 'uucp'"),
        ("address='unix:'", "address: not a path: ''"),
        ("address='unix:/" + "x" * 107 + "'", "address: the path of a UNIX socket has at most 107 octets: '/xxx"),
        ("address='unix:a'\nsocket_mode='0888'", "socket_mode: not a file mode: '0888' (use e.g. \"0660\")"),
    ],
)
def test_a_listener_of_lmtp_or_of_a_unix_socket_is_checked(keys, words):
    """
    RFC 2033 §5: a client must not meet LMTP where it expects SMTP.
    """
    [finding] = findings(LEAST.replace("listener = ", "#") + "[[listener]]\n" + keys)
    assert f": listener[1].{words}" in finding


def test_a_unix_socket_is_next_to_the_file_that_names_it():
    """
    As every other relative path.
    """
    text = LEAST.replace("listener = ", "#") + "[[listener]]\naddress='unix:run/lmtp'\nsocket_mode='660'"
    [listener] = parsed(text).listeners
    assert ("unix:/etc/empath/run/lmtp", 0o660, None) == (listener.text, listener.socket_mode, listener.endpoint)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            'proxy_protocol = ["0.0.0.0/0"]',
            "is the whole Internet, and any client there could take the address of another",
        ),
        ('xclient = ["::/0"]', "is the whole Internet, and any client there could take the address of another"),
        ('forbidden_commands = ["MAIL"]', "MAIL cannot be forbidden: no mail would come in without it"),
        ('forbidden_commands = ["GET /"]', "not the first word of a command: 'GET /'"),
        ("client_names = 1", "must be true or false, not a number"),
        ('sign = "yes"', "must be true or false, not text"),
        ('deduplicate = "no"', "must be true or false, not text"),
    ],
)
def test_what_would_open_or_close_a_listener_to_everyone_is_a_mistake(keys, words):
    """
    One could not see it in the file, and others would see it first.
    """
    [line] = findings(LEAST.replace("}]", f", {keys}}}]"))
    assert words in line


def test_lists_of_the_dns_and_their_threshold_are_one_table():
    """
    As people know them from the configuration of rspamd and Postfix: a weight for each zone.
    """
    assert None is parsed(LEAST).blocklists
    found = parsed(LEAST + '[dnsbl]\n"zen.test" = 2\n"good.test=127.0.0.[2..3]" = -1\nthreshold = 3\n').blocklists
    assert ([("zen.test", 2), ("good.test", -1)], 3) == (
        [(blocklist.zone, weight) for blocklist, weight in found.weights],
        found.threshold,
    )


def test_forbidden_words_are_of_any_case():
    config = parsed(LEAST.replace("}]", ', forbidden_commands = ["get", "Take"]}]'))
    assert frozenset({"GET", "TAKE"}) == config.listeners[0].forbidden


MODULES = """
[modules]
"my_package.tag" = { deadline = "500ms", on_failure = "pass", words = ["a", "b"], most = { day = 3 } }
second = {}
"""


def test_the_keys_of_a_module_that_empath_does_not_know_are_its_own():
    """
    A module is configured in the one file of the server. The order of the file is the order of the questions.
    """
    modules = parsed(LEAST + MODULES).modules
    assert [
        ("my_package.tag", 0.5, "pass", {"words": ["a", "b"], "most": {"day": 3}}),
        ("second", 2.0, "451", {}),
    ] == [(name, each.deadline_s, each.on_failure, each.own_settings) for name, each in modules.items()]


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ('modules."my module" = {}', 'modules."my module": not the name of a Python module'),
        ("modules.m = 1", "modules.m: must be a table, not a number"),
        ('modules.m = { on_failure = "550" }', "modules.m.on_failure: must be "),
        ('modules.m = { deadline = "0s" }', "modules.m.deadline: must be longer than"),
        ("modules.m = { since = 2026-01-01 }", "modules.m.since: must be text, a number, a boolean, a list or a table"),
        ("modules.m = { a = { b = [inf] } }", "modules.m.a: must be text, a number"),
        ("modules.m = { a = [1, { b = 1 }] }", "modules.m.a: must be text, a number"),
    ],
)
def test_a_mistake_in_the_table_of_a_module_is_found(setting, expected):
    """
    What a module gets can be written as TOML and as JSON, so that `empathd check --effective` shows it.
    """
    assert finding(setting).startswith(f"c.toml:5: {expected}")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('[audit]\nsealed = "no"', "audit.sealed: must be true or false, not text"),
        (
            '[events.otlp]\nurl = "http://[::1]:4318"',
            "events.otlp.url: must be a table, not text; write [events.otlp.NAME]",
        ),
        ("[audit]\nsealed = 1", "audit.sealed: must be true or false, not a number"),
        ('[audit]\nanchor = "0s"', "audit.anchor: must be longer than '0s'"),
        ('[arc]\ndomain = "a.test"\nselector = "a b"', '(use letters, digits, dots and dashes, such as "s2026")'),
        ('[log]\nsyslog = "udp:log.test"', '(use e.g. "unix:/dev/log", "udp:192.0.2.1:514", "tcp:[::1]:601")'),
        (
            '[[milter]]\naddress = "inet:[::1]:11332"\nlisteners = ["smtp"]',
            "(use mx, submission, internal, pickup, or the address of a listener)",
        ),
        (
            '[[milter]]\naddress = "inet:[::1]:11332"\nmessage_deadline = "1s"',
            "message_deadline: is less than deadline",
        ),
        ('[events.files."stream"]\npath = "e.jsonl"', "is the name of the stream of the API; choose another one"),
    ],
)
def test_a_value_that_was_taken_for_another_is_a_mistake(lines, words):
    """
    `sealed = "no"` ended the seals without a word, and a consumer named stream was that of the API.
    """
    assert finding(f"{lines}\n").endswith(words)


def test_a_login_has_a_mechanism():
    """
    Without one each host would seem to offer none of them, and all mail for it would wait.
    """
    given = '[credentials."relay.test"]\nusername = "me"\npassword_file = "secret"\nmechanisms = []\n'
    [finding] = findings(f"{LEAST}{given}")
    assert finding.endswith('credentials."relay.test".mechanisms: needs at least one')


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('mode = "enforce"', "mx: needs at least one host"),
        ('mx = ["mx..test"]', "mx[1]: not a host name, nor \"*.\" and a domain: 'mx..test'"),
        ('mx = ["a.test"]\nmax_age = "0s"', "max_age: must be between 1s and a year"),
        ('mx = ["a.test"]\nmax_age = "366d"', "max_age: must be between 1s and a year"),
        (f"mx = {[f'mx{n}.test' for n in range(201)]}", "mx: has at most 200 hosts"),
    ],
)
def test_a_policy_of_mta_sts_that_others_could_not_read_is_a_mistake(lines, words):
    """
    Nobody but the hosts that would send mail would see it.
    """
    assert finding(f'[mta_sts."a.test"]\n{lines}\n').endswith(words)
