// FramePool: memory for coroutine frames, taken again instead of freed.
//
// A task on the data path lives for one exchange; its frame comes back here, so that in steady state no exchange
// allocates. A thread has its own lists, one a size class; a frame freed on another thread than it was made on simply
// changes lists. Frames above `frame_bytes_max` go to the heap; each list keeps at most `kept_max` frames.
// Under the address sanitizer every frame goes to the heap: a frame that is taken again would hide a use after free.
#pragma once

#include <cstddef>

namespace stormproof::base {

class FramePool {
 public:
  static constexpr std::size_t frame_bytes_max = 4096;
  static constexpr std::size_t kept_max = 1024;
#if __has_feature(address_sanitizer)
  static constexpr bool pools = false;
#else
  static constexpr bool pools = true;
#endif

  static void* take(std::size_t bytes);
  static void give(void* frame, std::size_t bytes) noexcept;
};

}  // namespace stormproof::base
