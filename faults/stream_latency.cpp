#include "faults/stream_latency.h"

#include <algorithm>
#include <utility>

#include "faults/obstacle.h"

namespace stormproof::faults {
namespace {

class Held final : public Obstacle {
 public:
  Held(const StreamLatency& latency, Chance chance) : latency_(latency), chance_(std::move(chance)) {}

  std::size_t holds() const override { return StreamLatency::holds; }

  Instant run(Segments& in, Segments& out, Instant now) override {
    while (!in.empty()) {
      const Instant due = due_of(in.front().received);
      if (now < due) return due;
      if (out.room() == 0) return never;
      Segment segment = in.pop();
      act(now - segment.received);
      segment.received = next(due);
      out.push(std::move(segment));
    }
    if (!in.ended()) return never;
    // A reset of a fault before this one is no message: it does not travel.
    const Instant due = in.ended()->by_fault() ? now : due_of(in.ended()->received);
    if (now < due) return due;
    pass_end(in, out);
    return never;
  }

  void succeed(const Obstacle& before) override {
    if (const auto* const held = dynamic_cast<const Held*>(&before)) {
      drawn_ = held->drawn_;
      last_ = held->last_;
    }
  }

 private:
  Instant due_of(Instant received) {
    if (!due_) due_ = std::max(last_, received + latency_.distribution.draw(chance_.unit(drawn_)));
    return *due_;
  }
  Instant next(Instant due) {
    due_.reset();
    ++drawn_;
    return last_ = due;
  }

  StreamLatency latency_;
  Chance chance_;
  std::uint64_t drawn_ = 0;
  std::optional<Instant> due_;  // of what stands first
  Instant last_{};
};

}  // namespace

std::unique_ptr<Obstacle> StreamLatency::obstacle(Chance chance) const {
  return std::make_unique<Held>(*this, std::move(chance));
}

}  // namespace stormproof::faults
