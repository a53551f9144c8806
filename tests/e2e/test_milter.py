"""A service with a filter: from the file over all ways in to the mailbox, the log and the metrics."""

import subprocess
import sys
import urllib.request

from empath.smtp.milter.packets import Packet
from tests.kit.milter import CONTINUE, FilterInThread
from tests.kit.process import Empathd, free_port
from tests.kit.waiting import eventually

SETTINGS = """
[pickup]
directory = "drop"
[http]
address = "127.0.0.1:{http}"
[[listener]]
address = "127.0.0.1:{other}"
role = "mx"
[[milter]]
address = "{address}"
listeners = ["internal", "pickup"]
deadline = "20s"
"""


def test_a_filter_sees_the_mail_of_its_listeners_and_of_local_programs(tmp_path):
    """
    Its field arrives with the mail.
    """
    adds = [Packet(b"h", b"X-Filter\0yes\0"), CONTINUE]
    with FilterInThread(E=[adds]) as scripted:
        http = free_port()
        settings = SETTINGS.format(address=scripted.address, other=free_port(), http=http)
        empathd = Empathd(tmp_path / "e", settings)
        (tmp_path / "e" / "drop").mkdir(mode=0o700)
        empathd.start()
        try:
            empathd.send("one@a.test")
            sendmail = [sys.executable, "-m", "empath.cli.sendmail", "-C", str(empathd.config), "-f", "me@b.test"]
            subprocess.run([*sendmail, "two@a.test"], input=b"Subject: local\n\ntext\n", check=True, timeout=60)
            eventually(lambda: len(list(empathd.delivered())) == 2, "both mails")
            assert [True, True] == [b"X-Filter: yes" in mail for mail in empathd.delivered()]
            assert {"{daemon_name}": "pickup"}.items() <= scripted.macros(b"C").items()
            assert [scripted.address] * 2 == [each["milter"] for each in empathd.named("milter_decided")]
            with urllib.request.urlopen(f"http://127.0.0.1:{http}/metrics", timeout=60) as response:
                samples = response.read().decode()
            labels = f'milter="{scripted.address}",process="acceptor-1",verdict="changed"'
            assert f"empath_milter_verdicts_total{{{labels}}} 2.0" in samples
            assert 0 == empathd.stop()
        finally:
            empathd.clean_up()
