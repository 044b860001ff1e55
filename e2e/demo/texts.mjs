// The published elements' texts. Two are missing there: what a wrong and a used code of an authenticator app are called. An application adds them so.
import { all } from '@teamhanko/hanko-elements/i18n/all';

export const texts = {
  ...all,
  en: {
    ...all.en,
    flowErrors: {
      ...all.en.flowErrors,
      otp_code_invalid: 'The code is not correct.',
      otp_code_already_used: 'The code was used before. Please wait for the next one.',
    },
  },
};
