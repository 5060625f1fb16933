#include "faults/slow.h"

#include <algorithm>

namespace stormproof::faults {
namespace {

// The first piece too waits its part: a head over 2 s is whole after 2 s.
void dribble(std::string_view bytes, base::Nanoseconds over, std::vector<wire::Delivery::Piece>& pieces) {
  if (bytes.empty()) return;
  const std::size_t count = over.count() > 0 ? std::min(bytes.size(), Slow::pieces_max) : 1;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t from = bytes.size() * i / count, to = bytes.size() * (i + 1) / count;
    const auto whole = static_cast<std::int64_t>(count);
    const auto at = [&](std::size_t n) { return over * static_cast<std::int64_t>(n) / whole; };
    pieces.push_back({at(i + 1) - at(i), std::string(bytes.substr(from, to - from))});
  }
}

}  // namespace

void Slow::apply(wire::Delivery& delivery) const {
  std::string all;
  for (const wire::Delivery::Piece& piece : delivery.pieces) all += piece.bytes;
  const std::size_t end = all.find("\r\n\r\n");
  const std::size_t head = end == all.npos ? all.size() : end + 4;
  std::vector<wire::Delivery::Piece> pieces;
  dribble(std::string_view(all).substr(0, head), head_over, pieces);
  dribble(std::string_view(all).substr(head), body_over, pieces);
  delivery.pieces = std::move(pieces);
}

}  // namespace stormproof::faults
