// Tenants as they run on a laptop: one `hanko-runtime serve`, several projects, told apart by host name, a page per project with the published
// elements, and an inbox. The tenant of project `x` is auth.x.localhost, its page app.x.localhost. HANKO_TEST_REPLICAS=2 runs two of them on one
// PostgreSQL, behind a proxy that gives each request to the other one.
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { createRequire } from 'node:module';
import { env, waitFor } from './cluster.mjs';
import { ownPostgres } from './postgres.mjs';
import { freePort, start } from './programs.mjs';
import { proxy } from './proxy.mjs';

const CACHE = `${process.env.XDG_CACHE_HOME ?? `${process.env.HOME}/.cache`}/hanko-operator`;
/** Where cargo leaves what it builds. */
export const TARGET = process.env.CARGO_TARGET_DIR ?? `${CACHE}/target`;
const RUNTIME = `${TARGET}/debug/hanko-runtime`;
const { resolve } = createRequire(import.meta.url);

/**
 * Starts everything; `settings` are the projects' by name, `origins` those of further pages of theirs, `sites` where
 * their page is when that is not app.x.localhost, `specs` what else projects say or do not, `secrets` their Secrets' entries. Answers what the tests
 * need, and `close`.
 */
export async function startLaptop(settings, options = {}) {
  const { origins = {}, sites = {}, specs = {}, secrets = {}, replicas = Number(process.env.HANKO_TEST_REPLICAS ?? 1) } = options;
  const folder = await mkdtemp(`${tmpdir()}/hanko-laptop-`);
  const [tenants, pages, smtp, mails] = await freePorts(4);
  const [serving, admin] = [replicas > 1 ? await freePorts(replicas) : [tenants], await freePorts(replicas)];
  const mailUrl = `http://127.0.0.1:${mails}`;
  const opened = [];
  const tenant = (name) => `http://auth.${name}.localhost:${tenants}`;
  const site = (name) => `http://app.${sites[name] ?? name}.localhost:${pages}`;
  const project = (name) => ({
    apiVersion: 'hanko-operator.dev/v1alpha1', kind: 'HankoProject', metadata: { name },
    spec: {
      hosts: [`auth.${name}.localhost`], publicUrl: tenant(name), origins: [site(name), ...origins[name] ?? []],
      ...replicas > 1 && { database: { postgres: { urlRef: { name: `${name}-database`, key: 'url' } } } },
      mail: { from: { address: `login@${name}.test` }, smtp: { host: '127.0.0.1', port: smtp, tls: 'none' } },
      settings: { ...settings[name], session: { ...settings[name].session, cookie: { domain: `${name}.localhost`, ...settings[name].session?.cookie } } },
      ...specs[name],
    },
  });
  const open = async (promise) => {
    opened.push(await promise);
    return opened.at(-1);
  };
  const close = async () => {
    for (const one of opened.reverse()) await one.close();
    await rm(folder, { recursive: true });
  };
  const log = async () => (await Promise.all(admin.map((_, i) => readFile(`${folder}/tenants-${i}.log`, 'utf8').catch(() => '')))).join('\n');
  try {
    await writeFile(`${folder}/projects.yaml`, Object.keys(settings).map((name) => JSON.stringify(project(name))).join('\n---\n'));
    const keep = async (secret, entries) => {
      await mkdir(`${folder}/secrets/default/${secret}`, { recursive: true });
      for (const [key, value] of Object.entries(entries)) await writeFile(`${folder}/secrets/default/${secret}/${key}`, value);
    };
    for (const [secret, entries] of Object.entries(secrets)) await keep(secret, entries);
    if (replicas > 1) {
      await chmod(folder, 0o755);   // the database runs as a user of its own
      const database = await open(ownPostgres(`${folder}/databases`, Object.keys(settings)));
      for (const name of Object.keys(settings)) await keep(`${name}-database`, { url: database.url(name) });
      await open(proxy(tenants, serving));
    }
    await open(start(`${env.BIN}/mailpit`, ['--smtp', `127.0.0.1:${smtp}`, '--listen', `127.0.0.1:${mails}`, '--disable-version-check', '--quiet'],
      { log: `${folder}/mailpit.log`, ready: `${mailUrl}/api/v1/info` }));
    // One after the other: the first makes the key.
    for (const [i, port] of serving.entries()) {
      await open(start(RUNTIME, ['serve', 'projects.yaml', '--public-address', `127.0.0.1:${port}`, '--admin-address', `127.0.0.1:${admin[i]}`],
        { cwd: folder, log: `${folder}/tenants-${i}.log`, ready: `http://127.0.0.1:${admin[i]}/readyz` }));
    }
    await open(servePages(pages, tenants));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    mailUrl, log, close, tenant,
    /** The URL of a project's page with that element, in that language; it looks after the session each `interval` milliseconds. */
    page: (name, { element = 'hanko-auth', lang = 'en', interval = 30_000 } = {}) =>
      `${site(name)}/?${new URLSearchParams({ project: name, element, lang, interval })}`,
    /** A way to call a tenant's Admin API with the key that `serve` has made: (method, path, body) to {status, headers, body}. */
    admin: async (name) => {
      const key = (await readFile(`${folder}/secrets/default/${name}-admin-key/key`, 'utf8')).trim();
      const { port } = await open(proxy(0, [admin[0]], { host: new URL(tenant(name)).host }));
      return async (method, path, body) => {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
          method, body: body && JSON.stringify(body), headers: { authorization: `Bearer ${key}`, ...body && { 'content-type': 'application/json' } },
        });
        const text = await answer.text();
        return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : undefined };
      };
    },
    /** Where programs reach a tenant, which look up no names below localhost: {url, requests}; past the proxy, if only that replica is wanted. */
    reach: async (name, { replica } = {}) => {
      const way = await open(proxy(0, [replica === undefined ? tenants : serving[replica]], { host: new URL(tenant(name)).host }));
      return Object.assign(way, { url: `http://127.0.0.1:${way.port}` });
    },
  };
}

const freePorts = (count) => Promise.all(Array.from({ length: count }, freePort));

async function servePages(port, tenants) {
  const server = http.createServer(answerPage(tenants));
  await new Promise((listening, reject) => server.once('error', reject).listen(port, '127.0.0.1', listening));
  return {
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

const MODULES = {
  '/elements.js': resolve('@teamhanko/hanko-elements'), '/all.js': resolve('@teamhanko/hanko-elements/i18n/all'), '/texts.mjs': resolve('../demo/texts.mjs'),
};

const answerPage = (tenants) => async (request, response) => {
  const { pathname } = new URL(request.url, 'http://page');
  if (MODULES[pathname]) {
    response.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8' }).end(await readFile(MODULES[pathname]));
  } else if (pathname === '/') {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(PAGE.replace('TENANTS', tenants));
  } else {
    response.writeHead(404).end();
  }
};

/** Its `events` are those of the client and of the element that says the same: [['onSessionCreated', 'client'], …]. */
const PAGE = `<!doctype html>
<link rel="icon" href="data:,">
<main></main>
<p id="session" hidden><button>Sign out</button></p>
<hanko-events></hanko-events>
<script type="importmap">
  { "imports": { "@teamhanko/hanko-elements": "/elements.js", "@teamhanko/hanko-elements/i18n/all": "/all.js" } }
</script>
<script type="module">
  import { register } from '@teamhanko/hanko-elements';
  import { texts } from '/texts.mjs';
  const asked = new URL(location).searchParams;
  window.tenant = \`http://auth.\${asked.get('project')}.localhost:TENANTS\`;
  window.events = [];
  const { hanko } = await register(tenant, { translations: texts, sessionCheckInterval: Number(asked.get('interval')) });
  window.hanko = hanko;
  for (const name of ['onSessionCreated', 'onSessionExpired', 'onUserLoggedOut', 'onUserDeleted']) {
    hanko[name](() => events.push([name, 'client']));
    document.querySelector('hanko-events').addEventListener(name, () => events.push([name, 'element']));
  }
  const element = document.createElement(asked.get('element'));
  element.lang = asked.get('lang');
  const session = document.getElementById('session');
  const show = (signedIn) => {
    session.hidden = !signedIn;
    document.querySelector('main').replaceChildren(...signedIn === (element.localName === 'hanko-profile') ? [element] : []);
  };
  hanko.onSessionCreated(() => show(true));
  session.firstChild.onclick = async () => { await hanko.logout(); location.reload(); };
  show((await hanko.validateSession()).is_valid);
</script>`;
