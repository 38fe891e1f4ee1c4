/* Live by signal, then fetch. The socket says only *what* changed; an element that cares names it in
   `data-live-on` (drafts, outbox, threads, pauses, draft:<id>, thread:<id>, message:<id>) and gets the event
   `refresh`, on which htmx fetches the fragment with the viewer's own rights. The page carries the
   place in the event log as of which it is true: the socket tells everything after it.
   `data-live-every="<ms>"` is refreshed now and then besides. Without a socket all are refreshed
   every 30 seconds, and the page says so; `data-live-single` are many, and left to those. */
"use strict";

(() => {
  const POLL_MS = 30000;
  const SETTLE_MS = 120;
  const LONGEST_PAUSE_MS = 15000;
  let cursor = document.body.dataset.cursor || "";
  let tries = 0;
  let poll = null;
  let leaving = false;
  let sign = null;
  const waiting = new Set();

  const names = (signal) => {
    const out = [];
    if (signal.draft_id) out.push("drafts", "outbox", `draft:${signal.draft_id}`);
    if (signal.message_id) out.push("outbox", `message:${signal.message_id}`);
    if (signal.event_type.startsWith("sending.")) out.push("pauses");
    if (signal.thread_id) out.push("threads", `thread:${signal.thread_id}`);
    return out;
  };

  const flush = () => {
    for (const element of waiting) {
      if (element.isConnected) element.dispatchEvent(new CustomEvent("refresh"));
    }
    waiting.clear();
  };

  const refresh = (elements) => {
    for (const element of elements) {
      if (waiting.size === 0) setTimeout(flush, SETTLE_MS);
      waiting.add(element);
    }
  };

  const concerned = (wanted) => [...document.querySelectorAll("[data-live-on]")].filter((element) =>
    element.dataset.liveOn.split(" ").some((name) => wanted.includes(name)));

  const everything = () => document.querySelectorAll(
    "[data-live-on]:not([data-live-single]), [data-live-every]");

  const show = (state, words) => {
    sign = { state, words };
    for (const element of document.querySelectorAll(".live")) {
      element.dataset.state = state;
      element.textContent = words;
    }
  };

  const startPolling = () => {
    show("polling", "Not live: checking every 30 s");
    if (poll === null) poll = setInterval(() => refresh(everything()), POLL_MS);
  };

  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const after = cursor ? `?after=${encodeURIComponent(cursor)}` : "";
    const socket = new WebSocket(`${scheme}//${location.host}/live${after}`);
    socket.onopen = () => {
      tries = 0;
      clearInterval(poll);
      poll = null;
      show("live", "Live");
    };
    socket.onmessage = (frame) => {
      const signal = JSON.parse(frame.data);
      if (signal.cursor) cursor = signal.cursor;
      if (signal.type === "changed") refresh(concerned(names(signal)));
      if (signal.type === "reset") refresh(everything());
    };
    socket.onclose = () => {
      if (leaving) return;
      tries += 1;
      startPolling();
      const pause = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** Math.min(tries, 5));
      setTimeout(connect, pause * (0.75 + Math.random() / 2));
    };
  };

  window.addEventListener("pagehide", () => { leaving = true; });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  if (document.querySelector(".live")) connect();

  let ticks = 0;
  setInterval(() => {
    ticks += 1;
    if (document.visibilityState !== "visible") return;
    refresh([...document.querySelectorAll("[data-live-every]")].filter(
      (element) => ticks % Math.max(1, Math.round(element.dataset.liveEvery / 5000)) === 0));
  }, 5000);

  // The token of now: signing in again, in another tab, has made a new one.
  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
    if (token) event.detail.headers["X-CSRFToken"] = token[1];
  });

  // What the reader has unfolded stays so when its part of the page is fetched anew.
  let unfolded = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    unfolded = [...event.detail.target.querySelectorAll("details[id]")].map((one) => [one.id, one.open]);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    for (const [id, open] of unfolded) {
      const details = document.getElementById(id);
      if (details && event.detail.target.contains(details)) details.open = open;
    }
    unfolded = [];
    if (sign) show(sign.state, sign.words);
  });
})();
