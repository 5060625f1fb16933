#include "tests/verify/limiter_simulation.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>
#include <vector>

namespace stormproof::verify::simulation {
namespace {

using base::Time;
using events::Exchange;
using std::chrono::microseconds;
using std::chrono::seconds;

double in_seconds(Nanoseconds duration) { return static_cast<double>(duration.count()) / 1e9; }
Nanoseconds of_seconds(double value) { return Nanoseconds(std::llround(value * 1e9)); }

// One limit: of a caller, or of an instance.
struct Quota {
  double level = 0;
  Time last{};
  Time window_begin{};
  int in_window = 0;
  std::deque<Time> log = {};
};

struct Ruling {
  bool admitted = true;
  Nanoseconds wait{0};   // until the next is admitted, where it is refused
  Nanoseconds queued{0};  // where it is admitted
};

class LimiterModel {
 public:
  explicit LimiterModel(const Limiter& limiter)
      : limiter_(limiter), random_(limiter.seed), quotas_(static_cast<std::size_t>(std::max(2, limiter.callers))) {
    rate_ = limiter.rate;
    burst_ = limiter.burst;
    if (limiter.defect == LimiterDefect::off_by_some) burst_ += limiter.off_by;
    if (limiter.defect == LimiterDefect::too_generous) rate_ *= 1.1;
    if (limiter.defect == LimiterDefect::too_strict) rate_ *= 0.9;
  }

  events::Log run() {
    const Time begin = Time(seconds(1'700'000'000));
    const Time limit = begin + limiter_.steady;
    const Time end = limit + limiter_.lasting;
    log_.mark(begin, events::MarkKind::phase_begin, "steady state");
    log_.mark(limit, events::MarkKind::phase_end, "steady state");
    log_.mark(limit, events::MarkKind::phase_begin, "limit");
    log_.mark(end, events::MarkKind::phase_end, "limit");
    candidate_ = log_.names.id_of("candidate");
    route_ = log_.names.id_of("GET /a");
    for (Quota& quota : quotas_) quota = {.level = static_cast<double>(burst_), .last = begin, .window_begin = begin};
    // Time to fill up before the phase.
    const Time calm_until = limit - of_seconds(std::min(4.0, limiter_.burst / limiter_.rate + 0.2));
    std::vector<std::pair<Time, int>> asked;
    for (int caller = 0; caller < limiter_.callers; ++caller) {
      const double usual = limiter_.rate / 2;
      spread(asked, begin, calm_until, caller == 0 ? usual : usual, caller);
      spread(asked, limit, end, caller == 0 ? limiter_.rate * limiter_.offered : usual, caller);
    }
    if (limiter_.comes_at_once) {
      for (int at = 0; at < 2 * limiter_.burst; ++at) asked.emplace_back(limit + microseconds(200 * at), 0);
    }
    std::ranges::sort(asked);
    for (const auto& [at, caller] : asked) ask(at, caller);
    return std::move(log_);
  }

 private:
  double unit() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  Nanoseconds around(Nanoseconds middle) {
    const double scale = std::exp(limiter_.spread * std::normal_distribution<double>(0, 1)(random_));
    return Nanoseconds(std::llround(static_cast<double>(middle.count()) * scale));
  }

  void spread(std::vector<std::pair<Time, int>>& asked, Time from, Time to, double per_second, int caller) {
    Time at = from + of_seconds(unit() / per_second);
    while (at < to) {
      asked.emplace_back(at, caller);
      at += of_seconds(limiter_.poisson ? std::exponential_distribution<double>(per_second)(random_) : 1 / per_second);
    }
  }

  void ask(Time at, int caller) {
    Exchange request{.side = events::Side::ingress, .status = 200, .party = candidate_, .route = route_, .trace = {}};
    request.request = ++requests_;
    request.key = static_cast<std::uint32_t>(caller) + 7;
    request.intended = at;
    request.start = at + around(microseconds(40));
    const Time decided = request.start + around(microseconds(400));
    std::size_t which = limiter_.defect == LimiterDefect::one_for_all ? 0 : static_cast<std::size_t>(caller);
    if (limiter_.defect == LimiterDefect::per_instance) which = unit() < 0.5 ? 0 : 1;
    const Ruling ruling = rule(quotas_[which], decided);
    if (!ruling.admitted) {
      request.status = 429;
      const double said = std::ceil(in_seconds(ruling.wait));
      request.advice.retry_after = static_cast<std::uint32_t>(std::max(1.0, said));
      if (limiter_.defect == LimiterDefect::lies) request.advice.retry_after = 10 * request.advice.retry_after;
    }
    request.first_byte = request.end = decided + ruling.queued + around(microseconds(500));
    log_.exchanges.push_back(request);
  }

  Ruling rule(Quota& quota, Time now) {
    if (limiter_.defect == LimiterDefect::unlimited) return {};
    if (limiter_.defect == LimiterDefect::drops_some && unit() < 0.05)
      return {.admitted = false, .wait = of_seconds(1 / rate_)};
    switch (limiter_.limiting) {
      case Limiting::token_bucket: return by_bucket(quota, now, false);
      case Limiting::leaky_queue: return by_bucket(quota, now, true);
      case Limiting::fixed_window: return by_window(quota, now);
      case Limiting::sliding_log: return by_log(quota, now);
    }
    return {};
  }

  Ruling by_bucket(Quota& quota, Time now, bool queues) {
    const double most = burst_;
    quota.level = std::min(most, quota.level + rate_ * in_seconds(std::max(Nanoseconds(0), now - quota.last)));
    quota.last = std::max(now, quota.last);
    if (quota.level < 1) {
      const Ruling ruling{.admitted = false, .wait = of_seconds((1 - quota.level) / rate_)};
      // Each refusal costs as much as an admission; so it never gets well under too much traffic.
      if (limiter_.defect == LimiterDefect::counts_refused) quota.level = std::max(quota.level - 1, -most);
      return ruling;
    }
    quota.level -= 1;
    return {.queued = queues ? of_seconds((most - 1 - quota.level) / rate_) : Nanoseconds(0)};
  }

  int per_window() const { return static_cast<int>(std::lround(rate_ * in_seconds(limiter_.window))) + burst_ - limiter_.burst; }

  Ruling by_window(Quota& quota, Time now) {
    while (now >= quota.window_begin + limiter_.window) {
      quota.window_begin += limiter_.window;
      quota.in_window = 0;
    }
    if (quota.in_window >= per_window()) return {.admitted = false, .wait = quota.window_begin + limiter_.window - now};
    ++quota.in_window;
    return {};
  }

  Ruling by_log(Quota& quota, Time now) {
    while (!quota.log.empty() && quota.log.front() + limiter_.window <= now) quota.log.pop_front();
    const bool full = std::ssize(quota.log) >= per_window();
    const Nanoseconds wait = full ? quota.log.front() + limiter_.window - now : Nanoseconds(0);
    if (!full || limiter_.defect == LimiterDefect::counts_refused) quota.log.push_back(now);
    return {.admitted = !full, .wait = wait};
  }

  const Limiter& limiter_;
  std::mt19937_64 random_;
  std::vector<Quota> quotas_;
  double rate_ = 0;
  int burst_ = 0;
  events::Log log_;
  std::uint64_t requests_ = 0;
  events::NameId candidate_ = 0, route_ = 0;
};

}  // namespace

events::Log simulate(const Limiter& limiter) { return LimiterModel(limiter).run(); }

scenarios::Scenario scenario_of(const Limiter& limiter, const scenarios::RateLimitExpectation& expectation) {
  scenarios::Scenario scenario;
  scenario.steady_state = {.name = "steady state", .duration = limiter.steady, .faults = {}, .expect = {}};
  scenario.phases.push_back({.name = "limit",
                             .duration = limiter.lasting,
                             .faults = {},
                             .expect = {{.what = expectation, .text = "rate-limit", .line = 20}}});
  return scenario;
}

}  // namespace stormproof::verify::simulation
