#include "harness/run/traffic.h"

#include <fmt/format.h>

#include <algorithm>

namespace stormproof::run {
namespace {

replay::ShotOptions shot_options(const TrafficOptions& options) {
  replay::ShotOptions made = options.shots;
  made.trace_seed = options.seed;
  return made;
}

}  // namespace

Traffic::Traffic(replay::Script script, const replay::PacingOptions& pacing, std::vector<TrafficTarget> targets,
                 TrafficOptions options, const base::Clock& clock, LiveCounts& counts)
    : script_(std::move(script)),
      stream_(script_.on_disk() ? replay::ScriptStream::open(script_).value_or(nullptr) : nullptr),
      shots_(script_, pacing, shot_options(options), stream_.get()),
      resting_(shots_, {}),
      clock_(clock),
      counts_(counts),
      comparison_(options.comparison) {
  loop_.call([&] { open(std::move(targets), options); });
}

void Traffic::open(std::vector<TrafficTarget> targets, const TrafficOptions& options) {
  std::vector<replay::Sender*> senders;
  for (TrafficTarget& target : targets) {
    const std::size_t place = sides_.size();
    Side& side = *sides_.emplace_back(std::make_unique<Side>(recorder_, place == 0 ? counts_ : others_));
    replay::SenderOptions its = options.sender;
    its.target = std::move(target.endpoint);
    its.tls = std::move(target.tls);
    its.party = side.sink.name(target.party);
    its.connections_max = options.connections_max;
    if (options.links != nullptr) {
      side.values = std::make_unique<replay::LiveValues>(*options.links, replay::ids_of(script_));
      its.rewriter = side.values.get();
    }
    if (comparison_ != nullptr) its.answers = &comparison_->taker(place);
    side.sender = std::make_unique<replay::Sender>(loop_.io(), clock_, side.sink, std::move(its));
    senders.push_back(side.sender.get());
  }
  if (options.links != nullptr) grouped_ = std::make_unique<replay::GroupedShots>(resting_, *sides_.front()->values);
  side_by_side_ = std::make_unique<replay::SideBySide>(loop_.io(), clock_, std::move(senders), options.seed,
                                                       options.sender.precise);
  ended_ = std::make_unique<wire::Pause>(loop_.io());
}

Traffic::~Traffic() {
  if (side_by_side_ != nullptr) finish(std::chrono::nanoseconds(0));
}

void Traffic::begin(base::Time at, std::vector<RestingShots::Rest> rests) {
  begin_ = at;
  loop_.call([&] {
    for (const RestingShots::Rest& rest : rests) resting_.rest(rest);
    tasks_.spawn(send(at));
  });
}

void Traffic::rest(base::Time from, base::Time until) {
  loop_.call([&] { resting_.rest({from - begin_, until - begin_}); });
}

base::Task<> Traffic::send(base::Time at) {
  replay::ShotSource* const shots = grouped_ != nullptr ? static_cast<replay::ShotSource*>(grouped_.get()) : &resting_;
  co_await side_by_side_->send(*shots, at);
  ended_->interrupt();
}

events::Log Traffic::snapshot(bool whole) {
  return loop_.call([&] {
    std::vector<events::Exchange> unfinished;
    for (const auto& side : sides_) {
      for (const events::Exchange& exchange : whole ? side->sender->unfinished() : std::vector<events::Exchange>{})
        unfinished.push_back(exchange);  // may add names
    }
    events::Log log = events::copy_of(recorder_.log());
    log.exchanges.insert(log.exchanges.end(), unfinished.begin(), unfinished.end());
    if (comparison_ != nullptr) log.absorb(comparison_->snapshot());
    return log;
  });
}

bool Traffic::awaits_answers() {
  return loop_.call([&] { return sides_.front()->sender->counts().under_way > 0; });
}

std::string Traffic::links_told() {
  return loop_.call([&]() -> std::string {
    const auto& values = sides_.front()->values;
    if (values == nullptr || values->counts().dependents == 0) return "";
    const replay::LinkCounts& counts = values->counts();
    std::string told = fmt::format("{} requests sent values of earlier answers", counts.dependents);
    if (counts.incomplete > 0)
      told += fmt::format("; {} of them recorded ones, for want of a live value", counts.incomplete);
    return told;
  });
}

base::Task<> Traffic::wait_for_end(std::chrono::nanoseconds grace) {
  side_by_side_->finish();
  if (tasks_.size() > 0 && co_await ended_->lasting(grace)) {
    side_by_side_->stop();
    co_await ended_->forever();
  }
}

events::Log Traffic::finish(std::chrono::nanoseconds grace) {
  loop_.run(wait_for_end(grace));
  events::Log log = loop_.call([&] {
    side_by_side_.reset();
    for (const auto& side : sides_) side->sender.reset();
    ended_.reset();
    return std::move(recorder_.log());
  });
  if (comparison_ != nullptr) log.absorb(comparison_->finish());
  return log;
}

}  // namespace stormproof::run
