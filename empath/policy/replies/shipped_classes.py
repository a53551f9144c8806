# ruff: noqa: E501 - a rule is a line
"""
shipped_classes - the rules of classification that Empath ships

Six groups, in this order, because the first rule that fits decides:

1. what this host found by itself, where no host replied;
2. the words of large providers, from what they publish for senders;
3. words that say another thing than the code they come with;
4. the enhanced status codes that say one thing, from the registry of IANA (RFC 3463, RFC 5248 and the RFCs it names);
5. the words of common servers and filters, for hosts that give no such code, or one that says little (x.7.1, x.0.0);
6. words, codes and stages in general.

Patterns of text are short, so that a new sentence around the same words still fits.  A rule with many words has one
alternative for each way to say the same.
"""

from typing import Final

from empath.policy.replies.bounce_class import BounceClass as Class
from empath.policy.replies.bounce_class import BounceRule
from empath.policy.replies.reply_pattern import ReplyPattern

_GOOGLE: Final = "*.google.com *.googlemail.com"
_MICROSOFT: Final = "*.protection.outlook.com *.olc.protection.outlook.com *.mx.microsoft *.hotmail.com"
_YAHOO: Final = "*.yahoodns.net *.yahoo.com *.aol.com"
_APPLE: Final = "*.icloud.com *.apple.com"
_GMX: Final = "*.gmx.net *.web.de *.kundenserver.de *.ionos.com *.1and1.com *.perfora.net *.mail.com"
_TELEKOM: Final = "*.t-online.de"
_MAILRU: Final = "*.mail.ru *.yandex.ru *.yandex.net"
_NETEASE: Final = "*.netease.com *.163.com *.126.com"


def _rule(
    name: str,
    bounce_class: Class,
    text: str | None = None,
    *,
    enhanced: str | None = None,
    code: str | None = None,
    provider: str | None = None,
    stage: str | None = None,
) -> BounceRule:
    return BounceRule(name, ReplyPattern(stage, code, enhanced, text, provider), bounce_class)


_HERE: Final = (
    _rule("here-suppressed", Class.SUPPRESSED, r"^550 5\.\d\.1 suppressed", stage="local"),
    _rule("here-not-configured", Class.LOCAL, enhanced="4.3.5", stage="local"),
    _rule("here-null-mx", Class.BAD_DOMAIN, enhanced="5.1.10", stage="dns"),
    _rule("here-no-host", Class.BAD_DOMAIN, enhanced="5.4.4", stage="dns"),
    _rule("here-dns", Class.ROUTING, stage="dns"),
    _rule("here-connect", Class.CONNECTION, stage="connect"),
    _rule("here-login", Class.LOGIN, stage="auth"),
)

_PROVIDERS: Final = (
    _rule("google-rate-of-mailbox", Class.RATE, "receiving (mail|email) (too quickly|at a rate)", provider=_GOOGLE),
    _rule("google-unsolicited-rate", Class.RATE, "unusual rate of|rate limited|relay limit exceeded", provider=_GOOGLE),
    _rule("google-reputation", Class.SPAM_BLOCK, "low reputation|likely unsolicited", provider=_GOOGLE),
    _rule("google-content", Class.SPAM_CONTENT, "nature of the content|message is likely (spam|suspicious)", provider=_GOOGLE),
    _rule("google-attachment", Class.VIRUS, "blocked because its content presents a|blockedmessage", provider=_GOOGLE),
    _rule("google-authentication", Class.AUTH_FAILURE, "unauthenticated|authentication (information|checks|results)|dmarc", provider=_GOOGLE),
    _rule("google-storage", Class.QUOTA, "out of storage|over quota|overquota", provider=_GOOGLE),
    _rule("google-disabled", Class.INACTIVE_MAILBOX, "account that you tried to reach is (disabled|inactive)", provider=_GOOGLE),
    _rule("google-unknown", Class.BAD_MAILBOX, "account that you tried to reach does not exist|nosuchuser", provider=_GOOGLE),
    _rule("google-ptr", Class.AUTH_FAILURE, "ptr record|ip address sending this message does not", provider=_GOOGLE),
    _rule("google-relay", Class.RELAY_DENIED, "mail relay denied", provider=_GOOGLE),
    _rule("google-policy-of-domain", Class.POLICY, "violates .* email policy|gcdp", provider=_GOOGLE),
    _rule("microsoft-unknown", Class.BAD_MAILBOX, r"5\.1\.10 .*resolver|recipientnotfound|recipient address rejected: access denied", provider=_MICROSOFT),
    # Its servers may stand behind hosts with other names.
    _rule("microsoft-unknown-behind", Class.BAD_MAILBOX, "recipient address rejected: access denied", enhanced="5.4.1"),
    _rule("microsoft-unavailable", Class.BAD_MAILBOX, "requested action not taken: mailbox unavailable", provider=_MICROSOFT),
    _rule("microsoft-throttled", Class.RATE, r"4\.7\.5\d\d|as(77\d{1,3}|8\d{2,3})\b|server busy|exceeded .*(thread|connection|rate|limit)|throttl", provider=_MICROSOFT),
    _rule("microsoft-rate-of-mailbox", Class.RATE, r"5\.2\.12[0-9]|recipient thread limit|recipient's incoming message rate", provider=_MICROSOFT),
    _rule("microsoft-banned", Class.SPAM_BLOCK, r"5\.7\.(51[1346-9]|60[6-9]|6[1-4]\d)|traffic not accepted|banned sending ip|block list|blocklist|\bs3140\b|\bs3150\b|part of their network", provider=_MICROSOFT),
    _rule("microsoft-reputation", Class.SPAM_BLOCK, r"4\.7\.65\d|rp-00\d|sc-00\d|dy-00\d|ou-00\d", provider=_MICROSOFT),
    _rule("microsoft-spam", Class.SPAM_CONTENT, r"5\.7\.(350|1 .*spam)|message contains spam|unsolicited", provider=_MICROSOFT),
    _rule("microsoft-authentication", Class.AUTH_FAILURE, r"5\.7\.(509|515|23|26)|dmarc|does not meet the required authentication", provider=_MICROSOFT),
    _rule("microsoft-quota", Class.QUOTA, "mailbox (is )?full|quota", provider=_MICROSOFT),
    _rule("microsoft-relay", Class.RELAY_DENIED, "relay access denied", provider=_MICROSOFT),
    _rule("microsoft-connector", Class.POLICY, r"5\.7\.(5[67]|51|133|124|134|193)\b|tenantattribution|tenantinboundattribution", provider=_MICROSOFT),
    _rule("yahoo-unknown", Class.BAD_MAILBOX, "doesn't have a .*account|not a valid mailbox|user unknown", provider=_YAHOO),
    _rule("yahoo-disabled", Class.INACTIVE_MAILBOX, "mailbox (is )?(disabled|inactive|suspended)|account (is )?(disabled|suspended)|554.*\\(hu\\)", provider=_YAHOO),
    _rule("yahoo-greylist", Class.GREYLIST, r"\[gl\d\d\]", provider=_YAHOO),
    _rule("yahoo-refused", Class.SPAM_BLOCK, "permanently deferred|retrying will not succeed", provider=_YAHOO),
    _rule("yahoo-deferred", Class.RATE, r"\[?tss?\d\d\]?|unexpected volume|user complaints|max .*messages .*connection", provider=_YAHOO),
    _rule("yahoo-listed", Class.SPAM_BLOCK, r"\[(bl|rl|cs|ipts|dynts)\d{0,3}\]|connections (not accepted|will not be accepted)", provider=_YAHOO),
    _rule("yahoo-content", Class.SPAM_CONTENT, r"\[(ph|pc|sp|ptr)\d{0,3}\]|554 .*message (not allowed|blocked)", provider=_YAHOO),
    _rule("yahoo-authentication", Class.AUTH_FAILURE, r"dmarc|authentication reasons|unauthenticated|not accepted due to domain|5\.7\.9 |\(au\d\d\)", provider=_YAHOO),
    _rule("yahoo-quota", Class.QUOTA, "over quota|quota exceeded|mailbox .*full", provider=_YAHOO),
    _rule("apple-local-policy", Class.SPAM_BLOCK, r"\[(cs|hm|hme|pr)\d{0,3}\]|due to (your )?local policy|local policy", provider=_APPLE),
    _rule("apple-rate", Class.RATE, "too many (messages|connections|errors)|temporarily (rate|deferred)", provider=_APPLE),
    _rule("gmx-sender", Class.BAD_SENDER, "invalid dns mx", provider=_GMX),
    _rule("gmx-reputation", Class.SPAM_BLOCK, "bad dns ptr|reputation|black ?list|ip address is (blocked|listed)|dynamic", provider=_GMX),
    _rule("gmx-rate", Class.RATE, "rate limit|too many|limit exceeded|reject due to policy restrictions.*limit|temporarily unavailable for", provider=_GMX),
    _rule("gmx-content", Class.SPAM_CONTENT, "spam message|considered (as )?spam", provider=_GMX),
    _rule("telekom-listed", Class.SPAM_BLOCK, "ip=|tosa|reset your|blacklist|dialin|dynamic", provider=_TELEKOM),
    _rule("mailru-spam", Class.SPAM_CONTENT, "spam message (rejected|discarded)|looks like spam|suspected spam", provider=_MAILRU),
    _rule("mailru-disabled", Class.INACTIVE_MAILBOX, "account .*(disabled|suspended|blocked)|inactive", provider=_MAILRU),
    _rule("mailru-unknown", Class.BAD_MAILBOX, "non-local recipient|no such user|invalid mailbox|user not found", provider=_MAILRU),
    _rule("mailru-rate", Class.RATE, "ratelimit|rate limit|too many", provider=_MAILRU),
    _rule("netease-rate", Class.RATE, r"\b(hl|mi|rp):(icc|ifc|cel|dmc|ccl|drc|sfq|rqc|qrc|trc)\b", provider=_NETEASE),
    _rule("netease-listed", Class.SPAM_BLOCK, r"\b(hl:rep|hl:mep|dt:rbl|wm:bli|ip:[a-z]{3})\b", provider=_NETEASE),
    _rule("netease-spam", Class.SPAM_CONTENT, r"\b(dt:spm|dt:sum|mi:spb)\b", provider=_NETEASE),
)  # fmt: skip

# Some hosts give the code of an unknown or unavailable mailbox where the words are about this host or the sender. The
# words outweigh the code: else [suppression] would take the address for a dead one.
_SENT_TOO_MUCH: Final = (
    r"(sent|sending) (to )?too (many|much)|too (many|much) .{0,40}(this|per|in an?|last|past) (hour|day|minute)"
)
_OWN_ADDRESS: Final = (
    r"(your|sending|client|source) (server )?(ip|host)\b.{0,40}(black ?list|blocked|listed|banned|reputation|spamhaus)"
)
_OUTWEIGHING: Final = (
    *(_rule(f"own-rate-x.{subject}", Class.RATE, _SENT_TOO_MUCH, enhanced=f"*.{subject}.*") for subject in (1, 2, 5)),
    *(_rule(f"own-address-x.{subject}", Class.SPAM_BLOCK, _OWN_ADDRESS, enhanced=f"*.{subject}.*") for subject in (1, 2, 5)),
    _rule("full-x.1.1", Class.QUOTA, "over ?quota|quota (is )?(exceed|full)|mail ?box (is )?full", enhanced="*.1.1"),
    _rule("inactive-x.1.1", Class.INACTIVE_MAILBOX, "(user|account|mail ?box|recipient) (is |has been |was )?(inactive|disabled|suspended|deactivated|locked)", enhanced="*.1.1"),
    _rule("own-sender", Class.BAD_SENDER, "sender address rejected|sender (is )?rejected", enhanced="*.1.1"),
    *(_rule(f"code-at-mail-x.1.{detail}", Class.BAD_SENDER, enhanced=f"*.1.{detail}", stage="mail") for detail in (1, 2, 3)),
)  # fmt: skip

# Words that say one thing, of servers and filters that many hosts have.
_TELLING: Final = (
    _rule("greylisted", Class.GREYLIST, "gr[ea]y-?list|postgrey|retry (later )?in \\d+ (sec|min)|try again (later )?in \\d+ (sec|min)|come back in \\d+", code="4xx"),
    _rule("first-contact", Class.GREYLIST, "first (time|contact|mail).*(try|wait|later)|please retry immediately|new (triplet|sender).*wait", code="4xx"),
    _rule("blocked-by-list", Class.SPAM_BLOCK, "spamhaus|spamcop|barracudacentral|sorbs|uribl|surbl|invaluement|abusix|mailspike|senderscore|cloudmark|proofpoint|uceprotect|backscatterer|nixspam|\\bdnsbl|\\brbl\\b"),
    _rule("link-listed", Class.SPAM_CONTENT, "\\b(url|link|uri)s? .{0,64}\\b(listed|blocked|blacklisted)"),
    _rule("listed", Class.SPAM_BLOCK, "black ?list|block ?list|blacklisted|(ip|address|host|client|server|network) .*(is|was|has been) (blocked|listed|banned|blacklisted)|listed (at|in|on|by) "),
    _rule("reputation", Class.SPAM_BLOCK, "reputation|poor (sender|ip)|bad (sender|ip) score|spam source|spammer|bad sender ip|spams from|spam ips|accepting mail from your ip|listed as abusive|smtp server of your isp|black ip|too many (invalid|unknown|bad) (recipient|user|address|rcpt)|harvest|sending spam|known spam|dynamic (ip|address|pool)|dial-?up|residential ip"),
    _rule("virus", Class.VIRUS, "\\bvirus|malware|infected|trojan|phishing|clamav|dangerous attachment|(forbidden|illegal|banned) attachment|attachment (type )?(is )?not allowed|unacceptable extension|executable (file|attachment)"),
    _rule("dmarc", Class.AUTH_FAILURE, "dmarc|\\bspf\\b|sender policy framework|\\bdkim\\b|sender id .*fail|not authorized to send|unauthenticated (email|mail|sender)|spoof"),
    _rule("client-name", Class.AUTH_FAILURE, "reverse (dns|hostname|lookup|mapping)|\\bptr\\b|rdns|no (matching )?(host ?name|dns name)|cannot find your (host ?name|reverse)|hostname .*does not match|fcrdns|helo.*(reject|invalid|mismatch|match|not found)"),
    _rule("too-fast", Class.RATE, "too many (open )?(connections|messages|mails|emails|sessions|concurrent|simultaneous|requests|deliver)|rate.?limit|throttl|frequency limit|too (fast|quickly|much mail)|max(imum)? (number of )?(connections|messages)|concurren(t|cy) .*(limit|exceed)|rate exceed|exceed.* (rate|limit of messages|hourly|daily)|(hourly|daily) (limit|quota)|slow down|limit exceeded .*(hour|day|minute)|per (hour|minute|day)"),
    _rule("spam", Class.SPAM_CONTENT, "spam|junk|unsolicited|bulk (mail|email)|\\bube\\b|\\buce\\b|content (rejected|denied|filter)|bayes|high score|score (of|is|too|exceed)|scored|advert"),
    _rule("tls-wanted", Class.TLS, "must issue (a )?starttls|starttls (is )?(required|first)|requires? (tls|encryption|starttls)|encryption (is )?required|tls (is )?required|certificate|tls (handshake|negotiation)|ssl (error|handshake)"),
    _rule("relaying", Class.RELAY_DENIED, "relay(ing)? (is )?(not|access|denied|den|mail|prohib)|unable to relay|cannot relay|not (allowed|permitted|authorized) to relay|no relay|relay denied|not a (mail )?(gateway|relay)|we do not relay|domain (is )?not (hosted|handled|local|in my list)|not in .*rcpthosts|isn't in my|no such domain here|does(n't| not) (accept|handle|host) .*domain"),
    _rule("hops", Class.ROUTING, "too many hops|hop count|routing loop|mail loop|loops? back|looping|excessive recursion"),
    _rule("quota", Class.QUOTA, "over ?quota|quota (is )?(exceed|full|reach)|exceed.* (quota|storage|allocat|mailbox size)|mail ?box .*full|full mail ?box|(mailbox|inbox|user|account) (is )?(full|over)|storage (is )?(full|limit|exceed)|out of (disk )?(storage|space)|not enough (storage|space|room)|disk quota|recipient (storage|quota)|mailbox size limit|over .{0,20}quota|not have enough space|mail ?folder .{0,20}full|\\bpleine\\b|mail ?box (has )?exceeded|space has been used up"),
    _rule("send-as", Class.BAD_SENDER, "sendasdenied|permissions? to send as|not allowed to send as"),
    _rule("own-account", Class.BAD_SENDER, "(your|sender|sending) (account|address|user|mailbox) .{0,30}(disabled|inactive|suspended|deactivated|closed|expired|locked|frozen|terminated)"),
    _rule("inactive", Class.INACTIVE_MAILBOX, "(user|account|mail ?box|recipient|address|email) .{0,30}(disabled|inactive|suspended|deactivated|closed|expired|locked|frozen|terminated|no longer (active|accept|in use|valid|avail))|inactive (user|account|mail ?box|recipient)|disabled (user|account|mail ?box|recipient)|not (currently |yet )?(active|activated)\\b|has (left|moved)|(inactive|deactivated|suspended|disabled) mail ?box|suspend the service|no longer (active|works|employed|with us|on server)"),
)  # fmt: skip

# The registry: https://www.iana.org/assignments/smtp-enhanced-status-codes
_CODES: Final = tuple(
    _rule(f"status-{status.replace('*', 'x')}", bounce_class, enhanced=status)
    for status, bounce_class in (
        ("*.1.1", Class.BAD_MAILBOX),
        ("*.1.2", Class.BAD_DOMAIN),
        ("*.1.3", Class.BAD_MAILBOX),
        ("*.1.4", Class.BAD_MAILBOX),  # ambiguous
        ("*.1.6", Class.INACTIVE_MAILBOX),  # moved
        ("*.1.7", Class.BAD_SENDER),
        ("*.1.8", Class.BAD_SENDER),
        ("*.1.9", Class.PROTOCOL),  # relayed to a host that does not follow a standard
        ("*.1.10", Class.BAD_DOMAIN),  # null MX
        ("*.2.2", Class.QUOTA),
        ("*.2.3", Class.TOO_LARGE),
        ("*.2.4", Class.BAD_MAILBOX),  # a list that cannot be expanded
        ("*.3.1", Class.SYSTEM),
        ("*.3.3", Class.PROTOCOL),
        ("*.3.4", Class.TOO_LARGE),
        ("*.3.5", Class.SYSTEM),
        ("*.3.6", Class.PROTOCOL),  # another priority than asked for
        ("*.4.1", Class.CONNECTION),
        ("*.4.2", Class.CONNECTION),
        ("*.4.3", Class.ROUTING),
        ("*.4.4", Class.ROUTING),
        ("*.4.6", Class.ROUTING),  # a loop
        ("*.4.7", Class.CONNECTION),  # expired on its way
        ("*.5.1", Class.PROTOCOL),
        ("*.5.2", Class.PROTOCOL),
        ("*.5.3", Class.TOO_MANY),
        ("*.5.4", Class.PROTOCOL),
        ("*.5.5", Class.PROTOCOL),
        ("*.5.6", Class.PROTOCOL),
        ("*.6.*", Class.CONTENT),
        ("*.7.2", Class.POLICY),  # a list that may not be used
        ("*.7.3", Class.TLS),
        ("*.7.4", Class.TLS),
        ("*.7.5", Class.TLS),
        ("*.7.6", Class.TLS),
        ("*.7.7", Class.TLS),
        ("*.7.8", Class.LOGIN),
        ("*.7.9", Class.LOGIN),
        ("*.7.10", Class.TLS),
        ("*.7.11", Class.TLS),
        ("*.7.12", Class.LOGIN),
        ("*.7.13", Class.INACTIVE_MAILBOX),
        ("*.7.14", Class.POLICY),  # a relation of trust is missing
        ("*.7.15", Class.POLICY),  # the priority is too low
        ("*.7.16", Class.TOO_LARGE),
        ("*.7.17", Class.INACTIVE_MAILBOX),  # a new owner, RFC 7293
        ("*.7.18", Class.BAD_DOMAIN),
        ("*.7.19", Class.POLICY),
        ("*.7.20", Class.AUTH_FAILURE),
        ("*.7.21", Class.AUTH_FAILURE),
        ("*.7.22", Class.AUTH_FAILURE),
        ("*.7.23", Class.AUTH_FAILURE),
        ("*.7.24", Class.AUTH_FAILURE),
        ("*.7.25", Class.AUTH_FAILURE),
        ("*.7.26", Class.AUTH_FAILURE),
        ("*.7.27", Class.BAD_SENDER),  # the sender's domain has a null MX
        ("*.7.28", Class.RATE),
        ("*.7.29", Class.AUTH_FAILURE),
        ("*.7.30", Class.TLS),  # REQUIRETLS
    )
)

_GENERAL: Final = (
    # What may be wrong with another address than that of the recipient comes first: a class may suppress an address.
    _rule("acceptable-use", Class.POLICY, "\\baup#"),
    _rule("sender-refused", Class.BAD_SENDER, "(sender|return.path|reverse.path|mail from|envelope.from).{0,40}(reject|denied|refused|invalid|unknown|verif|not (exist|found|valid|known)|does( not|n't| not) exist)|verification failed for <|unrout[e]?able sender|denies the sender|badsendermx|emetteur invalide|not owned by user|sender .{0,64}(has no|no) (a|mx|valid)\\b"),
    _rule("user-at-mail", Class.BAD_SENDER, "(user|address|account|mail ?box|e-?mail|domain) .{0,40}(unknown|not (found|exist|known|valid)|does( not|n't) exist|invalid)|(no such|unknown|invalid|bad) (user|address|account|mail ?box|domain)", stage="mail"),
    _rule("address-of-host", Class.POLICY, "\\b(ip|host|client|server|your|helo|ehlo|source) address .{0,40}(unknown|invalid|not |does)"),
    _rule("address-in-header", Class.CONTENT, "\\b(from|to|cc|reply-to|header): ?address .{0,40}(unknown|invalid|not )|\\bfrom address .{0,40}(invalid|not )"),
    _rule("header-missing", Class.CONTENT, "address in header|header from|from header|(valid|missing|no|multiple) (from|to|sender|message-id|date):? (header|field)"),
    _rule("address-refused", Class.BAD_MAILBOX, "#5\\.1\\.0 address rejected|requested action not taken: mailbox unavailable", code="550", stage="rcpt"),
    _rule("mailbox-unavailable", Class.BAD_MAILBOX, "mail ?box .{0,64}(unavailable|not present)", code="5xx", stage="rcpt"),
    _rule("unknown-user", Class.BAD_MAILBOX, "(no such|unknown|invalid|bad|non-?existent|undeliverable|unrouteable|unroutable|unrecognized) (virtual |local |destination |to )?(user|recipient|mail ?box|address|account|person|e-?mail|alias|mailuser)|no (mail ?box|account|user|recipient) (here|by|with|found)|not a (valid|known|local) (user|recipient|mail ?box|address)|not our customer|user (doesn't|does not) have"),
    _rule("unknown-user-otherwise", Class.BAD_MAILBOX, "no such id\\b|cannot deliver mail for|unknown local.part|unavailable mail user|no valid recipients|accept user|no mail ?box available|no one at this|not an active address|badrcptto|missing home directory|not (a )?user of this|not have an account|local user only"),
    _rule("user-unknown", Class.BAD_MAILBOX, "(user|recipient|mail ?box|address|account) .{0,40}(unknown|not (found|exist|known|valid|recognized|listed|here)|unrecogni[sz]ed|does ?n.t exist|does not exist|invalid|nonexistent)|\\be-?mail (is |was |id |does )?(unknown|not (found|exist|known|valid|recognized)|n.t exist|invalid)"),
    _rule("user-unknown-elsewhere", Class.BAD_MAILBOX, "(utilisateur|destinataire|adresse|bo.te) .{0,30}(inconnue?|inexistante?)|(usuario|destinatario|buz.n|cuenta) .{0,30}(desconocid[oa]|no existe|inexistente)|(benutzer|empf.nger|postfach|adresse) .{0,30}(unbekannt|existiert nicht|nicht gefunden)|(utente|destinatario|casella) .{0,30}(sconosciut[oa]|inesistente)|(usu.rio|destinat.rio|conta) .{0,30}(desconhecid[oa]|inexistente|n.o existe)"),
    _rule("bad-sender", Class.BAD_SENDER, "(sender|from|return.path|envelope).{0,30}(reject|invalid|denied|not (exist|found|valid|allowed|accept)|does not exist|refused|verif|malformed)|domain of sender|sender domain|(unknown|invalid|bad) (sender|reverse.path)|sender (address )?(is )?(unknown|blocked)|callback|call-?out", code="5xx"),
    _rule("bad-domain", Class.BAD_DOMAIN, "(domain|host) .{0,30}(not found|unknown|does not exist|does ?n.t exist|invalid|no mx|null mx)|no mx|nullmx"),
    _rule("own-name", Class.AUTH_FAILURE, "\\b(your|helo|ehlo|client|sending|reverse) .{0,40}(not exist|not found|unknown|be found|not local)"),
    _rule("no-such-recipient", Class.BAD_MAILBOX, "does(n.t| not) exist|(was|were|is) (unknown|not found|not local|not ok)|(not|no) be found|recipient not ok|(does not|no) existe?\\b", code="5xx", stage="rcpt"),
    _rule("too-many-recipients", Class.TOO_MANY, "too many (recipients|rcpt)|recipient limit|recipients? per (message|session)"),
    _rule("too-large", Class.TOO_LARGE, "too (big|large|long)|size (limit|exceed)|exceed.* (size|length|maximum|limit)|larger than|message size"),
    _rule("login-needed", Class.LOGIN, "authentication (is )?(required|needed|failed)|requires? authentication|must (first )?(auth|log ?in)|need (to )?(auth|log ?in)|auth first|pop before|smtp auth"),
    _rule("form", Class.CONTENT, "header|\\bmime\\b|bare lf|line (is )?too long|line length|missing (date|from|to|message-id)|malformed|8.?bit|non-ascii|charset|encoding|duplicate (field|header)|rfc ?5322|rfc ?2822"),
    _rule("syntax", Class.PROTOCOL, "syntax|command (not|un)|unrecogni[sz]ed|bad sequence|pipelin|not implemented|protocol error|bad command|synchroni[sz]ation"),
    _rule("temporary-fault", Class.SYSTEM, "temporar(y|ily)|internal (server )?error|system (error|problem|failure|resources)|service (not|un)avail|server (error|busy|overload|shut)|try (again|later)|insufficient (system )?(resources|storage|memory)|load (average|too)|local (error|problem)|database|ldap|queue file|timed? ?out|maintenance|unable to (verify|check|process|complete)|lookup (fail|error)|busy|unavailable", code="4xx"),
    _rule("no-session-5", Class.POLICY, stage="greeting", code="5xx"),
    _rule("no-session", Class.CONNECTION, stage="greeting"),
    _rule("code-53x", Class.LOGIN, code="53x"),
    _rule("policy", Class.POLICY, "policy|not (allowed|permitted|authori[sz]ed|accept|welcome)|refus|reject|den(y|ied)|block|prohibit|forbidden|administrative|ban(ned)?\\b|restrict|access|filter|go away|unwanted"),
    _rule("status-x.2.1", Class.INACTIVE_MAILBOX, enhanced="*.2.1"),
    _rule("status-x.4.5", Class.RATE, enhanced="*.4.5"),  # congestion
    _rule("status-x.1.5", Class.PROTOCOL, enhanced="*.1.5"),  # a valid address; the rest of the reply says more
    _rule("status-x.1.0", Class.BAD_MAILBOX, enhanced="5.1.0", stage="rcpt"),
    _rule("status-x.1.x", Class.POLICY, enhanced="*.1.*"),
    _rule("status-x.2.x", Class.INACTIVE_MAILBOX, enhanced="*.2.*"),
    _rule("status-x.3.x", Class.SYSTEM, enhanced="*.3.*"),
    _rule("status-x.4.x", Class.CONNECTION, enhanced="*.4.*"),
    _rule("status-x.5.x", Class.PROTOCOL, enhanced="*.5.*"),
    _rule("status-x.7.x", Class.POLICY, enhanced="*.7.*"),
    _rule("code-421", Class.SYSTEM, code="421"),
    _rule("code-450", Class.SYSTEM, code="450"),
    _rule("code-451", Class.SYSTEM, code="451"),
    _rule("code-452", Class.SYSTEM, code="452"),
    _rule("code-551", Class.BAD_MAILBOX, code="551", stage="rcpt"),
    _rule("code-552", Class.QUOTA, code="552", stage="rcpt"),
    _rule("code-552-content", Class.TOO_LARGE, code="552"),
    _rule("code-553", Class.BAD_MAILBOX, code="553", stage="rcpt"),
    _rule("code-554", Class.POLICY, code="554"),
    _rule("code-556", Class.BAD_DOMAIN, code="556"),
    _rule("code-50x", Class.PROTOCOL, code="50x"),
    _rule("code-555", Class.PROTOCOL, code="555"),
    _rule("local", Class.LOCAL, stage="local"),
)  # fmt: skip

SHIPPED_CLASSES: Final = (*_HERE, *_PROVIDERS, *_OUTWEIGHING, *_CODES, *_TELLING, *_GENERAL)
