// Where pages and their tenant can be to each other, and what a page is told of its session, by the published client and elements as they are.
import assert from 'node:assert/strict';
import { waitFor } from '../harness/cluster.mjs';
import { cookieNamed, people, session } from '../harness/family.mjs';
import { Profile } from '../harness/profile.mjs';

const CODES = { account: { allowDeletion: true }, password: { enabled: false }, passkey: { enabled: false }, mfa: { enabled: false } };
const { family, stage } = people({
  cookie: CODES,
  header: { ...CODES, session: { enableAuthTokenHeader: true } },
  'brief-cookie': { ...CODES, session: { lifespan: '7s' } },
  'brief-header': { ...CODES, session: { enableAuthTokenHeader: true, lifespan: '7s' } },
  alone: { ...CODES, session: { cookie: { domain: undefined } } },
  abroad: { ...CODES, session: { enableAuthTokenHeader: true, cookie: { domain: undefined } }, webauthn: { relyingParty: { id: 'auth.abroad.localhost' } } },
}, { sites: { abroad: 'elsewhere' } });

async function signUp(person) {
  await person.goToRegistration();
  await person.registerAddress();
  await person.signedIn();
  return (await cookieNamed(person.page.context(), 'hanko')).value;
}

/** Waits until the page has been told of something, by the client and by the element, once each. */
async function isTold(page, name) {
  const told = () => page.evaluate((wanted) => events.filter(([event]) => event === wanted).map(([, teller]) => teller).sort(), name);
  await waitFor(name, async () => (await told()).length >= 2, { seconds: 12 });
  assert.deepEqual(await told(), ['client', 'element'], name);
}

family('app.… and auth.… below one domain share the cookie, and a page of another site may not ask', async ({ visit, page, context }) => {
  const ada = await visit('cookie', 'subdomains');
  await signUp(ada);
  for (const url of [page.url(), stage.laptop.tenant('cookie')]) {
    assert.deepEqual((await context.cookies(url)).map(({ name, domain }) => [name, domain]), [['hanko', '.cookie.localhost']], url);
  }
  assert.equal((await session({ page, context })).me.emails[0].address, ada.email);

  await page.goto(stage.laptop.page('alone'));
  const problem = await page.evaluate((url) => fetch(url, { credentials: 'include' }).catch((error) => error.name), `${stage.laptop.tenant('cookie')}/me`);
  assert.equal(problem, 'TypeError', 'the browser keeps the answer from it');
});

family('a cookie that belongs to the tenant\'s host alone: the page signs in across origins, with credentials', async ({ visit, page, context }) => {
  const ada = await visit('alone', 'ada');
  await signUp(ada);
  assert.deepEqual(await context.cookies(page.url()), []);
  assert.equal((await context.cookies(stage.laptop.tenant('alone'))).length, 1);
  assert.equal((await session({ page, context })).me.emails[0].address, ada.email);
  await page.reload();
  await ada.signedIn();
  await ada.signOut();
  assert.deepEqual(await context.cookies(), []);
});

family('a page of another site than its tenant signs in with the token in a header', async ({ visit, page, context }) => {
  const ada = await visit('abroad', 'ada');
  assert.equal(new URL(page.url()).hostname, 'app.elsewhere.localhost');
  const token = await signUp(ada);
  assert.deepEqual((await context.cookies()).map(({ domain }) => domain), ['app.elsewhere.localhost']);
  assert.equal(await page.evaluate(() => hanko.getSessionToken()), token);
  assert.equal((await page.evaluate(() => hanko.getCurrentUser())).emails[0].address, ada.email);
  assert.equal((await page.evaluate(() => hanko.getUser())).email, ada.email, 'the deprecated way to ask');
  await page.reload();
  await ada.signedIn();
  await ada.signOut();
  assert.deepEqual(await context.cookies(), []);
});

for (const mode of ['cookie', 'header']) {
  family(`in ${mode} mode each page of a browser is told once of sign-in and of sign-out, wherever it happens`, async ({ visit, page, context }) => {
    const other = await context.newPage();
    await other.goto(stage.laptop.page(mode));
    const ada = await visit(mode, 'tabs');
    const token = await signUp(ada);
    await isTold(page, 'onSessionCreated');
    await isTold(other, 'onSessionCreated');
    assert.equal((await page.evaluate(() => hanko.validateSession())).is_valid, true);

    await other.evaluate(() => hanko.logout());
    await isTold(other, 'onUserLoggedOut');
    await isTold(page, 'onSessionExpired');
    assert.equal(await cookieNamed(context, 'hanko'), undefined);
    const { url } = await stage.laptop.reach(mode);
    assert.equal((await fetch(`${url}/me`, { headers: { authorization: `Bearer ${token}` } })).status, 401);
  });

  family(`in ${mode} mode a page that looks after its session is told soon when it was ended elsewhere`, async ({ visit, page }) => {
    const ada = await visit(mode, 'ended', { interval: 3001 });
    const token = await signUp(ada);
    await isTold(page, 'onSessionCreated');
    const { url } = await stage.laptop.reach(mode);
    assert.equal((await fetch(`${url}/logout`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })).status, 204);
    await isTold(page, 'onSessionExpired');
    assert.equal((await page.evaluate(() => hanko.validateSession())).is_valid, false);
  });

  family(`in ${mode} mode a page is told that the account was deleted`, async ({ visit, page }) => {
    const ada = await visit(mode, 'deleted');
    await signUp(ada);
    await ada.open(stage.laptop.page(mode, { element: 'hanko-profile' }), 'profileEmails');
    await ada.firstStateSettled('profile_init');
    await new Profile(ada).deleteAccount();
    await isTold(page, 'onUserDeleted');
    assert.equal((await page.evaluate(() => hanko.validateSession())).is_valid, false);
  });

  family(`in ${mode} mode a page is told when its session has come to its end`, async ({ visit, page }) => {
    const ada = await visit(`brief-${mode}`, 'expired', { interval: 3001 });
    await signUp(ada);
    await isTold(page, 'onSessionCreated');
    await isTold(page, 'onSessionExpired');
    assert.equal((await page.evaluate(() => hanko.validateSession())).is_valid, false);
  });
}
