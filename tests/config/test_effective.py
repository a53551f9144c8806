"""The configuration in force as text, and the differences between two configurations."""

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.config.differences import Difference, differences
from empath.config.effective import effective_toml, settings
from empath.config.load import parse_config
from empath.errors import ConfigError
from empath.policy.limits.rate import Rate
from tests.docs.reference.settings import sections

LEAST = """\
hostname = "mx.example.test"
postmaster = "admin@example.test"
queue.path = "var/queue.db"
listener = [{address = "127.0.0.1:2525"}]
"""

durations = st.builds("{}{}".format, st.integers(1, 500), st.sampled_from(["s", "m", "h", "d", "w"])) | st.builds(
    "{:.3f}{}{}ms".format, st.floats(1, 500), st.sampled_from(["s", "m", "h", "d"]), st.integers(0, 5000)
)
sizes = st.builds(
    "{}{}".format, st.integers(1, 4000), st.sampled_from(["MiB", "GiB", "TiB", "MB", "GB", "TB"])
) | st.builds("{:.3f}{}".format, st.floats(1, 4000), st.sampled_from(["MiB", "GiB", "MB", "GB"]))
paths = st.text(min_size=1, max_size=20).filter(str.isprintable).filter(lambda text: text.strip("./"))
patterns = st.sampled_from(["*", "example.org", "*.example.org", "Bücher.example", "[192.0.2.1]", "[IPv6:2001:db8::1]"])
routes = (
    st.sampled_from(["mx", "discard:", "smtp://127.0.0.1", "smtp://[2001:db8::1]:26", "smtp://MX.Example.org:587"])
) | paths.map("maildir:{}".format)

steps = st.lists(st.builds("{}{}".format, durations, st.sampled_from(["", "*1", "*12"])), min_size=1).map(" ".join)

VALUES = {
    "hostname": st.sampled_from(["mx.example.org", "Bücher.example"]),
    "postmaster": st.sampled_from(["admin@example.org", '"a \\" b"@example.org', "jörg@[192.0.2.1]"]),
    "node.name": st.sampled_from(["mx1", "MX1.example.org"]),
    "queue.path": paths,
    "queue.wal_limit": sizes,
    "queue.lock_timeout": durations,
    "process.user": st.sampled_from(["mail", '"\\']),
    "process.pid_file": paths,
    "relay.networks": st.lists(st.sampled_from(["192.0.2.0/24", "2001:db8::/32", "192.0.2.1"])),
    "relay.domains": st.lists(patterns.filter(lambda text: text != "*")),
    "routes": st.dictionaries(patterns, routes),
    "destinations": st.dictionaries(
        patterns | st.sampled_from(["mx:*.example.net", "smtp:MX.example.org", "smtp:[::1]:26", "maildir:/a b"]),
        st.fixed_dictionaries(
            {},
            optional={
                "retry": steps,
                "concurrency": st.integers(1, 1_000_000),
                "without_8bitmime": st.sampled_from(["convert", "convert-or-send", "bounce"]),
            },
        ),
    ),
    "delivery.workers": st.integers(1, 256),
    "delivery.reuse": durations,
    "delivery.data_timeout": durations,
    "retry.jitter": st.floats(0, 1),
    "retry.lifetime": durations | st.just("0s"),
    "receiving.limits.message_size": sizes,
    "receiving.limits.line_length": st.just(0) | st.integers(998, 1_000_000),
    "dns.nameservers": st.lists(st.sampled_from(["192.0.2.53", "[::1]:5353"])),
    "dnsbl": st.dictionaries(st.sampled_from(["a.test", "a.test=127.0.0.[2..4]", "threshold"]), st.integers(1, 9)),
    "greylist.lifetime": durations,
    "dns.own_hosts": st.lists(st.sampled_from(["192.0.2.9", "2001:DB8::9", "Bücher.example"])),
    "dns.allowed_networks": st.lists(st.sampled_from(["10.0.0.0/8", "0.0.0.0/0", "::1"])),
    "log.format": st.sampled_from(["json", "logfmt"]),
    "log.file": paths,
}


def text_of(value):
    """*value* in TOML, with all text in escapes, so that the tested code plays no part in it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text_of(key)} = {text_of(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(text_of, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(character):08x}" for character in value) + '"'
    return repr(value)


def parsed(text, directory="/etc/empath"):
    return parse_config(text.encode(), "c.toml", directory)


def least(**more):
    """The smallest configuration; keyword arguments are further settings, `a__b` for `a.b`, or replace its own."""
    given_keys = {key.replace("__", ".") for key in more}
    kept = [line for line in LEAST.splitlines() if line.split(" = ")[0] not in given_keys]
    return parsed("\n".join(kept + [f"{key.replace('__', '.')} = {text_of(value)}" for key, value in more.items()]))


def without_null(value):
    """*value* without the keys that are not set."""
    if isinstance(value, dict):
        return {key: without_null(inner) for key, inner in value.items() if inner is not None}
    return [without_null(inner) for inner in value] if isinstance(value, list) else value


def changes(old, new):
    return [(change.key, change.before, change.after) for change in differences(old, new)]


@given(st.fixed_dictionaries({}, optional=VALUES))
def test_what_is_written_loads_again_to_an_equal_configuration(values):
    """
    This holds for any settings: units lose nothing, and absolute paths need no directory.
    """
    config = least(**{key.replace(".", "__"): value for key, value in values.items()})
    again = parsed(effective_toml(config), "/elsewhere")
    assert (config, ()) == (again, differences(config, again))
    assert effective_toml(config) == effective_toml(again)


def test_several_listeners_are_written_each_with_its_role():
    """
    A list of tables is the one shape that has no inline form.
    """
    config = least(listener=[{"address": "[::1]:25"}, {"address": "127.0.0.1:587", "role": "submission"}])
    assert config == parsed(effective_toml(config))
    roles = [(listener["address"], listener["role"]) for listener in settings(config)["listener"]]
    assert [("[::1]:25", "mx"), ("127.0.0.1:587", "submission")] == roles


def test_the_limits_of_a_listener_are_those_that_its_table_gives():
    """
    All other keys follow [receiving.limits], in what is written, too: a later change there is for each listener.
    """
    config = least(
        listener=[{"address": "127.0.0.1:25", "limits": {"connections_per_client": 10}}, {"address": "[::1]:25"}],
        receiving__limits={"connections_per_client": 20, "recipients": 200, "message_rate_per_client": "100/1m"},
    )
    found = [config.limits_of(listener) for listener in config.listeners]
    assert [(10, 200), (20, 200)] == [(limits.connections_per_client, limits.recipients) for limits in found]
    assert [Rate(100, 60.0)] * 2 == [limits.message_rate_per_client for limits in found]
    assert "[listener.limits]\nconnections_per_client = 10\n\n[listener.authentication]" in effective_toml(config)
    assert config == parsed(effective_toml(config))


def test_every_key_of_the_reference_is_there():
    """
    Defaults are there, too, so that a reader need not know them. A setting that is not set is a comment.
    """
    pair = {"certificate": "c.pem", "key": "k.pem"}
    webhooks = {"name": {"url": "https://a.test/"}}
    pipes = {"name": {"command": ["/bin/cat"]}}
    sources = {"name": {"addresses": ["192.0.2.1"]}}
    tls = {**pair, "sni": [{"names": ["mx.example.net"], **pair}]}
    credentials = {"name": {"username": "me", "password_file": "secret"}}
    warmup = {"name": {"address": "192.0.2.1", "started_at": "2026-12-01", "days": "5"}}
    events = {
        "webhooks": {"name": {"url": "https://a.test/"}},
        "files": {"of_files": {"path": "events.jsonl"}},
        "sinks": {"of_sinks": {"module": "my_broker"}},
        "amqp": {"of_amqp": {"url": "amqps://a.test"}},
        "otlp": {"of_otlp": {"url": "https://a.test:4318"}},
        "kafka": {"of_kafka": {"servers": ["a.test:9093"], "topic": "t"}},
        "nats": {"of_nats": {"url": "tls://a.test"}},
        "s3": {"of_s3": {"url": "https://a.test", "bucket": "b"}},
    }
    more = {
        "events": events,
        "milter": [{"address": "inet:127.0.0.1:11332"}],
        "mta_sts": {"name": {"mx": ["mx.example.org"]}},
        "pipes": pipes,
        "webhooks": webhooks,
        "sources": sources,
        "credentials": credentials,
        "warmup": warmup,
    }
    config = least(tls=tls, **more)
    text, found = effective_toml(config), settings(config)
    found["listener"] = found["listener"][0]
    found["milter"] = found["milter"][0]
    found["tls"]["sni"] = found["tls"]["sni"][0]
    for kind in events.keys() - {"webhooks"}:  # no two of them have one name
        found["events"][kind]["name"] = found["events"][kind].pop(f"of_{kind}")
        text = text.replace(f"[events.{kind}.of_{kind}]", f"[events.{kind}.name]")
    for section in sections():
        table = found
        for key in filter(None, section.key.replace('"', "").split(".")):
            table = table[key]
        assert {setting.key for setting in section.settings} <= table.keys()
        key = section.key.replace('"', "")
        header = f"[[{key}]]" if section.is_list else f"[{key}]"
        assert not section.key or f"\n{header}\n" in text
    assert "# user is not set\n" in text
    assert "# file is not set\n" in text


def test_json_has_the_same_as_toml():
    """
    Only null differs, because TOML has no null.
    """
    config = least(routes={"*": "maildir:mail", "example.org": "smtp://127.0.0.1:26"})
    again = json.loads(json.dumps(settings(config)))
    assert None is again["process"]["user"]
    assert tomllib.loads(effective_toml(config)) == without_null(again)


def test_values_are_written_as_a_person_would():
    """
    Durations have the largest whole unit; paths are absolute.
    """
    found = settings(least(retry__lifetime="48h", retry__base="1.5m", receiving__limits__message_size="1048576B"))
    assert ("2d", "90s", "1MiB", "/etc/empath/var/queue.db", "/etc/empath/var/empathd.pid") == (
        found["retry"]["lifetime"],
        found["retry"]["base"],
        found["receiving"]["limits"]["message_size"],
        found["queue"]["path"],
        found["process"]["pid_file"],
    )


def test_a_directory_that_cannot_be_written_in_a_file_is_a_finding():
    """
    Its paths could not be written to a file or a log unchanged.
    """
    with pytest.raises(ConfigError) as caught:
        parsed(LEAST, "/srv/a\nb")
    assert "c.toml:3: queue.path: not a path: '/srv/a\\nb/var/queue.db'" in str(caught.value).splitlines()


def test_equal_configurations_do_not_differ():
    """
    Another spelling is not a change, and would be noise in the log of a reload.
    """
    old = least(retry__lifetime="5d", queue__path="/etc/empath/q.db", routes={"a.example": "mx", "*": "mx"})
    new = least(retry__lifetime="120h", queue__path="../empath/q.db", routes={"*": "mx", "A.example.": "mx"})
    assert () == differences(old, new)


def test_a_difference_names_key_before_and_after_as_in_the_file():
    """
    Differences are in the order of the file, removed settings last; None is a setting that is not set.
    """
    old = least(retry__lifetime="1d", log__file="a.log", routes={"*": "mx", "a.example": "discard:"})
    new = least(
        limits__line_length=0,
        relay__networks=["192.0.2.0/24"],
        routes={"*": "smtp://127.0.0.1:26", "localhost": "mx"},
    )
    assert [
        ("relay.networks", ["127.0.0.0/8", "::1/128"], ["192.0.2.0/24"]),
        ('routes."*"', "mx", "smtp://127.0.0.1:26"),
        ("routes.localhost", None, "mx"),
        ("retry.lifetime", "1d", "5d"),
        ("receiving.limits.line_length", 998, 0),
        ("log.file", "/etc/empath/a.log", None),
        ('routes."a.example"', "discard:", None),
    ] == changes(old, new)


def test_listeners_are_compared_by_address():
    """
    A new listener at the top changes none of the others, and another order changes nothing.
    """
    old = least(listener=[{"address": "127.0.0.1:25"}, {"address": "127.0.0.1:26"}])
    new = least(
        listener=[{"address": "[::1]:25"}, {"address": "127.0.0.1:26"}, {"address": "127.0.0.1:25", "role": "internal"}]
    )
    assert [
        ('listener."[::1]:25".role', None, "mx"),
        ('listener."127.0.0.1:25".role', "mx", "internal"),
    ] == [change for change in changes(old, new) if change[0].endswith(".role")]


@given(st.fixed_dictionaries({}, optional=VALUES), st.fixed_dictionaries({}, optional=VALUES))
def test_differences_turn_round_with_their_sides(left, right):
    """
    A difference is found from both sides, and there is one exactly when the configurations are not equal.
    """
    old, new = (least(**{key.replace(".", "__"): value for key, value in side.items()}) for side in (left, right))
    forth, back = differences(old, new), differences(new, old)
    assert {*map(repr, forth)} == {repr(Difference(change.key, change.after, change.before)) for change in back}
    assert (old == new) == (forth == ())


def test_the_own_settings_of_a_module_are_written():
    """
    They load again, tables and lists of tables in them included.
    """
    own = {"words": ["a"], "is_on": True, "rules": [{"name": "x"}, {"name": "y"}], "most": {"a day": 3, "share": 0.5}}
    written = (
        'words = ["a"]\nis_on = true\nrules = [{ name = "x" }, { name = "y" }]\nmost = { "a day" = 3, share = 0.5 }\n'
    )
    config = parsed(f'{LEAST}[modules."my_package.my_module"]\n{written}')
    again = parsed(effective_toml(config), "/elsewhere")
    assert (config, own) == (again, again.modules["my_package.my_module"].own_settings)
