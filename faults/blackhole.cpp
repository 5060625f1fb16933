#include "faults/blackhole.h"

#include "faults/distribution.h"
#include "faults/obstacle.h"

namespace stormproof::faults {
namespace {

class Hole final : public Obstacle {
 public:
  explicit Hole(base::Nanoseconds close_after) : close_after_(close_after) {}

  Instant run(Segments& in, Segments& out, Instant now) override {
    if (!since_) since_ = now;
    if (!in.empty()) act();
    in.drop_all();
    pass_end(in, out);
    if (close_after_.count() == 0) return never;
    if (now < *since_ + close_after_) return *since_ + close_after_;
    act(now - *since_);
    out.end({End::Kind::cut, now});
    return never;
  }

  void succeed(const Obstacle& before) override {
    if (const auto* const hole = dynamic_cast<const Hole*>(&before)) since_ = hole->since_;
  }

  std::optional<End::Kind> on_withdrawal() const override { return End::Kind::cut; }

 private:
  base::Nanoseconds close_after_;
  std::optional<Instant> since_;
};

}  // namespace

base::Result<void> Blackhole::check() const {
  if (close_after.count() < 0 || close_after > Distribution::longest)
    return base::fail("'close-after' lies outside of 0 to 24h");
  return {};
}

std::unique_ptr<Obstacle> Blackhole::obstacle(Chance) const { return std::make_unique<Hole>(close_after); }

}  // namespace stormproof::faults
