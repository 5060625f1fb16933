// WatchedFile: a file of ours that should stand where it was made, and says when it does not.
//
// It is held without being opened (O_PATH): it can be asked about after it was renamed or removed, its inode is given to
// no other meanwhile, and letting go of it drops none of the locks that this process has on the file (POSIX drops them
// with any ordinary descriptor).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/base/error.h"

namespace stormproof::replay {

// Which file a name means, and how long it is: not the same for another that took the name, as good as certainly.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
  bool operator==(const FileIdentity&) const = default;
};
// Nothing where there is no file.
std::optional<FileIdentity> identity_of(const std::string& path);

class WatchedFile {
 public:
  enum class Place {
    here,     // or it cannot be told: a folder that may not be searched, a network that is away
    renamed,  // it has another name; where it stands now is not known
    removed,
  };

  WatchedFile() = default;  // of no file: removed
  // Makes an empty file that was not there before. Errors name the path.
  static base::Result<WatchedFile> create(const std::string& path);
  // One that is there; of no file where there is none.
  static WatchedFile open(const std::string& path);
  WatchedFile(WatchedFile&& other) noexcept;
  WatchedFile& operator=(WatchedFile&& other) noexcept;
  ~WatchedFile();

  Place place() const;
  // Where it stands where it was made; another file under its name stays.
  void remove() const;
  const std::string& path() const { return path_; }

 private:
  WatchedFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  int descriptor_ = -1;
  std::string path_;
};

}  // namespace stormproof::replay
