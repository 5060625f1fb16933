#include "harness/proxy/copied_request.h"

#include <algorithm>
#include <cstring>

namespace stormproof::proxy {
namespace {

// A list of blocks that has grown beyond this gives its memory back with them.
constexpr std::size_t kept_blocks_max = 16;

// The same part of a copy, of a view into the original.
std::string_view moved(std::string_view part, std::string_view original, std::string_view copy) {
  if (part.empty()) return {};
  return copy.substr(static_cast<std::size_t>(part.data() - original.data()), part.size());
}

}  // namespace

CopiedRequest::Result CopiedRequest::begin(const wire::Head& head) {
  release();
  if (head.content_length.value_or(0) > budget_.limit()) return Result::too_large;
  if (!add_block(head.bytes.size() <= small_block ? small_block : large_block)) return refuse(Result::no_room);
  Block& first = blocks_.front();
  std::memcpy(first.bytes.get(), head.bytes.data(), head.bytes.size());
  first.filled = head.bytes.size();
  head_ = head;
  head_.bytes = block(0);
  head_.method = moved(head.method, head.bytes, head_.bytes);
  head_.target = moved(head.target, head.bytes, head_.bytes);
  left_ = head.content_length.value_or(0);
  chunks_ = {};
  whole_ = !head.has_body;
  return Result::copied;
}

CopiedRequest::Result CopiedRequest::append(std::string_view body) {
  if (blocks_.empty()) return Result::no_room;  // it was released
  if (!body.empty()) see_end(body);
  if (!chunks_.error().empty()) return refuse(Result::malformed);
  while (!body.empty()) {
    if (blocks_.back().filled == blocks_.back().bytes.size() && !add_block(body_block)) return refuse(Result::no_room);
    Block& last = blocks_.back();
    const std::size_t taken = std::min(body.size(), last.bytes.size() - last.filled);
    std::memcpy(last.bytes.get() + last.filled, body.data(), taken);
    last.filled += taken;
    body.remove_prefix(taken);
  }
  return Result::copied;
}

void CopiedRequest::see_end(std::string_view body) {
  if (head_.content_length) {
    left_ -= std::min<std::uint64_t>(left_, body.size());
    whole_ = left_ == 0;
  } else {
    chunks_.feed(body);
    whole_ = chunks_.done();
  }
}

bool CopiedRequest::add_block(std::size_t bytes) {
  if (!budget_.take(bytes + block_cost)) return false;
  blocks_.push_back({wire::Buffer(bytes), 0});
  return true;
}

// No room although nobody else holds anything: there never will be.
CopiedRequest::Result CopiedRequest::refuse(Result why) {
  std::size_t own = 0;
  for (const Block& block : blocks_) own += block.bytes.size() + block_cost;
  release();
  if (why == Result::no_room && own + body_block + block_cost > budget_.limit()) return Result::too_large;
  return why;
}

void CopiedRequest::release() {
  for (const Block& block : blocks_) budget_.give(block.bytes.size() + block_cost);
  blocks_.clear();
  if (blocks_.capacity() > kept_blocks_max) blocks_.shrink_to_fit();
  whole_ = false;
}

}  // namespace stormproof::proxy
