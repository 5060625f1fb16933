#include "faults/stale.h"

namespace stormproof::faults {

std::optional<Message> StaleResponses::take(std::uint64_t request, const Message& fresh) {
  if (const auto found = kept_.find(request); found != kept_.end()) return found->second;
  const std::size_t size = fresh.head().size() + fresh.body.size();
  if (kept_.size() < responses_max && bytes_ + size <= bytes_max) {
    kept_.emplace(request, fresh);
    bytes_ += size;
  }
  return std::nullopt;
}

wire::Delivery duplicated(const Message& response) {
  const std::string once = response.text();
  return {.pieces = {{.bytes = once + once}}, .status = static_cast<std::uint16_t>(response.status())};
}

}  // namespace stormproof::faults
