// Deleting a project removes what the operator made, and its data only when the manifest says so.
import assert from 'node:assert/strict';
import { scenario } from '../harness/artefacts.mjs';
import { apply, find, get, list, remove, waitFor } from '../harness/cluster.mjs';
import { loginWithPassword, register } from '../harness/flow.mjs';
import { project, projectGone, ready, waitForCondition } from '../harness/tenant.mjs';

const KINDS = ['ServiceAccount', 'ConfigMap', 'Service', 'Deployment', 'NetworkPolicy', 'Pod'];

const nothingOwnedIsLeft = (namespace, name) => waitFor('everything owned to go', async () => {
  const left = (await Promise.all(KINDS.map((kind) => list(kind, namespace, `hanko-operator.dev/project=${name}`)))).flat();
  return left.length === 0;
});
const data = async (namespace, name) => [await find('PersistentVolumeClaim', namespace, `${name}-data`), await find('Secret', namespace, `${name}-keys`)];

scenario('deletion takes what is owned, keeps the data, and a project made again finds its users', { namespace: 'deletion' }, async ({ namespace }) => {
  const name = 'leaving';
  const base = await ready(project(namespace, name));
  await register(base, 'stays@example.com');
  const { status: { tenantId } } = await get('HankoProject', namespace, name);

  await remove('HankoProject', namespace, name);
  await projectGone(namespace, name);
  await nothingOwnedIsLeft(namespace, name);
  for (const object of await data(namespace, name)) {
    assert.ok(object, 'the claim and the keys stay');
    assert.equal(object.metadata.deletionTimestamp, undefined);
    assert.equal(object.metadata.ownerReferences, undefined);
  }

  const again = await ready(project(namespace, name));
  assert.equal((await get('HankoProject', namespace, name)).status.tenantId, tenantId);
  (await loginWithPassword(again, 'stays@example.com')).is('success');
});

scenario('deletionPolicy Delete takes the claim and the keys too', { namespace: 'deletion' }, async ({ namespace }) => {
  const name = 'erased';
  await ready(project(namespace, name));
  await apply(project(namespace, name, { deletionPolicy: 'Delete' }));
  await waitForCondition(namespace, name, 'Ready');
  await remove('HankoProject', namespace, name);
  await projectGone(namespace, name);
  await nothingOwnedIsLeft(namespace, name);
  await waitFor('the data to go', async () => (await data(namespace, name)).every((object) => !object));
});
