import { useEffect, useState } from 'react';
import { hanko } from './hanko.js';

export function App() {
  // Unknown until the tenant has been asked.
  const [signedIn, setSignedIn] = useState();

  useEffect(() => {
    const signOff = () => setSignedIn(false);
    const stopListening = [
      hanko.onSessionCreated(() => setSignedIn(true)),
      hanko.onSessionExpired(signOff),
      hanko.onUserLoggedOut(signOff),
      hanko.onUserDeleted(signOff),
    ];
    hanko.validateSession().then(({ is_valid }) => setSignedIn(is_valid));
    return () => stopListening.forEach((stop) => stop());
  }, []);

  if (signedIn === undefined) return null;
  return signedIn ? <Account /> : <hanko-auth />;
}

function Account() {
  const [me, setMe] = useState();

  useEffect(() => {
    fetch('/api/me').then((answer) => answer.json()).then(setMe);
  }, []);

  return (
    <>
      <p>The back end knows <output>{me?.email}</output>.</p>
      <button onClick={() => hanko.logout()}>Sign out</button>
      <hanko-profile />
    </>
  );
}
