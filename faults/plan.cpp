#include "faults/plan.h"

#include <algorithm>

#include "harness/base/glob.h"
#include "harness/base/seed.h"

namespace stormproof::faults {
namespace {

// Of "http://host/a?b" as of "/a?b" it is "/a".
std::string_view path_of(std::string_view target) {
  if (const auto scheme = target.find("://"); scheme != target.npos && !target.starts_with('/')) {
    const auto path = target.find_first_of("/?", scheme + 3);
    if (path == target.npos || target[path] == '?') return "/";
    target.remove_prefix(path);
  }
  return target.substr(0, target.find('?'));
}

}  // namespace

bool Plan::fires(const Rule& rule, std::string_view method, std::string_view target, std::uint64_t identity) const {
  const std::string_view path = path_of(target);
  const bool method_matches = rule.methods.empty() || std::ranges::find(rule.methods, method) != rule.methods.end();
  const bool path_matches = rule.paths.empty() || std::ranges::any_of(rule.paths, [&](const std::string& glob) {
                              return base::glob_matches(glob, path);
                            });
  if (!method_matches || !path_matches) return false;
  return rule.share >= 1 || base::draw_unit(seed_, rule.id, identity) < rule.share;
}

}  // namespace stormproof::faults
