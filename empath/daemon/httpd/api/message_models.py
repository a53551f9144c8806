"""message_models - the bodies by which programs send mail"""

from typing import Annotated, Any

from pydantic import BaseModel, Field, StrictFloat, StrictInt, StrictStr

from empath.daemon.httpd.api.models import Body
from empath.message.placeholders import NAME

MOST_RECIPIENTS = 1000
Variables = dict[Annotated[str, Field(pattern=f"^{NAME}$")], StrictStr | StrictInt | StrictFloat]


class MailboxBody(Body):
    """An address with a name."""

    address: str = Field(description="the address", max_length=1000)
    name: str = Field("", description="the name that people see", max_length=500)


Mailbox = Annotated[str, Field(max_length=1500, description="`a@example.org` or `Name <a@example.org>`")] | MailboxBody


class AttachmentBody(Body):
    """A file."""

    content: str = Field(description="the file in base64")
    content_type: str = Field("application/octet-stream", max_length=300)
    filename: str | None = Field(None, max_length=255)
    cid: str | None = Field(None, max_length=200, description="the HTML shows it as `cid:` and this")


class RecipientBody(Body):
    """A recipient that gets a message of its own."""

    to: Mailbox
    variables: Variables = Field({}, max_length=200, description="values for `{{name}}`")
    metadata: dict[str, Any] | None = Field(None, description="in place of that of the request")


class MessageRequest(Body):
    """Mail to send: by its parts, or as it is in `raw`."""

    from_: Mailbox | None = Field(None, alias="from", description="the author; needed without `raw`")
    sender: str | None = Field(
        None, max_length=1000, description="the reverse-path, to which reports go; empty for none; else that of `from`"
    )
    to: list[Mailbox] = Field([], max_length=MOST_RECIPIENTS, description="recipients that share one message")
    cc: list[Mailbox] = Field([], max_length=MOST_RECIPIENTS)
    bcc: list[Mailbox] = Field([], max_length=MOST_RECIPIENTS, description="recipients that no header names")
    recipients: list[RecipientBody] = Field(
        [], max_length=MOST_RECIPIENTS, description="recipients of whom each gets a message of its own"
    )
    reply_to: list[Mailbox] = Field([], max_length=100)
    subject: str | None = Field(None, max_length=10_000)
    text: str | None = None
    html: str | None = None
    headers: dict[str, str] = Field({}, max_length=100, description="further fields of the header")
    attachments: list[AttachmentBody] = Field([], max_length=100)
    variables: Variables | None = Field(
        None, max_length=200, description="values for `{{name}}` that recipients do not give themselves"
    )
    raw: str | None = Field(None, description="the whole message, in place of its parts")
    raw_base64: str | None = Field(None, description="the same in base64")
    send_at: str | StrictInt | StrictFloat | None = Field(
        None, description="instant of the first attempt: `2026-12-24T08:00:00Z` or Unix seconds"
    )
    priority: int | None = Field(None, strict=True, ge=-9, le=9, description="as MT-PRIORITY of RFC 6710")
    metadata: dict[str, Any] = Field({}, description="kept with the message; modules and `GET /messages/{id}` have it")
    all_or_none: bool = Field(False, strict=True, description="queue nothing if one recipient is refused")


class RecipientResult(BaseModel):
    """What became of one recipient: it has an id, or a refusal."""

    recipient: str
    id: str | None
    refusal: str | None


class InjectionAnswer(BaseModel):
    """What became of the recipients, in their order."""

    queued: int
    refused: int
    results: list[RecipientResult]
