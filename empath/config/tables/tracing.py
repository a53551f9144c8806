"""
tracing - the table [tracing]: traces of mail for a collector of OpenTelemetry
"""

from urllib.parse import urlsplit

from pydantic import Field

from empath.config.fields import AttributeKey, ConfigPath, HttpUrl, Seconds, Share, Text
from empath.config.reading import setting
from empath.config.tables.table import Table
from empath.policy.tracing.sampling import Sampling

_PATH = "/v1/traces"


class Tracing(Table):
    """Traces of mail, sent to a collector of OpenTelemetry; see docs/tracing.md. They need the extra `otlp`:
    `pip install empath-mta[otlp]`."""

    endpoint: HttpUrl | None = setting(None, example="http://127.0.0.1:4318")
    """Where a collector takes OTLP by HTTP (Protocol Buffers). A URL without a path gets /v1/traces. Not set: nothing
    is traced."""

    ratio: Share = setting(0.01)
    """Share of the messages that are traced, from 0 (none) to 1 (all). Which ones depends on the queue id alone."""

    keeps_failures: bool = Field(True, alias="failures", strict=True)
    """Whether a message outside `ratio` is traced as well from the attempt on that failed, or where this host puts it
    off."""

    slow_s: Seconds = setting("30s", "slow")
    """Whether the same holds of a reception or an attempt that takes this long. "0s": slow ones do not count."""

    headers_file: ConfigPath | None = setting(None, example="/etc/empath/tracing.headers")
    """File with header fields of each request, one a line, such as "Authorization: Bearer …". The user of the processes
    must be able to read it."""

    ca_file: ConfigPath | None = setting(None, example="/etc/empath/tracing-ca.pem")
    """File with the authorities that may have signed the certificate of the collector. Not set: those of the system."""

    resource: dict[AttributeKey, Text] = setting({})
    """Attributes of all that is sent, such as "deployment.environment.name" = "production". `service.name` is "empath"
    unless it is here."""

    @property
    def is_on(self) -> bool:
        """Whether there is a collector."""
        return self.endpoint is not None

    @property
    def url(self) -> str:
        """Where requests go; empty if nothing is traced."""
        if self.endpoint is None:
            return ""
        parts = urlsplit(self.endpoint)
        return self.endpoint if parts.path.strip("/") else parts._replace(path=_PATH).geturl()

    @property
    def sampling(self) -> Sampling:
        """Which messages are traced."""
        return Sampling(self.ratio, self.keeps_failures, self.slow_s)
