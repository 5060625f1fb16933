#include "harness/proxy/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "harness/base/seed.h"

namespace stormproof::proxy {
namespace {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Takes the first line off `rest`, without its end.
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

// The value of the next field of that name in `rest`, which is moved behind it.
std::optional<std::string_view> next_field(std::string_view& rest, std::string_view name) {
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    const bool is_it =
        line.size() > name.size() && line[name.size()] == ':' && equal_ignoring_case(line.substr(0, name.size()), name);
    if (is_it) return trimmed(line.substr(name.size() + 1));
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> field_of(std::string_view head, std::string_view name) {
  take_line(head);
  return next_field(head, name);
}

std::optional<std::string_view> cookie_of(std::string_view head, std::string_view name) {
  take_line(head);
  while (auto cookies = next_field(head, "cookie")) {
    while (!cookies->empty()) {
      const std::size_t end = std::min(cookies->find(';'), cookies->size());
      const std::string_view pair = trimmed(cookies->substr(0, end));
      cookies->remove_prefix(std::min(end + 1, cookies->size()));
      if (pair.size() > name.size() && pair[name.size()] == '=' && pair.starts_with(name))
        return pair.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

base::Result<Split> Split::make(std::vector<std::uint32_t> weights, Stickiness stickiness) {
  if (weights.empty()) return base::fail("there is no upstream");
  if (weights.size() > upstreams_max)
    return base::fail(fmt::format("{} upstreams are more than {}", weights.size(), upstreams_max));
  if (std::ranges::all_of(weights, [](std::uint32_t weight) { return weight == 0; }))
    return base::fail("every upstream has weight 0: no request could go anywhere");
  if (std::ranges::any_of(weights, [](std::uint32_t weight) { return weight > weight_max; }))
    return base::fail(fmt::format("a weight is above {}", weight_max));
  if (!stickiness.header.empty() && !stickiness.cookie.empty())
    return base::fail("sticky by a header or by a cookie, not by both");
  return Split(std::move(weights), std::move(stickiness));
}

Split::Split(std::vector<std::uint32_t> weights, Stickiness stickiness)
    : weights_(std::move(weights)), credit_(weights_.size(), 0), stickiness_(std::move(stickiness)) {
  total_ = std::accumulate(weights_.begin(), weights_.end(), std::int64_t{0});
  const auto has_weight = [](std::uint32_t weight) { return weight > 0; };
  single_ = std::ranges::count_if(weights_, has_weight) == 1;
  only_ = static_cast<std::size_t>(std::ranges::find_if(weights_, has_weight) - weights_.begin());
}

std::size_t Split::choose(std::string_view head) {
  if (single_) return only_;
  if (!stickiness_.any()) return by_turn();
  const auto key = key_of(head);
  return key && !key->empty() ? by_key(*key) : by_turn();
}

std::optional<std::string_view> Split::key_of(std::string_view head) const {
  return stickiness_.header.empty() ? cookie_of(head, stickiness_.cookie) : field_of(head, stickiness_.header);
}

// A key is a point on the line from 0 to the sum of the weights, as a share of it: the upstreams' parts lie side by side.
std::size_t Split::by_key(std::string_view key) const {
  const double unit = static_cast<double>(base::identity_of(key) >> 11) * 0x1p-53;
  double left = unit * static_cast<double>(total_);
  std::size_t last = only_;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if (weights_[i] == 0) continue;
    last = i;
    if (left < static_cast<double>(weights_[i])) break;
    left -= static_cast<double>(weights_[i]);
  }
  return last;
}

std::size_t Split::by_turn() {
  std::size_t best = only_;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    credit_[i] += weights_[i];
    if (credit_[i] > credit_[best]) best = i;
  }
  credit_[best] -= total_;
  return best;
}

}  // namespace stormproof::proxy
