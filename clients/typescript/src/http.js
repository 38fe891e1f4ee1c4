/** Asking the server, and when to ask again. */

/** The server's refusal: a sentence for people, a code for programs. */
export class MailAgentError extends Error {
  constructor(sentence, { status = 0, code = "ERROR", details = {}, requestId = null, cause } = {}) {
    super(sentence, { cause });
    this.name = "MailAgentError";
    Object.assign(this, { status, code, details, requestId });
  }
}

const PASSING = new Set([429, 502, 503, 504]);
const IN_HEADERS = { idempotencyKey: "Idempotency-Key", ifMatch: "If-Match" };

export const sleep = (milliseconds) => new Promise((wake) => { setTimeout(wake, milliseconds); });

/** A random pause in milliseconds; `attempt` counts from 0. */
export const jitter = (attempt) => {
  const most = Math.min(30_000, 500 * 2 ** Math.min(attempt, 16));
  return most / 2 + Math.random() * (most / 2);
};

const refusal = async (response) => {
  const told = await response.json().catch(() => ({})) ?? {};
  return new MailAgentError(told.error ?? response.statusText, {
    status: response.status,
    code: told.code ?? "ERROR",
    details: told.details ?? {},
    requestId: response.headers.get("X-Request-Id"),
  });
};

const query = (params) => {
  const given = Object.entries(params ?? {}).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(given.map(([name, value]) => [
    name, value instanceof Date ? value.toISOString() : String(value),
  ])).toString();
  return text && `?${text}`;
};

/** `path` with its ids, none of which can leave its place. */
export const at = (parts, ...ids) =>
  String.raw({ raw: parts }, ...ids.map((id) => encodeURIComponent(id)));

export class Http {
  constructor({ apiKey, baseUrl = "http://127.0.0.1:8000", timeout = 30_000, retries = 4, fetch } = {}) {
    if (!apiKey) throw new TypeError("apiKey is missing.");
    this.apiKey = apiKey;
    this.root = baseUrl.replace(/\/+$/, "").replace(/\/v1$/, "");
    this.timeout = timeout;
    this.retries = retries;
    this.fetch = fetch ?? globalThis.fetch;
  }

  get(path, params) { return this.run("GET", path + query(params)); }

  octets(path) { return this.run("GET", path, { read: async (response) => new Uint8Array(await response.arrayBuffer()) }); }

  text(path) { return this.run("GET", path, { read: (response) => response.text() }); }

  /** A POST always carries an idempotency key: the caller's, or one made for this call. */
  post(path, body, options) {
    return this.run("POST", path, { body: body ?? {}, options: { idempotencyKey: crypto.randomUUID(), ...options } });
  }

  patch(path, body, options) { return this.run("PATCH", path, { body, options }); }

  delete(path, { params, options } = {}) {
    return this.run("DELETE", path + query(params), { options, read: () => undefined });
  }

  pages(plural, path, params, onward = "cursor") { return new Pages(this, plural, path, params, onward); }

  async run(method, path, { body, options = {}, read = (response) => response.json() } = {}) {
    const headers = { "X-API-Key": this.apiKey, Accept: "*/*" };
    for (const [name, header] of Object.entries(IN_HEADERS)) {
      const value = options[name];
      if (value !== undefined) headers[header] = name === "ifMatch" ? `"${value}"` : String(value);
    }
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const request = { method, headers, body: body === undefined ? undefined : JSON.stringify(body), redirect: "error" };
    const repeatable = ["GET", "PUT", "DELETE"].includes(method) || "Idempotency-Key" in headers;
    for (let attempt = 0; ; attempt += 1) {
      const last = !repeatable || attempt >= this.retries;
      const pause = await this.#once(`${this.root}/v1/${path}`, request, { last, attempt, read });
      if ("answer" in pause) return pause.answer;
      await sleep(pause.milliseconds);
    }
  }

  async #once(url, request, { last, attempt, read }) {
    let response;
    try {
      response = await this.fetch(url, { ...request, signal: AbortSignal.timeout(this.timeout) });
      if (response.ok) return { answer: await read(response) };
    } catch (cause) {
      if (last) throw new MailAgentError(`No answer from ${url}.`, { code: "UNREACHABLE", cause });
      return { milliseconds: jitter(attempt) };
    }
    const refused = await refusal(response);
    const passing = PASSING.has(response.status) || refused.code === "IDEMPOTENCY_IN_FLIGHT";
    const told = Number(response.headers.get("Retry-After")) * 1000 || 0;
    if (last || !passing || told > 120_000) throw refused;
    return { milliseconds: Math.max(jitter(attempt), told) };
  }
}

/** A list: `await` it for its first page, `for await` over it for the items of all pages. */
export class Pages {
  #http; #plural; #path; #params; #onward;

  constructor(http, plural, path, params, onward) {
    this.#http = http;
    this.#plural = plural;
    this.#path = path;
    this.#params = params ?? {};
    this.#onward = onward;
  }

  then(fulfilled, rejected) { return this.#http.get(this.#path, this.#params).then(fulfilled, rejected); }

  async* pages() {
    for (let params = this.#params; params;) {
      const page = await this.#http.get(this.#path, params);
      yield page;
      params = this.#following(page, params);
    }
  }

  #following(page, { offset, ...params }) {
    const { nextCursor, limit, total, offset: from } = page.pagination;
    const count = page[this.#plural].length;
    if (nextCursor) {
      // The event log has always a cursor to go on from; a short page is its present end.
      return this.#onward === "cursor" || count >= limit ? { ...params, [this.#onward]: nextCursor } : null;
    }
    return nextCursor === undefined && count && from + count < total ? { ...params, offset: from + count } : null;
  }

  async* [Symbol.asyncIterator]() {
    for await (const page of this.pages()) yield* page[this.#plural];
  }
}

/** Methods about one kind of thing. */
export class Group {
  constructor(http) { Object.defineProperty(this, "http", { value: http }); }
}
