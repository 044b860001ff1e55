// The demo page in front of a tenant of the test cluster.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { servePage } from '../demo/server.mjs';
import { get, kubectl } from './cluster.mjs';
import { forward } from './forward.mjs';
import { MAIL_URL } from './mail.mjs';

const SAMPLE = fileURLToPath(new URL('../../config/samples/project.yaml', import.meta.url));

/** Applies config/samples/project.yaml as it is, but for the ports of the demo, which may be running beside the tests. */
export async function applySample(namespace, { tenantPort, pagePort }) {
  const text = (await readFile(SAMPLE, 'utf8')).replaceAll('localhost:8000', `localhost:${tenantPort}`).replaceAll('localhost:8800', `localhost:${pagePort}`);
  const folder = await mkdtemp(`${tmpdir()}/hanko-sample-`);
  await writeFile(`${folder}/project.yaml`, text);
  await kubectl('apply', '-n', namespace, '-f', folder);
  await rm(folder, { recursive: true });
}

/** Serves the page and forwards the tenant's port; answers the page's URL, the tenant's URL for programs, and `close`. */
export async function openApp(namespace, project, { tenantPort, pagePort }) {
  const tenant = await forward(tenantPort, async () => ({ host: (await get('Service', namespace, `${project}-public`)).spec.clusterIP, port: 8000 }));
  const page = await servePage({ port: pagePort, tenantUrl: `http://auth.${project}.localhost:${tenantPort}`, mailUrl: MAIL_URL });
  return {
    url: `http://app.${project}.localhost:${pagePort}/`,
    tenantUrl: `http://127.0.0.1:${tenantPort}`,
    close: () => Promise.all([tenant.close(), page.close()]),
  };
}
