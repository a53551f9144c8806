"""The alerts for Prometheus: each can fire and stays quiet, has a runbook, and one fires for a real service."""

import http.client
import json
import re
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from empath.storage.sqlite.schema import prepare
from empath.telemetry.metrics.catalogue import BY_NAME, MetricKind
from tests.docs.reference import events
from tests.kit.certificates import issued
from tests.kit.process import Empathd, free_port
from tests.kit.queue import select, write
from tests.kit.waiting import DEADLINE_S, eventually

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "conf/monitoring/alerts.yml"
NAMES = re.findall(r"- alert: (\w+)", ALERTS.read_text(encoding="utf-8"))
_SUFFIXES = {MetricKind.COUNTER: ("",), MetricKind.GAUGE: ("",), MetricKind.HISTOGRAM: ("_bucket", "_sum", "_count")}


def _buckets(name, each_minute):
    """Series of a histogram: what comes into its buckets in each minute."""
    return {f'{name}_bucket{{le="{bound}"}}': f"0+{count}x180" for bound, count in each_minute.items()}


# Each alert with the series that make it fire, and some that look alike and do not: values for each minute of 3 hours.
CASES = {
    "EmpathDown": ({'up{job="empath"}': "0x180"}, {'up{job="empath"}': "1x180"}),
    "EmpathNotReady": (
        {'empath_health_ready{component="disk"}': "0x180", 'empath_health_ready{component="dns"}': "1x180"},
        {'empath_health_ready{component="disk"}': "1x178 0 1"},
    ),
    "EmpathProcessesEnd": (
        {'empath_process_start_time_seconds{process="worker-1"}': "0+60x180"},
        {'empath_process_start_time_seconds{process="worker-1"}': "7x170 8x10"},
    ),
    "EmpathFault": (
        {'empath_delivery_crashes_total{process="worker-1"}': "0x175 1x5"},
        {'empath_delivery_crashes_total{process="worker-1"}': "0x100 1x80"},
    ),
    "EmpathProcessSilent": (
        {'empath_scrape_left_out_total{slot="worker-1"}': "0+1x180"},
        {'empath_scrape_left_out_total{slot="worker-1"}': "0x170 1x10"},
    ),
    "EmpathModuleFails": (
        {'empath_module_failures_total{module="m",hook="rcpt",process="a"}': "0+1x180"},
        {'empath_module_failures_total{module="m",hook="rcpt",process="a"}': "0x175 2x5"},
    ),
    "EmpathHousekeepingFails": (
        {'empath_housekeeping_failures_total{duty="retention"}': "0+1x180"},
        {'empath_housekeeping_failures_total{duty="retention"}': "0x170 1x10"},
    ),
    "EmpathClockStepped": ({"empath_clock_steps_total": "0x150 1x30"}, {"empath_clock_steps_total": "0x60 1x120"}),
    "EmpathLogLost": ({"empath_log_lines_lost_total": "0x175 9x5"}, {"empath_log_lines_lost_total": "0x100 9x80"}),
    "EmpathCertificateExpires": (
        {'empath_tls_certificate_end_time_seconds{file="/c.pem"}': "864000x180"},
        {'empath_tls_certificate_end_time_seconds{file="/c.pem"}': "8640000x180"},
    ),
    "EmpathDiskFills": (
        {"empath_disk_free_octets": "100000000000-500000000x180"},
        {"empath_disk_free_octets": "100000000000x180"},
    ),
    "EmpathWritesFail": (
        {'empath_database_failed_writes_total{reason="full"}': "0+1x180"},
        {'empath_database_failed_writes_total{reason="full"}': "0x100 4x80"},
    ),
    "EmpathCommitsSlow": (
        _buckets("empath_database_commit_seconds", {"1": 1, "2.5": 9, "+Inf": 9}),
        _buckets("empath_database_commit_seconds", {"1": 9, "2.5": 9, "+Inf": 9}),
    ),
    "EmpathLogOfQueueGrows": ({"empath_database_wal_octets": "6e8x180"}, {"empath_database_wal_octets": "4e8x180"}),
    "EmpathFrozen": ({"empath_queue_frozen": "1x180"}, {"empath_queue_frozen": "0x160 1x20"}),
    "EmpathQueueGrows": ({"empath_queue_messages": "500x140 5000x40"}, {"empath_queue_messages": "90000+10x180"}),
    "EmpathNothingDelivered": (
        {
            'empath_queue_recipients{status="deferred"}': "500x180",
            'empath_delivery_attempts_total{outcome="deferred",stage="connect"}': "0+9x180",
        },
        {
            'empath_queue_recipients{status="deferred"}': "500x180",
            'empath_delivery_attempts_total{outcome="delivered",stage="end-of-data"}': "0+1x180",
        },
    ),
    "EmpathDeliveriesFail": (
        {
            'empath_delivery_error_ratio{over="1h"}': "0.4x180",
            'empath_delivery_attempts_total{outcome="bounced",stage="rcpt"}': "0+10x180",
        },
        {
            'empath_delivery_error_ratio{over="1h"}': "1x180",
            'empath_delivery_attempts_total{outcome="bounced",stage="rcpt"}': "0+1x180",
        },
    ),
    "EmpathDestinationsBreak": (
        {"empath_delivery_breaker_openings_total": "0+1x180"},
        {"empath_delivery_breaker_openings_total": "0x170 9x10"},
    ),
    "EmpathDnsFails": (
        {'empath_dns_answers_total{answer="failed"}': "0+9x180", 'empath_dns_answers_total{answer="found"}': "0+1x180"},
        {'empath_dns_answers_total{answer="failed"}': "0+1x180", 'empath_dns_answers_total{answer="found"}': "0+9x180"},
    ),
    "EmpathTlsFails": (
        {
            "empath_delivery_tls_failures_total": "0+1x180",
            'empath_delivery_attempts_total{outcome="deferred",stage="tls"}': "0+1x180",
        },
        {
            "empath_delivery_tls_failures_total": "0+1x180",
            'empath_delivery_attempts_total{outcome="delivered",stage="end-of-data"}': "0+100x180",
        },
    ),
    "EmpathRefusesMost": (
        {'empath_smtp_refusal_ratio{over="1h"}': "0.99x180"},
        {'empath_smtp_refusal_ratio{over="1h"}': "0.5x180"},
    ),
    "EmpathLoginsFail": (
        {'empath_smtp_refusals_total{stage="AUTH",code="535 5.7.8"}': "0+120x180"},
        {'empath_smtp_refusals_total{stage="RCPT",code="550 5.1.1"}': "0+120x180"},
    ),
    "EmpathAcceptsSlowly": (
        _buckets("empath_smtp_accept_seconds", {"2.5": 1, "5": 9, "+Inf": 9}),
        _buckets("empath_smtp_accept_seconds", {"2.5": 9, "5": 9, "+Inf": 9}),
    ),
}

needs_prometheus = pytest.mark.skipif(
    not (shutil.which("promtool") and shutil.which("prometheus")), reason="needs the Debian package prometheus"
)


def _series(instance, series):
    """Input of promtool: *series* as those of *instance*."""
    for each, values in series.items():
        name, _, labels = each.rstrip("}").partition("{")
        yield {"series": f'{name}{{{labels}{"," if labels else ""}instance="{instance}"}}', "values": values}


def _expected(name, instance, *, fires):
    """What promtool is to find: an alert is a sample of each of its label sets."""
    query = f'count(ALERTS{{alertname="{name}",alertstate="firing",instance="{instance}"}}) or vector(0)'
    return {"expr": query, "eval_time": "180m", "exp_samples": [{"labels": "{}", "value": int(fires)}]}


def test_each_alert_has_its_cases_and_its_runbook():
    """
    The names are those of the rules, in their order.
    """
    page = (ROOT / "docs/runbooks.md").read_text(encoding="utf-8")

    assert NAMES == list(CASES)
    assert NAMES == re.findall(r"^### (\w+)$", page, re.MULTILINE)
    assert [name.lower() for name in NAMES] == re.findall(
        r"runbook: docs/runbooks\.md#(\w+)", ALERTS.read_text(encoding="utf-8")
    )


def test_the_runbooks_name_events_and_ask_what_can_be_asked(tmp_path):
    """
    Readers type the statements as printed, at a bad time.
    """
    page = " ".join((ROOT / "docs/runbooks.md").read_text(encoding="utf-8").split())
    named = {each for each in re.findall(r"`([a-z]+_[a-z_]+)`", page) if each.partition("_")[0] not in {"on", "httpd"}}
    prepare(tmp_path / "queue.db")

    assert set() == named - events.names()
    statements = re.findall(r"`(SELECT .*?)`", page)
    assert len(statements) > 5
    for each in statements:
        select(tmp_path / "queue.db", each)


def test_the_alerts_ask_for_metrics_that_exist():
    """
    A metric that is renamed would silence its alert.
    """
    known = {name + suffix for name, metric in BY_NAME.items() for suffix in _SUFFIXES[metric.kind]}

    assert set() == set(re.findall(r"\bempath_\w+", ALERTS.read_text(encoding="utf-8"))) - known


@needs_prometheus
def test_each_alert_fires_and_stays_quiet(tmp_path):
    """
    Each case is an instance of its own. JSON is YAML, too.
    """
    inputs, expected = [], []
    for name, both in CASES.items():
        for series, fires in zip(both, (True, False), strict=True):
            instance = f"{name} {'fires' if fires else 'stays quiet'}"
            inputs += _series(instance, series)
            expected.append(_expected(name, instance, fires=fires))
    case = {"interval": "1m", "input_series": inputs, "promql_expr_test": expected}
    tests = tmp_path / "tests.yml"
    tests.write_text(json.dumps({"rule_files": [str(ALERTS)], "evaluation_interval": "2m", "tests": [case]}))

    for command in (["check", "config", ALERTS.with_name("prometheus.yml")], ["test", "rules", tests]):
        done = subprocess.run(["promtool", *command], capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        assert 0 == done.returncode, done.stdout + done.stderr


@needs_prometheus
def test_the_dashboard_asks_in_the_language_of_prometheus(tmp_path):
    """
    Each of its questions is checked as a rule; the words of Grafana are replaced.
    """
    panels = json.loads(ALERTS.with_name("dashboard.json").read_text(encoding="utf-8"))["panels"]
    asked = sorted({target["expr"] for panel in panels for target in panel.get("targets", ())})
    plain = [each.replace("$__rate_interval", "1m").replace("$instance", ".*") for each in asked]
    rules = [{"record": f"question_{number}", "expr": each} for number, each in enumerate(plain)]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))

    command = ["promtool", "check", "rules", tmp_path / "rules.yml"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)

    assert 0 == done.returncode, done.stderr


@needs_prometheus
def test_prometheus_scrapes_a_service_and_an_alert_fires(tmp_path):
    """
    The rules are those of the file, without the time that they wait. The certificate ends soon.
    """
    service_port, tls_port, port = free_port(), free_port(), free_port()
    config = (ALERTS.with_name("prometheus.yml")).read_text(encoding="utf-8").replace("8025", str(service_port))
    (tmp_path / "prometheus.yml").write_text(config.replace("15s", "1s"))
    (tmp_path / "alerts.yml").write_text(
        re.sub(r"^ +for: .*\n", "", ALERTS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    service = Empathd(
        tmp_path / "service",
        f'[http]\naddress = "127.0.0.1:{service_port}"\n[health]\nwithout = ["listeners", "dns"]\n'
        f'[[listener]]\naddress = "127.0.0.1:{tls_port}"\ntls = "starttls"\n'
        '[tls]\ncertificate = "certificate.pem"\nkey = "key.pem"\n',
    )
    issued("mail.example", days=10).write(service.directory)
    options = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{port}"]
    with (tmp_path / "log").open("w") as log:
        prometheus = subprocess.Popen(["prometheus", *options], cwd=tmp_path, stdout=log, stderr=log)
    try:
        service.start()
        write(service.queue, "INSERT INTO control (verb) VALUES ('freeze')")
        eventually(lambda: {"EmpathFrozen", "EmpathCertificateExpires"} <= _firing(port), "the alerts")
        assert "EmpathDown" not in _firing(port)
    finally:
        prometheus.kill()
        prometheus.wait(DEADLINE_S)
        service.clean_up()


def _firing(port):
    """The alerts that fire; none while Prometheus does not answer."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)) as connection:
        try:
            connection.request("GET", "/api/v1/alerts")
            alerts = json.loads(connection.getresponse().read())["data"]["alerts"]
        except (OSError, ValueError, http.client.HTTPException):
            return set()
    return {each["labels"]["alertname"] for each in alerts if each["state"] == "firing"}
