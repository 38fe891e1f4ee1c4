/* Live by signal, then fetch. The socket says only *what* changed; an element that cares names it in
   `data-live-on` (drafts, outbox, threads, draft:<id>, thread:<id>, message:<id>) and gets the event
   `refresh`, on which htmx fetches the fragment with the viewer's own rights.
   Without a socket the same elements are refreshed every 30 seconds, and the page says so. */
"use strict";

(() => {
  const POLL_MS = 30000;
  const SETTLE_MS = 120;
  let cursor = "";
  let tries = 0;
  let poll = null;
  const waiting = new Set();

  const names = (signal) => {
    const out = [];
    if (signal.draft_id) out.push("drafts", "outbox", `draft:${signal.draft_id}`);
    if (signal.message_id) out.push("outbox", `message:${signal.message_id}`);
    if (signal.thread_id) out.push("threads", `thread:${signal.thread_id}`);
    return out;
  };

  const flush = () => {
    for (const element of waiting) {
      if (element.isConnected) element.dispatchEvent(new CustomEvent("refresh"));
    }
    waiting.clear();
  };

  const refresh = (wanted) => {
    for (const element of document.querySelectorAll("[data-live-on]")) {
      const on = element.dataset.liveOn.split(" ");
      if (wanted === null || on.some((name) => wanted.includes(name))) {
        if (waiting.size === 0) setTimeout(flush, SETTLE_MS);
        waiting.add(element);
      }
    }
  };

  const show = (state, words) => {
    for (const element of document.querySelectorAll(".live")) {
      element.dataset.state = state;
      element.textContent = words;
    }
  };

  const startPolling = () => {
    show("polling", "Not live: checking every 30 s");
    if (poll === null) poll = setInterval(() => refresh(null), POLL_MS);
  };

  const stopPolling = () => {
    clearInterval(poll);
    poll = null;
  };

  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const after = cursor ? `?after=${encodeURIComponent(cursor)}` : "";
    const socket = new WebSocket(`${scheme}//${location.host}/live${after}`);
    socket.onopen = () => {
      tries = 0;
      stopPolling();
      show("live", "Live");
      refresh(null); // what happened since the page was made, or while we were away
    };
    socket.onmessage = (frame) => {
      const signal = JSON.parse(frame.data);
      if (signal.cursor) cursor = signal.cursor;
      if (signal.type === "changed") refresh(names(signal));
      if (signal.type === "reset") refresh(null);
    };
    socket.onclose = () => {
      tries += 1;
      startPolling();
      const pause = Math.min(15000, 500 * 2 ** Math.min(tries, 5));
      setTimeout(connect, pause * (0.75 + Math.random() / 2));
    };
  };

  document.addEventListener("DOMContentLoaded", () => {
    if (document.querySelector("[data-live-on]") || document.querySelector(".live")) connect();
  });
  // Fragments that arrive later carry a fresh sign too.
  document.addEventListener("htmx:afterSettle", () => {
    if (poll === null && tries === 0) show("live", "Live");
  });
})();
