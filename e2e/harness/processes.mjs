// Processes inside pods, seen from the node: to stop, pause and measure them.
import { clusterScript } from './cluster.mjs';

/** The process numbers (on the node) of a pod's program. */
export async function pidsOf(pod, program = 'hanko-runtime') {
  const uid = pod.metadata.uid;
  const found = await clusterScript('exec', 'sh', '-c', `for p in $(pgrep -x ${program.slice(0, 15)}); do grep -q ${uid} /proc/$p/cgroup && echo $p; done; true`);
  return found.trim().split('\n').filter(Boolean);
}

/** Sends a signal to the pod's program. */
export async function signal(pod, name, program) {
  const pids = await pidsOf(pod, program);
  if (!pids.length) throw new Error(`no process of ${pod.metadata.name}`);
  await clusterScript('exec', 'kill', `-${name}`, ...pids);
}

/** The largest resident memory the pod's program ever had, in MiB. */
export async function peakMemory(pod) {
  const [pid] = await pidsOf(pod);
  const status = await clusterScript('exec', 'cat', `/proc/${pid}/status`);
  return Number(status.match(/VmHWM:\s+(\d+) kB/)[1]) / 1024;
}

export const restarts = (pods) => pods.map((pod) => pod.status.containerStatuses?.map((one) => one.restartCount).reduce((a, b) => a + b, 0) ?? 0);
