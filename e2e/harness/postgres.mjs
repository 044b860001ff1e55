// A PostgreSQL server beside the cluster, reachable from its pods. `tests.sh` stops it after the run.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { env } from './cluster.mjs';

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('../databases.sh', import.meta.url));
const script = async (...args) =>
  (await run(SCRIPT, args, { env: { ...process.env, DATABASES: `${env.STATE}-databases`, DATABASES_LISTEN: env.HOST_IP } })).stdout;

/** Starts the server, or brings it back with its data; answers its URL without a database name. */
export async function startPostgres() {
  return (await script('up', 'postgres')).match(/postgres:\/\/[^/]+/)[0];
}

/** A server of its own on loopback, with its files in that folder and these databases: {url(database), close}. */
export async function ownPostgres(folder, databases) {
  const own = async (...args) => (await run(SCRIPT, args, { env: { ...process.env, DATABASES: folder, DATABASES_LISTEN: '127.0.0.1' } })).stdout;
  const server = (await own('up', 'postgres')).match(/postgres:\/\/[^/]+/)[0];
  for (const database of databases) await query(`${server}/hanko`, `CREATE DATABASE "${database}"`);
  return { url: (database) => `${server}/${database}`, close: () => own('down') };
}

/** kill -9. */
export const killPostgres = () => script('kill', 'postgres');

/** An empty database; answers its URL as the tenant's pod needs it. */
export async function emptyDatabase(name) {
  const server = await startPostgres();
  await query(`${server}/hanko`, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
  await query(`${server}/hanko`, `CREATE DATABASE "${name}"`);
  return `${server}/${name}`;
}

/** Runs one statement and answers its rows, one string each. */
export const query = async (url, statement) => (await run('psql', [url, '-v', 'ON_ERROR_STOP=1', '-qAt', '-c', statement])).stdout.trim().split('\n');
