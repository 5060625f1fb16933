#include "replay/filter.h"

#include <algorithm>

#include "harness/base/glob.h"
#include "replay/exchange.h"

namespace stormproof::replay {

bool Filter::keeps(std::string_view method, std::string_view target) const {
  const std::string_view path = path_of(target);
  const bool method_kept = methods.empty() || std::ranges::find(methods, method) != methods.end();
  return method_kept && (paths.empty() || std::ranges::any_of(paths, [&](const std::string& glob) {
                           return base::glob_matches(glob, path);
                         }));
}

}  // namespace stormproof::replay
