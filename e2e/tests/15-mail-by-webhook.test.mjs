// A project without a mail server: a program of its owner sends the mails, and its back end looks after the users with the Admin API.
import assert from 'node:assert/strict';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { Webhook } from 'standardwebhooks';
import { waitFor } from '../harness/cluster.mjs';
import { people, session } from '../harness/family.mjs';
import { receiver } from '../harness/receiver.mjs';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwWvLaLaSwWvI=';
const mails = await receiver();
const { family, stage } = people({ own: { passkey: { enabled: false }, password: { enabled: false }, mfa: { enabled: false } } }, {
  specs: {
    own: {
      mail: undefined,
      webhooks: { hooks: [{ name: 'mails', callback: mails.url, events: ['email.send'], secretRef: { name: 'own-webhooks', key: 'mails' } }] },
      outbound: { allowedNetworks: ['127.0.0.0/8'] },
    },
  },
  secrets: { 'own-webhooks': { mails: SECRET } },
  prepare: () => stage.open(mails),
});

/** What the owner's program learns of the next mail to an address, after it has made sure who tells it. */
async function told(address) {
  const { url } = await stage.laptop.reach('own');
  const keys = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`));
  return waitFor(`a mail to ${address}`, async () => {
    for (const { headers, body } of mails.received.splice(0)) {
      const { token, event } = new Webhook(SECRET).verify(body, headers);
      assert.throws(() => new Webhook(SECRET).verify(`${body} `, headers));
      assert.equal(event, 'email.send');
      const { payload } = await jwtVerify(token, keys, { algorithms: ['RS256'], subject: 'hanko webhooks', audience: 'own.localhost' });
      assert.deepEqual([payload.evt, headers['webhook-id']], [event, `msg_${payload.jti.replaceAll('-', '')}`]);
      if (payload.data.to_email_address === address) return payload.data;
    }
    return undefined;
  }, { seconds: 30 });
}

family('a code that comes by webhook signs up, and who administers the project ends the session', async ({ visit, page, context }) => {
  const ada = await visit('own', 'ada', { interval: 3001 });
  await ada.goToRegistration();
  await ada.nameAccount('registration_init');
  await ada.sees('loginPasscode');
  const mail = await told(ada.email);
  assert.deepEqual([mail.delivered_by_hanko, mail.language, mail.body_plain.includes(mail.data.otp_code)], [false, 'en', true]);
  await ada.typeDigits(mail.data.otp_code);
  await ada.signedIn();
  const { me } = await session({ page, context });
  assert.deepEqual(me.emails.map(({ address, is_verified: verified }) => [address, verified]), [[ada.email, true]]);

  const admin = await stage.laptop.admin('own');
  const users = await admin('GET', `/users?email=${encodeURIComponent(ada.email)}`);
  assert.deepEqual([users.headers.get('x-total-count'), users.body.map(({ id }) => id)], ['1', [me.user_id]]);
  const { body } = await admin('PATCH', `/users/${me.user_id}/metadata`, { public_metadata: { plan: 'gold' }, private_metadata: { vat: 7 } });
  assert.deepEqual(body, { public_metadata: { plan: 'gold' }, private_metadata: { vat: 7 } });
  assert.deepEqual((await session({ page, context })).me.metadata, { public_metadata: { plan: 'gold' } });

  const [{ id }] = (await admin('GET', `/users/${me.user_id}/sessions`)).body;
  assert.equal((await admin('DELETE', `/users/${me.user_id}/sessions/${id}`)).status, 204);
  await waitFor('the page to know', () => page.evaluate(() => events.some(([name]) => name === 'onSessionExpired')), { seconds: 15 });
  assert.equal((await page.evaluate(() => hanko.validateSession())).is_valid, false);
  await page.reload();
  await ada.sees('signIn');
});
