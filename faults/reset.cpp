#include "faults/reset.h"

#include "faults/distribution.h"
#include "faults/obstacle.h"

namespace stormproof::faults {
namespace {

class Resetter final : public Obstacle {
 public:
  explicit Resetter(const Reset& reset) : reset_(reset) {}

  Instant run(Segments& in, Segments& out, Instant now) override {
    if (!begun_ && reset_.from_start) begun_ = now;
    while (!in.empty() && passed_ < reset_.after_bytes) {
      if (out.room() == 0) return due();
      Segment part = in.take(reset_.after_bytes - passed_);
      passed_ += part.left().size();
      out.push(std::move(part));
    }
    const bool speaks = !in.empty() || in.ended();
    if (!begun_ && speaks) begun_ = now;
    if (!begun_) return never;
    // From the start: bytes go on passing until then.
    if (reset_.from_start && now < due()) {
      while (!in.empty() && out.room() > 0) out.push(in.pop());
      if (in.at_end()) pass_end(in, out);
      return due();
    }
    if (now < due()) return due();
    act(now - *begun_);
    in.drop_all();
    if (in.ended()) in.take_end();
    out.end({End::Kind::reset, now});
    return never;
  }

  void succeed(const Obstacle& before) override {
    if (const auto* const resetter = dynamic_cast<const Resetter*>(&before)) {
      begun_ = resetter->begun_;
      passed_ = resetter->passed_;
    }
  }

 private:
  Instant due() const { return begun_ ? *begun_ + reset_.after : never; }

  Reset reset_;
  std::uint64_t passed_ = 0;
  std::optional<Instant> begun_;
};

}  // namespace

base::Result<void> Reset::check() const {
  if (after.count() < 0 || after > Distribution::longest) return base::fail("'after' lies outside of 0 to 24h");
  if (from_start && after_bytes > 0) return base::fail("'after-bytes' and 'from-start' exclude each other");
  return {};
}

std::unique_ptr<Obstacle> Reset::obstacle(Chance) const { return std::make_unique<Resetter>(*this); }

}  // namespace stormproof::faults
