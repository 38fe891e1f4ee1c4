/* The queue's keys (j k Enter), where one was in it, and the words for new rows. */
"use strict";

(() => {
  const KEPT = "mailagent.queue";
  const rows = () => [...document.querySelectorAll("#rows .row")];
  const { typing, say } = window.mailagent;
  let chosen = "";

  const mark = () => rows().forEach((row) => row.classList.toggle("chosen", row.id === chosen));

  const choose = (row) => {
    if (!row) return;
    chosen = row.id;
    mark();
    row.querySelector(".cover").focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };

  const step = (by) => {
    const all = rows();
    const at = all.findIndex((row) => row.id === chosen);
    choose(all[at < 0 ? 0 : Math.max(0, Math.min(at + by, all.length - 1))]);
  };

  document.addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return;
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
  });

  // Coming back from a draft: on to the one after it.
  document.getElementById("rows").addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (!row) return;
    const all = rows().map((each) => each.id);
    const from = all.indexOf(row.id);
    sessionStorage.setItem(KEPT, JSON.stringify(all.slice(from).concat(all.slice(0, from).reverse())));
  });
  const kept = JSON.parse(sessionStorage.getItem(KEPT) || "[]");
  sessionStorage.removeItem(KEPT);
  choose(kept.map((id) => document.getElementById(id)).find(Boolean));

  document.addEventListener("htmx:afterSettle", (event) => {
    mark();
    const news = event.target.id === "news" && event.target.querySelector("[data-news]");
    if (!news) return;
    // An empty list is filled at once: nothing can move under the cursor there.
    if (!rows().length) news.click();
    say(news.dataset.news === "1" ? "1 new draft" : `${news.dataset.news} new drafts`);
  });
})();
