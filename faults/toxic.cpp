#include "faults/toxic.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace stormproof::faults {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

struct Type {
  std::string_view name;
  std::array<std::string_view, 3> attributes;  // "" where there are fewer
};

constexpr std::array<Type, 8> types = {{{"latency", {"latency", "jitter"}},
                                        {"bandwidth", {"rate"}},
                                        {"slow_close", {"delay"}},
                                        {"timeout", {"timeout"}},
                                        {"reset_peer", {"timeout"}},
                                        {"slicer", {"average_size", "size_variation", "delay"}},
                                        {"limit_data", {"bytes"}},
                                        {"noop", {}}}};

constexpr std::int64_t most = std::int64_t{1} << 40;  // of any attribute: it can be counted in nanoseconds or bytes
constexpr std::int64_t bytes_of_kilobyte = 1000;

StreamFaultKind kind_of(std::string_view type, const std::array<std::int64_t, 3>& values) {
  const auto bytes = [&](std::size_t i) { return static_cast<std::uint64_t>(values[i]); };
  const auto in_milliseconds = [&](std::size_t i) {
    return std::min<base::Nanoseconds>(milliseconds(std::min(values[i], most / 1000)), Distribution::longest);
  };
  if (type == "latency") {
    StreamLatency latency;
    latency.distribution.kind = values[1] > 0 ? Distribution::Kind::uniform : Distribution::Kind::fixed;
    latency.distribution.base = in_milliseconds(0);
    latency.distribution.jitter = in_milliseconds(1);
    return latency;
  }
  if (type == "bandwidth") return Bandwidth{.rate = bytes(0) * bytes_of_kilobyte};
  if (type == "slow_close") return SlowClose{.delay = in_milliseconds(0)};
  if (type == "timeout") return Blackhole{.close_after = in_milliseconds(0)};
  if (type == "reset_peer") return Reset{.after = in_milliseconds(0)};
  if (type == "slicer")
    return Slicer{.average_size = bytes(0),
                  .size_variation = bytes(1),
                  .delay = std::min<base::Nanoseconds>(microseconds(values[2]), Distribution::longest)};
  if (type == "limit_data") return LimitData{.bytes = bytes(0)};
  return Noop{};
}

}  // namespace

std::optional<std::vector<std::pair<std::string, std::int64_t>>> Toxic::attributes_of(std::string_view type) {
  const auto found = std::ranges::find(types, type, &Type::name);
  if (found == types.end()) return std::nullopt;
  std::vector<std::pair<std::string, std::int64_t>> attributes;
  for (const std::string_view name : found->attributes) {
    if (!name.empty()) attributes.emplace_back(name, 0);
  }
  return attributes;
}

std::optional<Direction> Toxic::direction() const {
  std::string lower = stream;
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c; });
  if (lower == "upstream") return Direction::upstream;
  if (lower == "downstream") return Direction::downstream;
  return std::nullopt;
}

base::Result<StreamFault> Toxic::fault() const {
  std::array<std::int64_t, 3> values = {};
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    const auto& [attribute, value] = attributes[i];
    if (value < 0) return base::fail(fmt::format("{} is negative", attribute));
    if (value > most) return base::fail(fmt::format("{} is above {}", attribute, most));
    values[i] = value;
  }
  if (!(toxicity >= 0 && toxicity <= 1)) return base::fail("toxicity lies outside of 0 to 1");
  StreamFault fault{.name = name,
                    .direction = direction().value_or(Direction::downstream),
                    .place = Place::client,
                    .share = toxicity,
                    .kind = kind_of(type, values)};
  if (auto checked = fault.check(); !checked) return std::unexpected(checked.error());
  return fault;
}

}  // namespace stormproof::faults
