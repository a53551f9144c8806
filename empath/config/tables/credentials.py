"""credentials - one entry of the table [credentials]: how this host logs in to a host of a route"""

from pydantic import Field, field_validator

from empath.config.fields import ClientMechanism, ConfigPath, CredentialsHost, Text
from empath.config.reading import problem, setting
from empath.config.tables.table import Table
from empath.smtp.sasl.client import CLIENT_MECHANISMS


class Credentials(Table):
    """How this host logs in to a host that a route names, by the host's name or address as the route has it, or by that
    with the port: "relay.example.net", "relay.example.net:587". A login that the host refuses defers the mail."""

    username: Text = Field(examples=["mx.example.org"])
    """The name of the account."""

    password_file: ConfigPath = Field(examples=["/etc/empath/relay.secret"])
    """File with the password in one line. Only root need be able to read it. A changed file is read without a
    reload."""

    mechanisms: tuple[ClientMechanism, ...] = setting(list(map(str, CLIENT_MECHANISMS)))
    """Mechanisms that may be used. The host gets the strongest one that it offers: "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-256", "PLAIN", then "LOGIN"."""

    in_clear: bool = Field(False, strict=True)
    """Whether the login may go over a connection without TLS. It may always go to an address of this host's loopback
    interface."""

    @field_validator("mechanisms")
    @classmethod
    def _at_least_one(cls, value: tuple[ClientMechanism, ...]) -> tuple[ClientMechanism, ...]:
        if not value:  # each host would seem to offer none of them, and all mail for it would wait
            raise problem("needs at least one")
        return value


CredentialsByHost = dict[CredentialsHost, Credentials]
