// Filter: which requests of a capture are sent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stormproof::replay {

struct Filter {
  std::vector<std::string> methods;  // empty: all
  std::vector<std::string> paths;    // globs with *, over the path without its query; empty: all

  bool keeps(std::string_view method, std::string_view target) const;
};

}  // namespace stormproof::replay
