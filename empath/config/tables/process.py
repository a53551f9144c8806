"""
process - the tables [process] and [log]: what the processes run as, and where they write their log
"""

from typing import Annotated, Literal

from pydantic import Field

from empath.config.fields import ConfigPath, Count, LogServer, Text
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

    format: Literal["json", "logfmt", "text"] = setting("logfmt")
    """How a line is written: "json", "logfmt" (key=value) or "text", which is for people at a terminal."""

    level: Literal["debug", "info", "warning", "error"] = setting("info")
    """Least severity that is written: "debug", "info", "warning" or "error"."""

    file: ConfigPath | None = setting(None, example="/var/log/empath/empath.log")
    """The file to append to. Not set: standard error, or empathd.log next to the queue database when detached; with
    `syslog`, no file."""

    syslog: LogServer | None = setting(None, example="unix:/dev/log")
    """A syslog server that gets every line, as RFC 5424 has it: "unix:" and a path, or "udp:" or "tcp:" and an IP
    address, with a port other than 514 or 601 if it has one."""

    syslog_facility: Literal[
        "mail", "user", "daemon", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"
    ] = setting("mail")
    """What the lines are for the server: "mail", "user", "daemon", or "local0" to "local7"."""
