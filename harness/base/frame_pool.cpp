#include "harness/base/frame_pool.h"

#include <array>
#include <new>
#include <utility>

namespace stormproof::base {
namespace {

constexpr std::size_t class_bytes = 64;
constexpr std::size_t class_count = FramePool::frame_bytes_max / class_bytes;

struct Lists {
  struct Free {
    Free* next;
  };
  struct List {
    Free* first = nullptr;
    std::size_t kept = 0;
  };
  std::array<List, class_count> lists = {};

  ~Lists() {
    for (List& list : lists) {
      while (list.first != nullptr) ::operator delete(std::exchange(list.first, list.first->next));
    }
  }
};

thread_local Lists thread_lists;

std::size_t class_of(std::size_t bytes) { return (bytes - 1) / class_bytes; }

}  // namespace

void* FramePool::take(std::size_t bytes) {
  if (!pools || bytes > frame_bytes_max) return ::operator new(bytes);
  Lists::List& list = thread_lists.lists[class_of(bytes)];
  if (list.first == nullptr) return ::operator new((class_of(bytes) + 1) * class_bytes);
  --list.kept;
  return std::exchange(list.first, list.first->next);
}

void FramePool::give(void* frame, std::size_t bytes) noexcept {
  if (pools && bytes <= frame_bytes_max) {
    Lists::List& list = thread_lists.lists[class_of(bytes)];
    if (list.kept < kept_max) {
      ++list.kept;
      list.first = ::new (frame) Lists::Free{list.first};
      return;
    }
  }
  ::operator delete(frame);
}

}  // namespace stormproof::base
