'use client';

import { Hanko } from '@teamhanko/hanko-frontend-sdk';
import { useRouter } from 'next/navigation';
import { useEffect } from 'react';

export function Login({ api }) {
  const router = useRouter();

  useEffect(() => {
    // The elements need a browser, so they are not loaded while the server renders the page.
    import('@teamhanko/hanko-elements').then(({ register }) => register(api));
    const hanko = new Hanko(api);
    const enter = () => router.replace('/dashboard');
    // Who follows a link from another site is sent here although they are signed in: a strict cookie does not come along.
    hanko.validateSession().then(({ is_valid }) => is_valid && enter());
    return hanko.onSessionCreated(enter);
  }, [api, router]);

  return <hanko-auth />;
}
