// A TCP forwarder on loopback: what an Ingress controller does in production, the demo and the tests do with this.
import net from 'node:net';

/**
 * Listens on 127.0.0.1:`port` (0: a free one) and passes each connection on to what `target()` answers at that moment ({host, port}).
 * Resolves to {port, close}.
 */
export async function forward(port, target) {
  const open = new Set();
  const server = net.createServer(async (client) => {
    open.add(client);
    client.on('close', () => open.delete(client)).on('error', () => {});
    try {
      const upstream = net.connect(await target());
      upstream.on('error', () => client.destroy()).on('close', () => client.destroy());
      client.on('close', () => upstream.destroy());
      client.pipe(upstream).pipe(client);
    } catch {
      client.destroy();
    }
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    close: () => new Promise((resolve) => {
      server.close(resolve);
      open.forEach((socket) => socket.destroy());
    }),
  };
}
