// An API that only people who are signed in may ask. The tenant is asked about each request's session, so one that has ended is refused at once.
//   HANKO_API_URL=https://auth.acme.example PORT=8080 node server.mjs
import http from 'node:http';

const { HANKO_API_URL, PORT } = process.env;

/** The token of a request: a program sends it in a header, a browser in the cookie. */
function tokenOf({ authorization = '', cookie = '' }) {
  return authorization.match(/^Bearer (\S+)$/i)?.[1] ?? cookie.match(/(?:^|; )hanko=([^;]+)/)?.[1];
}

/** The claims of a session, or nothing when there is no such session, or no longer. */
async function claimsOf(token) {
  const answer = await fetch(`${HANKO_API_URL}/sessions/validate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ session_token: token }),
    signal: AbortSignal.timeout(5000),
  });
  if (!answer.ok) throw new Error(`the tenant answered ${answer.status}`);
  const { is_valid: valid, claims } = await answer.json();
  return valid ? claims : undefined;
}

http.createServer(async (request, response) => {
  const answer = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  try {
    const token = tokenOf(request.headers);
    const claims = token && await claimsOf(token);
    if (!claims) return answer(401, { error: 'sign in first' });
    if (request.method !== 'GET' || request.url !== '/api/me') return answer(404, { error: 'no such page' });
    return answer(200, { user: claims.subject, email: claims.email?.address });
  } catch (error) {
    console.error(error.message);
    return answer(503, { error: 'nobody can sign in at the moment' });
  }
}).listen(PORT, '127.0.0.1');
