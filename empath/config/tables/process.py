"""
process - the tables [process] and [log]: what the processes run as, and where they write their log
"""

from typing import Annotated, Literal

from pydantic import Field

from empath.config.fields import ConfigPath, Count, Text
from empath.config.reading import setting
from empath.config.tables.table import Table


class Process(Table):
    """The processes themselves."""

    user: Text | None = setting(None, example="empath")
    """The user that the processes become when they are started as root. Not set: they stay root."""

    acceptors: Annotated[Count, Field(le=64)] = setting(1)
    """Processes that receive mail. Several use more cores, which TLS needs most; they share the listeners, and keep to
    the limits of connections and the rates together."""

    spawn: Literal["fork", "exec"] = setting("fork")
    """How the supervisor starts the other processes. "fork": from a template process that has loaded every program, so
    that all share its memory and start within milliseconds. "exec": each loads its program for itself."""

    pid_file: ConfigPath = setting("empathd.pid", example="/run/empath/empathd.pid")
    """Where the supervisor writes its process id. Not set: empathd.pid next to the queue database."""


class Log(Table):
    """The log: one line for each acceptance, attempt and fate."""

    format: Literal["json", "logfmt"] = setting("logfmt")
    """How a line is written: "json" or "logfmt" (key=value)."""

    level: Literal["debug", "info", "warning", "error"] = setting("info")
    """Least severity that is written: "debug", "info", "warning" or "error"."""

    file: ConfigPath | None = setting(None, example="/var/log/empath/empath.log")
    """The file to append to. Not set: standard error, or empathd.log next to the queue database when detached."""
