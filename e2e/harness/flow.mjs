// Walks flows as a client without a browser: registers users, signs in, and keeps the token.
import assert from 'node:assert/strict';
import { codeFor, mailsTo } from './mail.mjs';

/** One flow. `base` is the tenant's address; `state` the newest answer; `token` the session's, once there is one. */
export class Flow {
  static async start(base, name) {
    const flow = new Flow();
    Object.assign(flow, { base, name });
    await flow.post(`/${name}`);
    return flow;
  }

  /** Performs an action of the current state and answers the next one. */
  async act(action, inputs = {}) {
    const { href } = this.state.actions[action] ?? assert.fail(`${this.state.name} offers no ${action}, but ${Object.keys(this.state.actions)}`);
    return this.post(href, { input_data: inputs, csrf_token: this.state.csrf_token });
  }

  async post(href, body) {
    const answer = await fetch(this.base + href, {
      method: 'POST', headers: { 'content-type': 'application/json', 'user-agent': 'e2e' }, body: JSON.stringify(body ?? {}), signal: AbortSignal.timeout(60_000),
    });
    const text = await answer.text();
    try {
      this.state = JSON.parse(text);
    } catch {
      throw new Error(`POST ${href} answered ${answer.status} ${text.slice(0, 200)}`);
    }
    this.retryAfter = answer.headers.get('retry-after');
    const cookie = answer.headers.getSetCookie().map((line) => line.match(/^hanko=([^;]+)/)?.[1]).find(Boolean);
    this.token = answer.headers.get('x-auth-token') ?? cookie ?? this.token;
    return this.state;
  }

  is(name) {
    assert.equal(this.state.name, name, JSON.stringify(this.state.error ?? this.state));
    return this;
  }
}

/** The capabilities of a client that is no browser. */
export const NO_WEBAUTHN = { webauthn_available: false, webauthn_conditional_mediation_available: false, webauthn_platform_authenticator_available: false };

/** Registers an address, by passcode and with a password where the tenant asks for them. Answers the finished flow. */
export async function register(base, email, { password = 'correct horse battery', mailUrl } = {}) {
  const before = (await mailsTo(email, mailUrl)).length;
  const flow = await Flow.start(base, 'registration');
  await flow.act('register_client_capabilities', NO_WEBAUTHN);
  await flow.act('register_login_identifier', { email });
  if (flow.state.name === 'passcode_confirmation') await flow.act('verify_passcode', { code: await codeFor(email, { count: before + 1, url: mailUrl }) });
  if (flow.state.name === 'credential_onboarding_chooser') await flow.act('continue_to_password_registration');
  if (flow.state.name === 'password_creation') await flow.act('register_password', { new_password: password });
  if (flow.state.name === 'mfa_method_chooser') await flow.act('skip');
  return flow.is('success');
}

/** A login flow that has named its account and stands before the choice of the method. */
export async function beginLogin(base, email) {
  const flow = await Flow.start(base, 'login');
  await flow.act('register_client_capabilities', NO_WEBAUTHN);
  await flow.act('continue_with_login_identifier', { email });
  return flow;
}

export async function loginWithPassword(base, email, password = 'correct horse battery') {
  const flow = await beginLogin(base, email);
  if (flow.state.name === 'login_method_chooser') await flow.act('continue_to_password_login');
  flow.is('login_password');
  await flow.act('password_login', { password });
  return flow;
}

export async function loginWithPasscode(base, email, { mailUrl } = {}) {
  const before = (await mailsTo(email, mailUrl)).length;
  const flow = await beginLogin(base, email);
  if (flow.state.name === 'login_method_chooser') await flow.act('continue_to_passcode_confirmation');
  flow.is('passcode_confirmation');
  await flow.act('verify_passcode', { code: await codeFor(email, { count: before + 1, url: mailUrl }) });
  return flow;
}

/** What `POST /sessions/validate` says of a token. */
export async function validate(base, token) {
  const answer = await fetch(`${base}/sessions/validate`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ session_token: token }), signal: AbortSignal.timeout(10_000),
  });
  assert.equal(answer.status, 200);
  return answer.json();
}
