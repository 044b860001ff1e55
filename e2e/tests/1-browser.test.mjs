// A person in Chromium, on the page with the published elements, through operator and tenant on a real node.
import assert from 'node:assert/strict';
import * as jose from 'jose';
import { scenario } from '../harness/artefacts.mjs';
import { openBrowser } from '../harness/browser.mjs';
import { applySample, openApp } from '../harness/page.mjs';
import { Person } from '../harness/person.mjs';
import { podsOf, waitForCondition } from '../harness/tenant.mjs';

const project = 'acme', ports = { tenantPort: 8010, pagePort: 8810 };

scenario('the sample becomes a tenant that a person registers at and signs in to', { exactly: 'tenants' }, async (t) => {
  const { namespace } = t;
  await applySample(namespace, ports);
  const sample = await waitForCondition(namespace, project, 'Ready');
  assert.ok(sample.status.tenantId);
  for (const pod of await podsOf(namespace, project)) assertRestricted(pod);

  const app = await openApp(namespace, project, ports);
  try {
    const browser = await openBrowser();
    t.browsers.push(browser);
    const ada = new Person(browser.page, 'ada@example.com');
    const showsAda = () => browser.page.getByRole('heading', { name: ada.email, exact: true }).waitFor();

    await ada.open(app.url);
    await ada.goToRegistration();
    await ada.registerAddress();
    await ada.createPasskey();
    await ada.setPassword('a password for ada');
    await ada.sees('mfaSetUp');
    await ada.clicks('authenticatorApp');
    await ada.setUpAuthenticatorApp();
    await showsAda();
    assert.equal((await browser.credentials()).length, 1, 'the authenticator holds the passkey');
    assert.equal((await browser.credentials())[0].rpId, 'acme.localhost');
    await assertTokenVerifies(browser.context, app.tenantUrl, ['otp', 'pwd', 'passkey', 'totp']);

    // Otherwise the authenticator answers the page's offer of passkeys in the address field before anybody clicks.
    await browser.answersByItself(false);
    await ada.signOut();
    assert.equal((await cookieNamed(browser.context, 'hanko')), undefined, 'signing out removes the cookie');
    await ada.signInWithPasscode();
    await ada.sees('otpLogin');
    await ada.typeDigits(ada.app.code());
    await ada.sees('trustDevice');
    await ada.clicks('trustDevice');
    await showsAda();
    await assertTokenVerifies(browser.context, app.tenantUrl, ['otp', 'totp']);
    assert.ok(await cookieNamed(browser.context, 'hanko-device-token'));

    await ada.signOut();
    await ada.signInWithPassword('a password for ada');
    await showsAda();
    await assertTokenVerifies(browser.context, app.tenantUrl, ['pwd']);

    await ada.signOut();
    await ada.firstStateSettled('login_init');
    await browser.answersByItself(true);
    await ada.clicks('signInPasskey');
    await showsAda();
    await assertTokenVerifies(browser.context, app.tenantUrl, ['passkey']);

    // The passkey offered in the address field (conditional mediation): nothing is clicked.
    await browser.answersByItself(false);
    await ada.signOut();
    await browser.answersByItself(true);
    await browser.page.reload();
    await showsAda();
    assert.deepEqual(browser.log.filter((line) => line.startsWith('uncaught')), []);
  } finally {
    await app.close();
  }
});

const cookieNamed = async (context, name) => (await context.cookies()).find((cookie) => cookie.name === name);

/** The tenant calls the token valid, and so does a JWT library that knows nothing but the published keys. */
async function assertTokenVerifies(context, tenantUrl, amr) {
  const { value: token, httpOnly, domain } = await cookieNamed(context, 'hanko');
  assert.ok(httpOnly);
  assert.match(domain, /acme\.localhost$/);
  const said = await (await fetch(`${tenantUrl}/sessions/validate`, { headers: { authorization: `Bearer ${token}` } })).json();
  assert.equal(said.is_valid, true);
  const keys = await (await fetch(`${tenantUrl}/.well-known/jwks.json`)).json();
  const { payload, protectedHeader } = await jose.jwtVerify(token, jose.createLocalJWKSet(keys), { audience: 'acme.localhost', algorithms: ['RS256'] });
  assert.ok(protectedHeader.kid);
  assert.equal(payload.sub, said.user_id);
  assert.equal(payload.session_id, said.claims.session_id);
  assert.deepEqual(payload.amr, amr);
}

/** The restricted Pod Security profile, and what we promise beyond it. */
function assertRestricted(pod) {
  const { spec } = pod;
  assert.equal(spec.automountServiceAccountToken, false);
  assert.equal(spec.securityContext.runAsNonRoot, true);
  assert.equal(spec.securityContext.seccompProfile.type, 'RuntimeDefault');
  assert.deepEqual(spec.initContainers ?? [], []);
  for (const { securityContext } of spec.containers) {
    assert.equal(securityContext.allowPrivilegeEscalation, false);
    assert.equal(securityContext.readOnlyRootFilesystem, true);
    assert.deepEqual(securityContext.capabilities.drop, ['ALL']);
  }
}
