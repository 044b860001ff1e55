// A person in front of the published elements. What is looked for on the page are the elements' own texts, in the person's language.
import { texts as known } from '../demo/texts.mjs';
import { waitFor } from './cluster.mjs';
import { MAIL_URL, mailsTo } from './mail.mjs';
import { authenticatorApp } from './totp.mjs';

export class Person {
  constructor(page, email, { lang = 'en', mailUrl = MAIL_URL } = {}) {
    Object.assign(this, { page, email, texts: known[lang], mailUrl, read: new Set() });
  }

  button(label) { return this.page.getByRole('button', { name: this.texts.labels[label], exact: true }); }
  headline(key) { return this.page.getByRole('heading', { name: this.texts.headlines[key], exact: true }); }
  field(label) { return this.page.getByPlaceholder(this.texts.labels[label], { exact: true }); }

  sees(headline) { return this.headline(headline).waitFor(); }
  seesError(code) { return this.page.getByText(this.texts.flowErrors[code], { exact: true }).waitFor(); }
  clicks(label) { return this.button(label).click(); }
  signedIn() { return this.page.locator('#session').waitFor(); }

  async open(url, headline = 'signIn') {
    this.read = new Set((await mailsTo(this.email, this.mailUrl)).map((mail) => mail.id));
    await this.page.goto(url);
    await this.sees(headline);
  }

  /** The elements show a new flow's first state twice, half a second apart, and forget what a quicker hand than a person's did in between. */
  firstStateSettled(state, times = 2) {
    return this.page.waitForFunction(([name, count]) => window.flowStates.filter((one) => one === name).length >= count, [state, times]);
  }

  /** Fills the first page of a login or registration: {email: …}, {username: …} or {emailOrUsername: …}; the own address unless told. */
  async nameAccount(state = 'login_init', fields = { email: this.email }) {
    await this.firstStateSettled(state);
    for (const [label, value] of Object.entries(fields)) await this.field(label).fill(value);
    await this.clicks('continue');
  }

  /** Waits for a mail with a code that was not read before; answers the mail, with its `code`. */
  mailWithCode() {
    return waitFor(`a code for ${this.email}`, async () => {
      for (const mail of await mailsTo(this.email, this.mailUrl)) {
        const code = mail.text.match(/\b\d{6}\b/)?.[0];
        if (!code || this.read.has(mail.id)) continue;
        this.read.add(mail.id);
        return { ...mail, code };
      }
      return undefined;
    }, { seconds: 30 });
  }

  /** Fills the six boxes; the element submits them by itself with the last digit. Waits for the answer. */
  async typeDigits(code) {
    const before = await this.page.evaluate(() => window.flowStates.length);
    await this.page.locator('input[part~=passcode-input]').first().click();
    await this.page.keyboard.type(code);
    await this.page.waitForFunction((count) => window.flowStates.length > count, before);
  }

  /** Empties the six boxes, which some pages of the elements leave filled after a wrong code. */
  async clearDigits() {
    const boxes = this.page.locator('input[part~=passcode-input]');
    for (const box of await boxes.all()) {
      await box.click();
      await this.page.keyboard.press('Delete');
    }
  }

  /** Types the code of the next mail, and answers that mail. */
  async typePasscode() {
    await this.sees('loginPasscode');
    const mail = await this.mailWithCode();
    await this.typeDigits(mail.code);
    return mail;
  }

  async typePassword(password, label = 'signIn') {
    await this.page.locator('input[type=password]').fill(password);
    await this.clicks(label);
  }

  /** On `hanko-auth`: goes over to the registration. */
  async goToRegistration() {
    await this.clicks('signUp');
    await this.sees('signUp');
  }

  /** Registers up to where the address is confirmed. */
  async registerAddress(fields) {
    await this.nameAccount('registration_init', fields);
    return this.typePasscode();
  }

  async setPassword(password) {
    await this.sees('registerPassword');
    await this.typePassword(password, 'continue');
  }

  async createPasskey() {
    await this.sees('registerAuthenticator');
    await this.clicks('registerAuthenticator');
  }

  async skip(headline) {
    await this.sees(headline);
    await this.clicks('skip');
  }

  /** Reads the secret as somebody without a camera does. */
  async readSecret() {
    await this.sees('otpSetUp');
    this.app = authenticatorApp(await this.page.getByText(/^[A-Z2-7]{16,}$/).innerText());
  }

  async setUpAuthenticatorApp() {
    await this.readSecret();
    await this.typeDigits(this.app.code());
  }

  /** Signs out; the page begins anew with its element. */
  async signOut(headline = 'signIn') {
    await Promise.all([this.page.waitForEvent('load'), this.page.getByRole('button', { name: 'Sign out', exact: true }).click()]);
    await this.sees(headline);
  }

  async signInWithPasscode() {
    await this.nameAccount();
    await this.clicks('passcode');
    await this.typePasscode();
  }

  async signInWithPassword(password) {
    await this.nameAccount();
    await this.clicks('password');
    await this.typePassword(password);
  }
}
