// Everything people do to their own account with the published profile, and what the API says of it then.
import assert from 'node:assert/strict';
import { waitFor } from '../harness/cluster.mjs';
import { people, session } from '../harness/family.mjs';
import { loginWithPassword, register, validate } from '../harness/flow.mjs';
import { Profile } from '../harness/profile.mjs';

const PASSWORD = 'correct horse battery';
const OPTIONAL = { optional: true };
/** Somebody who signed in long ago, when the tests that need it begin. */
let early;
const { family, stage } = people({
  all: { password: OPTIONAL, account: { allowDeletion: true } },
  names: { username: { enabled: true, optional: true } },
  trusting: { email: { requireVerification: false }, mfa: { enabled: false } },
  careful: { passkey: { enabled: false }, account: { stepUp: { enabled: true, maxAge: '30s' } } },
}, {
  prepare: async () => {
    early = await newcomer('careful', 'early');
  },
});

/** Registers somebody with a password: {project, who, url, token}. */
async function newcomer(project, who) {
  const { url } = await stage.laptop.reach(project);
  const { token } = await register(url, `${who}@example.com`, { mailUrl: stage.laptop.mailUrl, password: PASSWORD });
  return { project, who, url, token };
}

/** Puts somebody who has a session in front of their profile. */
async function showProfile(device, { project, who, url, token }) {
  await device.context.addCookies([{ name: 'hanko', value: token, domain: `.${project}.localhost`, path: '/', httpOnly: true, sameSite: 'Strict' }]);
  const person = await device.visit(project, who, { element: 'hanko-profile', headline: 'profileEmails' });
  await person.firstStateSettled('profile_init');
  return Object.assign(new Profile(person), { me: async () => (await session(device)).me, url, token });
}

const atProfile = async (device, project, who) => showProfile(device, await newcomer(project, who));

family('a username is set, changed and removed', async (device) => {
  const profile = await atProfile(device, 'names', 'ada');
  await profile.save('Set username', 'username', 'Ada_1');
  assert.equal((await profile.me()).username.username, 'ada_1');
  await profile.save('Change username', 'username', 'grace');
  assert.equal((await profile.me()).username.username, 'grace');
  await profile.remove('Change username');
  assert.equal((await profile.me()).username, undefined);
});

family('an address is added and confirmed, becomes the primary one, and the other one is removed', async (device) => {
  const profile = await atProfile(device, 'all', 'first');
  const { person } = profile;
  await profile.save('Add email', 'newEmailAddress', 'second@example.com');
  await person.sees('loginPasscode');
  person.email = 'second@example.com';
  await person.typePasscode();
  await profile.item('second@example.com').waitFor();
  const addresses = async () => (await profile.me()).emails.map(({ address, is_verified: verified, is_primary: primary }) => [address, verified, primary]).sort();
  assert.deepEqual(await addresses(), [['first@example.com', true, true], ['second@example.com', true, false]]);
  await profile.click('second@example.com', 'setAsPrimaryEmail');
  assert.deepEqual(await addresses(), [['first@example.com', true, false], ['second@example.com', true, true]]);
  await profile.remove('first@example.com');
  assert.deepEqual(await addresses(), [['second@example.com', true, true]]);
});

family('an address that was added without a code is confirmed later', async (device) => {
  const profile = await atProfile(device, 'trusting', 'early');
  await profile.save('Add email', 'newEmailAddress', 'later@example.com');
  const verified = async () => (await profile.me()).emails.find(({ address }) => address === 'later@example.com').is_verified;
  assert.equal(await verified(), false);
  profile.person.email = 'later@example.com';
  await profile.click('later@example.com', 'verify');
  await profile.person.typePasscode();
  await profile.item('later@example.com').waitFor();
  assert.equal(await verified(), true);
});

family('a password is changed and removed, and another one created', async (device) => {
  const profile = await atProfile(device, 'all', 'secret');
  const signsIn = async (password) => (await loginWithPassword(profile.url, 'secret@example.com', password)).state.name === 'success';
  await profile.save('Change password', 'newPassword', 'another battery staple');
  assert.deepEqual([await signsIn(PASSWORD), await signsIn('another battery staple')], [false, true]);
  await profile.remove('Change password');
  assert.equal(await signsIn('another battery staple').catch(() => false), false);
  await profile.save('Set password', 'newPassword', 'a third horse');
  assert.equal(await signsIn('a third horse'), true);
});

family('a passkey is added, renamed and removed', async (device) => {
  const profile = await atProfile(device, 'all', 'passkeys');
  await profile.click('Create a passkey', 'createPasskey');
  const passkeys = async () => (await profile.me()).passkeys?.map(({ name }) => name) ?? [];
  await waitFor('the passkey', async () => (await passkeys()).length === 1);
  assert.equal((await device.credentials()).length, 1);
  await profile.rename('Passkey-', 'newPasskeyName', 'My laptop');
  await profile.item('My laptop').waitFor();
  assert.deepEqual(await passkeys(), ['My laptop']);
  await profile.remove('My laptop');
  assert.deepEqual(await passkeys(), []);
});

family('a security key is added, renamed and removed', async (device) => {
  const profile = await atProfile(device, 'all', 'keyring');
  // The element shows the link that removes a security key only while a passkey could be removed.
  await profile.click('Create a passkey', 'createPasskey');
  await profile.item('Passkey-').waitFor();
  const key = await device.plugSecurityKey();
  await profile.click('Add a security key', 'createSecurityKey');
  const keys = async () => (await profile.me()).security_keys?.map(({ name }) => name) ?? [];
  await waitFor('the security key', async () => (await keys()).length === 1);
  assert.deepEqual([(await key.credentials()).length, (await device.credentials()).length], [1, 1], 'the key on the keyring was asked');
  await profile.rename('SecurityKey-', 'newSecurityKeyName', 'On my keyring');
  await profile.item('On my keyring').waitFor();
  await profile.remove('On my keyring');
  assert.deepEqual(await keys(), []);
});

family('an authenticator app is set up and removed', async (device) => {
  const profile = await atProfile(device, 'all', 'app');
  const isSetUp = async () => (await profile.me()).mfa_config.auth_app_set_up;
  await profile.click('Manage authenticator app', 'authenticatorAppAdd');
  await profile.person.setUpAuthenticatorApp();
  await profile.item('Manage authenticator app').waitFor();
  assert.equal(await isSetUp(), true);
  const { person: { app }, url } = profile;
  const login = await loginWithPassword(url, 'app@example.com', PASSWORD);
  await login.is('login_otp').act('otp_code_validate', { otp_code: app.code() });
  await login.is('device_trust').act('skip');
  login.is('success');
  await profile.remove('Manage authenticator app');
  assert.equal(await isSetUp(), false);
  (await loginWithPassword(url, 'app@example.com', PASSWORD)).is('success');
});

family('two browsers: one lists the session of the other and ends it, and the other is told', async (device) => {
  const other = await device.another();
  const profile = await atProfile(device, 'all', 'both');
  const elsewhere = await other.visit('all', 'both', { interval: 3001 });
  await elsewhere.signInWithPassword(PASSWORD);
  await elsewhere.skip('registerAuthenticator');
  await elsewhere.signedIn();
  const [{ value: token }] = await other.context.cookies();

  await device.page.reload();
  await profile.remove('Linux (Headless Chrome)', 'revoke');
  await waitFor('the list without it', async () => await profile.item('Linux (Headless Chrome)').count() === 0, { seconds: 10 });
  assert.deepEqual(await validate(profile.url, token), { is_valid: false });
  assert.equal((await validate(profile.url, profile.token)).is_valid, true);
  await waitFor('the other browser to know', () => other.page.evaluate(() => events.some(([name]) => name === 'onSessionExpired')), { seconds: 15 });
});

family('an account is deleted with everything it had, and the page is told', async (device) => {
  const profile = await atProfile(device, 'all', 'gone');
  const { user_id: user } = await profile.me();
  await profile.deleteAccount();
  await waitFor('onUserDeleted', () => device.page.evaluate(() => events.filter(([name]) => name === 'onUserDeleted').length === 2), { seconds: 10 });
  assert.deepEqual(await device.context.cookies(), []);
  assert.deepEqual(await validate(profile.url, profile.token), { is_valid: false });
  const again = await register(profile.url, 'gone@example.com', { mailUrl: stage.laptop.mailUrl });
  assert.notEqual((await validate(profile.url, again.token)).user_id, user);
});

family('who has not proven lately who they are does so before a sensitive action, and the session gets a new id', async (device) => {
  const { iat } = JSON.parse(Buffer.from(early.token.split('.')[1], 'base64url'));
  await waitFor('the sign-in to be stale', () => Date.now() > (iat + 32) * 1000, { seconds: 40 });
  const profile = await showProfile(device, early);
  const { person } = profile;
  const change = () => profile.save('Change password', 'newPassword', 'another battery staple');
  await change();
  await person.sees('selectLoginMethod');
  await person.clicks('back');
  await person.sees('profileEmails');
  await change();
  await person.clicks('password');
  await person.sees('loginPassword');
  await person.typePassword('not the password');
  await person.seesError('value_invalid_error');
  await person.typePassword(PASSWORD);
  await person.sees('profileEmails');
  assert.deepEqual(await validate(early.url, early.token), { is_valid: false });
  const { claims } = await session(device);
  assert.deepEqual(claims.amr, ['otp', 'pwd']);

  await change();
  (await loginWithPassword(early.url, 'early@example.com', 'another battery staple')).is('success');
  assert.equal((await session(device)).claims.session_id, claims.session_id, 'nothing was asked again');
});

family('on a trusted device the second factor is asked for before a sensitive action', async (device) => {
  await device.plugSecurityKey();
  const ada = await device.visit('careful', 'trusted');
  await ada.goToRegistration();
  await ada.registerAddress();
  await ada.setPassword(PASSWORD);
  await ada.sees('mfaSetUp');
  await ada.clicks('securityKey');
  await ada.sees('securityKeySetUp');
  await ada.clicks('createSecurityKey');
  await ada.signedIn();
  for (const trusted of [false, true]) {
    await ada.signOut();
    await ada.signInWithPassword(PASSWORD);
    if (!trusted) {
      await ada.sees('securityKeyLogin');
      await ada.clicks('securityKeyUse');
      await ada.clicks('trustDevice');
    }
    await ada.signedIn();
  }
  assert.deepEqual((await session(device)).amr, ['pwd']);

  await ada.open(stage.laptop.page('careful', { element: 'hanko-profile' }), 'profileEmails');
  await ada.firstStateSettled('profile_init');
  const profile = new Profile(ada);
  await profile.save('Change password', 'newPassword', 'another battery staple');
  await ada.sees('securityKeyLogin');
  // The element offers no way back from here, but a new page does.
  await device.page.reload();
  await ada.sees('profileEmails');
  await ada.firstStateSettled('profile_init');
  await profile.save('Change password', 'newPassword', 'another battery staple');
  await ada.sees('securityKeyLogin');
  await ada.clicks('securityKeyUse');
  await ada.sees('profileEmails');
  assert.deepEqual((await session(device)).amr, ['pwd', 'security_key']);
  await profile.save('Change password', 'newPassword', 'another battery staple');
  const { url } = await stage.laptop.reach('careful');
  const { state } = await loginWithPassword(url, ada.email, 'another battery staple');
  assert.equal(state.error.code, 'platform_authenticator_required', 'the password is accepted, only the key is missing');
});
