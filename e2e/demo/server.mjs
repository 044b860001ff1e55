// Serves the demo page: static files, the published elements bundle as it is, and the mails that the tenant sent.
import http from 'node:http';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
  '/page.mjs': ['page.mjs', 'text/javascript; charset=utf-8'],
  '/inbox.mjs': ['inbox.mjs', 'text/javascript; charset=utf-8'],
  '/texts.mjs': ['texts.mjs', 'text/javascript; charset=utf-8'],
  '/elements.js': ['../node_modules/@teamhanko/hanko-elements/dist/elements.js', 'text/javascript; charset=utf-8'],
  '/all.js': ['../node_modules/@teamhanko/hanko-elements/dist/i18n/all.js', 'text/javascript; charset=utf-8'],
};

/** `tenantUrl` is what browsers call, `mailUrl` is Mailpit's API. Resolves to {port, close}. */
export async function servePage({ port, tenantUrl, mailUrl }) {
  const routes = {
    '/config.json': async () => ['application/json', JSON.stringify({ tenantUrl })],
    '/mails.json': async () => ['application/json', JSON.stringify(await newestMails(mailUrl))],
  };
  for (const [path, [file, type]] of Object.entries(FILES)) routes[path] = async () => [type, await readFile(here(file))];

  const server = http.createServer(async (request, response) => {
    const route = routes[new URL(request.url, 'http://page').pathname];
    if (!route) return response.writeHead(404).end();
    try {
      const [type, body] = await route();
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
    } catch (error) {
      response.writeHead(502, { 'content-type': 'text/plain' }).end(error.message);
    }
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }),
  };
}

/** The newest mails, newest first. A mail never changes, so each is fetched once. */
const bodies = new Map();
async function newestMails(mailUrl) {
  const { messages } = await json(`${mailUrl}/api/v1/messages?limit=10`);
  return Promise.all(messages.map(async (mail) => {
    if (!bodies.has(mail.ID)) bodies.set(mail.ID, await json(`${mailUrl}/api/v1/message/${mail.ID}`));
    const { Text: text, HTML: html } = bodies.get(mail.ID);
    return { id: mail.ID, to: mail.To.map((to) => to.Address), subject: mail.Subject, at: mail.Created, text, html };
  }));
}

async function json(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(5000) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.json();
}
