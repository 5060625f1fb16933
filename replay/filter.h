// Filter: which requests of a capture are sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"

namespace stormproof::replay {

struct Filter {
  std::vector<std::string> methods = {};         // empty: all
  std::vector<std::string> paths = {};           // globs with *, over the path without its query; empty: all
  std::vector<std::string> paths_left_out = {};  // globs; of those that `paths` keeps
  double sessions = 1;  // the share of sessions; each whole or not at all, the same ones for one seed
  std::uint64_t seed = 1;
  base::Nanoseconds from{0};                    // since the first request of the capture
  std::optional<base::Nanoseconds> until = {};  // before this

  bool keeps(std::string_view method, std::string_view target) const;
  bool keeps_session(std::uint64_t session) const;
  bool keeps_time(base::Nanoseconds since_first) const {
    return since_first >= from && (!until || since_first < *until);
  }
};

}  // namespace stormproof::replay
