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

// A restarted API server answers before it has read its roles, and then refuses what it allows a moment later; such a refusal says nothing of the shipped permissions.
scenario('the operator was never refused what it is not allowed: its shipped permissions suffice', { namespace: 'permissions' }, async () => {
  const asked = auditEntries((entry) => entry.user.username === OPERATOR.account && entry.stage === 'ResponseComplete');
  assert.ok(asked.length > 0);
  const what = ({ verb, objectRef, requestURI }) => [verb, objectRef?.apiGroup, objectRef?.resource, objectRef?.subresource, objectRef?.namespace, objectRef ? '' : requestURI].join(' ');
  const decided = (decision) => new Set(asked.filter((entry) => entry.annotations?.['authorization.k8s.io/decision'] === decision).map(what));
  const allowed = decided('allow');
  assert.deepEqual([...decided('forbid')].filter((one) => !allowed.has(one)), []);
});
