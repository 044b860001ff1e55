// The applications of examples/, each started as its README tells.
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { env } from './cluster.mjs';
import { TARGET } from './laptop.mjs';
import { start } from './programs.mjs';

const run = promisify(execFile);
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const BIN = path('../node_modules/.bin/'), LOGS = path(`../artefacts/${env.CLUSTER}/`);
const QUIET = { NEXT_TELEMETRY_DISABLED: '1', CGO_ENABLED: '0' };

/** `build` is done once, with the variables of the first one that is started; `cargo build` has made the program in Rust. */
const EXAMPLES = {
  node: { program: ['node', 'server.mjs'] },
  python: { program: ['python3', 'server.py'] },
  go: { build: ['go', 'build', '-o', 'dist/back-end', '.'], program: [path('../examples/go/dist/back-end')] },
  rust: { program: [`${TARGET}/debug/example-back-end`] },
  next: { build: [`${BIN}next`, 'build'], program: [`${BIN}next`, 'start', '--hostname', '127.0.0.1'] },
  react: { build: [`${BIN}vite`, 'build'], program: [`${BIN}vite`, 'preview', '--host', '127.0.0.1', '--strictPort', '--port'] },
};

/** Builds an example, unless it is up to date. */
export async function build(name, variables = {}) {
  const [program, ...args] = EXAMPLES[name].build ?? ['true'];
  await run(program, args, { cwd: path(`../examples/${name}`), env: { ...process.env, ...QUIET, ...variables } });
}

/** Starts an example on that port of loopback, with these variables; answers {url, close}. */
export async function startExample(name, port, variables) {
  mkdirSync(LOGS, { recursive: true });
  const [program, ...args] = EXAMPLES[name].program;
  const url = `http://127.0.0.1:${port}`;
  const started = await start(program, name === 'react' ? [...args, String(port)] : args, {
    cwd: path(`../examples/${name}`), env: { ...QUIET, PORT: String(port), ...variables }, log: `${LOGS}example-${name}-${port}.log`, ready: url,
  });
  return { url, ...started };
}
