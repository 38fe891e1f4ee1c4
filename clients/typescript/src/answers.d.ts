/** What the API answers: its JSON, in its own names. The reference is at /v1/docs. */

export type Metadata = { [name: string]: unknown };
export type Permission = "read" | "draft" | "send" | "manage";
export type ReviewMode = "off" | "policy" | "required";

export interface InboxAddress { address: string; isPrimary: boolean }
export interface Imap { host: string; port: number; tls: boolean; username: string }
export interface Smtp { host: string; port: number; starttls: boolean; username: string }
export interface Inbox {
  id: string; email: string; canonicalEmail: string; username: string; domain: string; displayName: string;
  workspaceId: string; status: "active" | "paused"; reviewMode: ReviewMode; trackOpens: boolean;
  trackClicks: boolean; firstContactGuard: boolean; holdSeconds: number; signature: string;
  addresses: InboxAddress[]; imap: Imap | null; smtp: Smtp | null; metadata: Metadata; createdAt: string;
  updatedAt: string;
}
/** The secrets are there when the inbox is new, and never again. */
export interface OpenedInbox extends Inbox { existed?: boolean; apiKey?: string; imapPassword?: string }
/** For mail clients, shown this once. */
export interface Password { username: string; imapPassword: string }
/** A named group of addresses. */
export interface AddressList {
  id: string; inboxId: string; name: string; entryCount: number; createdAt: string;
}
export interface ListEntry { address: string; name: string; createdAt: string }
/** The entries that are new. */
export interface AddedEntries { entries: ListEntry[] }
export interface DnsRecord {
  type: string; host: string; name: string; value: string; priority: number | null; purpose: string;
  status: string; found: unknown;
}
/** A name of yours: what of it is enabled, and the records to publish. */
export interface DomainFacts {
  id: string; workspaceId: string; status: "pending" | "verifying" | "verified" | "failed";
  inboundEnabled: boolean; outboundEnabled: boolean; dnsRecords: DnsRecord[]; checkedAt: string | null;
  failingSince: string | null; createdAt: string;
}
export interface DomainItem extends DomainFacts { domain: string }
/** Flat, and wrapped in `domain` as well, where its name is. */
export interface Domain extends DomainFacts { domain: DomainItem }
export interface ClaimedDomain extends Domain { existed: boolean }
export interface Workspace { id: string; name: string; automaticSending: boolean; createdAt: string }
/** A key, without the key itself. */
export interface Key {
  id: string; kind: string; name: string; hint: string; permissions: Permission[]; workspaceId: string;
  inboxId: string | null; createdBy: string; createdAt: string; expiresAt: string | null;
  revokedAt: string | null; lastUsedAt: string | null;
}
/** `key` is shown this once. */
export interface IssuedKey extends Key { key: string }
/** What the key is. */
export interface Me {
  id: string; kind: "installation" | "workspace" | "inbox"; name: string; permissions: Permission[];
  workspaceId: string | null; inboxId: string | null; email: string | null; createdAt: string;
  expiresAt: string | null; lastUsedAt: string | null;
}

export interface Attachment {
  id: string; filename: string; contentType: string; sizeBytes: number; contentId: string; inline: boolean;
}
export interface Delivery {
  address: string; status: string; attempts: number; lastReply: string; nextAttemptAt: string | null;
}
export interface SpfDetails { domain: string; scope: string; reason: string }
/** One signature. */
export interface DkimDetails {
  result: string; domain: string; selector: string; algorithm: string; reason: string; partial: boolean;
}
export interface ArcDetails { sealers: string[]; reason: string }
export interface DmarcDetails {
  domain: string; policyDomain: string; disposition: string; alignedBy: string; reason: string;
}
/** How the results came about, for people. */
export interface AuthenticationDetails {
  spf: SpfDetails; dkim: DkimDetails[]; arc: ArcDetails; dmarc: DmarcDetails;
}
/** As far as it was known when the message came; null where it was not evaluated. */
export interface AuthenticationOfEvent {
  spf: string | null; dkim: string | null; dmarc: string | null; aligned: boolean | null;
}
export interface Authentication extends AuthenticationOfEvent {
  arc: string | null; details: AuthenticationDetails | null;
}
/** A message in a list: without bodies. */
export interface MessageItem {
  from: string; id: string; inboxId: string; threadId: string; direction: "inbound" | "outbound";
  status: string; fromAddress: string; fromName: string; to: string; toAddresses: string[]; cc: string[];
  bcc: string[]; replyTo: string[]; subject: string; preview: string; isRead: boolean; labels: string[];
  messageIdHeader: string; inReplyTo: string; references: string[]; receivedAt: string | null;
  sentAt: string | null; createdAt: string; size: number; authentication: Authentication;
  isAutomated: boolean; warnings: string[]; metadata: Metadata; attachments: Attachment[];
  deliveries: Delivery[];
}
export interface Message extends MessageItem {
  plainBody: string; htmlBody: string; replyText: string; visibleText: string;
}
/** A conversation in a list: without its messages. */
export interface ThreadItem {
  id: string; threadId: string; inboxId: string; subject: string; status: "open" | "waiting" | "resolved";
  category: string; messageCount: number; unreadCount: number; participants: string[]; labels: string[];
  preview: string; lastMessageAt: string; createdAt: string;
}
/** The whole conversation, oldest message first. */
export interface Thread extends ThreadItem { messages: Message[] }

export interface Draft {
  id: string; inboxId: string; threadId: string | null; to: string[]; cc: string[]; bcc: string[];
  replyTo: string[]; subject: string; plainBody: string; htmlBody: string;
  headers: { [name: string]: string }; replyToMessageId: string | null; metadata: Metadata;
  category: string; confidence: number | null; agent: { [name: string]: string }; status: string;
  version: number; revision: number; contentHash: string; stale: boolean; reviewReason: string;
  createdBy: string; decidedBy: string; decidedAt: string | null; feedback: string;
  holdUntil: string | null; sendAt: string | null; expiresIn: number | null; messageId: string | null; attachments: Attachment[];
  createdAt: string; updatedAt: string;
}
/** What became of asking to send; `pending_review` waits for a person. */
export interface Outcome {
  id: string; threadId: string | null; status: string; messageId: string | null; draftId: string;
}
/** What somebody wrote. `diff` is against its parent. */
export interface Revision {
  id: string; sequence: number; parentId: string | null; author: string; to: string[]; cc: string[];
  bcc: string[]; replyTo: string[]; subject: string; plainBody: string; htmlBody: string;
  htmlDerived: boolean; attachmentIds: string[]; contentHash: string; offered: boolean; diff?: string;
  createdAt: string;
}
/** What somebody decided, over which revision. */
export interface Decision {
  id: string; kind: "approve" | "reject" | "no_reply_needed" | "request_changes" | "undo";
  decidedBy: string; policyVersion: string; revision: number; contentHash: string;
  threadHeadId: string | null; reasons: string[]; words: string; readingSeconds: number | null;
  diff?: string; createdAt: string;
}

/** An address of yours that events are posted to. */
export interface Webhook {
  id: string; url: string; events: string[]; workspaceId: string; inboxId: string | null; ordered: boolean; includeSpam: boolean;
  isActive: boolean; disabledReason: string; failingSince: string | null; lastSuccessAt: string | null;
  createdAt: string; createdBy: string;
}
/** `secret` is shown this once. */
export interface WebhookWithSecret extends Webhook { secret: string }
export interface AttemptRequest { url: string; headers: { [name: string]: string } }
export interface AttemptResponse { status: number; headers: { [name: string]: string }; body: string }
/** One request to an endpoint, and what came back. */
export interface Attempt {
  startedAt: string; milliseconds: number; request: AttemptRequest; response: AttemptResponse | null;
  error: string;
}
/** One event for one endpoint. */
export interface WebhookDelivery {
  id: string; webhookId: string; event: string; eventId: string;
  status: "pending" | "sending" | "delivered" | "failed"; attempts: number; nextAttemptAt: string | null;
  createdAt: string; endedAt: string | null; lastAttempt: Attempt | null;
}
/** With what was posted, and every attempt. */
export interface WholeDelivery extends WebhookDelivery { body: string; attemptLog: Attempt[] }
/** How many were taken; `nextCursor` where there are more: ask again `after` it. */
export interface Replayed { replayed: number; nextCursor: string | null }
/** An address that is not written to, and why. */
export interface Suppression {
  id: string; workspaceId: string; address: string; reason: string; report: string; createdBy: string;
  createdAt: string; expiresAt: string | null;
}
/** What another server refused. `hard`: the address is dead. */
export interface Bounce {
  at: string; kind: "hard" | "soft"; reason: string; status: string; code: number | null; reply: string;
  messageId: string; inboxId: string;
}
/** What the last automatic reply said; `backOn` is a date. */
export interface OutOfOffice {
  backOn: string | null; writeTo: string[]; words: string; toldAt: string; messageId: string;
}
export interface ContactThread {
  threadId: string; inboxId: string; subject: string; status: string; lastMessageAt: string;
}
/** What is known of an address. */
export interface Contact {
  address: string; isSuppressed: boolean; suppressions: Suppression[]; lastBounce: Bounce | null;
  complaint: Suppression | null; outOfOffice: OutOfOffice | null; opens: number | null; received: number;
  sent: number; lastReceivedAt: string | null; lastSentAt: string | null; threads: ContactThread[];
}
/** Seconds from a draft to its decision. */
export interface Waiting { mean: number | null; median: number | null; p90: number | null }
export interface ReviewFigures {
  approved: number; rejected: number; changesRequested: number; noReplyNeeded: number; undone: number;
  automatic: number; editedShare: number | null; waitingSeconds: Waiting;
}
/** Messages by who it looks to have been that opened or clicked. */
export interface HitGrades { human: number; proxy: number; scanner: number }
export interface Metrics {
  from: string; to: string; sent: number; received: number; bounced: number; suppressed: number;
  complained: number; opened: number; clicked: number; openedBy: HitGrades; clickedBy: HitGrades;
  review: ReviewFigures;
}

/** One event, flat. Which other fields there are depends on its type. */
export interface Event {
  event: string; eventId: string; createdAt: string; cursor: string;
  inboxId: string; messageId: string; threadId: string; draftId: string | null;
  subject?: string; to?: string[]; timestamp?: string; plainBody?: string; htmlBody?: string; replyText?: string;
  attachments?: Attachment[]; truncated?: boolean; authentication?: AuthenticationOfEvent;
  labels?: string[]; warnings?: string[]; spam?: boolean;
  [name: string]: unknown;
}
