// A service under test: /checkout/:id calls payments through a circuit breaker of cockatiel, or through a mistake made with it.
'use strict';

const { circuitBreaker, handleAll, noJitterGenerator, ConsecutiveBreaker, ExponentialBackoff, SamplingBreaker } = require('cockatiel');
const { readOptions, serve } = require('../checkout.js');

const options = readOptions({
  kind: ['consecutive', 'sampling'],
  failures: 5, // consecutive: in a row, that open it
  percentage: 50, // sampling: of the calls within `duration`, that open it
  duration: 2000, // ms
  halfOpenAfter: 2000, // ms from opening to the probe
  // each-request: a policy made in the handler, which never counts beyond one.
  // backs-off: probes come more and more seldom, where an even pace was promised.
  // isolates: isolate() at the opening, "until somebody has looked", and nobody ever disposes of that.
  defect: ['none', 'each-request', 'backs-off', 'isolates'],
});

function policy(note) {
  const breaker =
    options.kind === 'sampling'
      ? new SamplingBreaker({ threshold: options.percentage / 100, duration: options.duration, minimumRps: 5 })
      : new ConsecutiveBreaker(options.failures);
  const halfOpenAfter =
    options.defect === 'backs-off'
      ? new ExponentialBackoff({ initialDelay: options.halfOpenAfter, maxDelay: 60_000, generator: noJitterGenerator })
      : options.halfOpenAfter;
  const guarded = circuitBreaker(handleAll, { halfOpenAfter, breaker });
  guarded.onBreak(() => note('open'));
  guarded.onHalfOpen(() => note('halfOpen'));
  guarded.onReset(() => note('close'));
  if (options.defect === 'isolates') guarded.onBreak(() => setImmediate(() => guarded.isolate()));
  return guarded;
}

serve(options, (charge, note) => {
  const one = policy(note);
  const choose = () => (options.defect === 'each-request' ? policy(note) : one);
  return { fire: (id, traceparent) => choose().execute(() => charge(id, traceparent)), end: () => {} };
});
