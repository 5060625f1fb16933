// CopiedRequest: the bytes of one request as a client sends them, and whether they are whole.
//
// The bytes lie in blocks of fixed sizes from the thread's stock (wire::Buffer), each taken from a budget before it is
// had, so nothing is moved when a body grows and a budget is never overstepped. Where the request ends is known from its
// head: at its Content-Length, or at the end of its chunks. Used again for the next request. One thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "harness/proxy/budget.h"
#include "harness/wire/buffer.h"
#include "harness/wire/chunks.h"
#include "harness/wire/connection.h"
#include "harness/wire/framer.h"

namespace stormproof::proxy {

class CopiedRequest {
 public:
  static constexpr std::size_t small_block = wire::Connection::small_buffer;  // the first, where the head fits it
  static constexpr std::size_t body_block = 16 * 1024;
  static constexpr std::size_t large_block = wire::Connection::large_buffer;  // the first, for a larger head
  static constexpr std::size_t block_cost = 64;  // of the budget, beside the block's bytes: what is kept about it

  enum class Result : std::uint8_t {
    copied,
    no_room,    // the budget is used up
    too_large,  // the whole budget would not hold it
    malformed,  // its chunks are none
  };

  // The budget outlives it.
  explicit CopiedRequest(Budget& budget) : budget_(budget) {}
  CopiedRequest(const CopiedRequest&) = delete;
  CopiedRequest& operator=(const CopiedRequest&) = delete;
  ~CopiedRequest() { release(); }

  // Anything but `copied` leaves it empty.
  Result begin(const wire::Head& head);
  Result append(std::string_view body);

  bool whole() const { return whole_; }
  // As given to begin(), its views pointing into the copy.
  const wire::Head& head() const { return head_; }
  std::size_t blocks() const { return blocks_.size(); }
  std::string_view block(std::size_t index) const { return {blocks_[index].bytes.get(), blocks_[index].filled}; }

  // Gives all bytes back.
  void release();

 private:
  struct Block {
    wire::Buffer bytes;
    std::size_t filled = 0;
  };
  bool add_block(std::size_t bytes);
  Result refuse(Result why);
  void see_end(std::string_view body);

  Budget& budget_;
  std::vector<Block> blocks_;
  wire::Head head_;
  bool whole_ = false;
  std::uint64_t left_ = 0;  // of a counted body
  wire::Chunks chunks_;
};

}  // namespace stormproof::proxy
