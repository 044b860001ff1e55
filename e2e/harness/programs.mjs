// Programs beside the tests, on loopback.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import { waitFor } from './cluster.mjs';

/** Starts a program; `ready` is a URL that no longer answers 503 once it can be used. Answers {close}. Rejects with what the program said. */
export async function start(program, args, { cwd, env, log, ready }) {
  const output = openSync(log, 'w');
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', output, output] });
  closeSync(output);
  let ended = false;
  const end = new Promise((resolve) => child.once('exit', resolve).once('error', resolve)).then(() => { ended = true; });
  const close = () => {
    child.kill();
    return end;
  };
  try {
    await waitFor(`${ready} to answer`, async () => ended || (await fetch(ready)).status !== 503);
    if (ended) throw new Error(`${program} has ended`);
  } catch (error) {
    await close();
    error.message += `\n${await readFile(log, 'utf8')}`;
    throw error;
  }
  return { close };
}

export async function freePort() {
  const server = net.createServer();
  await new Promise((listening, reject) => server.once('error', reject).listen(0, '127.0.0.1', listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}
