/** The client against an HTTP server that does as it is told. */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { afterEach, beforeEach, test } from "node:test";

import { MailAgentError, MyAgentMail, verify } from "../src/index.js";

let server, mam, asked, answers;

beforeEach(async () => {
  asked = [];
  answers = [];
  server = createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      asked.push({ method: request.method, path: request.url, headers: request.headers, body: Buffer.concat(parts).toString() });
      const { status = 200, headers = {}, body = {} } = answers.length > 1 ? answers.shift() : answers[0] ?? {};
      if (!status) return request.socket.destroy();
      response.writeHead(status, headers);
      return response.end(JSON.stringify(body));
    });
  });
  await new Promise((listening) => { server.listen(0, "127.0.0.1", listening); });
  mam = new MyAgentMail({ apiKey: "ak_key", baseUrl: `http://127.0.0.1:${server.address().port}` });
});

afterEach(() => { server.closeAllConnections(); server.close(); });

test("a GET is tried again when the connection breaks, and after 503", async () => {
  answers.push({ status: 0 }, { status: 503 }, { body: { id: "1" } });
  assert.deepEqual(await mam.me(), { id: "1" });
  assert.equal(asked.length, 3);
});

test("a POST is tried again with the same key and body", async () => {
  answers.push({ status: 0 }, { body: { id: "1" } });
  await mam.drafts.create("i", { plainBody: "Hello" });
  assert.equal(asked.length, 2);
  assert.equal(asked[0].headers["idempotency-key"], asked[1].headers["idempotency-key"]);
  assert.deepEqual(JSON.parse(asked[1].body), { plainBody: "Hello" });
});

test("the caller's idempotency key is kept", async () => {
  await mam.drafts.create("i", { plainBody: "Hello" }, { idempotencyKey: "order-7" });
  assert.equal(asked[0].headers["idempotency-key"], "order-7");
});

test("a PATCH is not tried again", async () => {
  answers.push({ status: 503 });
  await assert.rejects(mam.drafts.update("i", "d", { plainBody: "Hello" }, { ifMatch: 3 }), { status: 503 });
  assert.equal(asked.length, 1);
  assert.equal(asked[0].headers["if-match"], '"3"');
});

test("a refusal is an error with its code, details and request id", async () => {
  answers.push({
    status: 409,
    headers: { "X-Request-Id": "abc12345" },
    body: { error: "Changed.", code: "VERSION_CONFLICT", details: { draft: {} } },
  });
  await assert.rejects(mam.drafts.send("i", "d"), (error) => {
    assert.ok(error instanceof MailAgentError);
    assert.deepEqual(
      [error.message, error.status, error.code, error.requestId],
      ["Changed.", 409, "VERSION_CONFLICT", "abc12345"],
    );
    return true;
  });
});

test("Retry-After is honoured", async () => {
  answers.push({ status: 429, headers: { "Retry-After": "2" } }, {});
  const began = Date.now();
  await mam.me();
  assert.ok(Date.now() - began >= 2000);
});

test("a list is followed to its end, and is its first page when awaited", async () => {
  const first = { messages: [{ id: 1 }], pagination: { limit: 1, nextCursor: "c" } };
  answers.push({ body: first }, { body: { messages: [{ id: 2 }], pagination: { limit: 1, nextCursor: null, total: 2, offset: 1 } } });
  const ids = [];
  for await (const message of mam.messages.list("i", { limit: 1 })) ids.push(message.id);
  assert.deepEqual(ids, [1, 2]);
  assert.equal(asked[1].path, "/v1/inboxes/i/messages?limit=1&cursor=c");
  answers[0] = { body: first };
  assert.deepEqual(await mam.messages.list("i"), first);
});

test("ids cannot leave their place in the path", async () => {
  await mam.inboxes.get("../domains?x");
  assert.equal(asked[0].path, "/v1/inboxes/..%2Fdomains%3Fx");
});

test("a webhook's signature is checked", async () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const body = JSON.stringify({ event: "message.received" });
  const at = String(Math.floor(Date.now() / 1000));
  const signature = createHmac("sha256", Buffer.from(secret.slice(6), "base64")).update(`evt_1.${at}.${body}`).digest("base64");
  const headers = { "Webhook-Id": "evt_1", "Webhook-Timestamp": at, "Webhook-Signature": `v1,AAAA v1,${signature}` };
  assert.deepEqual(await verify(body, headers, secret), { event: "message.received" });
  await assert.rejects(verify(`${body} `, headers, secret));
  await assert.rejects(verify(body, { ...headers, "Webhook-Timestamp": String(at - 3600) }, secret));
});
