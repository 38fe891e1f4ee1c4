/** Who is told of events; addresses that are not written to; figures. */

import { Group, at } from "./http.js";

export class Events extends Group {
  list(filters) { return this.http.pages("events", "events", filters, "after"); }
}

export class Webhooks extends Group {
  create(webhook, options) { return this.http.post("webhooks", webhook, options); }
  list(filters) { return this.http.pages("webhooks", "webhooks", filters); }
  get(webhookId) { return this.http.get(at`webhooks/${webhookId}`); }
  update(webhookId, changed) { return this.http.patch(at`webhooks/${webhookId}`, changed); }
  delete(webhookId) { return this.http.delete(at`webhooks/${webhookId}`); }
  rotateSecret(webhookId, options) { return this.http.post(at`webhooks/${webhookId}/rotate-secret`, {}, options); }
  test(webhookId, options) { return this.http.post(at`webhooks/${webhookId}/test`, {}, options); }
  deliveries(webhookId, filters) { return this.http.pages("deliveries", at`webhooks/${webhookId}/deliveries`, filters); }
  delivery(webhookId, deliveryId) { return this.http.get(at`webhooks/${webhookId}/deliveries/${deliveryId}`); }

  redeliver(webhookId, deliveryId, options) {
    return this.http.post(at`webhooks/${webhookId}/deliveries/${deliveryId}/redeliver`, {}, options);
  }

  replay(webhookId, from, options) { return this.http.post(at`webhooks/${webhookId}/replay`, from, options); }
}

export class Suppressions extends Group {
  list(filters) { return this.http.pages("suppressions", "suppressions", filters); }
  create(suppression, options) { return this.http.post("suppressions", suppression, options); }
  get(address, where) { return this.http.get(at`suppressions/${address}`, where); }
  delete(address, where) { return this.http.delete(at`suppressions/${address}`, { params: where }); }
}

export class Contacts extends Group {
  get(address) { return this.http.get(at`contacts/${address}`); }
}
