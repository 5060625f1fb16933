// Secrets: values that may be in nothing that is stored or shown.
//
// hide() puts a mask in the place of each, as it is and as JSON, YAML and URLs write it. What comes out holds none of them,
// whatever they are. Values shorter than secret_bytes_min hide nothing: every text holds them by chance. A value,
// immutable; safe to use from several threads.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace stormproof::base {

inline constexpr std::size_t secret_bytes_min = 4;

class Secrets {
 public:
  Secrets() = default;
  explicit Secrets(const std::vector<std::string>& values);

  bool empty() const { return forms_.empty(); }

  std::string hide(std::string text) const;

  // The same for a file, which is replaced by another where it holds one. A file that is not there is no error.
  Result<void> hide_in_file(const std::string& path) const;

 private:
  bool found_in(std::string_view text) const;
  std::size_t match_at(std::string_view text, std::size_t at) const;
  void replace(std::string_view text, std::size_t end, std::size_t& at, std::string& out) const;

  std::vector<std::string> forms_;  // the longest first
  std::string mask_;                // holds none of them
};

}  // namespace stormproof::base
