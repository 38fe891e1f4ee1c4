/** What the API takes. Left out is left alone. */

import type { Metadata, Permission, ReviewMode } from "./answers.js";

export type Recipients = string | string[];

/** A file in a JSON body, in the wire's words. `content` is base64. */
export interface NewFile {
  filename: string; contentType?: string; content: string; contentId?: string; inline?: boolean;
}
export interface AddedFile extends NewFile { clientId?: string }
/** Who wrote a draft. */
export interface Agent { name: string; version?: string; model?: string }
/** `strict`: a name of somebody else's is refused, instead of another one taken. */
export interface NewInbox {
  username?: string; domain?: string; displayName?: string; workspaceId?: string; metadata?: Metadata;
  reviewMode?: ReviewMode; clientId?: string;
  strict?: boolean;
}
export interface InboxPatch {
  displayName?: string; metadata?: Metadata; status?: "active" | "paused"; reviewMode?: ReviewMode;
  trackOpens?: boolean; trackClicks?: boolean; holdSeconds?: number; signature?: string;
  firstContactGuard?: boolean;
}
export interface NewAddress { address: string; primary?: boolean; clientId?: string }
export interface MailFields {
  to?: Recipients | null; cc?: Recipients | null; bcc?: Recipients | null; replyTo?: Recipients | null;
  subject?: string | null; plainBody?: string | null; htmlBody?: string | null;
  headers?: { [name: string]: string } | null; metadata?: Metadata | null; category?: string | null;
  confidence?: number | null; sendAt?: string | Date | null; expiresIn?: number | null;
}
export interface NewMail extends MailFields {
  attachments?: NewFile[]; agent?: Agent; prompt?: Metadata[]; clientId?: string;
}
/** A mail to send, or the parts of a reply that are not to be filled in. */
export interface Mail extends NewMail { verified?: boolean }
export interface NewDraft extends NewMail { replyToMessageId?: string; submit?: boolean }
export interface Asking { force?: boolean; verified?: boolean }
export interface Paging { limit?: number; offset?: number }
export interface CursorPaging extends Paging { cursor?: string }
export interface MessageFilter extends CursorPaging {
  direction?: "inbound" | "outbound"; threadId?: string; unread?: boolean; from?: string; to?: string;
  label?: string; since?: string | Date; until?: string | Date; q?: string;
  includeSpam?: boolean;
}
export interface MessagePatch { isRead?: boolean; addLabels?: string[]; removeLabels?: string[] }
/** One of the two: what follows a message becomes a thread, or a merge is undone. */
export interface Split { fromMessageId?: string; threadId?: string }
export interface ThreadFilter extends CursorPaging {
  status?: "open" | "waiting" | "resolved"; category?: string; label?: string; participant?: string;
  since?: string | Date; q?: string;
}
export interface ThreadPatch {
  status?: "open" | "waiting" | "resolved"; category?: string; addLabels?: string[];
  removeLabels?: string[];
}
export interface DraftFilter extends CursorPaging { status?: string; threadId?: string; category?: string }
export interface EventFilter {
  after?: string; types?: string[]; inboxId?: string; limit?: number; includeSpam?: boolean;
  includeMachines?: boolean;
}
export interface NewWebhook {
  workspaceId?: string; url: string; events: string[]; inboxId?: string; ordered?: boolean; includeSpam?: boolean;
  clientId?: string;
}
export interface WebhookPatch { url?: string; events?: string[]; isActive?: boolean; ordered?: boolean; includeSpam?: boolean }
export interface NewKey {
  name: string; permissions?: Permission[]; expiresAt?: string | Date; clientId?: string;
}
export interface KeyFilter extends Paging { state?: string }
export interface Rotation { overlapSeconds?: number }
export interface DeliveryFilter extends CursorPaging {
  status?: "pending" | "sending" | "delivered" | "failed";
}
export interface Replay { since?: string | Date; after?: string }
export interface NewDomain { domain: string; workspaceId?: string; clientId?: string }
export interface DomainFilter extends Paging { workspace?: string }
export interface WorkspacePatch { name?: string; automaticSending?: boolean }
export interface NewWorkspace { name: string; automaticSending?: boolean; clientId?: string }
/** The UUID of a workspace, for keys that reach several. */
export interface InWorkspace { workspace?: string }
export interface SuppressionFilter extends Paging {
  workspace?: string; address?: string; reason?: "manual" | "bounce" | "complaint" | "unsubscribe";
}
export interface NewSuppression {
  address: string; reason?: "manual" | "bounce" | "complaint" | "unsubscribe"; report?: string;
  expiresAt?: string | Date | null; workspaceId?: string; clientId?: string;
}
export interface MetricsFilter {
  from?: string | Date; to?: string | Date; workspace?: string; inbox?: string;
}
/** A mail that starts a conversation: it says to whom. */
export interface Send extends NewMail { to: Recipients; verified?: boolean }
export interface NewList { name: string; clientId?: string }
export interface ListPatch { name: string }
export interface NewEntries { addresses: string[]; clientId?: string }
export interface Merge { threadIds: string[] }
export interface Reading { markRead?: boolean }
export interface InboxFilter extends Paging { workspace?: string }
