/* The reference: finding an operation, and sending it. The key is kept in this page's memory only. */
"use strict";

(() => {
  const key = document.getElementById("key");

  const find = document.getElementById("find");
  find.addEventListener("input", () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const chapter of document.querySelectorAll("[data-chapter]")) {
      let shown = 0;
      for (const item of chapter.querySelectorAll("[data-find]")) {
        const text = item.dataset.find.toLowerCase();
        item.hidden = !words.every((word) => text.includes(word));
        shown += item.hidden ? 0 : 1;
      }
      chapter.hidden = shown === 0;
    }
  });

  document.getElementById("key-form").addEventListener("submit", (event) => event.preventDefault());

  /** What a form asks for: the URL and the request. */
  const asked = (form) => {
    let path = form.dataset.path;
    const query = new URLSearchParams();
    const headers = { Accept: "*/*" };
    let body;
    for (const input of form.querySelectorAll("[data-in]")) {
      const value = input.value.trim();
      if (!value) continue;
      if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(value));
      else if (input.dataset.in === "query") query.set(input.name, value);
      else if (input.dataset.in === "header") headers[input.name] = value;
      else body = value;
    }
    if (key.value.trim()) headers["X-API-Key"] = key.value.trim();
    if (form.querySelector("[data-in=body]")) {
      headers["Content-Type"] = "application/json";
      body ??= "{}";
    }
    const search = query.toString();
    const request = { method: form.dataset.method, headers, body, credentials: "omit", cache: "no-store" };
    return [search ? `${path}?${search}` : path, request];
  };

  const readable = async (response) => {
    const type = response.headers.get("Content-Type") ?? "";
    if (type.includes("json")) {
      const text = await response.text();
      try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
    }
    const octets = await response.blob();
    return type.startsWith("text/") || type === "message/rfc822" ? octets.text()
      : octets.size ? `${octets.size} octets of ${type || "no type"}` : "";
  };

  const show = (form, { status, about, text, kind }) => {
    const result = form.parentElement.querySelector(".result");
    result.hidden = false;
    const tag = result.querySelector("[data-status]");
    tag.textContent = status;
    tag.className = `tag ${kind}`;
    result.querySelector("[data-about]").textContent = about;
    const shown = result.querySelector("[data-text]");
    shown.textContent = text;
    shown.hidden = !text;
  };

  const send = async (form) => {
    const button = form.querySelector("button");
    button.disabled = true;
    const began = performance.now();
    try {
      const [url, request] = asked(form);
      const response = await fetch(url, request);
      const text = await readable(response);
      const took = Math.round(performance.now() - began);
      show(form, {
        status: `${response.status} ${response.statusText}`,
        about: `${request.method} ${url} · ${took} ms · request ${response.headers.get("X-Request-Id") ?? ""}`,
        text,
        kind: response.ok ? "good" : "bad",
      });
    } catch (error) {
      show(form, { status: "No answer", about: error.message, text: "", kind: "bad" });
    } finally {
      button.disabled = false;
    }
  };

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-try]")) return;
    event.preventDefault();
    send(event.target);
  });

  document.addEventListener("click", (event) => {
    const fill = event.target.closest("[data-fill]");
    if (fill) fill.form.querySelector("[data-in=body]").value = fill.dataset.fill;
  });
})();
