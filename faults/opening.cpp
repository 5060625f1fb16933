#include "faults/opening.h"

#include <optional>

#include "faults/obstacle.h"

namespace stormproof::faults {
namespace {

class Door final : public Obstacle {
 public:
  Door(const Opening& opening, base::Nanoseconds delay) : opening_(opening), delay_(delay) {}

  Instant run(Segments& in, Segments& out, Instant now) override {
    if (!since_) since_ = now;
    const Instant due = *since_ + delay_;
    if (opening_.hang || now < due) {
      if (!in.empty()) act();
      if (in.ended() && in.ended()->by_fault()) pass_end(in, out);
      return opening_.hang ? never : due;
    }
    if (opening_.refuse) {
      act(now - *since_);
      in.drop_all();
      out.end({End::Kind::reset, now});
      return never;
    }
    while (!in.empty() && out.room() > 0) {
      act(in.front().received < due ? now - in.front().received : base::Nanoseconds(0));
      out.push(in.pop());
    }
    pass_end(in, out);
    return never;
  }

  void succeed(const Obstacle& before) override {
    if (const auto* const door = dynamic_cast<const Door*>(&before)) since_ = door->since_;
  }

 private:
  Opening opening_;
  base::Nanoseconds delay_;
  std::optional<Instant> since_;
};

}  // namespace

base::Result<void> Opening::check() const {
  if (refuse && hang) return base::fail("'refuse' and 'hang' exclude each other");
  return delay.check();
}

std::unique_ptr<Obstacle> Opening::obstacle(Chance chance, bool fresh) const {
  if (!fresh && !refuse) return nullptr;
  return std::make_unique<Door>(*this, fresh ? delay.draw(chance.unit(0)) : base::Nanoseconds(0));
}

}  // namespace stormproof::faults
