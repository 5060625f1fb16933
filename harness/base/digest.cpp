#include "harness/base/digest.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "harness/base/seed.h"

namespace stormproof::base {
namespace {

constexpr std::size_t read_at_once = std::size_t{1} << 20;

std::string written(std::uint64_t hash) { return fmt::format("xxh3:{:016x}", hash); }

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

std::string digest_of(std::string_view content) { return written(identity_of(content)); }

Result<std::string> digest_of_file(const std::string& path) {
  // A pipe or a device must not hold us up: it is refused below.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return fail_errno("cannot open " + path, errno);
  struct stat what = {};
  if (::fstat(file.get(), &what) != 0) return fail_errno("cannot look at " + path, errno);
  if (!S_ISREG(what.st_mode)) return fail(path + " is not a regular file");

  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), &XXH3_freeState);
  if (state == nullptr || XXH3_64bits_reset(state.get()) != XXH_OK) return fail("no memory for a digest of " + path);
  std::vector<char> bytes(read_at_once);
  while (true) {
    const ssize_t got = ::read(file.get(), bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read " + path, errno);
    if (got == 0) return written(XXH3_64bits_digest(state.get()));
    XXH3_64bits_update(state.get(), bytes.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace stormproof::base
