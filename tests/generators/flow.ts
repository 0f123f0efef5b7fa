// README's flow through the generated TypeScript client: a shopper's phone from its registration to its erasure.
// Arguments as for flow.py, which does the same. Every type in here comes from the OpenAPI.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { argv: string[] };
const [url, key, lon, lat] = process.argv.slice(2) as [string, string, string, string];
const place = { lon: Number(lon), lat: Number(lat) };

function client(credential: string) {
  return createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${credential}` } });
}

function expect<T>(answer: { data?: T; error?: components["schemas"]["Problem"] }): T {
  if (answer.data === undefined) throw new Error(answer.error?.detail ?? "no answer");
  return answer.data;
}

function check(holds: boolean, what: string) {
  if (!holds) throw new Error(what);
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

const push = { provider: "fcm", kind: "fcm_token", address: "typescript-phone" } as const;
const device: components["schemas"]["DeviceIn"] = { platform: "web", locale: "de-CH", push };
const created = expect(await client(key).POST("/v1/devices", { body: device }));
const phone = client(created.device_token);

const agreed = { location: "granted", marketing_push: "granted", text_version: "1", source: "onboarding" } as const;
check(expect(await phone.PUT("/v1/devices/me/consents", { body: agreed })).location === "granted", "consents");
check(expect(await phone.GET("/v1/devices/me")).device_id === created.device_id, "me");
check(expect(await phone.GET("/v1/config")).mode === "efficient", "mode before");

for (let n = 0; n < 2; n++) {
  const ping: components["schemas"]["PingIn"] = { at: new Date().toISOString(), ...place, accuracy_m: 4 };
  const taken = expect(await phone.POST("/v1/pings", { body: { pings: [ping] } }));
  check(taken.accepted === 1 && taken.rejected.length === 0, "ping");
  await pause(1000);
}
check(expect(await phone.GET("/v1/config")).mode === "responsive", "mode after");
const near = expect(await phone.GET("/v1/geofences/nearby", { params: { query: place } }));
check(near.circles[0]?.name === "Front", "geofences");

let message: components["schemas"]["InboxItem"] | undefined;
for (let n = 0; n < 100 && message === undefined; n++) {
  message = expect(await phone.GET("/v1/inbox")).items[0];
  await pause(100);
}
if (message === undefined) throw new Error("no message");
const receipt = { message_id: message.id, kind: "opened" } as const;
check((await phone.POST("/v1/receipts", { body: receipt })).response.status === 204, "receipt");
check(expect(await phone.GET("/v1/inbox")).items[0]?.opened_at != null, "opened");

check(expect(await phone.GET("/v1/me")).data.some((kind) => kind.name === "positions"), "my data");
check(expect(await phone.DELETE("/v1/me")).devices === 1, "erased");
const refused = await phone.GET("/v1/inbox");
check(refused.error?.status === 401, "the token still works");
console.log(message.body);
