#include "tests/verify/fallback_simulation.h"

namespace stormproof::verify::simulation {

using events::Content;

RunLog simulate(const Kitchen& kitchen) {
  RunLog run(kitchen.seed);
  run.traced = kitchen.traced;
  run.mark();
  for (double at = 0; at < run.end(); at += run.gap(kitchen.per_second, true)) {
    const std::size_t request = run.request(at, "GET /menu/{id}");
    const bool hurt = run.hurts(at + 1) && run.dice.chance(kitchen.share);
    const bool calls = !(kitchen.breaker && hurt && run.dice.chance(0.9));
    const bool fails = hurt && calls;
    const bool error = !hurt && run.dice.chance(kitchen.background);
    if (calls) run.call(request, at + 1, at + 2, fails ? 503 : error ? 500 : 200, "payments", fails);
    const bool without = hurt || error;
    double took = run.around(without ? 3 : 8, kitchen.spread);
    std::uint16_t status = 200;
    Content content{.kind = Content::Kind::json, .shape = 7};
    if (without) content.age = 20;
    if (without && run.dice.chance(kitchen.bad_share)) {
      switch (kitchen.answer) {
        case Answer::right: break;
        case Answer::fails: status = 502; break;
        case Answer::empty: content = {.kind = Content::Kind::empty, .age = 20}; break;
        case Answer::broken: content = {.kind = Content::Kind::broken_json, .age = 20}; break;
        case Answer::another_shape: content.shape = 8; break;
        case Answer::slow: took = 700; break;
        case Answer::stale: content.age = 4000; break;
        case Answer::silent_on_age: content.age = events::Advice::not_said; break;
        case Answer::none: status = 0; break;
      }
    }
    run.answer(request, at + 2 + took, status);
    if (status != 0 && kitchen.looked) run.log.exchanges[request].content = content;
  }
  run.log.sort();
  return run;
}

Kitchen drawn_kitchen(int seed) {
  Dice dice(seed);
  Kitchen kitchen;
  kitchen.seed = seed;
  kitchen.per_second = dice.in(120, 300);
  kitchen.share = dice.one_of({1.0, 0.6});
  kitchen.breaker = kitchen.share == 1 && dice.chance(0.3);
  kitchen.background = dice.one_of({0.0, 0.05});
  return kitchen;
}

scenarios::FallbackExpectation fallback_claim() {
  return {.on = "payments", .within = of_ms(100), .body = "as-usual", .fresh_within = of_ms(60'000)};
}

scenarios::Scenario scenario_of(const Kitchen& kitchen, const RunLog& run,
                                const scenarios::FallbackExpectation& claim) {
  scenarios::Scenario scenario = run.scenario({"payments"}, claim);
  scenario.phases[0].faults[0].share = kitchen.share;
  return scenario;
}

}  // namespace stormproof::verify::simulation
