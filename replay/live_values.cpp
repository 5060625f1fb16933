#include "replay/live_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <numeric>
#include <optional>

#include "harness/base/units.h"
#include "replay/capture_reader.h"
#include "replay/request_values.h"
#include "replay/script.h"

namespace stormproof::replay {
namespace {

constexpr std::size_t cookies_max = 100;        // of one session; more are not kept
constexpr std::size_t cookie_bytes_max = 8192;  // of one

// RFC 6265 §5.1.4.
bool path_matches(std::string_view request, std::string_view cookie) {
  if (cookie.empty() || !cookie.starts_with('/') || cookie == "/") return true;
  if (!request.starts_with(cookie)) return false;
  return cookie.ends_with('/') || request.size() == cookie.size() || request[cookie.size()] == '/';
}

// "path" of "path /orders/{}".
std::string_view kind_of(std::string_view place) { return place.substr(0, place.find(' ')); }

}  // namespace

// One request as it is made anew.
struct LiveValues::Rewriting {
  const Shot& shot;
  const Plan& plan;
  const State& state;
  ReadableRequest request;
  std::vector<Replacement> replacements = {};
  std::uint64_t replaced = 0;
  std::uint64_t unchanged = 0;
};

LiveValues::LiveValues(const Links& links, const std::vector<std::uint64_t>& sent)
    : cookie_sessions_(links.cookie_sessions), recorded_cookies_(links.cookies_set) {
  for (const std::uint64_t exchange : sent) {
    const auto session = links.session_of.find(exchange);
    if (session != links.session_of.end()) plans_[exchange].session = session->second;
  }
  for (std::uint32_t i = 0; i < links.links.size(); ++i) {
    const Link& link = links.links[i];
    const auto source = plans_.find(link.source);
    sources_.push_back({link.source, link.place, link.value, source != plans_.end()});
    if (source != plans_.end()) source->second.gives.push_back(i);
    for (const LinkUse& use : link.uses) {
      const auto user = plans_.find(use.exchange);
      if (user == plans_.end()) continue;
      user->second.uses.push_back({i, use.place});
      if (link.place.kind == PlaceKind::cookie) following_sessions_.insert(user->second.session);
    }
  }
  join_groups(links);
  for (const auto& [exchange, plan] : plans_) ++group_sizes_[plan.group];
}

// Sessions that pass values to each other become one group, named by its first.
void LiveValues::join_groups(const Links& links) {
  std::vector<std::uint32_t> parent(links.sessions + 1);
  std::iota(parent.begin(), parent.end(), 0u);
  const auto root = [&parent](std::uint32_t of) {
    while (parent[of] != of) of = parent[of] = parent[parent[of]];
    return of;
  };
  for (const auto& [exchange, plan] : plans_) {
    for (const Use& use : plan.uses) {
      const auto source = plans_.find(sources_[use.link].exchange);
      if (source == plans_.end()) continue;
      const auto [low, high] = std::minmax(root(plan.session), root(source->second.session));
      parent[high] = low;
    }
  }
  for (auto& [exchange, plan] : plans_) plan.group = root(plan.session);
}

std::uint64_t LiveValues::group_of(std::uint64_t exchange) const {
  const auto plan = plans_.find(exchange);
  return plan == plans_.end() ? 0 : plan->second.group;
}

bool LiveValues::depends(std::uint64_t exchange) const {
  const auto plan = plans_.find(exchange);
  return plan != plans_.end() && !plan->second.uses.empty();
}

const LiveValues::Plan* LiveValues::plan_of(const Shot& shot) const {
  const auto plan = plans_.find(shot.exchange);
  return plan == plans_.end() ? nullptr : &plan->second;
}

bool LiveValues::ready(const Shot& shot) {
  const Plan* const plan = plan_of(shot);
  if (plan == nullptr || plan->uses.empty()) return true;
  State& state = state_of(shot, *plan);
  for (const Use& use : plan->uses) {
    if (!sources_[use.link].sent || state.live.contains(use.link)) continue;
    state.late.insert(shot.exchange);
    return false;
  }
  return true;
}

bool LiveValues::wants_answer(const Shot& shot) {
  const Plan* const plan = plan_of(shot);
  return plan != nullptr && (!plan->gives.empty() || follows_cookies(plan->session));
}

void LiveValues::replace_values(Rewriting& rewriting) const {
  // By value, so that a request is read once however many it sends.
  const auto wanted = [&](std::string_view value) {
    return std::ranges::any_of(rewriting.plan.uses,
                               [&](const Use& use) { return sources_[use.link].recorded == value; });
  };
  each_request_value(rewriting.request, wanted, [&](const RequestValue& value) {
    for (const Use& use : rewriting.plan.uses) {
      // A rule may have changed the path around it: any segment with that value will do.
      const bool here = use.place == value.place || (kind_of(use.place) == "path" && kind_of(value.place) == "path");
      if (!here || sources_[use.link].recorded != value.value) continue;
      const auto live = rewriting.state.live.find(use.link);
      if (live == rewriting.state.live.end() || !live->second.given) return;
      if (live->second.value == value.value) {
        ++rewriting.unchanged;
      } else {
        ++rewriting.replaced;
        // A number is replaced by a number, or by a string with its quotes.
        rewriting.replacements.push_back(
            {value.raw, value.in_body, spelled(value.coding, live->second.value, value.raw)});
      }
      return;
    }
  });
}

// What the session was given last, whichever answer gave it.
void LiveValues::replace_cookies(Rewriting& rewriting) const {
  const auto jar = rewriting.state.cookies.find(rewriting.plan.session);
  if (jar == rewriting.state.cookies.end()) return;
  const auto all = [](std::string_view) { return true; };
  const auto recorded = recorded_cookies_.find(rewriting.plan.session);
  each_request_value(ReadableRequest(rewriting.request.fields(), ""), all, [&](const RequestValue& value) {
    if (!value.place.starts_with("cookie ") || value.coding != Coding::plain) return;
    const std::string name = value.place.substr(std::string_view("cookie ").size());
    const bool linked = std::ranges::find(rewriting.plan.uses, value.place, &Use::place) != rewriting.plan.uses.end();
    // A client that did not take what the recorded target set does not take it now.
    if (!linked && recorded != recorded_cookies_.end() && recorded->second.contains(name)) return;
    const auto cookie = std::ranges::find(jar->second, name, &Cookie::name);
    if (cookie == jar->second.end()) return;
    std::erase_if(rewriting.replacements, [&](const Replacement& other) {
      const bool same = other.raw.data() == value.raw.data();
      if (same) --rewriting.replaced;
      return same;
    });
    if (cookie->value == value.raw) return;
    ++rewriting.replaced;
    rewriting.replacements.push_back({value.raw, false, cookie->value});
  });
}

// Those that the recorded target never set: a browser would send them, too.
void LiveValues::add_cookies(Rewriting& rewriting, std::string& fields) {
  const auto jar = rewriting.state.cookies.find(rewriting.plan.session);
  if (jar == rewriting.state.cookies.end() || !following_sessions_.contains(rewriting.plan.session)) return;
  const auto recorded = recorded_cookies_.find(rewriting.plan.session);
  std::string added;
  for (const Cookie& cookie : jar->second) {
    if (recorded != recorded_cookies_.end() && recorded->second.contains(cookie.name)) continue;
    if (!path_matches(path_of(rewriting.shot.target), cookie.path)) continue;
    const auto sent = header(fields, "Cookie");
    if (sent && (sent->starts_with(cookie.name + "=") || sent->contains(" " + cookie.name + "="))) continue;
    added += (added.empty() ? "" : "; ") + cookie.name + "=" + cookie.value;
    ++counts_.cookies_added;
  }
  if (added.empty()) return;
  if (const auto sent = header(fields, "Cookie")) {
    fields.insert(static_cast<std::size_t>(sent->data() - fields.data()) + sent->size(), "; " + added);
  } else {
    fields += "Cookie: " + added + "\r\n";
  }
}

void LiveValues::rewrite(const Shot& shot, Outgoing& outgoing) {
  const Plan* const plan = plan_of(shot);
  if (plan == nullptr || (plan->uses.empty() && !follows_cookies(plan->session))) return;
  const auto state = states_.find({shot.loop, plan->group});
  if (state == states_.end()) return;
  Rewriting rewriting{
      .shot = shot, .plan = *plan, .state = state->second, .request = ReadableRequest(outgoing.fields, outgoing.body)};
  if (!plan->uses.empty()) replace_values(rewriting);
  if (follows_cookies(plan->session)) replace_cookies(rewriting);
  counts_.replaced += rewriting.replaced;
  counts_.unchanged += rewriting.unchanged;
  RewrittenRequest made = rewritten(rewriting.request, std::move(rewriting.replacements));
  add_cookies(rewriting, made.fields);
  outgoing.fields_text = std::move(made.fields);
  outgoing.fields = outgoing.fields_text;
  if (!made.body_changed) return;
  outgoing.body_text = std::move(made.body);
  outgoing.body = outgoing.body_text;
}

void LiveValues::keep_cookies(State& state, const Plan& plan, std::string_view head) {
  for (const SetCookie& set : cookies_set_by(head)) {
    auto& jar = state.cookies[plan.session];
    const auto known = std::ranges::find(jar, set.name, &Cookie::name);
    if (set.removed) {
      if (known != jar.end()) jar.erase(known);
    } else if (known != jar.end()) {
      known->value = set.value.substr(0, cookie_bytes_max);
    } else if (jar.size() < cookies_max && set.value.size() <= cookie_bytes_max) {
      jar.push_back({std::string(set.name), std::string(set.value), std::string(set.path)});
    }
  }
}

void LiveValues::take_values(State& state, const Plan& plan, const Shot& shot, const events::Exchange& event,
                             const Answer* answer) const {
  if (answer == nullptr) {
    for (const std::uint32_t link : plan.gives)
      state.live[link].trouble = fmt::format("its source had no answer: {}", events::to_string(event.outcome));
    return;
  }
  const ReadableResponse response(answer->head, answer->body, shot.target);
  std::vector<WantedValue> wanted;
  for (const std::uint32_t link : plan.gives) wanted.push_back({&sources_[link].place, sources_[link].recorded});
  auto values = values_at(response, wanted);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    Live& live = state.live[plan.gives[i]];
    live.given = values[i].has_value() && !values[i]->empty();
    if (live.given) live.value = std::move(*values[i]);
    else if (!response.trouble().empty()) live.trouble = "its source's answer cannot be read: " + response.trouble();
    else live.trouble = fmt::format("its source answered {} without it", event.status);
  }
}

void LiveValues::on_end(const Shot& shot, const events::Exchange& event, const Answer* answer) {
  const Plan* const plan = plan_of(shot);
  if (plan == nullptr) return;
  State& state = state_of(shot, *plan);
  if (!plan->uses.empty() && !events::never_sent(event)) {
    ++counts_.dependents;
    bool incomplete = false;
    for (const Use& use : plan->uses) {
      const auto live = state.live.find(use.link);
      if (live != state.live.end() && live->second.given) continue;
      incomplete = true;
      ++counts_.missing[live == state.live.end() ? "its source was not to be sent" : live->second.trouble];
    }
    if (incomplete) ++counts_.incomplete;
    if (state.late.contains(shot.exchange)) {
      ++counts_.late;
      counts_.lateness.add(event.waited);
    }
  }
  if (answer != nullptr) keep_cookies(state, *plan, answer->head);
  if (!plan->gives.empty()) take_values(state, *plan, shot, event, answer);
  if (++state.ended == group_sizes_[plan->group]) states_.erase({shot.loop, plan->group});
}

base::Result<Links> links_of(const Script& script) {
  auto capture = CaptureReader::open(script.capture);
  if (!capture) return std::unexpected(capture.error());
  return find_links(*capture);
}

std::vector<std::uint64_t> ids_of(const Script& script) {
  std::vector<std::uint64_t> ids;
  ids.reserve(script.places.size());
  for (const ScriptPlace& place : script.places) ids.push_back(place.id);
  return ids;
}

base::Result<std::unique_ptr<LiveValues>> live_values_of(const Script& script) {
  const auto links = links_of(script);
  if (!links) return std::unexpected(links.error());
  return std::make_unique<LiveValues>(*links, ids_of(script));
}

std::string to_text(const LinkCounts& counts) {
  std::string text;
  const auto line = [&text](std::string_view name, const std::string& value) {
    fmt::format_to(std::back_inserter(text), "{:<16} {}\n", name, value);
  };
  if (counts.dependents == 0) return text;
  line("linked", fmt::format("{} requests send values of earlier answers: {} replaced, {} given again as recorded",
                             counts.dependents, counts.replaced, counts.unchanged));
  if (counts.cookies_added > 0)
    line("", fmt::format("{} cookies added that the recorded target had not set", counts.cookies_added));
  if (counts.late > 0) {
    line("late", fmt::format("{} of them waited for their source: p50 {}  p99 {}  max {}", counts.late,
                             base::format_duration(counts.lateness.quantile(0.5)),
                             base::format_duration(counts.lateness.quantile(0.99)),
                             base::format_duration(counts.lateness.max())));
  }
  if (counts.incomplete > 0)
    line("not replaced", fmt::format("{} requests went out with recorded values", counts.incomplete));
  for (const auto& [cause, count] : counts.missing) line("", fmt::format("{:>8}  {}", count, cause));
  return text;
}

std::string to_json(const LinkCounts& counts) {
  namespace json = boost::json;
  json::object missing;
  for (const auto& [cause, count] : counts.missing) missing[cause] = count;
  return json::serialize(json::object{
      {"dependents", counts.dependents},
      {"replaced", counts.replaced},
      {"unchanged", counts.unchanged},
      {"cookies_added", counts.cookies_added},
      {"incomplete", counts.incomplete},
      {"missing", missing},
      {"late", counts.late},
      {"late_by", json::object{{"p50_ns", counts.lateness.quantile(0.5).count()},
                               {"p99_ns", counts.lateness.quantile(0.99).count()},
                               {"max_ns", counts.lateness.max().count()},
                               {"samples", counts.lateness.count()}}},
  });
}

}  // namespace stormproof::replay
