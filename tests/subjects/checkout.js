// What the Node services with a breaker share: /checkout/:id calls payments through the breaker that a subject brings.
//
// What it does to its breaker it also writes to the --truth file, one JSON line a change; the harness never reads it,
// only tests do, to hold the verdicts against it. Each option can also be given as SUBJECT_<NAME> in the environment.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const { parseArgs } = require('node:util');

const common = {
  port: 0,
  payments: 'http://127.0.0.1:9001',
  timeout: 1000, // ms for a call to payments
  fallback: 503, // status of the answer when the call failed or the circuit is open
  truth: '',
};

// Those of `own` and the common ones; the default of a number is a number, that of a choice a list, its first word the default.
function readOptions(own) {
  const defaults = { ...common, ...own };
  const options = {};
  for (const name of Object.keys(defaults)) options[name] = { type: 'string' };
  const given = parseArgs({ options }).values;
  const chosen = {};
  for (const [name, value] of Object.entries(defaults)) {
    const choices = Array.isArray(value) ? value : null;
    const text = given[name] ?? process.env[`SUBJECT_${name.toUpperCase()}`] ?? (choices ? choices[0] : value);
    chosen[name] = typeof value === 'number' ? Number(text) : text;
    if (typeof value === 'number' && (!Number.isInteger(chosen[name]) || chosen[name] < 0)) {
      throw new Error(`--${name} is not a whole number: ${text}`);
    }
    if (choices && !choices.includes(text)) throw new Error(`--${name} is one of ${choices.join(', ')}, not ${text}`);
  }
  return chosen;
}

function charger(options, agent) {
  const payments = new URL(options.payments);
  // Resolves with the body of a good answer; rejects when there is none in time or its status is 500 or above.
  return (id, traceparent) =>
    new Promise((resolve, reject) => {
      const headers = traceparent ? { traceparent } : {};
      const call = http.get(
        { agent, host: payments.hostname, port: payments.port || 80, path: `/charge/${encodeURIComponent(id)}`, headers },
        (answer) => {
          const chunks = [];
          answer.on('data', (chunk) => chunks.push(chunk));
          answer.on('error', (error) => settle(reject, error));
          answer.on('end', () => {
            if (answer.statusCode >= 500) settle(reject, new Error(`payments answered ${answer.statusCode}`));
            else settle(resolve, Buffer.concat(chunks).toString());
          });
        },
      );
      const timer = setTimeout(() => call.destroy(new Error('payments timed out')), options.timeout);
      const settle = (how, value) => {
        clearTimeout(timer);
        how(value);
      };
      call.on('error', (error) => settle(reject, error));
    });
}

function reply(response, status, value) {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}

// `guard(charge, note)` gives { fire(id, traceparent), end() }: a promise of the charge, through the breaker; note(state) tells the truth.
function serve(options, guard) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 256 });
  const note = (state) => {
    if (options.truth) fs.appendFileSync(options.truth, JSON.stringify({ at_ms: Date.now(), state }) + '\n');
  };
  const breaker = guard(charger(options, agent), note);

  const server = http.createServer((request, response) => {
    request.resume();
    const { pathname } = new URL(request.url, 'http://service');
    const checkout = /^\/checkout\/([^/]+)$/.exec(pathname);
    if (pathname === '/healthz') {
      reply(response, 200, { status: 'ok' });
    } else if (checkout && ['GET', 'POST'].includes(request.method)) {
      breaker.fire(checkout[1], request.headers.traceparent).then(
        () => reply(response, 200, { id: checkout[1], paid: 'now' }),
        () => reply(response, options.fallback, { id: checkout[1], paid: 'later' }),
      );
    } else {
      reply(response, 404, { error: 'no such page' });
    }
  });
  server.keepAliveTimeout = 60_000;

  const end = () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    breaker.end();
    agent.destroy();
    setTimeout(() => process.exit(0), 500).unref(); // a connection that never asked keeps a server open
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);

  server.on('error', (error) => {
    console.error(`cannot listen on 127.0.0.1:${options.port}: ${error.message}`);
    process.exit(4);
  });
  server.listen(options.port, '127.0.0.1', () => {
    note('started');
    console.log(`listening on 127.0.0.1:${server.address().port}`);
  });
}

module.exports = { readOptions, serve };
