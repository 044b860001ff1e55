// An authenticator app: the codes of a secret (RFC 6238, six digits, SHA-1, 30 s).
import { createHmac } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** An app that knows this base32 secret. `code` answers a new one each time: a used one is refused, so a quick second one is the next step's. */
export function authenticatorApp(secret) {
  const bits = [...secret.replace(/=+$/, '')].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  let last = 0;
  return {
    code: () => {
      last = Math.max(Math.floor(Date.now() / 30_000), last + 1);
      return codeOf(key, last);
    },
    /** A code that is none of those near this moment. */
    wrongCode: () => {
      const now = Math.floor(Date.now() / 30_000);
      const near = [-2, -1, 0, 1, 2].map((off) => codeOf(key, now + off));
      return ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !near.includes(code));
    },
  };
}

function codeOf(key, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', key).update(counter).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}
