#include "tests/verify/plant_simulation.h"

namespace stormproof::verify::simulation {

Plant drawn_plant(int seed) {
  Dice dice(seed);
  Plant plant;
  plant.seed = seed;
  plant.per_second = dice.in(60, 200);
  plant.load = dice.in(0.5, 0.65);
  plant.stall_ms = dice.in(2000, 5000);
  plant.surge = dice.one_of({0.0, 0.0, 4.0});
  plant.background = dice.one_of({0.0, 0.03});
  plant.poisson = dice.chance(0.5);
  return plant;
}

RunLog simulate(const Plant& plant) {
  RunLog run(plant.seed);
  run.hurt_ms = plant.stall_ms;
  run.after_ms = 15000;
  run.mark(plant.surge == 0);
  double free_at = 0;
  for (double at = 0; at < run.end();) {
    const bool hurt = run.hurts(at);
    const std::size_t request = run.request(at);
    double begin = std::max(at, free_at);
    if (plant.surge == 0 && begin >= run.hurt_from() && begin < run.hurt_to()) begin = run.hurt_to();
    const double waited = begin - at;
    const double work = run.around(1000 / plant.per_second * plant.load, plant.spread);
    if (plant.surge == 0 && hurt) run.call(request, at + 0.5, std::max(at + 1, begin), 200, "payments", true);
    else run.call(request, at + 0.5, at + 1, 200);
    if (!plant.stays_down && waited > 300) {  // sheds
      run.answer(request, at + 301, 503);
    } else {
      // Who waited was sent again by an impatient caller, and is worked on twice.
      const double end = begin + work * (plant.stays_down && waited > 300 ? 2.2 : 1);
      free_at = end;
      run.answer(request, end, run.dice.chance(plant.background) ? 500 : 200);
    }
    const double times = hurt && plant.surge > 0 ? plant.surge : at >= run.hurt_to() ? plant.after_times : 1;
    at += run.gap(plant.per_second * times, plant.poisson);
  }
  run.log.sort();
  return run;
}

scenarios::Scenario scenario_of(const Plant& plant, const RunLog& run,
                                const scenarios::MetastabilityExpectation& claim) {
  const bool stalls = plant.surge == 0;
  scenarios::Scenario scenario =
      run.scenario(stalls ? std::vector<std::string>{"payments"} : std::vector<std::string>{}, claim, true);
  if (stalls) return scenario;
  scenario.traffic.poisson_per_second.reset();
  scenario.traffic.steps = {{plant.per_second, of_ms(run.steady_ms)},
                            {plant.per_second * plant.surge, of_ms(run.hurt_ms)},
                            {plant.per_second, {}}};
  return scenario;
}

}  // namespace stormproof::verify::simulation
