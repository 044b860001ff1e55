// The demo's process beside the cluster: the page, and the forwarder from loopback to the tenant's Service.
//   node demo/main.mjs NAMESPACE PROJECT TENANT_PORT PAGE_PORT
import { get } from '../harness/cluster.mjs';
import { forward } from '../harness/forward.mjs';
import { MAIL_URL } from '../harness/mail.mjs';
import { servePage } from './server.mjs';

const [namespace, project, tenantPort, pagePort] = process.argv.slice(2);

await forward(Number(tenantPort), async () => {
  const service = await get('Service', namespace, `${project}-public`);
  return { host: service.spec.clusterIP, port: 8000 };
});
await servePage({ port: Number(pagePort), tenantUrl: `http://auth.${project}.localhost:${tenantPort}`, mailUrl: MAIL_URL });
console.log('ready');
