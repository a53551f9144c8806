"""kit - the console over a queue of the test's own, and a browser without scripts"""

from empath.daemon.httpd.console.app import add_console
from empath.daemon.httpd.console.judging import add_judging
from empath.daemon.httpd.console.sources import Sources
from empath.daemon.httpd.console.trial_mail import add_trial_mail
from empath.daemon.httpd.history import History
from empath.mail.lookup import Absent
from empath.storage.sqlite.track import TrackFile, track_path
from tests.daemon.httpd.kit import HTTP, Web

OWN = "127.0.0.1:8025"


class Console(Web):
    """A browser without scripts, on this host, before a console that needs no token."""

    def __init__(self, directory, more="open_console = true\n"):
        super().__init__(directory, HTTP + more)
        self.known = None  # what was read of the queue in the background, and when
        past = TrackFile(track_path(self.queue.path))
        sources = Sources(
            *(self.queue.engine, "mx.example.test", History(), lambda: self.known, lambda: self.is_ending, past)
        )
        self.said = []  # what a live trace gives
        self.traced = []  # parts that were traced, and by whom
        add_console(self.client.app, sources, self.guard, self.runtime.config.http, self._trace)
        add_trial_mail(self.client.app, sources, self.guard, self._take, "postmaster@example.test")
        self.answers = {}  # of the DNS, by question; all else does not exist
        add_judging(self.client.app, sources, self.guard, self.runtime.config, self._ask)

    def _take(self, octets, token, request):
        return self.mail.take(octets, token, request)

    def _ask(self, question, within_s):
        return self.answers.get(question, Absent("NXDOMAIN", 60.0))

    def _trace(self, part, who):
        self.traced.append((str(part), who))
        return iter(self.said)

    def browse(self, path, host=OWN, cookie=None, method="GET", **more):
        """The answer."""
        headers = {"Host": host, **({} if cookie is None else {"Cookie": f"empath_console={cookie}"})}
        return self.client.simulate_request(method, path, headers=headers, **more)
