/** An app's mail server, and the line that hands in what people answer. Pure. */

/**
 * @typedef {object} MailServer what GET /v1/apps/{id}/email answers
 * @property {string} host
 * @property {number} port
 * @property {'starttls' | 'tls' | 'none'} tls
 * @property {string | null} username
 * @property {string} from_address
 * @property {string} from_name
 * @property {string | null} reply_to
 * @property {boolean} takes_answers
 * @property {string | null} answers_url
 * @property {string | null} answers_secret
 * @property {number} per_minute
 * @property {'unchecked' | 'works' | 'fails'} status
 * @property {string | null} since
 * @property {string | null} checked_at
 * @property {string | null} detail
 * @property {string | null} paused_until
 */

/**
 * What a mail server runs with one e-mail, `mail.eml`, as it came; as in docs/replies.md.
 * @param {string} url @param {string} secret
 */
export const handInCommand = (url, secret) =>
  `curl -s '${url}' -H "X-Geoengage-Signature: sha256=$(openssl dgst -sha256 -hmac '${secret}' -r < mail.eml | cut -d' ' -f1)" -H 'Content-Type: message/rfc822' --data-binary @mail.eml`;
