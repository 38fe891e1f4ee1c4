/* The queue's keys (j k Enter z u), countdowns, and the words for new rows. */
"use strict";

(() => {
  const rows = () => [...document.querySelectorAll("#rows .row")];
  let chosen = -1;

  const choose = (index) => {
    const all = rows();
    if (!all.length) return;
    chosen = Math.max(0, Math.min(index, all.length - 1));
    all.forEach((row, at) => row.classList.toggle("chosen", at === chosen));
    all[chosen].querySelector(".cover").focus({ preventScroll: true });
    all[chosen].scrollIntoView({ block: "nearest" });
  };

  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return;
    if (event.key === "j") choose(chosen + 1);
    else if (event.key === "k") choose(chosen - 1);
    else if (event.key === "/") { event.preventDefault(); document.getElementById("q")?.focus(); }
    else if (event.key === "z") document.querySelector("[data-key='z']")?.click();
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    const news = event.target.querySelector?.("[data-news]");
    if (news) {
      document.getElementById("status").textContent = `${news.dataset.news} new drafts`;
      // An empty list is filled at once: nothing can move under the cursor there.
      if (!rows().length) news.click();
    }
  });

  setInterval(() => {
    for (const element of document.querySelectorAll("[data-countdown]")) {
      const left = Math.ceil((Date.parse(element.dataset.countdown) - Date.now()) / 1000);
      element.textContent = left > 0 ? `leaves in ${left} s` : "leaving";
    }
  }, 500);
})();
