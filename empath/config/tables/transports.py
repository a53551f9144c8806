"""
transports - one entry of the tables [pipes] and [webhooks]: programs and HTTP endpoints that take mail
"""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from empath.config.fields import Command, ConfigPath, Octets, SecureUrl, Text, TransportName, Wait
from empath.config.reading import problem, setting
from empath.config.tables.table import Table

Per = Literal["recipient", "message"]
_LEAST_MEMORY_OCTETS = 16 * 1024 * 1024


class Pipe(Table):
    """A program that takes mail on its standard input, by the name that the route `pipe:NAME` has for it."""

    command: Command = Field(examples=[["/usr/lib/dovecot/deliver", "-f", "{sender}", "-d", "{recipient}"]])
    """The program, by its absolute path, and its arguments, as a list: no shell reads them. {recipient}, {local_part},
    {domain}, {sender} and {queue_id} are filled in. An argument with one of the first three is there once for each
    recipient."""

    per: Per = "recipient"
    """What one run is for: one "recipient", or a "message" with all its recipients of the destination."""

    user: Text | None = setting(None, example="vmail")
    """User whose rights the program has. Only processes that run as root can give it another than their own, and they
    run no program as root."""

    directory: ConfigPath | None = setting(None, example="/var/lib/vmail")
    """Working directory. The default is /."""

    timeout_s: Wait = setting("10m", "timeout")
    """Longest time of one run. Then the program and its group of processes are killed, and the mail is deferred."""

    memory_octets: Octets | None = setting(None, "memory", example="512MiB")
    """Most memory of each of its processes (RLIMIT_AS)."""

    output_octets: Octets = setting("64KiB", "output")
    """Most output of one run, of which the first line is recorded. A program that writes more is killed, and the mail
    is deferred."""

    return_path: bool = Field(False, strict=True)
    """Whether a field Return-Path with the sender comes first, as final delivery adds it."""

    delivered_to: bool = Field(False, strict=True)
    """Whether a field Delivered-To with the recipient comes first; a message that has one already is a loop, 5.4.6."""

    line_end: Literal["lf", "crlf"] = "lf"
    """How lines end on the program's input."""

    @field_validator("memory_octets")
    @classmethod
    def _memory_lets_a_program_start(cls, value: int | None) -> int | None:
        if value is not None and value < _LEAST_MEMORY_OCTETS:
            raise problem("must be at least 16MiB, or hardly any program starts")
        return value

    @model_validator(mode="after")
    def _delivered_to_names_one_recipient(self) -> "Pipe":
        if self.delivered_to and self.per == "message":
            raise problem('needs per = "recipient"', "delivered_to")
        return self


class Webhook(Table):
    """An HTTP endpoint that takes mail by POST, by the name that the route `webhook:NAME` has for it."""

    url: SecureUrl = Field(examples=["https://hooks.example.net/mail"])
    """Where the mail is sent: an https: URL, or an http: one of this host (127.0.0.1, [::1], localhost). The
    certificate is checked, and no redirection is followed."""

    format: Literal["json", "raw"] = "json"
    """What is sent. "json": an object with queue_id, sender, recipients, size and content, the message in base64.
    "raw": the message itself as message/rfc822, and the envelope in fields of the request."""

    per: Per = "message"
    """What one request is for: a "message" with all its recipients of the destination, or one "recipient"."""

    secret_file: ConfigPath | None = setting(None, example="/etc/empath/webhook-secret")
    """File with the key that signs each request (HMAC-SHA-256), in one line. The user of the processes must be able to
    read it."""

    ca_file: ConfigPath | None = setting(None, example="/etc/empath/webhook-ca.pem")
    """File with the authorities that may have signed the certificate. Not set: those of the system."""

    timeout_s: Wait = setting("60s", "timeout")
    """Longest time of one request. Then the mail is deferred."""


Webhooks = dict[TransportName, Webhook]
Pipes = dict[TransportName, Pipe]
