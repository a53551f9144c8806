"""kit - shared parts of the tests of the server session"""

from empath.smtp.server.extensions import CHUNKING, DSN, KNOWN, Extensions, authentication

WITHOUT_CHUNKING = Extensions(tuple(extension for extension in KNOWN if extension is not CHUNKING))
WITHOUT_DSN = Extensions(tuple(extension for extension in KNOWN if extension is not DSN))
WITH_AUTH = Extensions((*WITHOUT_CHUNKING.offered, authentication(("PLAIN",))))
