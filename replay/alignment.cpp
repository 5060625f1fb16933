#include "replay/alignment.h"

#include <algorithm>

namespace stormproof::replay {
namespace {

using Place = std::ptrdiff_t;

// How far along a each diagonal reached, after each number of edits: what the way back needs.
class Reached {
 public:
  // Diagonals -edits … edits, every second one.
  Place& at(std::size_t edits, Place diagonal) {
    return steps_[edits][static_cast<std::size_t>(diagonal + static_cast<Place>(edits))];
  }
  void begin(std::size_t edits) { steps_.emplace_back(2 * edits + 1, -1); }

 private:
  std::vector<std::vector<Place>> steps_;
};

bool comes_down(Reached& reached, std::size_t edits, Place diagonal) {
  const auto most = static_cast<Place>(edits);
  if (diagonal == -most) return true;
  if (diagonal == most) return false;
  return reached.at(edits - 1, diagonal - 1) < reached.at(edits - 1, diagonal + 1);
}

}  // namespace

std::optional<std::vector<std::pair<std::size_t, std::size_t>>> aligned(std::span<const std::uint64_t> a,
                                                                        std::span<const std::uint64_t> b,
                                                                        std::size_t edits_max) {
  const auto n = static_cast<Place>(a.size());
  const auto m = static_cast<Place>(b.size());
  const std::size_t bound = std::min(edits_max, a.size() + b.size());
  Reached reached;
  for (std::size_t edits = 0; edits <= bound; ++edits) {
    reached.begin(edits);
    const auto most = static_cast<Place>(edits);
    for (Place diagonal = -most; diagonal <= most; diagonal += 2) {
      Place x = 0;
      if (edits > 0) {
        const bool down = comes_down(reached, edits, diagonal);
        x = down ? reached.at(edits - 1, diagonal + 1) : reached.at(edits - 1, diagonal - 1) + 1;
      }
      Place y = x - diagonal;
      while (x < n && y < m && a[static_cast<std::size_t>(x)] == b[static_cast<std::size_t>(y)]) ++x, ++y;
      reached.at(edits, diagonal) = x;
      if (x < n || y < m) continue;
      // The way back.
      std::vector<std::pair<std::size_t, std::size_t>> same;
      for (std::size_t left = edits; x > 0 || y > 0;) {
        Place from = 0;  // where the run of this step began
        bool down = false;
        if (left > 0) {
          down = comes_down(reached, left, x - y);
          from = down ? reached.at(left - 1, x - y + 1) : reached.at(left - 1, x - y - 1) + 1;
        }
        while (x > from) same.emplace_back(--x, --y);
        if (left == 0) break;
        if (down) --y;
        else --x;
        --left;
      }
      std::ranges::reverse(same);
      return same;
    }
  }
  return std::nullopt;
}

}  // namespace stormproof::replay
