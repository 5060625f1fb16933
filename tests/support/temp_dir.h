// TempDir: a fresh folder that goes away with its owner, with all that is in it.
#pragma once

#include <filesystem>

namespace stormproof::support {

class TempDir {
 public:
  // Under TMPDIR or the system's folder for such. Ends the program where none can be made: no test can go on then.
  TempDir();
  TempDir(TempDir&& other) noexcept;
  TempDir& operator=(TempDir&& other) noexcept;
  ~TempDir();

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace stormproof::support
