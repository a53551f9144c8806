"""
queue - the tables [queue] and [retention]: where accepted mail is kept, and how long finished mail is remembered
"""

import re
from functools import cached_property
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator

from empath.config.fields import ConfigPath, Octets, Seconds, Standbys, Wait
from empath.config.reading import problem, setting
from empath.config.tables.table import Table

_SCHEMES: Final = ("postgresql", "postgres")
_PASSWORD: Final = re.compile(r"[?&]password=")


class Queue(Table):
    """Where accepted mail is kept until it is delivered."""

    path: ConfigPath = Field(examples=["/var/lib/empath/queue.db"])
    """The queue database, on a local file system. Large content is next to it, in the directory spool/. With `url` no
    database is there, but the lock of the instance, the sockets of its processes and spool/."""

    url: str | None = setting(None, example="postgresql://empath@db1.example/empath?sslmode=verify-full")
    """A database of PostgreSQL that keeps the queue in place of a file, as a URL of libpq. A password is not written
    here, but in a file that `passfile=` names. docs/POSTGRESQL.md says what does not work with it yet."""

    replicas: Standbys = setting(1)
    """Standby servers that must have a mail before its 250, where `url` is set. The service does not start where the
    server waits for fewer. With 0 the loss of the server's disk loses mail that was accepted."""

    inline_octets: Octets = setting("256KiB", "inline_size")
    """Content up to this size is kept in the database, larger content in spool/."""

    memory_octets: Octets = setting("32MiB", "memory_size")
    """How much of unfinished messages, content and recipients, one process holds in memory. Beyond it all further
    content goes to spool/, and a transaction has no more than 100 recipients: 452 4.3.1."""

    reserve_octets: Octets = setting("256MiB", "reserve")
    """
    Free space of the disk that is kept for recording deliveries. Below it, and below one and a half times
    `[receiving.limits] message_size`, new mail is refused with a 4yz reply.
    """

    wal_limit_octets: Octets = setting("1GiB", "wal_limit")
    """Size of the write-ahead log above which new mail is refused with a 4yz reply."""

    lock_timeout_s: Wait = setting("30s", "lock_timeout")
    """How long a received message waits while another program keeps the queue locked; then its client gets 451."""

    @cached_property
    def spool(self) -> Path:
        """The directory of large content, next to the database."""
        return self.path.with_name("spool")

    @field_validator("url")
    @classmethod
    def _url_names_a_database(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            password = parts.password
        except ValueError:
            raise problem("not a URL; it has the form postgresql://user@host/database") from None
        if parts.scheme not in _SCHEMES or not value.isprintable() or not value.startswith(f"{parts.scheme}://"):
            raise problem("must begin with postgresql://, such as postgresql://empath@db1.example/empath")
        if password is not None or _PASSWORD.search(value):
            raise problem("has a password; write it to a file of mode 0600 in the form of libpq, and add passfile=FILE")
        return value

    @field_validator("memory_octets")
    @classmethod
    def _memory_holds_one_message(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("inline_octets", 0):
            raise problem("is less than inline_size, so that content of that size would never be kept in memory")
        return value


class Retention(Table):
    """How long the queue database remembers final recipients, content and orders. "0s" forgets at once."""

    delivered_s: Seconds = setting("1d", "delivered")
    """Recipients that were delivered to."""

    final_s: Seconds = setting("7d", "final")
    """Recipients with another final status: bounced, expired, cancelled."""

    content_s: Seconds = setting("1d", "content")
    """Content of messages that bounced or were cancelled, so that they can be sent again."""

    audit_s: Seconds = setting("90d", "audit")
    """Rows of the audit; those about a recipient that is still in the database stay longer."""
