/** The client of mailagent. Each method is one call of the API; bodies and answers are its JSON. */

import { Http, MailAgentError } from "./http.js";
import { listen } from "./listening.js";
import { Drafts, Messages, Threads } from "./mail.js";
import { Domains, Inboxes, Keys, Lists, Workspaces } from "./places.js";
import { Contacts, Events, Suppressions, Webhooks } from "./telling.js";
import { verify } from "./webhooks.js";

export { MailAgentError, verify };

export class MyAgentMail {
  constructor(settings) {
    const http = new Http(settings);
    Object.defineProperty(this, "http", { value: http });
    this.contacts = new Contacts(http);
    this.domains = new Domains(http);
    this.drafts = new Drafts(http);
    this.events = new Events(http);
    this.inboxes = new Inboxes(http);
    this.keys = new Keys(http);
    this.lists = new Lists(http);
    this.messages = new Messages(http);
    this.suppressions = new Suppressions(http);
    this.threads = new Threads(http);
    this.webhooks = new Webhooks(http);
    this.workspaces = new Workspaces(http);
  }

  /** What this key is. */
  me() { return this.http.get("me"); }

  /** Sent, received, bounced, complained, opened, clicked; and of review. */
  metrics(filters) { return this.http.get("metrics", filters); }

  /** Each event, once, in order, as webhooks post it. */
  listen(wanted) { return listen(this.http, wanted); }

  /** Any other call of the API, by its method and its path below /v1/. */
  request(method, path, body, options) {
    return this.http.run(method, path.replace(/^\/?(v1\/)?/, ""), { body, options });
  }
}
