// Ledger: what the relay's access log and its capture tell of the soak, sorted by request.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "tests/soak/messages.h"

namespace stormproof::soak {

struct AccessLedger {
  struct Told {
    std::uint8_t times = 0;
    bool answered = false;
    std::uint16_t status = 0;
  };
  std::uint64_t lines = 0;     // of exchanges
  std::uint64_t dropped = 0;   // as the log itself says
  std::uint64_t nameless = 0;  // lines of what was no request of ours
  std::map<std::string, std::uint64_t, std::less<>> outcomes;
  std::vector<std::vector<Told>> told;  // by client and number

  Told told_of(const Identity& identity) const;
};

base::Result<AccessLedger> read_access_log(const std::filesystem::path& path);

struct CaptureLedger {
  std::uint64_t live = 0;
  std::uint64_t shadows = 0;
  std::uint64_t orphans = 0;   // shadows of an exchange that is not in the capture
  std::uint64_t damaged = 0;   // bodies that are not what was sent
  std::uint64_t recorded = 0;  // as its own account says
  bool torn = false;
};

base::Result<CaptureLedger> read_capture(const std::filesystem::path& path);

}  // namespace stormproof::soak
