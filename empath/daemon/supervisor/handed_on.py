"""
handed_on - what reaches the supervisor in its environment, and stays with it

Children do not get these variables: only the supervisor speaks for the service, and only it was handed the descriptors.
"""

from typing import Final

START_FD: Final = "EMPATH_START_FD"
LOCK_FD: Final = "EMPATH_LOCK_FD"
NOTIFY_SOCKET: Final = "NOTIFY_SOCKET"
WATCHDOG_USEC: Final = "WATCHDOG_USEC"
WATCHDOG_PID: Final = "WATCHDOG_PID"

ENVIRONMENT: Final = (START_FD, LOCK_FD, NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID)
