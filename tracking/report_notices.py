"""Bounces and warnings that are told in words alone."""

import re

from tracking import report_automatic
from tracking.flufl_formats import recipients_by_flufl
from tracking.report_classes import (
    class_of,
    class_of_words,
    kind_of,
    of_later_phase,
    reply_code_in,
    status_in,
)
from tracking.report_frame import Frame, addresses_of, gravest
from tracking.reports import HARD_CLASSES, WORDS_LIMIT, Class, Kind, Report, Verdict

_SUBJECT = re.compile(
    r"undeliver|undelivr|unzustellbar|delivery[ -](?:status|fail|problem|error|notif|report"
    r"|has failed|unsuccess|time|delay|exception)|returned (?:mail|e-?mail|message|to)"
    r"|failure (?:notice|delivery)|failed (?:mail|delivery|message)|non[- ]?(?:remis|deliver"
    r"|recapit|consegn)|mail (?:delivery|system|could not|failure|not delivered|undelivered"
    r"|error|status)|(?:could|can) ?not (?:be )?(?:deliver|send)|(?:message|mail"
    r"|e-?mail)(?: \S+){0,4} (?:rejected|bounced|delayed|not delivered|failed|refused"
    r"|returned)|bounced|delayed (?:mail|message)|warning: |there was an error sending"
    r"|error sending|not delivered|deliver(?:y|ed) (?:failure|failed|incomplete)"
    r"|nameserver error|non recapitabile|nicht zugestellt|zustellung|zustellungsproblem"
    r"|konnte nicht|échec|echec de|remise|no (?:se )?(?:entreg|puede|pudo)|não (?:entreg|foi)"
    r"|mancato recapito|mancata consegna|onbestelbaar|niet bezorgd|niedostarcz|nie można"
    r"|не ?достав|недоставк|配信|配送|送信|エラー|退信|无法投递"
    r"|teslim|leverans|oleverer|kan inte levereras"
    r"|ikke leveres|inte leverer|nedoruč|ei voitu toimittaa|toimitus epäonnistui|kézbesít"
    r"|배달되지|반송|전송 실패|未送[达達]|[无無]法传递|無法傳遞|投递失败",
    re.IGNORECASE,
)
_BODY = re.compile(
    r"(?:could|can|did|was|were|has|have|been|is|are|will|would)(?:n't"
    r"| ?not) (?:\w+ ){0,3}(?:delivered|be delivered|deliver|reach|sent|be sent)"
    r"|not(?: yet)? been delivered|unable to (?:deliver|send)|(?:wasn't|not) able to deliver"
    r"|deliver\w* (?:\w+ ){0,6}(?:failed|aborted|unsuccessful|delayed|problems?|error"
    r"|impossible)|failed (?:permanently|to deliver|recipients?)|(?:permanent|fatal|delivery"
    r"|transient|smtp) (?:\w+ ){0,2}(?:errors?|failure|problems?)|undeliver(?:able|ed)"
    r"|returned (?:to|mail|message|because|unsent)|did not receive|(?:user|recipient|mailbox"
    r"|address|account)(?:[ :]{1,2}[^\s:]{1,80}){0,3}[ :]{1,2}(?:unknown|is full|not found"
    r"|does not exist"
    r"|rejected|invalid)|unknown (?:user|recipient|address)|unknown user|invalid (?:user"
    r"|recipient|address)|delivery (?:failure|status|fail|error|report)|rejected (?:by|for"
    r"|your)|was rejected|\b[45]\d\d[ -](?:[45]\.\d{1,3}\.\d{1,3}|\S+)|trouble delivering"
    r"|mailbox is full|quota|(?:nicht|kein\w*) (?:\w+ ){0,4}(?:zugestellt|zustell|ausgeliefert"
    r"|übermittel)|n'a (?:pas )?(?:\w+ )?pu|pas (?:été )?(?:remis|distribu|délivr)"
    r"|no (?:se )?(?:ha )?(?:podido|pudo|puede)|non (?:è|e'|ha|può|recapit|consegn)"
    r"|não (?:pode|foi|pôde)|не (?:может|удалось|доставл)"
    r"|配信|届け|送信でき|存在し|できません|できなかった|无法"
    r"|niet (?:\w+ ){0,3}(?:bezorgd|afgeleverd)|nie (?:\w+ ){0,3}dostarcz"
    r"|levera\w* misslyckades|lever\w* mislykkedes|doruč\w* se nezdař|nelze doručit"
    r"|epäonnistui|kézbesítés nem sikerült|teslim \w*\s?ba\u015far\u0131s\u0131z"
    r"|배달하지 못|未能传递|[传傳][递遞].{0,20}失[败敗]",
    re.IGNORECASE,
)
_STRONG_BODY = re.compile(
    r"(?:could|can|was) ?not be delivered to|unable to deliver|could not (?:be )?deliver",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"(?:has been|is|was|been|delivery|delivery\)?|temporarily) delayed|delayed mail"
    r"|not yet been delivered|not been delivered yet|still being retried|will (?:be retried"
    r"|continue to (?:be )?(?:try|tried|made|attempt|retr)|keep trying|try again|retry)"
    r"|(?:attempts|delivery) will continue|warning message only|just a warning|advisory-only"
    r"|do not need to resend|no action is required|delivery status notification \(delay"
    r"|could not send message for past|has been postponed|(?:transient"
    r"|temporary) (?:\w+ )?(?:delivery )?(?:problem|warning)|queued for (?:later|retry)"
    r"|weitere (?:zustell)?versuche|wird (?:\w+ )?(?:erneut|weiter) versucht|verzögert"
    r"|retard[ée]|nouvelle tentative|retrasad|se (?:volver|reintentar)|ritardat|vertraag"
    r"|atrasad|задерж|遅延|再送を",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"giv(?:en|ing|e) up|gave up|permanent(?:ly)?|(?:not|n't) (?:going to )?try(?: \w+)? again"
    r"|no further|returned to sender|5\.\d\.\d|will not be|endgültig|définiti"
    r"|delivery has failed|failed permanently",
    re.IGNORECASE,
)
_QUOTED_REPLY = re.compile(r"(?<![\d.])[45]\d\d[ -]")
_FORWARDED = re.compile(r"\s*(?:re|aw|fwd?|wg|tr|rv|sv|vs|r|i|enc|odp)\s?:", re.IGNORECASE)


def notice_report(frame: Frame) -> Report | None:
    """A bounce in words."""
    taken = frame.taken
    failed = addresses_of(frame.header.first("x-failed-recipients"))
    if not failed and not _is_notice(frame):
        return None
    strong = failed or _STRONG_BODY.search(taken.notice[:2000])
    if not strong and report_automatic.is_challenge(frame.subject, taken.notice):
        return frame.report(Kind.CHALLENGE)
    named = frame.named
    addresses = failed or [each.address for each in named.values()]
    if not addresses:
        addresses = recipients_by_flufl(frame.from_field, frame.subject, taken.notice)
    delayed = _says_delayed(frame)
    verdicts = []
    for address in dict.fromkeys(addresses):
        known = named.get(address.lower())
        verdicts.append(_in_words(frame, address, known.words if known else "", delayed=delayed))
    if not verdicts:
        only = taken.original.to if len(taken.original.to) == 1 else ()
        verdicts = [_in_words(frame, address, "", delayed=delayed) for address in only]
    if not verdicts:
        return frame.report(Kind.DELAYED if delayed else Kind.SOFT)
    return frame.report(gravest(verdicts), verdicts)


def _is_notice(frame: Frame) -> bool:
    """Whether this is somebody's server that says that it could not deliver."""
    body = _BODY.search(frame.taken.notice[:6000])
    subject = _SUBJECT.search(frame.subject)
    if frame.robot or frame.taken.report_type == "delivery-status":
        return bool(subject or body)
    enclosed = frame.taken.original.message_id or frame.taken.returned
    if frame.automatic == "null reverse-path" and _STRONG_BODY.search(frame.taken.notice[:2000]):
        return bool(enclosed or subject)
    if _FORWARDED.match(frame.subject) or not subject or not body:
        return False
    return bool(frame.automatic or enclosed)


def _says_delayed(frame: Frame) -> bool:
    text = f"{frame.subject}\n{frame.taken.notice[:6000]}"
    return bool(_DELAYED.search(text)) and not _GIVEN_UP.search(text)


def _in_words(frame: Frame, address: str, words: str, *, delayed: bool) -> Verdict:
    notice = frame.taken.notice
    status = status_in(words) or status_in(notice)
    code = reply_code_in(words) or reply_code_in(notice)
    quoted = _QUOTED_REPLY.search(words)
    why = class_of(words[quoted.start() :] if quoted else words, status)
    if why is Class.OTHER and quoted:
        why = class_of(words, status)
    if why is Class.OTHER or (why is Class.SYSTEM and not class_of_words(words)):
        why = class_of(f"{frame.subject}\n{notice}", status)
    if why in HARD_CLASSES and of_later_phase(words) and not status.startswith("5.1."):
        why = Class.OTHER
    temporary = status.startswith("4") or (not status and code is not None and code < 500)
    kind = (
        Kind.DELAYED
        if delayed and (code is None or code < 500)
        else kind_of(why, temporary=temporary)
    )
    said = words or notice.strip()
    return Verdict(address, kind, why, status, code, said[:WORDS_LIMIT])
