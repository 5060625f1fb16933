// A service under test: /checkout/:id behind a rate limit, of express-rate-limit or of rate-limiter-flexible.
//
//   --kind=express   a window that begins with a caller's first request, with RateLimit headers of --headers
//   --kind=flexible  the same of rate-limiter-flexible, with Retry-After and X-RateLimit headers
// Each X-Api-Key has a quota of its own. --lies=on: Retry-After, or what remains, is not so.
'use strict';

const { parseArgs } = require('node:util');
const express = require('express');
const { rateLimit } = require('express-rate-limit');
const { RateLimiterMemory } = require('rate-limiter-flexible');

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    kind: { type: 'string', default: 'express' },
    quota: { type: 'string', default: '20' },
    window: { type: 'string', default: '1000' }, // ms
    headers: { type: 'string', default: 'draft-7' },
    lies: { type: 'string', default: 'off' },
  },
});
const quota = Number(options.quota);
const window = Number(options.window);
const caller = (request) => request.get('x-api-key') ?? request.ip;

function ofExpress() {
  return rateLimit({ windowMs: window, limit: quota, standardHeaders: options.headers, legacyHeaders: false, keyGenerator: caller });
}

function ofFlexible() {
  const limiter = new RateLimiterMemory({ points: quota, duration: window / 1000 });
  const tell = (response, state) => {
    const seconds = Math.ceil(state.msBeforeNext / 1000);
    response.set('Retry-After', String(options.lies === 'on' ? seconds * 30 : seconds));
    response.set('X-RateLimit-Limit', String(quota));
    response.set('X-RateLimit-Remaining', String(state.remainingPoints + (options.lies === 'on' ? 3 : 0)));
    response.set('X-RateLimit-Reset', String(Math.ceil((Date.now() + state.msBeforeNext) / 1000)));
  };
  return async (request, response, next) => {
    try {
      tell(response, await limiter.consume(caller(request)));
      next();
    } catch (state) {
      tell(response, state);
      response.status(429).end();
    }
  };
}

const app = express();
app.get('/healthz', (request, response) => response.json({ status: 'ok' }));
app.use(options.kind === 'flexible' ? ofFlexible() : ofExpress());
app.get('/checkout/:id', (request, response) => response.json({ id: request.params.id }));

const server = app.listen(Number(options.port), '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
server.keepAliveTimeout = 60_000;
const end = () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  setTimeout(() => process.exit(0), 500).unref();
};
process.on('SIGTERM', end);
process.on('SIGINT', end);
