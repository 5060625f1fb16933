#include "tests/verify/trace_simulation.h"

namespace stormproof::verify::simulation {

using events::Exchange;

Courier drawn_courier(int seed) {
  Dice dice(seed);
  Courier courier;
  courier.seed = seed;
  courier.per_second = dice.in(60, 300);
  courier.calls = dice.whole(1, 4);
  courier.share = dice.one_of({1.0, 0.5});
  courier.took_ms = dice.one_of({1.0, 10.0, 300.0});
  constexpr int w3c = events::in_traceparent;
  constexpr int b3 = events::in_b3;
  courier.carriers = static_cast<std::uint8_t>(dice.one_of({w3c, b3, int{events::in_x_b3}, w3c | b3}));
  courier.halved = (courier.carriers & events::in_traceparent) == 0 && dice.chance(0.5);
  return courier;
}

scenarios::TraceExpectation trace_claim(const Courier& courier) {
  scenarios::TraceExpectation claim{.on = "payments", .headers = {}, .new_parent = true};
  if ((courier.carriers & events::in_traceparent) != 0) claim.headers.emplace_back("traceparent");
  if ((courier.carriers & events::in_b3) != 0) claim.headers.emplace_back("b3");
  if ((courier.carriers & events::in_x_b3) != 0) claim.headers.emplace_back("x-b3");
  return claim;
}

namespace {

void carry(const Courier& courier, RunLog& run, std::size_t request, std::uint32_t span, Exchange& call) {
  const Exchange& caller = run.log.exchanges[request];
  call.trace = caller.trace;
  call.carriers = courier.carriers;
  call.parent = span;
  switch (courier.how) {
    case Carrying::right: break;
    case Carrying::drops_some:
      if (run.dice.chance(0.1)) call.trace = {}, call.carriers = 0;
      break;
    case Carrying::drops_all: call.trace = {}, call.carriers = 0; break;
    case Carrying::keeps_the_first: call.trace = run.log.exchanges.front().trace; break;
    case Carrying::mixes_up:
      if (run.dice.chance(0.1) && request > 200) call.trace = run.log.exchanges[request - 200].trace;
      break;
    case Carrying::drops_one_dialect: call.carriers &= static_cast<std::uint8_t>(-call.carriers); break;
    case Carrying::copies_the_parent: call.parent = static_cast<std::uint32_t>(caller.request); break;
  }
  if (courier.halved) std::fill(call.trace.bytes.begin(), call.trace.bytes.begin() + 8, std::uint8_t{0});
}

}  // namespace

RunLog simulate(const Courier& courier) {
  RunLog run(courier.seed);
  run.steady_ms = 2000;
  run.after_ms = 500;
  run.mark(false);
  std::uint32_t spans = 1'000'000;
  for (double at = 1; at < run.end(); at += run.gap(courier.per_second, true)) {
    const std::size_t request = run.request(at);
    // The lower half of a trace id is what 64 bits keep of it.
    auto& bytes = run.log.exchanges[request].trace.bytes;
    std::copy(bytes.begin(), bytes.begin() + 8, bytes.begin() + 8);
    double now = at + 0.5 + (courier.background_ms > 0 ? run.around(courier.background_ms) : 0);
    const int calls = run.dice.chance(courier.share) ? courier.calls : 0;
    for (int number = 0; number < calls; ++number) {
      const double took = run.around(courier.took_ms, courier.spread);
      const bool fails = run.dice.chance(courier.background);
      const std::size_t call = run.call(request, now, now + took, fails ? 500 : 200);
      carry(courier, run, request, ++spans, run.log.exchanges[call]);
      now += took + 0.2;
    }
    run.answer(request, courier.background_ms > 0 ? at + 1 : now, 200);
  }
  run.log.sort();
  return run;
}

}  // namespace stormproof::verify::simulation
