// Recorder: a Sink that keeps everything in a Log. One thread.
#pragma once

#include <unordered_map>

#include "harness/events/log.h"

namespace stormproof::events {

class Recorder final : public Sink {
 public:
  NameId name(std::string_view text) override { return log_.names.id_of(text); }
  NameId route(std::string_view method, std::string_view target) override;
  void exchange(const Exchange& exchange) override { log_.exchanges.push_back(exchange); }
  void fault(const FaultFired& fault) override { log_.faults.push_back(fault); }

  Log& log() { return log_; }

 private:
  // Targets already seen, by hash, so that a known one costs no string. Forgotten when it is full.
  static constexpr std::size_t targets_max = 65536;
  // From here on a new route is "(other)": hostile paths must not take the room of the names of parties, rules and
  // phases.
  static constexpr std::size_t names_for_routes_max = Names::names_max / 2;
  std::unordered_map<std::uint64_t, NameId> targets_;
  Log log_;
};

}  // namespace stormproof::events
