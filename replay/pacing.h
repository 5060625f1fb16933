// placeholder until the replay branch lands
#pragma once
#include <variant>
#include <vector>
#include <cstdint>
#include "harness/base/clock.h"
namespace stormproof::replay {
struct Speed { double factor = 1; };
struct ConstantRate { double per_second = 1; };
using PacingOptions = std::variant<Speed, ConstantRate>;
class Pacing { public: Pacing(std::vector<base::Time> t, PacingOptions o):t_(std::move(t)),o_(o){} 
 base::Nanoseconds offset(std::uint64_t i) const {
  if (auto* r=std::get_if<ConstantRate>(&o_)) return base::Nanoseconds(static_cast<std::int64_t>(static_cast<double>(i)*1e9/r->per_second));
  auto n=t_.size(); auto f=std::get<Speed>(o_).factor; auto span=(t_.back()-t_.front()).count(); auto gap=n>1?span/static_cast<std::int64_t>(n-1):1000000;
  auto loop=static_cast<std::int64_t>(i/n); auto ns=loop*(span+gap)+(t_[i%n]-t_.front()).count();
  return base::Nanoseconds(static_cast<std::int64_t>(static_cast<double>(ns)/f)); }
 private: std::vector<base::Time> t_; PacingOptions o_; };
}
