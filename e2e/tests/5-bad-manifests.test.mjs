// A bad manifest is refused where the API server can see it, else a condition names what to do, and the tenant keeps its last good state.
import assert from 'node:assert/strict';
import { scenario } from '../harness/artefacts.mjs';
import { apply, find, freshNamespace, get, staysTrue, waitFor } from '../harness/cluster.mjs';
import { register } from '../harness/flow.mjs';
import { secret } from '../harness/secrets.mjs';
import { condition, podsOf, project, ready, revisions, waitForCondition } from '../harness/tenant.mjs';

const namespace = 'manifests';
const refused = (object, pattern) => assert.rejects(apply(object), (error) => {
  assert.ok([400, 422].includes(error.code), error.message);
  assert.match(error.message, pattern);
  return true;
});

scenario('the API server refuses what it can see', { namespaces: [namespace] }, async (t) => {
  await freshNamespace(namespace);
  await t.test('an unknown field', () => refused(project(namespace, 'bad', { hostes: ['a.localhost'] }), /hostes/));
  await t.test('an unknown field inside settings', () => refused(project(namespace, 'bad', { settings: { password: { minLenght: 3 } } }), /minLenght/));
  await t.test('two databases', () => refused(project(namespace, 'bad', { database: { sqlite: {}, postgres: { urlRef: { name: 'db', key: 'url' } } } }), /database/));
  await t.test('two replicas on SQLite', () => refused(project(namespace, 'bad', { replicas: 2 }), /replicas|SQLite/i));
  await t.test('a value outside an enumeration', () => refused(project(namespace, 'bad', { deletionPolicy: 'Maybe' }), /deletionPolicy/));
  await t.test('a changed tenant id', async () => {
    const ids = ['0b0f7f6e-6f0c-4d59-9d3a-7d6d1f1c0a01', '0b0f7f6e-6f0c-4d59-9d3a-7d6d1f1c0a02'];
    await apply(project(namespace, 'identified', { tenantId: ids[0] }));
    await refused(project(namespace, 'identified', { tenantId: ids[1] }), /tenantId/);
  });
  assert.equal(await find('HankoProject', namespace, 'bad'), undefined);
});

scenario('a missing Secret is named, and its arrival is noticed', { namespaces: [namespace] }, async () => {
  await freshNamespace(namespace);
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

scenario('the older project keeps a host, the newer one says who has it', { namespaces: [namespace] }, async () => {
  await freshNamespace(namespace);
  const base = await ready(project(namespace, 'elder'));
  await apply({ ...project(namespace, 'younger', { hosts: ['auth.elder.localhost'], publicUrl: 'http://auth.elder.localhost:8000' }) });
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

scenario('a running tenant keeps its last good state through a bad change', { namespaces: [namespace] }, async () => {
  await freshNamespace(namespace);
  const base = await ready(project(namespace, 'steady'));
  const [before] = await podsOf(namespace, 'steady');
  const [{ tenants: [{ documentRevision }] }] = await revisions(namespace, 'steady');
  await applyAnyway(project(namespace, 'steady', { origins: ['http://app.steady.localhost:8800/with/a/path'] }));
  const object = await waitForCondition(namespace, 'steady', 'Accepted', 'False');
  assert.match(condition(object, 'Accepted').message, /origins/);
  await staysTrue('the old document', async () => (await revisions(namespace, 'steady'))[0].tenants[0].documentRevision === documentRevision, 3);
  await register(base, 'still@example.com');
  const [after] = await podsOf(namespace, 'steady');
  assert.equal(after.metadata.uid, before.metadata.uid);
  await apply(project(namespace, 'steady'));
  await waitForCondition(namespace, 'steady', 'Ready');
});

/** Applies a change that the schema may not see through; when it does, the test has nothing left to show. */
async function applyAnyway(object) {
  const { namespace: at, name } = object.metadata;
  await apply(object);
  await waitFor('the change to be stored', async () => (await get('HankoProject', at, name)).spec.origins[0] === object.spec.origins[0]);
}
