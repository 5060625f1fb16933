#include "tests/support/temp_dir.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

namespace stormproof::support {

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "stormproof-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    fmt::print(stderr, "cannot make the folder {}\n", pattern);
    std::abort();
  }
  path_ = pattern;
}

TempDir::TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TempDir& TempDir::operator=(TempDir&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

TempDir::~TempDir() {
  std::error_code left;
  if (!path_.empty()) std::filesystem::remove_all(path_, left);
}

}  // namespace stormproof::support
