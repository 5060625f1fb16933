#include "faults/slow_close.h"

#include "faults/distribution.h"
#include "faults/obstacle.h"

namespace stormproof::faults {
namespace {

class HeldEnd final : public Obstacle {
 public:
  explicit HeldEnd(base::Nanoseconds delay) : delay_(delay) {}

  Instant run(Segments& in, Segments& out, Instant now) override {
    while (!in.empty() && out.room() > 0) out.push(in.pop());
    if (!in.at_end()) return never;
    const Instant due = in.ended()->kind == End::Kind::reset ? now : in.ended()->received + delay_;
    act(delay_);
    if (now < due) return due;
    pass_end(in, out);
    return never;
  }

 private:
  base::Nanoseconds delay_;
};

}  // namespace

base::Result<void> SlowClose::check() const {
  if (delay.count() < 0 || delay > Distribution::longest) return base::fail("'delay' lies outside of 0 to 24h");
  return {};
}

std::unique_ptr<Obstacle> SlowClose::obstacle(Chance) const { return std::make_unique<HeldEnd>(delay); }

}  // namespace stormproof::faults
