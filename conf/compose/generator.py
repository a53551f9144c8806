"""
generator - the users of the stack: a mail every few seconds, to domains where different things become of it

Each recipient is new, so that each is put off, refused or taken as if it were the first.
"""

import argparse
import itertools
import smtplib
import time
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import format_datetime, localtime

SENDER = "shop@empath.internal"
# The routes of empath.toml and the settings of world.toml say what becomes of mail for these. A third fails at first.
DOMAINS = (
    *("delivers.internal", "delivers.internal", "waits.internal"),
    *("delivers.internal", "delivers.internal", "bounces.internal"),
    *("delivers.internal", "delivers.internal", "closed.internal"),
)
TIMEOUT_S = 30.0


def mails(run: int) -> Iterator[EmailMessage]:
    """Mails without end; *run* tells those of this run from those of others."""
    for number, domain in enumerate(itertools.cycle(DOMAINS), 1):
        mail = EmailMessage()
        mail["From"] = f"Shop <{SENDER}>"
        mail["To"] = f"customer-{run:x}-{number}@{domain}"
        mail["Subject"] = f"Your order {number}"
        mail["Date"] = format_datetime(localtime())
        # Sizes differ, up to 60 KiB.
        mail.set_content("It is on its way.\n" + "One more line about it.\n" * (number * 37 % 2500))
        yield mail


def main() -> None:
    """Send until the end of the process. A server that does not take the mail gets the next one."""
    parser = argparse.ArgumentParser(description="Send a mail every few seconds.")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--every", type=float, default=3.0, metavar="SECONDS")
    wanted = parser.parse_args()
    for mail in mails(int(time.time())):
        try:
            with smtplib.SMTP(wanted.host, wanted.port, timeout=TIMEOUT_S) as client:
                client.send_message(mail)
        except (OSError, smtplib.SMTPException) as exc:
            print(f"not sent: {mail['To']}: {exc}")
        time.sleep(wanted.every)


if __name__ == "__main__":
    main()
