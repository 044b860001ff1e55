// A change of the manifest or of a secret reaches the running tenant without a restart, and is called Programmed when every pod serves it.
import assert from 'node:assert/strict';
import { scenario } from '../harness/artefacts.mjs';
import { apply, get, staysTrue, waitFor } from '../harness/cluster.mjs';
import { Flow, NO_WEBAUTHN, register } from '../harness/flow.mjs';
import { codeFor, mailsTo } from '../harness/mail.mjs';
import { emptyDatabase } from '../harness/postgres.mjs';
import { restarts, signal } from '../harness/processes.mjs';
import { secret } from '../harness/secrets.mjs';
import { startSmtp } from '../harness/smtp.mjs';
import { condition, podsOf, project, ready, revisionOf, revisions, waitForCondition } from '../harness/tenant.mjs';


/** The same pods, never restarted. */
const lives = (pods) => pods.map((pod) => `${pod.metadata.uid} restarted ${restarts([pod])}`).sort();

scenario('a changed setting is served without a restart, and Programmed waits for every pod', { namespace: 'settings' }, async ({ namespace }) => {
  await secret(namespace, 'db', { url: await emptyDatabase('settings') });
  const spec = { database: { postgres: { urlRef: { name: 'db', key: 'url' } } }, replicas: 2 };
  const base = await ready(project(namespace, 'changing', spec));
  const before = await podsOf(namespace, 'changing');
  assert.equal(before.length, 2);
  const offered = async () => {
    const flow = await Flow.start(base, 'registration');
    await flow.act('register_client_capabilities', {});
    return Boolean(flow.state.actions.register_login_identifier);
  };
  assert.equal(await offered(), true);

  const oldRevision = (await revisions(namespace, 'changing'))[0].tenants[0].documentRevision;
  await signal(before[0], 'STOP');
  try {
    const changed = await apply(project(namespace, 'changing', { ...spec, settings: { account: { allowSignup: false } } }));
    await waitFor('the other pod to serve the new document', async () => {
      const { tenants } = await revisionOf(before[1]);
      return tenants[0].documentRevision !== oldRevision;
    });
    await staysTrue('Programmed waiting for the paused pod', async () => {
      const object = await get('HankoProject', namespace, 'changing');
      assert.equal(object.metadata.generation, changed.metadata.generation);
      return condition(object, 'Programmed')?.status !== 'True';
    }, 5);
  } finally {
    await signal(before[0], 'CONT');
  }
  await waitForCondition(namespace, 'changing', 'Programmed');
  for (const { tenants } of await revisions(namespace, 'changing')) assert.notEqual(tenants[0].documentRevision, oldRevision);
  for (let i = 0; i < 10; i++) assert.equal(await offered(), false, 'both pods behave by the new document');
  assert.deepEqual(lives(await podsOf(namespace, 'changing')), lives(before), 'no pod was restarted');
});

scenario('a second factor is asked for, and no more, as the setting says, by the same pod', { namespace: 'settings' }, async ({ namespace }) => {
  const settings = (mfa) => project(namespace, 'factors', { settings: { mfa } });
  const base = await ready(settings({ enabled: false }));
  const before = await podsOf(namespace, 'factors');
  // The state after the password, where registration would offer a second factor.
  const afterPassword = async (name) => {
    const email = `${name}@${namespace}.example.com`;
    const flow = await Flow.start(base, 'registration');
    await flow.act('register_client_capabilities', NO_WEBAUTHN);
    await flow.act('register_login_identifier', { email });
    await flow.act('verify_passcode', { code: await codeFor(email) });
    return (await flow.act('register_password', { new_password: 'correct horse battery' })).name;
  };
  assert.equal(await afterPassword('before'), 'success');
  await apply(settings({ optional: false, deviceTrustPolicy: 'never' }));
  await waitForCondition(namespace, 'factors', 'Programmed');
  assert.equal(await afterPassword('after'), 'mfa_method_chooser');
  await apply(settings({ enabled: false }));
  await waitForCondition(namespace, 'factors', 'Programmed');
  assert.equal(await afterPassword('again'), 'success');
  assert.deepEqual(lives(await podsOf(namespace, 'factors')), lives(before), 'no pod was restarted');
});

scenario('a change is Programmed within seconds, however many follow each other', { namespace: 'settings' }, async ({ namespace }) => {
  await ready(project(namespace, 'restless'));
  for (const minLength of [9, 10, 11, 12, 13]) {
    await apply(project(namespace, 'restless', { settings: { password: { minLength } } }));
    await waitForCondition(namespace, 'restless', 'Programmed', 'True', 6);
  }
});

scenario('a rotated mail password is used without a restart, and no mail is lost in between', { namespace: 'settings' }, async ({ namespace }) => {
  const smtp = await startSmtp({ port: 2525, apiPort: 2580, username: 'acme', password: 'first' });
  try {
    await secret(namespace, 'smtp', { username: 'acme', password: 'first', 'ca.pem': smtp.ca });
    const base = await ready(project(namespace, 'mailing', {
      mail: {
        from: { address: 'login@mailing.test' },
        smtp: { host: 'host.e2e.test', port: 2525, tls: 'starttls', credentialsRef: { name: 'smtp' }, caRef: { name: 'smtp', key: 'ca.pem' } },
      },
    }));
    const before = await podsOf(namespace, 'mailing');
    await register(base, 'before@example.com', { mailUrl: smtp.url });

    await smtp.restart('second');
    const flow = await Flow.start(base, 'registration');
    await flow.act('register_client_capabilities', {});
    await flow.act('register_login_identifier', { email: 'between@example.com' });
    flow.is('passcode_confirmation');      // answers although the mail server refuses the password

    const [{ tenants: [{ secretsRevision: old }] }] = await revisions(namespace, 'mailing');
    await secret(namespace, 'smtp', { password: 'second', username: 'acme', 'ca.pem': smtp.ca });
    await waitFor('the tenant to serve the new secret', async () => (await revisions(namespace, 'mailing'))[0].tenants[0].secretsRevision !== old);
    await waitFor('the mail sent in between', async () => (await mailsTo('between@example.com', smtp.url)).length === 1, { seconds: 60 });
    await register(base, 'after@example.com', { mailUrl: smtp.url });
    assert.deepEqual(lives(await podsOf(namespace, 'mailing')), lives(before), 'no pod was restarted');
  } finally {
    await smtp.close();
  }
});
