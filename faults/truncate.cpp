#include "faults/truncate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace stormproof::faults {

std::optional<wire::Delivery> Truncate::apply(const Message& response) const {
  const auto size = static_cast<double>(response.body.size());
  const auto left = bytes ? std::min<std::uint64_t>(*bytes, response.body.size())
                          : static_cast<std::uint64_t>(std::floor(size * std::clamp(share, 0.0, 1.0)));
  if (response.bodiless || left >= response.body.size()) return std::nullopt;
  Message cut = response;
  cut.body.resize(left);
  wire::Delivery delivery{.pieces = {}, .status = static_cast<std::uint16_t>(response.status())};
  if (legal) {
    delivery.pieces.push_back({.bytes = cut.text()});
    return delivery;
  }
  const bool chunked = response.field("transfer-encoding") != nullptr;
  cut.unframe();
  cut.set(chunked ? "Transfer-Encoding" : "Content-Length", chunked ? "chunked" : std::to_string(response.body.size()));
  const std::string size_line = chunked ? fmt::format("{:x}\r\n", response.body.size()) : "";
  delivery.pieces.push_back({.bytes = cut.head() + size_line + cut.body});
  delivery.ending = wire::Delivery::Ending::close;
  return delivery;
}

}  // namespace stormproof::faults
