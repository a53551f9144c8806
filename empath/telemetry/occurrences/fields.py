"""
fields - the fields that several occurrences share, each with its text for docs/logging.md

Text from a peer comes escaped (`Reply.escaped`) or is escaped by the renderer. Whole messages, headers and lists
without a bound are not fields.
"""

from typing import Annotated

AccountName = Annotated[str, "name of the account"]
Address = Annotated[str, "address and port"]
Attempt = Annotated[int, "number of the attempt for this recipient, from 1"]
Client = Annotated[str, "IP address of the client"]
ClientName = Annotated[str, "name that the client gave in HELO or EHLO, or its address in brackets"]
ClientPtr = Annotated[str | None, "verified name of the client in the DNS, where `client_names` is set and it has one"]
ConfigFile = Annotated[str, "configuration file"]
Destination = Annotated[str, "next hop or domain by which the queue groups recipients"]
DurationS = Annotated[float, "seconds that it took"]
ErrorText = Annotated[str, "what went wrong"]
ExitCode = Annotated[int, "exit code, see [exit-codes.md](exit-codes.md)"]
Generation = Annotated[int, "number of the slot's incarnation, from 1"]
HookName = Annotated[str, "name of the hook"]
LeaseId = Annotated[int, "row of the lease"]
MechanismName = Annotated[str, "mechanism of SASL, such as PLAIN"]
MilterName = Annotated[str, "address of the filter, as in [[milter]]"]
ModuleName = Annotated[str, "name of the module"]
Pid = Annotated[int, "process id"]
QueueId = Annotated[str, "queue id of the message"]
Recipient = Annotated[str, "address of the recipient"]
Recipients = Annotated[int, "number of recipients"]
ReplyText = Annotated[str, "SMTP reply, escaped"]
Sender = Annotated[str, "reverse path"]
Slot = Annotated[str, "process slot that the line is about"]
Stage = Annotated[str, "stage at which the attempt ended, as in the view `attempt`"]
Traceback = Annotated[str, "traceback"]
Who = Annotated[str, "who ordered it, as in the view `audit`"]
WalFile = Annotated[str, "path of the write-ahead log"]
