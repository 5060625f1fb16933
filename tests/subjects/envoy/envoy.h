// Envoy: the real proxy as a service under test, with one of its mechanisms, right or as it comes by default. Gone with its owner.
//
// Every request but /healthz goes on to its cluster `payments`. `envoy.yaml` is the whole configuration. Its truth are
// the file in which it logs ejections, and its own counters.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "tests/subjects/service.h"

namespace stormproof::subjects {

class Envoy {
 public:
  struct Ejection {                    // outlier detection: after 5 failures in a row
    std::chrono::milliseconds base{};  // how long at first; the n-th time n times as long, on a sweep every 100 ms
    int most_percent = 100;            // of the endpoints. Envoy's default, 10, ejects none of fewer than ten
    // A change of health within so long of the last one waits until it is over. By default a second.
    std::chrono::milliseconds merged_for{0};
  };
  struct Limit {
    int per_second = 120;  // in parts of 50 ms
    int burst = 20;
    bool each_connection = false;  // a bucket for each connection of a client, in the place of one for all
  };
  struct Options {
    std::vector<std::uint16_t> endpoints = {};  // of the cluster
    std::optional<Ejection> ejection = std::nullopt;
    std::optional<Limit> limit = std::nullopt;
    int requests_at_once = 4096;   // circuit_breakers: max_requests
    int retries = 0;               // of each request, on 5xx
    int retry_budget_percent = 0;  // of the requests under way; 0: no budget
    int retries_at_once = 3;       // where there is no budget; 3 is the default
  };

  // Why it cannot run here; nothing where it can.
  static std::optional<std::string> missing();

  // Listens when it returns.
  static base::Result<Envoy> start(const Options& options);

  std::uint16_t port() const { return service_.port(); }

  // How often it ejected an endpoint, as it logged; the log is written with some delay.
  std::size_t ejections() const;
  // A counter of its own: "cluster.payments.upstream_rq_retry"; 0 where it is not there yet.
  std::uint64_t counter(std::string_view name) const;

 private:
  Envoy(Service service, std::uint16_t admin) : service_(std::move(service)), admin_(admin) {}

  Service service_;
  std::uint16_t admin_;
};

}  // namespace stormproof::subjects
