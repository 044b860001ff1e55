'use client';

import { Hanko } from '@teamhanko/hanko-frontend-sdk';
import { useRouter } from 'next/navigation';
import { useEffect } from 'react';

export function Login({ api }) {
  const router = useRouter();

  useEffect(() => {
    // The elements need a browser, so they are not loaded while the server renders the page.
    import('@teamhanko/hanko-elements').then(({ register }) => register(api));
    return new Hanko(api).onSessionCreated(() => router.replace('/dashboard'));
  }, [api, router]);

  return <hanko-auth />;
}
