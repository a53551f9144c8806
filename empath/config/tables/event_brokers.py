"""
event_brokers - tables of [events] for message brokers and buckets, each with an extra of its own
"""

from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from empath.config.fields import (
    AmqpUrl,
    AttributeKey,
    BrokerServer,
    ConfigPath,
    Exchange,
    KafkaMechanism,
    NatsUrl,
    SecureUrl,
    Text,
    Wait,
)
from empath.config.reading import problem, setting
from empath.config.tables.event_choice import Choice
from empath.mail.url import is_here

_LOGS_PATH = "/v1/logs"
_TYPE = "{type}"
_MOST_OCTETS = 255  # of a routing key: AMQP 0.9.1, 4.2.5.3
_MOST_TYPE = 15  # octets of a type of event


class Broker(Choice):
    """What the tables of all brokers and buckets have in common."""

    is_base: ClassVar = True
    package: ClassVar[str]  # name by which its library is imported
    extra: ClassVar[str]  # of setup.py, which installs it

    ca_file: ConfigPath | None = setting(None, example="/etc/empath/broker-ca.pem")
    """File with the authorities that may have signed the certificate. Not set: those of the system."""

    timeout_s: Wait = setting("30s", "timeout")
    """Longest time of one request, with the connection that it may need."""

    @property
    def files(self) -> dict[str, Path | None]:
        """Files that the processes must be able to read, by their keys."""
        return {"ca_file": self.ca_file}


class LoginBroker(Broker):
    """A broker that Empath logs in to by a name and a password."""

    is_base: ClassVar = True

    user: Text | None = setting(None, example="empath")
    """Name by which Empath logs in. Not set: without a login, or as the broker has it for guests."""

    password_file: ConfigPath | None = setting(None, example="/etc/empath/broker-password")
    """File with the password in one line. The user of the processes must be able to read it."""

    @model_validator(mode="after")
    def _login_is_whole(self) -> "LoginBroker":
        if (self.user is None) != (self.password_file is None):
            raise problem("user and password_file go together", "user" if self.user else "password_file")
        return self

    @property
    def files(self) -> dict[str, Path | None]:
        """Files that the processes must be able to read, by their keys."""
        return {**super().files, "password_file": self.password_file}


class EventNats(LoginBroker):
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


class EventAmqp(LoginBroker):
    """An exchange of an AMQP 0.9.1 broker, such as RabbitMQ, that takes events, one message for each. It needs the
    extra `amqp`: `pip install empath-mta[amqp]`."""

    package: ClassVar = "amqp"
    extra: ClassVar = "amqp"

    url: AmqpUrl = Field(examples=["amqps://mq.example.net/mail"])
    """The broker: an amqps: URL, or an amqp: one of this host (127.0.0.1, [::1], localhost). Its path is the virtual
    host."""

    exchange: Exchange = Field("", strict=True)
    """Exchange that messages are published to. Empty: that of the broker, which takes the name of a queue as routing
    key."""

    routing_key: Text = setting("empath.{type}")
    """Routing key of each message; `{type}` stands for the type of the event. A queue must take it."""

    @field_validator("routing_key")
    @classmethod
    def _fits(cls, value: str) -> str:
        if len(value) > _MOST_OCTETS - _MOST_TYPE:
            raise problem(f"has at most {_MOST_OCTETS - _MOST_TYPE} octets")
        return value


class EventKafka(LoginBroker):
    """A topic of Kafka that takes events, one message for each. It needs the extra `kafka`: `pip install
    empath-mta[kafka]`."""

    package: ClassVar = "confluent_kafka"
    extra: ClassVar = "kafka"

    servers: tuple[BrokerServer, ...] = Field(examples=[["kafka.example.net:9093"]])
    """Some servers of the cluster, with their ports."""

    topic: Text = Field(examples=["mail-events"])
    """The topic."""

    tls: bool = Field(True, strict=True)
    """Whether connections use TLS. Without it the servers must be on this host (127.0.0.1, [::1], localhost)."""

    mechanism: KafkaMechanism = setting("SCRAM-SHA-512")
    """How Empath logs in, if there is a `user`: "SCRAM-SHA-512", "SCRAM-SHA-256" or "PLAIN"."""

    @field_validator("servers")
    @classmethod
    def _names_one(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise problem("names no server")
        return value

    @model_validator(mode="after")
    def _events_stay_private(self) -> "EventKafka":
        for server in self.servers if not self.tls else ():
            if not is_here(urlsplit(f"//{server}").hostname):
                raise problem(f"events would go to {server} in the clear", "tls")
        return self


class EventS3(Broker):
    """A bucket of S3, or of a service that speaks the same, that takes events: an object for each request, with a JSON
    object in each line. It needs the extra `s3`: `pip install empath-mta[s3]`."""

    package: ClassVar = "botocore"
    extra: ClassVar = "s3"

    url: SecureUrl = Field(examples=["https://s3.eu-central-1.amazonaws.com"])
    """The service: an https: URL, or an http: one of this host (127.0.0.1, [::1], localhost)."""

    bucket: Text = Field(examples=["mail-events"])
    """The bucket."""

    prefix: Text = setting("events/")
    """What the names of all objects begin with."""

    region: Text = setting("us-east-1")
    """Region that requests are signed for."""

    access_key: Text | None = setting(None, example="AKIAIOSFODNN7EXAMPLE")
    """Name of the key that signs requests. Not set: a key from where the library finds one, such as the role of the
    machine."""

    secret_file: ConfigPath | None = setting(None, example="/etc/empath/s3-secret")
    """File with the secret of that key in one line. The user of the processes must be able to read it."""

    every_s: Wait = setting("1m", "every")
    """How long events are gathered for one object, unless there are `batch` of them before."""

    @model_validator(mode="after")
    def _key_is_whole(self) -> "EventS3":
        if (self.access_key is None) != (self.secret_file is None):
            raise problem("access_key and secret_file go together", "access_key" if self.access_key else "secret_file")
        return self

    @property
    def files(self) -> dict[str, Path | None]:
        """See Broker."""
        return {**super().files, "secret_file": self.secret_file}


class EventOtlp(Broker):
    """A collector of OpenTelemetry that takes events as records of a log, by OTLP over HTTP (Protocol Buffers). It
    needs the extra `otlp`: `pip install empath-mta[otlp]`."""

    package: ClassVar = "opentelemetry.proto.collector.logs.v1"
    extra: ClassVar = "otlp"

    url: SecureUrl = Field(examples=["https://otel.example.net:4318"])
    """The collector: an https: URL, or an http: one of this host (127.0.0.1, [::1], localhost). A URL without a path
    gets /v1/logs."""

    headers_file: ConfigPath | None = setting(None, example="/etc/empath/otlp.headers")
    """File with header fields of each request, one a line, such as "Authorization: Bearer …". The user of the processes
    must be able to read it."""

    resource: dict[AttributeKey, Text] = setting({})
    """Attributes of all that is sent, such as "deployment.environment.name" = "production". `service.name` is "empath"
    unless it is here."""

    @property
    def logs_url(self) -> str:
        """Where requests go."""
        parts = urlsplit(self.url)
        return self.url if parts.path.strip("/") else parts._replace(path=_LOGS_PATH).geturl()

    @property
    def files(self) -> dict[str, Path | None]:
        """See Broker."""
        return {**super().files, "headers_file": self.headers_file}
