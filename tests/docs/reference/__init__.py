"""
reference - conf/empath.toml, a dashboard and parts of docs/, made from the source

`make reference` writes them; a test holds that they are up to date. Settings are read from the configuration, events
from the occurrences, metrics and spans from their catalogues, columns from the comments of the views, and both machines
of SMTP from their tables.
"""

from pathlib import Path

from tests.docs.reference import (
    dashboard,
    error_codes,
    errors,
    events,
    metrics,
    outbox,
    protocol,
    settings,
    tracing,
    views,
)
from tests.docs.reference.parts import renewed

_PARTS = {
    "docs/logging.md": events.parts,
    "docs/metrics.md": metrics.parts,
    "docs/sql.md": views.parts,
    "docs/errors.md": errors.parts,
    "docs/error-codes.md": error_codes.parts,
    "docs/events.md": outbox.parts,
    "docs/protocol.md": protocol.parts,
    "docs/tracing.md": tracing.parts,
}


def generated(root: Path) -> dict[str, str]:
    """The text of each file below *root* that is generated or has generated parts."""
    pages = {name: renewed((root / name).read_text(encoding="utf-8"), parts()) for name, parts in _PARTS.items()}
    files = {
        "conf/empath.toml": settings.toml_file(),
        "conf/monitoring/dashboard.json": dashboard.dashboard(),
        "docs/configuration.md": settings.page(),
        "sql/refusals.txt": errors.file(),
    }
    return files | pages
