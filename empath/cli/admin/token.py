"""
token - the tokens of programs that use the HTTP API

The secret of a token is made here, and printed once: nothing that is kept leads back to it.
"""

import os
import re
import time
from base64 import urlsafe_b64encode
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import SPAN, ParsedType, json_option, wait_option, who
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.errors import SyntaxViolation
from empath.mail.words import count, instant
from empath.policy.api_token import PREFIX, SECRET_OCTETS, TokenRole, digest_of, parse_networks
from empath.storage.admin import api_tokens as storage
from empath.storage.admin.snapshot import carry_out

_COLUMNS: Final = (
    *(Column("TOKEN"), Column("ROLE"), Column("EXPIRES", 1), Column("LAST-USED", 2), Column("CLIENT", 3)),
    *(Column("CREATED", 4), Column("NETWORKS", 1, 18), Column("ACCOUNT", 2)),
)
_GRAMMAR: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _name(text: str) -> str:
    if not _GRAMMAR.fullmatch(text):
        raise SyntaxViolation(f"not a name of a token: {text!r} (up to 64 letters, digits, dots, hyphens, underscores)")
    return text


_NAME: Final = ParsedType("name", _name)
_NETWORK: Final = ParsedType("network", lambda text: " ".join(map(str, parse_networks(text))))


@click.group(short_help="See and change the tokens of programs, for the API.")
def token() -> None:
    """See and change the tokens of programs that use the HTTP API."""


@token.command("add")
@config_option()
@click.argument("name", type=_NAME)
@click.option(
    "--role",
    type=click.Choice([*TokenRole], case_sensitive=False),
    required=True,
    help="read: look. operate: also order. inject: only send mail. admin: all.",
)
@click.option(
    "--network",
    "networks",
    type=_NETWORK,
    multiple=True,
    metavar="NET",
    help="Clients that may use it. May be given more than once. Default: all that may connect.",
)
@click.option("--for", "for_s", type=SPAN, metavar="DURATION", help="For how long, such as 90d; without it for good.")
@click.option("--account", metavar="NAME", help="Account whose senders and rates its mail has. Default: any sender.")
@wait_option
@click.pass_context
def add(
    context: click.Context,
    *,
    name: str,
    role: str,
    networks: tuple[str, ...],
    for_s: float | None,
    account: str | None,
    wait_s: float,
) -> None:
    """
    Add the token NAME, and print its secret.

    The secret is shown only now. Nobody can find it later: lost ones are revoked, and others take their place.
    """
    secret = PREFIX + urlsafe_b64encode(os.urandom(SECRET_OCTETS)).rstrip(b"=").decode()
    now = time.time()
    change = storage.AddToken(
        name,
        TokenRole(role),
        networks=" ".join(networks),
        digest=digest_of(secret),
        expires_at=None if for_s is None else now + for_s,
        who=who(),
        now=now,
        account=account,
    )
    carry_out(open_queue(lenient_configuration(context)), change, deadline_s=wait_s)
    click.echo(secret)
    say(NAME, f"added {name} with the role {role}; the secret above is not shown again")


@token.command("list")
@config_option()
@json_option("One JSON object for each token, a line each.")
@click.pass_context
def list_(context: click.Context, is_json: bool) -> None:
    """List the tokens, without their secrets."""
    found = storage.all_tokens(open_queue(lenient_configuration(context)))
    if is_json:
        for each in found:
            output.write_json(each)
        return
    if found:
        rows = [
            (each.name, each.role, _end(each.expires_at), instant(each.last_used_at), each.last_client,
             instant(each.created_at), each.networks or "any", each.account or "")
            for each in found
        ]  # fmt: skip
        output.write_table(_COLUMNS, rows)
    say(NAME, count(len(found), "token"))


@token.command("revoke")
@config_option()
@click.argument("name", type=_NAME)
@wait_option
@click.pass_context
def revoke(context: click.Context, name: str, wait_s: float) -> None:
    """Revoke the token NAME. It is of no use at once."""
    carry_out(open_queue(lenient_configuration(context)), storage.RevokeToken(name, who=who()), deadline_s=wait_s)
    click.echo(f"revoked {name}")


def _end(expires_at: float | None) -> str:
    if expires_at is None:
        return "never"
    return instant(expires_at) + (" (over)" if expires_at <= time.time() else "")


VERBS: Final = (token,)
