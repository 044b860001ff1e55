// The applications of examples/ with a tenant each way an application uses one: pages with the elements, back ends that ask the tenant about each
// session, and back ends that check tokens by themselves.
import assert from 'node:assert/strict';
import test from 'node:test';
import { waitFor } from '../harness/cluster.mjs';
import { build, startExample } from '../harness/examples.mjs';
import { people } from '../harness/family.mjs';
import { register } from '../harness/flow.mjs';
import { Person } from '../harness/person.mjs';
import { freePort } from '../harness/programs.mjs';

const CODES = { password: { enabled: false }, passkey: { enabled: false }, mfa: { enabled: false } };
const ASKING = ['node', 'python'], CHECKING = ['go', 'rust'];
const ports = {};
for (const name of [...ASKING, ...CHECKING, 'react', 'next']) ports[name] = await freePort();
const site = (name, path = '/') => `http://app.shop.localhost:${ports[name]}${path}`;

let shop, other;
const { family, stage } = people({ shop: CODES, other: CODES, brief: { ...CODES, session: { lifespan: '4s' } } }, {
  origins: { shop: [new URL(site('react')).origin, new URL(site('next')).origin] },
  prepare: async () => {
    await build('react', { VITE_HANKO_API_URL: stage.laptop.tenant('shop') });
    await build('next');
    [shop, other] = [await stage.laptop.reach('shop'), await stage.laptop.reach('other')];
    for (const name of [...ASKING, ...CHECKING]) {
      await build(name);
      await stage.open(startExample(name, ports[name], { HANKO_API_URL: shop.url, AUDIENCE: 'shop.localhost' }));
    }
  },
});

/** What a back end answers to a program: {status, body}. */
async function ask(port, headers = {}) {
  const answer = await fetch(`http://127.0.0.1:${port}/api/me`, { headers });
  return { status: answer.status, body: await answer.json() };
}
const bearer = (token) => ({ authorization: `Bearer ${token}` });

/** Somebody new in a tenant: {token, email}. */
let newcomers = 0;
async function newcomer(base, name) {
  const email = `${name}-${newcomers += 1}@example.com`;
  return { token: (await register(base, email, { mailUrl: stage.laptop.mailUrl })).token, email };
}

family('a page in React signs somebody in and out, and each back end knows who it is', async ({ page, context }) => {
  await stage.open(startExample('react', ports.react, { BACK_END_URL: `http://127.0.0.1:${ports.node}` }));
  const ada = new Person(page, 'ada@example.com', { mailUrl: stage.laptop.mailUrl });
  await ada.open(site('react'));
  await ada.goToRegistration();
  await ada.registerAddress();
  await page.getByRole('status').getByText(ada.email, { exact: true }).waitFor();

  for (const name of [...ASKING, ...CHECKING]) {
    const answer = await page.goto(site(name, '/api/me'));
    const { user, email } = await answer.json();
    assert.deepEqual([answer.status(), email], [200, ada.email], name);
    assert.match(user, /^[0-9a-f-]{36}$/, name);
  }

  await page.goto(site('react'));
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await ada.sees('signIn');
  assert.deepEqual(await context.cookies(), []);
  for (const name of [...ASKING, ...CHECKING]) assert.equal((await page.goto(site(name, '/api/me'))).status(), 401, name);
});

family('a page in Next.js sends strangers to its login, and lets in who has signed in until they sign out elsewhere', async ({ page, context }) => {
  await stage.open(startExample('next', ports.next, { HANKO_API_URL: shop.url, PUBLIC_HANKO_API_URL: stage.laptop.tenant('shop') }));
  const grace = new Person(page, 'grace@example.com', { mailUrl: stage.laptop.mailUrl });
  await grace.open(site('next', '/dashboard'));
  assert.equal(page.url(), site('next', '/login'));
  await grace.goToRegistration();
  await grace.registerAddress();
  await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
  assert.equal(page.url(), site('next', '/dashboard'));

  await page.goto(stage.laptop.page('other'));
  await page.evaluate((url) => { location.href = url; }, site('next', '/dashboard'));
  await page.getByRole('heading', { name: 'Dashboard' }).waitFor();

  const [{ value: token }] = await context.cookies();
  assert.equal((await fetch(`${shop.url}/logout`, { method: 'POST', headers: bearer(token) })).status, 204);
  await page.goto(site('next', '/dashboard'));
  assert.equal(page.url(), site('next', '/login'), 'the cookie is still there, the session is not');
  await context.addCookies([{ name: 'hanko', value: 'garbage', domain: 'app.shop.localhost', path: '/' }]);
  await page.goto(site('next', '/dashboard'));
  assert.equal(page.url(), site('next', '/login'));
});

for (const name of [...ASKING, ...CHECKING]) {
  test(`the back end in ${name} accepts a token in a header and in a cookie, and refuses none, garbage, and another tenant's`, async () => {
    const [{ token, email }, stranger] = [await newcomer(shop.url, 'token'), await newcomer(other.url, 'token')];
    assert.deepEqual((await ask(ports[name], bearer(token))).body.email, email);
    assert.deepEqual((await ask(ports[name], { cookie: `theme=dark; hanko=${token}` })).body.email, email);
    const [head, claims, signature] = token.split('.');
    const unsigned = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    for (const headers of [
      {}, bearer(''), bearer('garbage'), bearer('a.b.c'), { authorization: `Basic ${token}` }, { cookie: 'hanko=' }, { cookie: 'hanko=garbage' }, { cookie: `other=${token}` },
      bearer(`${head}.${claims}.${signature.slice(0, -4)}AAAA`), bearer(`${unsigned}.${claims}.`), bearer(stranger.token), { cookie: `hanko=${stranger.token}` },
    ]) {
      const { status, body } = await ask(ports[name], headers);
      assert.deepEqual([status, body], [401, { error: 'sign in first' }], JSON.stringify(headers));
    }
  });
}

for (const name of ASKING) {
  test(`the back end in ${name} refuses a session at once when it was ended`, async () => {
    const { token } = await newcomer(shop.url, 'ended');
    assert.equal((await ask(ports[name], bearer(token))).status, 200);
    assert.equal((await fetch(`${shop.url}/logout`, { method: 'POST', headers: bearer(token) })).status, 204);
    assert.equal((await ask(ports[name], bearer(token))).status, 401);
  });
}

for (const name of CHECKING) {
  test(`the back end in ${name} asks for the keys once, and once again for a key it does not know`, async () => {
    const { url, requests } = await stage.laptop.reach('shop');
    const port = await freePort();
    const backEnd = await startExample(name, port, { HANKO_API_URL: url, AUDIENCE: 'shop.localhost' });
    try {
      const [{ token }, stranger] = [await newcomer(shop.url, 'keys'), await newcomer(other.url, 'keys')];
      for (let i = 0; i < 3; i++) assert.equal((await ask(port, bearer(token))).status, 200);
      assert.deepEqual(requests, ['/.well-known/jwks.json']);
      for (let i = 0; i < 3; i++) assert.equal((await ask(port, bearer(stranger.token))).status, 401);
      assert.equal(requests.length, 2, 'whoever makes up keys does not keep the tenant busy');
    } finally {
      await backEnd.close();
    }
  });

  test(`the back end in ${name} refuses a token that has expired, and one for another audience`, async () => {
    const brief = await stage.laptop.reach('brief');
    const [port, elsewhere] = [await freePort(), await freePort()];
    const backEnds = [
      await startExample(name, port, { HANKO_API_URL: brief.url, AUDIENCE: 'brief.localhost' }),
      await startExample(name, elsewhere, { HANKO_API_URL: brief.url, AUDIENCE: 'shop.localhost' }),
    ];
    try {
      const { token } = await newcomer(brief.url, 'brief');
      assert.equal((await ask(port, bearer(token))).status, 200);
      assert.equal((await ask(elsewhere, bearer(token))).status, 401);
      const { exp } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
      await waitFor('the token to be refused', async () => (await ask(port, bearer(token))).status === 401, { seconds: 10 });
      assert.ok(Date.now() >= exp * 1000, 'not before its time');
    } finally {
      await Promise.all(backEnds.map((backEnd) => backEnd.close()));
    }
  });
}
