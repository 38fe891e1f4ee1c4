"""Why it did not arrive: out of a server's words, its enhanced code (RFC 3463) and its reply code.

Words come first, because codes are often general; among words, those that blame the sender come
before those that blame the address: to take a live address for a dead one is the costly error.
Every pattern is a list of plain alternatives with bounded gaps: time is linear in the words.
"""

import re

from tracking.reports import HARD_CLASSES, Class, Kind

READ_LIMIT = 4000

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_REPLY_CODE = re.compile(r"(?<![\d.:/-])([245][0-5]\d)(?=[ -:;]|$)(?!\.\d)")


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


_CHECKS: tuple[tuple[Class, re.Pattern[str]], ...] = (
    # Exchange Online, of an address that is not in the directory.
    (Class.MAILBOX_UNKNOWN, _words(r"5\.4\.1.{0,100}recipient address rejected: access denied")),
    (
        Class.RATE,
        _words(
            r"gr[ea]y-?listed|gr[ea]y-?listing",
            r"too many (?:concurrent |simultaneous )?(?:connections|messages|emails|recipients"
            r"|errors|sessions|hops this)",
            r"rate.?limit|limit(?:ed)? the rate|throttl|(?:sending|message|connection) rate",
            r"(?:connection|concurrency|hourly|daily|recipient|sending) (?:limit"
            r"|quota) (?:has been )?(?:exceeded|reached)",
            r"receiving mail (?:at too high a rate|too quickly)|unusual rate|too fast|slow down",
            r"4\.7\.28|exceeded the (?:maximum )?(?:number|limit) of (?:messages|connections)",
        ),
    ),
    (
        Class.MAILBOX_FULL,
        _words(
            r"(?:mail ?box|in ?box|account|mail ?folder|user|quota)(?:'s)?(?: \S{1,60})?(?: is"
            r"| are|:)? (?:\w+ly )?(?:full|over ?(?:its |the )?(?:quota|limit|size))",
            r"over ?quota|over(?: the| its| their)?(?: \w+){0,3} quota|quota.{0,20}(?:exceeded"
            r"|is full|violation|reached)",
            r"exceed(?:s|ed|ing)?.{0,40}(?:quota|storage|mailbox size|mailbox limit"
            r"|mailbox capacity)",
            r"(?:mailbox|mail ?box|maildir|storage).{0,30}(?:exceed|limit reached|size limit"
            r"|would be exceeded|capacity|overflow)",
            r"insufficient (?:disk |mailbox |user )?(?:storage|space|quota)(?! on this)"
            r"|out of (?:disk )?(?:storage|space|quota)",
            r"not enough (?:disk |storage |free )?(?:space|storage|room)|no (?:more )?(?:room"
            r"|space) in (?:the )?mailbox",
            r"(?:too much|has too many) (?:mail|data|messages) (?:data )?(?:stored|in|on)"
            r"|disk ?quota|maximum allowed.{0,20}storage",
            r"mailbox[_ -]?full|mailfolder is full|user is overquota|space has been exhausted",
            r"(?:postfach|mailbox|speicher\w*).{0,40}(?:voll|überfüllt|überschritten)"
            r"|speicherplatz",
            r"(?:boîte|boite|messagerie|quota).{0,40}(?:pleine|saturée|saturee|dépassé|depasse)",
            r"(?:buz[oó]n|casilla|cuota|cota).{0,40}(?:llen[oa]|excedid[oa]|superad[oa])"
            r"|caixa.{0,40}cheia",
            r"casella.{0,40}piena|postvak.{0,30}vol\b|skrzynk.{0,40}(?:pełn|przepełnion)",
            r"(?:メールボックス|容量|受信箱).{0,20}(?:超|いっぱい|一杯|不足)|邮箱.{0,10}(?:已满|满)|переполнен|квот",
        ),
    ),
    (
        Class.SIZE,
        _words(
            r"(?:message|mail|e-?mail|size|content|body|attachment"
            r"|it)(?: \w+){0,3} (?:too (?:big|large|long)|exceeds?|larger than"
            r"|exceeded)(?!.{0,30}quota)",
            r"(?:message|mail|size) (?:file )?(?:size|limit)? ?(?:limit|exceed)"
            r"|exceeds? (?:the |your )?(?:\w+ ){0,4}(?:size|limit of)",
            r"(?:maximum|max)\.? (?:\w+ ){0,3}(?:message )?size|message length exceeds"
            r"|too large|too big",
            r"nachricht.{0,20}zu gro(?:ß|ss)|message.{0,20}trop (?:gros|volumineux)"
            r"|demasiado grande|troppo grande|サイズ.{0,20}超",
        ),
    ),
    (
        Class.SPAM,
        _words(
            r"\bspam\b(?!haus|cop)|spammy|spam-|spam(?:ming|mer|my|like)|unsolicited|\bube\b"
            r"|\buce\b|junk ?mail|bulk ?mail|mass mail",
            r"virus|malware|malicious|phish|infected|trojan|suspicious|viagra",
            r"content (?:was |is )?(?:rejected|filter|denied|restrict|not accept|block)"
            r"|(?:prohibited|banned|forbidden|illegal|dangerous) (?:content|attachment|file"
            r"|extension)",
            r"message (?:content|text|looks|contains)|looks like spam"
            r"|high.{0,20}probability of spam|classified as|identified as|score (?:too|of)",
            r"blocked for (?:security|containing)|messages? with executable"
            r"|5\.7\.0 this message was blocked because",
        ),
    ),
    (
        Class.POLICY,
        _words(
            r"spamhaus|spamcop|sorbs|barracuda|mimecast|black ?-?list|block ?-?list"
            r"|deny ?-?list|dnsb?l\b|\brbl|\bblocked\b|\bbanned\b|blocking|reject(?:ed"
            r"|ing) (?:mail|connection|message)s? from",
            r"reputation|senderbase|senderscore|poor \w+ history|bad ip|dynamic(?:ally)? (?:ip"
            r"|host|address)|residential|ip (?:address )?(?:is |was )?(?:not |un)",
            r"unauthenticated|authenticat|\bspf\b|\bdkim\b|\bdmarc\b|sender id|\bptr\b"
            r"|reverse (?:dns|lookup|host|record|ip)|\brdns\b|fcrdns|forward.confirmed",
            r"relay(?:ing)?(?: access| to \S{1,80}| mail)? (?:is )?(?:denied|not|prohibited"
            r"|refused)|(?:not (?:permitted|allowed) to|unable to|no|cannot|can't|won't"
            r"|will not|denied) relay|relay (?:access|operation)|(?:not|isn't) (?:a "
            r"|an )?(?:open )?relay|rcpthosts",
            r"(?:access|permission|service|connection|delivery|session|request"
            r"|submission) (?:is |was )?(?:to (?:this|the) \w+ )?(?:denied|refused by policy"
            r"|not authori[sz]ed|prohibited|restricted|forbidden)",
            r"not (?:authori[sz]ed|permitted|allowed|trusted)|unauthori[sz]ed|prohibited"
            r"|policy|policies|security (?:reasons|issue|violation|level)|restrict(?:ed|ion)"
            r"|administrative(?:ly)?",
            r"sender(?:'s)?(?: \S{1,80}){0,3} (?:rejected|refused|denied|not|invalid|verif"
            r"|blocked|unknown|does not|callout)|(?:bad|invalid|unknown|rejected|forged"
            r"|fake) (?:sender|from|mail from|return path|envelope)|verify sender|sender verif"
            r"|mail from (?:must|address)|envelope sender",
            r"\bhelo\b|\behlo\b|cannot resolve your|does not resolve|unresolvable"
            r"|domain of sender|sender'?s? domain|your (?:domain|ip|server|host|network"
            r"|message was rejected|email)(?: \S{1,60}){0,4} (?:is|has|was|not)",
            r"permission to|must issue|starttls|\btls\b|encrypt|whitelist|allow ?list"
            r"|not (?:on|in) (?:the|my|our) (?:list|approved)|members? only|moderat"
            r"|rejected (?:by|due to) (?:the )?(?:recipient|policy|user|content)|declined"
            r"|transaction failed|you (?:are|have been) (?:not|blocked)|mail refused"
            r"|message refused|refused to accept|not accepted for",
        ),
    ),
    (
        Class.LOOP,
        _words(
            r"mail (?:loop|forwarding loop)|loops back|routing loop|too many hops|hop count"
            r"|maximum hop|loop(?:ing)? detected|forwarding loop|redundant",
        ),
    ),
    (
        Class.NO_MAIL,
        _words(
            r"null ?mx|indicated no smtp service|does not accept (?:\w+ )?(?:e-?mail|mail"
            r"|messages)|(?:host|domain|server|system) (?:is )?not accepting (?:network|any"
            r"|e?-?mail|messages)|not accepting network messages|accepts no mail"
            r"|no longer accepts (?:e?-?mail|messages)|mail not accepted here"
            r"|this server does not accept|does not receive mail|no mx record|no (?:valid "
            r"|usable )?mail (?:exchanger|server|host)s? (?:for|found|exist)|mx (?:record|host"
            r"|lookup) (?:not found|does not exist)|doesn't accept mail",
        ),
    ),
    (
        Class.DOMAIN_GONE,
        _words(
            r"host (?:is )?unknown|unknown host"
            r"|host (?:or domain )?(?:name )?(?:\S{1,100} )?(?:was )?not found|no such (?:host"
            r"|domain)|host(?:name)? (?:lookup|address lookup)[^,.]{0,30}(?:not found|did not"
            r"|non-?exist)|invalid (?:host|domain)|unable to resolve|can(?:'t|not) (?:find"
            r"|resolve) (?:any |a )?(?:host|domain|mx|mail)",
            r"domain(?: name| \S{1,100})? (?:was |is |could )?(?:not (?:be )?(?:found|exist"
            r"|valid|known|resolved)|does(?:n't| not) (?:exist|resolve)|unknown|invalid|isn't"
            r"|lookup failed|error)|unknown (?:mail |remote )?domain|nxdomain"
            r"|non-?existent (?:host|domain)|name server: .{0,80}host not found",
            r"bad destination (?:system|host)|domain (?:or host )?not found"
            r"|unrout(?:e)?able (?:mail )?(?:domain|address)|illegal host/domain"
            r"|check the domain|dns (?:error|server returned|domain .{0,60}does not exist"
            r"|lookup failure: host)|invalid mx|no (?:a|aaaa|dns|address) record|(?:hat|kann"
            r"|konnte).{0,60}domain.{0,20}nicht|domäne.{0,40}nicht gefunden"
            r"|domaine.{0,40}(?:introuvable|inexistant)|dominio.{0,40}(?:no existe|non esiste"
            r"|inesistente)|name or service not known",
        ),
    ),
    (
        Class.MOVED,
        _words(r"has moved|moved to|new address is|replaced by|has been replaced|5\.1\.6"),
    ),
    (
        Class.MAILBOX_UNKNOWN,
        _words(
            r"(?:user|recipient|mailbox|mail ?box|account|address|addressee|alias|login"
            r"|customer|subscriber|person|e-?mail|name|id)(?:\(s\)"
            r"|s)?(?:[ :]{1,2}[^\s:]{1,100}){0,4} (?:is |are |was |were |has been |could "
            r"|does |do |did )?(?:\w+ly )?(?:unknown|not (?:be )?(?:found|exist|known|listed"
            r"|recogni[sz]ed|valid|local|defined|a valid|in|here|there|available to|our"
            r"|registered|present)|no longer (?:valid|exists?|on (?:this )?server|here|with"
            r"|available|at|in)|invalid|non-?exist|nonexist|undefined|unrecogni[sz]ed"
            r"|incorrect|isn't (?:in|on|a|listed)|doesn't (?:exist|have|appear)|wasn't found"
            r"|couldn't be found|illegal|bad|not_?found|does(?:n't| not) (?:appear|have"
            r"|match))",
            r"(?:unknown|no such|invalid|non-?existent|undefined|unrecogni[sz]ed|bad"
            r"|nonexistent|illegal|not a (?:valid|known|local)|isn't a valid|no valid"
            r"|not existing|incorrect|wrong)(?: \S{1,30}){0,2}[ -](?:user|recipient|mailbox"
            r"|account|alias|local|addressee|customer|person|id|login|name here|receiver"
            r"|address|destination|final delivery|here|inbox|member)",
            r"no (?:mail ?-?box|account|user|recipient|one|such \S{1,60}) (?:here|by|with"
            r"|named|of|found|exists?|is|in|at|available)\b|mail-?box (?:unavailable"
            r"|not (?:available|found))|there is no (?:user|such|account|mailbox|one)"
            r"|no such (?:user|address)|not our customer|recip(?:ient)?\.?notfound"
            r"|user_?unknown|adr_?unknown|recipnotfound|resolver\.adr"
            r"|delivery error: dd this user doesn't|do(?:es)?(?:n't"
            r"| not) have an? (?:\S{1,60} )?(?:account|mailbox|e?-?mail)"
            r"|no matches to nameserver|not e-?mail users|unknown in"
            r"|does not have a final email|address (?:rejected|error|unknown"
            r"|not found)\W{0,4}(?:user|undeliverable|unknown)"
            r"|undeliverable address: unverified|verify recipient|recipient verif",
            r"(?:benutzer|empfänger|adresse|postfach|konto|mailbox).{0,60}(?:unbekannt"
            r"|nicht (?:gefunden|bekannt|gültig|vorhanden|existier)|existiert nicht|ungültig)"
            r"|unbekannter (?:benutzer|empf)",
            r"(?:utilisateur|destinataire|adresse|boîte|boite|compte).{0,60}(?:inconnu"
            r"|introuvable|n'existe pas|inexistant|invalide|n'a pas été trouvé)",
            r"(?:usuario|destinatario|direcci[oó]n|cuenta|buz[oó]n).{0,60}(?:desconocid"
            r"|no existe|inexistente|no encontrad|inv[aá]lid)|usu[aá]rio.{0,40}(?:desconhecid"
            r"|não existe|inexistente|inv[aá]lid)|(?:utente|destinatario|indirizzo"
            r"|casella).{0,60}(?:sconosciut|inesistente|non esiste|non trovat|non valid)",
            r"(?:gebruiker|geadresseerde|ontvanger|adres).{0,40}(?:onbekend|bestaat niet)"
            r"|(?:użytkownik|odbiorca|adres|konto).{0,40}(?:nieznan|nie istnieje)"
            r"|(?:пользовател|адрес|ящик|получател).{0,60}(?:не найден|не существует|неизвест"
            r"|нет)|ユーザー?.{0,20}(?:不明|存在し|見つか)|(?:宛先|メールアドレス|アドレス).{0,30}(?:存在し|見つか|不明|ありません)"
            r"|hitta e-postadressen|mailadresse.{0,30}ikke fundet|adres\w*.{0,30}nebyla nalezen"
            r"|niet gevonden|sähköpostiosoit\w+ ei löydy|cím nem található|주소를 찾을 수 없"
            r"|找不到.{0,20}地址"
            r"|(?:用户|收件人|邮箱|地址).{0,100}(?:不存在|未找到|不正确)|(?:kullan\u0131c\u0131|al\u0131c\u0131).{0,30}(?:bulunamad\u0131"
            r"|bilinmiyor)",
        ),
    ),
    (
        Class.MAILBOX_DISABLED,
        _words(
            r"(?:account|mailbox|user|recipient|address|e-?mail"
            r"|inbox)(?:[ :]{1,2}[^\s:]{1,100}){0,4} (?:is |has been |was |are |temporarily "
            r"|currently |)(?:\w+ly )?(?:disabled|suspended|inactive|deactivated|discontinued"
            r"|locked|blocked|closed|terminated|frozen|not active|expired|deleted|cancell?ed"
            r"|no longer (?:active|used|in use|monitored))",
            r"(?:disabled|suspended|inactive|deactivated|expired|locked|closed"
            r"|dormant) (?:account|user|mailbox|recipient|e-?mail)|not accepting (?:mail"
            r"|messages|e?-?mail) (?:for|at)|user is inactive|not active|out of service",
        ),
    ),
    (
        Class.NETWORK,
        _words(
            r"timed? ?-?out|time ?-?out|connection (?:\w+ )?(?:refused|reset|lost|dropped"
            r"|failed|closed|error|died|broken)|(?:connect"
            r"|connecting) (?:to )?\S{0,80}:? ?(?:failed|refused|error)|unreachable"
            r"|not reachable|not responding|(?:could|can|did|would)(?:n't"
            r"| ?not) (?:be )?(?:connect|reach|establish|contact)|(?:wasn't|unable"
            r"|not able) to (?:connect|establish|contact|reach)|no route|network (?:error"
            r"|problem)|lost connection|broken pipe|communications? (?:error|failure)",
            r"retry (?:time|timeout)|too long|giving up|given up|gave up|expired|(?:failing"
            r"|undelivered|undeliverable|queued|could not be delivered|not been delivered"
            r"|unable to deliver).{0,30}(?:for (?:more|over|\d|a long)|after \d|within)"
            r"|(?:delivery|maximum|message|retry) (?:time|period|lifetime|attempts?"
            r"|interval)(?: \w+)? (?:expired|exceeded|reached)"
            r"|max(?:imum)? (?:number of )?(?:retries|retry)|multiple retries|for the last \d"
            r"|time limit|aged out|all (?:relevant )?(?:mx|hosts?)|none.{0,40}(?:available"
            r"|reachable)|name service error|temporary lookup|host not found, try again|(?:dns"
            r"|server).{0,20}(?:temporar|unavail)",
        ),
    ),
    (
        Class.SYSTEM,
        _words(
            r"(?:local|system|internal|mailer|server|configuration|software|protocol"
            r"|processing|i/o|disk|script|program|command|exec)(?: \w+)? (?:error|failure"
            r"|failed|problem|misconfig|full)|service (?:not available|unavailable)"
            r"|resources? (?:temporarily |un)|insufficient system|cannot (?:open|create|write"
            r"|update|append|store)|can't (?:open|create|write)|unable to (?:open|create"
            r"|write)|no space left|permission problem|temporar(?:y|ily)|file exists"
            r"|exited with|died with|unknown mailer",
        ),
    ),
)

_LATER_PHASE = re.compile(
    r"end of (?:data|message)|in reply to (?:the )?(?:end of )?(?:data|mail from)"
    r"|\[mail_from\]|>>> ?(?:mail from|data)\b"
    r"|after (?:mail from|data|i sent the message|(?:initial )?sending (?:the )?message)"
    r"|(?:final|our) (?:data|mail from)\b|(?:to|the) mail from (?:command|:)",
    re.IGNORECASE,
)
_BY_STATUS: dict[str, Class] = {
    "1.1": Class.MAILBOX_UNKNOWN,
    "1.2": Class.DOMAIN_GONE,
    "1.3": Class.MAILBOX_UNKNOWN,
    "1.6": Class.MOVED,
    "1.7": Class.POLICY,
    "1.8": Class.POLICY,
    "1.9": Class.SYSTEM,
    "1.10": Class.NO_MAIL,
    "2.1": Class.MAILBOX_DISABLED,
    "2.2": Class.MAILBOX_FULL,
    "2.3": Class.SIZE,
    "2.4": Class.SYSTEM,
    "3.2": Class.NO_MAIL,
    "3.4": Class.SIZE,
    "4.6": Class.LOOP,
    "7.28": Class.RATE,
}
_BY_SUBJECT: dict[str, Class] = {
    "3": Class.SYSTEM,
    "4": Class.NETWORK,
    "5": Class.SYSTEM,
    "6": Class.SPAM,
    "7": Class.POLICY,
}


def status_in(words: str) -> str:
    """The first enhanced code in `words` (RFC 3463), "" if there is none."""
    found = _STATUS.search(words, 0, READ_LIMIT)
    return ".".join(found.groups()) if found else ""


def reply_code_in(words: str) -> int | None:
    """The first SMTP reply code that refuses, in `words`."""
    for found in _REPLY_CODE.finditer(words[:READ_LIMIT]):
        if found[1][0] in "45":
            return int(found[1])
    return None


def class_of_words(words: str) -> Class | None:
    """What plain words say; None when they say nothing that is known."""
    text = " ".join(words[:READ_LIMIT].split())
    return next((found for found, pattern in _CHECKS if pattern.search(text)), None)


def class_of_status(status: str) -> Class | None:
    """What an enhanced code says; None for those that say nothing (x.0.0, x.1.0, ...)."""
    _, _, detail = status.partition(".")
    return _BY_STATUS.get(detail) or _BY_SUBJECT.get(detail.partition(".")[0])


def class_of(words: str, status: str) -> Class:
    """Why a message did not arrive. A code of security or policy (5.7.x) blames us first."""
    said = class_of_words(words)
    coded = class_of_status(status)
    if coded is Class.POLICY and (said is None or said in HARD_CLASSES):
        return Class.POLICY
    if said in HARD_CLASSES and of_later_phase(words):
        return Class.OTHER
    return said or coded or Class.OTHER


def of_later_phase(words: str) -> bool:
    """Whether a refusal answered MAIL or DATA: it is about the message or its sender then, whatever
    it says of users (RFC 5321 §4.2.5)."""
    return bool(_LATER_PHASE.search(words[:READ_LIMIT])) and not re.search(r"5\.1\.[1236]", words)


def kind_of(why: Class, *, temporary: bool) -> Kind:
    """Hard is only what a server refused for good because of the address itself."""
    return Kind.HARD if why in HARD_CLASSES and not temporary else Kind.SOFT
