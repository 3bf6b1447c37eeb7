// The peer for .ci/interop, made of Node's `ws`. What it obeys and prints is
// described in peer_websockets.py, line for line the same.
'use strict';

const readline = require('readline');
const { WebSocket, WebSocketServer } = require('ws');

const tell = (event, details) => console.log(JSON.stringify({ event, ...details }));

let server = null;
let connection = null;
let cut = {}; // as the command has set it

// The library's options, of permessage-deflate parameters as in the header.
function deflateOptions(text, isServer) {
  if (text === undefined || text === null) return false;
  if (text === 'default') return true;
  const options = { ...(isServer ? {} : { clientMaxWindowBits: false }) }; // false: not offered
  for (const parameter of text.split(';').map((part) => part.trim()).filter(Boolean)) {
    const [name, value] = parameter.split('=');
    const camelCase = name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
    options[camelCase] = value === undefined ? true : Number(value);
  }
  return options;
}

// What the library takes to be agreed on compression.
function agreed(ws) {
  const extension = ws._extensions['permessage-deflate'];
  if (!extension) return null;
  const bits = (value) => (typeof value === 'number' ? value : 15);
  return {
    server_no_context_takeover: Boolean(extension.params.server_no_context_takeover),
    client_no_context_takeover: Boolean(extension.params.client_no_context_takeover),
    server_max_window_bits: bits(extension.params.server_max_window_bits),
    client_max_window_bits: bits(extension.params.client_max_window_bits)
  };
}

function converse(ws, options) {
  connection = ws;
  cut = {};
  let trouble;
  tell('open', { protocol: ws.protocol || null, agreed: agreed(ws) });
  ws.on('message', (data, isBinary) => {
    if (options.echo) deliver(ws, data, isBinary);
    else if (isBinary) tell('message', { base64: data.toString('base64') });
    else tell('message', { text: data.toString() });
  });
  ws.on('pong', (payload) => tell('pong', { payload: payload.toString() }));
  ws.on('error', (error) => (trouble = error.message));
  ws.on('close', (code, reason) => tell('close', { code, reason: reason.toString(), trouble }));
}

// Sends a message, cut as the command has said; the pieces may end inside of a character.
function deliver(ws, data, isBinary) {
  const { size, ping } = cut;
  if (!size) return ws.send(data, { binary: isBinary });
  for (let at = 0; at === 0 || at < data.length; at += size) {
    ws.send(data.subarray(at, at + size), { binary: isBinary, fin: at + size >= data.length });
    if (at === 0 && ping !== undefined) ws.ping(ping);
  }
}

const commands = {
  listen(options) {
    if (server) server.close();
    const settings = {
      host: '127.0.0.1',
      port: 0,
      perMessageDeflate: deflateOptions(options.deflate, true),
      maxPayload: options.max || 0
    };
    if (options.choose !== undefined) settings.handleProtocols = () => options.choose;
    else if (options.protocols) {
      const chosen = (offered) => options.protocols.find((one) => offered.has(one)) || false;
      settings.handleProtocols = chosen;
    }
    server = new WebSocketServer(settings);
    server.on('connection', (ws) => converse(ws, options));
    return new Promise((resolve) => {
      server.on('listening', () => {
        tell('listening', { port: server.address().port });
        resolve();
      });
    });
  },

  connect(options) {
    const ws = new WebSocket(options.url, options.protocols || [], {
      perMessageDeflate: deflateOptions(options.deflate, false),
      maxPayload: options.max || 0
    });
    return new Promise((resolve) => {
      ws.once('open', () => {
        converse(ws, options);
        resolve();
      });
      ws.once('error', (error) => {
        if (connection !== ws) tell('failed', { error: error.message });
        resolve();
      });
    });
  },

  send({ text, base64, zeros }) {
    if (text !== undefined) deliver(connection, Buffer.from(text), false);
    else if (zeros !== undefined) deliver(connection, Buffer.alloc(zeros), true);
    else deliver(connection, Buffer.from(base64, 'base64'), true);
  },

  cut(how) {
    cut = how;
  },

  ping: ({ payload }) => connection.ping(payload),

  close: ({ code, reason }) => (code === undefined ? connection.close() : connection.close(code, reason)),

  abort: () => connection.terminate()
};

async function main() {
  tell('ready', { version: require('ws/package.json').version });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { do: name, ...options } = JSON.parse(line);
    await commands[name](options);
    tell('done');
  }
  process.exit();
}

main();
