"""
webhook - tell a service of each message that came in

    [modules]
    "webhook" = { url = "https://crm.example.net/mail", deadline = "5s", on_failure = "pass" }

The service gets a POST with a JSON object, before the client hears `250`: a slow service makes clients wait, up to the
deadline.  What must not be missed belongs into an endpoint of docs/events.md, which is asked again until it answers;
a route `webhook:` hands over the message itself.
"""

import json
from urllib.request import Request, urlopen

from pydantic import BaseModel, ConfigDict, HttpUrl

from empath.modules import Context, Message, hookimpl


class Settings(BaseModel):
    """What the table of this module may have."""

    model_config = ConfigDict(extra="forbid")

    url: HttpUrl
    timeout: float = 3.0


@hookimpl
def accepted(context: Context, settings: Settings, message: Message) -> None:
    """The message is in the queue."""
    said = {
        "id": message.queue_id,
        "sender": context.sender,
        "recipients": context.recipients,
        "subject": " ".join(message.values("Subject")),
        "size": message.size,
    }
    request = Request(str(settings.url), json.dumps(said).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=settings.timeout) as reply:
        reply.read(1024)
