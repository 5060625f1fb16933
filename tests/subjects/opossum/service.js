// A service under test: /checkout/:id calls payments through a circuit breaker of opossum.
//
// What it does to its breaker it also writes to the --truth file, one JSON line a change; the harness never reads it,
// only tests do, to hold the verdicts against it. Each option can also be given as SUBJECT_<NAME> in the environment.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const { parseArgs } = require('node:util');
const CircuitBreaker = require('opossum');

const defaults = {
  port: '0',
  payments: 'http://127.0.0.1:9001',
  breaker: 'on', // off: the same service, whose breaker lets every call through
  resetTimeout: '2000', // ms from opening to the probe
  timeout: '1000', // ms for a call to payments
  errorThresholdPercentage: '50',
  volumeThreshold: '5',
  rollingCountTimeout: '10000', // ms over which failures are counted
  fallback: '503', // status of the answer when the call failed or the circuit is open
  truth: '',
};

function readOptions() {
  const options = {};
  for (const name of Object.keys(defaults)) options[name] = { type: 'string' };
  const given = parseArgs({ options }).values;
  const chosen = {};
  for (const [name, value] of Object.entries(defaults)) {
    chosen[name] = given[name] ?? process.env[`SUBJECT_${name.toUpperCase()}`] ?? value;
  }
  for (const name of ['port', 'resetTimeout', 'timeout', 'errorThresholdPercentage', 'volumeThreshold', 'rollingCountTimeout', 'fallback']) {
    const number = Number(chosen[name]);
    if (!Number.isInteger(number) || number < 0) throw new Error(`--${name} is not a whole number: ${chosen[name]}`);
    chosen[name] = number;
  }
  if (!['on', 'off'].includes(chosen.breaker)) throw new Error(`--breaker is on or off, not ${chosen.breaker}`);
  return chosen;
}

const options = readOptions();
const payments = new URL(options.payments);
const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 256 });

// Resolves with the body of a good answer; rejects when there is none in time or its status is 500 or above.
function charge(id, traceparent) {
  return new Promise((resolve, reject) => {
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

const breaker = new CircuitBreaker(charge, {
  enabled: options.breaker === 'on',
  resetTimeout: options.resetTimeout,
  timeout: options.timeout,
  errorThresholdPercentage: options.errorThresholdPercentage,
  volumeThreshold: options.volumeThreshold,
  rollingCountTimeout: options.rollingCountTimeout,
});

function note(state) {
  if (options.truth) fs.appendFileSync(options.truth, JSON.stringify({ at_ms: Date.now(), state }) + '\n');
}
for (const state of ['open', 'halfOpen', 'close']) breaker.on(state, () => note(state));

function reply(response, status, value) {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}

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

function end() {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  breaker.shutdown();
  agent.destroy();
  setTimeout(() => process.exit(0), 500).unref(); // a connection that never asked keeps a server open
}
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
