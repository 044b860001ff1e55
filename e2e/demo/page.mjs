// The application's side: the published elements, and what any application does with a session.
import { register } from '@teamhanko/hanko-elements';
import { texts } from './texts.mjs';

const element = (id) => document.getElementById(id);
const { tenantUrl } = await (await fetch('config.json')).json();
element('tenant').textContent = new URL(tenantUrl).host;

const { hanko } = await register(tenantUrl, { translations: texts, sessionCheckInterval: 10_000 });
hanko.onSessionCreated(show);
hanko.onSessionExpired(show);
hanko.onUserLoggedOut(show);
element('refresh').addEventListener('click', show);
element('sign-out').addEventListener('click', async () => {
  await hanko.logout();
  await show();
});
await show();

async function show() {
  try {
    const validity = await hanko.validateSession();
    const wasSignedIn = !element('session').hidden;
    if (validity.is_valid) await describe(validity);
    element('session').hidden = !validity.is_valid;
    element('auth').hidden = validity.is_valid;
    if (wasSignedIn && !validity.is_valid) location.reload();      // the element starts a new flow
    element('problem').hidden = true;
  } catch (error) {
    element('problem').textContent = `The tenant does not answer: ${error.message}`;
    element('problem').hidden = false;
  }
}

/** What `amr` of a token stands for. */
const METHODS = { otp: 'a code by mail', pwd: 'password', passkey: 'passkey', totp: 'authenticator app', security_key: 'security key' };

async function describe(validity) {
  const me = await hanko.getCurrentUser();
  const claims = validity.claims ?? {};
  element('email').textContent = claims.email?.address ?? me.user_id ?? '';
  const factors = [me.mfa_config?.auth_app_set_up && METHODS.totp, me.security_keys?.length && METHODS.security_key].filter(Boolean);
  const facts = {
    'Proven by': claims.amr?.map((method) => METHODS[method] ?? method).join(', '),
    'Passkeys': String(me.passkeys?.length ?? 'none'),
    'Second factor': factors.join(', ') || 'none',
    'Expires': validity.expiration_time && new Date(validity.expiration_time).toLocaleString(),
    'User': claims.subject ?? validity.user_id,
    'Session': claims.session_id,
  };
  element('facts').replaceChildren(...Object.entries(facts).filter(([, value]) => value).flatMap(([name, value]) => {
    const term = document.createElement('dt'), text = document.createElement('dd');
    [term.textContent, text.textContent] = [name, value];
    text.classList.toggle('id', /^[0-9a-f-]{36}$/.test(value));
    return [term, text];
  }));
  element('validity').textContent = JSON.stringify(validity, null, 2);
  element('me').textContent = JSON.stringify(me, null, 2);
}
