/* What every page does: countdowns of holds, what needs scripts and what does without, `z` and `/`. */
"use strict";

(() => {
  document.querySelectorAll("[data-js-hide]").forEach((element) => { element.hidden = true; });

  const count = () => {
    for (const element of document.querySelectorAll("[data-countdown]")) {
      const left = Math.ceil((Date.parse(element.dataset.countdown) - Date.now()) / 1000);
      const words = left > 0 ? `leaves in ${left} s` : "leaving";
      if (element.textContent !== words) element.textContent = words;
      if (left <= 0) {
        // Too late to take back: the button goes; the next signal says what became of it.
        const undo = element.closest("form")?.querySelector("[data-key='z']");
        if (undo) undo.hidden = true;
      }
    }
  };
  count();
  setInterval(count, 250);
  document.addEventListener("htmx:afterSettle", count);

  window.mailagent = {
    typing: (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]"),
    say: (words) => { document.getElementById("status").textContent = words; },
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
    if (window.mailagent.typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "z") document.querySelector("[data-key='z']:not([hidden])")?.click();
    else if (event.key === "/" && document.getElementById("q")) {
      event.preventDefault();
      document.getElementById("q").focus();
    }
  });
})();
