// GorInput: the bytes of one .gor or .gor.gz file, through a window that grows as far as it is asked to.
//
// Whether it is compressed is seen from its first bytes, not from its name. What can be had of a truncated or damaged
// gzip file is given, and then damage() says what is wrong. Memory: the window, and 128 KiB. One thread.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "harness/base/error.h"

namespace stormproof::replay {

class GorInput {
 public:
  static base::Result<GorInput> open(const std::string& path);

  // What lies ahead: at least `count` bytes, fewer where the input ends before. Valid until the next call.
  std::string_view peek(std::size_t count);
  void skip(std::size_t count);

  // Of the first byte ahead, in the uncompressed bytes.
  std::uint64_t offset() const { return offset_; }
  const std::string& path() const { return path_; }

  // Empty, or why what was read is not all: "the gzip stream ends in its middle".
  const std::string& damage() const { return damage_; }

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  struct EndInflate {
    void operator()(z_stream* stream) const;
  };

  void read_more();
  bool fill_raw();
  void inflate_more();
  void next_member();
  void stop(std::string why);

  std::string path_;
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::string raw_;               // read from the file
  std::size_t raw_used_ = 0;
  std::unique_ptr<z_stream, EndInflate> gzip_;
  bool in_member_ = false;
  std::string window_;
  std::size_t window_used_ = 0;
  std::uint64_t offset_ = 0;
  bool ended_ = false;
  std::string damage_;
};

}  // namespace stormproof::replay
