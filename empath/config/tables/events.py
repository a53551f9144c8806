"""
events - the table [events]: how long events are kept, and who is told
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field, field_validator, model_validator

from empath.config.fields import ConfigPath, Count, ModuleName, Octets, SecureUrl, TransportName, Wait
from empath.config.reading import problem, setting
from empath.config.tables.event_brokers import Broker, EventAmqp, EventKafka, EventNats, EventOtlp, EventS3
from empath.config.tables.event_choice import Choice
from empath.config.tables.table import Table
from empath.policy.events.consumer import STREAM, ConsumerOfFile, types_text

_TABLES = ("webhooks", "files", "sinks", "amqp", "kafka", "nats", "s3", "otlp")  # of consumers, by their names


class EventWebhook(Choice):
    """An HTTP endpoint that is told of events by POST, as a JSON object with the list `events`."""

    url: SecureUrl = Field(examples=["https://hooks.example.net/mail-events"])
    """Where events are sent: an https: URL, or an http: one of this host (127.0.0.1, [::1], localhost). The certificate
    is checked, and no redirection is followed."""

    secret_file: ConfigPath | None = setting(None, example="/etc/empath/events-secret")
    """File with the key that signs each request (HMAC-SHA-256), in one line. The user of the processes must be able to
    read it."""

    ca_file: ConfigPath | None = setting(None, example="/etc/empath/events-ca.pem")
    """File with the authorities that may have signed the certificate. Not set: those of the system."""

    timeout_s: Wait = setting("10s", "timeout")
    """Longest time of one request."""

    retry_s: Wait = setting("5s", "retry")
    """Time until the next request after one that failed; it doubles with each further one."""

    retry_most_s: Wait = setting("10m", "retry_most")
    """Longest such time."""

    tries: Count = setting(10)
    """How often an event is sent that the endpoint refuses, and that others go past meanwhile."""

    give_up_s: Wait = setting("1d", "give_up")
    """How long such an event is sent. Then, or after the last of its tries, it is a dead letter."""

    @model_validator(mode="after")
    def _times_fit(self) -> "EventWebhook":
        if self.retry_most_s < self.retry_s:
            raise problem("is less than retry", "retry_most")
        return self


class EventFile(Choice):
    """A file that events are written to, a JSON object in each line."""

    path: ConfigPath = Field(examples=["/var/log/empath/events.jsonl"])
    """The file. The user of the processes must be able to write its directory."""

    size_octets: Octets = setting("100MiB", "size")
    """Size at which the file is renamed, to a name that ends in ".1", and a new one begins."""

    keep: Count = setting(9)
    """How many renamed files are kept."""


class EventModule(Choice):
    """A Python module of one's own that takes events, such as one for a message broker: see docs/events.md."""

    module: ModuleName = Field(examples=["my_package.my_broker"])
    """The name that `import` takes. Its function `event_sink` gets `settings`."""

    settings: dict[str, Any] = setting({})
    """Settings of the module itself."""

    timeout_s: Wait = setting("30s", "timeout")
    """Longest time of one call."""


class Events(Table):
    """What happened to mail, for programs that listen. Where no one does, no event is written."""

    stream: bool = Field(False, strict=True)
    """Whether clients of the HTTP API may follow the events, by `GET /api/v1/events`."""

    retention_s: Wait = setting("3d", "retention")
    """How long an event stays, whether or not it was sent."""

    rows: Count = setting(500_000)
    """Most events that are kept. The oldest ones go first, and a consumer that has not seen them hears of the gap."""

    webhooks: dict[TransportName, EventWebhook] = setting({})
    files: dict[TransportName, EventFile] = setting({})
    sinks: dict[TransportName, EventModule] = setting({})

    amqp: dict[TransportName, EventAmqp] = setting({})
    kafka: dict[TransportName, EventKafka] = setting({})
    nats: dict[TransportName, EventNats] = setting({})
    s3: dict[TransportName, EventS3] = setting({})
    otlp: dict[TransportName, EventOtlp] = setting({})

    @field_validator(*_TABLES)
    @classmethod
    def _stream_is_of_the_api(cls, value: dict[str, Choice]) -> dict[str, Choice]:
        if STREAM in value:
            raise problem("is the name of the stream of the API; choose another one", STREAM)
        return value

    @model_validator(mode="after")
    def _no_name_twice(self) -> "Events":
        tables: dict[str, str] = {}
        for kind, name, _ in self.each_consumer():
            if name in tables:
                raise problem(f"[events.{tables[name]}] has this name, too", kind, name)
            tables[name] = kind
        return self

    def each_consumer(self) -> Iterator[tuple[str, str, Choice]]:
        """Kind of the table, name and table of each consumer that the publisher sends to."""
        tables: dict[str, Mapping[str, Choice]] = {
            "webhooks": self.webhooks,
            "files": self.files,
            "sinks": self.sinks,
            "amqp": self.amqp,
            "kafka": self.kafka,
            "nats": self.nats,
            "s3": self.s3,
            "otlp": self.otlp,
        }
        for kind, by_name in tables.items():
            for name, table in by_name.items():
                yield kind, name, table

    def each_broker(self) -> Iterator[tuple[str, str, Broker]]:
        """The same, of brokers only."""
        for kind, name, table in self.each_consumer():
            if isinstance(table, Broker):
                yield kind, name, table

    @property
    def has_publisher(self) -> bool:
        """Whether a process is needed that sends events."""
        return any(True for _ in self.each_consumer())

    @property
    def consumers(self) -> tuple[ConsumerOfFile, ...]:
        """The consumers that these settings name."""
        return (
            *((ConsumerOfFile(STREAM, STREAM),) if self.stream else ()),
            *(
                ConsumerOfFile(name, "webhook" if kind == "webhooks" else "sink", types_text(table.types))
                for kind, name, table in self.each_consumer()
            ),
        )
