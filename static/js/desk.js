/* The desk: autosave, lease, keys, reading time. The editor stands outside every swap target. */
"use strict";

(() => {
  const SAVE_AFTER_MS = 800;
  const form = document.getElementById("editor");
  const editor = document.getElementById("plain_body");
  const saved = document.getElementById("saved");
  const status = document.getElementById("status");
  const open = form && !("closed" in form.dataset);
  let timer = null;
  let saving = Promise.resolve();
  let dirty = false;
  let leased = false;
  let seconds = 0;

  document.querySelectorAll("[data-js-hide]").forEach((element) => { element.hidden = true; });

  const save = () => {
    clearTimeout(timer);
    if (!dirty) return saving;
    dirty = false;
    saved.textContent = "Saving…";
    // htmx applies the answer: the saved sign, and the new version out of band.
    saving = htmx.ajax("POST", form.dataset.autosave, {
      source: "#saved", target: "#saved", swap: "innerHTML", values: Object.fromEntries(new FormData(form)),
    }).catch(() => { dirty = true; saved.textContent = "Not saved: no answer. It is tried again."; timer = setTimeout(save, 5000); });
    return saving;
  };

  const changed = () => {
    dirty = true;
    saved.textContent = "Not saved yet";
    if (!leased) {
      leased = true;
      htmx.ajax("POST", form.dataset.lease, { source: "#lease", target: "#lease", swap: "innerHTML" });
    }
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_AFTER_MS);
  };

  if (open) {
    form.addEventListener("input", (event) => {
      if (event.target.closest(".envelope") || event.target === editor) changed();
    });
    // Nothing is decided on a text that is still on its way to be saved.
    form.addEventListener("submit", async (event) => {
      document.getElementById("reading_seconds").value = String(seconds);
      if (!dirty) return;
      event.preventDefault();
      const button = event.submitter;
      await save();
      form.requestSubmit(button);
    });
    window.addEventListener("beforeunload", (event) => { if (dirty) { save(); event.preventDefault(); } });
    setInterval(() => { if (document.visibilityState === "visible") seconds += 1; }, 1000);
  }

  // A conflict takes the place of the saved sign's line: bring it into view.
  document.addEventListener("htmx:afterSettle", () => {
    const conflict = document.querySelector("#saved #conflict");
    if (conflict) {
      document.getElementById("state").replaceChildren(conflict);
      saved.textContent = "Not saved";
      conflict.focus();
    }
  });

  const press = (key) => {
    const button = document.querySelector(`[data-key='${key}']`);
    if (!button) return false;
    if (button.tagName === "TEXTAREA") button.focus();
    else if (button.tagName === "DETAILS") { button.open = !button.open; if (button.open) document.getElementById("words").focus(); }
    else button.click();
    return true;
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select");
    if (typing) {
      if (event.key === "Escape") event.target.blur();
      if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) { event.preventDefault(); press("a"); }
      return;
    }
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    if (press(event.key)) event.preventDefault();
    if (event.key === "q") document.querySelectorAll(".talk .fold:not(.html)").forEach((fold) => { fold.open = !fold.open; });
  });

  setInterval(() => {
    for (const element of document.querySelectorAll("[data-countdown]")) {
      const left = Math.ceil((Date.parse(element.dataset.countdown) - Date.now()) / 1000);
      element.textContent = left > 0 ? `Leaves in ${left} s` : "It is leaving";
    }
  }, 500);
  if (status && !open) status.textContent = "";
})();
