// Every way to sign in, as a person meets it: the published elements in Chromium, one process with a project for each family of settings.
import assert from 'node:assert/strict';
import { waitFor } from '../harness/cluster.mjs';
import { cookieNamed, people, session } from '../harness/family.mjs';

const PASSWORD = 'correct horse battery';
const NO_PASSKEYS = { enabled: false }, NO_PASSWORDS = { enabled: false }, NO_CODES = { useForAuthentication: false }, NO_MFA = { enabled: false };

/** docs/guides/sign-in.md has these as recipes. */
const PROJECTS = {
  everything: {},
  passkeys: { password: NO_PASSWORDS, email: NO_CODES },
  passwords: { passkey: NO_PASSKEYS, email: NO_CODES, mfa: NO_MFA },
  codes: { password: NO_PASSWORDS, passkey: NO_PASSKEYS, mfa: NO_MFA },
  open: { privacy: { showAccountExistenceHints: true, onlyShowActualLoginMethods: true }, mfa: NO_MFA },
  stay: { password: NO_PASSWORDS, passkey: NO_PASSKEYS, mfa: NO_MFA, session: { cookie: { retention: 'prompt' } } },
  header: { password: NO_PASSWORDS, passkey: NO_PASSKEYS, mfa: NO_MFA, session: { enableAuthTokenHeader: true } },
  choice: { password: { acquireOnRegistration: 'conditional', optional: true }, passkey: { acquireOnRegistration: 'conditional' }, mfa: NO_MFA },
  names: { username: { enabled: true, optional: false }, passkey: NO_PASSKEYS, mfa: NO_MFA },
  'only-names': { email: { enabled: false }, username: { enabled: true, optional: false }, passkey: NO_PASSKEYS, mfa: NO_MFA },
  'name-later': { username: { enabled: true, optional: false, acquireOnRegistration: false }, passkey: NO_PASSKEYS, mfa: NO_MFA },
  'address-later': {
    email: { acquireOnRegistration: false, optional: true }, username: { enabled: true, optional: false }, passkey: NO_PASSKEYS, mfa: NO_MFA,
  },
  codeapp: { passkey: NO_PASSKEYS, mfa: { securityKeys: { enabled: false } } },
  keys: { passkey: NO_PASSKEYS, mfa: { totp: { enabled: false }, deviceTrustPolicy: 'never' } },
  mandatory: { passkey: NO_PASSKEYS, mfa: { optional: false, acquireOnRegistration: false, acquireOnLogin: true, deviceTrustPolicy: 'always' } },
};

const { family } = people(PROJECTS);
const isAbsent = async (locator) => assert.equal(await locator.count(), 0);

family('passkeys only: nothing is typed but an address', async ({ visit, page, context, credentials, answersByItself }) => {
  const ada = await visit('passkeys', 'ada', { element: 'hanko-registration' });
  await ada.registerAddress();
  await ada.sees('registerAuthenticator');
  await isAbsent(ada.button('skip'));
  await ada.createPasskey();
  await ada.signedIn();
  assert.equal((await credentials())[0].rpId, 'passkeys.localhost');
  assert.deepEqual((await session({ page, context })).amr, ['otp', 'passkey']);

  // Otherwise the authenticator answers before anybody clicks.
  await answersByItself(false);
  await ada.signOut('signUp');
  const back = await visit('passkeys', 'ada', { element: 'hanko-login' });
  await back.firstStateSettled('login_init');
  await isAbsent(back.field('email'));
  await answersByItself(true);
  await back.clicks('signInPasskey');
  await back.signedIn();
  assert.deepEqual((await session({ page, context })).amr, ['passkey']);
});

family('passwords only: sign-in, and a forgotten password is replaced with a code', async ({ visit, page, context }) => {
  const ada = await visit('passwords', 'ada', { element: 'hanko-registration' });
  await ada.registerAddress();
  await ada.setPassword(PASSWORD);
  await ada.signedIn();
  assert.deepEqual((await session({ page, context })).amr, ['otp', 'pwd']);

  await ada.signOut('signUp');
  const back = await visit('passwords', 'ada', { element: 'hanko-login' });
  await isAbsent(back.button('signInPasskey'));
  await back.nameAccount();
  await back.sees('loginPassword');
  await back.typePassword('not the password');
  await back.seesError('value_invalid_error');
  await back.typePassword(PASSWORD);
  await back.signedIn();
  assert.deepEqual((await session({ page, context })).amr, ['pwd']);

  await back.signOut();
  await back.nameAccount();
  await back.clicks('forgotYourPassword');
  await back.typePasscode();
  await back.setPassword('another battery staple');
  await back.signedIn();
  await back.signOut();
  await back.nameAccount();
  await back.typePassword(PASSWORD);
  await back.seesError('value_invalid_error');
  await back.typePassword('another battery staple');
  await back.signedIn();
});

family('codes only: a wrong one is told, the right one signs in', async ({ visit, page, context }) => {
  const ada = await visit('codes', 'ada', { element: 'hanko-registration' });
  await ada.registerAddress();
  await ada.signedIn();
  assert.deepEqual((await session({ page, context })).me.emails.map(({ address, is_verified: verified }) => [address, verified]), [[ada.email, true]]);

  await ada.signOut('signUp');
  const back = await visit('codes', 'ada', { element: 'hanko-login' });
  await isAbsent(back.button('signInPasskey'));
  await back.nameAccount();
  await back.sees('loginPasscode');
  const { code } = await back.mailWithCode();
  await back.typeDigits(code === '000000' ? '111111' : '000000');
  await back.seesError('passcode_invalid');
  await back.typeDigits(code);
  await back.signedIn();
  assert.deepEqual((await session({ page, context })).amr, ['otp']);
});

family('everything: the chooser leads to each method, and back', async ({ visit, page, context, answersByItself }) => {
  const ada = await visit('everything', 'ada');
  await ada.goToRegistration();
  await ada.registerAddress();
  await ada.setPassword(PASSWORD);
  await ada.skip('mfaSetUp');
  await ada.createPasskey();
  await ada.signedIn();

  await answersByItself(false);
  await ada.signOut();
  await ada.nameAccount();
  await ada.sees('selectLoginMethod');
  for (const method of ['passcode', 'password', 'passkey']) await ada.button(method).waitFor();
  await ada.clicks('password');
  await ada.sees('loginPassword');
  await ada.clicks('back');
  await ada.sees('selectLoginMethod');
  await ada.clicks('back');
  await ada.sees('signIn');
  await waitFor('the address to be remembered', async () => await ada.field('email').inputValue() === ada.email);
  await ada.clicks('continue');
  await ada.sees('selectLoginMethod');
  await answersByItself(true);
  await ada.clicks('passkey');
  await ada.signedIn();
  assert.deepEqual((await session({ page, context })).amr, ['passkey']);

  await answersByItself(false);
  await ada.signOut();
  await ada.signInWithPasscode();
  await ada.signedIn();
  assert.deepEqual((await session({ page, context })).amr, ['otp']);
});

family('three wrong codes spend the mail, and a new one is sent on request', async ({ visit, page, context }) => {
  const ada = await visit('codes', 'hasty', { element: 'hanko-registration' });
  await ada.nameAccount('registration_init');
  await ada.sees('loginPasscode');
  const { code } = await ada.mailWithCode();
  for (const error of ['passcode_invalid', 'passcode_invalid', 'passcode_max_attempts_reached']) {
    await ada.typeDigits(code === '000000' ? '111111' : '000000');
    await ada.seesError(error);
  }
  await ada.clicks('sendNewPasscode');
  await ada.typePasscode();
  await ada.signedIn();
  assert.deepEqual((await session({ page, context })).amr, ['otp']);
});

family('a passkey that no account has is refused in words', async ({ visit, answersByItself, estrange }) => {
  const ada = await visit('passkeys', 'stranger');
  await ada.goToRegistration();
  await ada.registerAddress();
  await ada.createPasskey();
  await ada.signedIn();
  await answersByItself(false);
  await ada.signOut();
  await estrange();
  await ada.firstStateSettled('login_init');
  await answersByItself(true);
  await ada.clicks('signInPasskey');
  await ada.seesError('passkey_invalid');
  await ada.sees('signIn');
});

family('where strangers may know: unknown and taken addresses are told, and only what an account has is offered', async ({ visit }) => {
  const ada = await visit('open', 'ada');
  await ada.nameAccount();
  await ada.seesError('unknown_email_error');
  await ada.goToRegistration();
  await ada.registerAddress();
  await ada.setPassword(PASSWORD);
  await ada.skip('registerAuthenticator');
  await ada.signedIn();
  await ada.signOut();
  await ada.nameAccount();
  await ada.sees('selectLoginMethod');
  await ada.button('passcode').waitFor();
  await isAbsent(ada.button('passkey'));
  await ada.clicks('password');
  await ada.typePassword(PASSWORD);
  await ada.skip('registerAuthenticator');
  await ada.signedIn();
  await ada.signOut();
  await ada.goToRegistration();
  await ada.nameAccount('registration_init');
  await ada.seesError('email_already_exists');
});

family('a passkey offered in the address field signs in without a click', async ({ visit, page, context, answersByItself }) => {
  const ada = await visit('everything', 'autofill');
  await ada.goToRegistration();
  await ada.registerAddress();
  await ada.setPassword(PASSWORD);
  await ada.skip('mfaSetUp');
  await ada.createPasskey();
  await ada.signedIn();
  await answersByItself(false);
  await ada.signOut();
  await answersByItself(true);
  await page.reload();
  await ada.signedIn();
  assert.deepEqual((await session({ page, context })).amr, ['passkey']);
});

family('who stays signed in has said so', async ({ visit, page, context }) => {
  const ada = await visit('stay', 'ada', { element: 'hanko-registration' });
  await ada.registerAddress();
  await ada.signedIn();
  assert.equal((await cookieNamed(context, 'hanko')).expires, -1, 'it ends with the browser');
  await ada.signOut('signUp');
  const back = await visit('stay', 'ada', { element: 'hanko-login' });
  await back.firstStateSettled('login_init');
  await page.getByText(back.texts.labels.staySignedIn, { exact: true }).click();
  await back.firstStateSettled('login_init', 3);
  await back.nameAccount();
  await back.typePasscode();
  await back.signedIn();
  assert.ok((await cookieNamed(context, 'hanko')).expires * 1000 > Date.now());
});

family('a token in a header becomes the page\'s own cookie', async ({ visit, page, context }) => {
  const ada = await visit('header', 'ada');
  await ada.goToRegistration();
  await ada.registerAddress();
  await ada.signedIn();
  const { httpOnly, value } = await cookieNamed(context, 'hanko');
  assert.equal(httpOnly, false);
  const me = await page.evaluate(async (token) => (await fetch(`${tenant}/me`, { headers: { authorization: `Bearer ${token}` } })).json(), value);
  assert.equal(me.emails[0].address, ada.email);
  await ada.signOut();
  assert.equal(await cookieNamed(context, 'hanko'), undefined);
});

family('a choice at registration between a password and a passkey', async ({ visit, page, context }) => {
  const ada = await visit('choice', 'ada', { element: 'hanko-registration' });
  await ada.registerAddress();
  await ada.sees('setupLoginMethod');
  await ada.button('passkey').waitFor();
  await ada.clicks('password');
  await ada.setPassword(PASSWORD);
  await ada.signedIn();
  assert.deepEqual((await session({ page, context })).amr, ['otp', 'pwd']);
});

family('usernames beside addresses: either signs in', async ({ visit, page, context }) => {
  const ada = await visit('names', 'ada', { element: 'hanko-registration' });
  await ada.registerAddress({ username: 'Ada_1', email: ada.email });
  await ada.setPassword(PASSWORD);
  await ada.signedIn();
  const { me, claims } = await session({ page, context });
  assert.equal(me.username.username, 'ada_1');
  assert.equal(claims.username, 'ada_1');

  await ada.signOut('signUp');
  const back = await visit('names', 'ada', { element: 'hanko-login' });
  for (const emailOrUsername of ['ADA_1', back.email]) {
    await back.nameAccount('login_init', { emailOrUsername });
    await back.clicks('password');
    await back.typePassword(PASSWORD);
    await back.signedIn();
    assert.equal((await session({ page, context })).me.user_id, me.user_id);
    await back.signOut();
  }
  await back.nameAccount('login_init', { emailOrUsername: 'nobody' });
  await back.seesError('unknown_username_error');

  const grace = await visit('names', 'grace', { element: 'hanko-registration' });
  await grace.nameAccount('registration_init', { username: 'ada_1', email: grace.email });
  await grace.seesError('username_already_exists');
});

family('usernames alone: no address, no mail', async ({ visit, page, context }) => {
  const ada = await visit('only-names', 'ada', { element: 'hanko-registration' });
  await isAbsent(ada.field('email'));
  await ada.nameAccount('registration_init', { username: 'ada' });
  await ada.setPassword(PASSWORD);
  await ada.signedIn();
  await ada.signOut('signUp');
  const back = await visit('only-names', 'ada', { element: 'hanko-login' });
  await back.nameAccount('login_init', { username: 'ada' });
  await isAbsent(back.button('forgotYourPassword'));
  await back.typePassword(PASSWORD);
  await back.signedIn();
  const { me, amr } = await session({ page, context });
  assert.deepEqual([me.username.username, me.emails, amr], ['ada', undefined, ['pwd']]);
});

family('a username is asked for after login', async ({ visit, page, context }) => {
  const ada = await visit('name-later', 'ada');
  await ada.goToRegistration();
  await ada.registerAddress();
  await ada.setPassword(PASSWORD);
  await ada.signedIn();
  await ada.signOut();
  await ada.nameAccount('login_init', { emailOrUsername: ada.email });
  await ada.clicks('password');
  await ada.typePassword(PASSWORD);
  await ada.sees('createUsername');
  await isAbsent(ada.button('skip'));
  await ada.field('username').fill('a-d-a');
  await ada.clicks('continue');
  await ada.seesError('invalid_username_error');
  await ada.field('username').fill('ada');
  await ada.clicks('continue');
  await ada.signedIn();
  assert.equal((await session({ page, context })).claims.username, 'ada');
});

family('an address is asked for after login, and confirmed', async ({ visit, page, context }) => {
  const ada = await visit('address-later', 'ada');
  await ada.goToRegistration();
  await isAbsent(ada.field('email'));
  await ada.nameAccount('registration_init', { username: 'ada' });
  await ada.setPassword(PASSWORD);
  await ada.signedIn();
  await ada.signOut();
  const login = async () => {
    await ada.nameAccount('login_init', { emailOrUsername: 'ada' });
    await ada.sees('loginPassword');
    await ada.typePassword(PASSWORD);
  };
  await login();
  await ada.skip('createEmail');
  await ada.signedIn();
  await ada.signOut();
  await login();
  await ada.sees('createEmail');
  await ada.field('email').fill(ada.email);
  await ada.clicks('continue');
  await ada.typePasscode();
  await ada.signedIn();
  assert.equal((await session({ page, context })).claims.email.address, ada.email);
});

family('an authenticator app, and a device that is trusted after it', async ({ visit, page, context }) => {
  const ada = await visit('codeapp', 'ada', { element: 'hanko-registration' });
  await ada.registerAddress();
  await ada.setPassword(PASSWORD);
  await ada.sees('mfaSetUp');
  await ada.clicks('continue');
  await ada.readSecret();
  await ada.typeDigits(ada.app.wrongCode());
  await ada.seesError('passcode_invalid');
  await ada.clearDigits();
  await ada.typeDigits(ada.app.code());
  await ada.signedIn();
  const { amr, me } = await session({ page, context });
  assert.deepEqual(amr, ['otp', 'pwd', 'totp']);
  assert.equal(me.mfa_config.auth_app_set_up, true);
  assert.equal(await cookieNamed(context, 'hanko-device-token'), undefined);

  await ada.signOut('signUp');
  const back = await visit('codeapp', 'ada', { element: 'hanko-login' });
  await back.signInWithPassword(PASSWORD);
  await back.sees('otpLogin');
  await back.typeDigits(ada.app.wrongCode());
  await back.seesError('otp_code_invalid');
  await back.typeDigits(ada.app.code());
  await back.sees('trustDevice');
  await back.clicks('trustDevice');
  await back.signedIn();
  assert.deepEqual((await session({ page, context })).amr, ['pwd', 'totp']);
  assert.ok((await cookieNamed(context, 'hanko-device-token')).httpOnly);

  await back.signOut();
  await back.signInWithPassword(PASSWORD);
  await back.signedIn();
  assert.deepEqual((await session({ page, context })).amr, ['pwd'], 'the trusted device was not asked');

  await back.signOut();
  await context.clearCookies({ name: 'hanko-device-token' });
  await back.signInWithPassword(PASSWORD);
  await back.sees('otpLogin');
});

family('a security key as second factor', async ({ visit, page, context, credentials, plugSecurityKey }) => {
  const key = await plugSecurityKey();
  const ada = await visit('keys', 'ada', { element: 'hanko-registration' });
  await ada.registerAddress();
  await ada.setPassword(PASSWORD);
  await ada.sees('mfaSetUp');
  await ada.clicks('continue');
  await ada.sees('securityKeySetUp');
  await ada.clicks('createSecurityKey');
  await ada.signedIn();
  assert.deepEqual([(await key.credentials()).length, (await credentials()).length], [1, 0], 'the key on the keyring was asked');
  assert.deepEqual((await session({ page, context })).amr, ['otp', 'pwd', 'security_key']);

  await ada.signOut('signUp');
  const back = await visit('keys', 'ada', { element: 'hanko-login' });
  await back.signInWithPassword(PASSWORD);
  await back.sees('securityKeyLogin');
  await back.clicks('securityKeyUse');
  await back.signedIn();
  const { amr, me } = await session({ page, context });
  assert.deepEqual(amr, ['pwd', 'security_key']);
  assert.equal(me.security_keys.length, 1);
});

family('a mandatory second factor is created at login, and every device is trusted after it', async ({ visit, page, context }) => {
  const ada = await visit('mandatory', 'ada');
  await ada.goToRegistration();
  await ada.registerAddress();
  await ada.setPassword(PASSWORD);
  await ada.signedIn();
  await ada.signOut();
  await ada.signInWithPassword(PASSWORD);
  await ada.sees('mfaSetUp');
  await isAbsent(ada.button('skip'));
  await ada.button('securityKey').waitFor();
  await ada.clicks('authenticatorApp');
  await ada.setUpAuthenticatorApp();
  await ada.signedIn();
  await ada.signOut();
  await context.clearCookies({ name: 'hanko-device-token' });
  await ada.signInWithPassword(PASSWORD);
  await ada.sees('otpLogin');
  await ada.typeDigits(ada.app.code());
  await ada.signedIn();
  assert.ok(await cookieNamed(context, 'hanko-device-token'));
  await ada.signOut();
  await ada.signInWithPassword(PASSWORD);
  await ada.signedIn();
  assert.deepEqual((await session({ page, context })).amr, ['pwd']);
});

// None of the published elements' languages is written from right to left.
for (const [lang, confirmation, login] of [
  ['de', /bestätigt Ihre Adresse/, /Anmeldecode/],
  ['bn', /ঠিকানা নিশ্চিতকরণ কোড/, /সাইন-ইন কোড/],
  ['zh', /邮箱地址/, /登录验证码/],
]) {
  family(`page and mail speak ${lang}`, async ({ visit }) => {
    const ada = await visit('codes', `ada-${lang}`, { element: 'hanko-registration', lang });
    assert.match((await ada.registerAddress()).subject, confirmation);
    await ada.signedIn();
    await ada.signOut('signUp');
    const back = await visit('codes', `ada-${lang}`, { element: 'hanko-login', lang });
    await back.nameAccount();
    await back.sees('loginPasscode');
    const { code, subject } = await back.mailWithCode();
    assert.match(subject, login);
    await back.typeDigits(code === '000000' ? '111111' : '000000');
    await back.seesError('passcode_invalid');
    await back.typeDigits(code);
    await back.signedIn();
  });
}
