#include "harness/proxy/line_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace stormproof::proxy {
namespace {

constexpr mode_t mode = 0640;
// A pipe that can be written to takes this much without waiting.
constexpr std::size_t pipe_bytes = 4096;

bool is_standard_output(std::string_view path) { return path == "-"; }

int open_to_append(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, mode);
}

bool is_regular(int fd) {
  struct stat status = {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

std::uint64_t count_lines(std::string_view text) { return static_cast<std::uint64_t>(std::ranges::count(text, '\n')); }

}  // namespace

base::Result<LineFile> LineFile::open(std::string path) {
  const int fd = is_standard_output(path) ? STDOUT_FILENO : open_to_append(path);
  if (fd < 0) return base::fail_errno(fmt::format("cannot open {}", path), errno);
  return LineFile(std::move(path), fd);
}

LineFile::LineFile(std::string path, int fd) : path_(std::move(path)), fd_(fd), regular_(is_regular(fd)) {}

LineFile::LineFile(LineFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      regular_(other.regular_),
      torn_(std::move(other.torn_)),
      written_(other.written_),
      lost_(other.lost_) {}

LineFile::~LineFile() {
  if (fd_ >= 0 && fd_ != STDOUT_FILENO) ::close(fd_);
}

base::Result<std::size_t> LineFile::write_some(std::string_view bytes, const std::function<bool()>& give_up) {
  if (!regular_) bytes = bytes.substr(0, pipe_bytes);
  while (true) {
    pollfd ready = {.fd = fd_, .events = POLLOUT, .revents = 0};
    const bool last = !regular_ && give_up();
    const int polled = regular_ ? 1 : ::poll(&ready, 1, last ? 0 : static_cast<int>(look_every.count()));
    if (polled > 0) {
      const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR && errno != EAGAIN) return base::fail_errno(fmt::format("cannot write to {}", path_), errno);
    }
    if (last) return base::fail(fmt::format("cannot write to {}: its reader takes nothing", path_));
  }
}

base::Result<void> LineFile::end_torn_line(const std::function<bool()>& give_up) {
  while (!torn_.empty()) {
    const auto count = write_some(torn_, give_up);
    if (!count) return std::unexpected(count.error());
    torn_.erase(0, *count);
    if (torn_.empty()) ++written_;
  }
  return {};
}

base::Result<void> LineFile::write(std::string_view lines, const std::function<bool()>& give_up) {
  auto ended = end_torn_line(give_up);
  if (!ended) {
    lost_ += count_lines(lines);
    return ended;
  }
  std::string_view left = lines;
  while (!left.empty()) {
    const auto count = write_some(left, give_up);
    if (!count) {
      const std::size_t begun = lines.size() - left.size();
      if (begun > 0 && lines[begun - 1] != '\n') {
        torn_ = left.substr(0, left.find('\n') + 1);
        left.remove_prefix(torn_.size());
      }
      lost_ += count_lines(left);
      return std::unexpected(count.error());
    }
    written_ += count_lines(left.substr(0, *count));
    left.remove_prefix(*count);
  }
  return {};
}

base::Result<void> LineFile::reopen() {
  if (is_standard_output(path_)) return {};
  const int fd = open_to_append(path_);
  if (fd < 0) return base::fail_errno(fmt::format("cannot open {} again", path_), errno);
  ::close(std::exchange(fd_, fd));
  regular_ = is_regular(fd_);
  if (!torn_.empty()) ++lost_;
  torn_.clear();
  return {};
}

}  // namespace stormproof::proxy
