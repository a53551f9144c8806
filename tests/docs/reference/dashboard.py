"""dashboard - conf/monitoring/dashboard.json, a dashboard of Grafana with a row for each group of the catalogue"""

import json
from typing import Any, Final

from empath.telemetry.metrics.catalogue import CATALOGUE, Metric, MetricKind

_DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_WIDTH: Final = 8  # three panels of Grafana's 24 columns
_HEIGHT: Final = 7
_UNITS: Final = {"seconds": "s", "octets": "decbytes", "ratio": "percentunit"}
_INSTANCE: Final = 'instance=~"$instance"'

_RATE: Final = f"{{{_INSTANCE}}}[$__rate_interval]"

# What the first row answers: title, unit, and expressions with the words of their legends.
_FIRST: Final = (
    (
        *("Mail in and out, recipients a second", "short"),
        (
            (f"sum(rate(empath_smtp_recipients_total{_RATE}))", "in"),
            (f"sum(rate(empath_delivery_queue_seconds_count{_RATE}))", "out"),
        ),
    ),
    (
        *("Recipients that wait", "short"),
        (
            (
                f'sum by (status) (empath_queue_recipients{{{_INSTANCE},status=~"queued|leased|deferred|held"}})',
                "{{status}}",
            ),
        ),
    ),
    (
        *("Age of the oldest mail", "s"),
        ((f"max by (instance) (empath_queue_oldest_seconds{{{_INSTANCE}}})", "{{instance}}"),),
    ),
    (
        *("Ready, by component", "bool_yes_no"),
        ((f"min by (instance, component) (empath_health_ready{{{_INSTANCE}}})", "{{instance}} {{component}}"),),
    ),
    (
        *("Share of attempts that delivered, over an hour", "percentunit"),
        ((f'max by (instance) (empath_delivery_success_ratio{{{_INSTANCE},over="1h"}})', "{{instance}}"),),
    ),
    (
        *("Busiest destinations, attempts a second", "short"),
        ((f"topk(10, sum by (destination) (rate(empath_destination_attempts_total{_RATE})))", "{{destination}}"),),
    ),
)


def dashboard() -> str:
    """The file: what people look at first, then each metric of the catalogue."""
    panels: list[dict[str, Any]] = []
    _row(panels, "Mail", [_panel(title, unit, queries) for title, unit, queries in _FIRST])
    for group, metrics in CATALOGUE.items():
        _row(panels, group, [_of_metric(metric) for metric in metrics])
    for number, panel in enumerate(panels, 1):
        panel["id"] = number
    text = {
        "title": "Empath",
        "uid": "empath",
        "tags": ["mail"],
        "schemaVersion": 39,
        "version": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_DATASOURCES, _INSTANCES]},
        "panels": panels,
    }
    return json.dumps(text, indent=1) + "\n"


_DATASOURCES: Final = {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
_INSTANCES: Final = {
    "name": "instance",
    "type": "query",
    "label": "Instance",
    "datasource": _DATASOURCE,
    "query": {"query": "label_values(empath_scrapes_total, instance)", "refId": "instance"},
    "refresh": 2,
    "multi": True,
    "includeAll": True,
    "current": {"text": "All", "value": "$__all"},
}


def _row(panels: list[dict[str, Any]], title: str, own: list[dict[str, Any]]) -> None:
    """Add a row of *own* panels below those that are there."""
    top = max((each["gridPos"]["y"] + each["gridPos"]["h"] for each in panels), default=0)
    panels.append({"type": "row", "title": title, "collapsed": False, "gridPos": {"x": 0, "y": top, "w": 24, "h": 1}})
    for place, panel in enumerate(own):
        x, y = place % 3 * _WIDTH, top + 1 + place // 3 * _HEIGHT
        panels.append({**panel, "gridPos": {"x": x, "y": y, "w": _WIDTH, "h": _HEIGHT}})


def _of_metric(metric: Metric) -> dict[str, Any]:
    """Its values by its labels; of a counter what it grows by in a second, of a histogram the median and p99."""
    labels = ", ".join(("instance", *metric.labels))
    legend = " ".join(f"{{{{{label}}}}}" for label in ("instance", *metric.labels))
    unit = next((form for word, form in _UNITS.items() if word in metric.name), "short")
    series = f"{metric.name}{{{_INSTANCE}}}"
    if metric.name.endswith("_time_seconds"):
        return _panel(metric.text, "dateTimeFromNow", ((f"max by ({labels}) ({series}) * 1000", legend),))
    if metric.kind is MetricKind.COUNTER:
        return _panel(metric.text, unit, ((f"sum by ({labels}) (rate({series}[$__rate_interval]))", legend),))
    if metric.kind is MetricKind.GAUGE:
        return _panel(metric.text, unit, ((f"sum by ({labels}) ({series})", legend),))
    rate = f"sum by ({labels}, le) (rate({metric.name}_bucket{{{_INSTANCE}}}[$__rate_interval]))"
    quantiles = ((f"histogram_quantile({q}, {rate})", f"{legend} p{100 * q:g}") for q in (0.5, 0.99))
    return _panel(metric.text, unit, tuple(quantiles))


def _panel(title: str, unit: str, queries: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": title.replace("`", ""),
        "datasource": _DATASOURCE,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + place), "datasource": _DATASOURCE, "expr": expression, "legendFormat": legend}
            for place, (expression, legend) in enumerate(queries)
        ],
    }
