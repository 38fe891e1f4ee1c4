/* The desk: autosave, lease, keys, reading time. The editor stands outside every swap target. */
"use strict";

(() => {
  const SAVE_AFTER_MS = 800;
  const TRY_AGAIN_MS = 5000;
  const form = document.getElementById("editor");
  const editor = document.getElementById("plain_body");
  const saved = document.getElementById("saved");
  const { typing } = window.mailagent;
  let open = !("closed" in form.dataset);
  let timer = null;
  let saving = null; // a promise while one is under way
  let dirty = false;
  let leased = false;
  let leaving = false;
  let seconds = 0;

  // --- Autosave --------------------------------------------------------------------------------

  // Only one at a time: each save names the text that the one before it left.
  const save = async () => {
    clearTimeout(timer);
    if (saving) await saving;
    if (!dirty || !open || leaving) return;
    dirty = false;
    saved.textContent = "Saving…";
    const values = Object.fromEntries(new FormData(form));
    saving = htmx.ajax("POST", form.dataset.autosave, { source: saved, target: saved, swap: "innerHTML", values })
      .catch(() => {});
    await saving;
    saving = null;
  };

  const failed = (words) => {
    dirty = true;
    saved.textContent = words;
    clearTimeout(timer);
    timer = setTimeout(save, TRY_AGAIN_MS);
  };
  saved.addEventListener("htmx:sendError", () => failed("Not saved: no answer. It is tried again."));
  saved.addEventListener("htmx:responseError", (event) => failed(event.detail.xhr.status === 401
    ? "Not saved: you are signed out. Sign in again in another tab." : "Not saved. It is tried again."));
  document.addEventListener("htmx:afterSwap", (event) => {
    const conflict = event.detail.target.id === "conflict-place" && document.getElementById("conflict");
    if (conflict) {
      open = false; // what was typed is in the panel; nothing more is saved from here
      saved.textContent = "Not saved";
      conflict.focus();
      return;
    }
    if (event.detail.target === saved) {
      if (saved.querySelector(".unsaved")) return;
      if (dirty) saved.textContent = "Not saved yet"; // typed on while it was being saved
      document.getElementById("goes-to")?.replaceChildren(document.getElementById("to").value || "nobody yet");
      const preview = document.querySelector("#preview[open] iframe");
      if (preview) preview.src = preview.getAttribute("src");
    }
  });

  const changed = () => {
    dirty = true;
    saved.textContent = "Not saved yet";
    if (!leased) {
      leased = true;
      htmx.ajax("POST", form.dataset.lease, { source: "#lease", target: "#lease", swap: "innerHTML", values: {} });
    }
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_AFTER_MS);
  };

  // --- Leaving ---------------------------------------------------------------------------------

  form.addEventListener("submit", async (event) => {
    document.getElementById("reading_seconds").value = String(seconds);
    const button = event.submitter;
    if (leaving) { event.preventDefault(); return; }
    if (button && "needsReason" in button.dataset && !reasoned()) {
      event.preventDefault();
      askReason();
      return;
    }
    if (!button?.hasAttribute("formaction")) { // save, without leaving
      event.preventDefault();
      save();
      return;
    }
    clearTimeout(timer);
    if (saving) {
      event.preventDefault();
      await saving;
      if (open) form.requestSubmit(button);
      return;
    }
    leaving = true; // what is typed goes along: the decision saves it
  });
  window.addEventListener("beforeunload", (event) => {
    if (dirty && open && !leaving) { save(); event.preventDefault(); }
  });
  // The choices of a conflict, undo and sign-out are pages of their own: typing ends with them.
  document.addEventListener("submit", (event) => { if (event.target !== form) leaving = true; });
  document.querySelector("[data-key='u']").addEventListener("click", async (event) => {
    if (!dirty && !saving) return;
    event.preventDefault();
    const to = event.currentTarget.href;
    await save();
    if (!dirty) location.assign(to);
  });
  window.addEventListener("pagehide", () => {
    if (!leased || leaving) return;
    const let_go = new FormData();
    let_go.set("release", "1");
    let_go.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    navigator.sendBeacon(form.dataset.lease, let_go);
  });
  window.addEventListener("pageshow", () => { leaving = false; });

  // Who else looks at it sees that this page is gone.
  const viewers = document.getElementById("viewers");
  window.addEventListener("pagehide", () => {
    const gone = new FormData();
    gone.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    navigator.sendBeacon(viewers.dataset.leave, gone);
  });

  // An offered text goes into the editor, where it is saved like what is typed.
  document.addEventListener("submit", (event) => {
    if (!open || !event.target.matches("[data-offer]")) return;
    event.preventDefault();
    event.stopPropagation();
    editor.value = event.target.elements.plain_body.value;
    changed();
    editor.focus();
  }, true);

  const reasoned = () => form.querySelector("[name=reasons]:checked") || form.elements.words.value.trim();
  const askReason = () => {
    const words = form.elements.words;
    document.getElementById("more").open = true;
    words.setCustomValidity("Choose a reason, or say why in a few words.");
    words.reportValidity();
    words.addEventListener("input", () => words.setCustomValidity(""), { once: true });
    form.querySelectorAll("[name=reasons]").forEach((box) =>
      box.addEventListener("change", () => words.setCustomValidity(""), { once: true }));
  };

  if (open) {
    form.addEventListener("input", (event) => {
      if (event.target.closest(".envelope") || event.target === editor) changed();
    });
    editor.addEventListener("blur", save);
    setInterval(() => { if (document.visibilityState === "visible") seconds += 1; }, 1000);
  }
  // Somebody else decided: the state above says who. What is typed stays, and is not saved any more.
  document.body.addEventListener("decided", () => {
    if (!open) return;
    open = false;
    editor.readOnly = true;
    form.querySelectorAll(".actions .button").forEach((button) => { button.disabled = true; });
    saved.textContent = dirty ? "Not saved: it has been decided" : "";
  });

  // --- Keys --------------------------------------------------------------------------------------

  const press = (key) => {
    const button = document.querySelector(`[data-key='${CSS.escape(key)}']`);
    if (!button || button.disabled || button.hidden) return false;
    if (button === editor) {
      editor.focus();
    } else if (button.tagName === "DETAILS") {
      button.open = !button.open;
      if (button.open) document.getElementById("words").focus();
    } else {
      button.click();
    }
    return true;
  };

  document.addEventListener("keydown", (event) => {
    if (typing(event.target)) {
      if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) { event.preventDefault(); press("a"); }
      return;
    }
    if (event.metaKey || event.ctrlKey || event.altKey || event.repeat) return;
    if (event.key === "q") {
      document.querySelectorAll(".talk .fold:not(.html)").forEach((fold) => { fold.open = !fold.open; });
    } else if (event.key !== "z" && press(event.key)) {
      event.preventDefault();
    }
  });
})();
