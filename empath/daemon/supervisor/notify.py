"""
notify - tell a service manager how we are, by the sd_notify protocol; without NOTIFY_SOCKET, nothing

`Watchdog` is the manager's question whether the supervisor's loop still turns: with WATCHDOG_USEC set it expects a word
within that time, we give it in half of it.
"""

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ENVIRONMENT: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")  # ours alone: no child speaks for the service
_NEVER: Final = float("inf")
_WAIT_S: Final = 1.0


def ready(status: str) -> None:
    """
    Serving: after the start, and again after a reload, however it ended. *status* is one line for people.

    MAINPID is for a manager that has started `empathd start`, whose own process has ended by now.
    """
    notify(f"READY=1\nMAINPID={os.getpid()}\nSTATUS={status}")


def reloading() -> None:
    """A reload has begun; the manager compares the instant with its own clock (systemd 253, Type=notify-reload)."""
    notify(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}\nSTATUS=reloading")


def stopping() -> None:
    """The drain has begun."""
    notify("STOPPING=1\nSTATUS=draining")


def notify(state: str, wait_s: float = _WAIT_S) -> None:
    """
    Send *state*, lines of `KEY=value`. A manager that does not listen is no reason to fail, and one that does not read,
    so that its queue is full, none to stand still for more than *wait_s*.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to_manager:
            to_manager.settimeout(wait_s)
            try:
                to_manager.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
            except OSError:
                pass


@dataclass(slots=True)
class Watchdog:
    """Shape: every_s is how often the manager is told, infinite without a watchdog; due_at is monotonic seconds."""

    every_s: float
    due_at: float

    @classmethod
    def of(cls, environment: Mapping[str, str], now: float) -> "Watchdog":
        """What *environment* asks of this process. Text that is no number asks for nothing."""
        usec, pid = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", str(os.getpid()))
        if pid == str(os.getpid()) and usec.isascii() and usec.isdigit() and int(usec) > 0:
            return cls(int(usec) / 2e6, now)
        return cls(_NEVER, _NEVER)

    def tell(self, now: float) -> None:
        """Say that the loop turns, if it is time to."""
        if now >= self.due_at:
            notify("WATCHDOG=1", wait_s=0.0)  # another comes soon
            self.due_at = now + self.every_s
