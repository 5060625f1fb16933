// CaptureNames: what the files of one recording are called.
//
// Only names: nothing is made here, and a name that is given out may be taken by somebody before its file is made.
#pragma once

#include <cstdint>
#include <string>

namespace stormproof::replay {

class CaptureNames {
 public:
  // `x.traffic` is the name itself, or the pattern of x-000001.traffic, x-000002.traffic …
  CaptureNames(std::string path, bool numbered);

  // The name for the next file, which nothing has, nor what SQLite puts beside one. Without numbers: the name itself,
  // or a numbered one where that is taken.
  std::string next();
  // The file was made: its number is not given again, whatever becomes of it. Numbers go up only, and begin behind the
  // highest that there was at the construction.
  void take();

 private:
  std::string numbered_name(std::uint64_t number) const;

  std::string path_;
  bool numbered_;
  std::uint64_t highest_ = 0;
  std::uint64_t given_ = 0;
};

}  // namespace stormproof::replay
