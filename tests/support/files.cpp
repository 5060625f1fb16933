#include "tests/support/files.h"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace stormproof::support {

base::Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return base::fail_errno("cannot open " + path.string(), errno);
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) return base::fail("cannot read " + path.string());
  return bytes;
}

base::Result<void> write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!file) return base::fail_errno("cannot create " + path.string(), errno);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.flush();
  if (!file) return base::fail("cannot write " + path.string());
  return {};
}

std::optional<std::filesystem::path> corpora_dir() {
  const char* const told = std::getenv("STORMPROOF_CORPORA");
  const std::filesystem::path path = told != nullptr
                                         ? std::filesystem::path(told)
                                         : std::filesystem::path(STORMPROOF_SOURCE_DIR) / "../shared/corpora";
  std::error_code unreadable;
  if (!std::filesystem::is_directory(path, unreadable)) return std::nullopt;
  return path;
}

}  // namespace stormproof::support
