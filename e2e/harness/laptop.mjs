// Tenants as they run on a laptop: one `hanko-runtime serve`, several projects, told apart by host name, a page per project with the published
// elements, and an inbox. The tenant of project `x` is auth.x.localhost, its page app.x.localhost.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { createRequire } from 'node:module';
import { env, waitFor } from './cluster.mjs';

const CACHE = `${process.env.XDG_CACHE_HOME ?? `${process.env.HOME}/.cache`}/hanko-operator`;
const RUNTIME = `${process.env.CARGO_TARGET_DIR ?? `${CACHE}/target`}/debug/hanko-runtime`;
const { resolve } = createRequire(import.meta.url);

/** Starts everything; `settings` are the projects' by name. Answers {page(project, options), mailUrl, log, close}. */
export async function startLaptop(settings) {
  const folder = await mkdtemp(`${tmpdir()}/hanko-laptop-`);
  const [tenants, admin, pages, smtp, mails] = await Promise.all(Array.from({ length: 5 }, freePort));
  const mailUrl = `http://127.0.0.1:${mails}`;
  const children = [];
  const start = (program, ...args) => {
    const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(`${folder}/${program.split('/').at(-1)}.log`);
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    children.push(child);
  };
  const project = (name) => ({
    apiVersion: 'hanko-operator.dev/v1alpha1', kind: 'HankoProject', metadata: { name },
    spec: {
      hosts: [`auth.${name}.localhost`], publicUrl: `http://auth.${name}.localhost:${tenants}`, origins: [`http://app.${name}.localhost:${pages}`],
      mail: { from: { address: `login@${name}.test` }, smtp: { host: '127.0.0.1', port: smtp, tls: 'none' } },
      settings: { ...settings[name], session: { ...settings[name].session, cookie: { domain: `${name}.localhost`, ...settings[name].session?.cookie } } },
    },
  });
  await writeFile(`${folder}/projects.yaml`, Object.keys(settings).map((name) => JSON.stringify(project(name))).join('\n---\n'));

  start(`${env.BIN}/mailpit`, '--smtp', `127.0.0.1:${smtp}`, '--listen', `127.0.0.1:${mails}`, '--disable-version-check', '--quiet');
  start(RUNTIME, 'serve', 'projects.yaml', '--public-address', `127.0.0.1:${tenants}`, '--admin-address', `127.0.0.1:${admin}`);
  const server = http.createServer(answerPage(tenants)).listen(pages, '127.0.0.1');
  const log = () => readFile(`${folder}/hanko-runtime.log`, 'utf8');
  const close = async () => {
    server.close();
    server.closeAllConnections();
    await Promise.all(children.map(end));
    await rm(folder, { recursive: true });
  };
  try {
    await waitFor('the inbox', async () => (await fetch(`${mailUrl}/api/v1/info`)).ok);
    await waitFor('the tenants', async () => (await fetch(`http://127.0.0.1:${admin}/readyz`)).ok);
  } catch (error) {
    error.message += `\n${await log()}`;
    await close();
    throw error;
  }
  return {
    mailUrl, log, close,
    /** The URL of a project's page with that element, in that language. */
    page: (name, element = 'hanko-auth', lang = 'en') => `http://app.${name}.localhost:${pages}/?${new URLSearchParams({ element, lang })}`,
  };
}

const end = (child) => new Promise((ended) => {
  if (child.exitCode !== null) return ended();
  child.once('exit', ended);
  child.kill();
});

async function freePort() {
  const server = net.createServer();
  await new Promise((listening, reject) => server.once('error', reject).listen(0, '127.0.0.1', listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
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

const PAGE = `<!doctype html>
<link rel="icon" href="data:,">
<main></main>
<p id="session" hidden><button>Sign out</button></p>
<script type="importmap">
  { "imports": { "@teamhanko/hanko-elements": "/elements.js", "@teamhanko/hanko-elements/i18n/all": "/all.js" } }
</script>
<script type="module">
  import { register } from '@teamhanko/hanko-elements';
  import { texts } from '/texts.mjs';
  const asked = new URL(location).searchParams;
  window.tenant = \`http://\${location.hostname.replace(/^app/, 'auth')}:TENANTS\`;
  const { hanko } = await register(tenant, { translations: texts });
  const element = document.createElement(asked.get('element'));
  element.lang = asked.get('lang');
  const session = document.getElementById('session');
  const show = (signedIn) => {
    session.hidden = !signedIn;
    document.querySelector('main').replaceChildren(...signedIn ? [] : [element]);
  };
  hanko.onSessionCreated(() => show(true));
  session.firstChild.onclick = async () => { await hanko.logout(); location.reload(); };
  show((await hanko.validateSession()).is_valid);
</script>`;
