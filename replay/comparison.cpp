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

std::uint32_t Comparison::route_number(std::string_view method, std::string_view target) {
  std::string route = events::route_of(method, target);
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
  const std::uint32_t route = route_number(request.method, request.target);
  ++requests_;
  ++route_requests_[route];
  ++statuses_[0][baseline.answered() ? baseline.status : 0];
  ++statuses_[2][candidate.answered() ? candidate.status : 0];
  failures_.add(baseline.failed(), candidate.failed());

  ReadAnswer read_baseline(baseline);
  ReadAnswer read_candidate(candidate);
  auto raw = answer_differences(read_baseline, read_candidate, request.method, routes_[route], rules_);
  std::vector<Difference> noise;
  if (second != nullptr) {
    has_second_ = true;
    ++statuses_[1][second->answered() ? second->status : 0];
    noise_failures_.add(baseline.failed(), second->failed());
    ReadAnswer read_second(*second);
    noise = answer_differences(read_baseline, read_second, request.method, routes_[route], rules_);
  }
  different_ += raw.empty() ? 0 : 1;
  noisy_ += noise.empty() ? 0 : 1;
  if (!raw.empty() || !noise.empty())
    count(request, routes_[route], read_baseline, read_candidate, std::move(raw), std::move(noise));

  const bool all_answered = !baseline.failed() && !candidate.failed() && (second == nullptr || !second->failed());
  if (latency_counts && all_answered && latencies_.size() < latencies_max) {
    latencies_.push_back({seconds(baseline), second == nullptr ? 0 : seconds(*second), seconds(candidate), route});
  }
}

void Comparison::count(const ComparedRequest& request, std::string_view route, ReadAnswer& baseline,
                       ReadAnswer& candidate, std::vector<Difference> raw, std::vector<Difference> noise) {
  keep_places(raw);
  keep_places(noise);
  auto of_noise = noise.begin();
  for (const Difference& difference : raw) {
    while (of_noise != noise.end() && place_of(*of_noise) < place_of(difference))
      ++counts_of(route, *of_noise++).noise_only;
    DifferenceCounts& counts = counts_of(route, difference);
    if (of_noise != noise.end() && place_of(*of_noise) == place_of(difference)) {
      ++counts.both;
      ++of_noise;
      continue;
    }
    ++counts.candidate_only;
    if (counts.samples.size() < samples_max) add_sample(counts, request, difference, baseline, candidate);
  }
  for (; of_noise != noise.end(); ++of_noise) ++counts_of(route, *of_noise).noise_only;
}

DifferenceCounts& Comparison::counts_of(std::string_view route, const Difference& difference) {
  DifferenceKey key{std::string(route), difference.path, difference.change};
  if (differences_.size() >= keys_max && !differences_.contains(key)) key.path = other;
  return differences_[std::move(key)];
}

void Comparison::add_sample(DifferenceCounts& counts, const ComparedRequest& request, const Difference& difference,
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
  counts.samples.push_back(std::move(sample));
}

}  // namespace stormproof::replay
