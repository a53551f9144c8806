"""
soft_bounce - a refusal for good as one for now

While a configuration is new or changes, a mistake in it must cost no mail: nothing is refused or returned for good.
"""

from empath.mail.outcome import Outcome
from empath.mail.reply import EnhancedStatus, Reply


def softened(reply: Reply) -> Reply:
    """*reply* with a 4yz code in place of a 5yz one, and the same of its enhanced code."""
    if reply.code < 500:
        return reply
    enhanced = reply.enhanced
    if enhanced is not None:
        enhanced = EnhancedStatus(4, enhanced.subject, enhanced.detail)
    return Reply(reply.code - 100, enhanced, reply.text)


def soft_outcome(outcome: Outcome) -> Outcome:
    """A later attempt in place of a bounce. The end of the lifetime still ends the mail."""
    return Outcome.DEFERRED if outcome is Outcome.BOUNCED else outcome
