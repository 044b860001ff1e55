// Who may reach what: the network policies as enforced, and the operator's permissions as used.
import assert from 'node:assert/strict';
import { scenario } from '../harness/artefacts.mjs';
import { OPERATOR, askFromPod, auditEntries, dismissNamespace, freshNamespace } from '../harness/cluster.mjs';
import { project, ready } from '../harness/tenant.mjs';

const elsewhere = 'isolation-elsewhere';

scenario('the admin port is closed to other namespaces, the public port is open', { namespace: 'isolation' }, async (t) => {
  const { namespace } = t;
  await freshNamespace(elsewhere);
  await ready(project(namespace, 'walled'));
  const publicUrl = `http://walled-public.${namespace}.svc.cluster.local:8000/livez`, adminUrl = `http://walled-admin.${namespace}.svc.cluster.local:8001/livez`;
  await t.test('public, from elsewhere', async () => assert.match(await askFromPod(elsewhere, publicUrl), /^200/));
  await t.test('admin, from the same namespace', async () => assert.match(await askFromPod(namespace, adminUrl), /^200/));
  await t.test('admin, from the operator\'s namespace', async () => assert.match(await askFromPod(OPERATOR.namespace, adminUrl), /^200/));
  await t.test('admin, from elsewhere', async () => assert.match(await askFromPod(elsewhere, adminUrl), /refused|deadline|timeout/i));
  await dismissNamespace(elsewhere);
});

scenario('the operator was never refused a request: its shipped permissions suffice', { namespace: 'permissions' }, async ({ namespace }) => {
  const asked = auditEntries((entry) => entry.user.username === OPERATOR.account);
  assert.ok(asked.length > 0);
  const refused = asked.filter((entry) => entry.annotations?.['authorization.k8s.io/decision'] === 'forbid').map((entry) => `${entry.verb} ${entry.requestURI}`);
  assert.deepEqual([...new Set(refused)], []);
});
