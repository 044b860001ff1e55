// The mail panel: asks for the newest mails every second and shows their codes.
const inbox = document.getElementById('inbox'), state = document.getElementById('inbox-state');
let shown = null;

async function refresh() {
  try {
    const answer = await fetch('mails.json');
    if (!answer.ok) throw new Error(await answer.text());
    const mails = await answer.json();
    if (shown === null || mails.some((mail) => !shown.has(mail.id))) inbox.replaceChildren(...mails.map(mailItem));
    shown = new Set(mails.map((mail) => mail.id));
    state.textContent = mails.length ? '' : 'no mail yet';
  } catch (error) {
    state.textContent = `no mail server: ${error.message}`;
  }
  setTimeout(refresh, 1000);
}

function mailItem(mail) {
  const item = node('li', shown !== null && !shown.has(mail.id) ? 'fresh' : '');
  const head = node('div', 'mail-head');
  head.append(node('span', '', `to ${mail.to.join(', ')}`), node('span', '', new Date(mail.at).toLocaleTimeString()));
  item.append(head, node('div', 'mail-subject', mail.subject));
  const code = mail.text.match(/^\s*([0-9A-Za-z]{6})\s*$/m)?.[1] ?? mail.text.match(/\b\d{6}\b/)?.[0];
  if (code) {
    const button = node('button', 'mail-code');
    button.title = 'copy';
    button.append(node('strong', '', code), node('span', 'muted', 'copy'));
    button.addEventListener('click', () => navigator.clipboard?.writeText(code));
    item.append(button);
  }
  return item;
}

function node(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

refresh();
