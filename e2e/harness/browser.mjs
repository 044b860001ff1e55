// Chromium with a virtual authenticator (WebDriver's, over the DevTools protocol).
import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** A browser with one page. `authenticator` can be emptied, and asked for its credentials. */
export async function openBrowser() {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  const context = await browser.newContext({ viewport: { width: 1200, height: 850 } });
  const page = await context.newPage();
  const log = [];
  page.on('console', (message) => log.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => log.push(`uncaught: ${error.message}`));
  page.on('requestfailed', (request) => log.push(`failed: ${request.method()} ${request.url()} ${request.failure()?.errorText}`));
  page.on('response', async (answer) => {
    const { pathname, search } = new URL(answer.url());
    const state = pathname.match(/\/(login|registration)$/) && await answer.json().catch(() => undefined);
    log.push(`${answer.status()} ${answer.request().method()} ${pathname}${search} ${state?.name ?? ''} ${state?.error?.code ?? ''}`);
  });
  await page.addInitScript(() => {
    window.flowStates = [];
    document.addEventListener('hanko-after-state-change', (event) => window.flowStates.push(event.detail.state.name));
  });
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
    },
  });
  return {
    page, context, log,
    credentials: async () => (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
    /** Whether the authenticator answers by itself; off, a ceremony waits for its user. */
    answersByItself: (enabled) => devtools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled }),
    close: () => browser.close(),
  };
}
