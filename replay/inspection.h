// Inspection: what a capture holds, for `stormproof inspect`. Bounded memory: of routes, the first `routes_max`.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "replay/capture_format.h"

namespace stormproof::replay {

class CaptureReader;

struct RouteCount {
  std::string route;  // "GET /orders/{id}"
  std::uint64_t requests = 0;
};

// What a candidate was sent besides, and answered.
struct ShadowCount {
  std::uint64_t exchanges = 0;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::map<int, std::uint64_t> statuses;  // 0: no response
  std::map<std::string, std::uint64_t> endings;
};

struct Inspection {
  static constexpr std::size_t routes_max = 1000;  // more distinct routes are counted together, as "(other)"

  std::string file;
  Meta meta;
  std::uint64_t exchanges = 0;    // live ones; of them is all that follows but for `shadows`
  std::uint64_t connections = 0;  // distinct known ones
  base::Time first{};             // zero: no time is known
  base::Time last{};
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::map<std::string, std::uint64_t> methods;
  std::map<int, std::uint64_t> statuses;  // 0: no response
  std::map<std::string, std::uint64_t> endings;
  std::vector<RouteCount> routes;  // the most frequent first
  ShadowCount shadows;
  Account account;
  std::string torn;                 // what that means, in one sentence; "" for a whole file
  std::vector<std::string> damage;  // what could not be read
};

// Reads the capture from its beginning to its end.
Inspection inspect(CaptureReader& capture);

std::string to_json(const Inspection& inspection);  // "schema": "stormproof.inspect/1"
std::string to_text(const Inspection& inspection);

}  // namespace stormproof::replay
