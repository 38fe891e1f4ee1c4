/** Bodies and answers are the API's JSON, in its own names; the reference is at /v1/docs. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Metadata = { [name: string]: unknown };
export type Recipients = string | string[];

export interface Settings {
  apiKey: string | undefined;
  /** With or without `/v1`. Left out: http://127.0.0.1:8000 */
  baseUrl?: string;
  /** Milliseconds per request. */
  timeout?: number;
  /** How often what is safe to repeat is tried again. */
  retries?: number;
  fetch?: typeof fetch;
}

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

export interface Paging { limit?: number; offset?: number }
export interface CursorPaging extends Paging { cursor?: string }

export interface Inbox {
  id: string; email: string; canonicalEmail: string; username: string; domain: string; displayName: string;
  workspaceId: string; status: "active" | "paused"; reviewMode: "off" | "policy" | "required";
  trackOpens: boolean; trackClicks: boolean; holdSeconds: number; signature: string;
  addresses: { address: string; isPrimary: boolean }[];
  imap: { host: string; port: number; tls: boolean; username: string };
  smtp: { host: string; port: number; starttls: boolean; username: string };
  metadata: Metadata; createdAt: string; updatedAt: string;
}
/** The secrets are there when the inbox is new, and never again. */
export interface OpenedInbox extends Inbox { existed?: boolean; apiKey?: string; imapPassword?: string }
export interface NewInbox {
  username?: string; domain?: string; displayName?: string; workspaceId?: string; metadata?: Metadata;
  reviewMode?: Inbox["reviewMode"]; clientId?: string; strict?: boolean;
}
export type InboxPatch = Partial<Pick<Inbox,
  "displayName" | "metadata" | "status" | "reviewMode" | "trackOpens" | "trackClicks" | "holdSeconds" | "signature">>;

export interface Attachment {
  id: string; filename: string; contentType: string; sizeBytes: number; contentId: string; inline: boolean;
}
/** `content` is base64. */
export interface NewFile { filename: string; content: string; contentType?: string; contentId?: string; inline?: boolean }

export interface MessageItem {
  id: string; inboxId: string; threadId: string; direction: "inbound" | "outbound"; status: string;
  from: string; fromAddress: string; fromName: string; to: string; toAddresses: string[];
  cc: string[]; bcc: string[]; replyTo: string[]; subject: string; preview: string; isRead: boolean; labels: string[];
  messageIdHeader: string; inReplyTo: string; references: string[];
  receivedAt: string | null; sentAt: string | null; createdAt: string; size: number;
  authentication: { spf?: string | null; dkim?: string | null; dmarc?: string | null; arc?: string | null; aligned?: boolean | null; details?: Record<string, unknown> | null };
  isAutomated: boolean; warnings: string[]; metadata: Metadata; attachments: Attachment[];
  deliveries: { address: string; status: string; attempts: number; lastReply: string; nextAttemptAt: string | null }[];
}
export interface Message extends MessageItem { plainBody: string; htmlBody: string; replyText: string; visibleText: string }
export interface MessageFilter extends CursorPaging {
  direction?: "inbound" | "outbound"; threadId?: string; unread?: boolean; from?: string; to?: string;
  label?: string; since?: string | Date; until?: string | Date; q?: string;
}

export interface ThreadItem {
  id: string; threadId: string; inboxId: string; subject: string; status: "open" | "waiting" | "resolved";
  category: string; messageCount: number; unreadCount: number; participants: string[]; labels: string[];
  preview: string; lastMessageAt: string; createdAt: string;
}
/** The whole conversation, oldest message first. */
export interface Thread extends ThreadItem { messages: Message[] }
export interface ThreadFilter extends CursorPaging {
  status?: ThreadItem["status"]; label?: string; participant?: string; since?: string | Date; q?: string;
}

export interface MailFields {
  to?: Recipients; cc?: Recipients; bcc?: Recipients; replyTo?: Recipients; subject?: string;
  plainBody?: string; htmlBody?: string; headers?: { [name: string]: string }; metadata?: Metadata;
  category?: string; confidence?: number; sendAt?: string | Date; expiresIn?: number;
}
export interface Mail extends MailFields {
  attachments?: NewFile[]; agent?: { name: string; version?: string; model?: string }; prompt?: object[];
  verified?: boolean; clientId?: string;
}
export interface NewDraft extends Omit<Mail, "verified"> { replyToMessageId?: string; submit?: boolean }
export interface Draft {
  id: string; inboxId: string; threadId: string | null; to: string[]; cc: string[]; bcc: string[]; replyTo: string[];
  subject: string; plainBody: string; htmlBody: string; replyToMessageId: string | null; metadata: Metadata;
  category: string; confidence: number | null; agent: { [name: string]: string }; status: string;
  version: number; revision: number; stale: boolean; createdBy: string; decidedBy: string; decidedAt: string | null;
  feedback: string; holdUntil: string | null; sendAt: string | null; expiresIn: number | null; messageId: string | null;
  attachments: Attachment[]; createdAt: string; updatedAt: string;
}
export interface DraftFilter extends CursorPaging { status?: string; threadId?: string; category?: string }
/** `status` is `pending_review` where it waits for a person. */
export interface Outcome { id: string; threadId: string | null; status: string; messageId: string | null; draftId: string }

export interface NewWebhook { url: string; events: string[]; inboxId?: string; ordered?: boolean; includeSpam?: boolean }
/** The secret is there when the endpoint is new or its secret was changed, and never again. */
export interface Webhook {
  id: string; url: string; events: string[]; inboxId: string | null; isActive: boolean; secret?: string; createdAt: string;
}
export interface WebhookPatch { url?: string; events?: string[]; isActive?: boolean; ordered?: boolean; includeSpam?: boolean }

export interface Domain {
  status: "pending" | "verifying" | "verified" | "failed"; inboundEnabled: boolean; outboundEnabled: boolean;
  dnsRecords: { type: string; host: string; name: string; value: string; priority: number | null; purpose: string; status: string; found: unknown }[];
}

/** One event, flat. Which other fields there are depends on its type. */
export interface Event {
  event: string; eventId: string; createdAt: string; cursor: string;
  inboxId: string; messageId: string; threadId: string; draftId: string | null;
  subject?: string; plainBody?: string; htmlBody?: string; replyText?: string;
  [name: string]: unknown;
}

export class MailAgentError extends Error {
  /** 0 when no answer came; `code` is then UNREACHABLE. */
  status: number;
  code: string;
  details: { [name: string]: unknown };
  requestId: string | null;
}

/** The event in a POST that was signed with `secret` within the last five minutes; throws else. */
export function verify(
  body: string, headers: Headers | { [name: string]: string | string[] | undefined }, secret: string,
): Promise<Event>;

export interface Listening {
  eventTypes?: string[];
  /** UUIDs. */
  inboxIds?: string[];
  /** The `cursor` of the last event you had. */
  after?: string;
  signal?: AbortSignal;
}

export class MyAgentMail {
  constructor(settings: Settings);
  me(): Promise<{ [name: string]: Json }>;
  listen(wanted?: Listening): AsyncGenerator<Event>;
  request(method: string, path: string, body?: object, options?: DraftOptions): Promise<unknown>;
  inboxes: {
    create(inbox?: NewInbox, options?: Options): Promise<OpenedInbox>;
    list(filters?: Paging & { workspace?: string }): Pages<"inboxes", Inbox>;
    get(inboxId: string): Promise<Inbox>;
    update(inboxId: string, changed: InboxPatch): Promise<Inbox>;
    delete(inboxId: string): Promise<void>;
    addAddress(inboxId: string, address: string, options?: Options): Promise<Inbox>;
    removeAddress(inboxId: string, address: string): Promise<void>;
    newPassword(inboxId: string, options?: Options): Promise<{ [name: string]: Json }>;
  };
  messages: {
    list(inboxId: string, filters?: MessageFilter): Pages<"messages", MessageItem>;
    get(inboxId: string, messageId: string, params?: { markRead?: boolean }): Promise<Message>;
    update(inboxId: string, messageId: string, changed: { isRead?: boolean; addLabels?: string[]; removeLabels?: string[] }): Promise<Message>;
    delete(inboxId: string, messageId: string): Promise<void>;
    raw(inboxId: string, messageId: string): Promise<Uint8Array>;
    attachments(inboxId: string, messageId: string): Promise<{ attachments: Attachment[] }>;
    attachment(inboxId: string, messageId: string, attachmentId: string): Promise<Uint8Array>;
    threadList(inboxId: string, threadId: string): Promise<Thread>;
    send(inboxId: string, mail: Mail, options?: Options): Promise<Outcome>;
    reply(inboxId: string, messageId: string, mail: Mail, options?: Options): Promise<Outcome>;
    replyAll(inboxId: string, messageId: string, mail: Mail, options?: Options): Promise<Outcome>;
    forward(inboxId: string, messageId: string, mail: Mail, options?: Options): Promise<Outcome>;
  };
  threads: {
    list(inboxId: string, filters?: ThreadFilter): Pages<"threads", ThreadItem>;
    get(inboxId: string, threadId: string): Promise<Thread>;
    update(inboxId: string, threadId: string, changed: { status?: ThreadItem["status"]; category?: string; addLabels?: string[]; removeLabels?: string[] }): Promise<ThreadItem>;
  };
  drafts: {
    list(inboxId: string, filters?: DraftFilter): Pages<"drafts", Draft>;
    listAll(filters?: DraftFilter): Pages<"drafts", Draft>;
    create(inboxId: string, draft: NewDraft, options?: Options): Promise<Draft>;
    get(inboxId: string, draftId: string): Promise<Draft>;
    update(inboxId: string, draftId: string, changed: MailFields, options?: DraftOptions): Promise<Draft>;
    delete(inboxId: string, draftId: string, options?: DraftOptions): Promise<void>;
    submit(inboxId: string, draftId: string, options?: DraftOptions): Promise<Draft>;
    withdraw(inboxId: string, draftId: string, options?: DraftOptions): Promise<Draft>;
    send(inboxId: string, draftId: string, asking?: { force?: boolean; verified?: boolean }, options?: DraftOptions): Promise<Outcome>;
    attach(inboxId: string, draftId: string, file: NewFile, options?: DraftOptions): Promise<Draft>;
    detach(inboxId: string, draftId: string, fileId: string, options?: DraftOptions): Promise<void>;
    revisions(inboxId: string, draftId: string): Pages<"revisions", { [name: string]: Json }>;
    decisions(inboxId: string, draftId: string): Pages<"decisions", { [name: string]: Json }>;
  };
  webhooks: {
    create(webhook: NewWebhook, options?: Options): Promise<Webhook>;
    list(filters?: Paging): Pages<"webhooks", Webhook>;
    get(webhookId: string): Promise<Webhook>;
    update(webhookId: string, changed: WebhookPatch): Promise<Webhook>;
    delete(webhookId: string): Promise<void>;
    rotateSecret(webhookId: string, options?: Options): Promise<Webhook>;
    test(webhookId: string, options?: Options): Promise<{ [name: string]: Json }>;
    deliveries(webhookId: string, filters?: CursorPaging): Pages<"deliveries", { [name: string]: Json }>;
    redeliver(webhookId: string, deliveryId: string, options?: Options): Promise<{ [name: string]: Json }>;
    replay(webhookId: string, since: string | Date, options?: Options): Promise<{ [name: string]: Json }>;
  };
  domains: {
    create(domain: string, options?: Options): Promise<Domain>;
    list(filters?: Paging): Pages<"domains", Domain>;
    get(domain: string): Promise<Domain>;
    verify(domain: string, options?: Options): Promise<Domain>;
    zoneFile(domain: string): Promise<string>;
    delete(domain: string): Promise<void>;
  };
  events: {
    list(filters?: { after?: string; types?: string; inboxId?: string; limit?: number }): Pages<"events", Event>;
  };
}
