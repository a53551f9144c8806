"""
events - the table [events]: how long events are kept, and who is told
"""

from typing import Any, ClassVar

from pydantic import Field, ValidationInfo, field_validator, model_validator

from empath.config.fields import (
    ConfigPath,
    Count,
    EventParty,
    EventType,
    ModuleName,
    Octets,
    SecureUrl,
    Text,
    TransportName,
    Wait,
)
from empath.config.reading import problem, setting
from empath.config.tables.redaction_way import RedactionWay
from empath.config.tables.table import Table
from empath.policy.events.consumer import STREAM, ConsumerOfFile, types_text
from empath.policy.events.filter import EventFilter
from empath.policy.redaction import Redaction, Way

_MOST_AT_ONCE = 1_000


class Choice(Table):
    """Which events are sent: the keys that the tables of consumers have in common."""

    is_base: ClassVar = True  # its keys are among those of each table of its own, in docs/configuration.md, too

    types: tuple[EventType, ...] = setting([])
    """Types of events, such as "bounced"; see docs/events.md. Empty: all but "audited"."""

    senders: tuple[EventParty, ...] = setting([])
    """Addresses or domains of senders. Empty: all."""

    recipients: tuple[EventParty, ...] = setting([])
    """Addresses or domains of recipients. Empty: all."""

    accounts: tuple[Text, ...] = setting([])
    """Accounts by which clients logged in. Empty: all mail."""

    batch: Count = setting(100)
    """Most events that are sent at once."""

    addresses: RedactionWay = setting("keep")
    """What becomes of addresses, also in replies: "keep", "mask" (`j…@example.org`), "hmac" (digits that are the same
    for the same address, by a key in the queue, and the domain), or "drop"."""

    subjects: RedactionWay = setting("keep")
    """What becomes of Subject fields, as for `addresses`; "mask" keeps the first letter."""

    clients: RedactionWay = setting("keep")
    """What becomes of IP addresses and names of clients, as for `addresses`; "mask" keeps the network."""

    @field_validator("batch")
    @classmethod
    def _batch_fits_into_memory(cls, value: int) -> int:
        if value > _MOST_AT_ONCE:
            raise problem(f"must be at most {_MOST_AT_ONCE}, not {value}")
        return value

    @property
    def filter(self) -> EventFilter:
        """The filter that these settings make."""
        return EventFilter.of(self.types, self.senders, self.recipients, self.accounts)

    def redaction(self, key: bytes) -> Redaction:
        """What is left out of the events, with pseudonyms by *key*."""
        return Redaction(Way(self.addresses), Way(self.subjects), Way(self.clients), key)


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

    @field_validator("webhooks", "files", "sinks")
    @classmethod
    def _stream_is_of_the_api(cls, value: dict[str, Choice]) -> dict[str, Choice]:
        if STREAM in value:
            raise problem("is the name of the stream of the API; choose another one", STREAM)
        return value

    @field_validator("files", "sinks")
    @classmethod
    def _no_name_twice(cls, value: dict[str, Choice], info: ValidationInfo) -> dict[str, Choice]:
        for other in ("webhooks", "files"):
            for name in value.keys() & info.data.get(other, {}).keys():
                raise problem(f"[events.{other}] has this name, too", name)
        return value

    @property
    def has_publisher(self) -> bool:
        """Whether a process is needed that sends events."""
        return bool(self.webhooks or self.files or self.sinks)

    @property
    def consumers(self) -> tuple[ConsumerOfFile, ...]:
        """The consumers that these settings name."""
        return (
            *((ConsumerOfFile(STREAM, STREAM),) if self.stream else ()),
            *(ConsumerOfFile(name, "webhook", types_text(each.types)) for name, each in self.webhooks.items()),
            *(ConsumerOfFile(name, "sink", types_text(each.types)) for name, each in self.files.items()),
            *(ConsumerOfFile(name, "sink", types_text(each.types)) for name, each in self.sinks.items()),
        )
