"""
auth - the table [auth]: how clients log in, and what they may send then
"""

from pydantic import Field, field_validator

from empath.config.fields import BackendName, ConfigPath, RateLimit, Text, Wait
from empath.config.reading import problem, setting
from empath.config.tables.table import Table
from empath.smtp.sasl.mechanisms import Mechanism


class Auth(Table):
    """How clients log in, on listeners whose `auth` is true, and what they may send then."""

    backends: tuple[BackendName, ...] = setting(["accounts"])
    """What proves who a client is, asked in this order until one knows the account: "accounts" for those of
    `empath-admin account`, "dovecot:/run/dovecot/auth-client" for those of a Dovecot, "oidc:https://…" for tokens, by
    the introspection endpoint of an OAuth 2.0 server (RFC 7662), "module:NAME" for a module of [modules]."""

    mechanisms: tuple[Mechanism, ...] = setting(["PLAIN", "LOGIN", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2"])
    """Mechanisms that are offered where a back end has what they need: "PLAIN" and "LOGIN" a password,
    "SCRAM-SHA-256" and "SCRAM-SHA-256-PLUS" the keys of "accounts", "OAUTHBEARER" and "XOAUTH2" a token. The one with
    PLUS binds by tls-server-end-point. Clients that choose it and know tls-exporter only, as libgsasl does, cannot log
    in where it is offered."""

    check_sender: bool = Field(True, strict=True)
    """Whether an account may send only as the addresses that it is allowed: those of its row in the view `account`, or
    else its own name, if that is an address. Another sender is 553 5.7.1."""

    check_from: bool = Field(False, strict=True)
    """Whether each address in the From field of its mail must be one of these, too. Another one is 550 5.7.1."""

    deadline_s: Wait = setting("10s", "deadline")
    """Wait for the back ends, in all. Then the client hears 454 4.7.0."""

    failures_per_client: RateLimit = setting("20/10m")
    """Failed logins of one client. Then it hears 454 4.7.0, whatever it tries. An IPv6 client is its network."""

    failures_per_account: RateLimit = setting("20/10m")
    """Failed logins to one account. Then only clients that have logged in to it before may try."""

    failure_delay_s: Wait = setting("1s", "failure_delay")
    """How long the reply to a failed login waits; twice as long each time in one session, up to eight times."""

    oidc_client: Text | None = setting(None, example="empath")
    """Name by which this server logs in to the introspection endpoint."""

    oidc_secret_file: ConfigPath | None = setting(None, example="/etc/empath/oidc-secret")
    """File with the password that goes with it, in one line. The user of the processes must be able to read it."""

    oidc_claim: Text = setting("username")
    """Member of the endpoint's answer that names the account, such as "username", "email" or "sub"."""

    @field_validator("mechanisms")
    @classmethod
    def _at_least_one(cls, value: tuple[Mechanism, ...]) -> tuple[Mechanism, ...]:
        if not value:
            raise problem("needs at least one")
        return value

    @field_validator("backends")
    @classmethod
    def _some_and_none_twice(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise problem("needs at least one")
        for index, name in enumerate(value):
            if name in value[:index]:
                raise problem(f"{name!r} is there twice", index)
        return value
