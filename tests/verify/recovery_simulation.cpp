#include "tests/verify/recovery_simulation.h"

namespace stormproof::verify::simulation {
namespace {

constexpr double relapse_after_ms = 1000;

double back_of(const Patient& patient) {
  return patient.ailment == Ailment::well_late ? 2 * claimed_ms(patient) + 1000 : patient.back_ms;
}

// The share of requests that is ill so long after the heal.
double illness(const Patient& patient, double since_ms) {
  if (patient.ailment == Ailment::never_well) return 1;
  const double back = back_of(patient);
  if (patient.ailment == Ailment::relapses && since_ms > back + relapse_after_ms) return 1;
  const double well = patient.ailment == Ailment::ill_for_some ? 0.2 : 0;
  if (since_ms >= back) return well;
  const double creeping = std::min(patient.creeping_ms, back);
  if (since_ms < back - creeping) return 1;
  return std::max(well, (back - since_ms) / creeping);
}

}  // namespace

Patient drawn_patient(int seed) {
  Dice dice(seed);
  Patient patient;
  patient.seed = seed;
  patient.per_second = dice.in(40, 300);
  patient.back_ms = dice.one_of({0.0, dice.in(50, 3000), dice.in(50, 3000)});
  patient.creeping_ms = dice.one_of({0.0, 0.0, patient.back_ms / 2});
  patient.slow = dice.chance(0.4);
  patient.background = dice.one_of({0.0, 0.0, 0.02});
  patient.missing = dice.one_of({0.0, 0.1});
  patient.poisson = dice.chance(0.7);
  return patient;
}

// With room for what a window of the judge is wide.
double claimed_ms(const Patient& patient) {
  return patient.back_ms + 200 + 2.5 * std::max(100.0, 20'000 / patient.per_second);
}

RunLog simulate(const Patient& patient) {
  RunLog run(patient.seed);
  run.hurt_ms = 3000;
  run.after_ms = 3 * claimed_ms(patient) + 12 * std::max(100.0, 20'000 / patient.per_second) + 3000;
  run.mark();
  for (double at = run.gap(patient.per_second, patient.poisson); at < run.end();
       at += run.gap(patient.per_second, patient.poisson)) {
    const std::size_t request = run.request(at);
    const double share = run.hurts(at) ? 1 : at < run.hurt_from() ? 0 : illness(patient, at - run.hurt_to());
    const bool ill = run.dice.chance(share);
    const bool hurt = run.hurts(at);
    run.call(request, at + 0.2, at + 0.6, hurt ? 503 : 200, "payments", hurt);
    const double took = run.around(6, patient.spread) + (ill && patient.slow ? 300 : 0);
    const bool fails = (ill && !patient.slow) || run.dice.chance(patient.background);
    run.answer(request, at + took,
               static_cast<std::uint16_t>(fails                              ? 500
                                          : run.dice.chance(patient.missing) ? 404
                                                                             : 200));
  }
  run.log.sort();
  return run;
}

}  // namespace stormproof::verify::simulation
