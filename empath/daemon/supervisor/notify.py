"""notify - tell a service manager of the sd_notify protocol how we are; without NOTIFY_SOCKET, nothing."""

import os
import socket


def notify(state: str) -> None:
    """Send `READY=1`, `STOPPING=1` … A manager that does not listen is no reason to fail."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to_manager:
            try:
                to_manager.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
            except OSError:
                pass
