// A program that is told of events, on loopback.
import http from 'node:http';
import { text } from 'node:stream/consumers';

/** Answers {url, received: [{headers, body}], close}; the body is what came, byte by byte. */
export async function receiver() {
  const received = [];
  const server = http.createServer(async (request, response) => {
    received.push({ headers: request.headers, body: await text(request) });
    response.writeHead(204).end();
  });
  await new Promise((listening, reject) => server.once('error', reject).listen(0, '127.0.0.1', listening));
  return {
    received, url: `http://127.0.0.1:${server.address().port}/hook`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
