// Reads what Mailpit received.
import { env, waitFor } from './cluster.mjs';

export const MAIL_URL = `http://${env.NODE_IP}:8025`;

/** A mailbox's messages, newest first: {id, subject, text, html, from}. `url` is another Mailpit's, when a test has its own. */
export async function mailsTo(address, url = MAIL_URL) {
  const { messages } = await json(`${url}/api/v1/search?limit=50&query=${encodeURIComponent(`to:"${address}"`)}`);
  return Promise.all(messages.map(async ({ ID }) => {
    const mail = await json(`${url}/api/v1/message/${ID}`);
    return { id: ID, subject: mail.Subject, text: mail.Text, html: mail.HTML, from: mail.From };
  }));
}

/** Waits until `count` mails have come to the address, and answers the newest one's code. */
export async function codeFor(address, { count = 1, url } = {}) {
  const mails = await waitFor(`mail ${count} to ${address}`, async () => {
    const all = await mailsTo(address, url);
    return all.length >= count && all;
  }, { seconds: 30 });
  const code = mails[0].text.match(/\b\d{6}\b/)?.[0];
  if (!code) throw new Error(`no code in the mail "${mails[0].subject}"`);
  return code;
}

async function json(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.json();
}
