#include "replay/filter.h"

#include <algorithm>

#include "harness/base/glob.h"
#include "harness/base/seed.h"
#include "replay/exchange.h"

namespace stormproof::replay {

bool Filter::keeps(std::string_view method, std::string_view target) const {
  const std::string_view path = path_of(target);
  const auto matches = [path](const std::string& glob) { return base::glob_matches(glob, path); };
  const bool method_kept = methods.empty() || std::ranges::find(methods, method) != methods.end();
  return method_kept && (paths.empty() || std::ranges::any_of(paths, matches)) &&
         std::ranges::none_of(paths_left_out, matches);
}

bool Filter::keeps_session(std::uint64_t session) const {
  return sessions >= 1 || base::draw_unit(seed, "filter/session", session) < sessions;
}

}  // namespace stormproof::replay
