// A reverse proxy on loopback: what stands in front of several replicas, and what lets programs that cannot look up names below localhost ask a tenant.
import http from 'node:http';

/**
 * Passes each request on to the next of `targets` (ports on 127.0.0.1), all in turn, under the name `host` or the one that was asked for.
 * Resolves to {port, requests, close}; `requests` are the paths asked for so far, preflights apart.
 */
export async function proxy(port, targets, { host } = {}) {
  const requests = [];
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer((request, response) => {
    const { method, url: path, headers } = request;
    const target = targets[requests.length % targets.length];
    // A preflight before each request would have all requests go to the same one.
    if (method !== 'OPTIONS') requests.push(path);
    const upstream = http.request({ agent, host: '127.0.0.1', port: target, method, path, headers: { ...headers, host: host ?? headers.host } }, (answer) => {
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    });
    upstream.on('error', (error) => response.headersSent ? response.destroy() : response.writeHead(502).end(error.message));
    request.pipe(upstream);
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    port: server.address().port, requests,
    close: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
      agent.destroy();
    }),
  };
}
