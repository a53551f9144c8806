"""
dedup - the table [dedup]: when a message that comes again is the same one
"""

from empath.config.fields import Seconds
from empath.config.reading import setting
from empath.config.tables.table import Table


class Dedup(Table):
    """
    What is the same message: a client that has lost the reply to the final dot sends it again. The repetition gets 250
    with the id of the first one, once. See `deduplicate` of a listener.
    """

    window_s: Seconds = setting("0s", "window")
    """Time within which a message with the same envelope, content and account is the same; "0s" for never."""
