// What a failed test leaves behind, in e2e/artefacts/<cluster>/<test>/: logs of the operator and the tenants, objects, events, screenshots.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'node:test';
import { OPERATOR, api, dismissNamespace, env, freshNamespace, list, path } from './cluster.mjs';

const ROOT = fileURLToPath(new URL(`../artefacts/${env.CLUSTER}/`, import.meta.url));

/**
 * A test with a namespace of its own (`t.namespace`, or the one named exactly), which is left to go when the test has passed. What stands in
 * `t.browsers` is photographed on failure and closed.
 */
export function scenario(name, { namespace, exactly, timeout = 180_000 }, body) {
  test(name, { timeout }, async (t) => {
    Object.assign(t, { browsers: [], namespace: exactly ?? `${namespace}-${Math.random().toString(36).slice(2, 6)}` });
    // What a failed run left would hold its hosts.
    const left = (await list('Namespace')).map(({ metadata }) => metadata).filter((one) => one.name.startsWith(`${namespace}-`) && !one.deletionTimestamp);
    for (const { name: old } of left) await dismissNamespace(old);
    await freshNamespace(t.namespace);
    try {
      await body(t);
      await dismissNamespace(t.namespace);
    } catch (error) {
      const folder = `${ROOT}${name.replace(/[^a-z0-9]+/gi, '-').slice(0, 80)}/`;
      await leaveArtefacts(folder, [t.namespace, OPERATOR.namespace], t.browsers).catch((problem) => t.diagnostic(`no artefacts: ${problem.message}`));
      t.diagnostic(`artefacts in ${folder}`);
      throw error;
    } finally {
      await Promise.all(t.browsers.map((browser) => browser.close()));
    }
  });
}

async function leaveArtefacts(folder, namespaces, browsers) {
  mkdirSync(folder, { recursive: true });
  const keep = (file, content) => writeFileSync(folder + file, content);
  for (const [i, browser] of browsers.entries()) {
    keep(`browser-${i}.log`, browser.log.join('\n'));
    await browser.page.screenshot({ path: `${folder}browser-${i}.png` });
  }
  for (const namespace of namespaces) {
    for (const kind of ['HankoProject', 'Deployment', 'Pod', 'Service', 'ConfigMap', 'PersistentVolumeClaim', 'NetworkPolicy', 'Event']) {
      keep(`${namespace}-${kind}.json`, JSON.stringify(await list(kind, namespace).catch((error) => error.message), null, 1));
    }
    for (const pod of await list('Pod', namespace)) {
      for (const previous of [false, true]) {
        const log = await api('GET', `${path('Pod', namespace, pod.metadata.name)}/log?previous=${previous}`).catch((error) => error.message);
        keep(`${namespace}-${pod.metadata.name}${previous ? '-previous' : ''}.log`, typeof log === 'string' ? log : JSON.stringify(log));
      }
    }
  }
}
