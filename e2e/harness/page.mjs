// The demo page in front of a tenant of the test cluster, and how a person walks through it.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { servePage } from '../demo/server.mjs';
import { get, kubectl } from './cluster.mjs';
import { forward } from './forward.mjs';
import { MAIL_URL, codeFor, mailsTo } from './mail.mjs';

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

/** A person in front of the page. Texts are those of the published elements. */
export class Person {
  constructor(page, email) { Object.assign(this, { page, email }); }

  button(name) { return this.page.getByRole('button', { name, exact: true }); }
  headline(name) { return this.page.getByRole('heading', { name, exact: true }); }
  signedIn() { return this.page.locator('#session').waitFor(); }

  async open(url) {
    await this.page.goto(url);
    await this.headline('Sign in').waitFor();
  }

  /** The elements show a new flow's first state twice, half a second apart, and forget what a quicker hand than a person's did in between. */
  firstStateSettled(state) {
    return this.page.waitForFunction((name) => window.flowStates.filter((one) => one === name).length >= 2, state);
  }

  async nameAccount(state = 'login_init') {
    await this.firstStateSettled(state);
    await this.page.getByPlaceholder('Email', { exact: true }).fill(this.email);
    await this.button('Continue').click();
  }

  /** Types the code of the next mail; the element submits it by itself with the last digit. */
  async typePasscode(mailsBefore) {
    await this.headline('Enter passcode').waitFor();
    const code = await codeFor(this.email, { count: mailsBefore + 1 });
    await this.page.locator('input[part~=passcode-input]').first().click();
    await this.page.keyboard.type(code);
  }

  /** Registers; sets a password when asked, and makes a passkey or skips it. */
  async register({ password, passkey }) {
    const before = (await mailsTo(this.email)).length;
    await this.button('Create account').click();
    await this.headline('Create account').waitFor();
    await this.nameAccount('registration_init');
    await this.typePasscode(before);
    await this.onboard({ password, passkey });
  }

  /** Answers what the tenant asks for between the proof and the session. */
  async onboard({ password, passkey = false }) {
    const session = this.page.locator('#session'), setPassword = this.headline('Set new password'), createPasskey = this.headline('Create a passkey');
    for (;;) {
      await session.or(setPassword).or(createPasskey).filter({ visible: true }).first().waitFor();
      if (await session.isVisible()) return;
      if (await setPassword.isVisible()) {
        await this.page.locator('input[type=password]').fill(password);
        await this.button('Continue').click();
        await setPassword.waitFor({ state: 'hidden' });
      } else {
        await this.button(passkey ? 'Create a passkey' : 'Skip').click();
        await createPasskey.waitFor({ state: 'hidden' });
      }
    }
  }

  async signOut() {
    await this.button('Sign out').click();
    await this.headline('Sign in').waitFor();
  }

  async signInWithPasscode() {
    const before = (await mailsTo(this.email)).length;
    await this.nameAccount();
    await this.button('Passcode').click();
    await this.typePasscode(before);
    await this.signedIn();
  }

  async signInWithPassword(password) {
    await this.nameAccount();
    await this.button('Password').click();
    await this.page.locator('input[type=password]').fill(password);
    await this.button('Sign in').click();
    await this.onboard({});
  }

  async signInWithPasskey() {
    await this.button('Sign in with a passkey').click();
    await this.signedIn();
  }

  async showsAddress() {
    await this.page.getByRole('heading', { name: this.email, exact: true }).waitFor();
  }
}
