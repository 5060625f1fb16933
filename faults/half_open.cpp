#include "faults/half_open.h"

#include <utility>

#include "faults/distribution.h"
#include "faults/obstacle.h"

namespace stormproof::faults {
namespace {

class Silence final : public Obstacle {
 public:
  Silence(const HalfOpen& fault, std::shared_ptr<HalfOpenState> state, bool leads)
      : fault_(fault), state_(std::move(state)), leads_(leads) {}

  Instant run(Segments& in, Segments& out, Instant now) override {
    if (leads_ && !state_->gone_at && passed_ >= fault_.after_bytes) state_->gone_at = now + fault_.after;
    if (!gone(now)) {
      while (!in.empty() && out.room() > 0 && !gone(now)) pass(in, out, now);
      if (!gone(now)) {
        pass_end(in, out);
        return state_->gone_at.value_or(never);
      }
    }
    act();
    in.drop_all();
    if (in.ended()) in.take_end();
    return never;
  }

  void succeed(const Obstacle& before) override {
    if (const auto* const silence = dynamic_cast<const Silence*>(&before)) {
      passed_ = silence->passed_;
      if (silence->state_->gone_at) state_->gone_at = silence->state_->gone_at;
    }
  }

  bool silent() const override { return acted(); }

  std::optional<End::Kind> on_withdrawal() const override {
    return acted() ? std::optional(End::Kind::reset) : std::nullopt;
  }

 private:
  bool gone(Instant now) const { return state_->gone_at && now >= *state_->gone_at; }

  void pass(Segments& in, Segments& out, Instant now) {
    const bool counts = leads_ && !state_->gone_at;
    Segment part = counts ? in.take(fault_.after_bytes - passed_) : in.pop();
    passed_ += part.left().size();
    out.push(std::move(part));
    if (counts && passed_ >= fault_.after_bytes) state_->gone_at = now + fault_.after;
  }

  HalfOpen fault_;
  std::shared_ptr<HalfOpenState> state_;
  bool leads_;
  std::uint64_t passed_ = 0;
};

}  // namespace

base::Result<void> HalfOpen::check() const {
  if (after.count() < 0 || after > Distribution::longest) return base::fail("'after' lies outside of 0 to 24h");
  return {};
}

std::unique_ptr<Obstacle> HalfOpen::obstacle(std::shared_ptr<HalfOpenState> state, bool leads) const {
  return std::make_unique<Silence>(*this, std::move(state), leads);
}

}  // namespace stormproof::faults
