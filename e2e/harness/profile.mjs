// What a person does on the published profile: a list of items, each of which opens.
export class Profile {
  constructor(person) {
    Object.assign(this, { person, page: person.page, texts: person.texts });
  }

  /** An item, by a text that is its alone. */
  item(text) { return this.page.locator('hanko-profile label').filter({ hasText: text }); }

  /** Opens an item, and answers what lies in it. */
  async open(text) {
    const item = this.item(text);
    await item.waitFor();
    if (!await item.locator('xpath=preceding-sibling::input').isChecked()) await item.click();
    return item.locator('xpath=following-sibling::div');
  }

  /** Opens an item and clicks what is labelled so there. */
  async click(text, label) {
    const content = await this.open(text);
    await this.answered(() => content.getByRole('button', { name: this.texts.labels[label], exact: true }).click());
  }

  /** Opens an item, clicks what takes it away, and means it. */
  async remove(text, label = 'delete') {
    const content = await this.open(text);
    const button = (name) => content.getByRole('button', { name: this.texts.labels[name], exact: true });
    await button(label).click();
    await this.answered(() => button('yes').click());
  }

  /** Opens an item, fills its field, and saves. */
  async save(text, field, value) {
    const content = await this.open(text);
    await content.getByPlaceholder(this.texts.labels[field], { exact: true }).fill(value);
    await this.answered(() => content.getByRole('button', { name: this.texts.labels.save, exact: true }).click());
  }

  /** Opens an item, and gives it that name. */
  async rename(text, field, name) {
    await (await this.open(text)).getByRole('button', { name: this.texts.labels.rename, exact: true }).click();
    await this.page.getByPlaceholder(this.texts.labels[field], { exact: true }).fill(name);
    await this.answered(() => this.page.getByRole('button', { name: this.texts.labels.save, exact: true }).click());
  }

  /** Asks for the end of the account, and confirms it. */
  async deleteAccount() {
    await this.page.getByRole('button', { name: this.texts.headlines.deleteAccount, exact: true }).click();
    await this.person.sees('deleteAccount');
    await this.page.getByText(this.texts.labels.deleteAccount, { exact: true }).click();
    await this.person.clicks('delete');
  }

  /** Does something that has the element show another state, and waits for it. */
  async answered(act) {
    const before = await this.page.evaluate(() => window.flowStates.length);
    await act();
    await this.page.waitForFunction((count) => window.flowStates.length > count, before);
  }
}
