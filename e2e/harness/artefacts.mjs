// What a failed test leaves behind, in e2e/artefacts/<test>/: logs of the operator and the tenants, objects, events, screenshots.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'node:test';
import { OPERATOR, api, list, path } from './cluster.mjs';

const ROOT = fileURLToPath(new URL('../artefacts/', import.meta.url));

/** A test that is given `t.browsers` (what it opens is photographed on failure) and leaves artefacts of these namespaces. */
export function scenario(name, { namespaces = [], timeout = 180_000 } = {}, body) {
  test(name, { timeout }, async (t) => {
    const browsers = [];
    try {
      await body(Object.assign(t, { browsers }));
    } catch (error) {
      const folder = `${ROOT}${name.replace(/[^a-z0-9]+/gi, '-').slice(0, 80)}/`;
      await leaveArtefacts(folder, [...namespaces, OPERATOR.namespace], browsers).catch((problem) => t.diagnostic(`no artefacts: ${problem.message}`));
      t.diagnostic(`artefacts in ${folder}`);
      throw error;
    } finally {
      await Promise.all(browsers.map((browser) => browser.close()));
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
