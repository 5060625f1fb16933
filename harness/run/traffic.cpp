#include "harness/run/traffic.h"

namespace stormproof::run {

Traffic::Traffic(replay::Script script, const replay::PacingOptions& pacing, const wire::Endpoint& target,
                 std::uint64_t seed, std::size_t connections_max, const base::Clock& clock, LiveCounts& counts,
                 wire::TlsPeer tls, replay::Affinity affinity, Watched watched)
    : sink_(recorder_, counts),
      script_(std::move(script)),
      stream_(script_.on_disk() ? replay::ScriptStream::open(script_).value_or(nullptr) : nullptr),
      shots_(script_, pacing, {.loops = 0, .trace_seed = seed, .key_seed = seed, .affinity = affinity}, stream_.get()),
      resting_(shots_, {}),
      clock_(clock) {
  replay::SenderOptions options;
  options.target = target;
  options.tls = std::move(tls);
  options.party = sink_.name("candidate");
  options.connections_max = connections_max;
  options.key_header = std::move(watched.key_header);
  options.carriers = watched.carriers;
  options.looks_into_answers = watched.answers;
  loop_.call([&] {
    sender_ = std::make_unique<replay::Sender>(loop_.io(), clock_, sink_, options);
    ended_ = std::make_unique<wire::Pause>(loop_.io());
  });
}

Traffic::~Traffic() {
  if (sender_ != nullptr) finish(std::chrono::nanoseconds(0));
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
  co_await sender_->send(resting_, at);
  ended_->interrupt();
}

events::Log Traffic::snapshot(bool whole) {
  return loop_.call([&] {
    const auto unfinished = whole ? sender_->unfinished() : std::vector<events::Exchange>{};  // may add names
    events::Log log = events::copy_of(recorder_.log());
    log.exchanges.insert(log.exchanges.end(), unfinished.begin(), unfinished.end());
    return log;
  });
}

bool Traffic::awaits_answers() {
  return loop_.call([&] { return sender_->counts().under_way > 0; });
}

base::Task<> Traffic::wait_for_end(std::chrono::nanoseconds grace) {
  sender_->finish();
  if (tasks_.size() > 0 && co_await ended_->lasting(grace)) {
    sender_->stop();
    co_await ended_->forever();
  }
}

events::Log Traffic::finish(std::chrono::nanoseconds grace) {
  loop_.run(wait_for_end(grace));
  return loop_.call([&] {
    sender_.reset();
    ended_.reset();
    return std::move(recorder_.log());
  });
}

}  // namespace stormproof::run
