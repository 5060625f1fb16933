// The rows of failover, bulkheads, overload, metastability, fallbacks, recovery and trace propagation.
#include <functional>

#include "harness/verify/judge.h"
#include "tests/accuracy/settings.h"
#include "tests/accuracy/simulated.h"
#include "tests/verify/balancer_simulation.h"
#include "tests/verify/bulkhead_simulation.h"
#include "tests/verify/fallback_simulation.h"
#include "tests/verify/overload_simulation.h"
#include "tests/verify/plant_simulation.h"
#include "tests/verify/recovery_simulation.h"
#include "tests/verify/trace_simulation.h"

namespace stormproof::accuracy {
namespace {

namespace simulation = verify::simulation;
using verify::Dice;
using verify::Finding;
using verify::judge;
using verify::of_ms;
using verify::RunLog;

struct Row {
  const char* name;
  bool defective;
  std::function<Finding(Setting, int seed)> judged;
};

void judge_rows(Matrix& matrix, const std::vector<Row>& rows, int runs, std::uint64_t seed) {
  judge_all(rows, runs, seed, [&](const Row& row, Setting setting, std::uint64_t one) {
    const Finding finding = row.judged(setting, static_cast<int>(one));
    matrix.count({row.name, name_of(setting)}, due_of(setting, row.defective), finding.verdict,
                 example_of(one, finding));
  });
}

double errors_in(Setting setting) { return setting == Setting::noisy ? noise_errors : 0; }
double spread_in(Setting setting) { return setting == Setting::noisy ? noise_spread : clean_spread; }

// --- failover ---------------------------------------------------------------------------------------------------

Finding balanced(simulation::Balancing how, Setting setting, int seed, bool in_after) {
  using simulation::Balancing;
  simulation::Balancer balancer = simulation::drawn_balancer(seed);
  balancer.how = how;
  balancer.background = errors_in(setting);
  balancer.spread = spread_in(setting);
  // With one failure in 20 at all times, fewer are no reason to leave.
  if (setting == Setting::noisy) balancer.failures = std::max(balancer.failures, 4);
  if (setting == Setting::starved) balancer.per_second = starved_per_second;
  // A call that hangs takes so long that hardly more than 1% of the calls can be tries.
  if (how == Balancing::tries_again_often) balancer.hangs = false;
  const RunLog run = simulation::simulate(balancer);
  const auto claim = in_after ? simulation::returning_claim(balancer) : simulation::leaving_claim(balancer);
  return judge(run.log, run.scenario({simulation::replica_name(0)}, claim, in_after)).front();
}

Row failover_row(const char* name, simulation::Balancing how, bool in_after = false) {
  const bool defective = how != simulation::Balancing::right;
  return {name, defective, [=](Setting setting, int seed) { return balanced(how, setting, seed, in_after); }};
}

// --- bulkheads --------------------------------------------------------------------------------------------------

Finding walled(simulation::Wall wall, Setting setting, int seed) {
  using simulation::Wall;
  simulation::Ship ship = simulation::drawn_ship(seed);
  ship.wall = wall;
  ship.background = errors_in(setting);
  ship.spread = spread_in(setting);
  if (setting == Setting::starved) ship.per_second = starved_per_second;
  auto claim = simulation::bulkhead_claim(ship);
  if (wall == Wall::shared_threads) {
    ship.traced = true;
    claim.calls_at_most.reset();
    claim.others_p99 = of_ms(50);
  }
  const RunLog run = simulation::simulate(ship);
  return judge(run.log, simulation::scenario_of(ship, run, claim)).front();
}

Row bulkhead_row(const char* name, simulation::Wall wall) {
  return {name, wall != simulation::Wall::right,
          [=](Setting setting, int seed) { return walled(wall, setting, seed); }};
}

// --- overload ---------------------------------------------------------------------------------------------------

Finding overloaded(simulation::Shedding how, Setting setting, int seed) {
  simulation::Server server = simulation::drawn_server(seed);
  server.how = how;
  server.background = errors_in(setting);
  server.spread = setting == Setting::noisy ? noise_spread : 0.1;
  if (setting == Setting::starved) server.capacity = 5;
  auto claim = simulation::overload_claim();
  // One answer in 20 is none: that 99 of 100 come in time, and that the important ones are served, is not so then.
  if (setting == Setting::noisy && how != simulation::Shedding::refuses_anyone) {
    claim.admitted_p99.reset();
    claim.important.clear();
  }
  const RunLog run = simulation::simulate(server);
  return judge(run.log, simulation::scenario_of(server, run, claim)).front();
}

Row overload_row(const char* name, simulation::Shedding how) {
  return {name, how != simulation::Shedding::right,
          [=](Setting setting, int seed) { return overloaded(how, setting, seed); }};
}

// --- metastability ----------------------------------------------------------------------------------------------

Finding filled(bool stays_down, Setting setting, int seed) {
  simulation::Plant plant = simulation::drawn_plant(seed);
  plant.stays_down = stays_down;
  plant.background = errors_in(setting);
  plant.spread = setting == Setting::noisy ? noise_spread : 0.1;
  if (setting == Setting::starved) plant.per_second = starved_per_second;
  const RunLog run = simulation::simulate(plant);
  return judge(run.log, simulation::scenario_of(plant, run, {.within = of_ms(5000)})).front();
}

// --- fallbacks --------------------------------------------------------------------------------------------------

Finding cooked(simulation::Answer answer, Setting setting, int seed) {
  simulation::Kitchen kitchen = simulation::drawn_kitchen(seed);
  kitchen.answer = answer;
  kitchen.background = errors_in(setting);
  kitchen.spread = spread_in(setting);
  if (answer != simulation::Answer::right) kitchen.bad_share = Dice(seed).one_of({1.0, 0.05});
  if (setting == Setting::starved) kitchen.per_second = starved_per_second;
  const RunLog run = simulation::simulate(kitchen);
  return judge(run.log, simulation::scenario_of(kitchen, run, simulation::fallback_claim())).front();
}

Row fallback_row(const char* name, simulation::Answer answer) {
  return {name, answer != simulation::Answer::right,
          [=](Setting setting, int seed) { return cooked(answer, setting, seed); }};
}

// --- recovery ---------------------------------------------------------------------------------------------------

Finding healed(Matrix& matrix, simulation::Ailment ailment, Setting setting, int seed) {
  using simulation::Ailment;
  simulation::Patient patient = simulation::drawn_patient(seed);
  patient.ailment = ailment;
  patient.background = errors_in(setting);
  patient.spread = spread_in(setting);
  if (setting == Setting::starved) patient.per_second = starved_per_second;
  const RunLog run = simulation::simulate(patient);
  const scenarios::RecoversExpectation claim{.within = of_ms(simulation::claimed_ms(patient))};
  const Finding finding = judge(run.log, run.scenario({"payments"}, claim, true)).front();
  const verify::Check* const check = estimating(finding, "recovery");
  if (ailment == Ailment::none && patient.creeping_ms == 0 && check != nullptr)
    matrix.measure("recovery", name_of(setting), *check->estimate, patient.back_ms / 1000,
                   std::max(0.1, 20 / patient.per_second), 0);
  return finding;
}

// --- trace propagation ------------------------------------------------------------------------------------------

Finding carried(simulation::Carrying how, Setting setting, int seed, double background_ms) {
  simulation::Courier courier = simulation::drawn_courier(seed);
  courier.background_ms = background_ms;
  if (background_ms > 0) courier.took_ms = 10;
  // The trace of another one that is under way is not seen to be one.
  if (how == simulation::Carrying::mixes_up) courier.took_ms = 1;
  courier.how = how;
  courier.background = errors_in(setting);
  courier.spread = spread_in(setting);
  if (how == simulation::Carrying::drops_one_dialect)
    courier.carriers = events::in_traceparent | events::in_b3, courier.halved = false;
  if (setting == Setting::starved) courier.per_second = starved_per_second;
  const RunLog run = simulation::simulate(courier);
  auto claim = simulation::trace_claim(courier);
  claim.background_within = of_ms(4 * background_ms);
  return judge(run.log, run.scenario({}, claim)).front();
}

Row trace_row(const char* name, simulation::Carrying how, double background_ms = 0) {
  return {name, how != simulation::Carrying::right,
          [=](Setting setting, int seed) { return carried(how, setting, seed, background_ms); }};
}

}  // namespace

void judge_failovers(Matrix& matrix, int runs, std::uint64_t seed) {
  using simulation::Balancing;
  judge_rows(
      matrix,
      {failover_row("failover", Balancing::right), failover_row("failover that never leaves", Balancing::never_leaves),
       failover_row("failover that leaves late", Balancing::leaves_late),
       failover_row("failover that tries every 20 ms", Balancing::tries_again_often),
       failover_row("failover that leaks 5 %", Balancing::leaks_some),
       failover_row("failover whose others do not take over", Balancing::drops_its_share),
       failover_row("return to a replica", Balancing::right, true),
       failover_row("no return to a replica", Balancing::never_returns, true)},
      runs, seed);
}

void judge_bulkheads(Matrix& matrix, int runs, std::uint64_t seed) {
  using simulation::Wall;
  judge_rows(matrix,
             {bulkhead_row("bulkhead", Wall::right), bulkhead_row("no bulkhead", Wall::none),
              bulkhead_row("bulkhead with two places more", Wall::two_more),
              bulkhead_row("bulkhead that frees a place early", Wall::frees_early),
              bulkhead_row("threads that all routes share", Wall::shared_threads)},
             runs, seed);
}

void judge_overloads(Matrix& matrix, int runs, std::uint64_t seed) {
  using simulation::Shedding;
  judge_rows(matrix,
             {overload_row("load shedding", Shedding::right),
              overload_row("queue without an end", Shedding::none),
              overload_row("goodput that collapses", Shedding::collapses),
              overload_row("refusals after a second", Shedding::refuses_late),
              overload_row("shedding that spares nobody", Shedding::refuses_anyone),
              {"service that comes back", false, [](Setting setting, int one) { return filled(false, setting, one); }},
              {"metastable queue", true, [](Setting setting, int one) { return filled(true, setting, one); }}},
             runs, seed);
}

void judge_fallbacks(Matrix& matrix, int runs, std::uint64_t seed) {
  using simulation::Answer;
  judge_rows(matrix,
             {fallback_row("fallback", Answer::right), fallback_row("fallback that fails", Answer::fails),
              fallback_row("fallback with an empty body", Answer::empty),
              fallback_row("fallback with half a JSON", Answer::broken),
              fallback_row("fallback of another shape", Answer::another_shape),
              fallback_row("fallback that is slow", Answer::slow),
              fallback_row("fallback that is stale", Answer::stale), fallback_row("no answer at all", Answer::none)},
             runs, seed);
}

void judge_recoveries(Matrix& matrix, int runs, std::uint64_t seed) {
  using simulation::Ailment;
  const auto row = [&matrix](const char* name, Ailment ailment) {
    return Row{name, ailment != Ailment::none,
               [&matrix, ailment](Setting setting, int one) { return healed(matrix, ailment, setting, one); }};
  };
  judge_rows(matrix,
             {row("recovery", Ailment::none), row("no recovery", Ailment::never_well),
              row("recovery too late", Ailment::well_late), row("recovery that relapses", Ailment::relapses),
              row("recovery for four in five", Ailment::ill_for_some)},
             runs, seed);
}

void judge_traces(Matrix& matrix, int runs, std::uint64_t seed) {
  using simulation::Carrying;
  judge_rows(
      matrix,
      {trace_row("trace handed on", Carrying::right),
       trace_row("trace handed on to work in the background", Carrying::right, 200),
       trace_row("trace lost in 10 %", Carrying::drops_some), trace_row("trace never handed on", Carrying::drops_all),
       trace_row("trace of the first request for all", Carrying::keeps_the_first),
       trace_row("trace of another request in 10 %", Carrying::mixes_up),
       trace_row("trace in one of two headers", Carrying::drops_one_dialect),
       trace_row("parent id that is the request's", Carrying::copies_the_parent)},
      runs, seed);
}

}  // namespace stormproof::accuracy
