// Comparison: what is counted of requests that were sent to a baseline, a second baseline and a candidate.
//
// Takes one trio at a time and keeps counts, never the answers. A difference is known by route, folded path and kind. For
// each the requests are counted in which the candidate differs from the baseline, and in which the second baseline
// does: that is the noise. What verify/comparison_gates.h judges. Memory is bounded: `keys_max` differences, `samples_max` samples
// each, `sample_bytes_max` in all samples together, and 16 bytes a request of latency up to `latencies_max`. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "replay/answer.h"
#include "replay/answer_difference.h"
#include "replay/difference.h"
#include "replay/difference_rules.h"

namespace stormproof::replay {

struct ComparedRequest {
  std::uint64_t request = 0;  // its id in the capture
  std::size_t place = 0;      // in the script
  std::string_view method;
  std::string_view target;
};

// One request in which a difference was seen.
struct DifferenceSample {
  std::uint64_t request = 0;
  std::size_t place = 0;
  std::string method;
  std::string target;
  Difference difference;
  std::string baseline_head, baseline_body;  // content, decoded and cut
  std::string candidate_head, candidate_body;
};

struct DifferenceKey {
  std::string route;
  std::string path;
  Change change = Change::value;
  auto operator<=>(const DifferenceKey&) const = default;
};

// The same request sent again and again to see whether a difference stays.
struct Repeats {
  std::uint64_t sent = 0;
  std::uint64_t candidate_only = 0;
  std::uint64_t noise_only = 0;
};

struct DifferenceCounts {
  std::uint64_t candidate_only = 0;  // the candidate differs from the baseline, the second baseline does not
  std::uint64_t noise_only = 0;      // the other way round
  std::uint64_t both = 0;
  Repeats repeats;
  std::vector<std::size_t>
      reproduction;  // places in the script: the fewest requests found to show it; empty: not tried, or in vain
  std::vector<DifferenceSample> samples;
  std::uint64_t candidate() const { return candidate_only + both; }
  std::uint64_t noise() const { return noise_only + both; }
};

// Of one request that all targets answered, in seconds.
struct LatencyTrio {
  float baseline = 0;
  float second = 0;  // 0: there is no second baseline
  float candidate = 0;
  std::uint32_t route = 0;
};

// Of two targets over the same requests: failed() or not.
struct FailureCounts {
  std::uint64_t both = 0;
  std::uint64_t candidate_only = 0;
  std::uint64_t baseline_only = 0;
  void add(bool baseline, bool candidate) {
    both += baseline && candidate ? 1 : 0;
    candidate_only += candidate && !baseline ? 1 : 0;
    baseline_only += baseline && !candidate ? 1 : 0;
  }
};

// What came of one request, where its answers were compared before.
struct SeenRequest {
  std::uint64_t request = 0;
  std::string_view route;
  base::Time at = {};  // when it was sent, to any of them
  bool has_second = false;
  std::array<int, 3> statuses = {};         // of baseline, second baseline, candidate; 0: no answer
  std::optional<LatencyTrio> latency = {};  // where it counts
  std::vector<Difference> candidate = {};   // beside the baseline
  std::vector<Difference> second = {};
};

class Comparison {
 public:
  static constexpr std::size_t keys_max = 5000;
  static constexpr std::size_t routes_max = 5000;
  static constexpr std::size_t samples_max = 3;
  static constexpr std::size_t sample_body_bytes_max = 16 * 1024;
  static constexpr std::size_t sample_bytes_max = 32 << 20;  // above it, samples without heads and bodies
  static constexpr std::size_t latencies_max = 4'000'000;
  static constexpr std::string_view other = "(other)";  // routes and paths above those

  // Rules outlive the comparison. `latency_counts`: false for what only warms up.
  explicit Comparison(const DifferenceRules& rules) : rules_(rules) {}
  void add(const ComparedRequest& request, const Answer& baseline, const Answer* second, const Answer& candidate,
           bool latency_counts = true);
  void add(SeenRequest seen);

  bool has_second() const { return has_second_; }
  std::uint64_t requests() const { return requests_; }
  std::uint64_t different() const { return different_; }  // requests in which the candidate differs at all
  std::uint64_t noisy() const { return noisy_; }          // and the second baseline
  const std::vector<std::string>& routes() const { return routes_; }
  const std::vector<std::uint64_t>& requests_of_route() const { return route_requests_; }
  std::uint64_t requests_of(std::string_view route) const;
  const std::map<DifferenceKey, DifferenceCounts>& differences() const { return differences_; }
  std::map<DifferenceKey, DifferenceCounts>& differences() { return differences_; }
  const FailureCounts& failures() const { return failures_; }
  const FailureCounts& noise_failures() const { return noise_failures_; }
  const std::vector<LatencyTrio>& latencies() const { return latencies_; }
  base::Nanoseconds latencies_took() const { return latest_ - earliest_; }  // from the first of them to the last
  const DifferenceRules& rules() const { return rules_; }
  // Answered requests by status, of baseline, second baseline, candidate; 0 for no answer.
  const std::array<std::map<int, std::uint64_t>, 3>& statuses() const { return statuses_; }

 private:
  using MakeSample = std::function<DifferenceSample(const Difference&)>;
  std::uint32_t route_number(std::string route);
  DifferenceCounts& counts_of(std::string_view route, const Difference& difference);
  void count(SeenRequest& seen, std::uint32_t route, const MakeSample& sample);
  DifferenceSample sample_of(const ComparedRequest& request, const Difference& difference, ReadAnswer& baseline,
                             ReadAnswer& candidate);

  const DifferenceRules& rules_;
  base::Time earliest_{};
  base::Time latest_{};
  bool has_second_ = false;
  std::uint64_t requests_ = 0;
  std::uint64_t different_ = 0;
  std::uint64_t noisy_ = 0;
  std::vector<std::string> routes_;
  std::vector<std::uint64_t> route_requests_;
  std::unordered_map<std::string, std::uint32_t> route_numbers_;
  std::map<DifferenceKey, DifferenceCounts> differences_;
  std::size_t sample_bytes_ = 0;
  FailureCounts failures_;
  FailureCounts noise_failures_;
  std::vector<LatencyTrio> latencies_;
  std::array<std::map<int, std::uint64_t>, 3> statuses_;
};

}  // namespace stormproof::replay
