"""test_service - flush, process, completion, and the orders to a running service"""

import json
import os
import signal
import socket
import time
from pathlib import Path

import apsw
import pytest
from click.testing import CliRunner

from empath.cli.empathd import empathd
from tests.cli.admin.kit import NEVER, AdminTool, run, run_apart
from tests.kit.queue import select, write
from tests.kit.waiting import DEADLINE_S, eventually

pytestmark = pytest.mark.on_disk

ORDERS = [("reload",), ("drain",), ("log-level", "debug"), ("stop-listener", "127.0.0.1:2525")]


def wait_long(tool: AdminTool) -> None:
    """Make all recipients wait for NEVER, and their destinations back off until then."""
    write(tool.path, "UPDATE _recipient SET next_retry_at = ?", NEVER)
    write(tool.path, "UPDATE _destination SET breaker_until = ?", NEVER)


def test_flush_makes_all_due_that_waits(tool: AdminTool):
    """
    It also ends back-off, so that the next worker that looks takes the mail.
    """
    tool.queue.accept("a.example", "b.example")
    tool.queue.accept("b.example")
    wait_long(tool)
    assert ["3 recipients at 2 destinations would be made due"] == tool.lines("flush", "--dry-run")
    assert [] == tool.queue.lease(now=time.time())
    assert ["3 recipients at 2 destinations made due"] == tool.lines("flush")
    assert {"a.example", "b.example"} == {lease.destination for lease in tool.queue.lease(now=time.time())}
    [(who, verb)] = tool.queue.select("SELECT who, verb FROM control")
    assert (True, "flush") == (who.startswith("empath-admin:"), verb)


def test_flush_of_one_destination_leaves_the_others(tool: AdminTool):
    """
    Only one host is reachable again.
    """
    tool.queue.accept("a.example", "b.example")
    wait_long(tool)
    tool.lines("freeze")
    record = tool.record("flush", "--destination", "a.example")
    since = record.pop("frozen_since")
    assert since.startswith("20")
    assert {
        "verb": "flush", "is_dry_run": False, "destination": "a.example", "changed": 1, "destinations": 1,
        "suspended_destinations": 0,
    } == record  # fmt: skip
    assert [(NEVER,)] == tool.queue.select("SELECT next_retry_at FROM _recipient WHERE domain = 'b.example'")
    assert f"empath-admin: delivery is frozen since {since}" in tool.words("flush")[0]


def test_flush_of_an_unknown_destination_is_exit_66(tool: AdminTool):
    """
    The name is mistyped, or no mail ever had this destination.
    """
    said = tool.run("flush", "--destination", "x.example")
    assert (66, "", 1) == (said.code, said.out, said.err.count("\n"))


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order[0])
def test_an_order_to_a_service_that_does_not_run_is_exit_69(tool: AdminTool, order):
    """
    The next start must not carry it out, either.
    """
    said = tool.run(*order)
    words = "empath-admin: no service runs on this queue, so the order was not given; see `empathd start`\n"
    assert (69, "", words) == said
    assert [] == tool.queue.select("SELECT * FROM control")


@pytest.mark.parametrize("arguments", [("log-level", "loud"), ("stop-listener", "127.0.0.1:1"), ("completion", "tcsh")])
def test_a_wrong_argument_is_exit_64(tool: AdminTool, arguments):
    """
    One line names the possible values.
    """
    said = tool.run(*arguments)
    assert (64, "", 1) == (said.code, said.out, said.err.count("\n"))


def test_orders_reach_a_running_service(make_empathd):
    """
    Each verb returns with the result of its order, and `process` shows the processes.
    """
    service = make_empathd().start()

    def order(*arguments: str) -> str:
        said = run("-c", str(service.config), *arguments)
        assert (0, "") == (said.code, said.err)
        return said.out

    assert "all processes but the supervisor follow" in order("log-level", "debug")
    assert [("debug",)] == select(service.queue, "SELECT value FROM _setting WHERE name = 'log-level'")
    assert "all processes" in json.loads(order("log-level", "default", "--json"))["result"]
    assert [] == select(service.queue, "SELECT value FROM _setting WHERE name = 'log-level'")

    said = run("-c", str(service.config), "process", "--json")
    processes = json.loads(said.out)["processes"]
    assert {("alive", pid) for pid in service.pids()} == {(p["liveness"], p["pid"]) for p in processes}

    record = json.loads(order("stop-listener", f"127.0.0.1:{service.port}", "--json"))
    assert ["verb", "argument", "control_id", "result"] == list(record)
    assert record["result"].endswith("takes no connection until a reload")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", service.port), timeout=DEADLINE_S)

    good = service.config.read_text()
    service.config.write_text(f"{good}\n[delivery]\ncolour = 1\n".replace(service.DELIVERY, ""))
    said = run("-c", str(service.config), "reload")
    assert (78, "", True) == (said.code, said.out, "delivery.colour: unknown key" in said.err)
    service.config.write_text(good.replace("mx.example.test", "mx2.example.test"))
    said = run("-c", str(service.config), "reload")
    assert (78, True) == (said.code, said.out.startswith("refused: hostname: cannot change from mx.example.test"))
    service.config.write_text(good)
    assert [1] == [len(service.named("reload_refused"))]
    assert [] == service.named("reload_started")

    assert "asked to reload" in order("reload")
    service.wait_for("reload_finished")
    assert "asked to end the service" in order("drain")
    assert 0 == service.end()[0]
    assert "ended" in run("-c", str(service.config), "process", "--all").out


def test_an_order_that_is_not_waited_for_is_carried_out(make_empathd):
    """
    A script can go on at once.
    """
    service = make_empathd().start()
    said = run("-c", str(service.config), "drain", "--no-wait", "--json")
    assert (0, None) == (said.code, json.loads(said.out)["result"])
    assert said.err.startswith("empath-admin: drain: ordered; the result will be in control_id ")
    assert 0 == service.end()[0]


def _stands_still(pid: int, queue: Path) -> bool:
    """Stop the process, unless it holds the write lock: then the order would wait until the supervisor kills it."""
    os.kill(pid, signal.SIGSTOP)
    threads = Path(f"/proc/{pid}/task")
    eventually(lambda: {"T"} == {stat.read_text().rpartition(")")[2].split()[0] for stat in threads.glob("*/stat")})
    connection = apsw.Connection(str(queue))
    try:
        connection.execute("BEGIN IMMEDIATE")
    except apsw.BusyError:
        os.kill(pid, signal.SIGCONT)
        return False
    finally:
        connection.close()
    return True


def test_an_order_without_a_result_in_time_is_exit_75(make_empathd):
    """
    The order stays, and the line says where its result will be.
    """
    service = make_empathd().start()
    pid = service.pid_of("housekeeper-1")
    eventually(lambda: _stands_still(pid, service.queue), "a housekeeper that is stopped outside a transaction")
    said = run("-c", str(service.config), "drain", "--timeout", "0.1")
    os.kill(pid, signal.SIGCONT)
    words = "drain: no result within 0.1 s; the order stands, its result will be in control_id 1 in the view control"
    assert (75, "", f"empath-admin: {words}\n") == said
    assert 0 == service.end()[0]


def test_process_tells_the_silent_and_the_gone(tool: AdminTool):
    """
    The kit's process has the pid 1, which every machine has, and its beat is years old.
    """
    tool.queue.register("worker-2")
    write(tool.path, "UPDATE _process SET pid = ?, ended_at = NULL WHERE process_id = 2", 2**22 + 1)
    tool.queue.register("worker-3")
    write(tool.path, "UPDATE _process SET node = 'other.example.test' WHERE process_id = 3")
    record = tool.record("process")
    assert ["gone", "silent"] == [p["liveness"] for p in record["processes"] if p["process_id"] < 3][:2]
    assert "silent" == record["processes"][0]["liveness"]
    assert None is record["next_after"]


def test_process_pages_by_key(tool: AdminTool):
    """
    The newest comes first, and the last line says how to continue.
    """
    tool.queue.register("worker-2")
    tool.queue.register("worker-3")
    first = tool.invoke("process", "--limit", "2")
    assert "more with --after 2" in first.stderr
    assert ["1"] == [line.split()[0] for line in tool.lines("process", "--limit", "2", "--after", "2")[1:]]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str):
    """
    It needs no configuration, because it is for a shell's start-up file.
    """
    said = run("completion", shell)
    assert (0, "", True) == (said.code, said.err, f"_EMPATH_ADMIN_COMPLETE={shell}_complete" in said.out)
    daemon = CliRunner().invoke(empathd, ["completion", shell])
    assert (0, True) == (daemon.exit_code, f"_EMPATHD_COMPLETE={shell}_complete" in daemon.output)


def test_completion_completes_verbs_and_options(tmp_path):
    """
    This is what the script asks when a person presses TAB.
    """

    def completed(words: str) -> set[str]:
        place = str(words.count(" "))
        said = run_apart(_EMPATH_ADMIN_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=place)
        return {line.partition(",")[2] for line in said.out.splitlines()}

    expected = {"recipient", "reconcile", "reload", "release", "restore", "retry", "reroute", "resume"}
    assert {*expected, "report-preview", "reports", "repro"} == completed("empath-admin re")
    assert {"--domain", "--destination", "--dry-run"} == completed("empath-admin hold --d")
    assert {"queued"} == completed("empath-admin list --status q")
