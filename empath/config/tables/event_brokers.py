"""
event_brokers - tables of [events] for message brokers and buckets, each with an extra of its own
"""

from pathlib import Path
from typing import ClassVar

from pydantic import Field, field_validator, model_validator

from empath.config.fields import ConfigPath, NatsUrl, Text, Wait
from empath.config.reading import problem, setting
from empath.config.tables.event_choice import Choice

_TYPE = "{type}"
_MOST_OCTETS = 255  # of a routing key: AMQP 0.9.1, 4.2.5.3


class Broker(Choice):
    """What the tables of all brokers have in common."""

    is_base: ClassVar = True
    package: ClassVar[str]  # name by which its library is imported
    extra: ClassVar[str]  # of setup.py, which installs it

    user: Text | None = setting(None, example="empath")
    """Name by which Empath logs in. Not set: without a login, or as the broker has it for guests."""

    password_file: ConfigPath | None = setting(None, example="/etc/empath/broker-password")
    """File with the password in one line. The user of the processes must be able to read it."""

    ca_file: ConfigPath | None = setting(None, example="/etc/empath/broker-ca.pem")
    """File with the authorities that may have signed the certificate. Not set: those of the system."""

    timeout_s: Wait = setting("30s", "timeout")
    """Longest time of one request, with the connection that it may need."""

    @model_validator(mode="after")
    def _login_is_whole(self) -> "Broker":
        if (self.user is None) != (self.password_file is None):
            raise problem("user and password_file go together", "user" if self.user else "password_file")
        return self

    @property
    def files(self) -> dict[str, Path | None]:
        """Files that the processes must be able to read, by their keys."""
        return {"password_file": self.password_file, "ca_file": self.ca_file}


class EventNats(Broker):
    """A stream of NATS JetStream that takes events, one message for each. It needs the extra `nats`: `pip install
    empath-mta[nats]`."""

    package: ClassVar = "nats"
    extra: ClassVar = "nats"

    url: NatsUrl = Field(examples=["tls://nats.example.net:4222"])
    """The server: a tls: URL, or a nats: one of this host (127.0.0.1, [::1], localhost)."""

    subject: Text = setting("empath.{type}")
    """Subject of each message; `{type}` stands for the type of the event. A stream must take it."""

    @field_validator("subject")
    @classmethod
    def _is_a_subject(cls, value: str) -> str:
        tokens = value.replace(_TYPE, "type").split(".")
        if not all(tokens) or "*" in value or ">" in value:
            raise problem(f"not a subject that can be published to: {value!r} (use words with dots between)")
        return value
