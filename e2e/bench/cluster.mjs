// What a tenant costs on the cluster: from apply to Ready, and the memory of its process. Prints Markdown; `make bench` appends it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { apply, remove } from '../harness/cluster.mjs';
import { project, waitForCondition } from '../harness/tenant.mjs';

const TENANTS = 10;
const namespace = 'bench';

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const kibibytes = (text, name) => Number(text.match(new RegExp(`^${name}:\\s+(\\d+)`, 'm'))[1]);

/** The processes of all tenants, as the machine sees them. */
const processes = () => execFileSync('pgrep', ['-f', '^/hanko-runtime serve /etc/hanko/project'], { encoding: 'utf8' }).trim().split('\n');

await apply({ kind: 'Namespace', metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } });
try {
  const seconds = [];
  for (let i = 0; i < TENANTS; i++) {
    const begun = performance.now();
    await apply(project(namespace, `tenant${i}`));
    await waitForCondition(namespace, `tenant${i}`, 'Ready');
    seconds.push((performance.now() - begun) / 1000);
  }
  const memory = processes().map((pid) => readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  const mib = (name) => (median(memory.map((text) => kibibytes(text, name))) / 1024).toFixed(1);
  console.log(`
On the cluster of the tests (${TENANTS} tenants on SQLite, one after the other, medians):

| | |
| --- | --- |
| \`kubectl apply\` to \`Ready\` | ${median(seconds).toFixed(1)} s |
| memory of a tenant's process: resident | ${mib('Rss')} MiB |
| its share, where pages shared with the other tenants are divided among them | ${mib('Pss')} MiB |
| of it anonymous, which every tenant has for itself | ${mib('Anonymous')} MiB |`);
} finally {
  await remove('Namespace', undefined, namespace);
}
