/** Messages, threads and drafts. */

import { Group, at } from "./http.js";

export class Messages extends Group {
  list(inboxId, filters) { return this.http.pages("messages", at`inboxes/${inboxId}/messages`, filters); }
  get(inboxId, messageId, params) { return this.http.get(at`inboxes/${inboxId}/messages/${messageId}`, params); }
  update(inboxId, messageId, changed) { return this.http.patch(at`inboxes/${inboxId}/messages/${messageId}`, changed); }
  delete(inboxId, messageId) { return this.http.delete(at`inboxes/${inboxId}/messages/${messageId}`); }
  raw(inboxId, messageId) { return this.http.octets(at`inboxes/${inboxId}/messages/${messageId}/raw`); }

  attachments(inboxId, messageId, paging) {
    return this.http.pages("attachments", at`inboxes/${inboxId}/messages/${messageId}/attachments`, paging);
  }

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

export class Threads extends Group {
  list(inboxId, filters) { return this.http.pages("threads", at`inboxes/${inboxId}/threads`, filters); }
  get(inboxId, threadId) { return this.http.get(at`inboxes/${inboxId}/threads/${threadId}`); }
  update(inboxId, threadId, changed) { return this.http.patch(at`inboxes/${inboxId}/threads/${threadId}`, changed); }

  merge(inboxId, threadId, merged, options) {
    return this.http.post(at`inboxes/${inboxId}/threads/${threadId}/merge`, merged, options);
  }

  split(inboxId, threadId, where, options) {
    return this.http.post(at`inboxes/${inboxId}/threads/${threadId}/split`, where, options);
  }
}

export class Drafts extends Group {
  list(inboxId, filters) { return this.http.pages("drafts", at`inboxes/${inboxId}/drafts`, filters); }
  listAll(filters) { return this.http.pages("drafts", "drafts", filters); }
  create(inboxId, draft, options) { return this.http.post(at`inboxes/${inboxId}/drafts`, draft, options); }
  get(inboxId, draftId) { return this.http.get(at`inboxes/${inboxId}/drafts/${draftId}`); }
  find(draftId) { return this.http.get(at`drafts/${draftId}`); }
  update(inboxId, draftId, changed, options) { return this.http.patch(at`inboxes/${inboxId}/drafts/${draftId}`, changed, options); }
  delete(inboxId, draftId, options) { return this.http.delete(at`inboxes/${inboxId}/drafts/${draftId}`, { options }); }
  submit(inboxId, draftId, options) { return this.#step("submit", inboxId, draftId, {}, options); }
  withdraw(inboxId, draftId, options) { return this.#step("withdraw", inboxId, draftId, {}, options); }
  send(inboxId, draftId, asking, options) { return this.#step("send", inboxId, draftId, asking, options); }
  attach(inboxId, draftId, file, options) { return this.#step("attachments", inboxId, draftId, file, options); }

  detach(inboxId, draftId, fileId, options) {
    return this.http.delete(at`inboxes/${inboxId}/drafts/${draftId}/attachments/${fileId}`, { options });
  }

  revisions(inboxId, draftId, paging) {
    return this.http.pages("revisions", at`inboxes/${inboxId}/drafts/${draftId}/revisions`, paging);
  }
  decisions(inboxId, draftId, paging) {
    return this.http.pages("decisions", at`inboxes/${inboxId}/drafts/${draftId}/decisions`, paging);
  }

  #step(deed, inboxId, draftId, body, options) {
    return this.http.post(at`inboxes/${inboxId}/drafts/${draftId}/${deed}`, body, options);
  }
}
