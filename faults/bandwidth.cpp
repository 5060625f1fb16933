#include "faults/bandwidth.h"

#include <algorithm>

#include "faults/obstacle.h"

namespace stormproof::faults {
namespace {

class Line final : public Obstacle {
 public:
  explicit Line(std::uint64_t rate) : rate_(rate) {}

  // What a late timer finds waiting must be enough to catch up with.
  std::size_t holds() const override {
    return std::clamp<std::size_t>(rate_ / 20, holds_by_default, std::size_t{16} << 20);
  }

  Instant run(Segments& in, Segments& out, Instant now) override {
    while (!in.empty()) {
      if (rate_ == 0) {
        act();
        return never;
      }
      Segment& front = in.front();
      const std::size_t bytes = std::min(front.left().size(), quantum());
      const base::Nanoseconds takes = carrying(bytes);
      Instant done = std::max(free_, front.received) + takes;
      if (now < done) return done;
      if (out.room() == 0) return never;
      if (now - done > Bandwidth::catch_up) done = now;
      act(takes);
      free_ = done;
      Segment part = in.take(bytes);
      part.received = done;
      out.push(std::move(part));
    }
    pass_end(in, out);
    return never;
  }

  void succeed(const Obstacle& before) override {
    if (const auto* const line = dynamic_cast<const Line*>(&before)) free_ = line->free_;
  }

 private:
  // What goes out at once: 10 ms of the line, so that it flows and does not pour.
  std::size_t quantum() const { return std::clamp<std::size_t>(rate_ / 100, 1, holds_by_default); }
  base::Nanoseconds carrying(std::size_t bytes) const {
    constexpr double second = 1e9;
    return base::Nanoseconds(
        static_cast<std::int64_t>(static_cast<double>(bytes) * second / static_cast<double>(rate_)));
  }

  std::uint64_t rate_;
  Instant free_{};  // when the line has carried what it was given
};

}  // namespace

base::Result<void> Bandwidth::check() const {
  if (rate > rate_max) return base::fail("a 'rate' above 100 GB a second");
  return {};
}

std::unique_ptr<Obstacle> Bandwidth::obstacle(Chance) const { return std::make_unique<Line>(rate); }

}  // namespace stormproof::faults
