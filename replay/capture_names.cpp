#include "replay/capture_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <system_error>

namespace stormproof::replay {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t number_max = 1'000'000'000'000;

bool is_taken(const std::string& path) {
  return std::ranges::any_of(std::to_array({"", "-wal", "-shm", "-journal"}), [&](const char* suffix) {
    std::error_code ignored;
    return fs::exists(fs::symlink_status(path + suffix, ignored));
  });
}

// Of "x-000012.traffic", or with something behind it, where "x-" and ".traffic" are given; 0: it is no such name.
std::uint64_t number_in(std::string_view name, const std::string& before, const std::string& behind) {
  if (!name.starts_with(before)) return 0;
  name.remove_prefix(before.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const std::string_view rest(end, static_cast<std::size_t>(name.data() + name.size() - end));
  return error == std::errc{} && number <= number_max && rest.starts_with(behind) ? number : 0;
}

}  // namespace

CaptureNames::CaptureNames(std::string path, bool numbered) : path_(std::move(path)), numbered_(numbered) {
  const fs::path pattern(path_);
  const std::string before = pattern.stem().string() + "-";
  const std::string behind = pattern.extension().string();
  std::error_code error;
  fs::directory_iterator entries(pattern.has_parent_path() ? pattern.parent_path() : fs::path("."), error);
  for (const fs::directory_iterator end; !error && entries != end; entries.increment(error)) {
    highest_ = std::max(highest_, number_in(entries->path().filename().string(), before, behind));
  }
}

std::string CaptureNames::next() {
  given_ = 0;
  if (!numbered_ && !is_taken(path_)) return path_;
  given_ = highest_ + 1;
  while (is_taken(numbered_name(given_))) ++given_;
  return numbered_name(given_);
}

void CaptureNames::take() { highest_ = std::max(highest_, given_); }

std::string CaptureNames::numbered_name(std::uint64_t number) const {
  const fs::path pattern(path_);
  fs::path name = pattern.stem();
  name += fmt::format("-{:06}", number);
  name += pattern.extension();
  return (pattern.parent_path() / name).string();
}

}  // namespace stormproof::replay
