"""samples - reports as hosts write them, in words of our own where theirs are long; for the tests of their reader"""

DSN = b"""\
From: Mail Delivery System <MAILER-DAEMON@mx.far.example>
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

This is a MIME message.
--b
Content-Type: text/plain

This is the mail system at host mx.far.example.
<ann@far.example>: unknown user
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.far.example
Arrival-Date: Mon, 30 Nov 2026 10:00:00 +0000

Final-Recipient: rfc822; ann@far.example
Original-Recipient: rfc822;ann@far.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <ann@far.example>: Recipient
 address rejected: User unknown

Final-Recipient: rfc822; bob@far.example
Action: delayed
Status: 4.4.1

Final-Recipient: rfc822; eve@far.example
Action: delivered
Status: 2.0.0

--b
Content-Type: message/rfc822

Return-Path: <news@own.example>
Received: from app (app [192.0.2.1])
 by mx.own.example (Empath) with ESMTPSA id 01M8PC4VJYQKTGRH502JS35RRZ
 for <ann@far.example>; Mon, 30 Nov 2026 09:59:59 +0000
Subject: news

text 550 5.7.1 not of the report
--b--
"""
ARF = b"""\
From: <fbl@provider.example>
Subject: FW: news
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an email abuse report.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Loop/1.0
Version: 1
Original-Mail-From: <news@own.example>
Original-Rcpt-To: <ann@far.example>
Reporting-MTA: dns; mx.provider.example

--b
Content-Type: text/rfc822-headers

Received: from app (app [192.0.2.1])
 by mx.own.example (Empath) with ESMTPSA id 01M8PC4VJYQKTGRH502JS35RRZ; Mon, 30 Nov 2026 09:59:59 +0000
Subject: news
--b--
"""
MICROSOFT = b"""\
From: staff@hotmail.example
Subject: complaint about message from 192.0.2.222
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: message/rfc822
Content-Disposition: inline

X-HmXmrOriginalRecipient: <ann@far.example>
X-Reporter-IP: 192.0.2.22
Received: from app (app [192.0.2.1])
 by mx.own.example (Empath) with ESMTPSA id 01M8PC4VJYQKTGRH502JS35RRZ; Mon, 30 Nov 2026 09:59:59 +0000
To: ann@far.example
Subject: news

text
--b--
"""


def _plain(text: str, header: str = "") -> bytes:
    return f"From: Mailer <mailer-daemon@far.example>\n{header}Subject: failure notice\n\n{text}".encode()


ODD: dict[
    str, tuple[bytes, str | None, list[tuple[str, str | None, str | None]]]
] = {  # text, the form that reads it, what it says of each recipient
    "qmail": (
        _plain(
            "Hi. This is the qmail-send program at far.example.\nI'm afraid I wasn't able to deliver it.\n\n"
            "<ann@far.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
            "<bob@far.example>:\n192.0.2.1 failed after I sent the message.\nRemote host said: 552 over quota\n\n"
            "--- Below this line is a copy of the message.\n\n<eve@far.example>:\n550 no\n"
        ),
        "qmail",
        [("failure", "ann@far.example", "550 5.1.1"), ("failure", "bob@far.example", "552 over quota")],
    ),
    "yahoo": (
        _plain(
            "Sorry, we were unable to deliver your message to the following address.\n\n<ann@far.example>:\n"
            "554: delivery error: dd Not a valid recipient - mta1\n\n--- Below this line is a copy of the message.\n"
        ),
        "yahoo",
        [("failure", "ann@far.example", "554 delivery error: dd Not a valid recipient - mta1")],
    ),
    "exim": (
        _plain(
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be"
            " delivered to one or more of its\nrecipients. This is a permanent error. The following address(es)"
            " failed:\n\n  ann@far.example\n    host mx.far.example [192.0.2.1]\n    SMTP error from remote mail server"
            " after RCPT TO:<ann@far.example>:\n    550 5.1.1 User unknown\n\n------ This is a copy of the message\n",
            "X-Failed-Recipients: ann@far.example\n",
        ),
        "exim",
        [("failure", "ann@far.example", "550 5.1.1 User unknown")],
    ),
    "exim, header only": (
        _plain(
            "A message that you sent could not be delivered: 550 nobody\n",
            "X-Failed-Recipients: ann@far.example,\n  bob@far.example\n",
        ),
        "exim",
        [("failure", "ann@far.example", "550 nobody"), ("failure", "bob@far.example", "550 nobody")],
    ),
    "exim, with words about a delay in the message": (
        _plain(
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be"
            " delivered:\n\n  ann@far.example\n    host mx.far.example: 550 5.1.1 User unknown\n\n------ This is a copy"
            " of the message ------\n\nSubject: news\n\nYour parcel has been delayed.\n"
        ),
        "exim",
        [("failure", "ann@far.example", "550 5.1.1 User unknown")],
    ),
    "exim of GMX": (
        _plain(
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be"
            ' delivered to one or more of\nits recipients. The following address\nfailed:\n\n"ann@far.example":\nSMTP'
            " error from remote server after RCPT command:\nhost: mx.far.example\n5.1.1 <ann@far.example>... User"
            " Unknown\n\n\n--- The header of the original message is following. ---\n\nX: 550 no\n"
        ),
        "exim",
        [("failure", "ann@far.example", "550 5.1.1 <ann@far.example>... User Unknown")],
    ),
    "exim, delay": (
        _plain(
            "This message was created automatically by mail delivery software.\nA message that you sent has not yet"
            " been delivered to one or more of its\nrecipients after more than 24 hours on the queue.\n\n"
            "  ann@far.example\n    host mx [192.0.2.1]: 451 4.7.1 later\n"
        ),
        "exim-delay",
        [("delay", "ann@far.example", "451 4.7.1 later")],
    ),
    "postfix": (
        _plain(
            "This is the Postfix program at host mx.far.example.\n\nI'm sorry.\n\n                    The Postfix"
            " program\n\n<ann@far.example> (expanded from <a@far.example>): host mx[192.0.2.1] said: 550 5.1.1 Unknown"
            " (in reply to RCPT TO command)\n"
        ),
        "postfix",
        [("failure", "ann@far.example", "550 5.1.1 Unknown (in reply to RCPT TO command")],
    ),
    "sendmail": (
        _plain(
            "The original message was received at Mon\n\n   ----- The following addresses had permanent fatal errors"
            " -----\n<ann@far.example>\n    (reason: 550 5.1.1 <ann@far.example>... User unknown)\n\n   -----"
            " Transcript of session follows -----\n... while talking to mx:\n"
        ),
        "sendmail",
        [("failure", "ann@far.example", "550 5.1.1 <ann@far.example>... User unknown")],
    ),
    "sendmail, delay": (
        _plain(
            "    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n\n"
            "   ----- The following addresses had transient non-fatal errors -----\n<ann@far.example>\n"
        ),
        "sendmail-delay",
        [("delay", "ann@far.example", "450 ")],
    ),
    "exchange 2003": (
        _plain(
            "Your message did not reach some or all of the intended recipients.\n\n    Subject:\tnews\n\nThe"
            " following recipient(s) could not be reached:\n\n      ann@far.example on 11/30/2026 10:00 AM\n"
            "            The e-mail account does not exist.\n            <mx.far.example #5.1.1>\n"
        ),
        "exchange-2003",
        [("failure", "ann@far.example", "550 5.1.1")],
    ),
    "exchange": (
        _plain(
            "Delivery has failed to these recipients or groups:\n\nAnn (ann@far.example)<mailto:ann@far.example>\nThe"
            " address couldn't be found.\n\nDiagnostic information for administrators:\n\nGenerating server:"
            " EX.far.example\n\nann@far.example\nRemote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound;"
            " not found'\n\nOriginal message headers:\n\nX: 451 4.0.0 no\n"
        ),
        "exchange",
        [("failure", "ann@far.example", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found")],
    ),
    "gmail": (
        _plain(
            "Delivery to the following recipient failed permanently:\n\n     ann@far.example\n\nTechnical details of"
            " permanent failure:\nThe error that the other server returned was:\n550 550 5.1.1 unknown user (state"
            " 14).\n\n----- Original message -----\n"
        ),
        "gmail",
        [("failure", "ann@far.example", "550 550 5.1.1 unknown user (state 14).")],
    ),
    "gmail since 2016": (
        _plain(
            "** Address not found **\n\nYour message wasn't delivered to ann@far.example because the address couldn't"
            " be found.\n\nThe response was:\n\n550 5.1.1 The email account does not exist.\n"
        ),
        "gmail-2016",
        [("failure", "ann@far.example", "550 5.1.1 The email account does not exist.")],
    ),
    "gmail, delay": (
        _plain("** Delivery incomplete **\n\nThere was a temporary problem delivering to ann@far.example today.\n"),
        "gmail-delay",
        [("delay", "ann@far.example", "450 today.")],
    ),
    "exim of 1&1": (
        _plain(
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be"
            " delivered to one or more of\nits recipients. The following addresses failed:\n\nann@far.example\n\nFor"
            " the following reason:\n\nMail size limit exceeded.\n\n--- The header of the original message is"
            " following. ---\n\nbob@far.example\n"
        ),
        "exim",
        [("failure", "ann@far.example", "550 Mail size limit exceeded.")],
    ),
    "zoho": (
        _plain(
            "This message was created automatically by mail delivery software.\n A message that you sent could not be"
            " delivered.\n\nann@far.example Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 <ann@far.example>..."
            " User Unknown\n\n\nReceived:from mail.zoho.example by mx.zoho.example\n"
        ),
        "zoho",
        [("failure", "ann@far.example", "550 5.1.1 <ann@far.example>... User Unknown")],
    ),
    "t-online": (
        _plain(
            "|------------------------- Failed addresses follow: ---------------------|\n <ann@far.example>\n"
            "   552 5.2.2 <ann@far.example> Quota exceeded (mailbox for user is full)\n bob@far.example ... unknown"
            " host\n\n|------------------------- Message header follows: ----------------------|\nSubject: 550 5.1.1\n",
            "X-Failed-Recipients: ann@far.example, bob@far.example\n",
        ),
        "t-online",
        [("failure", "ann@far.example", "552 5.2.2"), ("failure", "bob@far.example", "552 5.2.2")],
    ),
    "james": (
        _plain(
            "Hi. This is the James mail server at mx.far.example.\nI'm afraid I wasn't able to deliver your message to"
            " the following addresses.\n\nFailed recipient(s):\nann@far.example\n\nError message:\n\n550 5.1.1 Nobody\n"
        ),
        "james",
        [("failure", "ann@far.example", "550 5.1.1 Nobody")],
    ),
    "opensmtpd": (
        _plain(
            "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n    An error has occurred"
            " while attempting to deliver a message for\n    the following list of recipients:\n\nann@far.example: 550"
            " 5.2.2 Mailbox Full\n\n    Below is a copy of the original message:\n\nbob@far.example: 550 5.1.1\n"
        ),
        "opensmtpd",
        [("failure", "ann@far.example", "550 5.2.2 Mailbox Full")],
    ),
    "opensmtpd, delay": (
        _plain(
            "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n    A message is delayed"
            " for more than 4 hours for the following\n    list of recipients:\n\nann@far.example: 450 4.2.0 Later\n"
        ),
        "opensmtpd-delay",
        [("delay", "ann@far.example", "450 4.2.0 Later")],
    ),
    "dragonfly": (
        _plain(
            "This is the DragonFly Mail Agent v0.13 at own.example.\n\nThere was an error delivering your mail to"
            " <ann@far.example>.\n\nmx.far.example [192.0.2.1] did not like our final DATA:\n550-5.7.26 Not accepted"
            "\n\n550 5.7.26 gsmtp\n\nMessage headers follow.\n\nSubject: 550 5.1.1\n"
        ),
        "dragonfly",
        [("failure", "ann@far.example", "550 5.7.26 Not accepted")],
    ),
    "smartermail": (
        _plain(
            "Could not deliver message to the following recipient(s):\n\nFailed Recipient: ann@far.example\nReason:"
            " Remote host said: 550 5.1.1 The account does not exist\n\n   -- The header and top 20 lines of the"
            " message follows --\n\nFailed Recipient: bob@far.example\n"
        ),
        "smartermail",
        [("failure", "ann@far.example", "550 5.1.1 The account does not exist")],
    ),
    "amavis": (
        _plain("The message WAS NOT relayed to:\n<ann@far.example>:\n   554 5.7.0 Reject, id=1\n"),
        "amavis",
        [("failure", "ann@far.example", "554 5.7.0 Reject, id=1")],
    ),
    "interscan": (
        _plain("Sent <<< RCPT TO:<ann@far.example>\nReceived >>> 550 5.1.1 user unknown\n"),
        "interscan",
        [("failure", "ann@far.example", "550 5.1.1 user unknown")],
    ),
    "no form, and recipients in the header": (
        _plain("We say: 554 5.7.1 no.\n", "X-Failed-Recipients: ann@far.example\n"),
        None,
        [("failure", "ann@far.example", "554 5.7.1 no.")],
    ),
    "nothing but words": (_plain("It did not work.\n"), None, [("failure", None, None)]),
    "no reply, and numbers in the message": (
        _plain("It did not work.\n\n--- Original message follows.\n\nOnly 550 Euro\n"),
        None,
        [("failure", None, None)],
    ),
    "Exim, no reply, and numbers in the message": (
        _plain("A message that you sent could not be delivered.\n\n------ This is a copy of it\n\nOnly 452 Euro\n"),
        "exim",
        [("failure", None, "550 ")],
    ),
    "a reply without a form": (_plain("We say: 554 5.7.1 no.\n"), None, [("failure", None, "554 5.7.1 no.")]),
}
