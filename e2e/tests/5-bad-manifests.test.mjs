// A bad manifest is refused where the API server can see it, else a condition names what to do, and the tenant keeps its last good state.
import assert from 'node:assert/strict';
import { scenario } from '../harness/artefacts.mjs';
import { OPERATOR, api, apply, find, list, path, remove, staysTrue, waitFor } from '../harness/cluster.mjs';
import { register } from '../harness/flow.mjs';
import { secret } from '../harness/secrets.mjs';
import { condition, podsOf, project, ready, revisions, waitForCondition } from '../harness/tenant.mjs';

const refusal = (request, pattern) => assert.rejects(request, (error) => {
  assert.ok([400, 422].includes(error.code), error.message);
  assert.match(error.message, pattern);
  return true;
});
const refused = (object, pattern) =>
  refusal(api('POST', `${path('HankoProject', object.metadata.namespace)}?fieldValidation=Strict`, { body: { apiVersion: 'hanko-operator.dev/v1alpha1', ...object } }), pattern);

scenario('the API server refuses what it can see', { namespace: 'manifests' }, async (t) => {
  const { namespace } = t;
  await t.test('an unknown field', () => refused(project(namespace, 'bad', { hostes: ['a.localhost'] }), /hostes/));
  await t.test('an unknown field inside settings', () => refused(project(namespace, 'bad', { settings: { password: { minLenght: 3 } } }), /minLenght/));
  await t.test('two databases', () => refused(project(namespace, 'bad', { database: { sqlite: {}, postgres: { urlRef: { name: 'db', key: 'url' } } } }), /database/));
  await t.test('two replicas on SQLite', () => refused(project(namespace, 'bad', { replicas: 2 }), /replicas|SQLite/i));
  await t.test('an origin with a path', () => refused(project(namespace, 'bad', { origins: ['http://app.bad.localhost/page'] }), /origins/));
  await t.test('no host', () => refused(project(namespace, 'bad', { hosts: [] }), /host/));
  await t.test('a value outside an enumeration', () => refused(project(namespace, 'bad', { deletionPolicy: 'Maybe' }), /deletionPolicy/));
  await t.test('a username that is longer than it may be', () => refused(project(namespace, 'bad', { settings: { username: { minLength: 40 } } }), /settings\.username.*minLength/));
  await t.test('step-up for no action', () => refused(project(namespace, 'bad', { settings: { account: { stepUp: { enabled: true, actions: [] } } } }), /stepUp\.actions/));
  await t.test('mails without mail', () =>
    refused(project(namespace, 'bad', { mail: undefined, settings: { securityNotifications: { notifications: { mfaDelete: { enabled: true } } } } }), /securityNotifications.*add spec\.mail/));
  const hook = { name: 'crm', callback: 'https://crm.example/', events: ['user'] };
  await t.test('an event that nobody knows', () =>
    refused(project(namespace, 'bad', { webhooks: { hooks: [{ ...hook, events: ['user.created'] }] } }), /events\[0\].*user\.created/));
  await t.test('a password in a callback', () =>
    refused(project(namespace, 'bad', { webhooks: { hooks: [{ ...hook, callback: 'https://u:p@crm.example/' }] } }), /callback.*without user name/));
  await t.test('two receivers of one name', () => refused(project(namespace, 'bad', { webhooks: { hooks: [hook, hook] } }), /hooks\[1\].*Duplicate/));
  await t.test('a key with the name of the generated one', () =>
    refused(project(namespace, 'bad', { adminApi: { keys: [{ name: 'generated', keyRef: { name: 'a', key: 'b' } }] } }), /keys\[0\]\.name.*generated/));
  await t.test('a key without a right', () =>
    refused(project(namespace, 'bad', { adminApi: { keys: [{ name: 'ci', scopes: [], keyRef: { name: 'a', key: 'b' } }] } }), /scopes.*names no right/));
  await t.test('a schema of metadata that is no object', () => refused(project(namespace, 'bad', { settings: { metadata: { schemas: { public: [] } } } }), /schemas\.public/));
  await t.test('a changed tenant id', async () => {
    const ids = ['0b0f7f6e-6f0c-4d59-9d3a-7d6d1f1c0a01', '0b0f7f6e-6f0c-4d59-9d3a-7d6d1f1c0a02'];
    await apply(project(namespace, 'identified', { tenantId: ids[0] }));
    await refusal(apply(project(namespace, 'identified', { tenantId: ids[1] })), /tenantId/);
  });
  assert.equal(await find('HankoProject', namespace, 'bad'), undefined);
});

scenario('what only makes sense together is told in a condition', { namespace: 'manifests' }, async ({ namespace }) => {
  await apply(project(namespace, 'lockout', {
    settings: {
      email: { optional: true }, username: { enabled: true, useAsLoginIdentifier: false },
      password: { enabled: false }, passkey: { acquireOnRegistration: 'never' },
    },
  }));
  const { reason, message } = condition(await waitForCondition(namespace, 'lockout', 'Accepted', 'False'), 'Accepted');
  assert.equal(reason, 'Invalid');
  assert.match(message, /spec\.settings\.account\.allowSignup: who registers with a username alone could never sign in again/);
  assert.equal((await podsOf(namespace, 'lockout')).length, 0);
  await apply(project(namespace, 'lockout', { settings: { email: { optional: true }, username: { enabled: true } } }));
  await waitForCondition(namespace, 'lockout', 'Ready');
});

scenario('claims nested without end are told in a condition, and hide no other project', { namespace: 'manifests' }, async ({ namespace }) => {
  const claims = { deep: JSON.parse(`${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`) };
  await apply(project(namespace, 'deep', { settings: { session: { jwtTemplate: { claims } } } }));
  // A new operator begins with one list of all projects.
  for (const { metadata: { name } } of await list('Pod', OPERATOR.namespace, 'app.kubernetes.io/name=hanko-operator')) {
    await remove('Pod', OPERATOR.namespace, name);
    await waitFor('the old operator to go', async () => !(await find('Pod', OPERATOR.namespace, name)));
  }
  await apply(project(namespace, 'shallow'));
  await waitForCondition(namespace, 'shallow', 'Ready');
  const { reason, message } = condition(await waitForCondition(namespace, 'deep', 'Accepted', 'False'), 'Accepted');
  assert.equal(reason, 'Invalid');
  assert.match(message, /spec\.settings\.session\.jwtTemplate\.claims\.deep: is nested deeper than 8/);
  assert.equal((await podsOf(namespace, 'deep')).length, 0);
});

scenario('a missing Secret is named, and its arrival is noticed', { namespace: 'manifests' }, async ({ namespace }) => {
  await apply(project(namespace, 'waiting', {
    mail: { from: { address: 'login@waiting.test' }, smtp: { host: 'mail.e2e.test', port: 1025, tls: 'starttls', credentialsRef: { name: 'not-there' } } },
  }));
  const object = await waitForCondition(namespace, 'waiting', 'ResolvedRefs', 'False');
  const { reason, message } = condition(object, 'ResolvedRefs');
  assert.match(message, /not-there/, `${reason}: ${message}`);
  assert.notEqual(condition(object, 'Ready')?.status, 'True');
  assert.equal((await podsOf(namespace, 'waiting')).length, 0, 'nothing runs without its secrets');
  assert.equal(await find('Secret', namespace, 'not-there'), undefined, 'a named Secret is never generated');
  await secret(namespace, 'not-there', { username: 'u', password: 'p' });
  await waitForCondition(namespace, 'waiting', 'Ready');
});

scenario('the older project keeps a host, the newer one says who has it', { namespace: 'manifests' }, async ({ namespace }) => {
  const base = await ready(project(namespace, 'elder'));
  const { spec } = project(namespace, 'elder');
  await apply(project(namespace, 'younger', { hosts: spec.hosts, publicUrl: spec.publicUrl, origins: spec.origins }));
  const object = await waitForCondition(namespace, 'younger', 'Accepted', 'False');
  assert.equal(condition(object, 'Accepted').reason, 'HostConflict');
  assert.match(condition(object, 'Accepted').message, /elder/);
  assert.equal((await podsOf(namespace, 'younger')).length, 0);
  await waitForCondition(namespace, 'elder', 'Ready');
  assert.equal((await fetch(`${base}/readyz`)).status, 200);
  // Once the elder gives the host up, the younger one gets it.
  await apply(project(namespace, 'elder', { hosts: ['auth2.elder.localhost'], publicUrl: 'http://auth2.elder.localhost:8000' }));
  await waitForCondition(namespace, 'younger', 'Ready');
});

scenario('a running tenant keeps its last good state through a bad change', { namespace: 'manifests' }, async ({ namespace }) => {
  const base = await ready(project(namespace, 'steady'));
  const [before] = await podsOf(namespace, 'steady');
  const [{ tenants: [{ documentRevision }] }] = await revisions(namespace, 'steady');
  // The schema cannot see that page and tenant share no domain, so that passkeys would need a named relying party.
  await apply(project(namespace, 'steady', { origins: ['https://app.elsewhere.example'] }));
  const object = await waitForCondition(namespace, 'steady', 'Accepted', 'False');
  assert.match(condition(object, 'Accepted').message, /relyingParty/);
  await staysTrue('the old document', async () => (await revisions(namespace, 'steady'))[0].tenants[0].documentRevision === documentRevision, 3);
  await register(base, 'still@example.com');
  // What templates mean only the runtime knows.
  await apply(project(namespace, 'steady', { settings: { session: { jwtTemplate: { claims: { family: '{{ .User.Surname }}' } } } } }));
  const told = await waitFor('the refusal of the document', async () => {
    const programmed = condition(await find('HankoProject', namespace, 'steady'), 'Programmed');
    return programmed?.reason === 'DocumentRefused' ? programmed : undefined;
  });
  assert.match(told.message, /jwtTemplate\.claims\.family.*Surname/);
  await register(base, 'and-still@example.com');
  const [after] = await podsOf(namespace, 'steady');
  assert.equal(after.metadata.uid, before.metadata.uid);
  await apply(project(namespace, 'steady'));
  await waitForCondition(namespace, 'steady', 'Ready');
});
