// A service under test: /checkout/:id calls payments through a circuit breaker of opossum.
'use strict';

const CircuitBreaker = require('opossum');
const { readOptions, serve } = require('../checkout.js');

const options = readOptions({
  breaker: ['on', 'off'], // off: the same service, whose breaker lets every call through
  resetTimeout: 2000, // ms from opening to the probe
  errorThresholdPercentage: 50,
  volumeThreshold: 5,
  rollingCountTimeout: 10000, // ms over which failures are counted
});

serve(options, (charge, note) => {
  const breaker = new CircuitBreaker(charge, {
    enabled: options.breaker === 'on',
    resetTimeout: options.resetTimeout,
    timeout: options.timeout,
    errorThresholdPercentage: options.errorThresholdPercentage,
    volumeThreshold: options.volumeThreshold,
    rollingCountTimeout: options.rollingCountTimeout,
  });
  for (const state of ['open', 'halfOpen', 'close']) breaker.on(state, () => note(state));
  return { fire: (id, traceparent) => breaker.fire(id, traceparent), end: () => breaker.shutdown() };
});
