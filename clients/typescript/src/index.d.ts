/** Bodies and answers are the API's JSON, in its own names; the reference is at /v1/docs. */

import type { Event, Me, Metrics } from "./answers.js";
import type { MetricsFilter } from "./bodies.js";
import type {
  Contacts, Domains, DraftOptions, Drafts, Events, Inboxes, Keys, Lists, Messages, Suppressions, Threads, Webhooks,
  Workspaces,
} from "./groups.js";

export type * from "./answers.js";
export type * from "./bodies.js";
export type * from "./groups.js";

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

export interface Listening {
  eventTypes?: string[];
  /** UUIDs. */
  inboxIds?: string[];
  /** With what went to Junk. */
  includeSpam?: boolean;
  /** With opens and clicks that look like a proxy's or a scanner's. */
  includeMachines?: boolean;
  /** The `cursor` of the last event you had. */
  after?: string;
  signal?: AbortSignal;
}

export class MyAgentMail {
  constructor(settings: Settings);
  readonly contacts: Contacts;
  readonly domains: Domains;
  readonly drafts: Drafts;
  readonly events: Events;
  readonly inboxes: Inboxes;
  readonly keys: Keys;
  readonly lists: Lists;
  readonly messages: Messages;
  readonly suppressions: Suppressions;
  readonly threads: Threads;
  readonly webhooks: Webhooks;
  readonly workspaces: Workspaces;
  /** What this key is. */
  me(): Promise<Me>;
  /** Sent, received, bounced, complained, opened, clicked; and of review. */
  metrics(filters?: MetricsFilter): Promise<Metrics>;
  /** Each event, once, in order, as webhooks post it. */
  listen(wanted?: Listening): AsyncGenerator<Event>;
  /** Any other call of the API, by its method and its path below /v1/. */
  request(method: string, path: string, body?: object, options?: DraftOptions): Promise<unknown>;
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
