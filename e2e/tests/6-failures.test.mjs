// The tenant, the operator, the API server and the database are killed in turn: everything recovers by itself and nothing is lost.
import assert from 'node:assert/strict';
import { scenario } from '../harness/artefacts.mjs';
import { OPERATOR, api, apply, clusterScript, get, list, remove, staysTrue, waitFor } from '../harness/cluster.mjs';
import { loginWithPasscode, loginWithPassword, register, validate } from '../harness/flow.mjs';
import { emptyDatabase, killPostgres, startPostgres } from '../harness/postgres.mjs';
import { restarts, signal } from '../harness/processes.mjs';
import { secret } from '../harness/secrets.mjs';
import { podsOf, project, ready, waitForCondition } from '../harness/tenant.mjs';

const answers = (base, path = '/readyz') => fetch(base + path, { signal: AbortSignal.timeout(3000) });
const isReady = (base) => waitFor('the tenant to be ready', async () => (await answers(base)).ok);
const operatorPods = () => list('Pod', OPERATOR.namespace, 'app.kubernetes.io/name=hanko-operator');

scenario('a killed tenant comes back with its users, sessions and keys', { namespace: 'failures' }, async ({ namespace }) => {
  const base = await ready(project(namespace, 'killed'));
  const user = await register(base, 'user@example.com');
  const keys = await (await answers(base, '/.well-known/jwks.json')).text();
  const [pod] = await podsOf(namespace, 'killed');

  await signal(pod, 'KILL');
  await waitFor('the kubelet to start it again', async () => restarts(await podsOf(namespace, 'killed'))[0] > restarts([pod])[0]);
  await isReady(base);
  assert.equal((await validate(base, user.token)).is_valid, true);
  assert.equal(await (await answers(base, '/.well-known/jwks.json')).text(), keys);
  (await loginWithPassword(base, 'user@example.com')).is('success');

  await remove('Pod', namespace, pod.metadata.name);
  await waitFor('a new pod', async () => (await podsOf(namespace, 'killed')).some((one) => one.metadata.uid !== pod.metadata.uid && one.status.containerStatuses?.[0]?.ready));
  await isReady(base);
  assert.equal((await validate(base, user.token)).is_valid, true);
});

scenario('a killed operator picks up where it was, and tenants do not notice', { namespace: 'failures' }, async ({ namespace }) => {
  const base = await ready(project(namespace, 'calm'));
  const before = await podsOf(namespace, 'calm');
  const [operator] = await operatorPods();
  await signal(operator, 'KILL', 'hanko-operator');
  await apply(project(namespace, 'calm', { settings: { account: { allowSignup: false } } }), project(namespace, 'born-meanwhile'));
  assert.equal((await answers(base)).status, 200);
  await waitForCondition(namespace, 'calm', 'Programmed');
  await waitForCondition(namespace, 'born-meanwhile', 'Ready');
  assert.equal((await podsOf(namespace, 'calm'))[0].metadata.uid, before[0].metadata.uid);

  await remove('Pod', OPERATOR.namespace, (await operatorPods())[0].metadata.name);
  await apply(project(namespace, 'calm', {}));
  await waitForCondition(namespace, 'calm', 'Programmed');
});

scenario('the API server is gone for a while: tenants serve, the operator waits and catches up', { namespace: 'failures' }, async ({ namespace }) => {
  const base = await ready(project(namespace, 'served'));
  await apply(project(namespace, 'served', { settings: { password: { minLength: 12 } } }));
  await clusterScript('kill', 'kube-apiserver');
  await register(base, 'meanwhile@example.com', { password: 'twelve characters at least' });
  await waitFor('the API server', () => api('GET', '/readyz'));
  await waitForCondition(namespace, 'served', 'Programmed');
  await apply(project(namespace, 'served', { settings: { password: { minLength: 9 } } }));
  await waitForCondition(namespace, 'served', 'Programmed');
  await waitFor('the operator to be ready', async () => (await operatorPods()).every((pod) => pod.status.containerStatuses?.[0]?.ready));
});

scenario('the database is killed: not ready, no restart, and nothing is lost when it is back', { namespace: 'failures' }, async ({ namespace }) => {
  await secret(namespace, 'db', { url: await emptyDatabase('failures') });
  const base = await ready(project(namespace, 'stored', { database: { postgres: { urlRef: { name: 'db', key: 'url' } } }, replicas: 2 }));
  const user = await register(base, 'user@example.com');
  const before = await podsOf(namespace, 'stored');
  const pods = before.map((pod) => `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}:8001/proxy`);
  try {
    await killPostgres();
    await waitFor('both pods to be unready', async () => (await Promise.all(pods.map((pod) => api('GET', `${pod}/readyz`).then(() => false, (error) => error.code === 503)))).every(Boolean));
    await waitFor('the condition to say so', async () => (await get('HankoProject', namespace, 'stored')).status.conditions.find(({ type }) => type === 'Ready').status !== 'True');
    await staysTrue('the liveness of the pods', async () => (await Promise.all(pods.map((pod) => api('GET', `${pod}/livez`)))).length === 2, 5);
  } finally {
    await startPostgres();
  }
  await waitForCondition(namespace, 'stored', 'Ready');
  await isReady(base);
  assert.equal((await validate(base, user.token)).is_valid, true);
  (await loginWithPasscode(base, 'user@example.com')).is('success');
  assert.deepEqual(restarts(await podsOf(namespace, 'stored')), restarts(before), 'a database that is down is no reason to restart');
});
