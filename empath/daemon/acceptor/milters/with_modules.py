"""
with_modules - a receiving session that asks filters and modules

Each class asks after the one below it has accepted.  The table of answers has the methods of the modules where both
have one; these call those of the filters.
"""

from empath.daemon.acceptor.milters.session import MilterSession
from empath.daemon.acceptor.modules.session import ModuleSession


class MilterModuleSession(ModuleSession, MilterSession):
    """One client's connection, with filters and modules."""


MilterModuleSession.answers = {**MilterSession.answers, **ModuleSession.overridden}
