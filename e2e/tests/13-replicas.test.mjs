// Two replicas on one PostgreSQL: which of them answers makes no difference to anybody.
import assert from 'node:assert/strict';
import test from 'node:test';
import { people, session } from '../harness/family.mjs';
import { Flow, NO_WEBAUTHN, loginWithPassword, register, validate } from '../harness/flow.mjs';
import { codeFor } from '../harness/mail.mjs';

let balanced, one, two;
const { family, stage } = people({ pair: {} }, {
  replicas: 2,
  prepare: async () => {
    const { reach } = stage.laptop;
    [balanced, one, two] = await Promise.all([reach('pair'), reach('pair', { replica: 0 }), reach('pair', { replica: 1 })]);
  },
});

test('a flow begun on one replica goes on at the other, step by step', async () => {
  const { mailUrl } = stage.laptop;
  const flow = await Flow.start(one.url, 'registration');
  const acting = (base) => Object.assign(flow, { base: base.url });
  await acting(two).act('register_client_capabilities', NO_WEBAUTHN);
  await acting(one).act('register_login_identifier', { email: 'steps@example.com' });
  await acting(two).act('verify_passcode', { code: await codeFor('steps@example.com', { url: mailUrl }) });
  await acting(one).act('register_password', { new_password: 'correct horse battery' });
  if (flow.state.name === 'mfa_method_chooser') await acting(two).act('skip');
  flow.is('success');
  for (const replica of [one, two]) assert.equal((await validate(replica.url, flow.token)).is_valid, true);
});

test('an action of a flow counts once, though both replicas are sent it at the same time', async () => {
  const { mailUrl } = stage.laptop;
  await register(balanced.url, 'twice@example.com', { mailUrl });
  const flow = await Flow.start(one.url, 'login');
  await flow.act('register_client_capabilities', NO_WEBAUTHN);
  await flow.act('continue_with_login_identifier', { email: 'twice@example.com' });
  await flow.act('continue_to_password_login');
  const both = [one, two].map((replica) => Object.assign(Object.create(Flow.prototype), flow, { base: replica.url, token: undefined }));
  await Promise.all(both.map((copy) => copy.act('password_login', { password: 'correct horse battery' })));
  assert.deepEqual(both.map(({ state }) => state.name === 'success').sort(), [false, true], JSON.stringify(both.map(({ state }) => [state.name, state.error])));
});

test('a session ended through one replica is invalid at once on the other', async () => {
  await register(balanced.url, 'ended@example.com', { mailUrl: stage.laptop.mailUrl });
  for (const [ending, asking] of [[one, two], [two, one]]) {
    const { token } = await loginWithPassword(balanced.url, 'ended@example.com');
    assert.equal((await validate(asking.url, token)).is_valid, true);
    assert.equal((await fetch(`${ending.url}/logout`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })).status, 204);
    assert.deepEqual(await validate(asking.url, token), { is_valid: false });
  }
});

test('attempts are counted together: alternating between replicas gives no more of them', async () => {
  await register(balanced.url, 'guessed@example.com', { mailUrl: stage.laptop.mailUrl });
  const wrong = async (replica) => (await loginWithPassword(replica.url, 'guessed@example.com', 'not the password')).state.error?.code;
  const answers = [];
  for (let i = 0; i < 6; i++) answers.push(await wrong([one, two][i % 2]));
  assert.deepEqual(answers, [...Array(5).fill('form_data_invalid_error'), 'rate_limit_exceeded']);
});

family('a person registers and signs in again, each request answered by the other replica than the one before', async ({ visit, page, context, answersByItself }) => {
  const ada = await visit('pair', 'ada');
  await ada.goToRegistration();
  await ada.registerAddress();
  await ada.setPassword('correct horse battery');
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
