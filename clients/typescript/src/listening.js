/** Hearing of events: over a WebSocket where there is one, else by asking again and again. */

import { MailAgentError, jitter, sleep } from "./http.js";

const NO_LONGER_WELCOME = 4001;
const REMEMBERED = 1024; // event ids; at the seam of a reconnect an event may come twice
const POLL_EVERY = 1000; // milliseconds

/** Each event, once, in order, as webhooks post it. Goes on until `signal` says so. */
export async function* listen(http, wanted = {}) {
  const { eventTypes = [], inboxIds = [], includeSpam = false, includeMachines = false, after, signal } = wanted;
  const state = {
    eventTypes, inboxIds, includeSpam, includeMachines, cursor: after, seen: new Set(), failures: 0, signal,
  };
  const source = globalThis.WebSocket ? overSocket : byAsking;
  for await (const event of source(http, state)) {
    if (state.seen.has(event.eventId)) continue;
    state.seen.add(event.eventId);
    if (state.seen.size > REMEMBERED) state.seen.delete(state.seen.values().next().value);
    yield event;
  }
}

async function* byAsking(http, state) {
  // Without a cursor of the caller's: from now on.
  state.cursor ??= await endOfLog(http);
  while (!state.signal?.aborted) {
    const { events, pagination } = await page(http, state);
    for (const event of events) {
      if (!state.inboxIds.length || state.inboxIds.includes(event.inboxId)) yield event;
      state.cursor = event.cursor;
    }
    state.cursor = pagination.nextCursor;
    if (events.length < pagination.limit) await sleep(POLL_EVERY);
  }
}

const page = (http, { cursor, eventTypes, inboxIds, includeSpam, includeMachines }) => http.get("events", {
  after: cursor,
  types: eventTypes.length ? eventTypes.join(",") : undefined,
  inboxId: inboxIds.length === 1 ? inboxIds[0] : undefined,
  includeSpam,
  includeMachines,
  limit: 200,
});

const endOfLog = async (http) => {
  // The cursor after the last of a rare type is the end of the log, and little is read for it.
  const rare = { types: "webhook.disabled", limit: 200 };
  let after;
  for await (const { pagination } of http.pages("events", "events", rare, "after").pages()) {
    after = pagination.nextCursor;
  }
  return after;
};

async function* overSocket(http, state) {
  while (!state.signal?.aborted) {
    yield* frames(http, state);
    if (state.signal?.aborted) return;
    await sleep(jitter(state.failures));
    state.failures += 1;
    await askWhetherWelcome(http);
  }
}

/** Throws where the key is refused: a WebSocket does not tell why it was not opened. */
const askWhetherWelcome = (http) => http.get("me").catch((error) => {
  if ([401, 403].includes(error.status)) throw error;
});

/** The events of one connection, until it is lost. */
async function* frames(http, state) {
  // The WebSocket of browsers takes no headers.
  const url = `${http.root.replace(/^http/, "ws")}/v1/ws?api_key=${encodeURIComponent(http.apiKey)}`;
  const socket = new WebSocket(url);
  const arrived = [];
  let wake = () => {};
  let closed = null;
  const on = (name, deed) => socket.addEventListener(name, (event) => { deed(event); wake(); });
  on("open", () => socket.send(JSON.stringify({
    type: "subscribe", event_types: state.eventTypes, inbox_ids: state.inboxIds, include_spam: state.includeSpam,
    include_machines: state.includeMachines,
    ...(state.cursor ? { after: state.cursor } : {}),
  })));
  on("message", (event) => arrived.push(JSON.parse(event.data)));
  on("error", () => { closed ??= 1006; });
  on("close", (event) => { closed = event.code; });
  const stop = () => { closed ??= 1000; wake(); };
  state.signal?.addEventListener("abort", stop);
  try {
    while (arrived.length || closed === null) {
      while (arrived.length) {
        const event = take(arrived.shift(), state);
        if (event) yield event;
      }
      if (closed === null) await new Promise((resolve) => { wake = resolve; });
    }
  } finally {
    state.signal?.removeEventListener("abort", stop);
    socket.close();
  }
  if (closed === NO_LONGER_WELCOME) {
    throw new MailAgentError("This API key is revoked or expired.", { status: 401, code: "UNAUTHENTICATED" });
  }
}

const take = (frame, state) => {
  if (frame.type === "error") throw new MailAgentError(frame.message, { status: 400, code: frame.code });
  if (frame.type === "reset") {
    throw new MailAgentError("The cursor is older than the event log.", { status: 409, code: "CURSOR_EXPIRED" });
  }
  state.failures = 0;
  // A subscription and each ping say how far the log has been read for us.
  state.cursor = frame.cursor ?? state.cursor;
  return frame.type === "event" ? flat(frame) : null;
};

const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

const renamed = (value) => (value === null || typeof value !== "object" ? value
  : Array.isArray(value) ? value.map(renamed)
    : Object.fromEntries(Object.entries(value).map(([name, inner]) => [camel(name), renamed(inner)])));

/** A frame as webhooks post it. */
const flat = (frame) => {
  const facts = frame[frame.event_type.split(".")[0]] ?? {};
  const { metadata, ...named } = facts; // the names inside metadata are yours
  return {
    inboxId: null, messageId: null, threadId: frame.thread?.thread_id ?? null, draftId: null,
    ...renamed(named), ...(metadata === undefined ? {} : { metadata }),
    event: frame.event_type, eventId: frame.event_id, createdAt: frame.created_at, cursor: frame.cursor,
  };
};
