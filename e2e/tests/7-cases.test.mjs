// Failures that other projects met in the field.
import assert from 'node:assert/strict';
import net from 'node:net';
import { scenario } from '../harness/artefacts.mjs';
import { OPERATOR, api, apply, find, get, kubectl, list, path, remove, staysTrue, waitFor } from '../harness/cluster.mjs';
import { beginLogin, register, validate } from '../harness/flow.mjs';
import { emptyDatabase, query } from '../harness/postgres.mjs';
import { peakMemory, restarts } from '../harness/processes.mjs';
import { secret } from '../harness/secrets.mjs';
import { address, condition, events, podsOf, project, ready, waitForCondition } from '../harness/tenant.mjs';

const SOAK = Boolean(process.env.SOAK);

async function onPostgres(namespace, name, spec = {}) {
  const url = await emptyDatabase(name);
  await secret(namespace, `${name}-db`, { url });
  return project(namespace, name, { database: { postgres: { urlRef: { name: `${name}-db`, key: 'url' } } }, ...spec });
}

const deploymentOf = async (namespace, name) => (await list('Deployment', namespace, `hanko-operator.dev/project=${name}`))[0];

scenario('FC-07: a new relying party waits until it is accepted, and the status says what it has stranded', { namespace: 'field' }, async ({ namespace }) => {
  const url = await emptyDatabase('moved');
  await secret(namespace, 'moved-db', { url });
  const under = (id, annotations) => {
    const spec = { database: { postgres: { urlRef: { name: 'moved-db', key: 'url' } } }, settings: { webauthn: { relyingParty: { id } } } };
    const object = project(namespace, 'moved', spec);
    return apply({ ...object, metadata: { ...object.metadata, annotations } });
  };
  const statusIs = (what, is) => waitFor(what, async () => {
    const object = await get('HankoProject', namespace, 'moved');
    return condition(object, 'Ready')?.status === 'True' && is(object.status) && object;
  }, { seconds: 120 });
  await under('auth.moved.localhost');
  await waitForCondition(namespace, 'moved', 'Ready');
  await register(await address(namespace, 'moved'), 'jane@moved.test');
  await query(url, `INSERT INTO webauthn_credentials SELECT tenant_id, decode('0' || n, 'hex'), id, '', '', 'auth.moved.localhost', 'none', tenant_id, 0,
    true, false, false, '[]', NULL, n = 3, 0, NULL FROM users, generate_series(1, 3) n`);

  await under('moved.localhost');
  const refused = await waitFor('a refusal', async () => {
    const ready = condition(await get('HankoProject', namespace, 'moved'), 'Ready');
    return ready?.reason === 'DocumentRefused' && ready;
  });
  assert.match(refused.message, /`auth\.moved\.localhost`, whose credentials would stop working \(passkeys: 2, security keys: 1\)/);
  await under('moved.localhost', { 'hanko-operator.dev/acknowledge-new-relying-party': 'moved.localhost' });
  const moved = await statusIs('three stranded credentials', ({ strandedCredentials }) => strandedCredentials === 3);
  assert.match(condition(moved, 'Programmed').message, /3 passkeys and security keys of another relying party/);
  await waitFor('an event', async () => (await events(namespace, 'moved')).find((event) => event.reason === 'CredentialsStranded' && event.note.startsWith('3 ')));

  await under('auth.moved.localhost');
  await statusIs('none again', ({ strandedCredentials }) => strandedCredentials === 0);
});

scenario('FC-58: five pods start at once on an empty database; one migrates, none restarts', { namespace: 'field' }, async ({ namespace }) => {
  const object = await onPostgres(namespace, 'crowd', { replicas: 5 });
  await ready(object);
  const pods = await waitFor('five ready pods', async () => {
    const all = await podsOf(namespace, 'crowd');
    return all.filter((pod) => pod.status.containerStatuses?.[0]?.ready).length === 5 && all;
  });
  assert.deepEqual(restarts(pods), [0, 0, 0, 0, 0]);
});

scenario('FC-65: long names: every child exists, or admission says the limit', { namespace: 'field' }, async (t) => {
  const { namespace } = t;
  for (const [length, host] of [[40, 'a.fern.test'], [52, 'b.fern.test'], [63, 'c.fern.test']]) {
    await t.test(`${length} characters`, async () => {
      const name = 'p'.repeat(length);
      const object = { kind: 'HankoProject', metadata: { name, namespace }, spec: { hosts: [host] } };
      try {
        await apply(object);
      } catch (error) {
        assert.match(error.message, /\b(52|63)\b/, 'the refusal says the limit');
        return;
      }
      await waitForCondition(namespace, name, 'Ready');
      const claims = (await list('PersistentVolumeClaim', namespace)).map(({ metadata }) => metadata.uid).sort();
      await remove('HankoProject', namespace, name);
      await waitFor('it to go', async () => !(await find('HankoProject', namespace, name)));
      await apply(object);
      await waitForCondition(namespace, name, 'Ready');
      assert.deepEqual((await list('PersistentVolumeClaim', namespace)).map(({ metadata }) => metadata.uid).sort(), claims, 'the same claim');
      await apply({ ...object, spec: { ...object.spec, suspend: true } });
      await waitFor('no pods', async () => (await list('Pod', namespace, `hanko-operator.dev/project=${name}`)).length === 0);
      for (const kind of ['Deployment', 'Service', 'ConfigMap', 'ServiceAccount', 'NetworkPolicy', 'Secret', 'PersistentVolumeClaim']) {
        for (const { metadata } of await list(kind, namespace)) {
          assert.ok(metadata.name.length <= 63, metadata.name);
          for (const value of Object.values(metadata.labels ?? {})) assert.ok(value.length <= 63, value);
        }
      }
    });
  }
});

scenario('FC-67: without spec.replicas the number of pods belongs to whoever scales', { namespace: 'field' }, async ({ namespace }) => {
  const object = await onPostgres(namespace, 'scaled');
  await ready(object);
  const { metadata: { name } } = await deploymentOf(namespace, 'scaled');
  await kubectl('-n', namespace, 'scale', 'deployment', name, '--replicas=3');
  const isThree = async () => (await get('Deployment', namespace, name)).spec.replicas === 3;
  await apply({ ...object, spec: { ...object.spec, settings: { password: { minLength: 10 } } } });
  await waitForCondition(namespace, 'scaled', 'Ready');
  for (const pod of await list('Pod', OPERATOR.namespace, 'app.kubernetes.io/name=hanko-operator')) await remove('Pod', OPERATOR.namespace, pod.metadata.name);
  await apply({ ...object, spec: { ...object.spec, settings: { password: { minLength: 11 } } } });
  await waitForCondition(namespace, 'scaled', 'Ready');
  await staysTrue('three replicas', isThree, 5);
  const mine = (await get('Deployment', namespace, name)).metadata.managedFields.filter(({ manager }) => manager.includes('hanko-operator'));
  assert.ok(mine.length > 0);
  for (const { fieldsV1 } of mine) assert.equal(fieldsV1['f:spec']?.['f:replicas'], undefined, 'our manager does not own spec.replicas');
});

scenario('FC-69: no disruption budget stops a drain', { namespace: 'field' }, async ({ namespace }) => {
  await ready(project(namespace, 'single'));
  assert.deepEqual(await list('PodDisruptionBudget', namespace), [], 'one replica, no budget');
  await ready(await onPostgres(namespace, 'pair', { replicas: 2 }));
  const [budget] = await list('PodDisruptionBudget', namespace, 'app.kubernetes.io/instance=pair');
  assert.equal(budget.spec.unhealthyPodEvictionPolicy, 'AlwaysAllow');
  await kubectl('cordon', 'node1');
  try {
    // With the node closed no new pod starts, so only the first pod of the pair may go: the budget protects the second.
    const evict = (pod) => api('POST', `${path('Pod', pod.metadata.namespace, pod.metadata.name)}/eviction`, {
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod.metadata.name, namespace: pod.metadata.namespace } },
    });
    for (const pod of await podsOf(namespace, 'single')) await evict(pod);
    const [first, second] = await podsOf(namespace, 'pair');
    await evict(first);
    await assert.rejects(evict(second), (error) => error.code === 429);
    for (const pod of await list('Pod', OPERATOR.namespace, 'app.kubernetes.io/name=hanko-operator')) await evict(pod);
  } finally {
    await kubectl('uncordon', 'node1');
  }
  await waitForCondition(namespace, 'pair', 'Ready');
  await waitForCondition(namespace, 'single', 'Ready');
  await kubectl('-n', namespace, 'drain', 'node1', '--pod-selector=app.kubernetes.io/instance=single', '--delete-emptydir-data', '--timeout=60s');
  await kubectl('uncordon', 'node1');
  await waitForCondition(namespace, 'single', 'Ready');
});

scenario('FC-71: the restricted profile and a volume that belongs to root', { namespace: 'field' }, async ({ namespace }) => {
  const base = await ready(project(namespace, 'locked'));
  await register(base, 'writer@example.com');
  const [pod] = await podsOf(namespace, 'locked');
  assert.equal(pod.spec.securityContext.fsGroupChangePolicy, 'OnRootMismatch');
  assert.ok(pod.spec.securityContext.fsGroup);
  assert.deepEqual(pod.spec.initContainers ?? [], []);
  const writable = pod.spec.containers[0].volumeMounts.filter((mount) => !mount.readOnly).map(({ name }) => pod.spec.volumes.find((volume) => volume.name === name));
  for (const volume of writable) assert.ok(volume.persistentVolumeClaim || volume.emptyDir?.sizeLimit, JSON.stringify(volume));
  assert.ok(!pod.spec.volumes.some((volume) => volume.projected?.sources?.some((source) => source.serviceAccountToken)), 'no token in the pod');
});

scenario('FC-83: 300 password logins at once stay within 256 MiB, and others are served meanwhile', { namespace: 'field', timeout: 300_000 }, async (t) => {
  const { namespace } = t;
  const base = await ready(project(namespace, 'hashing', {
    resources: { limits: { memory: '256Mi' } }, settings: { rateLimiter: { enabled: false } },
  }));
  await register(base, 'known@example.com');
  const { token } = await register(base, 'onlooker@example.com');      // its session is not among those that the many logins replace
  const flows = [];
  while (flows.length < 300) {      // in portions: one address may not hold more than some hundred connections
    flows.push(...await Promise.all(Array.from({ length: 50 }, async (_, i) => {
      const flow = await beginLogin(base, (flows.length + i) % 3 === 1 ? `stranger-${flows.length + i}@example.com` : 'known@example.com');
      if (flow.state.name === 'login_method_chooser') await flow.act('continue_to_password_login');
      return flow.is('login_password');
    })));
  }
  const times = [];
  let done = false;
  const onlooker = (async () => {
    while (!done) {
      const start = performance.now();
      assert.equal((await validate(base, token)).is_valid, true);
      times.push(performance.now() - start);
    }
  })();
  const outcomes = await Promise.all(flows.map(async (flow, i) => {
    await flow.act('password_login', { password: i % 3 === 0 ? 'correct horse battery' : i % 3 === 1 ? 'guessed password' : 'x'.repeat(5000) });
    return `${['known', 'unknown', 'over-long'][i % 3]}: ${flow.state.name} ${flow.state.status}${flow.retryAfter ? ' retry' : ''}`;
  }));
  done = true;
  await onlooker;
  t.diagnostic([...new Set(outcomes)].map((outcome) => `${outcomes.filter((one) => one === outcome).length} × ${outcome}`).join('; '));
  for (const [i, flow] of flows.entries()) {
    if (flow.state.status === 503 || flow.state.status === 429) assert.ok(flow.retryAfter, 'who is turned away is told when to come back');
    else if (i % 3 === 0) assert.equal(flow.state.name, 'success');
    else assert.ok([400, 401].includes(flow.state.status), JSON.stringify(flow.state.error));
  }
  times.sort((a, b) => a - b);
  const p99 = times[Math.floor(times.length * 0.99)];
  const [pod] = await podsOf(namespace, 'hashing');
  const peak = await peakMemory(pod);
  t.diagnostic(`${times.length} validations meanwhile, p99 ${p99.toFixed(0)} ms, peak memory ${peak.toFixed(0)} MiB`);
  assert.ok(peak < 256, `peak memory ${peak} MiB`);
  assert.deepEqual(restarts([pod]), [0]);
  assert.ok(p99 < 500, `p99 of the onlooker ${p99} ms`);
});

scenario('FC-85: connections that send their headers byte by byte are closed, and others are served', { namespace: 'field', timeout: 300_000 }, async (t) => {
  const { namespace } = t;
  const base = await ready(project(namespace, 'patient'));
  const { hostname: host } = new URL(base);
  const count = SOAK ? 5000 : 500;
  const slow = await Promise.all(Array.from({ length: count }, () => slowClient(host, 8000)));
  let served = 0;
  while (slow.some((client) => client.open)) {
    const answer = await fetch(`${base}/.well-known/jwks.json`, { signal: AbortSignal.timeout(5000), headers: { connection: 'close' } });
    assert.equal(answer.status, 200);
    served++;
    assert.ok(performance.now() - slow[0].since < 120_000, `${slow.filter((client) => client.open).length} connections are still open after two minutes`);
    await Promise.race([Promise.all(slow.filter((client) => client.open).map((client) => client.closed)), new Promise((resolve) => setTimeout(resolve, 250))]);
  }
  for (const { received } of slow) assert.match(received, /^($|HTTP\/1\.1 (408|503))/);
  t.diagnostic(`${count} slow connections closed after at most ${Math.round(Math.max(...slow.map((client) => client.lasted)) / 1000)} s; ${served} requests served meanwhile`);
  assert.deepEqual(restarts(await podsOf(namespace, 'patient')), [0]);
});

/** Sends half a request head, then a byte of it every two seconds. */
function slowClient(host, port) {
  return new Promise((resolve) => {
    const client = { open: true, received: '', since: performance.now(), lasted: 0 };
    const socket = net.connect({ host, port }, () => {
      socket.write('GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\nX-Slow: ');
      client.drip = setInterval(() => socket.write('a'), 2000);
      resolve(client);
    });
    client.closed = new Promise((closed) => socket.on('error', () => {}).on('data', (data) => { client.received += data; }).on('close', () => {
      clearInterval(client.drip);
      client.open = false;
      client.lasted = performance.now() - client.since;
      closed();
      resolve(client);
    }));
  });
}
