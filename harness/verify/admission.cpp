#include "harness/verify/admission.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace stormproof::verify {
namespace {

using events::Exchange;
using What = Decision::What;

constexpr double refusal_quantile = 0.99;
constexpr double refusal_margin = 1.5;  // times what refusals take

double seconds(Nanoseconds duration) { return static_cast<double>(duration.count()) / 1e9; }

What what_of(const Exchange& request, int refusing_status) {
  if (request.outcome != events::Outcome::answered) return What::unknown;
  if (request.advice.grpc_status == events::grpc_resource_exhausted) return What::refused;
  if (request.status == refusing_status || request.status == 429) return What::refused;
  // What fails with another status failed behind the limit; 503 may be a refusal of another kind.
  return request.status == 503 ? What::unknown : What::admitted;
}

// The maximum over those of a row of numbers that count already; each prefix can be raised at once.
class Raised {
 public:
  explicit Raised(std::vector<double> values) {
    while (size_ < values.size()) size_ *= 2;
    // What does not count yet lies below all that may.
    depth_ = 4 * (std::abs(values.back()) + static_cast<double>(values.size()));
    for (double& value : values) value -= depth_;
    most_.assign(2 * size_, {-1e300, 0});
    added_.assign(2 * size_, 0);
    for (std::size_t at = 0; at < values.size(); ++at) most_[size_ + at] = {values[at], at};
    for (std::size_t node = size_; node-- > 1;) most_[node] = std::max(most_[2 * node], most_[2 * node + 1]);
  }
  // Adds 1 to all up to `last`, which is included.
  void raise(std::size_t last) { raise(1, 0, size_, last + 1); }
  // From now on it counts.
  void count(std::size_t place) {
    std::size_t node = size_ + place;
    most_[node].first += depth_;
    while ((node /= 2) != 0) {
      most_[node] = std::max(most_[2 * node], most_[2 * node + 1]);
      most_[node].first += added_[node];
    }
  }
  // The greatest, and its place.
  std::pair<double, std::size_t> greatest() const { return most_[1]; }

 private:
  void raise(std::size_t node, std::size_t from, std::size_t size, std::size_t until) {
    if (from >= until) return;
    if (from + size <= until) {
      most_[node].first += 1;
      added_[node] += 1;
      return;
    }
    raise(2 * node, from, size / 2, until);
    raise(2 * node + 1, from + size / 2, size / 2, until);
    most_[node] = std::max(most_[2 * node], most_[2 * node + 1]);
    most_[node].first += added_[node];
  }
  std::size_t size_ = 1;
  double depth_ = 0;
  std::vector<std::pair<double, std::size_t>> most_;
  std::vector<double> added_;
};

// The greatest of count - rate × time over all stretches between decisions at these instants, ascending.
double greatest_excess(std::vector<Time> instants, double per_second) {
  std::ranges::sort(instants);
  double most = 0;
  double best_start = 0;
  for (std::size_t at = 0; at < instants.size(); ++at) {
    const double spent = static_cast<double>(at) - per_second * seconds(instants[at] - instants.front());
    best_start = at == 0 ? spent : std::min(best_start, spent);
    most = std::max(most, spent - best_start + 1);
  }
  return most;
}

// Instants at which it became possible again to be admitted, each within its gap; and what was admitted by then.
struct Anchor {
  Time low{};
  Time high{};
  std::uint64_t before = 0;  // admitted
};

struct Stretch {
  std::vector<Anchor> anchors = {};
  Time first_refusal{};
  Time last_refusal{};
  std::uint64_t admitted_at_first = 0;
  std::uint64_t admitted_at_last = 0;
};

// Cuts the row of decisions where the limit may have had more to give than it can hold.
class Stretches {
 public:
  Stretches(double per_second, double spare, Nanoseconds calm) : per_second_(per_second), spare_(spare), calm_(calm) {}

  std::vector<Stretch> of(const Decisions& decisions) {
    for (const Decision& decision : decisions) {
      if (decision.what == What::refused) refused(decision);
      else admitted(decision);
    }
    return std::move(stretches_);
  }

 private:
  void admitted(const Decision& decision) {
    if (refusal_ != nullptr) {
      const double gained = per_second_ * seconds(decision.start - refusal_->start) - static_cast<double>(since_);
      full_ = full_ || gained > spare_;
    }
    if (since_ == 0) back_ = decision.what == What::admitted ? &decision : nullptr;
    ++since_;
    ++admitted_;
  }

  void refused(const Decision& decision) {
    if (refusal_ == nullptr || full_ || decision.start - refusal_->start > calm_) {
      stretches_.push_back({.first_refusal = decision.start, .admitted_at_first = admitted_});
    } else if (since_ > 0 && back_ != nullptr) {
      stretches_.back().anchors.push_back({refusal_->start, back_->end, admitted_ - since_});
    }
    refusal_ = &decision;
    since_ = 0;
    full_ = false;
    stretches_.back().last_refusal = decision.start;
    stretches_.back().admitted_at_last = admitted_;
  }

  double per_second_;
  double spare_;
  Nanoseconds calm_;
  std::vector<Stretch> stretches_ = {};
  const Decision* refusal_ = nullptr;  // the last
  const Decision* back_ = nullptr;     // the first admission after it
  std::uint64_t admitted_ = 0;
  std::uint64_t since_ = 0;  // the refusal
  bool full_ = false;
};

}  // namespace

std::vector<Decisions> decisions_of(Exchanges requests, int refusing_status, bool per_key) {
  std::map<std::uint32_t, Decisions> by_key;
  for (const Exchange* request : requests) {
    if (events::never_sent(*request)) continue;
    const Time answer = request->first_byte == Time{} ? request->end : request->first_byte;
    by_key[per_key ? request->key : 0].push_back(
        {request->start, std::max(request->start, answer), what_of(*request, refusing_status), request});
  }
  std::vector<Decisions> all;
  for (auto& [key, decisions] : by_key) {
    if (per_key && key == 0) continue;
    std::ranges::sort(decisions, [](const Decision& a, const Decision& b) {
      return std::tie(a.start, a.request->request) < std::tie(b.start, b.request->request);
    });
    all.push_back(std::move(decisions));
  }
  return all;
}

Decisions narrowed(Decisions decisions) {
  std::vector<Nanoseconds> took;
  for (const Decision& one : decisions) {
    if (one.what == What::refused) took.push_back(one.end - one.start);
  }
  if (took.empty()) return decisions;
  const auto rank = static_cast<std::ptrdiff_t>(static_cast<double>(took.size() - 1) * refusal_quantile);
  std::ranges::nth_element(took, took.begin() + rank);
  const double usual = refusal_margin * static_cast<double>(took[static_cast<std::size_t>(rank)].count());
  const Nanoseconds within = Nanoseconds(std::llround(usual)) + std::chrono::milliseconds(1);
  for (Decision& one : decisions) {
    if (one.what == What::admitted) one.end = std::min(one.end, one.start + within);
  }
  return decisions;
}

Burst burst_of(const Decisions& decisions, double per_second) {
  std::vector<const Decision*> admitted;
  std::vector<Time> starts;
  std::vector<Time> ends;
  for (const Decision& decision : decisions) {
    if (decision.what != What::admitted) continue;
    admitted.push_back(&decision);
    starts.push_back(decision.start);
    ends.push_back(decision.end);
  }
  Burst burst;
  if (admitted.empty()) return burst;
  // For every stretch that begins with a start: how many surely lie in it, and how long it is.
  std::vector<double> begun;
  for (const Time start : starts) begun.push_back(per_second * seconds(start - starts.front()));
  Raised excess(std::move(begun));
  std::vector<std::size_t> by_end(admitted.size());
  for (std::size_t at = 0; at < by_end.size(); ++at) by_end[at] = at;
  std::ranges::sort(by_end, [&](std::size_t a, std::size_t b) { return std::tie(ends[a], a) < std::tie(ends[b], b); });
  for (const std::size_t at : by_end) {
    excess.raise(at);
    excess.count(at);
    const auto [most, place] = excess.greatest();
    const double found = most - per_second * seconds(ends[at] - starts.front());
    if (found <= burst.low) continue;
    burst.low = found;
    burst.from = starts[place];
    burst.to = ends[at];
  }
  for (const Decision* one : admitted) burst.admitted += one->start >= burst.from && one->end <= burst.to ? 1 : 0;
  burst.high = std::max({burst.low, greatest_excess(starts, per_second), greatest_excess(ends, per_second)});
  return burst;
}

Saturation saturation_of(const Decisions& decisions, double per_second, double burst, Nanoseconds calm) {
  Saturation all;
  Stretches stretches(per_second, std::max(spare_least, spare_share * (burst - 1)), calm);
  std::uint64_t anchors = 0;
  const std::vector<Stretch> found = stretches.of(decisions);
  if (!found.empty()) all.admitted_in = found.back().admitted_at_last - found.front().admitted_at_first;
  for (const Stretch& stretch : found) {
    all.lasted += stretch.last_refusal - stretch.first_refusal;
    if (stretch.anchors.size() < 2) continue;
    const Anchor& first = stretch.anchors.front();
    const Anchor& last = stretch.anchors.back();
    anchors += stretch.anchors.size() - 1;
    all.admitted += last.before - first.before;
    all.least += std::max(Nanoseconds(0), last.low - first.high);
    all.most += last.high - first.low;
  }
  for (const Decision& decision : decisions) all.refused += decision.what == What::refused ? 1 : 0;
  all.run = anchors == 0 ? 0 : static_cast<double>(all.admitted) / static_cast<double>(anchors);
  return all;
}

Refusals replay_bucket(const Decisions& decisions, double per_second, double burst, Time from, Time to) {
  // Spent at the answer, the bucket holds least; what is under way may be spent already.
  struct Step {
    Time at{};
    int order = 0;  // at one instant: spent, then begun, then asked
    const Decision* decision = nullptr;
  };
  std::vector<Step> steps;
  for (const Decision& decision : decisions) {
    if (decision.what == What::refused) {
      steps.push_back({decision.start, 2, &decision});
      steps.push_back({decision.end, 3, &decision});
    } else {
      steps.push_back({decision.start, 1, &decision});
      steps.push_back({decision.end, 0, &decision});
    }
  }
  std::ranges::sort(steps, [](const Step& a, const Step& b) {
    return std::tie(a.at, a.order, a.decision) < std::tie(b.at, b.order, b.decision);
  });
  Refusals refusals;
  std::map<const Decision*, double> at_start;
  double level = 0;
  double under_way = 0;
  Time last = steps.empty() ? Time{} : steps.front().at;
  for (const Step& step : steps) {
    level = std::min(burst, level + per_second * seconds(step.at - last));
    last = step.at;
    const double least = level - under_way;
    switch (step.order) {
      case 0:
        level = std::max(0.0, level - 1);
        under_way -= 1;
        break;
      case 1: under_way += 1; break;
      case 2: at_start[step.decision] = least; break;
      default: {
        const Decision& refusal = *step.decision;
        const double before = at_start[step.decision];
        at_start.erase(step.decision);
        if (refusal.start < from || refusal.start >= to) break;
        ++refusals.all;
        // In between, others may have taken what has come since.
        const double throughout = std::min(before, least - per_second * seconds(refusal.end - refusal.start));
        if (throughout >= 1) refusals.wrong.push_back(&refusal);
      }
    }
  }
  return refusals;
}

std::vector<Wait> waits_of(const Decisions& decisions) {
  std::vector<Wait> waits;
  Time next_high{};  // the end of the first admission after, and the last refusal before it
  Time last_refused{};
  bool admitted_later = false;
  for (std::size_t at = decisions.size(); at-- > 0;) {
    const Decision& decision = decisions[at];
    if (decision.what == What::admitted) {
      next_high = decision.end;
      admitted_later = true;
      last_refused = Time{};
    } else if (decision.what == What::refused) {
      if (last_refused == Time{}) last_refused = decision.start;
      Wait wait{.refusal = &decision, .low = std::max(Nanoseconds(0), last_refused - decision.end)};
      wait.high = admitted_later ? std::max(wait.low, next_high - decision.start) : Nanoseconds::max();
      waits.push_back(wait);
    }
  }
  std::ranges::reverse(waits);
  return waits;
}

}  // namespace stormproof::verify
