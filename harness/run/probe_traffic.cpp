#include "harness/run/probe_traffic.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/wire/characters.h"
#include "harness/wire/net.h"
#include "replay/production.h"
#include "replay/script_shots.h"
#include "replay/script_stream.h"

namespace stormproof::run {
namespace {

using scenarios::ProbeVariant;

// Connections are numbered within the run: each way has a range of its own, far from those of the traffic.
constexpr std::uint64_t connections_of_way = 1'000'000'000;

bool is(const replay::ScriptRequest& request, std::string_view wanted) {
  return wanted.empty() || wanted == request.method + " " + request.target;
}

// The first recorded one that is wanted; of a script on the disk it is read.
base::Result<replay::ScriptRequest> find_request(const replay::Script& script, const std::string& wanted) {
  for (const replay::ScriptRequest& request : script.requests) {
    if (is(request, wanted)) return request;
  }
  if (script.on_disk()) {
    auto stream = replay::ScriptStream::open(script);
    if (!stream) return std::unexpected(stream.error());
    for (std::uint64_t n = 0; n < script.size(); ++n) {
      const auto request = (*stream)->take();
      if (request != nullptr && is(*request, wanted)) return *request;
    }
  }
  return base::fail(fmt::format("the probe's request {} is not among those of the capture that may be sent", wanted));
}

void replace_line(std::string& fields, std::string_view line) {
  const std::size_t end = fields.find("\r\n");
  fields.replace(0, end == fields.npos ? fields.size() : end, line);
}

// In its first place, or at the end; more of the same name are taken out.
void set_header(std::string& fields, std::string_view name, std::string_view value) {
  bool done = false;
  for (std::size_t at = fields.find("\r\n"); at != fields.npos && at + 2 < fields.size();) {
    const std::size_t begin = at + 2;
    const std::size_t end = std::min(fields.find("\r\n", begin), fields.size());
    const std::size_t colon = std::min(fields.find(':', begin), end);
    if (!wire::equal_ignoring_case(std::string_view(fields).substr(begin, colon - begin), name)) {
      at = end;
      continue;
    }
    const std::string line = done ? "" : fmt::format("{}: {}", name, value);
    fields.replace(done ? at : begin, done ? end - at : end - begin, line);
    at = done ? at : begin + line.size();
    done = true;
  }
  if (!done) fields += fmt::format("{}: {}\r\n", name, value);
}

}  // namespace

replay::ScriptRequest varied(const replay::ScriptRequest& request, const ProbeVariant& variant) {
  using Attribute = ProbeVariant::Attribute;
  replay::ScriptRequest other = request;
  if (variant.attribute == Attribute::header) set_header(other.fields, variant.name, variant.value);
  if (variant.attribute == Attribute::path) other.target = variant.value;
  if (variant.attribute == Attribute::method) other.method = variant.value;
  if (other.target != request.target || other.method != request.method)
    replace_line(other.fields, fmt::format("{} {} HTTP/1.1", other.method, other.target));
  return other;
}

base::Result<ProbePlan> plan_probe(const scenarios::RateProbe& probe, const scenarios::RateLimitExpectation& claim,
                                   const replay::Script& script, const ProbeWay& usual, std::uint64_t first_request) {
  ProbePlan plan{.schedule = scenarios::probe_schedule(probe, claim),
                 .requests = {},
                 .way_of = {0},
                 .ways = {usual},
                 .first_request = first_request};
  auto request = find_request(script, probe.request);
  if (!request) return std::unexpected(request.error());
  plan.requests.push_back(std::move(*request));
  for (const ProbeVariant& variant : probe.vary) {
    plan.requests.push_back(varied(plan.requests.front(), variant));
    ProbeWay way = usual;
    if (variant.attribute == ProbeVariant::Attribute::source) {
      way.from = wire::Endpoint(wire::asio::ip::make_address(variant.value), 0);
    } else if (variant.attribute == ProbeVariant::Attribute::instance) {
      const auto origin = wire::parse_origin(variant.value);
      if (!origin) return std::unexpected(origin.error());
      const auto endpoint = wire::resolve(origin->host, origin->port);
      if (!endpoint) return std::unexpected(endpoint.error());
      const auto tls = wire::tls_for(*origin);
      if (!tls) return std::unexpected(tls.error());
      way = {.target = *endpoint, .tls = *tls, .from = usual.from};
    } else {
      plan.way_of.push_back(0);
      continue;
    }
    plan.way_of.push_back(plan.ways.size());
    plan.ways.push_back(std::move(way));
  }
  return plan;
}

base::Result<ProbePlans> plan_probes(const scenarios::Scenario& scenario, const replay::Script& script,
                                     const ProbeWay& usual) {
  ProbePlans plans;
  for (std::size_t i = 0; i < scenario.phases.size(); ++i) {
    const scenarios::Phase& phase = scenario.phases[i];
    if (!phase.probe) continue;
    auto plan =
        plan_probe(*phase.probe, *scenarios::probed_claim(phase), script, usual, scenarios::first_probe_request(i));
    if (!plan) return std::unexpected(plan.error());
    for (const ProbeWay& way : plan->ways) {
      auto allowed = replay::refuse_production(script.meta, way.target, wire::addresses_of);
      if (!allowed) return std::unexpected(allowed.error());
    }
    plans.emplace(&phase, std::move(*plan));
  }
  return plans;
}

std::vector<RestingShots::Rest> rests_of(const scenarios::Scenario& scenario) {
  std::vector<RestingShots::Rest> rests;
  base::Nanoseconds begin = scenario.steady_state.duration;
  for (const scenarios::Phase& phase : scenario.phases) {
    if (phase.probe) rests.emplace_back(begin, begin + phase.duration);
    begin += phase.duration;
  }
  return rests;
}

// Those of one way.
class ProbeTraffic::Shots final : public replay::ShotSource {
 public:
  Shots(const ProbePlan& plan, std::size_t way, std::uint64_t seed) : plan_(plan), way_(way), seed_(seed) {}

  std::optional<replay::Shot> next() override {
    const auto& shots = plan_.schedule.shots;
    while (at_ < shots.size() && plan_.way_of[shots[at_].variant] != way_) ++at_;
    if (at_ == shots.size()) return std::nullopt;
    const replay::ScriptRequest& request = plan_.requests[shots[at_].variant];
    replay::Shot shot;
    shot.request = plan_.first_request + at_;
    shot.offset = shots[at_].offset;
    shot.method = request.method;
    shot.target = request.target;
    shot.fields = request.fields;
    shot.body = request.body;
    shot.exchange = request.id;
    shot.trace = replay::trace_of(seed_, shot.request);
    ++at_;
    return shot;
  }

 private:
  const ProbePlan& plan_;
  std::size_t way_;
  std::uint64_t seed_;
  std::size_t at_ = 0;
};

class ProbeTraffic::Numbered final : public events::Sink {
 public:
  Numbered(events::Sink& next, std::uint64_t from) : next_(next), from_(from) {}
  events::NameId name(std::string_view text) override { return next_.name(text); }
  events::NameId route(std::string_view method, std::string_view target) override {
    return next_.route(method, target);
  }
  void exchange(const events::Exchange& exchange) override {
    events::Exchange numbered = exchange;
    if (numbered.connection != 0) numbered.connection += from_;
    next_.exchange(numbered);
  }
  void fault(const events::FaultFired& fault) override { next_.fault(fault); }

 private:
  events::Sink& next_;
  std::uint64_t from_;
};

struct ProbeTraffic::Way {
  Numbered sink;
  Shots shots;
  std::unique_ptr<replay::Sender> sender;
  bool ended = false;
};

ProbeTraffic::ProbeTraffic(std::uint64_t seed, std::size_t connections_max, const base::Clock& clock,
                           LiveCounts& counts, std::string key_header)
    : seed_(seed),
      connections_max_(connections_max),
      key_header_(std::move(key_header)),
      clock_(clock),
      sink_(recorder_, counts) {
  loop_.call([&] { ended_ = std::make_unique<wire::Pause>(loop_.io()); });
}

ProbeTraffic::~ProbeTraffic() {
  if (ended_ != nullptr) finish(std::chrono::nanoseconds(0));
}

void ProbeTraffic::begin(const ProbePlan& plan, base::Time at) {
  loop_.call([&] {
    for (std::size_t way = 0; way < plan.ways.size(); ++way) {
      replay::SenderOptions options;
      options.target = plan.ways[way].target;
      options.tls = plan.ways[way].tls;
      options.pool.from = plan.ways[way].from;
      options.party = sink_.name("candidate");
      options.connections_max = connections_max_;
      options.key_header = key_header_;
      ways_.push_back(std::make_unique<Way>(Way{.sink = Numbered(sink_, connections_of_way * (ways_.size() + 1)),
                                                .shots = Shots(plan, way, seed_),
                                                .sender = nullptr}));
      Way& made = *ways_.back();
      made.sender = std::make_unique<replay::Sender>(loop_.io(), clock_, made.sink, options);
      tasks_.spawn(send(made, at));
    }
  });
}

base::Task<> ProbeTraffic::send(Way& way, base::Time at) {
  co_await way.sender->send(way.shots, at);
  way.ended = true;
  ended_->interrupt();
}

bool ProbeTraffic::all_ended() const {
  return std::ranges::all_of(ways_, [](const auto& way) { return way->ended; });
}

events::Log ProbeTraffic::snapshot(bool whole) {
  return loop_.call([&] {
    std::vector<events::Exchange> unfinished;
    for (const auto& way : ways_) {
      if (!whole) break;
      for (const events::Exchange& one : way->sender->unfinished()) unfinished.push_back(one);
    }
    events::Log log = events::copy_of(recorder_.log());
    log.exchanges.insert(log.exchanges.end(), unfinished.begin(), unfinished.end());
    return log;
  });
}

base::Task<> ProbeTraffic::wait_for_end(std::chrono::nanoseconds grace) {
  for (const auto& way : ways_) way->sender->finish();
  const base::Time until = clock_.now() + grace;
  while (!all_ended() && clock_.now() < until) co_await ended_->lasting(until - clock_.now());
  for (const auto& way : ways_) {
    if (!way->ended) way->sender->stop();
  }
  while (!all_ended()) co_await ended_->forever();
}

events::Log ProbeTraffic::finish(std::chrono::nanoseconds grace) {
  loop_.run(wait_for_end(grace));
  return loop_.call([&] {
    ways_.clear();
    ended_.reset();
    return std::move(recorder_.log());
  });
}

}  // namespace stormproof::run
