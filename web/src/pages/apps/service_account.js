/**
 * Reads what an operator pastes or drops as Firebase credentials, and says in words what else it is. Pure; the server
 * judges again. What is read here is sent once and kept nowhere.
 */

/** @typedef {{account: Record<string, string>, project: string, email: string}} Read */

const HOW =
  'In the Firebase console: Project settings, Service accounts, “Generate new private key”. The file that is downloaded is what belongs here.';

/**
 * @param {string} text
 * @returns {{read: Read, flaw: null} | {read: null, flaw: string}}
 */
export function readServiceAccount(text) {
  /** @param {string} flaw */
  const no = (flaw) => ({ read: null, flaw: `${flaw} ${HOW}` });
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    return no(text.includes('-----BEGIN') ? 'This is a key alone, without the file around it.' : 'This is not JSON.');
  }
  if (!data || typeof data !== 'object' || Array.isArray(data)) return no('This is not a service account.');
  if (data.client && data.project_info)
    return no('This is google-services.json, which belongs into the app, not here.');
  if (data.apiKey) return no('This is the configuration of a web app.');
  if (data.type !== 'service_account') return no('This is not a service account: its "type" is another.');
  const missing = ['project_id', 'client_email', 'private_key'].filter((key) => !isText(data[key]));
  if (missing.length) return no(`It lacks ${missing.join(', ')}.`);
  if (!data.private_key.includes('-----BEGIN PRIVATE KEY-----')) return no('Its private key is cut off.');
  return { read: { account: data, project: data.project_id, email: data.client_email }, flaw: null };
}

/** @param {unknown} value */
const isText = (value) => typeof value === 'string' && value.trim() !== '';
