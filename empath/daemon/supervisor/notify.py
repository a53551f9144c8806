"""
notify - report the state of the service to a service manager, by the sd_notify protocol

Without NOTIFY_SOCKET nothing is sent. With WATCHDOG_USEC the manager expects a message within that time, which shows
that the supervisor's loop still runs; `Watchdog` sends one in half of it.
"""

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from empath.daemon.supervisor import handed_on

_NEVER: Final = float("inf")
_WAIT_S: Final = 1.0


def ready(status: str) -> None:
    """
    The service is ready: after the start, and after each reload, successful or not. *status* is a line for people.

    A manager that ran `empathd start` needs MAINPID, because that process has ended by now.
    """
    notify(f"READY=1\nMAINPID={os.getpid()}\nSTATUS={status}")


def status(line: str) -> None:
    """*line* is how the service is now, for people. It never waits: the next change has its own line."""
    notify(f"STATUS={line}", wait_s=0.0)


def reloading() -> None:
    """A reload has begun. The manager compares the instant with its own clock (systemd 253, Type=notify-reload)."""
    notify(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}\nSTATUS=reloading")


def stopping() -> None:
    """The drain has begun."""
    notify("STOPPING=1\nSTATUS=draining")


def notify(state: str, wait_s: float = _WAIT_S) -> None:
    """
    Send *state*, lines of `KEY=value`. A manager that does not listen is ignored. One that does not read, so that its
    queue is full, delays the supervisor by *wait_s* at most.
    """
    address = os.environ.get(handed_on.NOTIFY_SOCKET)
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to_manager:
            to_manager.settimeout(wait_s)
            try:
                to_manager.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
            except OSError:
                pass


@dataclass(slots=True)
class Watchdog:
    """Shape: every_s is the pause between two messages, infinite without a watchdog; due_at is monotonic seconds."""

    every_s: float
    due_at: float

    @classmethod
    def of(cls, environment: Mapping[str, str], now: float) -> "Watchdog":
        """The watchdog that *environment* asks of this process. Text that is not a number asks for none."""
        usec, pid = (
            environment.get(handed_on.WATCHDOG_USEC, ""),
            environment.get(handed_on.WATCHDOG_PID, str(os.getpid())),
        )
        if pid == str(os.getpid()) and usec.isascii() and usec.isdigit() and int(usec) > 0:
            return cls(int(usec) / 2e6, now)
        return cls(_NEVER, _NEVER)

    def notify(self, now: float) -> None:
        """Send a message if one is due."""
        if now >= self.due_at:
            notify("WATCHDOG=1", wait_s=0.0)  # a lost message does no harm, the next comes soon
            self.due_at = now + self.every_s
