"""What a module of one's own imports: the mark of hooks, replies, edits, and the class of a back end."""

from empath.mail.reply import Reply
from empath.modules.edits import (
    AddField,
    AddRecipient,
    Discard,
    Hold,
    Redirect,
    RemoveField,
    RemoveRecipient,
    ReplaceField,
    SetRoute,
)
from empath.modules.hooks import Context, Delivery, DeliveryResult, Message, hookimpl
from empath.policy.login.backend import Backend, BackendUnavailable, LoginPeer, Verdict
from empath.smtp.sasl.mechanisms import Mechanism

__all__ = [
    "AddField",
    "AddRecipient",
    "Backend",
    "BackendUnavailable",
    "Context",
    "Delivery",
    "DeliveryResult",
    "Discard",
    "Hold",
    "LoginPeer",
    "Mechanism",
    "Message",
    "Redirect",
    "RemoveField",
    "RemoveRecipient",
    "ReplaceField",
    "Reply",
    "SetRoute",
    "Verdict",
    "hookimpl",
]
