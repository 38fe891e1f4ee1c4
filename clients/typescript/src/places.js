/** Inboxes and what belongs to them; domains, workspaces, keys. */

import { Group, at } from "./http.js";

export class Inboxes extends Group {
  create({ strict, ...inbox } = {}, options) {
    return this.http.post(strict ? "inboxes?strict=true" : "inboxes", inbox, options);
  }

  list(filters) { return this.http.pages("inboxes", "inboxes", filters); }
  get(inboxId) { return this.http.get(at`inboxes/${inboxId}`); }
  update(inboxId, changed) { return this.http.patch(at`inboxes/${inboxId}`, changed); }
  delete(inboxId) { return this.http.delete(at`inboxes/${inboxId}`); }
  restore(inboxId, options) { return this.http.post(at`inboxes/${inboxId}/restore`, {}, options); }
  addAddress(inboxId, address, options) { return this.http.post(at`inboxes/${inboxId}/addresses`, address, options); }
  removeAddress(inboxId, address) { return this.http.delete(at`inboxes/${inboxId}/addresses/${address}`); }
  newPassword(inboxId, options) { return this.http.post(at`inboxes/${inboxId}/password`, {}, options); }
}

export class Lists extends Group {
  list(inboxId, paging) { return this.http.pages("lists", at`inboxes/${inboxId}/lists`, paging); }
  create(inboxId, list, options) { return this.http.post(at`inboxes/${inboxId}/lists`, list, options); }
  get(inboxId, listId) { return this.http.get(at`inboxes/${inboxId}/lists/${listId}`); }
  update(inboxId, listId, changed) { return this.http.patch(at`inboxes/${inboxId}/lists/${listId}`, changed); }
  delete(inboxId, listId) { return this.http.delete(at`inboxes/${inboxId}/lists/${listId}`); }
  entries(inboxId, listId, paging) { return this.http.pages("entries", at`inboxes/${inboxId}/lists/${listId}/entries`, paging); }
  add(inboxId, listId, added, options) { return this.http.post(at`inboxes/${inboxId}/lists/${listId}/entries`, added, options); }
  remove(inboxId, listId, address) { return this.http.delete(at`inboxes/${inboxId}/lists/${listId}/entries/${address}`); }
}

export class Domains extends Group {
  create(domain, options) { return this.http.post("domains", domain, options); }
  list(filters) { return this.http.pages("domains", "domains", filters); }
  get(domain) { return this.http.get(at`domains/${domain}`); }
  verify(domain, options) { return this.http.post(at`domains/${domain}/verify`, {}, options); }
  rotateDkim(domain, options) { return this.http.post(at`domains/${domain}/rotate-dkim`, {}, options); }
  zoneFile(domain) { return this.http.text(at`domains/${domain}/zone-file`); }
  delete(domain) { return this.http.delete(at`domains/${domain}`); }
}

export class Workspaces extends Group {
  create(workspace, options) { return this.http.post("workspaces", workspace, options); }
  list(paging) { return this.http.pages("workspaces", "workspaces", paging); }
  get(workspaceId) { return this.http.get(at`workspaces/${workspaceId}`); }
  update(workspaceId, changed) { return this.http.patch(at`workspaces/${workspaceId}`, changed); }
  delete(workspaceId) { return this.http.delete(at`workspaces/${workspaceId}`); }
}

export class Keys extends Group {
  ofInbox(inboxId, filters) { return this.http.pages("keys", at`inboxes/${inboxId}/keys`, filters); }
  createForInbox(inboxId, key, options) { return this.http.post(at`inboxes/${inboxId}/keys`, key, options); }
  getOfInbox(inboxId, keyId) { return this.http.get(at`inboxes/${inboxId}/keys/${keyId}`); }
  rotateOfInbox(inboxId, keyId, rotation, options) { return this.http.post(at`inboxes/${inboxId}/keys/${keyId}/rotate`, rotation, options); }
  revokeOfInbox(inboxId, keyId) { return this.http.delete(at`inboxes/${inboxId}/keys/${keyId}`); }
  ofWorkspace(workspaceId, filters) { return this.http.pages("keys", at`workspaces/${workspaceId}/keys`, filters); }
  createForWorkspace(workspaceId, key, options) { return this.http.post(at`workspaces/${workspaceId}/keys`, key, options); }
  getOfWorkspace(workspaceId, keyId) { return this.http.get(at`workspaces/${workspaceId}/keys/${keyId}`); }

  rotateOfWorkspace(workspaceId, keyId, rotation, options) {
    return this.http.post(at`workspaces/${workspaceId}/keys/${keyId}/rotate`, rotation, options);
  }

  revokeOfWorkspace(workspaceId, keyId) { return this.http.delete(at`workspaces/${workspaceId}/keys/${keyId}`); }
}
