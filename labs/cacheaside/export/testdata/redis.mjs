// A client of Redis with the part of node-redis's interface that the programs use,
// so that they can run where there is no registry.
import net from 'node:net';

export function createClient({ url }) {
  const { hostname, port } = new URL(url);
  let socket, buffer = '';
  const waiting = [];
  const parse = (at) => {
    const end = buffer.indexOf('\r\n', at);
    if (end < 0) return null;
    const line = buffer.slice(at + 1, end);
    switch (buffer[at]) {
      case '+': return [line, end + 2];
      case '-': return [new Error(line), end + 2];
      case ':': return [Number(line), end + 2];
      case '$': {
        const n = Number(line);
        if (n < 0) return [null, end + 2];
        return buffer.length < end + 4 + n ? null : [buffer.slice(end + 2, end + 2 + n), end + 4 + n];
      }
    }
    throw new Error(`unexpected reply ${buffer}`);
  };
  const send = (...args) => new Promise((resolve, reject) => {
    waiting.push({ resolve, reject });
    socket.write(`*${args.length}\r\n` + args.map((a) => `$${Buffer.byteLength(String(a))}\r\n${a}\r\n`).join(''));
  });
  const keep = (words, options = {}) => {
    if (options.PX) words.push('PX', options.PX);
    if (options.NX) words.push('NX');
    return words;
  };
  return {
    on() {},
    connect: () => new Promise((resolve) => {
      socket = net.connect(Number(port), hostname, resolve);
      socket.setEncoding('latin1');
      socket.on('data', (data) => {
        buffer += data;
        for (let got; buffer && (got = parse(0));) {
          buffer = buffer.slice(got[1]);
          const { resolve, reject } = waiting.shift();
          got[0] instanceof Error ? reject(got[0]) : resolve(got[0]);
        }
      });
    }),
    get: (key) => send('GET', key),
    set: (key, value, options) => send(...keep(['SET', key, value], options)),
    del: (keys) => send('DEL', ...keys),
    eval: (script, { keys, arguments: args }) => send('EVAL', script, keys.length, ...keys, ...args),
    quit: async () => socket.end(),
  };
}
