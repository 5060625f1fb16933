#include "harness/events/packing.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <new>

namespace stormproof::events {
namespace {

constexpr int zstd_level = 3;
constexpr std::size_t unpack_step = std::size_t{1} << 20;

}  // namespace

std::string pack(std::string_view unpacked) {
  std::string packed(ZSTD_compressBound(unpacked.size()), '\0');
  // Fails only for want of room or memory: the room is the bound itself.
  const std::size_t size = ZSTD_compress(packed.data(), packed.size(), unpacked.data(), unpacked.size(), zstd_level);
  if (ZSTD_isError(size)) throw std::bad_alloc();
  packed.resize(size);
  return packed;
}

base::Result<std::string> unpack(std::string_view packed, std::uint64_t bytes_max) {
  const auto free_stream = [](ZSTD_DStream* stream) { ZSTD_freeDStream(stream); };
  const std::unique_ptr<ZSTD_DStream, decltype(free_stream)> stream(ZSTD_createDStream(), free_stream);
  std::string unpacked;
  ZSTD_inBuffer in = {packed.data(), packed.size(), 0};
  std::size_t size = 0;
  for (std::size_t left = 1; left != 0;) {
    if (size == unpacked.size()) {
      if (size >= bytes_max) return base::fail(fmt::format("the event log unpacks to more than {} bytes", bytes_max));
      unpacked.resize(std::min<std::size_t>(bytes_max, std::max(unpack_step, 2 * size)));
    }
    ZSTD_outBuffer out = {unpacked.data(), unpacked.size(), size};
    const std::size_t consumed_before = in.pos;
    left = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(left)) return base::fail(fmt::format("the event log is damaged: {}", ZSTD_getErrorName(left)));
    if (left != 0 && out.pos == size && in.pos == consumed_before) return base::fail("the event log ends too early");
    size = out.pos;
  }
  if (in.pos != in.size) return base::fail("the event log is followed by bytes that are not its own");
  unpacked.resize(size);
  return unpacked;
}

}  // namespace stormproof::events
