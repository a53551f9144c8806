"""empath-admin route and reroute."""

import pytest

from empath.config import load_config
from empath.storage.queue.rerouting import RememberRoutes
from tests.cli.admin.kit import AdminTool
from tests.kit.dns import ScriptedDns
from tests.kit.process import configuration
from tests.kit.queue import write

ROUTES = """\
"*" = ["mx", "backup smtps://fallback.test*2"]
"here.test" = "lmtp:/run/lmtp"
"ann@here.test" = "discard:"
"gone.test" = "smtp://gone-relay.test"

[account_routes]
shop = ["smtp://192.0.2.25*3", "smtp://192.0.2.26:587"]

[sender_routes]
"@example.test" = "maildir:mail"
"""


@pytest.fixture
def script():
    """A running name server that knows nothing yet."""
    with ScriptedDns() as server:
        yield server


@pytest.fixture
def tool(tmp_path, script):
    """A configuration with some routes, and that name server."""
    made = AdminTool(tmp_path)
    table = f'[dns]\nnameservers = ["{script.address}"]\nallowed_networks = ["203.0.113.0/24"]'
    made.config.write_text(configuration(2525, table, ROUTES))
    yield made
    made.queue.close()


def test_the_route_is_shown_with_what_decided_it_and_its_hosts(tool, script):
    """
    The backup is shown although it is asked only in need.
    """
    script.mx("x.test", (10, "a.test")).a("a.test", "203.0.113.1").a("fallback.test", "192.0.2.9")
    assert [
        "recipient    u@x.test",
        "sender       <>",
        "account      -",
        "route        mx, backup smtps://fallback.test:465*2",
        "decided_by   [routes]",
        "pattern      *",
        "destination  x.test",
        "",
        "HOP                        USE     WEIGHT  HOST           ADDRESS      PORT  REPLY",
        "mx                         first   1       a.test         203.0.113.1  25    -",
        "smtps://fallback.test:465  backup  2       fallback.test  192.0.2.9    465   -",
    ] == tool.lines("route", "u@X.test")


@pytest.mark.parametrize(
    ("arguments", "decided_by", "pattern", "destination"),
    [
        (("Ann@here.test", "--account", "shop"), "[routes]", "ann@here.test", "discard:"),
        (("bob@here.test", "--account", "shop"), "[routes]", "here.test", "lmtp:/run/lmtp"),
        (
            ("u@x.test", "--account", "shop", "--sender", "a@example.test"),
            "[account_routes]",
            "shop",
            "smtp:192.0.2.25:25,smtp:192.0.2.26:587",
        ),
    ],
)
def test_sender_and_account_are_told_to_the_verb(tool, arguments, decided_by, pattern, destination):
    """
    The same function decides as in a worker.
    """
    found = tool.record("route", *arguments)
    assert (decided_by, pattern, destination) == (found["decided_by"], found["pattern"], found["destination"])


def test_a_next_hop_that_cannot_be_found_shows_its_reply(tool):
    """
    It is 4yz: the mistake is in the configuration.
    """
    [host] = tool.record("route", "u@gone.test")["hosts"]
    assert "451 4.3.5 next hop gone-relay.test: no address for gone-relay.test" == host["reply"]


def test_an_address_without_a_route_says_what_follows(tool):
    """
    The exit code stays 0: the verb has answered.
    """
    tool.config.write_text(configuration(2525, routes='"a.test" = "mx"'))
    said = ["empath-admin: no route: new mail for this address is refused; queued mail waits"]
    assert said == tool.words("route", "u@b.test")
    assert None is tool.record("route", "u@b.test")["destination"]


def test_a_rehearsal_counts_what_would_move(tool):
    """
    Nothing is written.
    """
    tool.queue.accept("here.test", "x.test")
    tool.queue.accept("here.test")
    assert [
        {"recipients": 2, "from_destination": "here.test", "to_destination": "lmtp:/run/lmtp"},
        {"recipients": 1, "from_destination": "x.test", "to_destination": f"maildir:{tool.config.parent}/mail"},
    ] == tool.records("reroute", "--dry-run")
    assert ["empath-admin: 3 recipients would move"] == tool.words("reroute", "--dry-run")
    assert [("here.test",), ("x.test",), ("here.test",)] == tool.queue.select("SELECT destination FROM queue")


def test_waiting_mail_moves_at_once_in_the_name_of_a_person(tool):
    """
    A leased recipient stays: its worker routes it.
    """
    tool.queue.accept("here.test")
    tool.queue.lease()
    tool.queue.accept("here.test")
    said = [
        "empath-admin: 1 recipient moved",
        "empath-admin: the service has not followed these routes yet; `empathd reload` has it use them",
    ]
    assert said == tool.words("reroute")
    assert [("here.test",), ("lmtp:/run/lmtp",)] == tool.queue.select(
        "SELECT destination FROM queue ORDER BY recipient_id"
    )
    audit = tool.queue.select("SELECT who LIKE 'empath-admin:%', destination, what, before, after, object FROM audit")
    assert [(1, "here.test", "reroute", "here.test", "lmtp:/run/lmtp", "1 recipient")] == audit
    assert ["empath-admin: 0 recipients moved"] == tool.words("reroute")


def test_a_service_that_has_the_routes_needs_no_reload(tool):
    """
    It moved its mail by them before this came.
    """
    tool.queue.run(RememberRoutes(load_config(tool.config).router.tables.digest()))
    tool.queue.accept("here.test")
    assert ["empath-admin: 1 recipient moved"] == tool.words("reroute")


def test_a_row_of_the_queue_decides_as_in_the_service(tool):
    """
    The verb would otherwise explain a route that no worker takes.
    """
    write(
        tool.path,
        "INSERT INTO destination_rule (pattern, setting, value) VALUES ('x.test', 'route', 'smtp://192.0.2.9')",
    )
    found = tool.record("route", "u@x.test")
    assert ("destination_rule", "x.test", "smtp:192.0.2.9:25") == (
        found["decided_by"], found["pattern"], found["destination"],
    )  # fmt: skip
    assert "smtp:192.0.2.9:25" == tool.record("dns", "x.test")["destination"]


def test_an_address_is_explained_before_there_is_a_queue(tool):
    """
    The file is tried out before the service starts.
    """
    tool.queue.close()
    tool.path.unlink()
    assert "discard:" == tool.record("route", "ann@here.test")["destination"]
