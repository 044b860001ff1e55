// Chromium with a virtual authenticator (WebDriver's, over the DevTools protocol).
import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
/** Built into the device: makes passkeys, and knows its user. */
const PLATFORM = {
  protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
};
/** On a keyring: a touch is all it asks, and it remembers no account. */
const SECURITY_KEY = { protocol: 'ctap2', transport: 'usb', hasResidentKey: false, hasUserVerification: false, automaticPresenceSimulation: true };

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });

/** A browser with one page. `authenticator` can be emptied, and asked for its credentials. */
export async function openBrowser() {
  const browser = await launch();
  return Object.assign(await openPage(browser), { close: () => browser.close() });
}

/** A page of its own in a browser that runs: with its own cookies and authenticator, as another person's device. */
export async function openPage(browser, options) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 850 }, ...options });
  const page = await context.newPage();
  const log = [];
  page.on('console', (message) => log.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => log.push(`uncaught: ${error.message}`));
  page.on('requestfailed', (request) => log.push(`failed: ${request.method()} ${request.url()} ${request.failure()?.errorText}`));
  page.on('response', async (answer) => {
    const { pathname, search } = new URL(answer.url());
    const state = pathname.match(/\/(login|registration|profile)$/) && await answer.json().catch(() => undefined);
    log.push(`${answer.status()} ${answer.request().method()} ${pathname}${search} ${state?.name ?? ''} ${state?.error?.code ?? ''}`);
  });
  await page.addInitScript(() => {
    window.flowStates = [];
    document.addEventListener('hanko-after-state-change', (event) => window.flowStates.push(event.detail.state.name));
  });
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const plug = async (options) => {
    const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', { options });
    return {
      credentials: async () => (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
      /** Renames what it holds, so that no tenant knows it any more. */
      estrange: async () => {
        const { credentials } = await devtools.send('WebAuthn.getCredentials', { authenticatorId });
        for (const credential of credentials) {
          await devtools.send('WebAuthn.removeCredential', { authenticatorId, credentialId: credential.credentialId });
          await devtools.send('WebAuthn.addCredential', { authenticatorId, credential: { ...credential, credentialId: Buffer.from('a stranger here').toString('base64') } });
        }
      },
      /** Whether the authenticator answers by itself; off, a ceremony waits for its user. */
      answersByItself: (enabled) => devtools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled }),
    };
  };
  return {
    page, context, log, ...await plug(PLATFORM), plugSecurityKey: () => plug(SECURITY_KEY),
    close: () => context.close(),
  };
}
