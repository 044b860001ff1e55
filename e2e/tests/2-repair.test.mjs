// The operator puts back what strangers change or delete, leaves alone what is not its own, and writes nothing when there is nothing to do.
import assert from 'node:assert/strict';
import { scenario } from '../harness/artefacts.mjs';
import { OPERATOR, auditEntries, find, get, list, patch, remove, staysTrue, waitFor } from '../harness/cluster.mjs';
import { emptyDatabase } from '../harness/postgres.mjs';
import { project, ready, waitForCondition } from '../harness/tenant.mjs';
import { secret } from '../harness/secrets.mjs';

const name = 'mended';
const KINDS = ['ServiceAccount', 'Secret', 'ConfigMap', 'Service', 'Deployment', 'Ingress', 'NetworkPolicy', 'PodDisruptionBudget'];

const owned = async (namespace) => (await Promise.all(KINDS.map(async (kind) =>
  (await list(kind, namespace, `hanko-operator.dev/project=${name}`)).map((object) => ({ kind, object }))))).flat();

/** An object without what the API server and others keep in it. */
function substance({ metadata, status, ...rest }) {
  const { labels, annotations = {}, ownerReferences } = metadata;
  delete annotations['deployment.kubernetes.io/revision'];
  return { ...rest, labels, annotations, owners: ownerReferences?.map((owner) => owner.name) };
}

/** A change of something the operator manages, kind by kind. */
const DAMAGE = {
  ServiceAccount: { automountServiceAccountToken: true },
  ConfigMap: { data: { 'project.yaml': 'not what it was' } },
  Service: { spec: { selector: { 'app.kubernetes.io/instance': 'somebody-else' } } },
  Deployment: { spec: { template: { spec: { automountServiceAccountToken: true } } } },
  Ingress: { spec: { ingressClassName: 'stranger' } },
  NetworkPolicy: { spec: { podSelector: { matchLabels: { 'app.kubernetes.io/instance': 'somebody-else' } } } },
  PodDisruptionBudget: { spec: { unhealthyPodEvictionPolicy: 'IfHealthyBudget' } },
};

scenario('every generated object is repaired after a change and after deletion, and an unchanged project causes no write', { namespace: 'repair', timeout: 400_000 }, async (t) => {
  const { namespace } = t;
  const url = await emptyDatabase('repair');
  await secret(namespace, 'db', { url });
  await ready(project(namespace, name, {
    database: { postgres: { urlRef: { name: 'db', key: 'url' } } }, replicas: 2, exposure: { ingress: { className: 'nginx' } },
  }));
  const made = await owned(namespace);
  assert.deepEqual([...new Set(made.map(({ kind }) => kind))].sort(), [...KINDS].sort(), 'one of each kind is there');

  await t.test('a foreign change is corrected, a foreign annotation stays', async () => {
    for (const { kind, object } of made.filter(({ kind }) => DAMAGE[kind])) {
      const before = substance(await get(kind, namespace, object.metadata.name));
      await patch(kind, namespace, object.metadata.name, { ...DAMAGE[kind], metadata: { annotations: { 'stranger.example/note': 'keep me' }, labels: { 'app.kubernetes.io/managed-by': 'stranger' } } });
      await waitFor(`${kind} ${object.metadata.name} to be repaired`, async () => {
        const now = substance(await get(kind, namespace, object.metadata.name));
        const { 'stranger.example/note': note, ...annotations } = now.annotations;
        assert.equal(note, 'keep me');
        assert.deepEqual({ ...now, annotations }, before);
        return true;
      }, { seconds: 30 });
    }
  });

  await t.test('a deleted object comes back the same', async () => {
    for (const { kind, object } of made.filter(({ kind }) => kind !== 'Secret')) {
      const before = substance(await get(kind, namespace, object.metadata.name));
      delete before.annotations['stranger.example/note'];
      await remove(kind, namespace, object.metadata.name);
      await waitFor(`${kind} ${object.metadata.name} to come back`, async () => {
        const now = await find(kind, namespace, object.metadata.name);
        if (!now || now.metadata.uid === object.metadata.uid || now.metadata.deletionTimestamp) return false;
        if (kind === 'Service') [before, now].forEach(({ spec }) => { delete spec.clusterIP; delete spec.clusterIPs; });
        assert.deepEqual(substance(now), before);
        return true;
      }, { seconds: 40 });
    }
    await waitForCondition(namespace, name, 'Ready');
  });

  await t.test('a minute without a change is a minute without a write', async () => {
    await waitForCondition(namespace, name, 'Ready');
    // The last repair's own rollout must have ended.
    await waitFor('the rollout to end', async () => {
      const { status, spec } = await get('Deployment', namespace, made.find(({ kind }) => kind === 'Deployment').object.metadata.name);
      return status.updatedReplicas === spec.replicas && status.readyReplicas === spec.replicas && status.replicas === spec.replicas;
    });
    const quietFrom = await waitFor('ten quiet seconds', async () => {
      const newest = writesOfOperator().map((entry) => Date.parse(entry.stageTimestamp)).reduce((a, b) => Math.max(a, b), 0);
      return Date.now() - newest > 10_000 && Date.now();
    }, { seconds: 60, every: 1000 });
    const versions = async () => (await Promise.all([...await owned(namespace), { kind: 'HankoProject', object: await get('HankoProject', namespace, name) }]
      .map(async ({ kind, object }) => `${kind} ${object.metadata.name} ${(await get(kind, namespace, object.metadata.name)).metadata.resourceVersion}`))).sort();
    const before = await versions();
    await staysTrue('the peace', () => writesOfOperator().every((entry) => Date.parse(entry.stageTimestamp) < quietFrom), 60);
    assert.deepEqual(await versions(), before);
  });
});

/** Everything the operator wrote but its Lease, which it renews. */
const writesOfOperator = () => auditEntries((entry) =>
  entry.user.username === OPERATOR.account && ['create', 'update', 'patch', 'delete'].includes(entry.verb) && entry.objectRef?.resource !== 'leases');
