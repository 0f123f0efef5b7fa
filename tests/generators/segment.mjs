// Sends events with Segment's official client for Node: node segment.mjs HOST WRITE_KEY FIRST COUNT.
// Every tenth is sent twice under the same messageId. Prints what could not be delivered.
import { Analytics } from '@segment/analytics-node';

const [host, writeKey, first, count] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host, flushAt: 100, flushInterval: 200, maxRetries: 10 });
let failed = 0;
analytics.on('error', () => (failed += 1));
for (let n = Number(first); n < Number(first) + Number(count); n += 1) {
  const event = { userId: `customer-${n % 500}`, event: 'Product Viewed', properties: { product_id: `p${n}` } };
  analytics.track({ ...event, messageId: `node-${n}` });
  if (n % 10 === 0) analytics.track({ ...event, messageId: `node-${n}` });
}
await analytics.closeAndFlush({ timeout: 60_000 });
console.log(failed);
