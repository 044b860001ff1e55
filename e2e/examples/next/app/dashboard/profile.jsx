'use client';

import { Hanko } from '@teamhanko/hanko-frontend-sdk';
import { useRouter } from 'next/navigation';
import { useEffect, useState } from 'react';

export function Profile({ api }) {
  const router = useRouter();
  const [hanko, setHanko] = useState();

  useEffect(() => {
    import('@teamhanko/hanko-elements').then(({ register }) => register(api));
    const client = new Hanko(api);
    const leave = () => router.replace('/login');
    const stopListening = [client.onUserLoggedOut(leave), client.onSessionExpired(leave), client.onUserDeleted(leave)];
    setHanko(client);
    return () => stopListening.forEach((stop) => stop());
  }, [api, router]);

  return (
    <>
      <button onClick={() => hanko?.logout()}>Sign out</button>
      <hanko-profile />
    </>
  );
}
