#include "scenarios/complaints.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

namespace stormproof::scenarios {

Diagnostic& Complaints::add(Place place, std::string message) {
  Diagnostic& diagnostic = warn(place, std::move(message));
  diagnostic.warning = false;
  ++errors_;
  return diagnostic;
}

Diagnostic& Complaints::warn(Place place, std::string message) {
  Diagnostic& diagnostic = found_.emplace_back();
  diagnostic.warning = true;
  diagnostic.file = source_.file();
  diagnostic.place = place;
  diagnostic.message = std::move(message);
  return diagnostic;
}

std::vector<Diagnostic> Complaints::in_order() const {
  std::vector<std::size_t> order(found_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto position = [&](std::size_t one) {
    return std::tuple(found_[one].place.line, found_[one].place.column, one);
  };
  const auto same = [&](std::size_t one, std::size_t other) {
    return found_[one].place == found_[other].place && found_[one].message == found_[other].message;
  };
  std::ranges::sort(order, {}, position);
  order.erase(std::unique(order.begin(), order.end(), same), order.end());

  std::vector<Diagnostic> shown;
  for (const std::size_t one : order) {
    if (shown.size() == diagnostics_max) {
      Diagnostic& rest = shown.emplace_back();
      rest.file = source_.file();
      rest.message = fmt::format("{} more errors are not shown", order.size() - diagnostics_max);
      break;
    }
    show_excerpt(shown.emplace_back(found_[one]), source_.line(found_[one].place.line));
  }
  return shown;
}

}  // namespace stormproof::scenarios
