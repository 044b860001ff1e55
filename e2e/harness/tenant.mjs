// A tenant as the tests make it, and what it says of itself.
import { api, apply, find, get, list, path, waitFor } from './cluster.mjs';

/** A project that sends its mail to the cluster's Mailpit; `spec` is laid over it, field by field at the top level. */
export function project(namespace, name, spec = {}) {
  return {
    kind: 'HankoProject', metadata: { name, namespace },
    spec: {
      hosts: [`auth.${name}.localhost`],
      publicUrl: `http://auth.${name}.localhost:8000`,
      origins: [`http://app.${name}.localhost:8800`],
      mail: { from: { address: `login@${name}.test` }, smtp: { host: 'mail.e2e.test', port: 1025, tls: 'none' } },
      ...spec,
    },
  };
}

/** The condition of that type, when it speaks of the object's present generation. */
export function condition(object, type) {
  const found = object.status?.conditions?.find((one) => one.type === type);
  return found && found.observedGeneration === object.metadata.generation ? found : undefined;
}

/** Waits until a condition of the newest generation has that status, and answers the project. */
export const waitForCondition = (namespace, name, type, status = 'True', seconds = 90) =>
  waitFor(`${type}=${status} of ${namespace}/${name}`, async () => {
    const object = await get('HankoProject', namespace, name);
    return condition(object, type)?.status === status && object;
  }, { seconds });

/** Applies the project, waits until it is Ready, and answers its public address. */
export async function ready(object) {
  const { namespace, name } = object.metadata;
  await apply(object);
  await waitForCondition(namespace, name, 'Ready');
  return address(namespace, name);
}

/** The address of the public Service, once it answers (kube-proxy follows a second behind). */
export async function address(namespace, name) {
  const service = await get('Service', namespace, `${name}-public`);
  const base = `http://${service.spec.clusterIP}:8000`;
  await waitFor(`${base} to answer`, async () => (await fetch(`${base}/readyz`, { signal: AbortSignal.timeout(2000) })).ok);
  return base;
}

export const podsOf = async (namespace, name) =>
  (await list('Pod', namespace, `hanko-operator.dev/project=${name}`)).filter((pod) => !pod.metadata.deletionTimestamp);

/** What a pod answers at /-/revision on its admin port. */
export const revisionOf = (pod) => api('GET', `${path('Pod', pod.metadata.namespace, `${pod.metadata.name}:8001`)}/proxy/-/revision`);

/** The same of every pod of the project. */
export const revisions = async (namespace, name) => Promise.all((await podsOf(namespace, name)).map(revisionOf));

export const events = async (namespace, name) =>
  (await list('Event', namespace)).filter((event) => (event.regarding ?? event.involvedObject)?.name === name);

export const projectGone = (namespace, name) => waitFor(`project ${name} to go`, async () => !(await find('HankoProject', namespace, name)));
