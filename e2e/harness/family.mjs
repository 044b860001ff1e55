// Tests with people in front of devices: one laptop and one browser for a file, a device of its own for each test.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch, openPage } from './browser.mjs';
import { env } from './cluster.mjs';
import { startLaptop } from './laptop.mjs';
import { Person } from './person.mjs';

const ARTEFACTS = fileURLToPath(new URL(`../artefacts/${env.CLUSTER}/`, import.meta.url));

/**
 * Starts the laptop with these projects before the file's tests, and then what `prepare` does. Answers `family`, which makes a test, and `stage`:
 * its `laptop`, and `open`, which closes at the end what a promise answers.
 */
export function people(projects, { prepare, ...options } = {}) {
  const opened = [];
  const stage = {
    open: async (promise) => {
      opened.push(await promise);
      return opened.at(-1);
    },
  };
  before(async () => {
    stage.laptop = await stage.open(startLaptop(projects, options));
    stage.browser = await stage.open(launch());
    await prepare?.();
  });
  after(async () => {
    for (const one of opened.reverse()) await one.close();
  });

  /** A device; `visit` opens the page of a project there, and answers a person in front of it. */
  async function openDevice() {
    const device = await openPage(stage.browser);
    device.page.setDefaultTimeout(15_000);
    return Object.assign(device, {
      visit: async (project, who, { headline, ...options } = {}) => {
        const person = new Person(device.page, `${who}@example.com`, { mailUrl: stage.laptop.mailUrl, lang: options.lang });
        await person.open(stage.laptop.page(project, options), headline ?? (options.element === 'hanko-registration' ? 'signUp' : 'signIn'));
        return person;
      },
    });
  }

  /** A test with a device; `another` opens a second one. */
  function family(name, body) {
    test(name, { timeout: 60_000 }, async (t) => {
      const devices = [await openDevice()];
      const another = async () => {
        devices.push(await openDevice());
        return devices.at(-1);
      };
      try {
        await body({ ...devices[0], another });
        for (const { log } of devices) assert.deepEqual(log.filter((line) => /^uncaught|^5\d\d /.test(line)), []);
      } catch (error) {
        const file = ARTEFACTS + name.replace(/[^a-z0-9]+/gi, '-').slice(0, 80);
        mkdirSync(ARTEFACTS, { recursive: true });
        writeFileSync(`${file}.log`, `${devices.map(({ log }) => log.join('\n')).join('\n\n')}\n\n${await stage.laptop.log()}`);
        for (const [i, { page }] of devices.entries()) await page.screenshot({ path: `${file}-${i}.png` });
        t.diagnostic(`see ${file}.log and -0.png`);
        throw error;
      } finally {
        for (const device of devices) await device.close();
      }
    });
  }
  return { family, stage };
}

/** What the application behind a page learns: the answers of /me and /sessions/validate, and the cookie. */
export async function session({ page, context }) {
  const { me, validity } = await page.evaluate(async () => {
    const ask = async (path) => (await fetch(tenant + path, { credentials: 'include' })).json();
    return { me: await ask('/me'), validity: await ask('/sessions/validate') };
  });
  const cookie = await cookieNamed(context, 'hanko');
  assert.ok(cookie?.httpOnly, 'scripts cannot read the cookie');
  assert.equal(validity.is_valid, true);
  assert.equal(validity.user_id, me.user_id);
  return { me, amr: validity.claims.amr, claims: validity.claims };
}

export const cookieNamed = async (context, name) => (await context.cookies()).find((cookie) => cookie.name === name);
