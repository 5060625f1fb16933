#include "faults/corrupt.h"

#include <algorithm>
#include <utility>

#include "faults/obstacle.h"

namespace stormproof::faults {
namespace {

class Corrupter final : public Obstacle {
 public:
  Corrupter(const Corrupt& corrupt, Chance chance) : corrupt_(corrupt), chance_(std::move(chance)) {}

  Instant run(Segments& in, Segments& out, Instant) override {
    while (!in.empty() && out.room() > 0) {
      Segment segment = in.pop();
      change(segment);
      out.push(std::move(segment));
    }
    pass_end(in, out);
    return never;
  }

  void succeed(const Obstacle& before) override {
    if (const auto* const corrupter = dynamic_cast<const Corrupter*>(&before)) passed_ = corrupter->passed_;
  }

 private:
  void change(Segment& segment) {
    const std::uint64_t begin = passed_;
    const std::uint64_t end = passed_ + segment.left().size();
    passed_ = end;
    if (end <= corrupt_.after_bytes) return;
    const std::uint64_t first = std::max(begin, corrupt_.after_bytes) - corrupt_.after_bytes;
    for (std::uint64_t stretch = first / corrupt_.one_in;; ++stretch) {
      const std::uint64_t start = corrupt_.after_bytes + stretch * corrupt_.one_in;
      if (start >= end) return;
      const double unit = chance_.unit(stretch) * static_cast<double>(corrupt_.one_in);
      const std::uint64_t place = start + std::min(static_cast<std::uint64_t>(unit), corrupt_.one_in - 1);
      if (place < begin || place >= end) continue;
      const double fraction = unit - static_cast<double>(static_cast<std::uint64_t>(unit));
      const auto bit = static_cast<unsigned>(fraction * 8) & 7U;
      char& byte = segment.bytes[segment.begin + (place - begin)];
      byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << bit));
      act();
    }
  }

  Corrupt corrupt_;
  Chance chance_;
  std::uint64_t passed_ = 0;
};

}  // namespace

base::Result<void> Corrupt::check() const {
  if (one_in == 0 || one_in > (std::uint64_t{1} << 40)) return base::fail("'one-in' lies outside of 1 B to 1 TiB");
  return {};
}

std::unique_ptr<Obstacle> Corrupt::obstacle(Chance chance) const {
  return std::make_unique<Corrupter>(*this, std::move(chance));
}

}  // namespace stormproof::faults
