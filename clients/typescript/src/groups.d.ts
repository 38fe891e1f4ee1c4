/** The methods, by what they are about. */

import type * as told from "./answers.js";
import type * as given from "./bodies.js";

export interface Options {
  /** The same key with the same call answers what the first answered. */
  idempotencyKey?: string;
}
export interface DraftOptions extends Options {
  /** The version of the draft as you saw it. */
  ifMatch?: number;
}

export interface Pagination { total?: number; limit: number; offset?: number; nextCursor?: string | null }
export type Page<Plural extends string, Item> = { [name in Plural]: Item[] } & { pagination: Pagination };

/** `await` it for its first page, `for await` over it for the items of all pages. */
export interface Pages<Plural extends string, Item> extends PromiseLike<Page<Plural, Item>>, AsyncIterable<Item> {
  pages(): AsyncGenerator<Page<Plural, Item>>;
}

/** `inboxId` is the UUID or the address, everywhere. */
export interface Inboxes {
  create(inbox?: given.NewInbox, options?: Options): Promise<told.OpenedInbox>;
  list(filters?: given.InboxFilter): Pages<"inboxes", told.Inbox>;
  get(inboxId: string): Promise<told.Inbox>;
  update(inboxId: string, changed: given.InboxPatch): Promise<told.Inbox>;
  /** Reversible for 30 days. */
  delete(inboxId: string): Promise<void>;
  /** Take a deletion back, by the UUID. */
  restore(inboxId: string, options?: Options): Promise<told.Inbox>;
  addAddress(inboxId: string, address: given.NewAddress, options?: Options): Promise<told.Inbox>;
  removeAddress(inboxId: string, address: string): Promise<void>;
  newPassword(inboxId: string, options?: Options): Promise<told.Password>;
}

/** Named groups of addresses. */
export interface Lists {
  list(inboxId: string, paging?: given.Paging): Pages<"lists", told.AddressList>;
  create(inboxId: string, list: given.NewList, options?: Options): Promise<told.AddressList>;
  get(inboxId: string, listId: string): Promise<told.AddressList>;
  update(inboxId: string, listId: string, changed: given.ListPatch): Promise<told.AddressList>;
  delete(inboxId: string, listId: string): Promise<void>;
  entries(inboxId: string, listId: string, paging?: given.Paging): Pages<"entries", told.ListEntry>;
  add(inboxId: string, listId: string, added: given.NewEntries, options?: Options): Promise<told.AddedEntries>;
  remove(inboxId: string, listId: string, address: string): Promise<void>;
}

/** Your own names, and the records to publish for them. */
export interface Domains {
  create(domain: given.NewDomain, options?: Options): Promise<told.ClaimedDomain>;
  list(filters?: given.DomainFilter): Pages<"domains", told.DomainItem>;
  get(domain: string): Promise<told.Domain>;
  /** Look the records up now. */
  verify(domain: string, options?: Options): Promise<told.Domain>;
  /** New keys under new selectors, used once they are published. */
  rotateDkim(domain: string, options?: Options): Promise<told.Domain>;
  /** The records as BIND takes them. */
  zoneFile(domain: string): Promise<string>;
  delete(domain: string): Promise<void>;
}

/** Teams. A `tk_` key reaches all of them. */
export interface Workspaces {
  create(workspace: given.NewWorkspace, options?: Options): Promise<told.Workspace>;
  list(paging?: given.Paging): Pages<"workspaces", told.Workspace>;
  get(workspaceId: string): Promise<told.Workspace>;
  update(workspaceId: string, changed: given.WorkspacePatch): Promise<told.Workspace>;
  delete(workspaceId: string): Promise<void>;
}

/** Keys of the API. Rotating makes a new one beside the old, which ends after `overlapSeconds`. */
export interface Keys {
  ofInbox(inboxId: string, filters?: given.KeyFilter): Pages<"keys", told.Key>;
  createForInbox(inboxId: string, key: given.NewKey, options?: Options): Promise<told.IssuedKey>;
  getOfInbox(inboxId: string, keyId: string): Promise<told.Key>;
  rotateOfInbox(inboxId: string, keyId: string, rotation?: given.Rotation, options?: Options): Promise<told.IssuedKey>;
  revokeOfInbox(inboxId: string, keyId: string): Promise<void>;
  ofWorkspace(workspaceId: string, filters?: given.KeyFilter): Pages<"keys", told.Key>;
  createForWorkspace(workspaceId: string, key: given.NewKey, options?: Options): Promise<told.IssuedKey>;
  getOfWorkspace(workspaceId: string, keyId: string): Promise<told.Key>;
  rotateOfWorkspace(workspaceId: string, keyId: string, rotation?: given.Rotation, options?: Options): Promise<told.IssuedKey>;
  revokeOfWorkspace(workspaceId: string, keyId: string): Promise<void>;
}

/** Mail received and sent. */
export interface Messages {
  /** Newest first, without bodies. */
  list(inboxId: string, filters?: given.MessageFilter): Pages<"messages", told.MessageItem>;
  /** With bodies; marks it read unless told not to. */
  get(inboxId: string, messageId: string, params?: given.Reading): Promise<told.Message>;
  update(inboxId: string, messageId: string, changed: given.MessagePatch): Promise<told.Message>;
  /** To the trash; the thread keeps its history. */
  delete(inboxId: string, messageId: string): Promise<void>;
  /** The octets exactly as received or sent. */
  raw(inboxId: string, messageId: string): Promise<Uint8Array>;
  attachments(inboxId: string, messageId: string, paging?: given.Paging): Pages<"attachments", told.Attachment>;
  attachment(inboxId: string, messageId: string, attachmentId: string): Promise<Uint8Array>;
  /** The whole conversation, oldest message first. */
  threadList(inboxId: string, threadId: string): Promise<told.Thread>;
  send(inboxId: string, mail: given.Send, options?: Options): Promise<told.Outcome>;
  /** Recipients and subject are filled in. */
  reply(inboxId: string, messageId: string, mail: given.Mail, options?: Options): Promise<told.Outcome>;
  replyAll(inboxId: string, messageId: string, mail: given.Mail, options?: Options): Promise<told.Outcome>;
  /** A new thread, with the attachments. */
  forward(inboxId: string, messageId: string, mail: given.Send, options?: Options): Promise<told.Outcome>;
}

/** Conversations. */
export interface Threads {
  /** Newest activity first. */
  list(inboxId: string, filters?: given.ThreadFilter): Pages<"threads", told.ThreadItem>;
  /** The whole conversation, oldest message first. */
  get(inboxId: string, threadId: string): Promise<told.Thread>;
  update(inboxId: string, threadId: string, changed: given.ThreadPatch): Promise<told.ThreadItem>;
  /** What is in `threadIds` moves into this one. */
  merge(inboxId: string, threadId: string, merged: given.Merge, options?: Options): Promise<told.ThreadItem>;
  split(inboxId: string, threadId: string, where: given.Split, options?: Options): Promise<told.ThreadItem>;
}

/** What an agent proposes. */
export interface Drafts {
  /** Those that are open, unless `status` is given. */
  list(inboxId: string, filters?: given.DraftFilter): Pages<"drafts", told.Draft>;
  /** Of every inbox that the key reaches. */
  listAll(filters?: given.DraftFilter): Pages<"drafts", told.Draft>;
  /** It waits for review, unless `submit` is false. */
  create(inboxId: string, draft: given.NewDraft, options?: Options): Promise<told.Draft>;
  get(inboxId: string, draftId: string): Promise<told.Draft>;
  /** In whichever inbox. */
  find(draftId: string): Promise<told.Draft>;
  /** A new revision. */
  update(inboxId: string, draftId: string, changed: given.MailFields, options?: DraftOptions): Promise<told.Draft>;
  delete(inboxId: string, draftId: string, options?: DraftOptions): Promise<void>;
  submit(inboxId: string, draftId: string, options?: DraftOptions): Promise<told.Draft>;
  withdraw(inboxId: string, draftId: string, options?: DraftOptions): Promise<told.Draft>;
  /** Ask for it to leave. `status` is `pending_review` where review holds it. */
  send(inboxId: string, draftId: string, asking?: given.Asking, options?: DraftOptions): Promise<told.Outcome>;
  attach(inboxId: string, draftId: string, file: given.AddedFile, options?: DraftOptions): Promise<told.Draft>;
  detach(inboxId: string, draftId: string, fileId: string, options?: DraftOptions): Promise<void>;
  revisions(inboxId: string, draftId: string, paging?: given.Paging): Pages<"revisions", told.Revision>;
  decisions(inboxId: string, draftId: string, paging?: given.Paging): Pages<"decisions", told.Decision>;
}

/** The log, polled. To hear of events as they happen: `listen` of the client. */
export interface Events {
  list(filters?: given.EventFilter): Pages<"events", told.Event>;
}

/** Addresses of yours that events are posted to. See `verify`. */
export interface Webhooks {
  create(webhook: given.NewWebhook, options?: Options): Promise<told.WebhookWithSecret>;
  list(filters?: given.CursorPaging): Pages<"webhooks", told.Webhook>;
  get(webhookId: string): Promise<told.Webhook>;
  update(webhookId: string, changed: given.WebhookPatch): Promise<told.Webhook>;
  delete(webhookId: string): Promise<void>;
  /** Both secrets sign for 24 hours. */
  rotateSecret(webhookId: string, options?: Options): Promise<told.WebhookWithSecret>;
  test(webhookId: string, options?: Options): Promise<told.WebhookDelivery>;
  /** Newest first. */
  deliveries(webhookId: string, filters?: given.DeliveryFilter): Pages<"deliveries", told.WebhookDelivery>;
  delivery(webhookId: string, deliveryId: string): Promise<told.WholeDelivery>;
  redeliver(webhookId: string, deliveryId: string, options?: Options): Promise<told.WebhookDelivery>;
  /** Post again what happened `since` a moment, or `after` the `nextCursor` of a replay. */
  replay(webhookId: string, from: given.Replay, options?: Options): Promise<told.Replayed>;
}

/** Addresses that are not written to. */
export interface Suppressions {
  list(filters?: given.SuppressionFilter): Pages<"suppressions", told.Suppression>;
  create(suppression: given.NewSuppression, options?: Options): Promise<told.Suppression>;
  get(address: string, where?: given.InWorkspace): Promise<told.Suppression>;
  delete(address: string, where?: given.InWorkspace): Promise<void>;
}

/** What is known of an address. */
export interface Contacts {
  get(address: string): Promise<told.Contact>;
}
