// Budget: so many bytes, and no more.
//
// Whoever wants to hold bytes takes them first, all or none, and gives them back when they are free. One thread.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>

namespace stormproof::proxy {

class Budget {
 public:
  explicit Budget(std::size_t bytes_max) : limit_(bytes_max) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  // False: there is no room, and nothing is taken.
  bool take(std::size_t bytes) {
    if (bytes > limit_ - used_) return false;
    used_ += bytes;
    highest_ = std::max(highest_, used_);
    return true;
  }
  void give(std::size_t bytes) {
    assert(bytes <= used_);
    used_ -= bytes;
  }

  std::size_t limit() const { return limit_; }
  std::size_t used() const { return used_; }
  std::size_t highest() const { return highest_; }  // that used() ever was

 private:
  std::size_t limit_;
  std::size_t used_ = 0;
  std::size_t highest_ = 0;
};

}  // namespace stormproof::proxy
