#include "replay/watched_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace stormproof::replay {

std::optional<FileIdentity> identity_of(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  return FileIdentity{status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size)};
}

base::Result<WatchedFile> WatchedFile::create(const std::string& path) {
  const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
  if (file < 0 && errno == EEXIST) return base::fail(fmt::format("{} exists already and is not overwritten", path));
  if (file < 0) return base::fail_errno("cannot create " + path, errno);
  ::close(file);
  WatchedFile made = open(path);
  if (made.place() != Place::here) return base::fail(fmt::format("{} was taken away while it was made", path));
  return made;
}

WatchedFile WatchedFile::open(const std::string& path) {
  return {::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC), path};
}

WatchedFile::WatchedFile(WatchedFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

WatchedFile& WatchedFile::operator=(WatchedFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

WatchedFile::~WatchedFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

WatchedFile::Place WatchedFile::place() const {
  struct stat held{};
  if (descriptor_ < 0 || ::fstat(descriptor_, &held) != 0) return Place::removed;
  struct stat named{};
  if (::lstat(path_.c_str(), &named) == 0) {
    if (named.st_dev == held.st_dev && named.st_ino == held.st_ino) return Place::here;
  } else if (errno != ENOENT && errno != ENOTDIR) {
    return Place::here;
  }
  return held.st_nlink == 0 ? Place::removed : Place::renamed;
}

void WatchedFile::remove() const {
  if (descriptor_ >= 0 && place() == Place::here) ::unlink(path_.c_str());
}

}  // namespace stormproof::replay
