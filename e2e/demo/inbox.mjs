// The mail panel: asks for the newest mails every second, shows their codes, and a mail as its reader sees it.
const inbox = document.getElementById('inbox'), state = document.getElementById('inbox-state');
let shown = null;

async function refresh() {
  try {
    const answer = await fetch('mails.json');
    if (!answer.ok) throw new Error(await answer.text());
    const mails = await answer.json();
    inbox.prepend(...mails.filter((mail) => !shown?.has(mail.id)).map(mailItem));
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
  item.append(wholeMail(mail));
  return item;
}

/** The mail's HTML, in a frame that may run nothing; drawn when it is opened. */
function wholeMail(mail) {
  const details = node('details', 'mail-whole');
  details.append(node('summary', '', 'show the mail'));
  details.addEventListener('toggle', () => {
    if (details.querySelector('iframe')) return;
    const frame = node('iframe');
    frame.sandbox = '';
    frame.title = mail.subject;
    frame.srcdoc = mail.html;
    details.append(frame);
  });
  return details;
}

function node(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

refresh();
