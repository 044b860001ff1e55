// Keys of the Admin API: the one the operator makes is there from the beginning, is rotated without a gap, and ends with its Secret; keys of the manifest may do what they say.
import assert from 'node:assert/strict';
import { scenario } from '../harness/artefacts.mjs';
import { api, apply, find, get, patch, path, remove, waitFor } from '../harness/cluster.mjs';
import { secret } from '../harness/secrets.mjs';
import { podsOf, project, ready, waitForCondition } from '../harness/tenant.mjs';

/** The status of a call through the API server, which keeps an `Authorization` for itself. */
async function call(namespace, name, key, { method = 'GET', route = '/admin/users', body } = {}) {
  const service = `${path('Service', namespace, `${name}-admin:8001`)}/proxy${route}`;
  try {
    await api(method, service, { body, headers: key ? { apiKey: key } : {} });
    return 200;
  } catch (error) {
    if (error.code) return error.code;
    throw error;
  }
}

/** The entries of the generated key's Secret. */
async function generated(namespace, name) {
  const { data, metadata } = await get('Secret', namespace, `${name}-admin-key`);
  const entries = Object.entries(data).map(([entry, value]) => [entry, Buffer.from(value, 'base64').toString()]);
  return { ...Object.fromEntries(entries), metadata };
}

scenario('the generated key of the Admin API is made, rotated without a gap, and made anew', { namespace: 'admin-key', timeout: 300_000 }, async (t) => {
  const { namespace } = t, name = 'keyed';
  const answers = (key, code) => waitFor(`a call to be answered with ${code}`, async () => (await call(namespace, name, key)) === code, { seconds: 90 });
  await ready(project(namespace, name));
  const [pod] = await podsOf(namespace, name);
  const first = await generated(namespace, name);

  await t.test('it may do everything, and nothing is answered without it', async () => {
    assert.match(first.key, /^hk_[A-Za-z0-9_-]{43}$/);
    assert.equal((await get('HankoProject', namespace, name)).status.adminKeySecret, `${name}-admin-key`);
    assert.equal(await call(namespace, name, first.key), 200);
    assert.equal(await call(namespace, name, first.key, { route: '/users' }), 200);
    assert.equal(await call(namespace, name), 401);
    assert.equal(await call(namespace, name, `hk_${'A'.repeat(43)}`), 401);
    assert.equal(await call(namespace, name, undefined, { route: '/livez' }), 200);
  });

  let second;
  await t.test('after a rotation both work, until the overlap is over', async () => {
    await patch('HankoProject', namespace, name, { metadata: { annotations: { 'hanko-operator.dev/rotate-admin-key': 'first' } } });
    second = await waitFor('the rotation', async () => {
      const now = await generated(namespace, name);
      return now.key !== first.key && now;
    });
    assert.equal(second.previous, first.key);
    assert.ok(Date.parse(second.metadata.annotations['hanko-operator.dev/previous-key-until']) > Date.now() + 23 * 3600_000);
    await answers(second.key, 200);
    assert.equal(await call(namespace, name, first.key), 200);
    await waitForCondition(namespace, name, 'Programmed');
    assert.equal(await call(namespace, name, first.key), 200);
    await apply(project(namespace, name, { adminApi: { generatedKey: { overlap: '1s' } } }));
    await answers(first.key, 401);
    assert.equal(await call(namespace, name, second.key), 200);
    assert.equal((await generated(namespace, name)).previous, undefined);
  });

  await t.test('a deleted Secret ends the key, and another one is made', async () => {
    await remove('Secret', namespace, `${name}-admin-key`);
    const third = await waitFor('another key', async () => {
      const now = await generated(namespace, name);
      return now.metadata.uid !== second.metadata.uid && now;
    });
    assert.notEqual(third.key, second.key);
    await answers(third.key, 200);
    assert.equal(await call(namespace, name, second.key), 401);
    await waitForCondition(namespace, name, 'Ready');
  });
  assert.equal((await podsOf(namespace, name))[0].metadata.uid, pod.metadata.uid, 'no pod was replaced');
});

scenario('a key of the manifest does what its scopes say, and the generated one goes where it is not wanted', { namespace: 'admin-key' }, async ({ namespace }) => {
  const name = 'callers', reports = 'r'.repeat(40), past = 'p'.repeat(40);
  await secret(namespace, 'callers', { reports, past });
  const adminApi = {
    generatedKey: { enabled: false },
    keys: [
      { name: 'reports', scopes: ['read'], keyRef: { name: 'callers', key: 'reports' } },
      { name: 'past', keyRef: { name: 'callers', key: 'past' }, expiresAt: '2020-01-01T00:00:00Z' },
    ],
  };
  await ready(project(namespace, name, { adminApi }));
  assert.equal(await find('Secret', namespace, `${name}-admin-key`), undefined);
  assert.equal((await get('HankoProject', namespace, name)).status.adminKeySecret, undefined);
  assert.equal(await call(namespace, name, reports), 200);
  assert.equal(await call(namespace, name, reports, { method: 'POST', body: { emails: [{ address: 'a@example.com', is_primary: true }] } }), 403);
  assert.equal(await call(namespace, name, past), 401);

  await apply(project(namespace, name, { adminApi: { ...adminApi, generatedKey: { enabled: true } } }));
  const { key } = await waitFor('the generated key', () => generated(namespace, name));
  await waitFor('it to be served', async () => (await call(namespace, name, key)) === 200, { seconds: 90 });
  await apply(project(namespace, name, { adminApi: { authentication: 'Disabled' } }));
  await waitFor('calls without a key', async () => (await call(namespace, name)) === 200, { seconds: 90 });
  await waitFor('its Secret to go', async () => !(await find('Secret', namespace, `${name}-admin-key`)));
});
