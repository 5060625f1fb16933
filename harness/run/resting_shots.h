// RestingShots: the shots of another source, but for those that fall into a rest. One thread.
//
// A shot is fetched ahead of its instant: a rest that is told of when it begins already may let one pass that was fetched
// before. Rests that are known before any shot is fetched let none pass.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "replay/shot.h"

namespace stormproof::run {

class RestingShots final : public replay::ShotSource {
 public:
  // By offset: from the first up to the second, which is not in it.
  using Rest = std::pair<base::Nanoseconds, base::Nanoseconds>;

  RestingShots(replay::ShotSource& source, std::vector<Rest> rests) : source_(source), rests_(std::move(rests)) {}

  void rest(Rest rest) { rests_.push_back(rest); }

  std::optional<replay::Shot> next() override {
    auto shot = source_.next();
    while (shot && rests(shot->offset)) shot = source_.next();
    return shot;
  }

 private:
  bool rests(base::Nanoseconds offset) const {
    return std::ranges::any_of(rests_, [&](const Rest& rest) { return rest.first <= offset && offset < rest.second; });
  }

  replay::ShotSource& source_;
  std::vector<Rest> rests_;
};

}  // namespace stormproof::run
