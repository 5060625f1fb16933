// Counting: this program counts the heap allocations of a thread while it asks for that.
//
// Not under a sanitizer, which needs malloc's place itself: nothing is counted there, and sanitized is true.
#pragma once

#include <atomic>
#include <cstddef>

namespace stormproof::proxy {

extern thread_local bool counting;
extern std::atomic<std::size_t> allocations;

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

// How many there are on this thread while it works.
template <typename Work>
std::size_t allocations_of(Work work) {
  allocations = 0;
  counting = true;
  work();
  counting = false;
  return allocations;
}

}  // namespace stormproof::proxy
