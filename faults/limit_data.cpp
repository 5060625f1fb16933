#include "faults/limit_data.h"

#include "faults/obstacle.h"

namespace stormproof::faults {
namespace {

class Limit final : public Obstacle {
 public:
  explicit Limit(std::uint64_t bytes) : bytes_(bytes) {}

  Instant run(Segments& in, Segments& out, Instant now) override {
    while (!in.empty()) {
      if (passed_ < bytes_) {
        if (out.room() == 0) return never;
        Segment part = in.take(bytes_ - passed_);
        passed_ += part.left().size();
        out.push(std::move(part));
      }
      if (passed_ < bytes_) continue;
      act();
      in.drop_all();
      out.end({End::Kind::cut, now});
      return never;
    }
    pass_end(in, out);
    return never;
  }

  void succeed(const Obstacle& before) override {
    if (const auto* const limit = dynamic_cast<const Limit*>(&before)) passed_ = limit->passed_;
  }

 private:
  std::uint64_t bytes_;
  std::uint64_t passed_ = 0;
};

}  // namespace

std::unique_ptr<Obstacle> LimitData::obstacle(Chance) const { return std::make_unique<Limit>(bytes); }

}  // namespace stormproof::faults
