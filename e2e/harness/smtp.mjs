// A mail server of a test's own: Mailpit with STARTTLS and a password, on the machine beside the cluster.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { env, waitFor } from './cluster.mjs';

const run = promisify(execFile);

/** `ca` is the PEM its clients must trust. `restart` ends it and starts it with another password; its mails stay. */
export async function startSmtp({ port, apiPort, username, password }) {
  const folder = await mkdtemp(`${tmpdir()}/hanko-smtp-`);
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=host.e2e.test',
    '-addext', 'subjectAltName=DNS:host.e2e.test', '-addext', 'basicConstraints=critical,CA:FALSE', '-keyout', `${folder}/key.pem`, '-out', `${folder}/cert.pem`]);
  const url = `http://${env.HOST_IP}:${apiPort}`;
  let child;

  const stop = () => new Promise((resolve) => {
    if (!child || child.exitCode !== null) return resolve();
    child.once('exit', resolve);
    child.kill();
  });
  const restart = async (newPassword) => {
    await stop();
    await writeFile(`${folder}/users`, `${username}:${newPassword}\n`);
    child = spawn(`${env.BIN}/mailpit`, ['--smtp', `${env.HOST_IP}:${port}`, '--listen', `${env.HOST_IP}:${apiPort}`, '--database', `${folder}/mails.db`,
      '--smtp-auth-file', `${folder}/users`, '--smtp-tls-cert', `${folder}/cert.pem`, '--smtp-tls-key', `${folder}/key.pem`, '--smtp-require-starttls',
      '--disable-version-check', '--quiet'], { stdio: 'ignore' });
    await waitFor('the mail server', async () => (await fetch(`${url}/api/v1/info`)).ok);
  };
  await restart(password);
  return {
    url, restart, ca: await readFile(`${folder}/cert.pem`, 'utf8'),
    close: async () => { await stop(); await rm(folder, { recursive: true }); },
  };
}
