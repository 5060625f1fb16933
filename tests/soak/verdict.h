// Verdict: the identities that must hold when a soak has ended, and the table of what they are about.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/app/service.h"
#include "tests/soak/vitals.h"

namespace stormproof::soak {

// What is known when all has ended.
struct Ended {
  app::Service::Figures figures;
  std::filesystem::path access_log;
  std::filesystem::path capture;
  std::vector<std::filesystem::path> notes;  // by client
  std::uint64_t connections = 0;             // of clients
  std::uint64_t not_connected = 0;
  std::uint64_t wrong = 0;           // answers, as clients saw them
  std::uint64_t strange = 0;         // requests, as upstream and candidate saw them
  std::vector<std::string> trouble;  // what the service told its operator
  std::size_t descriptors_before = 0;
  std::size_t descriptors_after = 0;
  bool trends = true;  // false: it was too short for any
  Trend descriptors;
  Trend memory;
};

struct Verdict {
  std::string table;
  std::vector<std::string> broken;  // a sentence each
};

Verdict judge(const Ended& ended);

}  // namespace stormproof::soak
