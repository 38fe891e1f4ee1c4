"""Writing drafts: create, revise, submit, withdraw, and taking what was offered."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Unpack
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.scope import Scope
from drafts import files
from drafts.bodies import bodies
from drafts.content import (
    Content,
    Given,
    addresses,
    check,
    content_hash,
    content_of,
    merge_patch,
)
from drafts.models import Draft
from drafts.record import (
    By,
    actor_of,
    add_revision,
    change,
    is_person,
    load,
    load_with_thread,
    lock_thread,
    note,
    require,
)
from drafts.refusals import DraftNotPending, InReview, NotTheAuthor, TooLate, VersionConflict
from drafts.replies import reply_fields
from drafts.sending import pull_back
from events.errors import Forbidden, Missing
from events.metadata import fitting
from events.models import EventType
from inboxes.addresses import Address, fold_address
from inboxes.models import Inbox, Message, Thread

Status = Draft.Status
# A draft that could not be sent is written anew, and is then to be decided anew.
REVISABLE = (*Draft.UNDECIDED, Status.SEND_FAILED)
_PLAIN_FIELDS = ("category", "confidence", "agent", "prompt", "send_at", "expires_in")


@transaction.atomic
def create(
    inbox: Inbox,
    *,
    by: By,
    reply_to_message: Message | None = None,
    to_everyone: bool = False,
    submit: bool = True,
    **given: Unpack[Given],
) -> Draft:
    """Propose a mail. A reply fills in what is left out: recipients and subject.

    There is one open draft per thread. Its own author's second create adds a revision to it while
    no person has edited it; so does a person's. Anybody else's is kept aside as an *offered*
    revision. Raises Invalid, Forbidden, Missing for a message of another inbox, TooLarge, and
    DraftNotPending when the open one has been decided on and not yet left.
    """
    if isinstance(by, Scope) and not _may_write(inbox, by):
        raise Forbidden("This needs the right to `draft` or `send` in this inbox.")
    if reply_to_message and reply_to_message.inbox_id != inbox.pk:
        raise Missing
    thread = lock_thread(reply_to_message.thread_id) if reply_to_message else None
    content = _new_content(reply_to_message, given, to_everyone=to_everyone)
    there = Draft.objects.open().filter(thread=thread).first() if thread else None
    if there is not None:
        return _create_again(load(there.pk), content, given, by=by, parent=reply_to_message)
    actor = actor_of(by)
    draft = Draft.objects.create(
        inbox=inbox,
        thread=thread,
        reply_to_message=reply_to_message,
        status=Status.PENDING if submit else Status.COMPOSING,
        created_by=actor,
        edited_by_person=is_person(actor),
        agent=given.get("agent") or _agent_of(by),
        category=given.get("category", ""),
        confidence=given.get("confidence"),
        metadata=fitting(given.get("metadata", {})),
        prompt=given.get("prompt", []),
        send_at=given.get("send_at"),
        expires_in=given.get("expires_in"),
        **_seen(thread, reply_to_message),
    )
    _add_first_or_next(draft, content, given, author=actor)
    draft = load(draft.pk)
    note(draft, "create", by=actor, event=EventType.DRAFT_CREATED)
    return draft


def _may_write(inbox: Inbox, by: Scope) -> bool:
    """Whoever may ask for a mail to leave may write it."""
    return any(by.reaches(inbox.workspace_id, inbox.pk, deed) for deed in ("draft", "send"))


def _agent_of(by: By) -> dict[str, Any]:
    return {"name": by.name} if isinstance(by, Scope) and by.key is not None else {}


def _seen(thread: Thread | None, parent: Message | None) -> dict[str, Any]:
    """What the author knew: a mail that came in after the one that is answered was not seen."""
    if thread is None or parent is None:
        return {"thread_head_id": None, "stale": False}
    newer = Message.objects.filter(
        thread=thread,
        direction=Message.Direction.INBOUND,
        created_at__gt=parent.created_at,
        is_automated=False,
        is_spam=False,
    ).exists()
    return {"thread_head_id": parent.pk if newer else thread.head_id, "stale": newer}


def _add_first_or_next(draft: Draft, content: Content, given: Given, *, author: str) -> None:
    file_ids = files.store(draft, given.get("files", ()), beside=())
    add_revision(draft, replace(content, file_ids=file_ids), author=author)


def _new_content(parent: Message | None, given: Given, *, to_everyone: bool) -> Content:
    plain_body, html_body, html_derived = bodies(given)
    content = Content(
        to=given.get("to", ()),
        cc=given.get("cc", ()),
        bcc=given.get("bcc", ()),
        reply_to=given.get("reply_to", ()),
        subject=given.get("subject", ""),
        plain_body=plain_body,
        html_body=html_body,
        html_derived=html_derived,
        headers=given.get("headers", {}),
    )
    if parent is not None:
        filled = reply_fields(parent, to_everyone=to_everyone)
        if "to" not in given:
            content = replace(content, to=filled.to)
            content = content if "cc" in given else replace(content, cc=filled.cc)
        if "subject" not in given:
            content = replace(content, subject=filled.subject)
        content = _with_names(content, [*filled.to, *filled.cc, *addresses(parent.to)])
    check(content)
    return content


def _with_names(content: Content, known: Iterable[Address]) -> Content:
    """Callers give plain addresses: put back the names that we know for them."""
    names = {fold_address(each.addr_spec): each.name for each in known if each.name}

    def named(given: tuple[Address, ...]) -> tuple[Address, ...]:
        return tuple(
            each if each.name else replace(each, name=names.get(fold_address(each.addr_spec), ""))
            for each in given
        )

    return replace(content, to=named(content.to), cc=named(content.cc), bcc=named(content.bcc))


def _create_again(
    draft: Draft, content: Content, given: Given, *, by: By, parent: Message | None
) -> Draft:
    """A second create on a thread that has an open draft; the thread is locked."""
    actor = actor_of(by)
    if draft.status not in REVISABLE:
        raise DraftNotPending(draft)
    own = draft.created_by == actor and not draft.edited_by_person
    if not own and not is_person(actor):
        return _offer(draft, content, given, by=actor)
    fields: dict[str, Any] = {name: given[name] for name in _PLAIN_FIELDS if name in given}  # type: ignore[literal-required]
    if "metadata" in given:
        fields["metadata"] = fitting(given["metadata"])
    fields |= _seen(draft.thread, parent) | _after_revision(draft, actor, rewritten=True)
    draft = change(draft, when=REVISABLE, reply_to_message=parent, **fields)
    _add_first_or_next(draft, content, given, author=actor)
    note(draft, "revise", by=actor, event=EventType.DRAFT_UPDATED)
    return draft


def _offer(draft: Draft, content: Content, given: Given, *, by: str) -> Draft:
    """Keep a revision aside. The draft itself, and its version, stay as they are."""
    held = Draft.objects.select_for_update(of=("self",)).get(pk=draft.pk)
    file_ids = files.store(held, given.get("files", ()), beside=())
    offered = add_revision(draft, replace(content, file_ids=file_ids), author=by, offered=True)
    note(draft, "offer", by=by, event=EventType.DRAFT_UPDATED, offered_revision=offered.sequence)
    return draft


def _after_revision(draft: Draft, actor: str, *, rewritten: bool) -> dict[str, Any]:
    """The fields that follow from a new revision."""
    fields: dict[str, Any] = {}
    if is_person(actor):
        fields["edited_by_person"] = True
    if rewritten and draft.status in (Status.CHANGES_REQUESTED, Status.SEND_FAILED):
        # `reviewer` stays: it goes back to the same person first.
        fields |= {"status": Status.PENDING, "decided_by": "", "decided_at": None}
        fields |= {"hold_until": None, "message": None}
    return fields


@transaction.atomic
def revise(draft: Draft, *, by: By, changes: Given, version: int | None) -> Draft:
    """Change an open draft; a change of what it says is a new revision.

    A body that is given alone replaces the other one, derived. Who names the present `version` has
    seen the draft as it is: it is stale no longer. Raises VersionConflict, DraftNotPending,
    InReview for an agent once a person has edited, Invalid, TooLarge, Forbidden.
    """
    require(by, draft, "draft")
    actor = actor_of(by)
    present = load_with_thread(draft.pk)
    _refuse_revision(present, actor, version)
    before = content_of(present.revision) if present.revision else Content()
    after = _changed(before, changes)
    new_files = files.store(present, changes.get("files", ()), beside=after.file_ids)
    after = replace(after, file_ids=(*after.file_ids, *new_files))
    check(after)
    rewritten = content_hash(after) != content_hash(before)
    fields = _changed_fields(present, changes)
    if not rewritten and not fields:
        return present
    fields |= _after_revision(present, actor, rewritten=rewritten)
    if version is not None and rewritten and present.thread is not None:
        fields |= {"stale": False, "thread_head_id": present.thread.head_id}
    revised = change(present, when=REVISABLE, version=present.version, **fields)
    if rewritten:
        add_revision(revised, after, author=actor)
    note(revised, "revise", by=actor, event=EventType.DRAFT_UPDATED)
    return load(revised.pk)


def _refuse_revision(present: Draft, actor: str, version: int | None) -> None:
    if present.status not in REVISABLE:
        raise DraftNotPending(present)
    if version is not None and version != present.version:
        raise VersionConflict(present)
    if present.edited_by_person and not is_person(actor):
        raise InReview(present)


def _changed(before: Content, changes: Given) -> Content:
    names = ("to", "cc", "bcc", "reply_to", "subject", "headers", "file_ids")
    after = replace(before, **{name: changes[name] for name in names if name in changes})  # type: ignore[literal-required]
    after = _with_names(after, before.recipients)
    if "plain_body" not in changes and "html_body" not in changes:
        return after
    unchanged_html = changes.get("html_body", before.html_body) == before.html_body
    if "plain_body" in changes and changes["plain_body"] == before.plain_body and unchanged_html:
        return after
    plain_body, html_body, html_derived = bodies(changes)
    return replace(after, plain_body=plain_body, html_body=html_body, html_derived=html_derived)


def _changed_fields(present: Draft, changes: Given) -> dict[str, Any]:
    """The draft's own fields that the changes touch; not those that are as they were."""
    fields: dict[str, Any] = {name: changes[name] for name in _PLAIN_FIELDS if name in changes}  # type: ignore[literal-required]
    if "metadata" in changes:
        fields["metadata"] = fitting(merge_patch(present.metadata, changes["metadata"]))
    return {name: value for name, value in fields.items() if getattr(present, name) != value}


@transaction.atomic
def take_offer(draft: Draft, *, by: By, sequence: int, version: int | None) -> Draft:
    """Make an offered revision's words the ones that count, as a new revision by the taker.

    Raises Missing when there is no such offer, and what `revise` raises.
    """
    offered = draft.revisions.filter(sequence=sequence, offered=True).first()
    if offered is None:
        raise Missing
    content = content_of(offered)
    changes = Given(
        to=content.to,
        cc=content.cc,
        bcc=content.bcc,
        reply_to=content.reply_to,
        subject=content.subject,
        plain_body=content.plain_body,
        html_body=content.html_body,
        headers=dict(content.headers),
        file_ids=content.file_ids,
    )
    return revise(draft, by=by, changes=changes, version=version)


@transaction.atomic
def submit(draft: Draft, *, by: By, version: int | None = None) -> Draft:
    """Say that it is ready: composing → pending. Raises DraftNotPending, VersionConflict."""
    require(by, draft, "draft")
    submitted = change(draft, when=[Status.COMPOSING], version=version, status=Status.PENDING)
    note(submitted, "submit", by=actor_of(by), event=EventType.DRAFT_UPDATED)
    return submitted


@transaction.atomic
def withdraw(draft: Draft, *, by: By, version: int | None = None) -> Draft:
    """Take it back before a person decided. Only its author may, and not out of a person's hands.
    What a policy let go is stopped while it is held or scheduled: sent or withdrawn, never both.

    Raises NotTheAuthor, InReview, DraftNotPending, VersionConflict, TooLate.
    """
    require(by, draft, "draft")
    actor = actor_of(by)
    present = load_with_thread(draft.pk)
    if actor != present.created_by and not is_person(actor):
        raise NotTheAuthor("Only the one who created a draft can withdraw it.")
    now = timezone.now()
    if present.status in Draft.UNDECIDED and _in_other_hands(present, actor, now):
        raise InReview(present)
    closed: dict[str, Any] = {"status": Status.WITHDRAWN, "decided_by": actor, "decided_at": now}
    if present.status == Status.APPROVED and present.decided_by.startswith("policy:"):
        if version is not None and version != present.version:
            raise VersionConflict(present)
        stopped = pull_back(present, present.thread, **closed)
        if stopped is None:
            raise TooLate(load(draft.pk))
        withdrawn = stopped
    else:
        closed |= {"lease_holder": None, "lease_until": None}
        seen = present.version if version is None else version
        withdrawn = change(present, when=Draft.UNDECIDED, version=seen, **closed)
    note(withdrawn, "withdraw", by=actor, event=EventType.DRAFT_UPDATED)
    return withdrawn


def _in_other_hands(draft: Draft, actor: str, now: Any) -> bool:
    holder = draft.lease_holder
    held = holder is not None and draft.lease_until is not None and draft.lease_until > now
    return held and holder is not None and holder.actor != actor


@transaction.atomic
def remove_file(draft: Draft, *, by: By, file_id: UUID, version: int | None) -> Draft:
    """Leave a file out of the next revision. Raises Missing, and what `revise` raises."""
    present = load(draft.pk)
    file_ids = tuple(present.revision.file_ids) if present.revision else ()
    if file_id not in file_ids:
        raise Missing
    kept = tuple(each for each in file_ids if each != file_id)
    return revise(present, by=by, changes=Given(file_ids=kept), version=version)
