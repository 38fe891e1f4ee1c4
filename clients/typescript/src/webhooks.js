/** Whether a posted event is ours (Standard Webhooks). */

const TOLERANCE = 300; // seconds

const octetsOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/** The event in a POST that was signed with `secret` (`whsec_…`) within the last five minutes;
 * throws else. `body` is the text as it was received. */
export async function verify(body, headers, secret) {
  const get = (name) => (typeof headers.get === "function" ? headers.get(name)
    : Object.entries(headers).find(([one]) => one.toLowerCase() === name)?.[1]);
  const [id, timestamp, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(get);
  if (!id || !timestamp || !signatures) throw new Error("The signature's headers are missing.");
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE)) {
    throw new Error("The signature is too old, or from the future.");
  }
  const raw = octetsOf(secret.replace(/^whsec_/, ""));
  const key = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
  for (const one of signatures.split(" ")) {
    const [version, signature] = one.split(",");
    if (version !== "v1" || !signature) continue;
    let octets;
    try { octets = octetsOf(signature); } catch { continue; }
    if (await crypto.subtle.verify("HMAC", key, octets, signed)) return JSON.parse(body);
  }
  throw new Error("The signature does not fit.");
}
