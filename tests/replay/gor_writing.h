// What the tests of .gor files share: records to write, and gzip.
#pragma once

#include <fmt/format.h>
#include <zlib.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "replay/gor_records.h"

namespace stormproof::replay {

// A header line, a message and the separator.
inline std::string gor_record(std::string_view header, std::string_view message) {
  return fmt::format("{}\n{}{}", header, message, gor_separator);
}

inline std::string gzipped(std::string_view plain) {
  std::string packed(plain.size() + 1024, '\0');
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) std::abort();
  std::string copy(plain);
  stream.next_in = reinterpret_cast<Bytef*>(copy.data());
  stream.avail_in = static_cast<uInt>(copy.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) std::abort();
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace stormproof::replay
