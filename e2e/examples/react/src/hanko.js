import { Hanko } from '@teamhanko/hanko-elements';

/** Where the tenant answers, for example https://auth.acme.example. */
export const API = import.meta.env.VITE_HANKO_API_URL;

export const hanko = new Hanko(API);
