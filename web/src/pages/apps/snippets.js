/** Words to paste where events come from: the clients made for Segment, with our host and a key. */

/** Value, words, and whose key it takes. @type {[string, string, string][]} */
export const LANGUAGES = [
  ['python', 'Python', 'server'],
  ['node', 'Node.js', 'server'],
  ['curl', 'any server, by HTTP', 'server'],
  ['browser', 'a website', 'browser'],
];

/** @param {string} language @param {string} key @param {string} host @returns {string} */
export function snippet(language, key, host) {
  if (language === 'python') {
    return `# pip install segment-analytics-python
import segment.analytics as analytics

analytics.write_key = '${key}'
analytics.host = '${host}'
analytics.gzip = True

analytics.identify('customer-42', {'email': 'mia@ahornhof.example'})
analytics.track('customer-42', 'Product Viewed', {'product_id': 'train-2'})
analytics.flush()`;
  }
  if (language === 'node') {
    return `// npm install @segment/analytics-node
import { Analytics } from '@segment/analytics-node'

const analytics = new Analytics({
  writeKey: '${key}',
  host: '${host}',
})

analytics.identify({ userId: 'customer-42', traits: { email: 'mia@ahornhof.example' } })
analytics.track({ userId: 'customer-42', event: 'Product Viewed', properties: { product_id: 'train-2' } })
await analytics.closeAndFlush()`;
  }
  if (language === 'curl') {
    return `curl ${host}/v1/track -u '${key}:' -d '{
  "userId": "customer-42",
  "event": "Product Viewed",
  "properties": {"product_id": "train-2"}
}'`;
  }
  const { host: bare, protocol } = new URL(host);
  return `// npm install @segment/analytics-next
import { AnalyticsBrowser } from '@segment/analytics-next'

const analytics = AnalyticsBrowser.load(
  { writeKey: '${key}', cdnURL: '${host}' },
  { integrations: { 'Segment.io': { apiHost: '${bare}/v1', protocol: '${protocol.replace(':', '')}' } } },
)

analytics.page()
analytics.track('Product Viewed', { product_id: 'train-2' })`;
}
