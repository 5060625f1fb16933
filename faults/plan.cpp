#include "faults/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "faults/huge_head.h"
#include "faults/message.h"
#include "harness/base/glob.h"
#include "harness/base/seed.h"
#include "harness/events/names.h"
#include "harness/events/trace_side.h"

namespace stormproof::faults {
namespace {

std::string_view bytes_of(const events::TraceId& trace) {
  return {reinterpret_cast<const char*>(trace.bytes.data()), trace.bytes.size()};
}

bool has_route(const std::vector<std::string>& routes, std::string_view route) {
  const std::string_view bare = route.substr(std::min(route.find(' ') + 1, route.size()));
  return std::ranges::any_of(routes, [&](const std::string& one) { return one == route || one == bare; });
}

}  // namespace

bool Rule::has_response_fault() const {
  return response || stale || duplicate || truncate || framing || no_answer || head_grows > 0 || slow;
}

base::Result<void> Rule::check() const {
  if (latency && latency->drawn) {
    if (const auto checked = latency->drawn->check(); !checked) return checked;
  }
  if (abort) {
    if (const auto checked = abort->check(); !checked) return checked;
  }
  if (throttle) {
    if (const auto checked = throttle->answer().check(); !checked) return checked;
  }
  if (request) {
    if (const auto checked = request->check(); !checked) return checked;
  }
  if (response) {
    if (const auto checked = response->check(); !checked) return checked;
  }
  if (head_grows > huge_head_bytes_max) return base::fail("a head grows by at most 16 MiB");
  return {};
}

Plan::Plan(std::uint64_t seed, std::vector<Rule> rules)
    : seed_(seed),
      rules_(std::move(rules)),
      wants_client_(std::ranges::any_of(rules_, [](const Rule& rule) { return !rule.clients.empty(); })),
      wants_headers_(std::ranges::any_of(rules_, [](const Rule& rule) { return !rule.headers.empty(); })),
      wants_route_(std::ranges::any_of(rules_, [](const Rule& rule) { return !rule.routes.empty(); })) {}

std::string_view Plan::path_of(std::string_view target) {
  if (const auto scheme = target.find("://"); scheme != target.npos && !target.starts_with('/')) {
    const auto path = target.find_first_of("/?", scheme + 3);
    if (path == target.npos || target[path] == '?') return "/";
    target.remove_prefix(path);
  }
  return target.substr(0, target.find('?'));
}

// What is cheap and rules out most comes first.
bool Plan::matches(const Rule& rule, const Sight& request, std::string_view path) const {
  if (!rule.methods.empty() && std::ranges::find(rule.methods, request.method) == rule.methods.end()) return false;
  if (!rule.paths.empty() &&
      std::ranges::none_of(rule.paths, [&](const std::string& glob) { return base::glob_matches(glob, path); }))
    return false;
  if (!rule.routes.empty() &&
      !has_route(rule.routes, request.route.empty() ? events::route_of(request.method, request.target) : request.route))
    return false;
  for (const auto& [name, glob] : rule.headers) {
    if (request.fields == nullptr || !request.fields->have(name, glob)) return false;
  }
  return rule.clients.empty() ||
         (request.client != nullptr &&
          std::ranges::any_of(rule.clients, [&](const Network& network) { return network.contains(*request.client); }));
}

bool Plan::fires(const Rule& rule, std::string_view method, std::string_view target, std::uint64_t identity) const {
  return matches(rule, {.method = method, .target = target}) && drawn(rule, identity);
}

bool Plan::drawn(const Rule& rule, std::uint64_t identity, std::optional<base::Nanoseconds> since) const {
  double share = rule.share;
  if (since) {
    const base::Nanoseconds open = *since - rule.after;
    if (open < base::Nanoseconds(0) || (rule.lasting && open >= *rule.lasting)) return false;
    if (open < rule.ramp) share *= static_cast<double>(open.count()) / static_cast<double>(rule.ramp.count());
  }
  return share >= 1 || base::draw_unit(seed_, rule.id, identity) < share;
}

std::uint64_t call_of(std::string_view method, std::string_view target, const events::TraceId& trace) {
  const std::uint64_t who = base::draw(base::identity_of(method), target, 0);
  return trace.none() ? who : base::draw(who, bytes_of(events::without_side(trace)), 0);
}

std::uint64_t identity_of(const Rule& rule, std::uint64_t call, const events::TraceId& trace, std::uint64_t attempt) {
  const bool whole_request = rule.by_request && !trace.none();
  const std::uint64_t who = whole_request ? base::identity_of(bytes_of(events::without_side(trace))) : call;
  return base::draw(who, "attempt", attempt);
}

}  // namespace stormproof::faults
