// The cluster the tests run on: its API (spoken directly, so that a poll costs nothing), kubectl for what only kubectl does, and waiting.
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('../cluster/cluster.sh', import.meta.url));

/** Addresses and paths of the cluster: CLUSTER, BIN, STATE, KUBECONFIG, HOST_IP, NODE_IP. */
export const env = Object.fromEntries(execFileSync(SCRIPT, ['env'], { encoding: 'utf8' }).trim().split('\n').map((line) => line.split(/=(.*)/s, 2)));
export const OPERATOR = { namespace: 'hanko-system', name: 'hanko-operator', account: 'system:serviceaccount:hanko-system:hanko-operator' };

/** Runs `cluster.sh`, for example `kill kube-apiserver`. */
export const clusterScript = async (...args) => (await run(SCRIPT, args)).stdout;

/** Runs kubectl; rejects with its message. */
export async function kubectl(...args) {
  try {
    return (await run(`${env.BIN}/kubectl`, args, { env: { ...process.env, KUBECONFIG: env.KUBECONFIG }, maxBuffer: 64 << 20 })).stdout;
  } catch (error) {
    throw new Error(`kubectl ${args.join(' ')}: ${error.stderr || error.message}`);
  }
}

/** An answer of the API server that is no success. `reason` and `message` are those of its Status object. */
export class ApiError extends Error {
  constructor(code, status, request) {
    super(`${request}: ${code} ${status.message ?? ''}`);
    Object.assign(this, { code, reason: status.reason, status });
  }
}

/** The connection to the API server, made when it is first needed, so that tests without a cluster can use the rest. */
let agent;
function connection() {
  if (!agent) {
    const config = readFileSync(env.KUBECONFIG, 'utf8');
    const decoded = (key) => Buffer.from(config.match(new RegExp(`${key}: ([A-Za-z0-9+/=]+)`))[1], 'base64');
    agent = new https.Agent({
      keepAlive: true, ca: decoded('certificate-authority-data'), cert: decoded('client-certificate-data'), key: decoded('client-key-data'),
    });
  }
  return agent;
}

/** One request to the API server. Answers the parsed JSON, or the text when it is none. */
export function api(method, path, { body, type = 'application/json', headers: more } = {}) {
  return new Promise((resolve, reject) => {
    const sent = body ? JSON.stringify(body) : '';
    const headers = { ...(body && { 'content-type': type, 'content-length': Buffer.byteLength(sent) }), ...more };
    const request = https.request(`https://${env.NODE_IP}:6443${path}`, { method, agent: connection(), timeout: 15_000, headers }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk)).on('error', reject).on('end', () => {
        const text = Buffer.concat(chunks).toString();
        let value = text;
        try { value = JSON.parse(text); } catch { /* logs and proxied answers are text */ }
        if (answer.statusCode < 300) resolve(value);
        else reject(new ApiError(answer.statusCode, typeof value === 'object' ? value : { message: text }, `${method} ${path}`));
      });
    });
    request.on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer in 15 s`))).on('error', reject);
    request.end(sent);
  });
}

const KINDS = {
  HankoProject: ['hanko-operator.dev/v1alpha1', 'hankoprojects'],
  Namespace: ['v1', 'namespaces'], Pod: ['v1', 'pods'], Secret: ['v1', 'secrets'], ConfigMap: ['v1', 'configmaps'], Service: ['v1', 'services'],
  ServiceAccount: ['v1', 'serviceaccounts'], PersistentVolumeClaim: ['v1', 'persistentvolumeclaims'], PersistentVolume: ['v1', 'persistentvolumes'],
  Event: ['events.k8s.io/v1', 'events'], Deployment: ['apps/v1', 'deployments'], ReplicaSet: ['apps/v1', 'replicasets'],
  Ingress: ['networking.k8s.io/v1', 'ingresses'], NetworkPolicy: ['networking.k8s.io/v1', 'networkpolicies'],
  PodDisruptionBudget: ['policy/v1', 'poddisruptionbudgets'], Lease: ['coordination.k8s.io/v1', 'leases'],
};
const CLUSTER_WIDE = new Set(['Namespace', 'PersistentVolume']);

/** The API's path of a kind, in a namespace (undefined: in all), and of one object when a name is given. */
export function path(kind, namespace, name) {
  const [version, plural] = KINDS[kind];
  return [
    version === 'v1' ? '/api/v1' : `/apis/${version}`,
    ...(namespace && !CLUSTER_WIDE.has(kind) ? ['namespaces', namespace] : []), plural, ...(name ? [name] : []),
  ].join('/');
}

export const get = (kind, namespace, name) => api('GET', path(kind, namespace, name));

/** The object, or undefined when there is none. */
export async function find(kind, namespace, name) {
  try {
    return await get(kind, namespace, name);
  } catch (error) {
    if (error.code === 404) return undefined;
    throw error;
  }
}

export const list = async (kind, namespace, labels) =>
  (await api('GET', `${path(kind, namespace)}${labels ? `?labelSelector=${encodeURIComponent(labels)}` : ''}`)).items;

/** Server-side apply with strict field validation, as `kubectl apply` does it. */
export async function apply(...objects) {
  const applied = [];
  for (const object of objects) {
    const { kind, metadata } = object;
    const target = path(kind, metadata.namespace, metadata.name);
    applied.push(await api('PATCH', `${target}?fieldManager=e2e&force=true&fieldValidation=Strict`, {
      type: 'application/apply-patch+yaml', body: { apiVersion: KINDS[kind][0], ...object },
    }));
  }
  return applied.length === 1 ? applied[0] : applied;
}

/** A merge patch, as a stranger's `kubectl patch`. */
export const patch = (kind, namespace, name, body) =>
  api('PATCH', `${path(kind, namespace, name)}?fieldManager=stranger`, { type: 'application/merge-patch+json', body });

export const remove = (kind, namespace, name) => api('DELETE', path(kind, namespace, name), { body: { propagationPolicy: 'Background' } });

/**
 * Asks `probe` until it answers something true, and answers that. An error counts as "not yet". When time is up, the error says what was
 * waited for, and what the last answer or error was.
 */
export async function waitFor(what, probe, { seconds = 60, every = 150 } = {}) {
  const end = Date.now() + seconds * 1000;
  let last;
  for (;;) {
    try {
      const answer = await probe();
      if (answer) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

/** Holds when `probe` stays true for so many seconds. */
export async function staysTrue(what, probe, seconds) {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    if (!(await probe())) throw new Error(`${what} did not stay true`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** A new namespace that enforces the restricted Pod Security profile; a leftover of that name goes first. */
export async function freshNamespace(name) {
  const old = await find('Namespace', undefined, name);
  if (old) {
    if (!old.metadata.deletionTimestamp) await dismissNamespace(name);
    await waitFor(`namespace ${name} to go`, async () => !(await find('Namespace', undefined, name)), { seconds: 90 });
  }
  await apply({ kind: 'Namespace', metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } });
  await clusterScript('volumes');
}

/** Deletes a namespace without waiting for the end: that takes half a pod's grace period, however fast its pods end. */
export const dismissNamespace = (name) => remove('Namespace', undefined, name);

/** The audit log's entries that `wanted` likes. */
export const auditEntries = (wanted) => readFileSync(`${env.STATE}/log/audit.log`, 'utf8').trim().split('\n').map((line) => JSON.parse(line)).filter(wanted);

/** Runs `probe URL` in a pod of that namespace and answers its output ("200 OK …" or the error). */
export async function askFromPod(namespace, url) {
  const name = `probe-${Math.random().toString(36).slice(2, 8)}`;
  await apply({
    kind: 'Pod', metadata: { name, namespace },
    spec: {
      restartPolicy: 'Never', automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{
        name: 'probe', image: 'e2e.local/probe:1', imagePullPolicy: 'IfNotPresent', args: [url],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      }],
    },
  });
  await waitFor(`${name} to end`, async () => ['Succeeded', 'Failed'].includes((await get('Pod', namespace, name)).status.phase));
  const output = await api('GET', `${path('Pod', namespace, name)}/log`);
  await remove('Pod', namespace, name);
  return typeof output === 'string' ? output : JSON.stringify(output);
}
