/** The client of mailagent. Each method is one call of the API; bodies and answers are its JSON. */

import { Http, MailAgentError, at } from "./http.js";
import { listen } from "./listening.js";
import { verify } from "./webhooks.js";

export { MailAgentError, verify };

class Group {
  constructor(http) { this.http = http; }
}

class Inboxes extends Group {
  create({ strict, ...inbox } = {}, options) {
    return this.http.post(strict ? "inboxes?strict=true" : "inboxes", inbox, options);
  }

  list(filters) { return this.http.pages("inboxes", "inboxes", filters); }
  get(inboxId) { return this.http.get(at`inboxes/${inboxId}`); }
  update(inboxId, changed) { return this.http.patch(at`inboxes/${inboxId}`, changed); }
  delete(inboxId) { return this.http.delete(at`inboxes/${inboxId}`); }
  addAddress(inboxId, address, options) { return this.http.post(at`inboxes/${inboxId}/addresses`, { address }, options); }
  removeAddress(inboxId, address) { return this.http.delete(at`inboxes/${inboxId}/addresses/${address}`); }
  newPassword(inboxId, options) { return this.http.post(at`inboxes/${inboxId}/password`, {}, options); }
}

class Messages extends Group {
  list(inboxId, filters) { return this.http.pages("messages", at`inboxes/${inboxId}/messages`, filters); }
  get(inboxId, messageId, params) { return this.http.get(at`inboxes/${inboxId}/messages/${messageId}`, params); }
  update(inboxId, messageId, changed) { return this.http.patch(at`inboxes/${inboxId}/messages/${messageId}`, changed); }
  delete(inboxId, messageId) { return this.http.delete(at`inboxes/${inboxId}/messages/${messageId}`); }
  raw(inboxId, messageId) { return this.http.octets(at`inboxes/${inboxId}/messages/${messageId}/raw`); }
  attachments(inboxId, messageId) { return this.http.get(at`inboxes/${inboxId}/messages/${messageId}/attachments`); }

  attachment(inboxId, messageId, attachmentId) {
    return this.http.octets(at`inboxes/${inboxId}/messages/${messageId}/attachments/${attachmentId}`);
  }

  threadList(inboxId, threadId) { return this.http.get(at`inboxes/${inboxId}/threads/${threadId}`); }
  send(inboxId, mail, options) { return this.http.post(at`inboxes/${inboxId}/send`, mail, options); }
  reply(inboxId, messageId, mail, options) { return this.#answer("reply", inboxId, messageId, mail, options); }
  replyAll(inboxId, messageId, mail, options) { return this.#answer("reply-all", inboxId, messageId, mail, options); }
  forward(inboxId, messageId, mail, options) { return this.#answer("forward", inboxId, messageId, mail, options); }

  #answer(deed, inboxId, messageId, mail, options) {
    return this.http.post(at`inboxes/${inboxId}/messages/${messageId}/${deed}`, mail, options);
  }
}

class Threads extends Group {
  list(inboxId, filters) { return this.http.pages("threads", at`inboxes/${inboxId}/threads`, filters); }
  get(inboxId, threadId) { return this.http.get(at`inboxes/${inboxId}/threads/${threadId}`); }
  update(inboxId, threadId, changed) { return this.http.patch(at`inboxes/${inboxId}/threads/${threadId}`, changed); }
}

class Drafts extends Group {
  list(inboxId, filters) { return this.http.pages("drafts", at`inboxes/${inboxId}/drafts`, filters); }
  listAll(filters) { return this.http.pages("drafts", "drafts", filters); }
  create(inboxId, draft, options) { return this.http.post(at`inboxes/${inboxId}/drafts`, draft, options); }
  get(inboxId, draftId) { return this.http.get(at`inboxes/${inboxId}/drafts/${draftId}`); }
  update(inboxId, draftId, changed, options) { return this.http.patch(at`inboxes/${inboxId}/drafts/${draftId}`, changed, options); }
  delete(inboxId, draftId, options) { return this.http.delete(at`inboxes/${inboxId}/drafts/${draftId}`, options); }
  submit(inboxId, draftId, options) { return this.http.post(at`inboxes/${inboxId}/drafts/${draftId}/submit`, {}, options); }
  withdraw(inboxId, draftId, options) { return this.http.post(at`inboxes/${inboxId}/drafts/${draftId}/withdraw`, {}, options); }
  send(inboxId, draftId, asking, options) { return this.http.post(at`inboxes/${inboxId}/drafts/${draftId}/send`, asking, options); }
  attach(inboxId, draftId, file, options) { return this.http.post(at`inboxes/${inboxId}/drafts/${draftId}/attachments`, file, options); }
  detach(inboxId, draftId, fileId, options) { return this.http.delete(at`inboxes/${inboxId}/drafts/${draftId}/attachments/${fileId}`, options); }
  revisions(inboxId, draftId) { return this.http.pages("revisions", at`inboxes/${inboxId}/drafts/${draftId}/revisions`); }
  decisions(inboxId, draftId) { return this.http.pages("decisions", at`inboxes/${inboxId}/drafts/${draftId}/decisions`); }
}

class Webhooks extends Group {
  create(webhook, options) { return this.http.post("webhooks", webhook, options); }
  list(filters) { return this.http.pages("webhooks", "webhooks", filters); }
  get(webhookId) { return this.http.get(at`webhooks/${webhookId}`); }
  update(webhookId, changed) { return this.http.patch(at`webhooks/${webhookId}`, changed); }
  delete(webhookId) { return this.http.delete(at`webhooks/${webhookId}`); }
  rotateSecret(webhookId, options) { return this.http.post(at`webhooks/${webhookId}/rotate-secret`, {}, options); }
  test(webhookId, options) { return this.http.post(at`webhooks/${webhookId}/test`, {}, options); }
  deliveries(webhookId, filters) { return this.http.pages("deliveries", at`webhooks/${webhookId}/deliveries`, filters); }

  redeliver(webhookId, deliveryId, options) {
    return this.http.post(at`webhooks/${webhookId}/deliveries/${deliveryId}/redeliver`, {}, options);
  }

  replay(webhookId, since, options) { return this.http.post(at`webhooks/${webhookId}/replay`, { since }, options); }
}

class Domains extends Group {
  create(domain, options) { return this.http.post("domains", { domain }, options); }
  list(filters) { return this.http.pages("domains", "domains", filters); }
  get(domain) { return this.http.get(at`domains/${domain}`); }
  verify(domain, options) { return this.http.post(at`domains/${domain}/verify`, {}, options); }
  zoneFile(domain) { return this.http.text(at`domains/${domain}/zone-file`); }
  delete(domain) { return this.http.delete(at`domains/${domain}`); }
}

class Events extends Group {
  list(filters) { return this.http.pages("events", "events", filters, "after"); }
}

export class MyAgentMail {
  constructor(settings) {
    const http = new Http(settings);
    Object.defineProperty(this, "http", { value: http });
    this.domains = new Domains(http);
    this.drafts = new Drafts(http);
    this.events = new Events(http);
    this.inboxes = new Inboxes(http);
    this.messages = new Messages(http);
    this.threads = new Threads(http);
    this.webhooks = new Webhooks(http);
  }

  /** What this key is. */
  me() { return this.http.get("me"); }

  /** Each event, once, in order, as webhooks post it. */
  listen(wanted) { return listen(this.http, wanted); }

  /** Any other call of the API, by its method and its path below /v1/. */
  request(method, path, body, options) {
    return this.http.run(method, path.replace(/^\/?(v1\/)?/, ""), { body, options });
  }
}
