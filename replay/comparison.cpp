#include "replay/comparison.h"

#include <algorithm>
#include <chrono>
#include <tuple>

#include "harness/events/names.h"

namespace stormproof::replay {
namespace {

using Place = std::tuple<std::string_view, Change>;
Place place_of(const Difference& difference) { return {difference.path, difference.change}; }

// One of each place, in the order of the places.
void keep_places(std::vector<Difference>& differences) {
  std::ranges::sort(differences, [](const Difference& a, const Difference& b) {
    return std::tuple(place_of(a), std::string_view(a.where)) < std::tuple(place_of(b), std::string_view(b.where));
  });
  const auto [begin, end] = std::ranges::unique(
      differences, [](const Difference& a, const Difference& b) { return place_of(a) == place_of(b); });
  differences.erase(begin, end);
}

float seconds(const Answer& answer) { return std::chrono::duration<float>(answer.latency()).count(); }

}  // namespace

std::uint32_t Comparison::route_number(std::string route) {
  auto known = route_numbers_.find(route);
  if (known != route_numbers_.end()) return known->second;
  if (routes_.size() >= routes_max) {
    route = other;
    known = route_numbers_.find(route);
    if (known != route_numbers_.end()) return known->second;
  }
  const auto number = static_cast<std::uint32_t>(routes_.size());
  routes_.push_back(route);
  route_requests_.push_back(0);
  route_numbers_.emplace(std::move(route), number);
  return number;
}

std::uint64_t Comparison::requests_of(std::string_view route) const {
  const auto known = route_numbers_.find(std::string(route));
  return known == route_numbers_.end() ? 0 : route_requests_[known->second];
}

void Comparison::add(const ComparedRequest& request, const Answer& baseline, const Answer* second,
                     const Answer& candidate, bool latency_counts) {
  const std::uint32_t route = route_number(events::route_of(request.method, request.target));
  const auto status_of = [](const Answer& answer) { return answer.answered() ? answer.status : 0; };
  SeenRequest seen{
      .request = request.request, .route = routes_[route], .at = candidate.start, .has_second = second != nullptr};
  seen.statuses = {status_of(baseline), second == nullptr ? 0 : status_of(*second), status_of(candidate)};
  ReadAnswer read_baseline(baseline);
  ReadAnswer read_candidate(candidate);
  seen.candidate = answer_differences(read_baseline, read_candidate, request.method, routes_[route], rules_);
  if (second != nullptr) {
    ReadAnswer read_second(*second);
    seen.second = answer_differences(read_baseline, read_second, request.method, routes_[route], rules_);
  }
  if (latency_counts)
    seen.latency = {seconds(baseline), second == nullptr ? 0 : seconds(*second), seconds(candidate), route};
  count(seen, route,
        [&](const Difference& difference) { return sample_of(request, difference, read_baseline, read_candidate); });
}

void Comparison::add(SeenRequest seen) {
  const std::uint32_t route = route_number(std::string(seen.route));
  if (seen.latency) seen.latency->route = route;
  count(seen, route, [&](const Difference& difference) {
    DifferenceSample sample;
    sample.request = seen.request;
    sample.difference = difference;
    return sample;
  });
}

void Comparison::count(SeenRequest& seen, std::uint32_t route, const MakeSample& sample) {
  const auto failed = [](int status) { return status == 0 || status >= 500; };
  const auto [baseline, second, candidate] = seen.statuses;
  ++requests_;
  ++route_requests_[route];
  ++statuses_[0][baseline];
  ++statuses_[2][candidate];
  failures_.add(failed(baseline), failed(candidate));
  if (seen.has_second) {
    has_second_ = true;
    ++statuses_[1][second];
    noise_failures_.add(failed(baseline), failed(second));
  }
  const bool all_well = !failed(baseline) && !failed(candidate) && (!seen.has_second || !failed(second));
  if (seen.latency && all_well && latencies_.size() < latencies_max) {
    earliest_ = latencies_.empty() ? seen.at : std::min(earliest_, seen.at);
    latest_ = latencies_.empty() ? seen.at : std::max(latest_, seen.at);
    latencies_.push_back(*seen.latency);
  }
  different_ += seen.candidate.empty() ? 0 : 1;
  noisy_ += seen.second.empty() ? 0 : 1;

  keep_places(seen.candidate);
  keep_places(seen.second);
  auto of_noise = seen.second.begin();
  for (const Difference& difference : seen.candidate) {
    while (of_noise != seen.second.end() && place_of(*of_noise) < place_of(difference))
      ++counts_of(routes_[route], *of_noise++).noise_only;
    DifferenceCounts& counts = counts_of(routes_[route], difference);
    if (of_noise != seen.second.end() && place_of(*of_noise) == place_of(difference)) {
      ++counts.both;
      ++of_noise;
      continue;
    }
    ++counts.candidate_only;
    if (counts.samples.size() < samples_max) counts.samples.push_back(sample(difference));
  }
  for (; of_noise != seen.second.end(); ++of_noise) ++counts_of(routes_[route], *of_noise).noise_only;
}

DifferenceCounts& Comparison::counts_of(std::string_view route, const Difference& difference) {
  DifferenceKey key{std::string(route), difference.path, difference.change};
  if (differences_.size() >= keys_max && !differences_.contains(key)) key.path = other;
  return differences_[std::move(key)];
}

DifferenceSample Comparison::sample_of(const ComparedRequest& request, const Difference& difference,
                                       ReadAnswer& baseline, ReadAnswer& candidate) {
  const auto cut = [](std::string_view text) { return std::string(text.substr(0, sample_body_bytes_max)); };
  DifferenceSample sample;
  sample.request = request.request;
  sample.place = request.place;
  sample.method = request.method;
  sample.target = request.target;
  sample.difference = difference;
  if (sample_bytes_ < sample_bytes_max) {
    sample.baseline_head = cut(baseline.answer().head);
    sample.candidate_head = cut(candidate.answer().head);
    sample.baseline_body = cut(baseline.content());
    sample.candidate_body = cut(candidate.content());
    sample_bytes_ += sample.baseline_head.size() + sample.candidate_head.size() + sample.baseline_body.size() +
                     sample.candidate_body.size();
  }
  return sample;
}

}  // namespace stormproof::replay
