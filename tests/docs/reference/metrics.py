"""metrics - the tables of docs/metrics.md, from the catalogue"""

from empath.telemetry.metrics.catalogue import CATALOGUE, Metric


def parts() -> dict[str, str]:
    """The generated parts of the page, by the name of their marker."""
    return {"metrics": "\n\n".join(_table(group, metrics) for group, metrics in CATALOGUE.items())}


def _table(group: str, metrics: tuple[Metric, ...]) -> str:
    rows = "\n".join(_row(metric) for metric in metrics)
    return f"### {group}\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n{rows}"


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.text} |"
