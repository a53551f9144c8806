"""
patching - what every child does first: gevent replaces the blocking parts of the standard library

A name that is bound before the patches stays blocking.  So this module imports nothing else of Empath.
"""

import gc
from importlib import metadata

from gevent import monkey


def patch_all() -> None:
    """
    Apply gevent's patches, and collect no garbage until `Runtime.ready`: imports make none.

    gevent looks for plugins before and after each patch, and reads the metadata of all installed packages some
    twenty times for that. Empath has no such plugin; without the search a child is ready 50 ms earlier.
    """
    gc.disable()
    entry_points = metadata.entry_points
    metadata.entry_points = lambda **_: ()  # type: ignore[assignment]
    try:
        monkey.patch_all()
    finally:
        metadata.entry_points = entry_points
